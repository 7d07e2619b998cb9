"""Ranges (RFC 9110 §14, RFC 2616 §14.35). The whole page is always a lawful answer, so that most may be either:

whether a part is the part that was asked for is for the properties to see, by what a plain GET brings.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import files, manner
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.mutations.conditions import NEVER

NEAR = 40
HUGE = (2**31, 2**32, 2**63, 2**64, 2**64 + 5, 10**30)
PART = "range.206-body-matches-content-range"
INVALID = (*(b"5-2", b"-", b"", b"a-b", b"1", b"0x0-0x5", b"0-5-9", b"--5", b"0 - 5x", b"+0-5", b"0-4;5-6", b"0.0-5"),)

_place = st.integers(0, NEAR)
_closed = st.tuples(_place, _place).map(lambda pair: b"%d-%d" % (pair[0], pair[0] + pair[1]))
_open = _place.map(lambda first: b"%d-" % first)
_suffix = st.integers(1, NEAR).map(lambda length: b"-%d" % length)
_single = _closed | _open | _suffix


def _ranged(plain: Request, sets: st.SearchStrategy[bytes]) -> st.SearchStrategy[Request]:
    return sets.map(lambda wanted: plain.adding(FieldLine(b"Range", b"bytes=" + wanted)))


@mutation("a range", PART, Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, _closed)


@mutation("an open range", "range.end-clamped-to-length", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, _open)


@mutation("a range of the end", "range.suffix-is-last-octets", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, _suffix | st.sampled_from((b"-10000000", b"-01")))


@mutation("several ranges", "range.multipart-part-headers", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    several = st.tuples(_single, _single) | st.tuples(_single, _single, _single)
    return _ranged(
        plain, st.tuples(st.sampled_from((b",", b", ", b",,")), several).map(lambda pair: pair[0].join(pair[1]))
    )


@mutation("a range beyond the end", "range.unsatisfiable-is-not-206", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, st.sampled_from((b"100000000-", b"100000000-100000001", b"-0")))


@mutation("huge positions in a range", "range.large-positions-no-overflow", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    huge = st.sampled_from(HUGE)
    sets = st.one_of(
        huge.map(lambda last: b"0-%d" % last),
        huge.map(lambda first: b"%d-" % first),
        huge.map(lambda first: b"%d-%d" % (first, first + 4)),
    )
    return _ranged(plain, sets)


@mutation(
    "a huge length in a range of the end",
    "range.large-positions-no-overflow",
    Fate.EITHER,
    needs=("range.suffix-is-last-octets",),
)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, st.sampled_from(HUGE).map(lambda length: b"-%d" % length))


@mutation("a range that is not valid", "range.invalid-spec-not-honoured", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(plain, st.sampled_from(INVALID))


@mutation("an unknown range unit", "range.unknown-unit-ignored", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    units = st.sampled_from((b"x-lines", b"x", b"bytesx", b"xbytes"))
    return units.map(lambda unit: plain.adding(FieldLine(b"Range", unit + b"=0-1")))


@mutation("capitals in the range unit", "range.unit-case-insensitive", Fate.EITHER, needs=("ranges",))
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    units = st.sampled_from((b"BYTES", b"Bytes"))
    return st.tuples(units, _closed).map(lambda pair: plain.adding(FieldLine(b"Range", pair[0] + b"=" + pair[1])))


@mutation("a range in a HEAD", "range.ignored-unless-get", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _ranged(replace(plain, method=b"HEAD"), _single)


@mutation("If-Range with a tag that never was", "conditional.if-range-mismatch-full-reply", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    old = FieldLine(b"If-Range", b'"' + NEVER + b'1"')
    return _closed.map(lambda wanted: plain.adding(FieldLine(b"Range", b"bytes=" + wanted), old))


@mutation("Content-Range in a GET", "range.content-range-in-get-ignored", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    values = (b"bytes 0-1/2", b"bytes 0-1/*", b"bytes */5", b"lines 0-1/2")
    return st.sampled_from([plain.adding(FieldLine(b"Content-Range", value)) for value in values])
