"""The wire: the only module that touches sockets. It plays a probe and writes down what happened; it judges nothing.

Patience: an answer is awaited for ``quick`` seconds of silence, which follows the slowest of the last answers. So a
loaded machine or a slow server widens it by itself, and one slow page does not make every later silence dear. The full
patience is for confirming a silence that matters.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import assert_never

from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Abort, AwaitAny, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.reading import Stream, transcribe
from conformance.response import DefectKind, Framing

READ_SIZE = 262_144
FLOOD_LIMIT = 16 * 1024 * 1024
SHORTEST_PATIENCE = 0.3
LATENCY_FACTOR = 12
REMEMBERED = 32
OVERALL_FACTOR = 1.5


@dataclass
class Patience:
    """How long to wait for octets, in seconds: at most ``full``, as a rule ``quick``."""

    full: float
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED), init=False)

    def learn(self, latency: float) -> None:
        """Take note of the time that an answer took to begin."""
        self.latencies.append(latency)

    @property
    def quick(self) -> float:
        """A silence long enough to stop waiting where nothing hangs on it."""
        if not self.latencies:
            return self.full
        return min(self.full, max(SHORTEST_PATIENCE, LATENCY_FACTOR * max(self.latencies)))


class Wire:
    """Plays probes against one address, one connection at a time."""

    def __init__(self, host: str, port: int, patience: Patience) -> None:
        self.host = host
        self.port = port
        self.patience = patience

    def play(
        self, probe: Probe, *, patience: float | None = None, meanwhile: Callable[[], None] | None = None
    ) -> Exchange:
        """Play ``probe``; ``patience`` (seconds) overrides the quick one. Never raises for what the server does.

        ``meanwhile`` is called once, while the server is at work.
        """
        granted = self.patience.quick if patience is None else patience
        began = time.time()
        start = time.monotonic()
        try:
            connection = socket.create_connection((self.host, self.port), timeout=self.patience.full)
        except OSError:
            return Exchange(probe, (), Ending.REFUSED, began, time.monotonic() - start)
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            played = _Play(connection, probe, granted, self.patience.full * OVERALL_FACTOR, meanwhile)
            ending = played.run()
        whole = ending in (Ending.OURS, Ending.CLOSED)  # who only drips teaches nothing
        if whole and played.chunks and played.first_sent is not None:
            self.patience.learn(max(0.0, played.chunks[0].at - played.first_sent))
        return Exchange(
            probe=probe,
            chunks=tuple(played.chunks),
            ending=ending,
            began=began,
            ended=time.monotonic() - start,
            waited=granted if ending is Ending.SILENT else 0.0,
            send_failed=played.send_failed,
        )


class _Play:
    """One probe on one connection."""

    def __init__(
        self,
        connection: socket.socket,
        probe: Probe,
        granted: float,
        overall: float,
        meanwhile: Callable[[], None] | None,
    ) -> None:
        self.connection = connection
        self.probe = probe
        self.granted = granted
        self.meanwhile = meanwhile
        self.start = time.monotonic()
        pauses = sum(action.seconds for action in probe.actions if isinstance(action, Pause))
        self.deadline = self.start + max(overall, granted) + pauses
        self.chunks: list[Chunk] = []
        self.buffer = bytearray()
        self.worth_reading = 1  # so many octets must have come before another response can be whole
        self.first_sent: float | None = None
        self.send_failed = False
        self.broken_off = False  # a send has swallowed the reset: what is read next looks like an end
        self.ending: Ending | None = None

    def run(self) -> Ending:
        """Do every action; the first ending that the server brings about stands."""
        for action in self.probe.actions:
            match action:
                case Send(data):
                    self._send(data)
                case Pause(seconds):
                    self._read_for(seconds)
                case Receive(count):
                    self._read_until(count)
                case AwaitAny():
                    self._read_any()
                case AwaitEnd():
                    self._read_until(None)
                case HalfClose():
                    self._half_close()
                case Abort():
                    self._abort()
                case _:
                    assert_never(action)
        return self.ending or Ending.OURS

    def _send(self, data: bytes) -> None:
        """Write all, reading meanwhile, so that neither side waits for the other for ever."""
        rest = self._sent_at_once(data)
        last = time.monotonic()
        while rest and not self.send_failed and self.ending is None:
            wait = min(last + self.granted, self.deadline) - time.monotonic()
            if wait <= 0:
                self.send_failed = True
                return
            readable, writable, _ = select.select([self.connection], [self.connection], [], wait)
            if readable:
                self._take()
            if writable and self.ending is not Ending.RESET:
                try:
                    rest = self._sent(rest)
                except BlockingIOError:
                    continue
                except OSError:
                    self.send_failed = True
                last = time.monotonic()
        if self.ending is not None and rest:
            self.send_failed = True
        if self.first_sent is None:
            self.first_sent = time.monotonic() - self.start

    def _sent_at_once(self, data: bytes) -> memoryview:
        """Write as much as the connection takes without waiting; returns the rest."""
        rest = memoryview(data)
        if self.ending is None and not self.send_failed:
            with suppress(OSError):  # what is wrong shows where it is waited for
                rest = self._sent(rest)
        return rest

    def _sent(self, rest: memoryview) -> memoryview:
        """Write what the connection takes; returns the rest. Raises OSError, and remembers a reset."""
        try:
            return rest[self.connection.send(rest) :]
        except ConnectionResetError:
            self.broken_off = True
            raise

    def _read_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.ending is not None:
                return
            self._wait(left)

    def _read_until(self, count: int | None) -> None:
        """Read until ``count`` final responses are whole, or (None) until the connection ends."""
        last = time.monotonic()
        while self.ending is None:
            if count is not None and self._complete(count):
                return
            now = time.monotonic()
            left = min(last + self.granted, self.deadline) - now
            if left <= 0:
                self.ending = Ending.FLOOD if now >= self.deadline and self.chunks else Ending.SILENT
                return
            if self._wait(left):
                last = time.monotonic()

    def _read_any(self) -> None:
        """Read until one more response is whole, be it an interim one; silence is no ending here."""
        until = min(time.monotonic() + self.granted, self.deadline)
        before = self._responses()
        while self.ending is None and self._responses() == before and (left := until - time.monotonic()) > 0:
            self._wait(left)

    def _responses(self) -> int:
        transcript = transcribe(bytes(self.buffer), self.probe.methods, Stream.GROWING)
        answered = [*transcript.interim, *(response for final in transcript.responses for response in final.interim)]
        return transcript.complete + sum(1 for response in answered if response.complete)

    def _complete(self, count: int) -> bool:
        if len(self.buffer) < self.worth_reading:
            return False
        transcript = transcribe(bytes(self.buffer), self.probe.methods, Stream.GROWING)
        last = transcript.responses[-1] if transcript.responses else None
        if last is not None and last.framing is Framing.CLOSE and not last.defect(DefectKind.NO_EMPTY_LINE):
            self.worth_reading = FLOOD_LIMIT  # only the end of the connection makes it whole
        return transcript.complete >= count

    def _wait(self, seconds: float) -> bool:
        """Take what comes within ``seconds``; whether anything came."""
        if self.meanwhile is not None:
            work, self.meanwhile = self.meanwhile, None
            work()
        readable, _, _ = select.select([self.connection], [], [], max(0.0, seconds))
        if readable:
            self._take()
        return bool(readable)

    def _take(self) -> None:
        try:
            data = self.connection.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.ending = Ending.RESET
            return
        if not data:
            self.ending = Ending.RESET if self.broken_off else Ending.CLOSED
            return
        self.chunks.append(Chunk(time.monotonic() - self.start, data))
        self.buffer += data
        if len(self.buffer) > FLOOD_LIMIT:
            self.ending = Ending.FLOOD

    def _half_close(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self.send_failed = True

    def _abort(self) -> None:
        """Close at once with a reset: linger on, zero seconds."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.ending = self.ending or Ending.OURS
