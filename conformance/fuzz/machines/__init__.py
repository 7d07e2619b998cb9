"""Stateful machines: a client with several connections at once, and a model of what has to come back on each.

:class:`Theatre` runs them. A script (:mod:`.script`) is written by a Hypothesis rule-based state machine, played on
real lines (:mod:`.stage`) and judged by what the same requests draw alone (:mod:`.repertoire`, :mod:`.judgement`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from conformance.exchange import Ending
from conformance.fuzz.machines.chase import Chase
from conformance.fuzz.machines.house import House
from conformance.fuzz.machines.repertoire import Repertoire, alone, explore, mannered
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import NEW, Script, Step, Verb, suits
from conformance.fuzz.machines.stage import GIVEN, Stage
from conformance.fuzz.manner import bare
from conformance.fuzz.message import Request
from conformance.response import Response

DOUBTS = 3
"""So often may a rule seem broken, and then keep, before it is left alone."""
RULES = frozenset(
    (
        *("connection.close-request-honoured", "connection.http10-closes-by-default"),
        *("connection.no-close-mid-response", "connection.nothing-after-close-request"),
        *("connection.nothing-after-own-close", "connection.own-close-honoured", "connection.persistence-supported"),
        *("connection.survives-client-abort", "error.400-only-for-bad-requests", "expect.100-or-final"),
        *("expect.final-after-100", "expect.no-100-without-expectation", "framing.content-length-exact"),
        *("framing.content-length-delimits-request-body", "framing.no-octets-outside-messages"),
        *("framing.read-body-or-close", "framing.short-body-close", "get.returns-target-representation"),
        *("message.no-reply-before-head-complete", "message.one-final-reply-per-request"),
        *("message.request-in-segments", "message.response-given", "pipelining.requests-not-lost"),
        *("pipelining.responses-in-order", "put.replaces-existing", "status-line.first-octets"),
        "validator.strong-tag-changes-with-data",
    )
)
"""What scripts can show to be broken, beside what single requests show."""
LEAVINGS = ((), (Step(Verb.BEGIN, "A", (0,), 8),))
LOOKS = 2
"""So often is the server asked for everything, if it is found dead after the first time."""
OPENING: tuple[Script, ...] = tuple(
    (Step(Verb.OPEN, "A"), *begun, Step(leaving, "A"), Step(Verb.VISIT, NEW, (0,)))
    for begun in LEAVINGS
    for leaving in (Verb.CLOSE, Verb.ABORT)
)


@dataclass
class Theatre(House):
    """One run of the machine; every rule that is caught is told once, and added to ``settled``."""

    lonely: bool = False
    """Whether each request gets a connection of its own: it is known that several on one go wrong."""
    doubts: Counter[str] = field(default_factory=Counter)
    haunted: bool = False
    """Whether it is known that one client's request leaves the server unwell for the next."""
    left: set[str] | None = None
    """The rules of an earlier run's scripts that have neither held nor failed again; None while none were recalled."""

    def run(self) -> Iterator[Scene]:
        """Look at the server's manners, and play until the budget is spent."""
        yield from self._on_stage(self._run)

    def again(self, recall: Callable[[Repertoire], Iterable[tuple[str, Script]]]) -> Iterator[Scene]:
        """Play what failed in an earlier run, rules and scripts; yields what still fails."""
        yield from self._on_stage(lambda: self._again(list(recall(self.repertoire))))

    def _on_stage(self, playing: Callable[[], Iterator[Scene]]) -> Iterator[Scene]:
        changing = self.changing
        page = changing.page if changing is not None else None
        for _ in range(LOOKS):
            self.repertoire = explore(self.connect, self.ground, self.player.patience.full, page)
            if self._lives():
                break  # otherwise it had died of what was played before, and nobody may be blamed for that now
        if self.gone or not self.repertoire.pieces:
            return
        for piece in self.repertoire.pieces:
            self.player.patience.learn(piece.seconds)
            if changing is not None and piece.changing:
                changing.shown(piece.control.body)
        self.stage = Stage(self.connect, self.repertoire, self.settled, changing)
        yield from self._opening()
        if self.gone:
            return
        self.repertoire = mannered(self.connect, self.repertoire, self.player.patience.quick)
        if self.lonely:
            self.repertoire = replace(self.repertoire, manners=replace(self.repertoire.manners, persistent=False))
        self.stage.repertoire = self.repertoire
        try:
            yield from playing()
        finally:
            if changing is not None:
                changing.restore(self._ask)

    def _opening(self) -> Iterator[Scene]:
        """The simplest scripts of clients that vanish: what a server dies of must not happen while it is explored."""
        for script in OPENING:
            played = self.perform(script, self.player.patience.full)
            if played.dead and played.breach is not None and played.breach.rule not in self.settled:
                scene = Scene(played.breach, script[: played.steps], self.repertoire)
                yield from self._told(Chase(self).proved(scene))
            if self.gone:
                return

    def _run(self) -> Iterator[Scene]:
        while self.repertoire.pieces and self.played < self.budget.examples and not self.late:
            chase = Chase(self)
            chase.explore(self.budget.examples - self.played)
            if chase.caught is None:
                return
            chase.shrink()
            if chase.caught.haunting and (self.haunted or GIVEN in self.settled):
                self.settled.add(chase.caught.breach.rule)  # another sign of the same, or nobody asks
            elif not chase.explained:
                yield from self._told(chase.confirmed())

    def _again(self, kept: list[tuple[str, Script]]) -> Iterator[Scene]:
        self.left = {rule for rule, _ in kept}
        for rule, script in kept:
            if self.late or rule in self.settled or not suits(script, self.repertoire.manners):
                continue
            self.played += 1
            played = self.perform(script, self.player.patience.full)
            if played.breach is None:
                self.left.discard(rule)
                continue
            told = list(self._told(Chase(self).proved(Scene(played.breach, script[: played.steps], self.repertoire))))
            if told:
                self.left.discard(rule)
            yield from told

    def _told(self, scene: Scene) -> Iterator[Scene]:
        """What there is to be told of a failure that was played some times more; of a death even if it came once."""
        rule = scene.breach.rule
        self.tired = self.tired or scene.breach.finding.exchange.ending is Ending.SILENT
        self.doubts[rule] += 1
        if scene.certain or self.doubts[rule] == DOUBTS:
            self.settled.add(rule)
        if scene.certain:
            self.haunted = self.haunted or scene.haunting
            yield scene.shown
        elif self.gone and self.fatal is not None and self.fatal.breach.rule not in self.settled:
            yield self.fatal.shown
        elif scene.fatal and self.doubts[rule] == 1:
            yield scene.shown

    def _lives(self) -> bool:
        """Whether a plain GET is answered; if not, the server is brought back."""
        if self._ask(bare(self.ground)[0]) is not None:
            return True
        self.gone = not self.player.revive()
        return False

    def _ask(self, request: Request) -> Response | None:
        return alone(self.connect, request, self.player.patience.full)

    @property
    def pending(self) -> bool:
        """Whether scripts are left that were to be played."""
        return not self.gone and self.played < self.budget.examples
