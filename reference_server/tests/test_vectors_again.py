"""The same requests again within the second: a server that remembers replies must not remember too much.

Each pair has the same head and what differs is behind it; or the same octets come many times, on one connection or on
many, while the files behind them change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.http1.messages import Request, Response
from reference_server.resources import application, basis
from reference_server.resources.site import Site
from reference_server.tests.conftest import StartServer
from reference_server.tests.vectors import SMUGGLED, Vector, areas, make_root, play, with_fields, with_target
from reference_server.tests.wire import Link, exchange

GET = with_target(b"/file.txt")
CHUNKED = with_fields(b"Transfer-Encoding: chunked")
LENGTH = with_fields(b"Content-Length: %d" % len(SMUGGLED))
EMPTY = b"0\r\n\r\n"
TIMES = 12


@pytest.fixture(scope="module")
def remembering_port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server that trusts the state of a file from the first: nothing changes in its root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basis, "SETTLED_SECONDS", -3600)
        yield start_server(make_root(tmp_path_factory.mktemp("again"))).port


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="module")
def changing_port(start_server: StartServer, root: Path) -> int:
    return start_server(root).port


def test_the_memory_is_at_work(remembering_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests below would prove nothing."""
    original, asked = application.respond, []

    def recording(site: Site, request: Request) -> Response:
        asked.append(request)
        return original(site, request)

    monkeypatch.setattr(application, "respond", recording)
    octets = with_fields(b"X: the memory is at work")
    for _ in range(TIMES):
        assert exchange(remembering_port, octets).body == b"0123456789"
    assert 0 < len(asked) < TIMES


@pytest.mark.parametrize("area", areas())
def test_no_outcome_changes_when_asked_again(remembering_port: int, area: str) -> None:
    for vector in areas()[area]:
        assert play(remembering_port, vector) == play(remembering_port, vector), vector.name


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (CHUNKED + EMPTY, CHUNKED + b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + EMPTY, "200+"),
        (CHUNKED + EMPTY, CHUNKED + SMUGGLED, "400"),
        (CHUNKED + EMPTY, CHUNKED + b"x\r\n" + SMUGGLED, "400"),
        (LENGTH + SMUGGLED, LENGTH + bytes(len(SMUGGLED)), "200+"),
        (LENGTH + bytes(len(SMUGGLED)), LENGTH + SMUGGLED, "200+"),
        (GET, GET + b"\r\n", "200+"),
        (GET, b"\r\n" + GET, "200+"),
        (GET, GET + b"X\r\n\r\n", "200 400"),
        (GET, GET[:-2] + b" folded\r\n\r\n", "400"),
        (GET, GET + GET * 3, "200 200 200 200+"),
        (GET, GET + b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n" + GET, "200 404 200+"),
    ],
)
def test_what_is_behind_a_known_head_counts(remembering_port: int, first: bytes, second: bytes, outcome: str) -> None:
    for octets in (first, second, first, second):
        expected = outcome if octets == second else "200+"
        assert play(remembering_port, Vector("again", "6.3", expected, octets)) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"\r\n", b""),
        (b"", b"\r\n"),
    ],
)
def test_each_request_may_have_its_empty_line(remembering_port: int, before: bytes, after: bytes) -> None:
    """Old clients send one after a body (RFC 9112 2.2); many requests may have one each."""
    with Link(remembering_port) as link:
        for _ in range(TIMES):
            link.send(before + GET + after)
            assert link.reply().body == b"0123456789"


def test_pieces_of_a_known_head(remembering_port: int) -> None:
    with Link(remembering_port) as link:
        for cut in range(1, len(GET)):
            for piece in (GET, GET[:cut], GET[cut:]):
                link.send(piece)
            assert link.reply().status == 200
            assert link.reply().status == 200


def test_a_change_shows_at_once(changing_port: int, root: Path) -> None:
    octets = with_target(b"/changing.txt")
    for number in range(TIMES):
        (root / "changing.txt").write_bytes(b"%d" % number)
        assert [exchange(changing_port, octets).body for _ in range(2)] == [b"%d" % number] * 2
        (root / "changing.txt").unlink()
        assert [exchange(changing_port, octets).status for _ in range(2)] == [404, 404]


def test_a_settled_file_that_changes_shows_at_once(changing_port: int, root: Path) -> None:
    """The file's times are long past, so that its reply may well be remembered."""
    octets = with_target(b"/settled.txt")
    for number in range(TIMES):
        replacement = root / "replacement.txt"
        replacement.write_bytes(b"%d" % number)
        os.utime(replacement, (1_000_000_000, 1_000_000_000))
        replacement.replace(root / "settled.txt")
        assert [exchange(changing_port, octets).body for _ in range(3)] == [b"%d" % number] * 3


def test_a_folder_that_changes_shows_at_once(changing_port: int, root: Path) -> None:
    octets = with_target(b"/folder/")
    for number in range(TIMES):
        name = root / "folder" / f"new-{number}.txt"
        name.write_bytes(b"")
        assert all(name.name.encode() in exchange(changing_port, octets).body for _ in range(2))
        name.unlink()
        assert not any(name.name.encode() in exchange(changing_port, octets).body for _ in range(2))
