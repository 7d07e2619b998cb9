"""Reloading: new workers take over and nothing is lost; what is served, where, and where the logs go may change."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import termios
import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from reference_server.config import Address, Config, SiteSettings, Timeouts
from reference_server.tests.service import (
    ANY_PORT,
    HUGE,
    Running,
    furnish,
    needs_proc,
    service_for,
    wait_until,
    worker_of,
)
from reference_server.tests.wire import PATIENCE, Link, exchange, request

pytestmark = needs_proc


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return furnish(tmp_path / "root")


# -- reloading


class Load:
    """Clients that go on and on; `lost` says what became of requests that should have been answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.done = 0
        self.lost: list[str] = []
        self._over = threading.Event()
        works = (self._new_connections, self._hesitant_connections, self._long_connections)
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

    def _hesitant_connections(self) -> None:
        """Whoever was let in may take a moment to ask."""
        with Link(self.port) as link:
            time.sleep(0.01)
            link.send(request("/file.txt"))
            assert link.reply().body == b"0123456789"
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
    config = Config(timeouts=Timeouts(linger=PATIENCE, grace=0.1))
    with Running(tmp_path, service_for(root, workers=2, config=config)) as running:
        first = running.workers()
        with Load(running.port) as load:
            for turn in range(5):
                running.reload(workers=2 + turn % 2)
                wait_until(partial(lambda done: load.done > done + 50 or bool(load.lost), load.done))
        assert load.lost == []
        wait_until(lambda: len(running.workers()) == 2)
        assert not set(first) & set(running.workers())


def test_a_reload_takes_its_time_with_replies_under_way(tmp_path: Path, root: Path) -> None:
    """The grace is for a stop; after a reload there is no hurry."""
    config = Config(timeouts=Timeouts(linger=0.2, grace=0.05))
    with Running(tmp_path, service_for(root, config=config)) as running, Link(running.port) as slow:
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
