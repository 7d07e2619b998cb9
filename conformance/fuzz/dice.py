"""Dice: where Hypothesis gets its choices from while it explores. The same seed gives the same examples everywhere.

Hypothesis's own choices mix in constants that it finds in whatever modules a process has loaded, and learn from what
they have seen; a run could not be repeated on another machine. These are plain. A :class:`Thrower` keeps no account of
what it draws, and takes a fifth of the time of Hypothesis's engine: what fails is drawn once more for the engine, by
the same dice, and shrunk there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from hypothesis import HealthCheck, Verbosity, settings
from hypothesis.control import BuildContext
from hypothesis.errors import StopTest, UnsatisfiedAssumption
from hypothesis.internal.conjecture.choice import ChoiceTemplate
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider
from hypothesis.strategies import SearchStrategy

from conformance.fuzz import characters

Drawn = TypeVar("Drawn")

BACKEND = "conformance-dice"
WIDEST = 2**63
LONGEST = 20
"""So many octets or characters more than the least, at most, where a strategy sets no limit."""


@dataclass
class Deal:
    """Examples that are numbered from ``following`` on, each thrown by the seed and its own number.

    The first integer of an example goes round with its number, so that every kind of example comes as often as any
    other. ``number`` is that of the example at hand, None before the first.
    """

    seed: str
    following: int = 0
    number: int | None = None
    fresh: bool = False

    def begin(self) -> str:
        """Go on to the next example; returns what it is thrown by."""
        self.number, self.following, self.fresh = self.following, self.following + 1, True
        return f"{self.seed}:{self.number}"

    def turn(self) -> int:
        """The number of the example, for its first integer."""
        self.fresh = False
        return self.number or 0


class _Hand(threading.local):
    """What is thrown with; each thread has its own, as several servers may be judged side by side."""

    def __init__(self) -> None:
        self.random = Random(0)
        self.deal: Deal | None = None


_hand = _Hand()


class Dice(PrimitiveProvider):
    """A provider of choices that throws dice, and nothing else."""

    lifetime = "test_function"

    @contextmanager
    def per_test_case_context_manager(self) -> Iterator[None]:
        """Take up new dice for each example, if they are dealt."""
        if _hand.deal is not None:
            _hand.random.seed(_hand.deal.begin())
        yield

    def draw_boolean(self, p: float = 0.5) -> bool:
        """True with the probability ``p``."""
        return _hand.random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        shrink_towards: int = 0,
        **_: Any,
    ) -> int:
        """Any integer of the range, all alike; what Hypothesis would prefer is ignored."""
        if _hand.deal is not None and _hand.deal.fresh and min_value is not None and max_value is not None:
            return min_value + _hand.deal.turn() % (max_value - min_value + 1)
        least = min(-WIDEST, shrink_towards) if min_value is None else min_value
        return _hand.random.randint(least, max(WIDEST, least) if max_value is None else max_value)

    def draw_float(self, *, min_value: float = -1e9, max_value: float = 1e9, **_: Any) -> float:
        """Any float of the range."""
        return _hand.random.uniform(max(min_value, -1e300), min(max_value, 1e300))

    def draw_string(self, intervals: Any, *, min_size: int = 0, max_size: int = LONGEST) -> str:
        """A text of the characters in ``intervals``."""
        length = self._length(min_size, max_size)
        return "".join(chr(intervals[_hand.random.randrange(len(intervals))]) for _ in range(length))

    def draw_bytes(self, min_size: int = 0, max_size: int = LONGEST) -> bytes:
        """Any octets."""
        return _hand.random.randbytes(self._length(min_size, max_size))

    def _length(self, least: int, most: int) -> int:
        return _hand.random.randint(least, min(most, least + LONGEST))


def load(seed: str) -> None:
    """Let the next exploration throw by ``seed``, one example after another."""
    _hand.deal, _hand.random = None, Random(seed)


def deal(seed: str, following: int = 0) -> Deal:
    """Let each example of the next exploration be thrown by itself, from number ``following`` on."""
    _hand.deal = Deal(seed, following)
    return _hand.deal


class _Throw(ConjectureData):
    """Choices of which no account is kept: nothing of this is ever shrunk, or drawn a second time from here."""

    def __init__(self) -> None:
        super().__init__(random=None, provider=Dice)

    def draw(self, strategy: SearchStrategy[Drawn], *_: Any, **__: Any) -> Drawn:
        """What the strategy gives; Hypothesis's engine is where strategies are looked through for mistakes."""
        return strategy.do_draw(self)

    def draw_integer(self, *args: Any, forced: int | None = None, **constraints: Any) -> int:
        """Straight from the dice: most choices are integers."""
        return self.provider.draw_integer(*args, **constraints) if forced is None else forced

    def start_span(self, *_: Any, **__: Any) -> None:
        """Only the depth counts."""
        self.depth += 1

    def stop_span(self, *_: Any, **__: Any) -> None:
        """Only the depth counts."""
        self.depth -= 1

    def conclude_test(self, *_: Any, **__: Any) -> Any:
        """The strategy has given up."""
        raise StopTest(self.testcounter)

    def _pooled_constraints(self, _: Any, constraints: Any) -> Any:
        return constraints

    def _draw(self, choice_type: Any, constraints: Any, *, forced: Any, **_: Any) -> Any:
        return getattr(self.provider, f"draw_{choice_type}")(**constraints) if forced is None else forced


class _Context(BuildContext):
    """What strategies ask for while they draw; how they came to a value is not remembered."""

    def record_call(self, *_: Any, **__: Any) -> None:
        """Nobody will print it."""


class Thrower(Generic[Drawn]):
    """Throws the examples of a strategy, each by ``seed`` and its own number."""

    def __init__(self, strategy: SearchStrategy[Drawn], seed: str) -> None:
        characters.prepare()
        self.strategy = strategy
        self.seed = seed
        self._data = _Throw()
        self._begun = self._data.depth

    def throw(self, number: int) -> Drawn | None:
        """The example of this number, as :func:`deal` would have it drawn; None if the strategy gives none."""
        held, _hand.deal = _hand.deal, Deal(self.seed, number)
        self._data.depth = self._begun  # where a strategy has given up, it was left somewhere
        try:
            with self._data.provider.per_test_case_context_manager():
                return _drawn(self.strategy, self._data)
        finally:
            _hand.deal = held  # the engine may be waiting for the outcome of an example of its own


def simplest(strategy: SearchStrategy[Drawn]) -> Drawn | None:
    """The example that all others shrink to; None if the strategy gives none."""
    characters.prepare()
    return _drawn(strategy, ConjectureData.for_choices((ChoiceTemplate("simplest", count=None),)))


def _drawn(strategy: SearchStrategy[Drawn], data: ConjectureData) -> Drawn | None:
    try:
        with _Context(data, wrapped_test=_drawn):
            return data.draw(strategy)
    except (StopTest, UnsatisfiedAssumption):
        return None


AVAILABLE_PROVIDERS.setdefault(BACKEND, Dice)
ENGINE = settings(
    database=None,
    derandomize=True,
    deadline=None,
    report_multiple_bugs=False,
    print_blob=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
    backend=BACKEND,
)
"""How Hypothesis's engine explores and shrinks for the fuzz, whatever profile is loaded (one is, where it sees CI)."""
