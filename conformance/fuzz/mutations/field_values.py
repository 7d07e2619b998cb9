"""Changes to field values (RFC 9110 §5.5, RFC 2616 §2.2): octets in them that no value should hold.

NUL, CR and LF get a request refused or count as a space, other control octets may be kept, and octets beyond ASCII
are carried as they are (RFC 9110 §5.5): a value that nobody uses decides nothing. What decides is the Host.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.fuzz.alphabets import CONTROLS, HIGH, octet, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation

SURVIVES = "robustness.survives-garbage"
NUL_OR_CR = "field.nul-cr-in-value-rejected"
NAMES = (b"X-A", b"User-Agent", b"Accept", b"Connection", b"Range", b"If-None-Match", b"If-Modified-Since", b"Cookie")
ENCODED = (
    *(b"\xc3\xa9", b"\xe2\x80\xa8", b"\xef\xbb\xbf1", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xff\xfe1"),
    *(b"\xe2\x80\x8b", b"\xc2\x85", b"\x1b$B", b"+AGE-", b"=?utf-8?q?a?=", b"%00", b"\xe5"),
)

_names = st.sampled_from(NAMES)


def _valued(plain: Request, name: bytes, value: bytes) -> Request:
    return plain.adding(FieldLine(name, value))


@mutation("a NUL in a value", NUL_OR_CR, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_names, st.sampled_from((b"a\0b", b"\0", b"a\0", b"\0a"))).map(
        lambda drawn: _valued(plain, *drawn)
    )


@mutation("a lone CR in a value", NUL_OR_CR, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_names, st.sampled_from((b"a\rb", b"\r", b"a\r", b"\ra", b"a\rX-B: 1"))).map(
        lambda drawn: _valued(plain, *drawn)
    )


@mutation("control octets in a value", SURVIVES, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_names, word(CONTROLS, 3)).map(lambda drawn: _valued(plain, drawn[0], b"a" + drawn[1] + b"b"))


@mutation("octets beyond ASCII in a value", "message.parsed-as-octets", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return word(HIGH).map(lambda value: _valued(plain, b"X-A", value))


@mutation("another encoding in a value", "message.parsed-as-octets", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_names, st.sampled_from(ENCODED)).map(lambda drawn: _valued(plain, *drawn))


@mutation("octets beyond ASCII in a field that is read", SURVIVES, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_names, octet(HIGH)).map(lambda drawn: _valued(plain, *drawn))
