"""Clients that send without end, never read, or vanish: they cost little, and others are served."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reference_server.config import Config, Timeouts
from reference_server.tests.service import (
    FILE,
    MIB,
    Running,
    at_rest,
    children,
    descriptors,
    furnish,
    needs_proc,
    reset,
    resident_kib,
    serves,
    service_for,
    wait_until,
)
from reference_server.tests.wire import PATIENCE, Link, exchange, request

pytestmark = needs_proc


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return furnish(tmp_path / "root")


@pytest.fixture
def running(tmp_path: Path, root: Path) -> Iterator[Running]:
    """One worker, which has answered once; programs that nobody waits for are soon ended."""
    config = Config(timeouts=Timeouts(program=2.0, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as started:
        assert exchange(started.port, request("/file.txt")).body == FILE
        yield started


# -- floods


def test_requests_without_end_do_not_fill_the_memory(running: Running) -> None:
    """Who sends faster than it reads is held up (and who never reads, for ever)."""
    (worker,) = running.workers()
    before = resident_kib(worker)
    with Link(running.port) as link:
        flood(link, request("/huge.bin") * 1000, 40 * MIB)
        assert serves(running)
        assert resident_kib(worker) < before + 32 * 1024
        reset(link.sock)
    assert serves(running)


def flood(link: Link, octets: bytes, most: int) -> None:
    """Send until the server takes no more, or has taken so much."""
    link.sock.settimeout(0.5)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < most:
            sent += link.sock.send(octets)


ENDLESS = {
    "request line": (b"GET /", b"a" * 4096),
    "field": (b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"a" * 4096),
    "field name": (b"GET / HTTP/1.1\r\nHost: h\r\n", b"a" * 4096),
    "fields": (b"GET / HTTP/1.1\r\nHost: h\r\n", b"X: y\r\n" * 500),
    "empty lines": (b"", b"\r\n" * 2000),
    "chunk extension": (b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=", b"b" * 4096),
    "chunk size": (b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 4096),
    "chunk extensions": (
        b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        (b"1;" + b"x" * 1000 + b"\r\na\r\n") * 4,
    ),
    "chunked body": (
        b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n",
    ),
    "trailer": (b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 500),
    "trailer field": (
        b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
        b"a" * 4096,
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_nothing_may_be_endless(running: Running, what: str) -> None:
    """Each is answered before it has filled the memory, and the answer is not lost in the flood (RFC 9112 9.6)."""
    (worker,) = running.workers()
    before = resident_kib(worker)
    beginning, more = ENDLESS[what]
    with Link(running.port) as link:
        link.send(beginning)
        over = threading.Event()

        def pour() -> None:
            with contextlib.suppress(OSError):
                while not over.is_set():
                    link.sock.sendall(more)

        sender = threading.Thread(target=pour)
        sender.start()
        reply = link.reply()
        over.set()
        assert 400 <= reply.status < 500
        assert reply.get("Connection") == b"close"
        link.sock.shutdown(socket.SHUT_RDWR)
        sender.join(PATIENCE)
        assert not sender.is_alive()
    assert resident_kib(worker) < before + 64 * 1024
    assert serves(running)


def test_a_body_in_single_octets_is_taken(running: Running, root: Path) -> None:
    (root / "go").touch()
    with Link(running.port) as link:
        head = request("/wait.py", "POST", "Transfer-Encoding: chunked")
        link.send(head + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
        assert link.reply().body == b"done\n"


def test_a_program_is_held_up_by_a_client_that_does_not_read(running: Running) -> None:
    (worker,) = running.workers()
    with Link(running.port) as link:
        link.send(request("/pour.py"))
        link.read_until(b"\r\n\r\n")
        before = resident_kib(worker)
        for _ in range(20):
            assert serves(running)
        assert resident_kib(worker) < before + 32 * 1024
        reset(link.sock)
    wait_until(lambda: not children(worker))
    assert serves(running)


def test_a_program_for_a_client_that_is_gone_is_ended(tmp_path: Path, root: Path) -> None:
    """Who has reset the connection cannot read what the program would say."""
    config = Config(timeouts=Timeouts(program=3600, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as running, Link(running.port) as link:
        (worker,) = running.workers()
        link.send(request("/wait.py"))
        wait_until(lambda: len(children(worker)) == 1)
        reset(link.sock)
        wait_until(lambda: not children(worker))
        assert serves(running)


def test_a_refusal_reaches_clients_that_go_on_sending(running: Running) -> None:
    """Closing at once would have the kernel destroy the reply (RFC 9112 9.6)."""

    def upload(results: list[int]) -> None:
        with Link(running.port) as link:
            link.send(request("/file.txt", "POST", f"Content-Length: {20 * MIB}"))
            for _ in range(8):
                link.send(b"x" * MIB)
            results.append(link.reply().status)
            assert link.ended()

    statuses: list[int] = []
    uploads = [threading.Thread(target=upload, args=(statuses,)) for _ in range(8)]
    for each in uploads:
        each.start()
    for each in uploads:
        each.join(PATIENCE)
    assert statuses == [413] * 8


# -- clients that vanish

CHUNKED_HEAD = b"POST /wait.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
# What the client sends before it is gone, and whether it waits for the first octets of a reply.
PHASES: dict[str, tuple[bytes, bool]] = {
    "nothing sent": (b"", False),
    "in the request line": (b"GET /fi", False),
    "in the head": (b"GET /file.txt HTTP/1.1\r\nHost", False),
    "in the body": (b"POST /wait.py HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", False),
    "in a chunk": (CHUNKED_HEAD + b"5\r\nab", False),
    "in the trailer": (CHUNKED_HEAD + b"0\r\nX", False),
    "asked to go on": (request("/wait.py", "POST", "Expect: 100-continue", "Content-Length: 9"), True),
    "all asked": (request("/file.txt"), False),
    "all answered": (request("/file.txt"), True),
    "in a file": (request("/huge.bin"), True),
    "in a row of files": (request("/huge.bin") * 3, True),
    "in a part of a file": (request("/huge.bin", "GET", "Range: bytes=5-50000000"), True),
    "in several parts": (request("/huge.bin", "GET", "Range: bytes=5-30000000,40000000-60000000"), True),
    "a program waits": (request("/wait.py"), False),
    "a program pours": (request("/pour.py"), True),
    "a program will be next": (request("/huge.bin") + request("/wait.py"), True),
    "refused": (b"GARBAGE\r\n\r\n", True),
    "refused and going on": (b"GARBAGE\r\n\r\n" + b"x" * 100_000, True),
    "to be closed": (request("/file.txt", "GET", "Connection: close"), True),
}


def vanish_by_reset(link: Link) -> None:
    reset(link.sock)


def vanish_by_close(link: Link) -> None:
    link.sock.close()


def vanish_after_half_close(link: Link) -> None:
    with contextlib.suppress(OSError):
        link.sock.shutdown(socket.SHUT_WR)
    link.sock.close()


@pytest.mark.parametrize("vanish", [vanish_by_reset, vanish_by_close, vanish_after_half_close])
def test_clients_that_vanish_leave_nothing_behind(running: Running, vanish: Callable[[Link], None]) -> None:
    """Neither a descriptor, nor a program, nor a word of complaint (but what a program says)."""
    (worker,) = running.workers()
    before = at_rest(worker)
    for _ in range(3):
        for octets, waits in PHASES.values():
            with Link(running.port) as link:
                link.send(octets)
                if waits:
                    link.sock.recv(100)
                vanish(link)
        assert serves(running)
    wait_until(lambda: not children(worker), lambda: children(worker))
    wait_until(lambda: descriptors(worker) <= before, lambda: os.listdir(f"/proc/{worker}/fd"))
    assert running.workers() == [worker]
    assert [line for line in running.said().splitlines() if not line.startswith("program ")] == []


@pytest.mark.parametrize("target", ["/file.txt", "/huge.bin"])
def test_who_only_stops_sending_gets_everything(running: Running, root: Path, target: str) -> None:
    content = (root / target[1:]).read_bytes()
    with Link(running.port) as link:
        link.send(request(target) * 2)
        link.sock.shutdown(socket.SHUT_WR)
        replies = link.read_all()
    assert replies.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert replies.count(b"\r\n\r\n" + content) == 2
    assert replies.endswith(content)
