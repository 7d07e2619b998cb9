"""The stage: plays a script on real lines, and stops at the first breach of a rule that is not known to be broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.hunt import DEATH
from conformance.fuzz.machines.judgement import ABORT, Judge
from conformance.fuzz.machines.repertoire import Connect, Repertoire, alone
from conformance.fuzz.machines.script import Script, Step, Verb
from conformance.fuzz.message import FieldLine
from conformance.fuzz.properties import Breach
from conformance.predicates import found
from conformance.response import Response

HALF_CLOSED_PATIENCE = 0.1
"""Nothing is owed after a half-close, so nobody waits long for it."""
EXPECTATION = FieldLine(b"Expect", b"100-continue")
UNANSWERED = "expect.100-or-final"
LOSING = ("connection.persistence-supported", "pipelining.requests-not-lost")
VANISHING = (Verb.ABORT, Verb.CLOSE, Verb.HALF_CLOSE)


@dataclass(frozen=True, slots=True)
class Play:
    """What became of a script: how many of its steps were played, and the breach, if there was one."""

    steps: int
    breach: Breach | None = None
    dead: bool = False


class Stage:
    """Plays scripts. ``settled`` are rules of which nothing more is to be said."""

    def __init__(self, connect: Connect, repertoire: Repertoire, settled: set[str]) -> None:
        self.connect = connect
        self.repertoire = repertoire
        self.settled = settled
        self.patience = 1.0
        self.judge = Judge(repertoire, self._again)
        self.lines: dict[str, Dialogue] = {}

    def _again(self, number: int) -> Response | None:
        return alone(self.connect, self.repertoire.pieces[number].request, self.patience)

    def play(self, script: Script, patience: float) -> Play:
        """Play a script from the beginning, with so much patience."""
        self.patience = patience
        self.lines = {}
        vanished: Dialogue | None = None
        try:
            for number, step in enumerate(script, 1):
                if step.verb is Verb.VISIT:
                    if not self._visited(step):
                        return Play(number, self._death(vanished), dead=True)
                    continue
                breach = self._first(self._do(step))
                if breach is not None:
                    return Play(number, breach)
                if step.verb in VANISHING:
                    vanished = self.lines.get(step.line, vanished)
            return Play(len(script))
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
        dialogue = self.lines.get(step.line)
        if dialogue is None or dialogue.over:
            return
        match step.verb:
            case Verb.SEND:
                dialogue.say(*(self._asked(index) for index in step.pieces))
            case Verb.BEGIN:
                dialogue.begin(self._asked(step.pieces[0]), step.cut)
            case Verb.GO_ON | Verb.FINISH:
                yield from self._more(dialogue, step.cut if step.verb is Verb.GO_ON else None)
            case Verb.EXPECT:
                yield from self._expect(dialogue, step.pieces[0])
            case Verb.READ:
                yield from self._read(dialogue)
            case Verb.HALF_CLOSE:
                dialogue.half_close()
            case Verb.ABORT:
                dialogue.abort()
            case _:
                dialogue.close()

    def _asked(self, number: int) -> Asked:
        return Asked(number, self.repertoire.pieces[number].request)

    def _more(self, dialogue: Dialogue, count: int | None) -> Iterator[Breach]:
        """Send more of a request, unless it has been answered already."""
        dialogue.line.wait(0)
        yield from self.judge.come(dialogue)
        if not dialogue.over:
            dialogue.go_on(count)

    def _read(self, dialogue: Dialogue) -> Iterator[Breach]:
        patience = HALF_CLOSED_PATIENCE if self._owes_nothing(dialogue) else self.patience
        answered = dialogue.listen(patience, to_end=dialogue.pending is None or dialogue.half_closed)
        yield from self.judge.come(dialogue)
        if not answered and not dialogue.over:
            dialogue.over = dialogue.last is not None or dialogue.owed > dialogue.transcript.complete
            if not self._known_to_fall_silent(dialogue):
                yield from self.judge.silence(dialogue, patience)
        elif dialogue.line.ending is not None:
            dialogue.over = True

    @staticmethod
    def _owes_nothing(dialogue: Dialogue) -> bool:
        return dialogue.half_closed and not (dialogue.pending is not None and dialogue.pending.head_sent)

    def _expect(self, dialogue: Dialogue, number: int) -> Iterator[Breach]:
        yield from self._read(dialogue)
        if dialogue.over or UNANSWERED in self.settled:
            return
        asked = self._asked(number)
        request = asked.request
        fields = [*request.fields[:1], EXPECTATION, *request.fields[1:]]
        asked.request = replace(request, fields=tuple(fields))
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
            dialogue.go_on()
            yield from self._read(dialogue)
        else:
            yield from self.judge.come(dialogue)
            dialogue.over = True  # who was answered before the content has come need not send it

    def _known_to_fall_silent(self, dialogue: Dialogue) -> bool:
        """Whether the silence may be the one that has been told: of a server that loses what is not the first."""
        return len(dialogue.asked) > 1 and not self.settled.isdisjoint(LOSING)

    def _visited(self, step: Step) -> bool:
        """Whether a newcomer is served."""
        answer = alone(self.connect, self.repertoire.pieces[step.pieces[0]].request, self.patience)
        return answer is not None

    def _death(self, vanished: Dialogue | None) -> Breach:
        dialogue = vanished or next(iter(self.lines.values()), None) or self.connect()
        gone = vanished is not None
        message = "The next client is not served."
        finding = found(
            dialogue.exchange(killed=True),
            message,
            expected="an answer to a plain GET on a new connection",
            observed="a server that is dead or deaf afterwards",
        )
        return Breach(ABORT if gone else DEATH, finding)
