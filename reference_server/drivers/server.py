"""The listening sockets and the event loop: one thread, one poller, a wake-up pipe for everybody else.

`Server(...)` binds, so `port` is known before `run` is called; `run` blocks until `stop`, which any thread
or signal handler may call, and then gives replies under way a short grace.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

from reference_server.config import Config, SiteSettings
from reference_server.drivers import logs
from reference_server.drivers.access_log import AccessLog
from reference_server.drivers.client import Client
from reference_server.drivers.door import Door
from reference_server.drivers.listening import listen
from reference_server.drivers.offload import Offload
from reference_server.drivers.pace import FOREVER
from reference_server.drivers.poller import READABLE, Poller
from reference_server.drivers.replay import Replays
from reference_server.drivers.share import Seat
from reference_server.resources.site import Site, Sites
from reference_server.semantics import dates

# How often deadlines are looked at: an eighth of the shortest one, within these bounds.
SWEEP_SECONDS = (0.02, 1.0)
# When every place is taken, connections that have been idle for so long may be closed, so large a part of them at once.
IDLE_LONG_ENOUGH = 1.0
IDLE_SHARE = 64


class Server:
    """One or more sites on one or more listening sockets, in one thread."""

    def __init__(
        self,
        sites: str | Sequence[SiteSettings],
        host: str = "127.0.0.1",
        port: int = 0,
        config: Config | None = None,
        access_log: BinaryIO | None = None,
        listeners: Sequence[socket.socket] | None = None,
        seat: Seat | None = None,
    ) -> None:
        self.config = Config() if config is None else config
        settings = [SiteSettings(sites)] if isinstance(sites, str) else sites
        self.sites = Sites([Site(each, self.config) for each in settings])
        self.site = self.sites.all[0]
        try:
            listeners = listeners or [listen(host, port, self.config.backlog)]
        except OSError:
            self.sites.close()
            raise
        address: tuple[str, int] = listeners[0].getsockname()[:2]
        self.host, self.port = address
        self.access_log = AccessLog(access_log)
        self.replays = Replays(self.config.cached_replies)
        self.offload = Offload(self.config.programs, self.call_in_loop)
        self.time = time.monotonic()
        self.date = b""
        self.held = 0
        self._second = -1
        self._clients: dict[int, Client] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._leaving = False
        self._ends = FOREVER
        shortest = min(getattr(self.config.timeouts, name) for name in ("idle", "head", "body", "write", "linger"))
        self._sweep_seconds = min(max(shortest / 8, SWEEP_SECONDS[0]), SWEEP_SECONDS[1])
        self._next_sweep = 0.0
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._poller = Poller()
        self._poller.register(self._wakened, READABLE)
        self._door = Door(self, listeners, self._poller, seat)

    # What clients need (see `client.Loop`)

    def watch(self, client: Client) -> None:
        wanted = client.wanted
        if wanted != client.interest:
            if client.interest < 0:
                self._poller.register(client.sock, wanted)
            else:
                self._poller.modify(client.sock, wanted)
            client.interest = wanted

    def forget(self, client: Client) -> None:
        if client.interest >= 0:
            self._poller.unregister(client.sock)
            client.interest = -1
        if self._clients.pop(client.sock.fileno(), None) is not None:
            self._door.somebody_left()

    def report(self, error: Exception) -> None:
        logs.report(error)

    def call_in_loop(self, call: Callable[[], None]) -> None:
        """Have the loop's thread call it soon.  Safe from every thread and signal handler, at any time."""
        self._calls.append(call)
        # A full pipe means that a wake-up is under way already, a closed one that the loop has ended: a second signal
        # may come as late as that.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def guarded(self, client: Client, action: Callable[[], None]) -> None:
        """A fault met on one connection ends that connection, not the server."""
        try:
            action()
        except Exception as error:
            self.report(error)
            client.close()

    # Life

    def run(self) -> None:
        """Serve until `stop` or `retire`; all resources are released at the end."""
        try:
            self._look_at_clocks()
            self._door.open()
            while not self._leaving:
                self._turn()
            self._finish()
        finally:
            self._release()

    def stop(self) -> None:
        """Take nothing new and end after a short grace, whatever is still under way."""

        def begin() -> None:
            self._leaving = True
            self._ends = min(self._ends, self.time + self.config.timeouts.grace)
            self._drain()

        self.call_in_loop(begin)

    def retire(self) -> None:
        """Take no new connections and end when everything under way is done; others accept in its place."""

        def begin() -> None:
            self._leaving = True
            self._drain()

        self.call_in_loop(begin)

    def _turn(self) -> None:
        """Wait until something happens, and deal with all of it."""
        happened = self._poller.wait(self._time_to_wait())
        self._look_at_clocks()
        clients = self._clients
        for fd, events in happened:
            client = clients.get(fd)
            if client is None:
                self._attend(fd)
                continue
            try:
                if events == READABLE:
                    client.on_readable()
                else:
                    client.on_event(events)
            except Exception as error:  # see `guarded`, which would cost a call here
                self.report(error)
                client.close()
        self.access_log.flush()
        if self.time >= self._next_sweep:
            self._sweep()
        if self.time >= self._door.open_again:
            self._door.open()

    def _time_to_wait(self) -> float | None:
        until = min(self._next_sweep if self._clients else FOREVER, self._door.open_again, self._ends)
        return None if until == FOREVER else max(until - self.time, 0)

    def _look_at_clocks(self) -> None:
        """Once a turn: what it costs to know the time, and what ends with every second."""
        self.time = time.monotonic()
        second = self.site.clock()
        if second != self._second:
            self._second = second
            self.date = dates.format_http_date(second)
            self.access_log.set_time(second)
            self.replays.forget()

    def _attend(self, fd: int) -> None:
        """Something that is not a client: the wake-up pipe, a listening socket, or a client that is closed by now."""
        if fd == self._wakened.fileno():
            self._run_calls()
        else:
            self._door.attend(fd)

    def _run_calls(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        while self._calls:
            self._calls.popleft()()

    def _sweep(self) -> None:
        """End what is overdue."""
        for client in list(self._clients.values()):
            if client.pace.deadline <= self.time:
                self.guarded(client, client.on_timeout)
        self._next_sweep = self.time + self._sweep_seconds

    # What the door needs (see `door.House`)

    def has_room(self) -> bool:
        return len(self._clients) < self.config.connections or self.make_room()

    def make_room(self) -> bool:
        """Close some of those that have been idle the longest; False if there are none."""
        latest = self.time + self.config.timeouts.idle - IDLE_LONG_ENOUGH
        idle = [client for client in self._clients.values() if client.pace.deadline <= latest and client.idle]
        for client in sorted(idle, key=deadline_of)[: 1 + len(idle) // IDLE_SHARE]:
            client.close()
        return bool(idle)

    def welcome(self, sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setblocking(False)
        client = Client(self, sock, address)
        self._clients[sock.fileno()] = client
        self.watch(client)

    # The end

    def _drain(self) -> None:
        self._door.leave()
        hurried = self._ends < FOREVER
        for client in list(self._clients.values()):
            self.guarded(client, partial(client.drain, hurried))

    def _finish(self) -> None:
        """Answer what was begun; `stop` sets that a limit."""
        while self._clients and self.time < self._ends:
            self._turn()

    def _release(self) -> None:
        for client in list(self._clients.values()):
            client.close()
        self.sites.abandon_programs()
        self.offload.close()
        self._run_calls()
        self.access_log.flush()
        self.replays.forget()
        self._poller.close()
        self._door.close()
        self._waker.close()
        self._wakened.close()
        self.sites.close()


def deadline_of(client: Client) -> float:
    return client.pace.deadline


def serve(
    sites: str | Sequence[SiteSettings],
    host: str = "127.0.0.1",
    port: int = 0,
    config: Config | None = None,
    access_log: BinaryIO | None = None,
) -> Server:
    """A server that is bound and listening, and starts to answer when its `run` is called."""
    return Server(sites, host, port, config, access_log)
