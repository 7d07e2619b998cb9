"""The campaign: one run's fuzz from beginning to end, against one target whose rules have been judged.

What failed last time comes first, then the hunt, then the machines. A rule that is broken already, or that cannot be
judged here, is left alone: one fault is told once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Protocol

from conformance.check import CATALOGUE
from conformance.evidence import Evidence, NoEvidence
from conformance.fuzz import ground, machines, mutations
from conformance.fuzz.example import Mutation
from conformance.fuzz.hunt import Budget, Catch, Gone, Hunt
from conformance.fuzz.hunt import Player as HuntPlayer
from conformance.fuzz.machines import Scene
from conformance.fuzz.memory import Memory
from conformance.fuzz.properties import Breach
from conformance.options import Options
from conformance.report.record import Caught, Fuzz

SHORTEST = 15.0
PER_SCRIPT = 10
"""One script of the machines is played for so many single examples."""
SLOWEST = 100
"""So many examples a second are expected at least, where the user grants no time of their own."""


def fuzzed(rules: Set[str]) -> bool:
    """Whether generated requests can show any of these rules to be broken."""
    return any(mutation.rule in rules for mutation in mutations.load().values())


def budget(options: Options) -> Budget:
    """What the user grants."""
    seconds = options.fuzz_time or max(SHORTEST, options.fuzz / SLOWEST)
    return Budget(options.fuzz, options.fuzz_seed, seconds)


class Player(HuntPlayer, machines.Player, Protocol):
    """What a campaign needs of a live server."""


@dataclass
class Campaign:
    """The fuzz of one run; ``undecided`` are the ids of the rules that it may show to be broken."""

    options: Options
    evidence: Evidence
    capabilities: Mapping[str, str]
    player: Player
    undecided: frozenset[str]
    memory: Memory | None = None
    note: str = ""
    seconds: float = 0.0
    catches: list[Catch] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    _hunt: Hunt | None = None
    _theatre: machines.Theatre | None = None

    def run(self) -> Iterator[Breach]:
        """Every proved breach, as it is found; then :attr:`note` tells what cut the run short, if anything did."""
        began = time.monotonic()
        try:
            yield from self._run()
        except (Gone, NoEvidence) as gone:
            self.note = str(gone)
            if self._hunt is not None:
                yield from self._settling(self._hunt, self._hunt.deaths())
        if self.memory is not None and self._hunt is not None:
            self.memory.keep((catch.example for catch in self.catches), self._hunt.ground)
        self.seconds = time.monotonic() - began

    def record(self) -> Fuzz:
        """What there is to report of it."""
        played = sum(each.played for each in (self._hunt, self._theatre) if each is not None)
        caught = (*map(_caught, self.catches), *map(_played_scene, self.scenes))
        return Fuzz(self.options.fuzz, played, self.options.fuzz_seed, self.seconds, caught, self.note)

    def _run(self) -> Iterator[Breach]:
        found = ground.survey(self.evidence, self.capabilities)
        if found is None:
            self.note = "no page is served that examples could be made of"
            return
        hunt = self._hunt = Hunt(self.player, found, budget(self.options), CATALOGUE.keys() - self.undecided)
        if self.memory is not None:
            yield from self._settling(hunt, hunt.again(self.memory.recall(found, mutations.load())))
        yield from self._settling(hunt, hunt.run(mutations.load().values(), self._fits))
        if not hunt.in_time:
            self.note = f"time was up after {hunt.played} requests"
            return
        granted = replace(hunt.budget, examples=self.options.fuzz // PER_SCRIPT, seconds=hunt.time_left)
        self._theatre = machines.Theatre(self.player, found, granted, hunt.settled)
        for scene in self._theatre.run():
            self.scenes.append(scene)
            hunt.settled |= _resting_on(scene.breach.rule)
            yield scene.breach

    def _fits(self, mutation: Mutation) -> bool:
        """A rule among what it needs must hold, as far as is known."""
        wanting = [name for name in mutation.needs if self.capabilities.get(name)]
        rules = {mutation.rule, *(name for name in mutation.needs if name in CATALOGUE)}
        return not wanting and rules <= self.undecided

    def _settling(self, hunt: Hunt, catches: Iterable[Catch]) -> Iterator[Breach]:
        """The breaches that are proved; what rests on a rule that is caught is settled with it."""
        for catch in catches:
            self.catches.append(catch)
            if catch.certain:
                hunt.settled |= _resting_on(catch.breach.rule)
                yield catch.breach


def _caught(catch: Catch) -> Caught:
    breach, mutation = catch.breach, catch.example.mutation
    message = breach.finding.message
    return Caught(breach.rule, mutation.name, catch.example.probe, message, catch.failures, catch.plays, catch.certain)


def _played_scene(scene: Scene) -> Caught:
    breach = scene.breach
    probe = breach.finding.exchange.probe
    return Caught(breach.rule, scene.steps, probe, breach.finding.message, scene.failures, scene.plays, True)


def _resting_on(rule: str) -> set[str]:
    """The rule and all that cannot be judged without it."""
    found = {rule}
    while more := {id for id, check in CATALOGUE.items() if not found.isdisjoint(check.rule.requires)} - found:
        found |= more
    return found
