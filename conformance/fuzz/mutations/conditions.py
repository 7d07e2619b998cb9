"""Conditions (RFC 9110 §13, RFC 2616 §14.24 to §14.28) that no server need know the page's own validators to judge.

Those that are invalid, out of place or plainly true must change nothing. What a server may heed or ignore may be
either: whether its answer fits to the page is for the properties to see.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import files, manner
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.ordinary import DIGITS, LETTERS

TAG = LETTERS + DIGITS + ",;*/='!"
"""Octets of a tag: also those that mean something outside of its quotes."""
NEVER = b"never-issued-"
OLD = (b"Sat, 29 Oct 1994 19:43:31 GMT", b"Thu, 01 Jan 1970 00:00:01 GMT", b"Saturday, 29-Oct-94 19:43:31 GMT")
LATE = (b"Thu, 31 Dec 2037 23:59:59 GMT", b"Fri, 01 Jan 2038 00:00:00 GMT")
NOT_DATES = (b"not-a-date", b"???", b'"tag"', b"Xyz, 99 Abc 2020 99:99:99 GMT", b"")

_tag = st.text(TAG, max_size=8).map(lambda text: b'"' + NEVER + text.encode() + b'"')
_weak = _tag.map(lambda tag: b"W/" + tag)
_tags = _tag | _weak | st.tuples(_tag, _tag).map(b", ".join) | st.tuples(_weak, _tag).map(b",".join)
"""One or two tags that no page ever had."""


def _one_of(plain: Request, name: bytes, values: Iterable[bytes]) -> st.SearchStrategy[Request]:
    return st.sampled_from([plain.adding(FieldLine(name, value)) for value in values])


@mutation("If-None-Match with tags that never were", "conditional.inm-miss-no-304", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _tags.map(lambda tags: plain.adding(FieldLine(b"If-None-Match", tags)))


@mutation("a date beside If-None-Match", "conditional.inm-disables-ims", Fate.SERVED, needs=("http-1.1", "etag"))
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    drawn = st.tuples(_tag, st.sampled_from(LATE))
    return drawn.map(
        lambda pair: plain.adding(FieldLine(b"If-None-Match", pair[0]), FieldLine(b"If-Modified-Since", pair[1]))
    )


@mutation("If-None-Match: *", "conditional.inm-star-existing", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-None-Match", (b"*",))


@mutation("If-Match: *", "conditional.if-match-hit-performs", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Match", (b"*",))


@mutation("If-Match with tags that never were", "conditional.if-match-miss-412", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _tags.map(lambda tags: plain.adding(FieldLine(b"If-Match", tags)))


@mutation("If-Modified-Since long ago", "conditional.ims-modified-full-reply", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Modified-Since", OLD)


@mutation("If-Modified-Since in the future", "conditional.ims-future-date-invalid", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Modified-Since", LATE)


@mutation("no date in If-Modified-Since", "conditional.ims-invalid-date-ignored", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Modified-Since", NOT_DATES)


@mutation("If-Unmodified-Since long ago", "conditional.ius-false-412", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Unmodified-Since", OLD)


@mutation("If-Unmodified-Since in the future", "conditional.ius-true-performs", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Unmodified-Since", LATE)


@mutation("no date in If-Unmodified-Since", "conditional.ius-invalid-date-ignored", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(plain, b"If-Unmodified-Since", NOT_DATES)


@mutation("If-Range without Range", "conditional.if-range-ignored-without-range", Fate.SERVED)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return (_tag | st.sampled_from(OLD)).map(lambda value: plain.adding(FieldLine(b"If-Range", value)))
