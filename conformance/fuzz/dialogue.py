"""Dialogues: one connection with the requests that were made on it, and the answers that are still owed.

A dialogue keeps account and judges nothing. A server may end a connection at any time (RFC 9112 §9.5); until then it
owes one final response to each whole request, in order (RFC 9112 §9.3.2).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from conformance.connections import is_http10, says_close
from conformance.exchange import Ending, Exchange
from conformance.fuzz.message import Request
from conformance.line import Line
from conformance.probe import Abort, Action, AwaitAny, HalfClose, Pause, Probe, Receive, Send
from conformance.reading import Stream, transcribe
from conformance.response import Response, Transcript
from conformance.rule import Risk

DRIPPING = 3.0
"""Who takes so many times the patience for answers that others give at once is not judged."""


@dataclass
class Asked:
    """One request on a connection; ``rest`` is what has not been sent of it."""

    number: int
    request: Request
    rest: bytes = b""
    pieces: int = 1
    joined: bool = False
    """Whether it came in one piece with the request before it."""
    expects: bool = False
    """Whether it asks for a 100 before its content is sent."""
    version: int = 0
    """The number of the last version that the page which changes had when the request was sent."""

    @property
    def closes(self) -> bool:
        """Whether it says that it is the last one."""
        return any(b"close" in value.lower() for value in self.request.values(b"Connection"))

    @property
    def old(self) -> bool:
        """Whether it is of HTTP/1.0, which closes by default."""
        return self.request.version == b"HTTP/1.0"

    @property
    def head_sent(self) -> bool:
        """Whether its empty line has been sent."""
        return len(self.request.data) - len(self.rest) >= len(self.request.head)


class Dialogue:
    """A line, what was asked on it, and what has come. ``over``: nobody looks at it any more."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.asked: list[Asked] = []
        self.actions: list[Action] = []
        self.judged = 0
        self.half_closed = False
        self.aborted = False
        self.over = line.ending is not None
        self.endangered = False
        """Whether another client has vanished while an answer was owed here."""
        self._read: tuple[int, Ending | None, int] | None = None
        self._transcript = Transcript((), (), (0, 0))

    @property
    def methods(self) -> tuple[str, ...]:
        """The method of each request in turn."""
        return tuple(asked.request.method.decode("latin-1") for asked in self.asked)

    @property
    def pending(self) -> Asked | None:
        """The request of which a part has not been sent."""
        return self.asked[-1] if self.asked and self.asked[-1].rest else None

    @property
    def transcript(self) -> Transcript:
        """What has come, as far as nothing may refute it."""
        key = (len(self.line.received), self.line.ending, len(self.asked))
        if key != self._read:
            ended = self.line.ending in (Ending.CLOSED, Ending.RESET)
            stream = Stream.ENDED if ended else Stream.GROWING
            self._transcript = transcribe(bytes(self.line.received), self.methods, stream)
            self._read = key
        return self._transcript

    @property
    def last(self) -> int | None:
        """The index of the request after whose answer the server has to close; None if nobody has said so."""
        responses = self.transcript.responses
        for index, asked in enumerate(self.asked):
            answer = responses[index] if index < len(responses) else None
            if asked.closes or asked.old or (answer is not None and _is_last(answer)):
                return index
        return None

    @property
    def overrun(self) -> bool:
        """Whether we have sent more behind a request that was to be the last, which a client must not (§9.6)."""
        return any(asked.closes or asked.old for asked in self.asked[:-1])

    @property
    def owed(self) -> int:
        """How many final responses have to come in all before the connection may rest."""
        whole = len(self.asked) - (self.pending is not None)
        return whole if self.last is None else min(whole, self.last + 1)

    def say(self, *requests: Asked) -> None:
        """Send requests whole, in one piece."""
        for request in requests:
            request.joined = request is not requests[0] or (bool(self.asked) and self.transcript.complete < self.owed)
        self.asked += requests
        self._send(b"".join(asked.request.data for asked in requests))

    def begin(self, asked: Asked, cut: int) -> None:
        """Send the first ``cut`` octets of a request."""
        asked.rest = asked.request.data[cut:]
        asked.pieces += 1
        self.asked.append(asked)
        self._send(asked.request.data[:cut])

    def go_on(self, count: int | None = None) -> None:
        """Send more of the request that was begun: ``count`` octets, or all."""
        asked = self.pending
        if asked is not None:
            count = len(asked.rest) if count is None else count
            data, asked.rest = asked.rest[:count], asked.rest[count:]
            asked.pieces += 1
            self._send(data)

    def rest(self, seconds: float) -> None:
        """Send nothing for a moment, so that what was sent arrives by itself."""
        self.actions.append(Pause(seconds))
        self.line.wait(seconds)

    def _send(self, data: bytes) -> None:
        self.actions.append(Send(data))
        self.line.send(data)

    def listen(self, patience: float, to_end: bool = False) -> bool:
        """Read until all that is owed has come (and the end, if it has to); False if silence was all that came."""
        if self.owed:  # where nothing is, who plays it by hand would wait in vain
            self.actions.append(Receive(self.owed))
        until = time.monotonic() + patience * DRIPPING
        last = time.monotonic()
        while self.line.ending is None and not self._satisfied(to_end):
            left = min(last + patience, until) - time.monotonic()
            if left <= 0:
                return time.monotonic() >= until
            if self.line.wait(left):
                last = time.monotonic()
        return True

    def _satisfied(self, to_end: bool) -> bool:
        return self.transcript.complete >= self.owed and not (to_end and self.last is not None)

    def await_word(self, patience: float) -> bool:
        """Read until any response to the last request has come, be it an interim one; False if none has."""
        self.actions.append(AwaitAny())
        until = time.monotonic() + patience
        while self.line.ending is None and not self._word():
            left = until - time.monotonic()
            if left <= 0:
                return False
            self.line.wait(left)
        return True

    def _word(self) -> bool:
        transcript = self.transcript
        return transcript.complete >= len(self.asked) or any(interim.complete for interim in transcript.interim)

    @property
    def continued(self) -> bool:
        """Whether the last request has been answered by a 100 and nothing more."""
        statuses = [interim.status for interim in self.transcript.interim if interim.complete]
        return 100 in statuses and self.transcript.complete < len(self.asked)

    def half_close(self) -> None:
        """End our direction."""
        self.half_closed = True
        self.actions.append(HalfClose())
        self.line.half_close()

    def abort(self) -> None:
        """Break off with a reset."""
        self.aborted = self.over = True
        self.actions.append(Abort())
        self.line.abort()

    def close(self) -> None:
        """Let go of the line."""
        self.over = True
        self.line.close()

    def answer(self, index: int) -> Response | None:
        """The final response in this place, if it is whole."""
        responses = self.transcript.responses
        return responses[index] if index < len(responses) and responses[index].complete else None

    def exchange(self, *, silent: float = 0.0, killed: bool = False) -> Exchange:
        """What happened, in the words of the rest of the suite; ``silent`` seconds were waited in vain."""
        risk = Risk.ABORT if self.aborted or self.half_closed or self.pending else Risk.UNUSUAL
        ending = self.line.ending or (Ending.SILENT if silent else Ending.OURS)
        return Exchange(
            probe=Probe(tuple(self.actions), self.methods or ("GET",), risk),
            chunks=tuple(self.line.chunks),
            ending=ending,
            began=self.line.began,
            ended=self.line.elapsed,
            waited=silent,
            send_failed=self.line.send_failed,
            killed=killed,
        )


def _is_last(answer: Response) -> bool:
    """Whether a server has to close after this (RFC 9112 §9.3)."""
    return says_close(answer) or (is_http10(answer) and "keep-alive" not in answer.tokens("connection"))
