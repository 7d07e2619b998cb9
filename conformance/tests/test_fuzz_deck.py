"""Decks: what is thrown is what Hypothesis draws by the same dice, for every mutation and again in any order."""

from __future__ import annotations

from functools import partial
from itertools import islice

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.fuzz import dice
from conformance.fuzz.deck import Deck, Wrong, decks, shares
from conformance.fuzz.example import Example, Fate, Ground
from conformance.fuzz.mutations import load
from conformance.fuzz.valid import examples

GROUND = Ground(b"h:80", (b"/page.txt", b"/", b"/picture.png"), validators=((b"/page.txt", b'"a"', b""),))
MAKE = partial(examples, ground=GROUND)
DECKS = decks(load().values(), MAKE, "7")
HARD = st.tuples(
    st.lists(st.integers(), max_size=4),
    st.text(max_size=5),
    st.binary(min_size=1, max_size=4),
    st.sets(st.integers(0, 9), max_size=3),
    st.integers(0, 9).filter(lambda number: number % 2),
    st.booleans() | st.floats(0, 1),
    st.permutations(range(4)),
)


@pytest.mark.parametrize("deck", DECKS, ids=[deck.mutations[0].fate.name for deck in DECKS])
def test_what_is_thrown_is_what_the_engine_draws(deck: Deck) -> None:
    for number, example in islice(deck.examples(), len(deck.mutations)):
        drawn: list[Example] = []
        deck.shrink(number, drawn.append)
        assert drawn[-1] == example
        assert drawn[0] in (deck.simplest(), example)


@pytest.mark.parametrize("number", range(40))
def test_strategies_of_every_kind_are_thrown_as_they_are_drawn(number: int) -> None:
    assert dice.Thrower(HARD, "seed").throw(number) == _drawn_by_the_engine(number)


def _drawn_by_the_engine(number: int) -> object:
    drawn: dict[int | None, object] = {}
    deal = dice.deal("seed", number)

    @settings(
        max_examples=4,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        backend=dice.BACKEND,
    )
    @given(HARD)
    def draw(value: object) -> None:
        drawn[deal.number] = value

    draw()
    return drawn.get(number)


def test_the_examples_do_not_depend_on_which_mutations_fit() -> None:
    every = dict(islice(DECKS[0].examples(), 200))
    some = dict(islice(DECKS[0].examples(lambda mutation: "chunk" in mutation.name), 20))
    assert some
    assert all(every[number] == example for number, example in some.items() if number in every)


def test_a_strategy_that_gives_up_is_passed_over() -> None:
    def half(_: object) -> st.SearchStrategy[Example]:
        return MAKE(DECKS[0].mutations[0]).filter(lambda example: len(example.data) % 2 == 0)

    def never(_: object) -> st.SearchStrategy[Example]:
        return MAKE(DECKS[0].mutations[0]).filter(lambda _: False)

    assert all(
        len(example.data) % 2 == 0 for _, example in islice(Deck(DECKS[0].mutations[:1], half, "").examples(), 50)
    )
    assert dice.Thrower(never(None), "").throw(0) is None
    assert Deck(DECKS[0].mutations[:1], never, "").simplest() is None


def test_what_is_raised_while_shrinking_comes_out_and_ends_it() -> None:
    played: list[Example] = []

    def fail(example: Example) -> None:
        played.append(example)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        DECKS[0].shrink(3, fail)
    assert len(played) == 1


def test_shrinking_ends_at_the_smallest_that_is_wrong() -> None:
    smallest: list[Example] = []

    def long(example: Example) -> None:
        if len(example.data) > 100:
            smallest.append(example)
            raise Wrong

    number = next(number for number, example in DECKS[0].examples() if len(example.data) > 300)
    DECKS[0].shrink(number, long)
    assert 100 < len(smallest[-1].data) < len(smallest[0].data)


def test_every_mutation_that_fits_gets_as_many_examples() -> None:
    given = {deck.mutations[0].fate: share for deck, share in shares(DECKS, 1000, lambda _: True)}
    assert abs(sum(given.values()) - 1000) <= 1
    assert dict(shares(DECKS, 1000, lambda mutation: mutation.fate is Fate.EITHER))[DECKS[2]] == 1000
