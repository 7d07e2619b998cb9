"""Conditions (RFC 9110 §13, RFC 2616 §14.24 to §14.28) that no server need know the page's own validators to judge.

Those that are invalid, out of place or plainly true must change nothing. What a server may heed or ignore may be
either: whether its answer fits to the page is for the properties to see.
"""

from __future__ import annotations

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
MODIFIED, UNMODIFIED = b"If-Modified-Since", b"If-Unmodified-Since"

_tag = st.text(TAG, max_size=8).map(lambda text: b'"' + NEVER + text.encode() + b'"')
_weak = _tag.map(lambda tag: b"W/" + tag)
_tags = _tag | _weak | st.tuples(_tag, _tag).map(b", ".join) | st.tuples(_weak, _tag).map(b",".join)
"""One or two tags that no page ever had."""
_star = st.sampled_from((b"*",))
_old, _late, _no_date = st.sampled_from(OLD), st.sampled_from(LATE), st.sampled_from(NOT_DATES)


def _alone(name: str, rule: str, fate: Fate, field: bytes, values: st.SearchStrategy[bytes]) -> None:
    """Declare a mutation that adds one condition with any of ``values``."""

    @mutation(name, rule, fate)
    @manner(plains=files)
    def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
        return values.map(lambda value: plain.adding(FieldLine(field, value)))


_alone("If-None-Match with tags that never were", "conditional.inm-miss-no-304", Fate.SERVED, b"If-None-Match", _tags)


@mutation("a date beside If-None-Match", "conditional.inm-disables-ims", Fate.SERVED, needs=("http-1.1", "etag"))
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    drawn = st.tuples(_tag, _late)
    return drawn.map(lambda pair: plain.adding(FieldLine(b"If-None-Match", pair[0]), FieldLine(MODIFIED, pair[1])))


_alone("If-None-Match: *", "conditional.inm-star-existing", Fate.EITHER, b"If-None-Match", _star)
_alone("If-Match: *", "conditional.if-match-hit-performs", Fate.SERVED, b"If-Match", _star)
_alone("If-Match with tags that never were", "conditional.if-match-miss-412", Fate.EITHER, b"If-Match", _tags)
_alone("If-Modified-Since long ago", "conditional.ims-modified-full-reply", Fate.EITHER, MODIFIED, _old)
_alone("If-Modified-Since in the future", "conditional.ims-future-date-invalid", Fate.EITHER, MODIFIED, _late)
_alone("no date in If-Modified-Since", "conditional.ims-invalid-date-ignored", Fate.SERVED, MODIFIED, _no_date)
_alone("If-Unmodified-Since long ago", "conditional.ius-false-412", Fate.EITHER, UNMODIFIED, _old)
_alone("If-Unmodified-Since in the future", "conditional.ius-true-performs", Fate.SERVED, UNMODIFIED, _late)
_alone("no date in If-Unmodified-Since", "conditional.ius-invalid-date-ignored", Fate.SERVED, UNMODIFIED, _no_date)
_alone("If-Range without Range", "conditional.if-range-ignored-without-range", Fate.SERVED, b"If-Range", _tag | _old)
