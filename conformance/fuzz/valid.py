"""Good requests: what every mutation starts from, and the examples that are made of them.

They are few, so that the answers to all can be known; those that users draw are in :mod:`conformance.fuzz.strategies`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Example, Fate, Ground, Mutation
from conformance.fuzz.manner import Way, bare, manner_of
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.fuzz.ordinary import CONTENTS, DRESSES, one_of_these

STEP = 32
"""Cuts are made for lengths that are multiples of this; where there is no such place, nothing is cut."""

Company: TypeAlias = tuple[tuple[Request, ...], tuple[Request, ...]]
Delivery: TypeAlias = tuple[Company, tuple[int, ...]]

ALONE: Company = ((), ())
WHOLE: Delivery = (ALONE, ())
TEXT = FieldLine(b"Content-Type", b"text/plain")
CHUNKED = FieldLine(b"Transfer-Encoding", b"chunked")
CUTTINGS = ((b"hello",), (b"hello", b" you"), (b"0123456789abcdefg",), (b"\r\n", b"0\r\n\r\n"), (b"x" * 300, b"\0\xff"))


def _with_length(ground: Ground, content: bytes, *fields: FieldLine) -> Request:
    method, target = ground.taker
    host = FieldLine(b"Host", ground.authority)
    return Request(method, target, (host, *fields, FieldLine(b"Content-Length", b"%d" % len(content))), content)


def _in_chunks(ground: Ground, parts: tuple[bytes, ...], *fields: FieldLine) -> Request:
    method, target = ground.taker
    host = FieldLine(b"Host", ground.authority)
    return Request(method, target, (host, *fields, CHUNKED), Chunked(tuple(map(Chunk, parts))))


@lru_cache(64)
def plains(ground: Ground, base: Base = Base.PLAIN) -> tuple[Request, ...]:
    """The good requests of one kind, the simplest first: few enough that the answers to all can be known."""
    if base is Base.LENGTH:
        dressed = (_with_length(ground, CONTENTS[0], TEXT, *DRESSES[0]), _with_length(ground, CONTENTS[1], TEXT))
        return (*(_with_length(ground, content) for content in CONTENTS), *dressed)
    if base is Base.CHUNKED:
        return (*(_in_chunks(ground, parts) for parts in CUTTINGS), _in_chunks(ground, CUTTINGS[0], TEXT, *DRESSES[0]))
    first, *others = bare(ground)
    queried = replace(first, target=first.target + b"?a=b")
    return (first, *others, first, *(first.adding(*fields) for fields in DRESSES), queried)


def good(ground: Ground, base: Base = Base.PLAIN) -> st.SearchStrategy[Request]:
    """Good requests of one kind; they shrink to the simplest one for the first page."""
    return one_of_these(plains(ground, base))


@lru_cache(1024)
def examples(mutation: Mutation, ground: Ground) -> st.SearchStrategy[Example]:
    """Examples of one mutation: alone on a connection, or among good requests, whole or in pieces."""
    manner = manner_of(mutation)
    starts = manner.plains(ground) if manner.plains else plains(ground, mutation.base)
    return st.integers(0, len(starts) - 1).flatmap(lambda index: _examples_from(starts[index], mutation, ground))


def pauses(mutation: Mutation) -> bool:
    """Whether time passes between the pieces of its examples: good requests in a row, too, may not arrive as one."""
    way = manner_of(mutation).way
    return way is Way.PAUSES or (way is Way.ROW and mutation.fate is Fate.SERVED)


@lru_cache(4096)
def _examples_from(plain: Request, mutation: Mutation, ground: Ground) -> st.SearchStrategy[Example]:
    """Those that start from ``plain``; of tuples and functions, since a composite strategy takes half as long more."""
    way, pausing = manner_of(mutation).way, pauses(mutation)

    def assemble(drawn: tuple[Request, Delivery]) -> Example:
        request, ((before, after), cuts) = drawn
        if cuts:
            length = sum(len(each.data) for each in (*before, request, *after))
            cuts = tuple(sorted({cut for cut in cuts if cut < length}))
        return Example(mutation, request, plain, before, after, cuts, pausing and bool(cuts))

    length = len(plain.data) // STEP * STEP + STEP
    body = len(plain.head) if plain.body else 0
    deliveries = _deliveries(way, mutation.alone, ground, length, body)
    return st.tuples(mutation.make(plain, ground), deliveries).map(assemble)


class Mode(Enum):
    """How two offsets tell where a request is cut. All take both, so that the least of them can be tried in place."""

    ONE = "at the first"
    TWO = "at both"
    DRIP = "before each octet up to the first"


_modes = st.sampled_from(Mode)


def _offsets(drawn: tuple[Mode, int, int]) -> tuple[int, ...]:
    mode, one, other = drawn
    return {Mode.ONE: (one,), Mode.TWO: (one, other), Mode.DRIP: tuple(range(1, one + 1))}[mode]


@lru_cache(1024)
def _deliveries(way: Way, alone: bool, ground: Ground, length: int, body: int) -> st.SearchStrategy[Delivery]:
    """Company or cuts; whole and alone is the simplest, and as a rule the most frequent.

    Every other piece begins in the body, where there is one: it does so behind ``body`` octets. A GET behind it shows
    by its answer whether all of the body was read.
    """
    company: Company = ((), (neighbours(ground)[0],)) if body else ALONE
    place = st.integers(1, length)
    if body:
        place |= st.integers(body + 1, max(body + 1, length - STEP))
    if way is Way.ROW:
        places = st.integers(1, 3 * length)
        return st.tuples(one_of_these(_rows(ground)), st.just(()) | st.just(()) | st.tuples(places, places))
    if way is Way.PIECES:
        return st.tuples(_modes, place, place).map(lambda drawn: (company, _offsets(drawn)))
    cut: list[Delivery] = [(ALONE, (at,)) for at in range(1, length)]
    cut += [(ALONE, (at, at + apart)) for apart in (1, 2, 5, 20) for at in range(1, length - apart, 4)]
    if way is Way.PAUSES:
        inside: list[Delivery] = [(company, (at,)) for at in range(body + 1, length - STEP)] if body else []
        beyond: list[Delivery] = [(company, cuts) for _, cuts in cut]
        return one_of_these(beyond + inside * (len(cut) // max(1, len(inside))))
    among: list[Delivery] = [] if alone else [(row, ()) for row in _pairings(ground) for _ in cut[::3]]
    return one_of_these([*([WHOLE] * 3 * len(cut)), *among, *cut])


@lru_cache(64)
def neighbours(ground: Ground) -> tuple[Request, ...]:
    """GETs to stand on one connection with others, the simplest first; no two alike, so that their order shows."""
    first, *others = bare(ground)
    return (first, *others, first.adding(*DRESSES[2]))


@lru_cache(64)
def _rows(ground: Ground) -> tuple[Company, ...]:
    """All companies of up to two good requests on each side, the smallest first."""
    kinds = neighbours(ground)
    sides = ((), *((kind,) for kind in kinds), *product(kinds, repeat=2))
    rows: list[Company] = [(before, after) for before in sides for after in sides if before or after]
    return tuple(sorted(rows, key=lambda row: len(row[0]) + len(row[1])))


def _pairings(ground: Ground) -> tuple[Company, ...]:
    """One plain GET before, behind, or both."""
    one = (neighbours(ground)[0],)
    return ((), one), (one, ()), (one, one)
