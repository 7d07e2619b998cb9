"""The memory of replies: what it must not answer, how much it may hold, and that a reply does not depend on it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.config import ProtectedFolder, Scheme
from reference_server.drivers import replay
from reference_server.resources import basis
from reference_server.tests.conftest import StartServer
from reference_server.tests.house import ANN
from reference_server.tests.wire import exchange, request

# A second may end between two of them, but not between all.
TIMES = 12
LARGE = bytes(range(251)) * 12_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("memory") / "root"
    (root / "private").mkdir(parents=True)
    (root / "file.txt").write_bytes(b"0123456789")
    (root / "large.bin").write_bytes(LARGE)
    (root / "private" / "file.txt").write_bytes(b"inside")
    (root / "private" / "page.en.html").write_bytes(b"inside")
    runs = os.fspath(root.parent / "runs")
    (root / "away.py").write_text(f"open({runs!r}, 'a').write('x')\nprint('Location: /missing\\n')\n")
    return root


@pytest.fixture(scope="module")
def server(start_server: StartServer, root: Path) -> Iterator[Server]:
    """It trusts the state of a file from the first: nothing changes in its root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basis, "SETTLED_SECONDS", -3600)
        doors = (ProtectedFolder("/private/", "inside", Scheme.BASIC, (("ann", "secret"),)),)
        yield start_server(SiteSettings(str(root), protected=doors))


def test_a_program_runs_each_time_even_if_it_leads_nowhere(server: Server, root: Path) -> None:
    """Nothing on disk tells whether a program would lead there again."""
    for _ in range(TIMES):
        assert exchange(server.port, request("/away.py")).status == 404
    assert (root.parent / "runs").read_text() == "x" * TIMES


@pytest.mark.parametrize("target", ["/private/file.txt", "/private/page", "/private/", "/private", "/private/missing"])
def test_nobody_is_given_what_was_somebody_elses(server: Server, target: str) -> None:
    for _ in range(TIMES):
        assert exchange(server.port, request(target, "GET", ANN)).status in (200, 301, 404)
        assert exchange(server.port, request(target)).status == 401


@pytest.mark.parametrize("target", ["/file.txt?", "/missing?"])
def test_a_flood_of_long_requests_is_not_kept(server: Server, target: str) -> None:
    """What a client says costs it nothing; what is kept of it, in the log's spelling too, would fill the memory."""
    for number in range(TIMES):
        lines = [f"User-Agent: {number}" + "\xff" * 4000, f"X-{number}: " + "\xff" * 20_000]
        assert exchange(server.port, request(target + "x" * 8000, "GET", *lines)).status in (200, 404)
    held = sum(len(head) + sum(map(len, kept.record)) for head, kept in list(server.replays.table.items()))
    assert held < 50_000


def test_what_is_kept_counts_with_its_request(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(replay, "OCTETS_KEPT", 20_000)
    for number in range(TIMES * 2):
        lines = [f"X-{number}: " + "x" * 3000]
        assert exchange(server.port, request("/file.txt", "GET", *lines)).status == 200
    assert sum(len(head) for head in list(server.replays.table)) <= 20_000


def test_a_reply_is_sent_even_if_it_cannot_be_kept(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """To keep a large file takes a second descriptor, and there may be none."""

    def none_left(_fd: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "dup", none_left)
    for _ in range(3):
        assert exchange(server.port, request("/large.bin", "GET", "X: no descriptor")).body == LARGE
