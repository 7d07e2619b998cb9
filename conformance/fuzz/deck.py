"""Decks: mutations that take turns to make the examples.

Each example depends on the seed, the deck and its number alone, so that one server is asked the same as another one,
whatever was found before. Mutations that do not fit are passed over, and the others keep their numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisWarning

from conformance.fuzz import dice
from conformance.fuzz.example import Example, Mutation

Fits: TypeAlias = Callable[[Mutation], bool]
Make: TypeAlias = Callable[[Mutation], st.SearchStrategy[Example]]


class Wrong(Exception):
    """What an action raises to tell that an example fails."""


@dataclass(frozen=True)
class Deck:
    """Mutations, of all of which ``make`` gives the examples; ``seed`` is that of the run. ``adapt`` makes of each
    example what is played of it.
    """

    mutations: tuple[Mutation, ...]
    make: Make
    seed: str
    adapt: Callable[[Example], Example] = lambda example: example

    def _strategy(self, fits: Fits) -> st.SearchStrategy[Example | None]:
        made = [self.make(each) if fits(each) else st.none() for each in self.mutations]
        return st.integers(0, len(made) - 1).flatmap(made.__getitem__)

    def simplest(self, mutation: Mutation) -> Example | None:
        """The example that all others of one mutation shrink to."""
        example = dice.simplest(self.make(mutation))
        return None if example is None else self.adapt(example)

    def examples(self, fits: Fits = lambda _: True) -> Iterator[tuple[int, Example]]:
        """All examples with their numbers, as long as any mutation fits."""
        thrower = dice.Thrower(self._strategy(lambda _: True), self.seed)
        for first in count(0, len(self.mutations)):
            numbers = [first + place for place, each in enumerate(self.mutations) if fits(each)]
            if not numbers:
                return
            for number in numbers:
                fitting = fits(self.mutations[number - first])  # it may not do so any more
                example = thrower.throw(number) if fitting else None
                if example is not None:
                    yield number, self.adapt(example)

    def shrink(self, number: int, action: Callable[[Example], None], fits: Fits = lambda _: True) -> None:
        """Do ``action`` to the simplest example, to that of this number if that does not fail, and once one has
        failed (by :class:`Wrong`) to smaller ones, until none fails any more.
        """
        dice.deal(self.seed, number)
        raised: list[Exception] = []

        @settings(dice.ENGINE, max_examples=2, phases=(Phase.generate, Phase.shrink))
        @given(self._strategy(fits))
        def attempt(example: Example | None) -> None:
            if example is None or raised:
                return
            try:
                action(self.adapt(example))
            except Wrong:
                raise
            except Exception as error:  # Hypothesis would shrink this as well
                raised.append(error)

        with suppress(Wrong, Flaky), warnings.catch_warnings():  # what is not steady is told by playing it again
            warnings.simplefilter("ignore", HypothesisWarning)  # of large examples, which are meant to be large
            attempt()
        if raised:
            raise raised[0]
