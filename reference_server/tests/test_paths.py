"""No request leads out of the document root, whatever lies in it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.http1.messages import Basis, Refusal
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
        "to-device": "/dev/zero",
        "to-proc": "/proc/self/environ",
        "folder/cwd": "/proc/self/cwd",
    }.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    with contextlib.suppress(PermissionError):  # for everybody but the superuser
        os.mknod(root / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    with contextlib.chdir(root), socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
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
        "/%c0%ae%c0%ae/secret.txt",
        "/%c0%2e%c0%2e/secret.txt",
        "/%e0%80%ae%e0%80%ae/secret.txt",
        "/..%c0%afsecret.txt",
        "/..%25c0%25afsecret.txt",
        "/%25uff0e%25uff0e/secret.txt",
        "/%ef%bc%8e%ef%bc%8e/secret.txt",
        "/..%5C..%5Csecret.txt",
        "/folder/..%5c..%5csecret.txt",
        "/.../secret.txt",
        "/....//secret.txt",
        "/..;/secret.txt",
        "/..%3b/secret.txt",
        "/folder/..;/..;/secret.txt",
        "/%2e%2e;x=y/secret.txt",
        "/~root/secret.txt",
        "/file.txt/../../secret.txt",
        "/program.py/../../secret.txt",
        "/out",
        "/prefix",
        "/socket",
        "/device",
        "/to-device",
        "/to-proc",
        "/folder/cwd/secret.txt",
    ],
)
def test_nothing_outside_is_reached(guarded: Server, target: str) -> None:
    reply = exchange(guarded.port, request(target))
    assert SECRET not in reply.body
    assert reply.status == 404


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/file.txt%00", 400),
        ("/file.txt%00.html", 400),
        ("/%00", 400),
        ("/..%00/secret.txt", 400),
        ("/file.txt%20", 404),
        ("/file.txt.", 404),
        ("/file.txt::$DATA", 404),
        ("/file.txt%0a", 404),
        ("/FILE.TXT", 404),
        ("/file.txt/", 404),
        ("/file.txt/.", 404),
        ("/folder//deep/", 404),
        ("/%66ile.txt", 200),
        ("/./file.txt", 200),
        ("/folder/../file.txt", 200),
        ("/nothing/../file.txt", 200),
        ("/folder/deep/.", 200),
        ("/file.txt%", 400),
        ("/file.txt%zz", 400),
        ("/file.txt\\x", 400),
        ("/%c3%28", 404),
        ("/" + "a" * 256, 404),
        ("/" + "a/" * 3000, 404),
        ("/" + "../" * 3000, 200),
        ("/" + "folder/../" * 1000 + "file.txt", 200),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_odd_spellings(guarded: Server, target: str, status: int) -> None:
    assert exchange(guarded.port, request(target)).status == status


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


def test_a_name_that_is_swapped_all_the_time_leads_nowhere_else(start_server: StartServer, tmp_path: Path) -> None:
    """A folder is exchanged for a link to the outside and back, while files below it are asked for and put."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "swapped", root / "real", outside):
        folder.mkdir(parents=True)
        (folder / "file.txt").write_bytes(SECRET if folder == outside else b"inside")
    (root / "link").symlink_to("../outside")
    port = start_server(SiteSettings(str(root), writable=("/",))).port
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for name in ("link", "real"):
                os.rename(root / "swapped", root / "aside")
                os.rename(root / name, root / "swapped")
                os.rename(root / "aside", root / name)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(60):
            assert exchange(port, request("/swapped/file.txt")).body != SECRET
            exchange(port, request("/swapped/file.txt", "PUT", body=b"inside"))
    finally:
        done.set()
        thread.join()
    assert [path.read_bytes() for path in outside.iterdir()] == [SECRET]


# -- what the reply to a missing name rests on


def basis_of(site: Site, *names: bytes) -> Basis | None:
    with pytest.raises(Refusal) as refused:
        paths.resolve_in_root(site.root, site.root_fd, list(names))
    return refused.value.basis


def test_a_missing_name_is_missing_until_its_folder_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    site = Site(SiteSettings(str(tmp_path)))
    assert basis_of(site, b"missing") is None, "just made: a change within a tick of the clock would not show"
    later = time.time() + 10
    monkeypatch.setattr(time, "time", lambda: later)
    top, inner, below = basis_of(site, b"x"), basis_of(site, b"folder", b"x"), basis_of(site, b"gone", b"x")
    bases = (top, inner, below)
    assert all(basis is not None and basis.holds() for basis in bases)
    (tmp_path / "folder" / "x").touch()
    assert [basis is not None and basis.holds() for basis in bases] == [True, False, True]
    (tmp_path / "folder").rename(tmp_path / "gone")
    assert [basis is not None and basis.holds() for basis in bases] == [False, False, False]
    site.close()


def test_of_links_and_of_what_is_refused_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").touch()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "dangling").symlink_to("nothing")
    later = time.time() + 10
    monkeypatch.setattr(time, "time", lambda: later)
    site = Site(SiteSettings(str(tmp_path)))
    for names in ((b"link", b"x"), (b"dangling",), (b"file.txt", b"x"), (b"", b"x"), (b"folder", b"", b"x")):
        assert basis_of(site, *names) is None
    site.close()


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
