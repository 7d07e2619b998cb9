"""What a script comes to on the wire, for who plays it by hand with several connections."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.script import NEW, Script, Step, Verb
from conformance.fuzz.message import FieldLine, Request
from conformance.probe import Abort, Action, AwaitAny, HalfClose, Receive, Send
from conformance.verdict import Company

EXPECTATION = FieldLine(b"Expect", b"100-continue")
OPEN = Send(b"")
"""Nothing is sent, but the line is opened."""


def expecting(request: Request) -> Request:
    """The request as who wants a 100 before he sends the content makes it (RFC 9110 §10.1.1)."""
    return replace(request, fields=(*request.fields[:1], EXPECTATION, *request.fields[1:]))


def together(script: Script, repertoire: Repertoire) -> Company:
    """What is done on each line, in order; empty where one line is all there is, or a file is changed meanwhile."""
    if len({step.line for step in script} - {"", NEW}) < 2 or any(step.verb is Verb.CHANGE for step in script):
        return ()
    return tuple(_Hand(repertoire).play(script))


class _Hand:
    """Keeps account of what is left of each line's request, and of how many answers are owed on it."""

    def __init__(self, repertoire: Repertoire) -> None:
        self.pieces = repertoire.pieces
        self.rest: defaultdict[str, bytes] = defaultdict(bytes)
        self.owed: Counter[str] = Counter()

    def play(self, script: Script) -> Iterator[tuple[str, Action]]:
        for step in script:
            for action in self._actions(step):
                yield step.line, action

    def _actions(self, step: Step) -> Iterator[Action]:
        requests = [self.pieces[index].request for index in step.pieces]
        match step.verb:
            case Verb.OPEN:
                self.rest[step.line], self.owed[step.line] = b"", 0
                yield OPEN
            case Verb.SEND:
                yield from self._send(step.line, b"".join(request.data for request in requests), len(requests))
            case Verb.BEGIN:
                self.rest[step.line] = requests[0].data[step.cut :]
                yield Send(requests[0].data[: step.cut])
            case Verb.GO_ON | Verb.FINISH:
                rest = self.rest[step.line]
                count = step.cut if step.verb is Verb.GO_ON else len(rest)
                self.rest[step.line] = rest[count:]
                if rest[:count]:
                    yield from self._send(step.line, rest[:count], int(not rest[count:]))
            case Verb.EXPECT:
                yield from self._read(step.line)
                request = expecting(requests[0])
                yield Send(request.head)
                yield AwaitAny()
                yield from self._send(step.line, request.data[len(request.head) :], 1)
                yield from self._read(step.line)
            case Verb.READ:
                yield from self._read(step.line)
            case Verb.VISIT:
                yield OPEN
                yield from self._send(step.line, requests[0].data, 1)
                yield from self._read(step.line)
            case Verb.ABORT:
                yield Abort()
            case _:
                yield HalfClose()

    def _send(self, line: str, data: bytes, requests: int) -> Iterator[Action]:
        self.owed[line] += requests
        yield Send(data)

    def _read(self, line: str) -> Iterator[Action]:
        if self.owed[line]:
            yield Receive(self.owed[line])
            self.owed[line] = 0
