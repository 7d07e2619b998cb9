"""Workers: they share the connections, are replaced when they die, and a stop or a reload loses nothing."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from reference_server.config import Address
from reference_server.drivers import descriptors, supervisor
from reference_server.tests.service import (
    HUGE,
    Running,
    at_rest,
    children,
    furnish,
    limited,
    needs_proc,
    process_exists,
    service_for,
    wait_until,
    worker_of,
)
from reference_server.tests.wire import PATIENCE, Link, exchange, request

pytestmark = needs_proc


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return furnish(tmp_path / "root")


def two_links(port: int) -> tuple[Link, Link]:
    """Connections that are served by different workers."""
    first = Link(port)
    others: list[Link] = []
    found: list[Link] = []

    def try_another() -> bool:
        others.append(Link(port))
        if worker_of(others[-1]) != worker_of(first):
            found.append(others.pop())
        return bool(found)

    wait_until(try_another)
    for other in others:
        other.sock.close()
    return first, found[0]


# -- life and death


def test_two_workers_share(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2)) as running:
        assert len(running.workers()) == 2

        def even() -> bool:
            links = [Link(running.port) for _ in range(16)]
            shares = Counter(worker_of(link) for link in links)
            for link in links:
                link.sock.close()
            return set(shares) == set(running.workers()) and min(shares.values()) >= 4

        wait_until(even)
        assert running.stop() == 0
        assert running.said() == ""


def test_a_worker_that_is_killed_harms_nobody_else(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2)) as running:
        unlucky, lucky = two_links(running.port)
        with unlucky, lucky:
            victim = worker_of(unlucky)
            unlucky.send(request("/wait.py"))
            wait_until((root / "begun").exists)
            os.kill(victim, signal.SIGKILL)
            with contextlib.suppress(ConnectionResetError):
                assert unlucky.ended()
            assert worker_of(lucky) != victim
            for _ in range(10):
                assert exchange(running.port, request("/file.txt")).body == b"0123456789"
            wait_until(lambda: len(running.workers()) == 2)
            assert victim not in running.workers()
            assert worker_of(lucky) in running.workers()
        (root / "go").touch()
        assert f"worker {victim} was killed by SIGKILL; another takes its place" in running.said()


def test_a_worker_that_is_told_to_end_does_so_with_grace_and_is_replaced(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root)) as running:
        (old,) = running.workers()
        with Link(running.port) as link:
            link.send(request("/wait.py"))
            wait_until((root / "begun").exists)
            os.kill(old, signal.SIGTERM)
            (root / "go").touch()
            assert link.reply().body == b"done\n"
        wait_until(lambda: running.workers() not in ([], [old]))
        assert exchange(running.port, request("/file.txt")).status == 200


def test_workers_do_not_outlive_their_parent(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=3, grace=0.2)) as running:
        workers = running.workers()
        assert len(workers) == 3
        running.signal(signal.SIGKILL)
        assert running.ended() == -signal.SIGKILL
        wait_until(lambda: not any(process_exists(pid) for pid in workers))
        with pytest.raises(ConnectionRefusedError):
            Link(running.port)


def test_a_worker_has_no_business_with_the_parents_descriptors(tmp_path: Path, root: Path) -> None:
    """A replaced worker holds what its predecessor held, and programs inherit nothing at all."""
    (root / "fds.py").write_text(
        "import os\nprint('Content-Type: text/plain\\n')\nprint(sorted(os.listdir('/proc/self/fd'), key=int)[:-1])\n"
    )
    with Running(tmp_path, service_for(root, workers=2)) as running:
        assert exchange(running.port, request("/fds.py")).body == b"['0', '1', '2']\n"
        before = sorted(at_rest(pid) for pid in running.workers())
        for old in running.workers():
            os.kill(old, signal.SIGKILL)
            wait_until(partial(lambda old: old not in running.workers() and len(running.workers()) == 2, old))
        running.reload()
        running.reload()
        wait_until(lambda: len(running.workers()) == 2)
        assert exchange(running.port, request("/file.txt")).status == 200
        assert sorted(at_rest(pid) for pid in running.workers()) == before


def test_the_limit_on_descriptors_is_raised(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root), limited(resource.RLIMIT_NOFILE, 64)) as running:
        limits = Path(f"/proc/{running.workers()[0]}/limits").read_text()
        match = re.search(r"^Max open files +(\d+) ", limits, re.MULTILINE)
        assert match
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        assert int(match[1]) == min(hard, descriptors.MOST)


# -- stopping


def test_a_stop_lets_a_program_finish(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2)) as running, Link(running.port) as idle:
        idle.send(request("/file.txt"))
        assert idle.reply().status == 200
        with Link(running.port) as busy:
            busy.send(request("/wait.py"))
            wait_until((root / "begun").exists)
            running.signal(signal.SIGTERM)
            assert idle.ended()
            (root / "go").touch()
            reply = busy.reply()
            assert (reply.body, reply.get("Connection")) == (b"done\n", b"close")
            assert busy.ended()
        assert running.ended() == 0
        with pytest.raises(ConnectionRefusedError):
            Link(running.port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_a_slow_reader_finish(tmp_path: Path, root: Path, number: signal.Signals) -> None:
    """A terminal sends SIGINT to the whole group of processes: still the parent alone decides."""
    with Running(tmp_path, service_for(root, workers=2)) as running, Link(running.port) as link:
        link.send(request("/huge.bin"))
        head = link.read_until(b"\r\n\r\n")
        assert b"\r\nConnection: close\r\n" not in head
        os.killpg(running.process.pid, number)
        wait_until(lambda: len(running.workers()) == 1)
        assert len(link.read_all()) == HUGE
        assert running.ended() == 0
        assert running.said() == ""


def test_a_stop_does_not_wait_longer_than_the_grace(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, grace=0.1)) as running, Link(running.port) as link:
        link.send(request("/wait.py"))
        wait_until((root / "begun").exists)
        assert running.stop() == 0
        assert link.received == b""


def test_a_second_signal_does_not_wait(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2, grace=3600)) as running, Link(running.port) as link:
        link.send(request("/wait.py"))
        wait_until((root / "begun").exists)
        running.signal(signal.SIGTERM)
        wait_until(lambda: len(running.workers()) == 1)
        running.signal(signal.SIGTERM)
        assert running.ended() == 0
        (root / "go").touch()


# -- the start


def test_an_address_in_use(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        wanted = replace(service_for(root), listen=(Address("127.0.0.1", 0), address))
        assert supervisor.run(lambda: wanted) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"reference_server: cannot listen on 127.0.0.1:{address.port}: Address already in use\n"


def test_a_log_that_cannot_be_opened(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = replace(service_for(root), access_log=str(root / "missing" / "log"))
    assert supervisor.run(lambda: wanted) == 2
    assert re.fullmatch(r"reference_server: cannot open '.*/missing/log': No such file or directory\n",
                        capsys.readouterr().err)  # fmt: skip


def test_a_service_that_cannot_start_leaves_nothing_behind(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    others = children(os.getpid())
    assert supervisor.run(lambda: service_for(tmp_path / "missing", workers=3)) == 1
    errors = capfd.readouterr().err
    assert "a worker cannot work: [Errno 2] No such file or directory" in errors
    assert errors.endswith("reference_server: a worker died at its start\n")
    assert {number: signal.getsignal(number) for number in before} == before
    assert children(os.getpid()) == others


def test_both_protocols_on_one_port(tmp_path: Path, root: Path) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as probe:
        port = probe.getsockname()[1]
    listen = (Address("::", port), Address("0.0.0.0", port))
    with Running(tmp_path, replace(service_for(root), listen=listen)) as running:
        assert running.ports == [port, port]
        for host in ("::1", "127.0.0.1"):
            with socket.create_connection((host, port), timeout=PATIENCE) as sock:
                sock.sendall(request("/file.txt", "GET", "Connection: close"))
                assert sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
