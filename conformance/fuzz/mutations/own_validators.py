"""Conditions made of the page's own ETag and Last-Modified (RFC 9110 §13.1, RFC 2616 §14.24 to §14.28), or nearly so.

What the answer has to be is for the properties to see, which know the page's validators. A page without any is asked
for as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from hypothesis import strategies as st

from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import files, manner
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation

NEVER = b'"never-issued-1"'
TAG = ("http-1.1", "etag")
DATE = ("last-modified",)
SECONDS = (1, 2, 60, 3600, 86_400)

Values = Callable[[bytes], Iterable[bytes]]


def _tag(plain: Request, ground: Ground) -> bytes:
    """The strong tag of the page; empty if it has none."""
    return next((tag for target, tag, _ in ground.validators if target == plain.target and tag[:1] == b'"'), b"")


def _date(plain: Request, ground: Ground) -> bytes:
    return next((date for target, _, date in ground.validators if target == plain.target), b"")


def _conditional(
    name: str, rule: str, field: bytes, own: Callable[[Request, Ground], bytes], values: Values, needs: tuple[str, ...]
) -> None:
    @mutation(name, rule, Fate.EITHER, needs=needs)
    @manner(plains=files)
    def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
        validator = own(plain, ground)
        made = [plain.adding(FieldLine(field, value)) for value in values(validator)] if validator else []
        return st.sampled_from(made or [plain])


def _in_lists(tag: bytes) -> Iterable[bytes]:
    return tag, b"%s, %s" % (NEVER, tag), b"%s, %s" % (tag, NEVER), b"%s,%s" % (NEVER, tag), b"W/" + tag


def _almost(tag: bytes) -> Iterable[bytes]:
    """Other tags, which are no more than like the page's own."""
    inside = tag[1:-1]
    others = (inside[:-1], inside + b"x", b"x" + inside, inside[1:], inside[::-1], inside.swapcase(), b"")
    return [b'"%s"' % other for other in others if other != inside]


def _before(date: bytes) -> Iterable[bytes]:
    return [_shifted(date, -seconds) for seconds in SECONDS]


def _shifted(date: bytes, seconds: int) -> bytes:
    try:
        moment = parsedate_to_datetime(date.decode("latin-1")).astimezone(UTC)
        return format_datetime(moment + timedelta(seconds=seconds), usegmt=True).encode()
    except (ValueError, OverflowError):
        return date


INM, IM = b"If-None-Match", b"If-Match"
IMS, IUS = b"If-Modified-Since", b"If-Unmodified-Since"

_conditional("If-None-Match with the page's own tag", "conditional.inm-hit-get-304", INM, _tag, _in_lists, TAG)
_conditional("If-None-Match with almost the page's own tag", "conditional.inm-miss-no-304", INM, _tag, _almost, TAG)
_conditional("If-Match with almost the page's own tag", "conditional.if-match-miss-412", IM, _tag, _almost, TAG)
_conditional(
    "If-Match with the page's own tag",
    "conditional.if-match-hit-performs",
    IM,
    _tag,
    lambda tag: (tag, b"%s, %s" % (NEVER, tag), b"%s, %s" % (tag, NEVER)),
    TAG,
)
_conditional(
    "If-Modified-Since with the page's own date", "conditional.ims-unmodified-304", IMS, _date, lambda d: (d,), DATE
)
_conditional(
    "If-Modified-Since shortly before the page's own date",
    "conditional.ims-modified-full-reply",
    IMS,
    _date,
    _before,
    DATE,
)
_conditional(
    "If-Unmodified-Since with the page's own date",
    "conditional.ius-true-performs",
    IUS,
    _date,
    lambda d: (d,),
    DATE,
)
_conditional(
    "If-Unmodified-Since shortly before the page's own date", "conditional.ius-false-412", IUS, _date, _before, DATE
)
