"""Requests inside of bodies (RFC 9112 §6.1, §6.3, §9.3, §11.2): who answers them has read a body as requests.

Each body holds a request for what is not there, whole, at a place where a reader begins that goes by the wrong
length. A good request behind it shows by its answer where the server went on.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.fuzz.mutations.framed import CHUNKED, ON_TAKER, Behind, bearing, canary, chunks, framing
from conformance.site import MISSING

OVERRIDES = "framing.te-overrides-cl-in-request"
BOTH_CLOSE = "framing.te-and-cl-close"
READ = "framing.read-body-or-close"
NOT_LAST = "framing.te-not-chunked-last-400"
NOT_LAST_CLOSE = "framing.te-not-chunked-last-close"
CONFLICTING = "framing.conflicting-content-lengths-400"
INVALID_CLOSE = "framing.invalid-content-length-close"
DOINGS = (
    *((method, b"") for method in (b"GET", b"HEAD", b"OPTIONS", b"POST", b"XYZ")),
    *((method, MISSING.encode()) for method in (b"GET", b"POST")),
)
"""Methods, and what they are sent to if it is not the plain target: who refuses a request owes it to read its body."""
ONE = ("http-1.1",)


def _length(value: int) -> FieldLine:
    return FieldLine(b"Content-Length", b"%d" % value)


def _hiding(ground: Ground) -> Chunked:
    """One chunk that is a request."""
    return Chunked((Chunk(canary(ground).data),))


def _until(body: Chunked, ground: Ground) -> int:
    """How many octets of the body stand before the request in it."""
    return body.octets.index(canary(ground).data)


def _doing(method: bytes, target: bytes, request: Request) -> Request:
    return replace(request, method=method, target=target or request.target)


def _both(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    """Chunks, and a Content-Length that ends before the request in them, before all of it, or right."""
    body = _hiding(ground)
    lengths = [_length(value) for value in (_until(body, ground), 0, len(body.octets))]
    orders = [order for length in lengths for order in ((length, CHUNKED), (CHUNKED, length))]
    return st.tuples(ON_TAKER, st.sampled_from(orders)).map(lambda drawn: bearing(plain, ground, *drawn, body))


framing("a request in chunks beside a Content-Length", OVERRIDES, Fate.EITHER, behind=Behind.OWN)(_both)


@framing("chunks and a Content-Length", BOTH_CLOSE, Fate.EITHER, behind=Behind.NOTHING)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    lengths = [_length(value) for value in (5, len(chunks().octets), 0)]
    orders = [order for length in lengths for order in ((CHUNKED, length), (length, CHUNKED))]
    return st.tuples(ON_TAKER, st.sampled_from(orders)).map(lambda drawn: bearing(plain, ground, *drawn, chunks()))


@framing("a request in a body", READ, Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    hidden = canary(ground).data
    return st.tuples(st.sampled_from(DOINGS), st.sampled_from((hidden, hidden * 2, b"\r\n" + hidden))).map(
        lambda drawn: _doing(*drawn[0], bearing(plain, ground, False, (_length(len(drawn[1])),), drawn[1]))
    )


@framing("a request in a chunk", READ, Fate.EITHER, behind=Behind.PLAIN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    hidden = canary(ground).data
    bodies = [Chunked(tuple(map(Chunk, parts))) for parts in ((hidden,), (b"a", hidden), (b"\r\n0\r\n\r\n" + hidden,))]
    return st.tuples(st.sampled_from(DOINGS), st.sampled_from(bodies)).map(
        lambda drawn: _doing(*drawn[0], bearing(plain, ground, False, (CHUNKED,), drawn[1]))
    )


@framing(
    "a request behind what some take for chunks",
    NOT_LAST,
    Fate.REFUSED,
    behind=Behind.NOTHING,
    else_rule=NOT_LAST_CLOSE,
    needs=ONE,
)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    body = b"0\r\n\r\n" + canary(ground).data
    codings = (b"xchunked", b"chunked, foo", b'"chunked"', b"\x0bchunked", b"chunked;q=1, foo", b"chunked foo")
    length = _length(len(body))
    return st.tuples(ON_TAKER, st.sampled_from(codings)).map(
        lambda drawn: bearing(plain, ground, drawn[0], (length, FieldLine(b"Transfer-Encoding", drawn[1])), body)
    )


@framing(
    "a request behind the shorter of two lengths",
    CONFLICTING,
    Fate.REFUSED,
    behind=Behind.NOTHING,
    else_rule=INVALID_CLOSE,
    needs=ONE,
)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    body = b"hello" + canary(ground).data
    whole, part, none = _length(len(body)), _length(5), _length(0)
    listed = tuple(FieldLine(b"Content-Length", b"%s, %s" % pair) for pair in ((part.value, whole.value),))
    lines = ((part, whole), (whole, part), (none, whole), (whole, none), listed)
    return st.tuples(ON_TAKER, st.sampled_from(lines)).map(lambda drawn: bearing(plain, ground, *drawn, body))


@framing("a field that is almost Transfer-Encoding", READ, Fate.EITHER, behind=Behind.OWN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    body = b"0\r\n\r\n" + canary(ground).data
    names = (
        b"Transfer_Encoding",
        b"X-Transfer-Encoding",
        b"Transfer-Encodings",
        b"Transfer-Encodin",
        b"TransferEncoding",
    )
    length = _length(len(body))
    return st.tuples(ON_TAKER, st.sampled_from(names)).map(
        lambda drawn: bearing(plain, ground, drawn[0], (length, FieldLine(drawn[1], b"chunked")), body)
    )


@framing("a field that is almost Content-Length", READ, Fate.EITHER, behind=Behind.OWN)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    body = b"hello" + canary(ground).data
    names = (b"Content_Length", b"X-Content-Length", b"Content-Lengths", b"Content-Lengt", b"ContentLength")
    length = _length(len(body))
    return st.tuples(ON_TAKER, st.sampled_from(names)).map(
        lambda drawn: bearing(plain, ground, drawn[0], (length, FieldLine(drawn[1], b"5")), body)
    )
