"""Good requests, and the examples that are made of them: within the strict grammar, simplest first, few in number."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from conformance.fuzz import dice
from conformance.fuzz.example import Base, Example, Fate, Ground, Mutation
from conformance.fuzz.manner import Way, manner_of
from conformance.fuzz.message import Chunked, Request
from conformance.fuzz.mutations import load
from conformance.fuzz.valid import examples, good, near_valid, pipelines, plains, requests

GROUND = Ground(
    b"localhost:8000",
    (b"/hello.txt", b"/"),
    (b"POST", b"/cgi/echo.py"),
    frozenset(("http-1.1", "persistent", "etag", "ranges")),
)
AREAS = ("equivalent_fields", "equivalent_targets", "deliveries", "bodies", "conditions", "ranges")
MINE = [mutation for mutation in load().values() if mutation.make.__module__.rpartition(".")[2] in AREAS]
SERVED = [mutation for mutation in MINE if mutation.fate is Fate.SERVED]
QUICK = settings(
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
    backend=dice.BACKEND,
)


def named(mutation: Mutation) -> str:
    return mutation.name


def drawn(strategy: st.SearchStrategy[Any], action: Callable[[Any], None], count: int = 20) -> None:
    """Do ``action`` to some examples of ``strategy``, always the same."""
    dice.load("test")
    settings(QUICK, max_examples=count)(given(strategy)(action))()


def read(data: bytes) -> list[tuple[h11.Request, bytes]]:
    """The requests that h11 reads in ``data``, with their contents; raises what h11 raises."""
    found: list[tuple[h11.Request, bytes]] = []
    while data:
        server = h11.Connection(h11.SERVER)
        server.receive_data(data.removeprefix(b"\r\n"))  # h11 has no patience with the empty line
        event = server.next_event()
        assert isinstance(event, h11.Request), event
        content = b""
        while not isinstance(piece := server.next_event(), h11.EndOfMessage):
            assert isinstance(piece, h11.Data), piece
            content += bytes(piece.data)
        found.append((event, content))
        data, _ = server.trailing_data
    return found


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


def test_any_good_request_is_read_by_h11() -> None:
    forms: set[bytes] = set()
    methods: set[bytes] = set()

    def is_good(request: Request) -> None:
        ((head, content),) = read(request.data)
        assert (head.method, head.target, content) == (request.method, request.target, request.content)
        methods.add(request.method)
        forms.add(re.sub(rb"[^/*:].*", b"", request.target.removeprefix(b"http:")) or b"other")

    drawn(requests(GROUND), is_good, count=100)
    assert methods == {b"GET", b"HEAD", b"OPTIONS", b"POST"}
    assert forms == {b"/", b"//", b"*"}


def test_pipelines_are_read_by_h11_one_request_after_the_other() -> None:
    def are_good(row: tuple[Request, ...]) -> None:
        assert len(read(b"".join(request.data for request in row))) == len(row)

    drawn(pipelines(GROUND), are_good)


def test_near_valid_requests_know_what_they_break() -> None:
    """As the package's documentation shows it."""
    rules: set[str] = set()

    def collect(example: Example) -> None:
        assert example.fate is Fate.REFUSED
        assert set(example.mutation.needs) <= GROUND.capabilities
        rules.add(example.mutation.rule)

    drawn(near_valid(GROUND), collect)
    assert rules


def test_near_valid_requests_of_every_fate() -> None:
    fates: set[Fate] = set()
    drawn(near_valid(GROUND, None), lambda example: fates.add(example.fate), count=100)
    assert fates == set(Fate)
