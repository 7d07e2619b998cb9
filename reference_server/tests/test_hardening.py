"""An unlucky world: crowds, systems that run out of things, files that change while they are sent.

Each server is a process of its own, so that its descriptors and its memory can be counted.  `test_floods` has clients
that send too much or vanish, `test_slowness` those that are slow, and clocks that jump.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.config import Config, SiteSettings, Timeouts
from reference_server.tests.service import (
    FILE,
    HUGE,
    MIB,
    Running,
    at_rest,
    crowd,
    descriptors,
    furnish,
    limited,
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
    folder = furnish(tmp_path / "root")
    (folder / "up").mkdir()
    return folder


@pytest.fixture
def running(tmp_path: Path, root: Path) -> Iterator[Running]:
    """One worker, which has answered once; programs that nobody waits for are soon ended."""
    config = Config(timeouts=Timeouts(program=2.0, grace=0.1))
    with Running(tmp_path, service_for(root, config=config)) as started:
        assert exchange(started.port, request("/file.txt")).body == FILE
        yield started


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
        assert running.said() == "reference_server: the access log has a gap from now on: No space left on device\n"


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
