"""The listening socket and the event loop: one thread, one selector, a wake-up pipe for everybody else.

`Server(...)` binds, so `port` is known before `run` is called; `run` blocks until `stop`, which any thread
or signal handler may call, and then gives replies under way a short grace.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import TextIO

from reference_server.config import Config, SiteSettings
from reference_server.drivers.access_log import AccessLog
from reference_server.drivers.client import Client
from reference_server.drivers.offload import Offload
from reference_server.http1.messages import Request
from reference_server.resources.site import Site, Sites
from reference_server.semantics import dates

ACCEPTS_PER_TURN = 64
# Deadlines are looked at no more often than this.
SWEEP_SECONDS = 0.05
# How long to leave the backlog alone after the system had no descriptor left.
ACCEPT_PAUSE_SECONDS = 0.5


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket for an IPv4 or IPv6 address or name."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """One document root on one port."""

    def __init__(
        self,
        sites: str | Sequence[SiteSettings],
        host: str = "127.0.0.1",
        port: int = 0,
        config: Config | None = None,
        access_log: TextIO | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self.config = Config() if config is None else config
        settings = [SiteSettings(sites)] if isinstance(sites, str) else sites
        self.sites = Sites([Site(each, self.config) for each in settings])
        self.site = self.sites.all[0]
        try:
            self._listener = listener or listen(host, port, self.config.backlog)
        except OSError:
            self.sites.close()
            raise
        address: tuple[str, int] = self._listener.getsockname()[:2]
        self.host, self.port = address
        self.access_log = AccessLog(access_log)
        self.offload = Offload(self.config.programs, self.call_in_loop)
        self._clients: set[Client] = set()
        self._calls: deque[Callable[[], None]] = deque()
        self._stopping = False
        self._accepting = False
        self._next_sweep = float("inf")
        self._date = (0, b"")
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wakened, selectors.EVENT_READ, None)

    # What clients need (see `client.Loop`)

    def now(self) -> float:
        return time.monotonic()

    def http_date(self) -> bytes:
        """The Date field's value, made once a second."""
        second = self.site.clock()
        if second != self._date[0]:
            self._date = (second, dates.format_http_date(second))
        return self._date[1]

    def watch(self, client: Client) -> None:
        wanted = selectors.EVENT_READ * client.wants_read | selectors.EVENT_WRITE * client.wants_write
        if wanted != client.interest:
            if client.interest == 0:
                self._selector.register(client.sock, wanted, client)
            elif wanted == 0:
                self._selector.unregister(client.sock)
            else:
                self._selector.modify(client.sock, wanted, client)
            client.interest = wanted
        if client.deadline < self._next_sweep:
            self._next_sweep = client.deadline

    def forget(self, client: Client) -> None:
        if client.interest:
            self._selector.unregister(client.sock)
            client.interest = 0
        self._clients.discard(client)
        if not self._accepting:
            self._next_sweep = min(self._next_sweep, self.now())

    def report(self, error: Exception) -> None:
        traceback.print_exception(error, file=sys.stderr)

    def log(self, client: Client, request: Request | None, status: int, sent: int) -> None:
        if self.access_log.stream is not None:
            line = client.core.request_line if request is None else request_line(request)
            self.access_log.write(client.address[0], self.site.clock(), line, status, sent, request)

    def call_in_loop(self, call: Callable[[], None]) -> None:
        """Have the loop's thread call it soon.  Safe from every thread."""
        self._calls.append(call)
        # A full pipe means that a wake-up is under way already.
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b"\0")

    # Life

    def run(self) -> None:
        """Serve until `stop`; all resources are released at the end."""
        try:
            self._set_accepting(True)
            while not self._stopping:
                self._turn()
            self._finish()
        finally:
            self._release()

    def stop(self) -> None:
        def begin() -> None:
            self._stopping = True

        self.call_in_loop(begin)

    def _turn(self) -> None:
        wait = None if self._next_sweep == float("inf") else max(self._next_sweep - self.now(), 0)
        for key, events in self._selector.select(wait):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, Client):
                writable = bool(events & selectors.EVENT_WRITE)
                self.guarded(key.data, key.data.advance if writable else key.data.on_readable)
            else:
                self._run_calls()
        if self.now() >= self._next_sweep:
            self._sweep()

    def guarded(self, client: Client, action: Callable[[], None]) -> None:
        """A fault met on one connection ends that connection, not the server."""
        try:
            action()
        except Exception as error:
            self.report(error)
            client.close()

    def _run_calls(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        while self._calls:
            self._calls.popleft()()

    def _sweep(self) -> None:
        """End what is overdue and find the next deadline."""
        now = self.now()
        self._next_sweep = float("inf")
        for client in list(self._clients):
            if client.deadline <= now:
                self.guarded(client, client.on_timeout)
        earliest = min((client.deadline for client in self._clients), default=float("inf"))
        self._next_sweep = max(earliest, now + SWEEP_SECONDS)
        self._set_accepting(not self._stopping and len(self._clients) < self.config.connections)

    def _set_accepting(self, accepting: bool) -> None:
        if accepting and not self._accepting:
            self._selector.register(self._listener, selectors.EVENT_READ, None)
        elif self._accepting and not accepting:
            self._selector.unregister(self._listener)
        self._accepting = accepting

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if len(self._clients) >= self.config.connections:
                self._set_accepting(False)
                return
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                print(f"cannot accept a connection: {error.strerror}", file=sys.stderr)
                self._set_accepting(False)
                self._next_sweep = min(self._next_sweep, self.now() + ACCEPT_PAUSE_SECONDS)
                return
            self._welcome(sock, address)

    def _welcome(self, sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Client(self, sock, address[:2], sock.getsockname()[:2])
        self._clients.add(client)
        self.watch(client)

    def _finish(self) -> None:
        """Answer what was begun, for a short while."""
        self._set_accepting(False)
        ends = self.now() + self.config.timeouts.grace
        for client in list(self._clients):
            self.guarded(client, client.drain)
        while self._clients and self.now() < ends:
            self._next_sweep = min(self._next_sweep, ends)
            self._turn()

    def _release(self) -> None:
        for client in list(self._clients):
            client.close()
        self.sites.abandon_programs()
        self.offload.close()
        self._run_calls()
        self._selector.close()
        for sock in (self._listener, self._waker, self._wakened):
            sock.close()
        self.sites.close()


def request_line(request: Request) -> bytes:
    version = b"HTTP/%d.%d" % request.version
    return b" ".join((request.method.encode("ascii"), request.target, version))


def serve(
    sites: str | Sequence[SiteSettings],
    host: str = "127.0.0.1",
    port: int = 0,
    config: Config | None = None,
    access_log: TextIO | None = None,
) -> Server:
    """A server that is bound and listening, and starts to answer when its `run` is called."""
    return Server(sites, host, port, config, access_log)
