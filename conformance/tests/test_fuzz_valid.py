"""Good requests, and the examples that are made of them: within the strict grammar, simplest first, few in number."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

from conformance.fuzz.dice import Thrower
from conformance.fuzz.example import Base, Example, Fate, Ground, Mutation
from conformance.fuzz.manner import Way, manner_of
from conformance.fuzz.message import Chunked
from conformance.fuzz.mutations import load
from conformance.fuzz.valid import examples, good, plains
from conformance.tests.requests_read import read

GROUND = Ground(
    b"localhost:8000",
    (b"/hello.txt", b"/"),
    (b"POST", b"/cgi/echo.py"),
    frozenset(("http-1.1", "persistent", "etag", "ranges")),
)
AREAS = ("equivalent_fields", "equivalent_targets", "deliveries", "bodies", "conditions", "ranges")
MINE = [mutation for mutation in load().values() if mutation.make.__module__.rpartition(".")[2] in AREAS]
SERVED = [mutation for mutation in MINE if mutation.fate is Fate.SERVED]


def named(mutation: Mutation) -> str:
    return mutation.name


def drawn(strategy: st.SearchStrategy[Any], action: Callable[[Any], None], count: int = 20) -> None:
    """Do ``action`` to some examples of ``strategy``, always the same."""
    thrower = Thrower(strategy, "test")
    for number in range(count):
        action(thrower.throw(number))


@pytest.mark.parametrize("base", Base)
def test_good_requests_are_good_and_few(base: Base) -> None:
    made = plains(GROUND, base)
    assert len(made) < 20
    for request in made:
        ((head, content),) = read(request.data)
        assert (head.method, head.target, content) == (request.method, request.target, request.content)
    drawn(good(GROUND, base), lambda request: None if request in made else pytest.fail("another one"))


def test_the_simplest_good_request_is_the_shortest() -> None:
    assert find(good(GROUND), lambda _: True).data == b"GET /hello.txt HTTP/1.1\r\nHost: localhost:8000\r\n\r\n"
    chunked = find(good(GROUND, Base.CHUNKED), lambda _: True)
    assert isinstance(chunked.body, Chunked)
    assert chunked.body.octets == b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("mutation", SERVED, ids=named)
def test_what_must_be_served_is_within_the_grammar(mutation: Mutation) -> None:
    def is_good(example: Example) -> None:
        answers = read(example.data)
        assert len(answers) == len(example.requests)
        for request, (head, content) in zip(example.requests, answers, strict=True):
            assert head.method == request.method
            assert content == request.content
        assert len(example.request.data) < 8192
        assert len(example.request.fields) < 30

    drawn(examples(mutation, GROUND), is_good)


@pytest.mark.parametrize("mutation", MINE, ids=named)
def test_examples_are_changed_and_whole(mutation: Mutation) -> None:
    seen: set[bytes] = set()

    def collect(example: Example) -> None:
        seen.add(example.request.data)
        assert example.plain.content == example.request.content or mutation.fate is Fate.EITHER
        assert all(0 < cut < len(example.data) for cut in example.cuts)
        assert b"".join(getattr(action, "data", b"") for action in example.probe.actions) == example.data

    drawn(examples(mutation, GROUND), collect)
    as_they_are = mutation.make.__module__.endswith("deliveries")
    manner = manner_of(mutation)
    starts = manner.plains(GROUND) if manner.plains else plains(GROUND, mutation.base)
    assert as_they_are or not seen <= {plain.data for plain in starts}


@pytest.mark.parametrize(
    "mutation",
    [load()[name] for name in ("a query", "a request in pieces", "several requests at once", "HEAD for GET")],
    ids=named,
)
def test_examples_shrink_to_one_request_in_one_piece(mutation: Mutation) -> None:
    smallest = find(examples(mutation, GROUND), lambda _: True, settings=settings(database=None, max_examples=20))
    assert len(smallest.requests) <= (2 if manner_of(mutation).way is Way.ROW else 1)
    assert len(smallest.cuts) <= (manner_of(mutation).way in (Way.PIECES, Way.PAUSES))


def test_the_place_of_a_cut_shrinks_to_the_octet_that_matters() -> None:
    mutation = load()["a request in pieces"]

    def splits_the_last_line_end(example: Example) -> bool:
        return len(example.data) - 1 in example.cuts

    thorough = settings(database=None, max_examples=2000)
    smallest = find(examples(mutation, GROUND), splits_the_last_line_end, settings=thorough, random=Random(0))
    assert smallest.request.target == b"/hello.txt"
    assert smallest.cuts == (len(smallest.data) - 1,)


def test_only_some_wait_between_pieces() -> None:
    waiting = [mutation.name for mutation in load().values() if manner_of(mutation).way is Way.PAUSES]
    assert len(waiting) == 3
    drawn(examples(load()[waiting[0]], GROUND), lambda example: None if example.pauses else pytest.fail("no pauses"))


def test_rows_hold_up_to_five_requests() -> None:
    sizes: set[int] = set()
    drawn(examples(load()["several requests at once"], GROUND), lambda example: sizes.add(len(example.requests)), 50)
    assert sizes <= {2, 3, 4, 5}
    assert max(sizes) == 5


def test_good_requests_in_a_row_are_cut_by_pauses() -> None:
    """Pieces that follow at once may arrive as one."""

    def look(example: Example) -> None:
        assert example.pauses is bool(example.cuts)

    for name in ("several requests at once", "a body among requests", "chunks among requests"):
        drawn(examples(load()[name], GROUND), look)


def test_a_long_value_may_fill_a_buffer() -> None:
    sizes: set[int] = set()
    drawn(load()["a long value"].make(plains(GROUND)[0], GROUND), lambda made: sizes.add(len(made.data)), 60)
    assert {4096, 8192} <= sizes
