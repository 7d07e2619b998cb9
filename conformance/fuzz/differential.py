"""The differential mode: two servers get the same examples, and the smallest on which they differ is found.

What may differ for no reason is not looked at (:mod:`conformance.fuzz.outcomes`); what is flaky is not told. What the
differences mean is said in :mod:`conformance.fuzz.difference`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from conformance.evidence import NoEvidence
from conformance.exchange import Exchange
from conformance.fuzz import dice
from conformance.fuzz.difference import Difference, Kind, View, blame, difference
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.hunt import Budget, Gone, Player
from conformance.fuzz.outcomes import Side
from conformance.fuzz.twins import common, followed, twin

REPEATS = 2
"""So often is the smallest example played again on both, with the full patience: they must differ each time."""


def compare(
    one: Player, other: Player, ground_one: Ground, ground_other: Ground, mutations: Iterable[Mutation], budget: Budget
) -> Iterator[Difference]:
    """Every difference as it is found; see :class:`Comparison`."""
    return Comparison(one, other, ground_one, ground_other, budget).run(mutations)


class Comparison:
    """Two servers side by side; ``note`` tells what cut the run short, if anything did. Raises NothingInCommon."""

    def __init__(self, one: Player, other: Player, ground_one: Ground, ground_other: Ground, budget: Budget) -> None:
        self.ground = common(ground_one, ground_other)
        self.other_authority = ground_other.authority
        self.sides = Side(one), Side(other)
        self.budget = budget
        self.note = ""
        self._deadline = time.monotonic() + budget.seconds
        self._told: set[tuple[Kind, bytes]] = set()

    @property
    def played(self) -> int:
        """How many examples were played, on both."""
        return self.sides[0].played

    @property
    def in_time(self) -> bool:
        """Whether time is left."""
        return time.monotonic() < self._deadline

    def run(self, mutations: Iterable[Mutation]) -> Iterator[Difference]:
        """Every difference as it is found; one of each kind for each mutation that both servers offer ground for."""
        chosen = [mutation for mutation in mutations if self.ground.capabilities.issuperset(mutation.needs)]
        share, rest = divmod(self.budget.examples, max(1, len(chosen)))
        try:
            for number, mutation in enumerate(chosen):
                yield from self._explore(mutation, share + (number < rest))
        except (Gone, NoEvidence) as gone:
            self.note = str(gone)
        if not self.note and not self.in_time:
            self.note = f"time was up after {self.played} requests"

    def view(self, example: Example, play: Callable[[Side, Example], Exchange] = Side.play) -> tuple[View, View]:
        """Both sides of an example."""
        first, second = self.sides
        mirrored = twin(example, self.ground.authority, self.other_authority)
        return _view(first, example, play), _view(second, mirrored, play)

    def _explore(self, mutation: Mutation, count: int) -> Iterator[Difference]:
        """Examples of one mutation until ``count`` are played; each kind of difference is looked for once."""
        seen: set[Kind] = set()
        strategy = followed(mutation, self.ground)
        for go in range(len(Kind)):
            if count <= 0 or not self.in_time:
                return
            chase = _Chase(self, seen)
            _draw(strategy, f"{self.budget.seed}:{mutation.name}:{go}", count, chase.attempt)
            if chase.smallest is None:
                return
            count -= chase.explored
            seen.add(chase.kind)
            for found in self._confirmed(chase.smallest, seen):
                yield found
                if found.kind is Kind.FRAMING:
                    return  # the rest may come of that

    def _confirmed(self, example: Example, seen: set[Kind]) -> Iterator[Difference]:
        """The difference, if it shows each time with the full patience, and no other mutation has come to the same."""
        kinds: set[Kind | None] = set()
        for _ in range(REPEATS):
            one, other = self.view(example, Side.confirm)
            kinds.add(difference(one.outcome, other.outcome, finished=example.finished))
        kind = kinds.pop()
        if kinds or kind is None or (kind, example.data) in self._told:
            return
        self._told.add((kind, example.data))
        seen.add(kind)
        yield Difference(kind, one, other, blame(kind, self.sides, (one, other)))


class _Differ(Exception):
    """Tells Hypothesis that two servers differ."""


class _Chase:
    """One exploration of one mutation, up to the first difference, and the smaller ones of the same nature after it."""

    def __init__(self, comparison: Comparison, seen: set[Kind]) -> None:
        self.comparison = comparison
        self.explored = 0
        self.smallest: Example | None = None
        self.kind = Kind.HANDLING
        self._seen = frozenset(seen)
        self._nature: tuple[object, ...] = ()
        self._left = comparison.budget.shrinking
        self._tried: dict[object, tuple[object, ...]] = {}

    def attempt(self, example: Example) -> None:
        """Play on both; raises _Differ for a new kind of difference, and then for smaller ones of the same nature."""
        if self.smallest is not None:
            nature = self._again(example)
        elif self.comparison.in_time:
            self.explored += 1
            nature = self._difference(example)
        else:
            return
        if nature and (self.smallest is None or nature == self._nature):
            if self.smallest is None:
                self._tried[_key(example)] = nature
            self.smallest, self._nature = example, nature
            raise _Differ

    def _again(self, example: Example) -> tuple[object, ...]:
        """From memory if it was tried, so that Hypothesis sees one outcome of one example; nothing without budget."""
        key = _key(example)
        if key not in self._tried:
            if self._left == 0 or not self.comparison.in_time:
                return ()
            self._left -= 1
            self._tried[key] = self._difference(example)
        return self._tried[key]

    def _difference(self, example: Example) -> tuple[object, ...]:
        """The kind of difference and who does what; empty if there is none, or one that is known."""
        one, other = (view.outcome for view in self.comparison.view(example))
        kind = difference(one, other, finished=example.finished)
        if kind is None or kind in self._seen:
            return ()
        self.kind = kind if self.smallest is None else self.kind
        return (kind, one.step, other.step) if kind is Kind.FRAMING else (kind, one.answer, other.answer)


def _draw(strategy: SearchStrategy[Example], seed: str, count: int, action: Callable[[Example], None]) -> None:
    """Do ``action`` to each example; once it has raised _Differ, to smaller ones, until none raises any more."""
    dice.load(seed)

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        backend=dice.BACKEND,
    )
    @given(strategy)
    def attempt(example: Example) -> None:
        action(example)

    with suppress(_Differ):
        attempt()


def _key(example: Example) -> object:
    return example.probe, len(example.after)


def _view(side: Side, example: Example, play: Callable[[Side, Example], Exchange]) -> View:
    exchange = play(side, example)
    return View(example, exchange, side.outcome(example, exchange))
