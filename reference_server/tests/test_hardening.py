"""A hostile or unlucky world: crowds, floods, misers, clients that vanish, and systems that run out of things.

Each server is a process of its own, so that its descriptors and its memory can be counted.  See `test_slowness` for
clients and clocks that go wrong.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.config import Config, SiteSettings, Timeouts
from reference_server.tests.service import (
    Running,
    at_rest,
    children,
    crowd,
    descriptors,
    limited,
    needs_proc,
    reset,
    resident_kib,
    service_for,
    wait_until,
)
from reference_server.tests.wire import PATIENCE, Link, exchange, request

pytestmark = needs_proc

FILE = b"0123456789"
MIB = 1024 * 1024
HUGE = 64 * MIB
WAIT = """
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("Content-Type: text/plain\\n\\ndone")
"""
POUR = """
import sys
print("Content-Type: text/plain\\n", flush=True)
for _ in range(200):
    sys.stdout.write("x" * 1_000_000)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "up").mkdir(parents=True)
    (folder / "file.txt").write_bytes(FILE)
    (folder / "wait.py").write_text(WAIT)
    (folder / "pour.py").write_text(POUR)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(HUGE)
    return folder


@pytest.fixture
def running(tmp_path: Path, root: Path) -> Iterator[Running]:
    """One worker, which has answered once; programs that nobody waits for are soon ended."""
    config = Config(timeouts=Timeouts(program=2.0, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as started:
        assert exchange(started.port, request("/file.txt")).body == FILE
        yield started


def serves(running: Running) -> bool:
    return exchange(running.port, request("/file.txt", "GET", "Connection: close")).body == FILE


# -- crowds


def allow_descriptors(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != hard < number:
        pytest.skip(f"this system allows a process {hard} descriptors, and the test needs {number}")
    if resource.RLIM_INFINITY != soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def test_ten_thousand_idle_clients_disturb_nobody(tmp_path: Path, root: Path) -> None:
    number = 10_000
    allow_descriptors(number + 1000)
    config = Config(connections=number + 100, timeouts=Timeouts(idle=600, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as running, contextlib.ExitStack() as clients:
        (worker,) = running.workers()
        before = at_rest(worker)
        idle = []
        for count in range(number):
            # Of several addresses, because one has not so many free ports everywhere.
            source = (f"127.0.0.{2 + count % 4}", 0)
            idle.append(socket.create_connection(("127.0.0.1", running.port), PATIENCE, source))
            clients.callback(reset, idle[-1])
        wait_until(lambda: descriptors(worker) >= before + number)
        for _ in range(20):
            assert serves(running)
        for sock in idle[:: number // 20]:
            sock.sendall(request("/file.txt"))
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        clients.close()
        wait_until(lambda: descriptors(worker) <= before + 1)
        assert running.workers() == [worker]


def test_idle_clients_make_room_for_others(tmp_path: Path, root: Path) -> None:
    """Who comes last is served though all places are taken by those who want nothing (RFC 9112 9.5)."""
    config = Config(connections=20, timeouts=Timeouts(idle=600, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as running, crowd(running.port, 30):
        for _ in range(10):
            assert serves(running)


def test_programs_that_wait_do_not_keep_others_waiting(tmp_path: Path, root: Path) -> None:
    config = Config(programs=2, timeouts=Timeouts(grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as running, crowd(running.port, 6) as busy:
        for link in busy:
            link.send(request("/wait.py"))
        for _ in range(10):
            assert serves(running)
        (root / "go").touch()
        for link in busy:
            assert link.reply().body == b"done\n"


def test_a_crowd_beyond_the_limit_of_descriptors(tmp_path: Path, root: Path) -> None:
    prepare = limited(resource.RLIMIT_NOFILE, 64, 64)
    with Running(tmp_path, service_for(root, grace=0.1), prepare) as running:
        (worker,) = running.workers()
        before = at_rest(worker)
        with crowd(running.port, 60):
            for _ in range(20):
                assert serves(running)
        wait_until(lambda: descriptors(worker) <= before + 1)
        assert running.said() == ""


def test_files_beyond_the_limit_of_descriptors(tmp_path: Path, root: Path) -> None:
    """Who asks for one file too many is told so; those that are under way come to their end, and then all is well."""
    prepare = limited(resource.RLIMIT_NOFILE, 64, 64)
    with Running(tmp_path, service_for(root, grace=0.1), prepare) as running:
        (worker,) = running.workers()
        before = at_rest(worker)
        with crowd(running.port, 100) as links:
            for link in links:
                link.send(request("/huge.bin", "GET", "Connection: close"))
            first = links[0].read_until(b"\r\n\r\n")
            assert first.startswith(b"HTTP/1.1 200 OK\r\n")
            wait_until(lambda: descriptors(worker) > 60)
            assert size_of_rest(links[0]) == HUGE
            statuses = []
            for link in links[1:]:
                statuses.append(link.read_until(b"\r\n\r\n")[9:12])
                link.sock.close()
            assert set(statuses) <= {b"200", b"503"}
        wait_until(lambda: descriptors(worker) <= before + 1)
        for _ in range(20):
            assert serves(running)
        assert running.workers() == [worker]


def size_of_rest(link: Link) -> int:
    size = len(link.received)
    while data := link.sock.recv(MIB):
        size += len(data)
    return size


# -- floods


def test_requests_without_end_do_not_fill_the_memory(running: Running) -> None:
    """Who sends faster than it reads is held up (and who never reads, for ever)."""
    (worker,) = running.workers()
    before = resident_kib(worker)
    with Link(running.port) as link:
        flood(link, lambda: request("/huge.bin") * 1000, 40 * MIB)
        assert serves(running)
        assert resident_kib(worker) < before + 32 * 1024
        reset(link.sock)
    assert serves(running)


def flood(link: Link, make: Callable[[], bytes], most: int) -> bytes:
    """Send until the server answers, takes no more, or has taken so much; the answer."""
    link.sock.settimeout(1.0)
    sent = 0
    try:
        while sent < most:
            sent += link.sock.send(make())
    except (TimeoutError, ConnectionResetError, BrokenPipeError):
        pass
    link.sock.settimeout(PATIENCE)
    return b""


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


# -- things that run out, or change under one's feet


def test_a_full_disk(tmp_path: Path, root: Path) -> None:
    """A limit on the size of files does what a full disk does; what cannot be stored whole is not stored."""
    wanted = replace(service_for(root, grace=0.1), sites=(SiteSettings(str(root), writable=("/up/",)),))
    with Running(tmp_path, wanted, limited(resource.RLIMIT_FSIZE, 100_000, 100_000)) as running:
        (worker,) = running.workers()
        assert exchange(running.port, request("/up/small", "PUT", body=b"x" * 1000)).status == 201
        assert exchange(running.port, request("/up/large", "PUT", body=b"x" * 200_000)).status in (500, 507)
        assert exchange(running.port, request("/up/small", "PUT", body=b"y" * 200_000)).status in (500, 507)
        assert exchange(running.port, request("/up/large")).status == 404
        assert exchange(running.port, request("/up/small")).body == b"x" * 1000
        assert os.listdir(root / "up") == ["small"]
        assert running.workers() == [worker]


def test_a_log_on_a_full_disk(tmp_path: Path, root: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with Running(tmp_path, replace(service_for(root), access_log="/dev/full")) as running:
        for _ in range(5):
            assert serves(running)
        assert running.stop() == 0
        assert running.said() == "the access log ends here: No space left on device\n"


def test_a_file_that_shrinks_while_it_is_sent(running: Running, root: Path) -> None:
    """A reply that cannot be completed has to look incomplete (RFC 9112 8)."""
    with Link(running.port) as link:
        link.send(request("/huge.bin") + request("/file.txt"))
        link.read_until(b"\r\n\r\n")
        os.truncate(root / "huge.bin", MIB)
        with contextlib.suppress(ConnectionResetError):
            assert len(link.read_all()) < HUGE
    assert serves(running)


def test_a_file_that_vanishes_while_it_is_sent(running: Running, root: Path) -> None:
    with Link(running.port) as link:
        link.send(request("/huge.bin"))
        link.read_until(b"\r\n\r\n")
        (root / "huge.bin").unlink()
        link.send(request("/huge.bin", "GET", "Connection: close"))
        rest = link.read_all()
        assert rest[:HUGE].count(0) == HUGE
        assert rest[HUGE:].startswith(b"HTTP/1.1 404 ")


def test_a_file_that_is_replaced_while_it_is_sent(running: Running, root: Path) -> None:
    """Either all of the old one or all of the new one."""
    (root / "new.bin").write_bytes(b"n" * MIB)
    with Link(running.port) as link:
        link.send(request("/huge.bin"))
        link.read_until(b"\r\n\r\n")
        (root / "new.bin").rename(root / "huge.bin")
        link.send(request("/huge.bin", "GET", "Connection: close"))
        rest = link.read_all()
        assert rest[:HUGE].count(0) == HUGE
        assert rest[HUGE:].endswith(b"\r\n\r\n" + b"n" * MIB)


def test_the_memory_does_not_grow(running: Running) -> None:
    (worker,) = running.workers()
    serial = 0

    def batch(link: Link) -> None:
        nonlocal serial
        octets = b""
        for _ in range(50):
            serial += 1
            octets += request(f"/file.txt?{serial}") + request(f"/missing-{serial}")
            octets += request("/", "GET", f"Cookie: {serial}") + request("/file.txt", "HEAD")
        link.send(octets)
        seen = 0
        while seen < 200:
            data = link.sock.recv(65536)
            assert data
            link.received += data
            seen += link.received.count(b"HTTP/1.1 ")
            link.received = link.received[-8:] if not link.received.endswith(b"HTTP/1.1 ") else b""

    def batches(count: int) -> int:
        for _ in range(count):
            with Link(running.port) as link:
                batch(link)
        return resident_kib(worker)

    after_first = batches(15)
    assert batches(45) < after_first + 16 * 1024
    assert running.workers() == [worker]


def test_a_worker_that_is_stuck_does_not_stop_the_others(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2, grace=0.1)) as running:
        stuck = running.workers()[0]
        os.kill(stuck, signal.SIGSTOP)
        with crowd(running.port, 20) as links:
            for link in links:
                link.send(request("/file.txt"))
                assert link.reply().body == FILE
        os.kill(stuck, signal.SIGCONT)
        assert running.stop() == 0
