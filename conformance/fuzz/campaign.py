"""The campaign: one run's fuzz from beginning to end, against one target whose rules have been judged.

What failed last time comes first, then the hunt, then the machines. A rule that is broken already, or that cannot be
judged here, is left alone: one fault is told once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from conformance.check import CATALOGUE
from conformance.errors import UsageError
from conformance.evidence import Evidence, NoEvidence
from conformance.fuzz import ground, machines, mutations
from conformance.fuzz import player as players
from conformance.fuzz.example import Example, Fate, Ground, Mutation
from conformance.fuzz.hunt import Hunt
from conformance.fuzz.machines import house
from conformance.fuzz.machines.changing import Changing
from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import Script
from conformance.fuzz.memory import Memory
from conformance.fuzz.player import Budget, Gone
from conformance.fuzz.properties import Breach
from conformance.fuzz.properties.leaks import AFTERMATH
from conformance.fuzz.standing import SEGMENTS, Catch, Standing
from conformance.options import Options
from conformance.report.record import Caught, Fuzz

SHORTEST = 10.0
PER_SCRIPT = 10
"""One script of the machines is played for so many single examples."""
SLOWEST = 100
"""So many examples a second are expected at least, where the user grants no time of their own."""


def fuzzed(rules: Set[str]) -> bool:
    """Whether generated requests, or scripts of them, can show any of these rules to be broken."""
    return not machines.RULES.isdisjoint(rules) or any(each.rule in rules for each in mutations.load().values())


def budget(options: Options) -> Budget:
    """What the user grants."""
    seconds = options.fuzz_time or max(SHORTEST, options.fuzz / SLOWEST)
    return Budget(options.fuzz, options.fuzz_seed, seconds)


UNREAD = "message.no-reply-before-head-complete"
"""Who breaks this rule answers before a fault has come, so it is no wonder that it is not refused."""

TAKEN_FOR = {
    UNREAD: (SEGMENTS,),
    "request-line.whitespace-in-target-400-301": ("request-line.malformed-rejected",),  # of four words, which are it?
    "message.space-line-after-request-line": ("field.fold-refused-or-joined",),
    "host.valid-value-accepted": ("host.duplicate-400",),
    "status.1xx-no-body": ("expect.100-or-final", "expect.final-after-100"),
    "connection.survives-client-abort": ("robustness.survives-garbage",),  # the next one finds it dead
    SEGMENTS: ("framing.content-length-delimits-request-body", "framing.read-body-or-close"),
    "framing.content-length-delimits-request-body": ("framing.read-body-or-close", "pipelining.requests-not-lost"),
    "framing.te-overrides-cl-in-request": ("framing.http10-te-close",),
    "framing.te-and-cl-close": ("framing.http10-te-close",),
    "conditional.if-match-list": ("conditional.if-match-hit-performs",),
    "media-type.content-type-true": ("range.206-has-content-range",),  # several ranges are told by their type
    "message.body-octets-unchanged": (
        *("range.content-range-total-length", "range.206-body-matches-content-range"),
        *("range.partial-body-needs-206", "range.416-has-content-range"),
    ),
}
"""What seems to be broken, too, where a rule is: one fault is told once."""


class Player(players.Player, house.Player, Protocol):
    """What a campaign needs of a live server; ``own_root`` is the folder that it serves, if that may be written to."""

    own_root: Path | None


@dataclass
class Campaign:
    """The fuzz of one run; ``undecided`` are the ids of the rules that it may show to be broken, ``broken`` of others
    that are known to be, ``blocked`` of those of which nobody can tell.
    """

    options: Options
    evidence: Evidence
    capabilities: Mapping[str, str]
    player: Player
    undecided: frozenset[str]
    memory: Memory | None = None
    broken: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    note: str = ""
    seconds: float = 0.0
    catches: list[Catch] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    _hunt: Hunt | None = None
    _recalls: bool = False  # whether all that failed last time was played again
    _theatre: machines.Theatre | None = None
    _rehearsal: machines.Theatre | None = None
    """Where the scripts were played again that failed last time."""

    def run(self) -> Iterator[Breach]:
        """Every proved breach, as it is found; then :attr:`note` tells what cut the run short, if anything did."""
        began = time.monotonic()
        try:
            yield from self._run()
        except (Gone, NoEvidence) as gone:
            self._tell(f"not all were played: {gone}")
            if self._hunt is not None:
                yield from self._settling(self._hunt, self._hunt.deaths())
        finally:
            if self._hunt is not None and self._hunt.standing.wavering:
                told = f"{self._hunt.standing.wavering}, so what did not fail each time is not told"
                self._tell(f"the server is not steady: {told}")
            self._keep()
            self.seconds = time.monotonic() - began

    def record(self) -> Fuzz:
        """What there is to report of it."""
        played = self._hunt.standing.played if self._hunt is not None else 0
        played += sum(theatre.played for theatre in (self._rehearsal, self._theatre) if theatre is not None)
        caught = (*map(_caught, self.catches), *map(_played_scene, self.scenes))
        return Fuzz(self.options.fuzz, played, self.options.fuzz_seed, self.seconds, caught, self.note)

    def _run(self) -> Iterator[Breach]:
        found = ground.survey(self.evidence, self.capabilities)
        if found is None:
            self._tell("none were played: no page is served that they could be made of")
            return
        taken = frozenset[str]().union(*(TAKEN_FOR.get(rule, ()) for rule in self.broken))
        settled = (CATALOGUE.keys() - self.undecided) | taken
        hunt = self._hunt = Hunt(
            self.player,
            found,
            budget(self.options),
            mutations.load().values(),
            settled=settled,
            broken=self.broken | self.blocked | taken,
            fits=self._fits,
        )
        standing = hunt.standing
        yield from self._settling(hunt, hunt.again(self._recalled(found)))
        self._recalls = True
        changing = self._changing(found)
        if self.memory is not None and self.memory.has_scripts:
            self._rehearsal = self._stage(hunt.standing, changing)
            yield from self._played(self._rehearsal.again(self._recalled_scripts))
        yield from self._settling(hunt, hunt.run())
        if standing.in_time:
            self._theatre = self._stage(standing, changing)
            yield from self._played(self._theatre.run())
        if not standing.in_time and (self._theatre is None or self._theatre.pending):
            self._tell(f"not all were played: time was up after {self.record().played} requests")

    def _stage(self, standing: Standing, changing: Changing | None) -> machines.Theatre:
        """Where scripts are played in the time that is left."""
        granted = replace(standing.budget, examples=self.options.fuzz // PER_SCRIPT, seconds=standing.time_left)
        theatre = machines.Theatre(self.player, standing.ground, granted, standing.settled, changing=changing)
        theatre.lonely = standing.lonely
        theatre.haunted = AFTERMATH in standing.known  # then it is no wonder that other clients suffer
        return theatre

    def _played(self, scenes: Iterable[Scene]) -> Iterator[Breach]:
        """The breaches that scripts show; what rests on a rule that is caught is settled with it."""
        assert self._hunt is not None
        for scene in scenes:
            if not scene.steady and self._hunt.standing.wavers():
                continue
            self.scenes.append(scene)
            if scene.certain:
                self._hunt.standing.settled |= _resting_on(scene.breach.rule)
                yield scene.breach

    def _changing(self, found: Ground) -> Changing | None:
        """The page that may be changed under the server: by writing its file, by PUT, or by both."""
        page, puts = self.evidence.site.throwaway, self.capabilities.get("put") == ""
        if page is None or not (puts or self.player.own_root):
            return None
        return Changing(found.authority, page, self.player.own_root, puts)

    def _recalled(self, found: Ground) -> list[Example]:
        """What failed last time."""
        if self.memory is None:
            return []
        try:
            return self.memory.recall(found, mutations.load())
        except UsageError as damaged:
            self._tell(str(damaged))
            return []

    def _recalled_scripts(self, repertoire: Repertoire) -> list[tuple[str, Script]]:
        """What failed last time of several connections."""
        if self.memory is None:
            return []
        try:
            return self.memory.scripts(repertoire)
        except UsageError as damaged:
            self._tell(str(damaged))
            return []

    def _keep(self) -> None:
        """Write down what failed; what failed last time and was not played again stays as it is."""
        if self.memory is None or self._hunt is None:
            return
        try:
            caught = [(catch.breach.rule, catch.example) for catch in self.catches]
            self.memory.keep(caught, self._hunt.standing.ground, self._tried, self.scenes, self._replayed)
        except UsageError as error:
            self._tell(str(error))

    def _tried(self, rule: str) -> bool:
        """Whether the example that broke a rule last time was played again."""
        return self._recalls and rule in self.undecided

    def _replayed(self, rule: str) -> bool:
        """The same of a script, or whether another one breaks the rule now; unknown requests are not missed."""
        if any(scene.breach.rule == rule for scene in self.scenes):
            return True
        left = self._rehearsal.left if self._rehearsal is not None else None
        return left is not None and rule not in left and rule in self.undecided

    def _tell(self, words: str) -> None:
        self.note = f"{self.note}; {words}" if self.note else words

    def _fits(self, mutation: Mutation) -> bool:
        """A rule among what it needs must hold, as far as is known."""
        wanting = any(self.capabilities.get(name) for name in mutation.needs)
        unread = mutation.fate is Fate.REFUSED and UNREAD in self.broken
        wanting = wanting or not (self.broken | self.blocked).isdisjoint(mutation.needs)
        return mutation.rule in self.undecided and not (wanting or unread)

    def _settling(self, hunt: Hunt, catches: Iterable[Catch]) -> Iterator[Breach]:
        """The breaches that are proved; what rests on a rule that is caught is settled with it."""
        for catch in catches:
            if not catch.steady and hunt.standing.wavers():
                continue
            self.catches.append(catch)
            if catch.certain:
                hunt.standing.settled |= _resting_on(catch.breach.rule)
                yield catch.breach


def _caught(catch: Catch) -> Caught:
    breach, mutation = catch.breach, catch.example.mutation
    message = breach.finding.message
    return Caught(breach.rule, mutation.name, catch.example.probe, message, catch.failures, catch.plays, catch.certain)


def _played_scene(scene: Scene) -> Caught:
    breach = scene.breach
    probe = breach.finding.exchange.probe
    told = (breach.rule, scene.steps, probe, breach.finding.message, scene.failures, scene.plays, scene.certain)
    return Caught(*told, company=breach.finding.company)


def _resting_on(rule: str) -> set[str]:
    """The rule and all that cannot be judged without it."""
    found = {rule, *TAKEN_FOR.get(rule, ())}
    while more := {id for id, check in CATALOGUE.items() if not found.isdisjoint(check.rule.requires)} - found:
        found |= more
    return found
