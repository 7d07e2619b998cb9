"""The differential mode: two servers get the same examples, and the smallest on which they differ is found.

What may differ for no reason is not looked at (:mod:`conformance.fuzz.outcomes`); what is flaky is not told. What the
differences mean is said in :mod:`conformance.fuzz.difference`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from conformance.exchange import Exchange
from conformance.fuzz.deck import Deck
from conformance.fuzz.difference import Blame, Difference, Kind, View, difference, faults, nature
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.manner import bare
from conformance.fuzz.player import Budget, Gone, Player
from conformance.fuzz.shrinking import Shrinking
from conformance.fuzz.side import Owes, Side
from conformance.fuzz.standing import LOOKS
from conformance.fuzz.twins import common, followed, twin

REPEATS = 2
"""So often is the smallest example played again on both, with the full patience: they must differ each time."""

UNFINISHED = "the run was broken off"

GLIMPSE = 2
"""So many plain GETs are looked at where a difference that has been told shows again."""


def _everything(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Shown:
    """What an example shows: the kind of difference, and its nature."""

    kind: Kind
    nature: tuple[object, ...]


def compare(
    one: Player, other: Player, ground_one: Ground, ground_other: Ground, mutations: Iterable[Mutation], budget: Budget
) -> Iterator[Difference]:
    """Every difference as it is found; see :class:`Comparison`."""
    return Comparison(one, other, ground_one, ground_other, budget).run(mutations)


class Comparison:
    """Two servers side by side; ``note`` tells what cut the run short, if anything did. Raises NothingInCommon."""

    def __init__(
        self,
        one: Player,
        other: Player,
        ground_one: Ground,
        ground_other: Ground,
        budget: Budget,
        owes: tuple[Owes, Owes] = (_everything, _everything),
    ) -> None:
        self.ground = common(ground_one, ground_other)
        self.other_authority = ground_other.authority
        self.sides = Side(one, f"{Blame.FIRST} server", owes[0]), Side(other, f"{Blame.SECOND} server", owes[1])
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
        deck = Deck(tuple(mutations), partial(followed, ground=self.ground), self.budget.seed)
        self.note = UNFINISHED
        try:
            self._check()
            yield from self._explore(deck)
        except Gone as gone:
            self.note = str(gone)
        else:
            self.note = "" if self.in_time else f"time was up after {self.played} requests"

    def _check(self, looks: int = LOOKS) -> None:
        """Raise Gone unless both are as well as at the beginning."""
        for side, authority in zip(self.sides, (self.ground.authority, self.other_authority), strict=True):
            side.check(bare(replace(self.ground, authority=authority))[0], looks)

    def _fits(self, mutation: Mutation) -> bool:
        return self.ground.capabilities.issuperset(mutation.needs) and mutation not in self._done

    def view(self, example: Example, play: Callable[[Side, Example], Exchange] = Side.play) -> tuple[View, View]:
        """Both sides of an example."""
        first, second = self.sides
        mirrored = twin(example, self.ground.authority, self.other_authority)
        return _view(first, example, play), _view(second, mirrored, play)

    def _explore(self, deck: Deck) -> Iterator[Difference]:
        """Play as many examples as are granted; each kind is looked for once with each mutation."""
        for played, (number, example) in enumerate(deck.examples(self._fits)):
            if played == self.budget.examples or not self.in_time:
                return
            shown = self._fresh(example)
            if shown is not None and not self._told_again(example, shown):
                yield from self._confirmed(self._shrunk(deck, number, example, shown), shown.kind)

    def _shrunk(self, deck: Deck, number: int, example: Example, shown: Shown) -> Example:
        """The smallest example on which the two differ in the same way."""

        def look(smaller: Example) -> Shown | None:
            other = self._fresh(smaller)
            return other if other is not None and other.nature == shown.nature else None

        shrinking = Shrinking(example, shown, look, self.budget.shrinking, lambda: self.in_time)
        deck.shrink(number, shrinking.attempt, self._fits)
        return shrinking.smallest[1]

    def _fresh(self, example: Example) -> Shown | None:
        """The difference that an example shows, if its kind has still to be looked for with this mutation."""
        one, other = (view.outcome for view in self.view(example))
        kind = difference(one, other, finished=example.finished)
        if kind is None or kind in self._seen[example.mutation]:
            return None
        return Shown(kind, nature(kind, one, other))

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
        if not (one.exchange.killed or other.exchange.killed):
            self._check()  # otherwise it need not come of the example
        self._seen[mutation].add(kind)
        if kind is Kind.FRAMING:
            self._done.add(mutation)  # the rest may come of that
        found = Difference(kind, one, other, faults(kind, self.sides, (one, other)))
        known = self._told.setdefault((kind, example.data), self._told.setdefault(found.nature, found))
        if known is found:
            yield found
        else:
            _add(known, mutation)

    def _told_again(self, example: Example, shown: Shown) -> bool:
        """Whether a difference of this nature has been told; then the mutation is added to it, if it shows again."""
        known = self._told.get((example.mutation.rule, shown.nature))
        if known is None:
            return False
        self._seen[example.mutation].add(shown.kind)
        self._check(GLIMPSE)
        one, other = (view.outcome for view in self.view(example, Side.confirm))
        kind = difference(one, other, finished=example.finished)
        if kind is shown.kind and nature(kind, one, other) == shown.nature:
            _add(known, example.mutation)
        return True


def _add(known: Difference, mutation: Mutation) -> None:
    if mutation.name not in (known.mutation.name, *known.also):
        known.also.append(mutation.name)


def _view(side: Side, example: Example, play: Callable[[Side, Example], Exchange]) -> View:
    exchange = play(side, example)
    return View(example, exchange, side.outcome(example, exchange))
