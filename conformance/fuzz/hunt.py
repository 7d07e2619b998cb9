"""The hunt: examples are played one after another; a wrong answer is shrunk, and a death is put down to its killer.

The mutations take turns: each has been tried once before the first comes round again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

from conformance.fuzz.chase import Chase
from conformance.fuzz.deaths import Deaths
from conformance.fuzz.deck import Deck
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.judge import Judge
from conformance.fuzz.killers import Turn
from conformance.fuzz.player import Budget, Player
from conformance.fuzz.standing import Catch, Standing
from conformance.fuzz.valid import examples

T = TypeVar("T")

STRETCH = 1000
"""After so many examples the collector is told that what is there will stay: to look through the suite and its
strategies again and again takes a tenth of the time.
"""


class Hunt:
    """One run of the fuzz by ``mutations``, of which those are played that ``fits``."""

    def __init__(
        self,
        player: Player,
        ground: Ground,
        budget: Budget,
        mutations: Iterable[Mutation],
        *,
        settled: Iterable[str] = (),
        broken: Iterable[str] = (),
        fits: Callable[[Mutation], bool] = lambda _: True,
    ) -> None:
        self.standing = Standing(player, ground, budget, settled, broken)
        self._deaths = Deaths(self.standing)
        self._judge = Judge(self.standing, self._deaths)
        self._deck = Deck(tuple(mutations), partial(examples, ground=ground), budget.seed, self.standing.adapted)
        self._fits = fits
        self._chase = Chase(self._judge, self._deck, self._open)

    def again(self, kept: Iterable[Example]) -> Iterator[Catch]:
        """Play the failures of an earlier run; yields those that still fail. Raises Gone."""
        for example in kept:
            breach = self._judge.judge(example)
            self._deaths.examine()
            if breach is not None and self._deaths.killer is None:
                yield self._chase.caught(breach, example)
            yield from self.deaths()

    def run(self) -> Iterator[Catch]:
        """Everything that is caught; a rule is caught once at most. Raises Gone."""
        try:
            yield from self._explore()
        finally:
            self.standing.meanwhile = None
            gc.unfreeze()
        self._deaths.examine()
        yield from self.deaths()

    def deaths(self) -> Iterator[Catch]:
        """The catch of what the server has died of, if it has and nobody knows yet."""
        return self._deaths.told()

    def _explore(self) -> Iterator[Catch]:
        """Play as many examples as are granted; after each catch it goes on without that rule."""
        ahead = _Ahead(self._deck.examples(self._open))
        self.standing.meanwhile = ahead.draw
        explored = 0
        for number, example in ahead:
            if explored == self.standing.budget.examples or not self.standing.in_time:
                return
            if not self._open(example.mutation) or self._judge.is_idle(example):
                continue  # it was drawn before that was known
            if explored % STRETCH == 0:
                gc.freeze()
            explored += 1
            breach = self._judge.judge(example, Turn(self._deck, number))
            if breach is not None and self._deaths.killer is None:
                yield self._chase.caught(*self._chase.shrunk(self._deck, number, example, breach))
            yield from self.deaths()

    def _open(self, mutation: Mutation) -> bool:
        """Whether there is anything to learn by this mutation."""
        standing = self.standing
        judged = mutation.rule in standing.settled or not standing.known.isdisjoint(mutation.needs)
        return self._fits(mutation) and not judged and mutation not in self._deaths.deadly


class _Ahead(Generic[T]):
    """An iterator whose next item is drawn ahead, while there is time."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._drawn: list[T] = []

    def draw(self) -> None:
        """Draw the next one now."""
        if not self._drawn:
            self._drawn.extend(islice(self._items, 1))

    def __iter__(self) -> Iterator[T]:
        while True:
            self.draw()
            if not self._drawn:
                return
            yield self._drawn.pop()
