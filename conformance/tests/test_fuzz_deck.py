"""Decks: what is thrown is what Hypothesis draws by the same dice, for every mutation and again in any order."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from itertools import groupby, islice

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from conformance.fuzz import dice
from conformance.fuzz.deck import Deck, Wrong
from conformance.fuzz.example import Example, Fate, Ground
from conformance.fuzz.mutations import load
from conformance.fuzz.valid import examples

GROUND = Ground(b"h:80", (b"/page.txt", b"/", b"/picture.png"), validators=((b"/page.txt", b'"a"', b""),))
MAKE = partial(examples, ground=GROUND)
DECK = Deck(tuple(load().values()), MAKE, "7")
HARD = st.tuples(
    st.lists(st.integers(), max_size=4),
    st.text(max_size=5),
    st.binary(min_size=1, max_size=4),
    st.sets(st.integers(0, 9), max_size=3),
    st.integers(0, 9).filter(lambda number: number % 2),
    st.booleans() | st.floats(0, 1),
    st.permutations(range(4)),
)


def test_what_is_thrown_is_what_the_engine_draws() -> None:
    simplest = DECK.simplest(DECK.mutations[0])
    for number, example in islice(DECK.examples(), 2 * len(DECK.mutations)):
        drawn: list[Example] = []
        DECK.shrink(number, drawn.append)
        assert drawn[-1] == example
        assert drawn[0] in (simplest, example)


@pytest.mark.parametrize("number", range(40))
def test_strategies_of_every_kind_are_thrown_as_they_are_drawn(number: int) -> None:
    assert dice.Thrower(HARD, "seed").throw(number) == _drawn_by_the_engine(number)


def _drawn_by_the_engine(number: int) -> object:
    drawn: dict[int | None, object] = {}
    deal = dice.deal("seed", number)

    @settings(dice.ENGINE, max_examples=4, phases=(Phase.generate,))
    @given(HARD)
    def draw(value: object) -> None:
        drawn[deal.number] = value

    draw()
    return drawn.get(number)


def test_the_engine_is_the_same_wherever_hypothesis_sees_ci() -> None:
    program = "from conformance.fuzz.dice import ENGINE; print(ENGINE)"
    chosen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **where},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for where in ({}, {"CI": "true"}, {"GITHUB_ACTIONS": "true"})
    }
    (engine,) = chosen
    assert all(setting in engine for setting in ("database=None", "derandomize=True", "print_blob=False"))


def test_the_examples_do_not_depend_on_which_mutations_fit() -> None:
    every = dict(islice(DECK.examples(), 200))
    some = dict(islice(DECK.examples(lambda mutation: "chunk" in mutation.name), 20))
    assert some
    assert all(every[number] == example for number, example in some.items() if number in every)


def test_a_strategy_that_gives_up_is_passed_over() -> None:
    def half(_: object) -> st.SearchStrategy[Example]:
        return MAKE(DECK.mutations[0]).filter(lambda example: len(example.data) % 2 == 0)

    def never(_: object) -> st.SearchStrategy[Example]:
        return MAKE(DECK.mutations[0]).filter(lambda _: False)

    assert all(len(example.data) % 2 == 0 for _, example in islice(Deck(DECK.mutations[:1], half, "").examples(), 50))
    assert dice.Thrower(never(None), "").throw(0) is None
    assert Deck(DECK.mutations[:1], never, "").simplest(DECK.mutations[0]) is None


def test_what_is_raised_while_shrinking_comes_out_and_ends_it() -> None:
    played: list[Example] = []

    def fail(example: Example) -> None:
        played.append(example)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        DECK.shrink(3, fail)
    assert len(played) == 1


def test_shrinking_ends_at_the_smallest_that_is_wrong() -> None:
    smallest: list[Example] = []

    def long(example: Example) -> None:
        if len(example.data) > 100:
            smallest.append(example)
            raise Wrong

    number = next(number for number, example in DECK.examples() if len(example.data) > 300)
    DECK.shrink(number, long)
    assert 100 < len(smallest[-1].data) < len(smallest[0].data)


def test_each_mutation_comes_once_before_the_first_comes_again() -> None:
    drawn = [example.mutation for _, example in islice(DECK.examples(), len(DECK.mutations))]
    assert drawn == list(DECK.mutations)
    assert [fate for fate, _ in groupby(mutation.fate for mutation in drawn)] == list(Fate)
