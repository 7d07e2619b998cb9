"""The differential mode: two servers get the same examples, and the smallest on which they differ is found.

What may differ for no reason is not looked at (:mod:`conformance.fuzz.outcomes`); what is flaky is not told. What the
differences mean is said in :mod:`conformance.fuzz.difference`.
"""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisWarning

from conformance.evidence import NoEvidence
from conformance.exchange import Exchange
from conformance.fuzz import dice
from conformance.fuzz.difference import Difference, Kind, View, blame, difference, nature
from conformance.fuzz.example import Example, Fate, Ground, Mutation
from conformance.fuzz.hunt import STRETCH, Budget, Gone, Player
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
        self._told: dict[object, Difference] = {}
        self._seen: defaultdict[Mutation, set[Kind]] = defaultdict(set)
        self._done: set[Mutation] = set()

    @property
    def played(self) -> int:
        """How many examples were played, on both."""
        return self.sides[0].played

    @property
    def in_time(self) -> bool:
        """Whether time is left."""
        return time.monotonic() < self._deadline

    def run(self, mutations: Iterable[Mutation]) -> Iterator[Difference]:
        """Every difference as it is found; one of each nature, told of the first mutation that shows it."""
        every = tuple(mutations)
        decks = [deck for fate in Fate if (deck := tuple(each for each in every if each.fate is fate))]
        whole = sum(map(self._fits, every))
        try:
            for deck in decks:
                share = round(self.budget.examples * sum(map(self._fits, deck)) / max(1, whole))
                yield from self._explore(deck, share)
        except (Gone, NoEvidence) as gone:
            self.note = str(gone)
        if not self.note and not self.in_time:
            self.note = f"time was up after {self.played} requests"

    def _fits(self, mutation: Mutation) -> bool:
        return self.ground.capabilities.issuperset(mutation.needs) and mutation not in self._done

    def view(self, example: Example, play: Callable[[Side, Example], Exchange] = Side.play) -> tuple[View, View]:
        """Both sides of an example."""
        first, second = self.sides
        mirrored = twin(example, self.ground.authority, self.other_authority)
        return _view(first, example, play), _view(second, mirrored, play)

    def _explore(self, deck: tuple[Mutation, ...], count: int) -> Iterator[Difference]:
        """Examples by ``deck`` until ``count`` are played; each kind is looked for once with each mutation."""
        number = 0
        while count > 0 and self.in_time and (fitting := sum(map(self._fits, deck))):
            chase = _Chase(self, number, count)
            self._draw(deck, number, min(STRETCH, 1 + -(-count * len(deck) // fitting)), chase.attempt)
            count -= chase.explored
            number = chase.following
            if chase.smallest is not None:
                yield from self._confirmed(chase.smallest, chase.kind)
            elif (last := dice.dealt()) is None:
                return  # there is but one example, and no choice
            else:
                number = max(number, 1 + last)

    def _confirmed(self, example: Example, expected: Kind) -> Iterator[Difference]:
        """The difference, if it shows each time with the full patience, and no other mutation has come to the same."""
        mutation = example.mutation
        self._seen[mutation].add(expected)
        kinds: set[Kind | None] = set()
        for _ in range(REPEATS):
            one, other = self.view(example, Side.confirm)
            kinds.add(difference(one.outcome, other.outcome, finished=example.finished))
        kind = kinds.pop()
        if kinds or kind is None:
            return
        self._seen[mutation].add(kind)
        if kind is Kind.FRAMING:
            self._done.add(mutation)  # the rest may come of that
        found = Difference(kind, one, other, blame(kind, self.sides, (one, other)))
        known = self._told.setdefault((kind, example.data), self._told.setdefault(found.nature, found))
        if known is found:
            yield found
        else:
            _add(known, mutation)

    def told(self, example: Example, kind: Kind, what: tuple[object, ...]) -> bool:
        """Whether a difference of this nature has been told; then the mutation is added to it, if it shows again."""
        known = self._told.get((example.mutation.rule, what))
        if known is None:
            return False
        self._seen[example.mutation].add(kind)
        one, other = (view.outcome for view in self.view(example, Side.confirm))
        if difference(one, other, finished=example.finished) is kind and nature(kind, one, other) == what:
            _add(known, example.mutation)
        return True

    def fresh(self, mutation: Mutation, kind: Kind) -> bool:
        """Whether this kind of difference has still to be looked for with this mutation."""
        return kind not in self._seen[mutation]

    def _draw(self, deck: tuple[Mutation, ...], number: int, count: int, action: Callable[[Example], None]) -> None:
        """Do ``action`` to examples from ``number`` on, and to smaller ones once it has raised _Differ."""
        dice.deal(f"{self.budget.seed}:{deck[0].fate}", number)
        made = [followed(mutation, self.ground) if self._fits(mutation) else st.none() for mutation in deck]

        @settings(
            max_examples=1 + count,  # the simplest one of all comes before those that are dealt
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            backend=dice.BACKEND,
        )
        @given(st.integers(0, len(made) - 1).flatmap(made.__getitem__))
        def attempt(example: Example | None) -> None:
            if example is not None and not gone:
                try:
                    action(example)
                except (Gone, NoEvidence) as error:
                    gone.append(error)

        gone: list[Exception] = []
        with suppress(_Differ, Flaky), warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)  # of large examples, which are meant to be large
            attempt()
        if gone:
            raise gone[0]


class _Differ(Exception):
    """Tells Hypothesis that two servers differ."""


class _Chase:
    """One exploration, up to the first difference, and the smaller ones of the same nature after it."""

    def __init__(self, comparison: Comparison, following: int, count: int) -> None:
        self.comparison = comparison
        self.count = count
        self.explored = 0
        self.following = following
        self.smallest: Example | None = None
        self.kind = Kind.HANDLING
        self._nature: tuple[object, ...] = ()
        self._left = comparison.budget.shrinking
        self._tried: dict[object, tuple[object, ...]] = {}

    def attempt(self, example: Example) -> None:
        """Play on both; raises _Differ for a new kind of difference, and then for smaller ones of the same nature."""
        shown = self._again(example) if self.smallest is not None else self._next(example)
        if shown and (self.smallest is None or shown == self._nature):
            self.smallest, self._nature = example, shown
            raise _Differ

    def _next(self, example: Example) -> tuple[object, ...]:
        """The nature of what one more example shows, if it has not been told of another mutation."""
        number = dice.dealt()
        if self.explored == self.count or not self.comparison.in_time:
            return ()
        self.explored += 1
        if number is not None:  # it is not the simplest of all, which always comes first
            self.following = number + 1
        shown = self._tried[_key(example)] = self._difference(example)
        return () if shown and self.comparison.told(example, self.kind, shown) else shown

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
        if kind is None or not self.comparison.fresh(example.mutation, kind):
            return ()
        self.kind = kind if self.smallest is None else self.kind
        return nature(kind, one, other)


def _add(known: Difference, mutation: Mutation) -> None:
    if mutation.name not in (known.mutation.name, *known.also):
        known.also.append(mutation.name)


def _key(example: Example) -> object:
    return example.probe, len(example.after)


def _view(side: Side, example: Example, play: Callable[[Side, Example], Exchange]) -> View:
    exchange = play(side, example)
    return View(example, exchange, side.outcome(example, exchange))
