"""The stage: plays a script on real lines, and stops at the first breach of a rule that is not known to be broken."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.exchange import Ending
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.example import MOMENT
from conformance.fuzz.health import DEATH
from conformance.fuzz.machines.changing import Changing
from conformance.fuzz.machines.judgement import ABORT, Judge
from conformance.fuzz.machines.repertoire import Connect, Repertoire, alone
from conformance.fuzz.machines.script import Script, Step, Verb
from conformance.fuzz.machines.together import expecting
from conformance.fuzz.message import Request
from conformance.fuzz.properties import Breach
from conformance.predicates import found
from conformance.response import Response

HALF_CLOSED_PATIENCE = 0.1
"""Nothing is owed after a half-close, so nobody waits long for it."""
UNANSWERED = "expect.100-or-final"
VISITS = 2
"""A server may serve one newcomer before it takes note of what it dies of."""
GIVEN = "message.response-given"
"""The rule that is broken by who dies of good requests, all of which draw an answer alone."""
LOSING = ("connection.persistence-supported", "pipelining.requests-not-lost")
VANISHING = (Verb.ABORT, Verb.CLOSE, Verb.HALF_CLOSE)


@dataclass(frozen=True, slots=True)
class Play:
    """What became of a script: how many of its steps were played, and the breach, if there was one.

    ``cut`` tells that a connection ended on which an answer was owed, and ``latency`` how long one took at most.
    """

    steps: int
    breach: Breach | None = None
    dead: bool = False
    cut: bool = False
    latency: float = 0.0


class Stage:
    """Plays scripts. ``settled`` are rules of which nothing more is to be said."""

    def __init__(
        self, connect: Connect, repertoire: Repertoire, settled: set[str], changing: Changing | None = None
    ) -> None:
        self.connect = connect
        self.repertoire = repertoire
        self.settled = settled
        self.changing = changing
        self.patience = 1.0
        self.cut = False
        self.latency = 0.0
        self.vanished: Dialogue | None = None
        """Who has vanished last, perhaps at the end of another script: a server may die of that a little later."""
        self.left = False  # whether anybody has vanished in this script
        self.victim: Dialogue | None = None
        """Who was not answered, or cut off, before anybody vanished."""
        self.judge = Judge(repertoire, self._again, changing)
        self.lines: dict[str, Dialogue] = {}

    def _again(self, number: int) -> Response | None:
        return self._ask(self.repertoire.pieces[number].request)

    def play(self, script: Script, patience: float) -> Play:
        """Play a script from the beginning, with so much patience."""
        self.patience = patience
        self.cut = False
        self.latency = 0.0
        self.lines = {}
        self.left = False
        self.victim = None
        if self.changing is not None:
            self.changing.begin()
        try:
            for number, step in enumerate(script, 1):
                if step.verb is Verb.VISIT:
                    if not self._visited(step):
                        return Play(number, self._first((self._death(),)), dead=True)
                    continue
                breach = self._first(self._do(step))
                if breach is not None:
                    silent = breach.finding.exchange.ending is Ending.SILENT
                    self._starved(self.lines.get(step.line) if silent else None)
                    if silent and not self._visited(script[-1]):
                        return Play(number, self._first((self._death(),)), dead=True)
                    return Play(number, breach, cut=self.cut)
            return Play(len(script), cut=self.cut, latency=self.latency)
        finally:
            for dialogue in self.lines.values():
                dialogue.close()

    def _first(self, breaches: Iterable[Breach]) -> Breach | None:
        return next((breach for breach in breaches if breach.rule not in self.settled), None)

    def _do(self, step: Step) -> Iterator[Breach]:
        if step.verb is Verb.OPEN:
            if step.line in self.lines:
                self.lines[step.line].close()
            self.lines[step.line] = self.connect()
            return
        if step.verb is Verb.CHANGE:
            if self.changing is not None:
                self.changing.change(step.cut, self._ask)
            return
        dialogue = self.lines.get(step.line)
        if dialogue is None or dialogue.over:
            return
        if step.verb in VANISHING:
            self._endanger(dialogue)
            self._leave(dialogue)
        match step.verb:
            case Verb.SEND:
                dialogue.say(*(self._asked(index) for index in step.pieces))
            case Verb.BEGIN:
                dialogue.begin(self._asked(step.pieces[0]), step.cut)
            case Verb.GO_ON | Verb.FINISH:
                yield from self._more(dialogue, step.cut if step.verb is Verb.GO_ON else None)
            case Verb.EXPECT:
                yield from self._expect(dialogue, step.pieces[0], step.cut)
            case Verb.READ:
                yield from self._read(dialogue)
            case Verb.HALF_CLOSE:
                dialogue.half_close()
            case Verb.ABORT:
                dialogue.abort()
            case _:
                dialogue.close()

    def _asked(self, number: int) -> Asked:
        asked = Asked(number, self.repertoire.pieces[number].request)
        asked.version = self.changing.number if self.changing is not None else 0
        return asked

    def _ask(self, request: Request) -> Response | None:
        return alone(self.connect, request, self.patience)

    def _endanger(self, vanishing: Dialogue) -> None:
        """Take note of the others to which answers are owed while a client vanishes."""
        for dialogue in self.lines.values():
            if dialogue is not vanishing and not dialogue.over and not dialogue.half_closed:
                dialogue.line.wait(0)
                owing = dialogue.transcript.complete < dialogue.owed and dialogue.line.ending is None
                dialogue.endangered = dialogue.endangered or owing

    def _leave(self, vanishing: Dialogue) -> None:
        """Take note of who vanishes, unless the server has ended the connection before."""
        vanishing.line.wait(0)
        if vanishing.line.ending in (None, Ending.OURS):
            self.vanished, self.left = vanishing, True

    def _starved(self, dialogue: Dialogue | None) -> None:
        """Take note of who was not answered, though nobody had vanished in this script: that was no death by it."""
        if dialogue is not None and not self.left and self.victim is None:
            self.vanished, self.victim = None, dialogue

    def _more(self, dialogue: Dialogue, count: int | None) -> Iterator[Breach]:
        """Send more of a request, unless it has been answered already."""
        dialogue.line.wait(0)
        if dialogue.transcript.complete >= len(dialogue.asked) or dialogue.line.ending is not None:
            yield from self.judge.come(dialogue)
        if not dialogue.over:
            dialogue.go_on(count)

    def _read(self, dialogue: Dialogue) -> Iterator[Breach]:
        patience = HALF_CLOSED_PATIENCE if self._owes_nothing(dialogue) else self.patience
        began = time.monotonic()
        answered = dialogue.listen(patience, to_end=dialogue.pending is None or dialogue.half_closed)
        if answered:
            self.latency = max(self.latency, time.monotonic() - began)
        yield from self.judge.come(dialogue)
        if not answered and not dialogue.over:
            dialogue.over = dialogue.last is not None or dialogue.owed > dialogue.transcript.complete
            if not self._known_to_fall_silent(dialogue):
                yield from self.judge.silence(dialogue, patience)
        elif dialogue.line.ending is not None:
            yield from self._cut(dialogue)
            dialogue.over = True

    def _cut(self, dialogue: Dialogue) -> Iterator[Breach]:
        """A connection has ended, though a whole request on it was not answered: of another client's vanishing?"""
        ended = dialogue.line.ending in (Ending.CLOSED, Ending.RESET)
        owing = dialogue.transcript.complete < dialogue.owed
        if not ended or dialogue.over or dialogue.half_closed or dialogue.overrun or not owing:
            return
        self.cut = True
        self._starved(dialogue)
        unread = any(asked.request.content for asked in dialogue.asked[: dialogue.transcript.complete + 1])
        if dialogue.endangered and not unread:  # who does not read a content may close instead (RFC 9112 §9.3)
            message = "When one client vanishes, another one is cut off whose request was not answered yet."
            yield Breach(ABORT, found(dialogue.exchange(), message, expected="the answer to who has not vanished"))

    @staticmethod
    def _owes_nothing(dialogue: Dialogue) -> bool:
        return dialogue.half_closed and not (dialogue.pending is not None and dialogue.pending.head_sent)

    def _expect(self, dialogue: Dialogue, number: int, cut: int) -> Iterator[Breach]:
        yield from self._read(dialogue)
        if dialogue.over or UNANSWERED in self.settled:
            return
        asked = self._asked(number)
        asked.request = expecting(asked.request)
        asked.expects = True
        dialogue.begin(asked, len(asked.request.head))
        asked.pieces = 1
        told = dialogue.await_word(self.patience)
        if not told:
            dialogue.over = True
            if self._known_to_fall_silent(dialogue):
                return
            message = "The server waits for the content, and the client waits for its 100."
            expected = "100 or a final status (RFC 9110 §10.1.1), or a close (RFC 9112 §9.5), before the content comes"
            finding = found(dialogue.exchange(silent=self.patience), message, expected=expected)
            yield Breach(UNANSWERED, finding)
        elif dialogue.continued:
            if cut:
                dialogue.go_on(cut)
                dialogue.rest(MOMENT)
            dialogue.go_on()
            yield from self._read(dialogue)
        else:
            yield from self.judge.come(dialogue)
            dialogue.over = True  # who was answered before the content has come need not send it

    def _known_to_fall_silent(self, dialogue: Dialogue) -> bool:
        """Whether the silence may be the one that has been told: of a server that loses what is not the first."""
        return len(dialogue.asked) > 1 and not self.settled.isdisjoint(LOSING)

    def _visited(self, step: Step) -> bool:
        """Whether newcomers are served."""
        number = step.pieces[0] if step.verb is Verb.VISIT else 0
        return all(self._again(number) is not None for _ in range(VISITS))

    def _death(self) -> Breach:
        vanished, self.vanished = self.vanished, None
        dialogue = vanished or self.victim or next(iter(self.lines.values()), None) or self.connect()
        gone = vanished is not None
        message = "The next client is not served."
        finding = found(
            dialogue.exchange(killed=True),
            message,
            expected="an answer to a plain GET on a new connection",
            observed="a server that is dead or deaf afterwards",
        )
        told = not self.settled.isdisjoint((GIVEN, DEATH))  # what it dies of may be what is known
        return Breach(ABORT if gone else DEATH if told else GIVEN, finding)
