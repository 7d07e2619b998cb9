"""Lines: connections that stay in the caller's hand, for whoever plays on several at once. The second door to sockets.

:mod:`conformance.wire` plays a whole probe on one connection; here each action is a call of its own, and other lines
may be used in between. What happened is written down in the same words, so that an exchange can be made of it.
"""

from __future__ import annotations

import select
import socket
import struct
import time

from conformance.exchange import Chunk, Ending

READ_SIZE = 262_144
FLOOD_LIMIT = 4 * 1024 * 1024


class Line:
    """One connection. Nothing here raises for what the server does: ``ending`` tells how it ended, if it did."""

    def __init__(self, host: str, port: int, patience: float) -> None:
        self.began = time.time()
        self.start = time.monotonic()
        self.patience = patience
        self.chunks: list[Chunk] = []
        self.received = bytearray()
        self.ending: Ending | None = None
        self.send_failed = False
        self.broken_off = False  # a send has swallowed the reset: what is read next looks like an end
        self.socket: socket.socket | None = None
        try:
            self.socket = socket.create_connection((host, port), timeout=patience)
        except OSError:
            self.ending = Ending.REFUSED
            return
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    @property
    def elapsed(self) -> float:
        """Seconds since the connection was asked for."""
        return time.monotonic() - self.start

    def send(self, data: bytes) -> None:
        """Write all, reading meanwhile, so that neither side waits for the other for ever."""
        rest = memoryview(data)
        last = time.monotonic()
        while rest and self.socket is not None and self.ending is None and not self.send_failed:
            try:
                rest = rest[self.socket.send(rest) :]
                last = time.monotonic()
            except BlockingIOError:
                self._make_room(last)
            except ConnectionResetError:
                self.send_failed = self.broken_off = True
            except OSError:
                self.send_failed = True
        self.send_failed = self.send_failed or bool(rest)

    def _make_room(self, last: float) -> None:
        left = last + self.patience - time.monotonic()
        if self.socket is None or left <= 0:
            self.send_failed = True
            return
        readable, _, _ = select.select([self.socket], [self.socket], [], left)
        if readable:
            self._take()

    def wait(self, seconds: float) -> bool:
        """Take what comes within ``seconds``, be it the end; whether anything came."""
        if self.socket is None or self.ending is not None:
            return False
        readable, _, _ = select.select([self.socket], [], [], max(0.0, seconds))
        if readable:
            self._take()
        return bool(readable)

    def _take(self) -> None:
        if self.socket is None:
            return
        try:
            data = self.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._end(Ending.RESET)
            return
        if not data:
            self._end(Ending.RESET if self.broken_off else Ending.CLOSED)
            return
        self.chunks.append(Chunk(self.elapsed, data))
        self.received += data
        if len(self.received) > FLOOD_LIMIT:
            self.ending = Ending.FLOOD

    def _end(self, ending: Ending) -> None:
        """The server has ended it, and may be waiting for us to let go as well."""
        self.ending = ending
        self.close()

    def half_close(self) -> None:
        """End our direction, and go on listening."""
        if self.socket is None:
            return
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.send_failed = True

    def abort(self) -> None:
        """Break off with a reset: linger on, zero seconds."""
        if self.socket is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.ending = self.ending or Ending.OURS
