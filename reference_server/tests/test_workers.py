"""Workers: they share the connections, are replaced when they die, and a stop or a reload loses nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import signal
import socket
import termios
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.config import Address, SiteSettings
from reference_server.drivers import descriptors, supervisor
from reference_server.tests.service import (
    ANY_PORT,
    Running,
    at_rest,
    limited,
    needs_proc,
    process_exists,
    service_for,
    wait_until,
)
from reference_server.tests.wire import PATIENCE, Link, exchange, request

pytestmark = needs_proc

WHO = "import os\nprint('Content-Type: text/plain\\n')\nprint(os.getppid())\n"
WAIT = """
import pathlib, time
pathlib.Path("begun").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("Content-Type: text/plain\\n\\ndone")
"""
HUGE = 64 * 1024 * 1024


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file.txt").write_bytes(b"0123456789")
    (folder / "who.py").write_text(WHO)
    (folder / "wait.py").write_text(WAIT)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(HUGE)
    return folder


def worker_of(link: Link) -> int:
    """The worker that serves this connection."""
    link.send(request("/who.py"))
    return int(link.reply().body)


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
            wait_until(lambda old=old: old not in running.workers() and len(running.workers()) == 2)  # type: ignore[misc]
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
    assert supervisor.run(lambda: service_for(tmp_path / "missing", workers=3)) == 1
    errors = capfd.readouterr().err
    assert "a worker cannot work: [Errno 2] No such file or directory" in errors
    assert errors.endswith("reference_server: a worker died at its start\n")
    assert {number: signal.getsignal(number) for number in before} == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


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


# -- reloading


class Load:
    """Clients that go on and on; `lost` says what became of requests that should have been answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.done = 0
        self.lost: list[str] = []
        self._over = threading.Event()
        works = (self._new_connections, self._long_connections)
        self._threads = [threading.Thread(target=self._guard, args=(work,)) for work in works * 2]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _guard(self, work: object) -> None:
        assert callable(work)
        try:
            while not self._over.is_set():
                work()
        except Exception as error:
            self.lost.append(repr(error))

    def _new_connections(self) -> None:
        for option in ("close", "keep-alive"):
            reply = exchange(self.port, request("/file.txt", "GET", f"Connection: {option}"))
            assert reply.body == b"0123456789"
            self.done += 1

    def _long_connections(self) -> None:
        """A server may close between requests; then, and only then, the client asks again (RFC 9112 9.3.1)."""
        with Link(self.port) as link:
            used = False
            while not self._over.is_set():
                try:
                    link.send(request("/file.txt"))
                    first = link.sock.recv(1)
                except (ConnectionResetError, BrokenPipeError):
                    first = b""
                if not first:
                    assert used, "closed before the first reply"
                    return
                link.received = first
                reply = link.reply()
                assert reply.body == b"0123456789"
                self.done += 1
                used = True
                if reply.get("Connection") == b"close":
                    assert link.ended()
                    return


def test_a_reload_under_load_loses_nothing(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, workers=2)) as running:
        first = running.workers()
        with Load(running.port) as load:
            for turn in range(5):
                running.reload(workers=2 + turn % 2)
                done = load.done
                wait_until(lambda done=done: load.done > done + 50 or bool(load.lost))  # type: ignore[misc]
        assert load.lost == []
        wait_until(lambda: len(running.workers()) == 2)
        assert not set(first) & set(running.workers())


def test_a_reload_takes_its_time_with_replies_under_way(tmp_path: Path, root: Path) -> None:
    """The grace is for a stop; after a reload there is no hurry."""
    with Running(tmp_path, service_for(root, grace=0.05)) as running, Link(running.port) as slow:
        (old,) = running.workers()
        with Link(running.port) as busy:
            busy.send(request("/wait.py") + request("/file.txt"))
            slow.send(request("/huge.bin"))
            slow.read_until(b"\r\n\r\n")
            wait_until((root / "begun").exists)
            running.reload()
            with Link(running.port) as link:
                assert worker_of(link) != old
            assert old in running.workers()
            (root / "go").touch()
            assert busy.reply().body == b"done\n"
            assert busy.reply().get("Connection") == b"close"
        assert len(slow.read_all()) == HUGE
        wait_until(lambda: old not in running.workers())
        assert "another takes its place" not in running.said()


def test_what_an_earlier_configuration_left_ends_with_the_service(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root, grace=0.1)) as running, Link(running.port) as link:
        link.send(request("/wait.py"))
        wait_until((root / "begun").exists)
        running.reload()
        assert len(running.workers()) == 2
        assert running.stop() == 0


def test_a_reload_changes_what_is_served(tmp_path: Path, root: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file.txt").write_bytes(b"other")
    with Running(tmp_path, service_for(root)) as running, Link(running.port) as old:
        old.send(request("/file.txt"))
        assert old.reply().body == b"0123456789"
        running.reload(sites=(SiteSettings(str(other)),))
        assert exchange(running.port, request("/file.txt")).body == b"other"


def test_a_reload_changes_the_addresses(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, service_for(root)) as running:
        extra = Address("localhost", 0)
        running.reload(listen=(*ANY_PORT, extra))
        second = running.next_port()
        for port in (running.port, second):
            assert exchange(port, request("/file.txt")).status == 200
        running.reload(listen=(extra,))
        assert exchange(second, request("/file.txt")).status == 200
        wait_until(lambda: len(running.workers()) == 1)
        with pytest.raises(ConnectionRefusedError):
            Link(running.port)
        assert running.stop() == 0


@pytest.mark.parametrize(
    "fault",
    [
        "no Service at all",
        "Service((SiteSettings('/missing'),), (Address('127.0.0.1', 0),))",
        "Service((SiteSettings('/'),), (Address('192.0.2.1', 0),))",
        "Service((SiteSettings('/'),), access_log='/missing/log')",
    ],
)
def test_a_reload_with_an_error_changes_nothing(tmp_path: Path, root: Path, fault: str) -> None:
    with Running(tmp_path, service_for(root, workers=2)) as running, Link(running.port) as link:
        link.send(request("/file.txt"))
        assert link.reply().status == 200
        before = running.workers()
        running.settings.write_text(fault)
        running.signal(signal.SIGHUP)
        wait_until(lambda: "the configuration stays as it was: " in running.said())
        assert running.workers() == before
        link.send(request("/file.txt"))
        assert link.reply().status == 200
        running.reload()
        assert exchange(running.port, request("/file.txt")).status == 200


# -- terminals


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed(tmp_path: Path, root: Path, nohup: bool) -> None:
    """Who closes the window in which the server runs wants it to end, but not who began with nohup."""
    master, slave = os.openpty()

    def prepare() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        if nohup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Running(tmp_path, service_for(root), prepare) as running:
        os.close(slave)
        running.reload()
        os.close(master)
        if not nohup:
            assert running.ended() == 0
            return
        wait_until(lambda: running.said().count("was read again") == 2)
        assert exchange(running.port, request("/file.txt")).status == 200


# -- logs


LINE = re.compile(r'127\.0\.0\.1 - - \[[^]]+\] "GET /file\.txt HTTP/1\.1" 200 10 "-" "client-(\d+)"')


def test_the_log_of_two_workers_is_complete_and_each_line_whole(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "access"
    clients, requests = 8, 100

    def ask(client: int) -> None:
        with Link(running.port) as link:
            agent = f"User-Agent: client-{client}"
            link.send(request("/file.txt", "GET", agent) * (requests - 1))
            link.send(request("/file.txt", "GET", agent, "Connection: close"))
            link.read_all()

    with Running(tmp_path, replace(service_for(root, workers=2), access_log=str(log))) as running:
        threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert running.stop() == 0
    matches = [LINE.fullmatch(line) for line in log.read_text().splitlines()]
    assert Counter(match and match[1] for match in matches) == {str(client): requests for client in range(clients)}


def test_logs_are_opened_again(tmp_path: Path, root: Path) -> None:
    """As whoever moves full logs away needs it."""
    access, errors = tmp_path / "access", tmp_path / "errors.log"
    wanted = replace(service_for(root), access_log=str(access), error_log=str(errors))
    with Running(tmp_path, wanted) as running:
        exchange(running.port, request("/file.txt", "GET", "User-Agent: first"))
        wait_until(lambda: "first" in access.read_text())
        access.rename(tmp_path / "access.1")
        errors.rename(tmp_path / "errors.1")
        running.signal(signal.SIGUSR1)
        wait_until(lambda: errors.exists() and "was read again" in errors.read_text())
        exchange(running.port, request("/file.txt", "GET", "User-Agent: second"))
        wait_until(lambda: "second" in access.read_text())
        assert "second" not in (tmp_path / "access.1").read_text()
        running.signal(signal.SIGHUP)
        wait_until(lambda: errors.read_text().count("was read again") == 2)
        assert running.stop() == 0
        assert running.said() == ""


def test_the_log_may_be_standard_output(tmp_path: Path, root: Path) -> None:
    with Running(tmp_path, replace(service_for(root, workers=2), access_log="-")) as running:
        exchange(running.port, request("/file.txt"))
        assert running.stop() == 0
        assert running.process.stdout is not None
        assert running.process.stdout.read().count('"GET /file.txt HTTP/1.1" 200 10 "-" "-"\n') == 1
