"""The chase of a script: from the first one that fails to the smallest one that fails in the same way.

Hypothesis writes the scripts, and does not shrink them: whole steps and requests are left out (:mod:`.reduce`). Each
smaller script has to fail more than once, since what several connections send may meet in another order each time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from conformance.check import CATALOGUE
from conformance.fuzz import dice
from conformance.fuzz.chase import REPEATS
from conformance.fuzz.machines.house import House
from conformance.fuzz.machines.reduce import apart, bodiless, reduce
from conformance.fuzz.machines.scene import Scene, of_vanishing, without_vanishing
from conformance.fuzz.machines.script import Script, Writer

STEPS = 10
SURE = 2
"""So often must a smaller script fail: what the network joins by chance is not to be relied on."""
OF_BODIES = frozenset(
    (
        *("expect.final-after-100", "framing.content-length-delimits-request-body", "framing.read-body-or-close"),
        "message.one-final-reply-per-request",
    )
)
"""What seems to be broken where a request with a body stands before what goes wrong."""
PERSISTING = frozenset(
    ("connection.persistence-supported", "pipelining.requests-not-lost", "pipelining.responses-in-order")
)
"""What is broken where a request leaves its traces in the answer to the next one, whether it has a body or not."""


class _Wrong(Exception):
    """Tells Hypothesis that a script failed."""


class Chase:
    """One exploration, up to the first failure and its smallest form."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.caught: Scene | None = None
        self.left = house.budget.shrinking
        self.first: Scene
        self.failing: Script = ()
        self.tried: set[Script] = set()
        self.explained = False
        """Whether it is but another sign of what was told before."""
        self.premises: frozenset[str] = frozenset()
        """The rules one of which a smaller script has to break; if there is none, that which the first one breaks."""

    def explore(self, count: int) -> None:
        """Let Hypothesis write up to ``count`` scripts, and stop at the first that fails."""
        budget, number = self.house.budget, self.house.played
        dice.load(f"{budget.seed}:machines:{number}")
        parts = {"repertoire": self.house.repertoire, "perform": self.attempt}
        # from no module: Hypothesis would parse its source, and Python 3.11 cannot do that in two threads at a time
        machine = type("Machine", (Writer,), {**parts, "__module__": "drawn"})
        chosen = settings(dice.ENGINE, max_examples=count, stateful_step_count=STEPS, phases=(Phase.generate,))
        with suppress(_Wrong):
            run_state_machine_as_test(machine, settings=chosen)

    def attempt(self, script: Script) -> None:
        """Play a script and judge; raises _Wrong for the failure that is chased."""
        house = self.house
        if script == self.failing:
            raise _Wrong  # Hypothesis asks twice, and is given the same answer
        if house.late or self.failing:
            return
        house.played += 1
        patience = house.player.patience
        played = house.perform(script, patience.quick if house.tired else patience.full)
        if played.breach is not None:
            self.failing = script
            self.caught = Scene(played.breach, script[: played.steps], house.repertoire)
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
        self._set_bodies_aside()

    def _set_bodies_aside(self) -> None:
        """What goes wrong without any body as well is not the fault of a body, and has been told perhaps."""
        assert self.caught is not None
        caught, settled = self.caught, self.house.settled
        plain = bodiless(caught.script, caught.repertoire)
        if caught.breach.rule not in OF_BODIES or plain == caught.script:
            return
        told = settled & PERSISTING
        self.premises = PERSISTING
        settled -= told
        found = self._fails(plain)
        settled |= told
        self.premises = frozenset()
        if found is not None and self.caught.breach.rule in told:
            settled.add(caught.breach.rule)
            self.explained = True
        elif found is not None:
            reduce(self.caught.script, self._fails)

    def _fails(self, script: Script) -> Script | None:
        """The part of a script that fails in the same way; None if none does, or if it was tried, or in no time."""
        if script in self.tried or self.left == 0 or self.caught is None:
            return None
        if self.house.late and (not self.caught.fatal or self.house.too_late):
            return None
        self.left -= 1
        self.tried.add(script)
        for _ in range(SURE):
            played = self.house.perform(script, self.house.player.patience.quick)
            if played.breach is None or played.breach.rule not in (self.premises or {self.caught.breach.rule}):
                return None
            found = Scene(played.breach, script[: played.steps], self.house.repertoire)
        self.caught = found
        return found.script

    def confirmed(self) -> Scene:
        """The failure, after playing it some times more with the full patience; not on a server that is dead.

        If it was made too small, it is told as it was at first.
        """
        assert self.caught is not None
        scene = self.proved(self.caught)
        if not scene.certain and self.first is not self.caught and not self.house.gone:
            scene = self.proved(self.first)
        return scene

    def proved(self, scene: Scene) -> Scene:
        """A failure, with the account of some more plays of it."""
        full = self.house.player.patience.full
        for _ in range(0 if self.house.gone else REPEATS):
            played = self.house.perform(scene.script, full)
            failed = played.breach is not None and played.breach.rule == scene.breach.rule
            scene = replace(scene, failures=scene.failures + failed, plays=scene.plays + 1)
            if of_vanishing(scene) and self.house.perform(without_vanishing(scene.script), full).cut:
                return replace(scene, failures=0)  # it is cut off whoever vanishes
        return scene


def _premises(rule: str) -> frozenset[str]:
    """The rules without which this one cannot be judged."""
    check = CATALOGUE.get(rule)
    if check is None:
        return frozenset()
    return frozenset(check.rule.requires).union(*map(_premises, check.rule.requires))
