"""Who comes in: the listening sockets, how many clients there is room for, and whose turn it is among workers.

When all places are taken, connections on which nothing has happened for a while make room; if there are none, whoever
comes has to wait in the system's backlog.  The door is shut for a moment when the system has no descriptor left, and
while another worker holds fewer connections (see `share`), but never so long that a connection waits for a worker that
is stuck.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from reference_server.drivers import logs
from reference_server.drivers.pace import FOREVER
from reference_server.drivers.poller import READABLE, Poller
from reference_server.drivers.share import Seat

ACCEPTS_PER_TURN = 64
# How long to leave the backlog alone after the system had no descriptor left, or while others are to take a connection.
PAUSE_SECONDS = 0.5
YIELD_SECONDS = 0.005


class House(Protocol):
    """What is behind the door; `time` is that of the current turn of its loop."""

    time: float

    def has_room(self) -> bool:
        """Whether one more client fits, if need be in the place of an idle one."""
        ...

    def make_room(self) -> bool:
        """Have some idle clients leave; False if there are none."""
        ...

    def welcome(self, sock: socket.socket, address: tuple[str, int]) -> None: ...


class Door:
    """Open or shut; after `open_again` (a time of the loop) the loop opens it again."""

    def __init__(self, house: House, listeners: Sequence[socket.socket], poller: Poller, seat: Seat | None) -> None:
        self.is_open = False
        self.open_again = FOREVER
        self._house = house
        self._poller = poller
        self._seat = seat
        self._has_yielded = False
        self._listeners = {listener.fileno(): listener for listener in listeners}
        # `socket.accept` looks this up again for each connection, by way of enumerations, which costs as much as the
        # call itself; so what it wraps is called instead.
        self._kinds = {fd: (int(each.family), int(each.type), each.proto) for fd, each in self._listeners.items()}
        for listener in listeners:
            # Clients' sockets inherit it: no piece of a reply waits for the acknowledgement of the one before.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def open(self) -> None:
        self.open_again = FOREVER
        self._change(True, self._poller.register)

    def shut(self) -> None:
        self.open_again = FOREVER
        self._change(False, lambda listener, _events: self._poller.unregister(listener))

    def _change(self, is_open: bool, tell: Callable[[socket.socket, int], None]) -> None:
        if is_open is not self.is_open:
            self.is_open = is_open
            for listener in self._listeners.values():
                tell(listener, READABLE)

    def pause(self, seconds: float) -> None:
        self.shut()
        self.open_again = self._house.time + seconds

    def somebody_left(self) -> None:
        """A place is free, and a descriptor: no pause need last any longer."""
        if self._seat is not None:
            self._seat.closed()
        if self.open_again < FOREVER:
            self.open_again = self._house.time

    def leave(self) -> None:
        """No other worker has to wait for this one any more."""
        self.shut()
        if self._seat is not None:
            self._seat.leave()

    def attend(self, fd: int) -> None:
        """Let in who waits at the listening socket, if it is one."""
        listener = self._listeners.get(fd)
        if listener is None or not self.is_open:
            return
        for _ in range(ACCEPTS_PER_TURN):
            if not self._may_accept():
                return
            try:
                accepted, address = listener._accept()  # type: ignore[attr-defined]  # in every CPython, in no stub
                sock = socket.socket(*self._kinds[fd], fileno=accepted)
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                logs.say(f"cannot accept a connection: {error.strerror}")
                self._house.make_room()
                self.pause(PAUSE_SECONDS)
                return
            if self._seat is not None:
                self._seat.connected()
            self._house.welcome(sock, address)

    def _may_accept(self) -> bool:
        if not self._house.has_room():
            self.pause(PAUSE_SECONDS)
            return False
        if self._seat is not None and not self._has_yielded and not self._seat.may_accept():
            self._has_yielded = True
            self.pause(YIELD_SECONDS)
            return False
        self._has_yielded = False
        return True

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
