"""Stateful machines: a client with several connections at once, and a model of what has to come back on each.

:class:`Theatre` runs them. A script (:mod:`.script`) is written by a Hypothesis rule-based state machine, played on
real lines (:mod:`.stage`) and judged by what the same requests draw alone (:mod:`.repertoire`, :mod:`.judgement`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from conformance.check import CATALOGUE
from conformance.exchange import Ending
from conformance.fuzz import dice
from conformance.fuzz.chase import REPEATS
from conformance.fuzz.dialogue import Dialogue
from conformance.fuzz.example import Ground
from conformance.fuzz.machines.changing import Changing
from conformance.fuzz.machines.reduce import apart, reduce
from conformance.fuzz.machines.repertoire import Repertoire, alone, explore, mannered
from conformance.fuzz.machines.scene import Scene, of_vanishing, without_vanishing
from conformance.fuzz.machines.script import NEW, Script, Step, Verb, Writer, suits
from conformance.fuzz.machines.stage import Play, Stage
from conformance.fuzz.message import Request
from conformance.fuzz.player import Budget
from conformance.line import Line
from conformance.response import Response
from conformance.wire import Patience, Wire

STEPS = 10
SURE = 2
"""So often must a smaller script fail: what the network joins by chance is not to be relied on."""
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
OPENING: tuple[Script, ...] = tuple(
    (Step(Verb.OPEN, "A"), *begun, Step(leaving, "A"), Step(Verb.VISIT, NEW, (0,)))
    for begun in LEAVINGS
    for leaving in (Verb.CLOSE, Verb.ABORT)
)


class Player(Protocol):
    """What the machine needs of a target: see :class:`conformance.target.Target`."""

    wire: Wire
    patience: Patience

    def revive(self) -> bool:
        """Bring the server back; whether it is."""


class _Wrong(Exception):
    """Tells Hypothesis that a script failed."""


@dataclass
class Theatre:
    """One run of the machine; every rule that is caught is told once, and added to ``settled``."""

    player: Player
    ground: Ground
    budget: Budget
    settled: set[str] = field(default_factory=set)
    played: int = 0
    gone: bool = False
    fatal: Scene | None = None
    """The last death, which may have come while something else was looked into."""
    changing: Changing | None = None
    """The page that may be changed, if there is one."""
    lonely: bool = False
    """Whether each request gets a connection of its own: it is known that several on one go wrong."""
    doubts: Counter[str] = field(default_factory=Counter)
    tired: bool = False
    """Whether a silence has been proved: then nobody waits long for another."""
    left: set[str] | None = None
    """The rules of an earlier run's scripts that have neither held nor failed again; None while none were recalled."""

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.budget.seconds

    def connect(self) -> Dialogue:
        """A new connection."""
        wire = self.player.wire
        return Dialogue(Line(wire.host, wire.port, self.player.patience.full))

    def run(self) -> Iterator[Scene]:
        """Look at the server's manners, and play until the budget is spent."""
        yield from self._on_stage(self._run)

    def again(self, recall: Callable[[Repertoire], Iterable[tuple[str, Script]]]) -> Iterator[Scene]:
        """Play what failed in an earlier run, rules and scripts; yields what still fails."""
        yield from self._on_stage(lambda: self._again(list(recall(self.repertoire))))

    def _on_stage(self, playing: Callable[[], Iterator[Scene]]) -> Iterator[Scene]:
        changing = self.changing
        page = changing.page if changing is not None else None
        self.repertoire = explore(self.connect, self.ground, self.player.patience.full, page)
        if not self.repertoire.pieces:
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
                self.settled.add(played.breach.rule)
                yield Scene(played.breach, script[: played.steps], self.repertoire)
            if self.gone:
                return

    def _run(self) -> Iterator[Scene]:
        while self.repertoire.pieces and self.played < self.budget.examples and not self.late:
            chase = _Chase(self)
            chase.explore(self.budget.examples - self.played)
            if chase.caught is None:
                return
            chase.shrink()
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
            told = list(self._told(_Chase(self).proved(Scene(played.breach, script[: played.steps], self.repertoire))))
            if told:
                self.left.discard(rule)
            yield from told

    def _told(self, scene: Scene) -> Iterator[Scene]:
        """What there is to be told of a failure that was played some times more."""
        rule = scene.breach.rule
        self.tired = self.tired or scene.breach.finding.exchange.ending is Ending.SILENT
        self.doubts[rule] += 1
        if scene.certain or self.doubts[rule] == DOUBTS:
            self.settled.add(rule)
        if scene.certain:
            yield scene
        elif self.gone and self.fatal is not None and self.fatal.breach.rule not in self.settled:
            yield self.fatal

    def _ask(self, request: Request) -> Response | None:
        return alone(self.connect, request, self.player.patience.full)

    @property
    def pending(self) -> bool:
        """Whether scripts are left that were to be played."""
        return not self.gone and self.played < self.budget.examples

    @property
    def late(self) -> bool:
        """Whether there is nothing more to be done."""
        return self.gone or time.monotonic() >= self.deadline

    def perform(self, script: Script, patience: float) -> Play:
        """Play a script on a server that lives; one that cannot be brought back ends the run."""
        played = self.stage.play(script, patience)
        if played.latency:
            self.player.patience.learn(played.latency)
        if played.dead and played.breach is not None:
            self.fatal = Scene(played.breach, script[: played.steps], self.repertoire)
        if played.dead and self.changing is not None:
            self.changing.forget()
        if played.dead and not self.player.revive():
            self.gone = True
        return played


class _Chase:
    """One exploration, up to the first failure and its smallest form."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.caught: Scene | None = None
        self.left = theatre.budget.shrinking
        self.first: Scene
        self.failing: Script = ()
        self.tried: set[Script] = set()
        self.premises: frozenset[str] = frozenset()
        """The rules one of which a smaller script has to break; if there is none, that which the first one breaks."""

    def explore(self, count: int) -> None:
        """Let Hypothesis write up to ``count`` scripts, and stop at the first that fails."""
        budget, number = self.theatre.budget, self.theatre.played
        dice.load(f"{budget.seed}:machines:{number}")
        parts = {"repertoire": self.theatre.repertoire, "perform": self.attempt}
        # from no module: Hypothesis would parse its source, and Python 3.11 cannot do that in two threads at a time
        machine = type("Machine", (Writer,), {**parts, "__module__": "drawn"})
        chosen = settings(dice.ENGINE, max_examples=count, stateful_step_count=STEPS, phases=(Phase.generate,))
        with suppress(_Wrong):
            run_state_machine_as_test(machine, settings=chosen)

    def attempt(self, script: Script) -> None:
        """Play a script and judge; raises _Wrong for the failure that is chased."""
        theatre = self.theatre
        if script == self.failing:
            raise _Wrong  # Hypothesis asks twice, and is given the same answer
        if theatre.late or self.failing:
            return
        theatre.played += 1
        patience = theatre.player.patience
        played = theatre.perform(script, patience.quick if theatre.tired else patience.full)
        if played.breach is not None:
            self.failing = script
            self.caught = Scene(played.breach, script[: played.steps], theatre.repertoire)
            raise _Wrong

    def shrink(self) -> None:
        """Make the script that failed as small as the budget allows; a premise of the rule may be what is broken."""
        assert self.caught is not None
        self.first = self.caught
        reduce(self.caught.script, self._fails)
        self.premises = _premises(self.caught.breach.rule)
        if self.premises and self._fails(apart(self.caught.script)) is not None:
            self.premises = frozenset()
            reduce(self.caught.script, self._fails)

    def _fails(self, script: Script) -> Script | None:
        """The part of a script that fails in the same way; None if none does, or if it was tried, or in no time."""
        if script in self.tried or self.left == 0 or self.theatre.late or self.caught is None:
            return None
        self.left -= 1
        self.tried.add(script)
        for _ in range(SURE):
            played = self.theatre.perform(script, self.theatre.player.patience.quick)
            if played.breach is None or played.breach.rule not in (self.premises or {self.caught.breach.rule}):
                return None
            found = Scene(played.breach, script[: played.steps], self.theatre.repertoire)
        self.caught = found
        return found.script

    def confirmed(self) -> Scene:
        """The failure, after playing it some times more with the full patience; not on a server that is dead.

        If it was made too small, it is told as it was at first.
        """
        assert self.caught is not None
        scene = self.proved(self.caught)
        if not scene.certain and self.first is not self.caught and not self.theatre.gone:
            scene = self.proved(self.first)
        return scene

    def proved(self, scene: Scene) -> Scene:
        """A failure, with the account of some more plays of it."""
        full = self.theatre.player.patience.full
        for _ in range(0 if self.theatre.gone else REPEATS):
            played = self.theatre.perform(scene.script, full)
            failed = played.breach is not None and played.breach.rule == scene.breach.rule
            scene = replace(scene, failures=scene.failures + failed, plays=scene.plays + 1)
            if of_vanishing(scene) and self.theatre.perform(without_vanishing(scene.script), full).cut:
                return replace(scene, failures=0)  # it is cut off whoever vanishes
        return scene


def _premises(rule: str) -> frozenset[str]:
    """The rules without which this one cannot be judged."""
    check = CATALOGUE.get(rule)
    if check is None:
        return frozenset()
    return frozenset(check.rule.requires).union(*map(_premises, check.rule.requires))
