"""No request leads out of the document root, whatever lies in it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.http1.messages import Refusal
from reference_server.resources import paths
from reference_server.resources.site import Site
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import exchange, request

SECRET = b"the secret beside the root"


@pytest.fixture(scope="module")
def fortress(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("fortress")
    root = base / "root"
    (root / "folder" / "deep").mkdir(parents=True)
    (base / "secret.txt").write_bytes(SECRET)
    (base / "root-secret").mkdir()
    (base / "root-secret" / "secret.txt").write_bytes(SECRET)
    (base / "program.py").write_text(f"print('Content-Type: text/plain\\n\\n{SECRET.decode()}')")
    (root / "file.txt").write_bytes(b"inside")
    for name, target in {
        "link.txt": "file.txt",
        "up.txt": "../secret.txt",
        "absolute.txt": str(base / "secret.txt"),
        "out": "..",
        "inside.txt": str(root / "file.txt"),
        "prefix": str(base / "root-secret"),
        "loop": "loop",
        "dangling": "nothing",
        "folder/back.txt": "../file.txt",
        "folder/far.txt": "../../secret.txt",
        "deep": "folder/deep",
        "root": str(root),
        "round.txt": "../root/file.txt",
        "program.py": "../program.py",
        "chain.txt": "folder/back.txt",
    }.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture(scope="module")
def guarded(start_server: StartServer, fortress: Path) -> Server:
    return start_server(fortress)


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2e/secret.txt",
        "/%2E%2E/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/folder/../../secret.txt",
        "/folder/%2e%2e/%2e%2e/secret.txt",
        "/%252e%252e/secret.txt",
        "/../root-secret/secret.txt",
        "/up.txt",
        "/absolute.txt",
        "/out/secret.txt",
        "/out/",
        "/prefix/secret.txt",
        "/prefix/",
        "/folder/far.txt",
        "/round.txt",
        "/program.py",
        "/loop",
        "/dangling",
        "/pipe",
        "/../program.py",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/root/../../secret.txt",
    ],
)
def test_nothing_outside_is_reached(guarded: Server, target: str) -> None:
    reply = exchange(guarded.port, request(target))
    assert SECRET not in reply.body
    assert reply.status == 404


@pytest.mark.parametrize(
    "target", ["/link.txt", "/inside.txt", "/folder/back.txt", "/root/file.txt", "/chain.txt", "/link.txt?x"]
)
def test_links_within_the_root_are_followed(guarded: Server, target: str) -> None:
    assert exchange(guarded.port, request(target)).body == b"inside"


def test_listings_hide_what_leads_nowhere(guarded: Server) -> None:
    page = exchange(guarded.port, request("/")).body
    for name in (b"up.txt", b"absolute.txt", b"out", b"prefix", b"loop", b"dangling", b"pipe", b"program.py"):
        assert b'"' + name not in page
    for name in (b"link.txt", b"inside.txt", b"deep/", b"root/"):
        assert b'"' + name + b'"' in page


def test_a_root_that_is_moved_stays_the_root(start_server: StartServer, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file.txt").write_bytes(b"inside")
    server = start_server(root)
    root.rename(tmp_path / "elsewhere")
    assert exchange(server.port, request("/file.txt")).body == b"inside"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_no_descriptor_is_lost(fortress: Path) -> None:
    site = Site(SiteSettings(str(fortress)))
    before = open_below(fortress)
    for name in ("file.txt", "up.txt", "loop", "pipe", "folder", "missing", "chain.txt", "round.txt", "prefix"):
        try:
            paths.resolve_in_root(site.root, site.root_fd, [os.fsencode(name)]).close()
        except Refusal:
            continue
    assert open_below(fortress) == before
    site.close()


def open_below(root: Path) -> int:
    """How many descriptors of this process are for files there; other threads' sockets do not count."""
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{fd}").startswith(str(root))
    return count
