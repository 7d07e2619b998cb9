"""What a client expects or offers (RFC 9110 §7.8, §10.1.1, §10.1.4): Expect, Upgrade, TE.

An unknown expectation may be answered by 417 or passed over, and so may 100-continue where the content comes at once.
Offers to upgrade may be passed over by anybody. Whatever is said, the body is where the framing says.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations.framed import Behind, framing

STEP = "framing.read-body-or-close"
UNKNOWN = (
    b"foo",
    b"200-ok",
    b"100-continue, foo",
    b"foo=bar",
    b'foo="bar";q=1',
    b"100",
    b"101-continue",
    b"",
    b"100-continue;a",
)
CONTINUE = (b"100-continue", b"100-Continue", b"100-CONTINUE")
OFFERS = (b"foo/9", b"foo", b"foo/9, bar/1", b"HTTP/0.9", b"HTTP/9.9", b"TLS/9.9", b"foo/", b"/", b"foo bar", b"")
CODINGS = (
    *(b"trailers", b"deflate;q=0.5", b"trailers, deflate;q=0.5", b"", b"foo;q=0", b"gzip;q=1.000, trailers"),
    *(b"chunked", b"*", b"trailers;q=0.5"),
)


def _expecting(plain: Request, _: Ground, values: st.SearchStrategy[bytes]) -> st.SearchStrategy[Request]:
    return values.map(lambda value: plain.adding(FieldLine(b"Expect", value)))


@framing("an unknown expectation", "expect.100-or-final", Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return _expecting(plain, ground, st.sampled_from(UNKNOWN))


@framing("an expectation of a body that comes at once", STEP, Fate.EITHER, base=Base.LENGTH, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return _expecting(plain, ground, st.sampled_from((*CONTINUE, *UNKNOWN)))


@framing("an expectation of chunks that come at once", STEP, Fate.EITHER, base=Base.CHUNKED, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return _expecting(plain, ground, st.sampled_from((*CONTINUE, *UNKNOWN)))


@framing("an expectation without a body", "expect.100-or-final", Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return _expecting(plain, ground, st.sampled_from(CONTINUE))


@framing("an offer to speak what nobody speaks", "upgrade.no-101-unasked", Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    options = (FieldLine(b"Connection", b"Upgrade"), FieldLine(b"Connection", b"upgrade, keep-alive"))
    return st.tuples(st.sampled_from(OFFERS), st.sampled_from(options)).map(
        lambda drawn: plain.adding(drawn[1], FieldLine(b"Upgrade", drawn[0]))
    )


@framing("codings that a client would take", "framing.te-list-parsed", Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(CODINGS).map(
        lambda value: plain.adding(FieldLine(b"TE", value), FieldLine(b"Connection", b"TE"))
    )
