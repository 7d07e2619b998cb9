"""Other spellings of field lines that mean the same (RFC 9112 §5, RFC 9110 §5): all must be served as the plain one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.manner import bare, manner
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.ordinary import LETTERS, MARKED, ORDINARY, SECRETS, UNKNOWN, VISIBLE, one_of_these

MANY = 12
BEFORE = (b":", b":  ", b":\t", b": \t ")
AFTER = (b" ", b"\t", b"  ", b" \t ")
BEARERS = (FieldLine(b"User-Agent", b""), FieldLine(b"Referer", b"http://127.0.0.1/"), FieldLine(b"Cookie", b"a="))
"""What a server may remember, if only to write it down: its value ends with any word."""


def _mixed(name: bytes) -> bytes:
    return bytes(
        octet ^ 32 if place % 2 and chr(octet).isalpha() else octet for place, octet in enumerate(name.lower())
    )


CASES: tuple[Callable[[bytes], bytes], ...] = (bytes.lower, bytes.upper, bytes.swapcase, _mixed)


def _each_line(plain: Request, spell: Callable[[FieldLine], Iterator[FieldLine]]) -> st.SearchStrategy[Request]:
    """The request with one of its field lines written in any of the other ways that ``spell`` gives."""
    fields = plain.fields
    made = [
        replace(plain, fields=(*fields[:place], other, *fields[place + 1 :]))
        for place, line in enumerate(fields)
        for other in spell(line)
    ]
    return one_of_these(made)


def _recased(line: FieldLine) -> Iterator[FieldLine]:
    return (replace(line, name=case(line.name)) for case in CASES)


def _respaced(line: FieldLine) -> Iterator[FieldLine]:
    yield from (replace(line, colon=colon) for colon in BEFORE)
    yield from (replace(line, after=after) for after in AFTER)
    yield replace(line, colon=b":", after=b" ")


@mutation("capitals in a field name", "field.names-case-insensitive", Fate.SERVED)
@mutation("capitals in Content-Length", "field.names-case-insensitive", Fate.SERVED, base=Base.LENGTH)
@mutation("capitals in Transfer-Encoding", "field.names-case-insensitive", Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _each_line(plain, _recased)


@mutation("blanks round a value", "field.whitespace-around-value-ignored", Fate.SERVED)
@mutation("blanks round Content-Length", "field.whitespace-around-value-ignored", Fate.SERVED, base=Base.LENGTH)
@mutation("blanks round chunked", "field.whitespace-around-value-ignored", Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _each_line(plain, _respaced)


def _rotations(fields: tuple[FieldLine, ...]) -> Iterator[tuple[FieldLine, ...]]:
    """Each line moved to each other place, none past another of its name."""
    for start in range(len(fields)):
        rest = (*fields[:start], *fields[start + 1 :])
        yield from ((*rest[:place], fields[start], *rest[place:]) for place in range(len(fields)) if place != start)


def _dressed(ground: Ground) -> tuple[Request, ...]:
    """Pages asked for with some ordinary fields."""
    return tuple(request.adding(*ORDINARY[:3]) for request in bare(ground))


@mutation("fields in another order", "field.order-irrelevant", Fate.SERVED)
@manner(plains=_dressed)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return one_of_these([replace(plain, fields=fields) for fields in _rotations(plain.fields)])


@mutation("a length in another place", "field.order-irrelevant", Fate.SERVED, base=Base.LENGTH)
@mutation("chunked in another place", "field.order-irrelevant", Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return one_of_these([replace(plain, fields=fields) for fields in _rotations(plain.fields)])


def _inserting(plain: Request, lines: st.SearchStrategy[tuple[FieldLine, ...]]) -> st.SearchStrategy[Request]:
    """The request with these lines behind its own, or before them."""

    def insert(drawn: tuple[tuple[FieldLine, ...], bool]) -> Request:
        more, first = drawn
        return replace(plain, fields=(*more, *plain.fields) if first else (*plain.fields, *more))

    return st.tuples(lines, st.booleans()).map(insert)


@mutation("an unknown field", "field.unknown-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _inserting(plain, st.tuples(UNKNOWN))


@mutation("many unknown fields", "field.unknown-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.integers(2, MANY).map(
        lambda count: plain.adding(*(FieldLine(b"X-Unknown-%d" % n, b"value %d" % n) for n in range(count)))
    )


@mutation("marks in a field name", "field.unknown-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _inserting(plain, st.tuples(MARKED))


@mutation("a word of its own in a field", "field.unknown-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return SECRETS.map(lambda word: plain.adding(FieldLine(b"X-Unknown", word)))


@mutation("a word of its own in an ordinary field", "error.400-only-for-bad-requests", Fate.SERVED)
@manner(plains=bare)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(st.sampled_from(BEARERS), SECRETS).map(
        lambda drawn: plain.adding(replace(drawn[0], value=drawn[0].value + drawn[1]))
    )


@mutation("ordinary fields", "error.400-only-for-bad-requests", Fate.SERVED)
@manner(plains=bare)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    single = [(line,) for line in ORDINARY]
    pairs = [(one, other) for one in ORDINARY for other in ORDINARY if one.name < other.name]
    return one_of_these([plain.adding(*lines) for lines in (*single, *pairs, ORDINARY[:9])])


@mutation("an empty value", "field.empty-value-accepted", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    colons = st.sampled_from((b":", b": ", b":\t"))
    return _inserting(plain, colons.map(lambda colon: (FieldLine(b"X-Empty", b"", colon),)))


@mutation("an empty Accept", "negotiation.accept-empty-tolerated", Fate.SERVED)
@manner(plains=bare)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return one_of_these([plain.adding(FieldLine(b"Accept", b"", colon)) for colon in (b":", b": ")])


@mutation("colons in a value", "field.only-first-colon-splits", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    values = st.text(":" + LETTERS[:3], max_size=8).map(lambda text: b":" + text.encode())
    return _inserting(plain, values.map(lambda value: (FieldLine(b"X-Colons", value),)))


LISTS = (
    (FieldLine(b"X-List", b"a"), FieldLine(b"X-List", b"b")),
    (FieldLine(b"Cache-Control", b"no-cache"), FieldLine(b"Cache-Control", b"max-age=0")),
    (FieldLine(b"Accept", b"*/*"), FieldLine(b"accept", b"*/*")),
    (FieldLine(b"X-List", b"a"), FieldLine(b"X-Other", b"b"), FieldLine(b"X-List", b"a")),
)


LISTED = (FieldLine(b"X-List", b"a"), FieldLine(b"Cache-Control", b"no-cache"), FieldLine(b"Accept", b"*/*"))


def _with_lists(ground: Ground) -> tuple[Request, ...]:
    """With the lists as they are written as a rule: who does not like the fields themselves is told so elsewhere."""
    return tuple(request.adding(*LISTED) for request in bare(ground))


def _relisted(plain: Request, lines: tuple[FieldLine, ...]) -> Request:
    return plain.without(lines[0].name).adding(*lines)


@mutation("a list in several lines", "field.repeated-lines-are-one-list", Fate.SERVED)
@manner(plains=_with_lists)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return one_of_these([_relisted(plain, lines) for lines in LISTS])


@mutation("empty members in a list", "field.empty-list-elements-accepted", Fate.SERVED)
@manner(plains=_with_lists)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    values = (b"no-cache,", b",no-cache", b"no-cache,,max-age=0", b", ,no-cache , ,")
    lines = [FieldLine(b"Cache-Control", value) for value in values]
    lines += [FieldLine(b"Accept", value) for value in (b",*/*", b"*/*,", b", ,*/*")]
    return one_of_these([_relisted(plain, (line,)) for line in lines])


TIGHT = (FieldLine(b"Cache-Control", b"no-cache,max-age=0"), FieldLine(b"Accept", b"text/html,*/*;q=1"))
LOOSE = (
    (b"no-cache , max-age=0", b"no-cache\t,\tmax-age=0", b"no-cache,   max-age=0"),
    (b"text/html,*/* ; q=1", b"text/html,*/*;\tq=1", b"text/html , */*;q=1"),
)


def _listing(ground: Ground) -> tuple[Request, ...]:
    """Pages asked for with a list."""
    return tuple(request.adding(line) for line in TIGHT for request in bare(ground))


@mutation("blanks in a list", "field.inner-whitespace-tolerated", Fate.SERVED)
@manner(plains=_listing)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    *others, line = plain.fields
    return one_of_these(
        [replace(plain, fields=(*others, replace(line, value=value))) for value in LOOSE[TIGHT.index(line)]]
    )


BUFFERS = (4096, 8192, 4096, 8192, 16_384, 65_536)
"""Sizes of heads after which a read has given all that was asked for, and nothing is left to be read."""


@mutation("a long value", "limits.header-too-large-4xx", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = len(plain.adding(FieldLine(b"X-Long", b"")).head)
    sizes = st.sampled_from((200, 500, 1000, 2000, 3000, *(size - rest for size in BUFFERS if size > rest)))
    letter = st.sampled_from(VISIBLE).map(str.encode)
    return st.tuples(sizes, letter).map(lambda drawn: plain.adding(FieldLine(b"X-Long", drawn[1] * drawn[0])))
