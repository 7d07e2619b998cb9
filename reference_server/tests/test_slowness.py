"""Misers and clocks: clients that take or give too little for too long, and a system whose time jumps."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from reference_server import Config, Server
from reference_server.config import Rates, Timeouts
from reference_server.semantics.dates import format_http_date
from reference_server.tests.conftest import StartServer
from reference_server.tests.service import crowd, wait_until
from reference_server.tests.wire import PATIENCE, Link, exchange, request

FILE = b"0123456789"
MIB = 1024 * 1024
HUGE = 64 * MIB
YEAR = 365 * 24 * 3600
NEVER = 3600.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "file.txt").write_bytes(FILE)
    (tmp_path / "size.py").write_text(
        "import sys\nprint('Content-Type: text/plain\\n')\nprint(len(sys.stdin.buffer.read()))\n"
    )
    with (tmp_path / "huge.bin").open("wb") as file:
        file.truncate(HUGE)
    return tmp_path


# -- giving


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_body_that_drips_is_answered_408(start_server: StartServer, root: Path, framing: str) -> None:
    """Each piece comes in time, but all of them together would take for ever."""
    config = Config(timeouts=Timeouts(idle=NEVER, body=0.3), rates=Rates(body=MIB))
    server = start_server(root, config)
    with Link(server.port) as link:
        link.send(request("/size.py", "POST", framing))
        link.sock.settimeout(0.02)
        deadline = time.monotonic() + PATIENCE
        while not link.received and time.monotonic() < deadline:
            link.send(b"1\r\na\r\n")
            with contextlib.suppress(TimeoutError):
                link.received = link.sock.recv(65536)
        assert link.received, "it was allowed to go on"
        link.sock.settimeout(PATIENCE)
        reply = link.reply()
        assert (reply.status, reply.get("Connection")) == (408, b"close")
        assert link.ended()


@pytest.mark.parametrize("rate", [0, 1])
def test_a_slow_body_that_comes_fast_enough_is_taken(start_server: StartServer, root: Path, rate: int) -> None:
    """The rate counts from the beginning, so a piece may come late when others came early; 0 bears any."""
    config = Config(timeouts=Timeouts(body=NEVER), rates=Rates(body=rate))
    server = start_server(root, config)
    with Link(server.port) as link:
        link.send(request("/size.py", "POST", "Content-Length: 10"))
        for octet in FILE:
            link.send(bytes([octet]))
            time.sleep(0.01)
        assert link.reply().body == b"10\n"


def test_misers_do_not_keep_others_waiting(start_server: StartServer, root: Path) -> None:
    server = start_server(root, Config(timeouts=Timeouts(head=NEVER)))
    with crowd(server.port, 200) as misers:
        for octets in (b"GET / HT", b"TP/1.1\r\nHo", b"st: h\r\nX"):
            for link in misers:
                link.send(octets)
            assert exchange(server.port, request("/file.txt")).body == FILE
        for link in misers[::50]:
            link.send(b": y\r\n\r\n")
            assert link.reply().status == 200


# -- taking


def test_a_reader_that_sips_is_dropped(start_server: StartServer, root: Path) -> None:
    """It never stops reading, but all of it would take for ever."""
    config = Config(timeouts=Timeouts(idle=0.1, write=0.3), rates=Rates(write=1024 * MIB))
    server = start_server(root, config)
    with Link(server.port) as link:
        link.send(request("/huge.bin"))
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while data := link.sock.recv(MIB // 4):
                got += len(data)
                time.sleep(0.02)
        assert got < HUGE


@pytest.mark.parametrize("rate", [0, 1])
def test_a_slow_reader_that_reads_fast_enough_gets_all(start_server: StartServer, root: Path, rate: int) -> None:
    config = Config(timeouts=Timeouts(write=NEVER), rates=Rates(write=rate))
    server = start_server(root, config)
    with Link(server.port) as link:
        link.send(request("/huge.bin", "GET", "Range: bytes=0-9999999", "Connection: close"))
        link.read_until(b"\r\n\r\n")
        for _ in range(20):
            link.received += link.sock.recv(1000)
            time.sleep(0.005)
        assert len(link.read_all()) == 10_000_000


# -- clocks


class Clock:
    """What the server takes for the time of day."""

    def __init__(self, server: Server) -> None:
        self.second = int(time.time())
        server.site.clock = lambda: self.second


@pytest.fixture
def patient(start_server: StartServer, root: Path) -> Server:
    return start_server(root, Config(timeouts=Timeouts(idle=NEVER, head=NEVER, body=NEVER)))


def test_dates_follow_a_clock_that_jumps(patient: Server) -> None:
    """Back and forth; a reply from before the jump is not given again (RFC 9110 6.6.1)."""
    clock = Clock(patient)
    with Link(patient.port) as link:
        for jump in (0, 1, YEAR, -2 * YEAR, 1, -1, YEAR):
            clock.second += jump
            for target in ("/file.txt", "/the_time", "/missing", "/"):
                for _ in range(2):
                    link.send(request(target))
                    assert link.reply().get("Date") == format_http_date(clock.second)


def test_a_file_from_the_future(patient: Server) -> None:
    """Last-Modified may not be later than the reply's Date (RFC 9110 8.8.2.1)."""
    clock = Clock(patient)
    clock.second -= YEAR
    reply = exchange(patient.port, request("/file.txt"))
    now = format_http_date(clock.second)
    assert (reply.status, reply.get("Date")) == (200, now)
    assert reply.get("Last-Modified") in (None, now)


def test_waits_do_not_depend_on_the_time_of_day(start_server: StartServer, patient: Server, root: Path) -> None:
    """A jump ahead ends no wait, a jump back prolongs none."""
    ahead = Clock(patient)
    with Link(patient.port) as idle, Link(patient.port) as begun, Link(patient.port) as other:
        begun.send(b"GET /file.txt HTTP/1.1\r\n")
        ahead.second += YEAR
        for _ in range(20):
            other.send(request("/file.txt"))
            assert other.reply().status == 200
        idle.send(request("/file.txt"))
        assert idle.reply().body == FILE
        begun.send(b"Host: h\r\n\r\n")
        assert begun.reply().body == FILE
    hasty = start_server(root, Config(timeouts=Timeouts(idle=0.3, head=0.3)))
    back = Clock(hasty)
    with Link(hasty.port) as idle, Link(hasty.port) as begun:
        begun.send(b"GET /file.txt HTTP/1.1\r\n")
        back.second -= YEAR
        assert idle.ended()
        assert begun.reply().status == 408
    wait_until(lambda: not hasty._clients)
