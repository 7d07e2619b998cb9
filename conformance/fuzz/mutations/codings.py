"""Changes to Transfer-Encoding (RFC 9112 §6.1, §6.3, §7; RFC 9110 §5.6.1, §10.1.4; RFC 2616 §3.6).

Whatever does not end in chunked has no end that can be known, and must be refused (§6.3, case 4). Unknown codings
before chunked ought to be. The coding identity, lawful once, and lists with empty members may be either.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations.framed import CHUNKED, HELLO, Behind, bearing, framing, with_codings

NOT_LAST = "framing.te-not-chunked-last-400"
CLOSE = "framing.te-not-chunked-last-close"
UNKNOWN = "framing.unknown-transfer-coding-501"
PARAMETERS = "chunked.parameters-are-error"
READ = "framing.read-body-or-close"
ONE = ("http-1.1",)

ENDLESS = (
    *((b"gzip",), (b"chunked, gzip",), (b"foo",), (b"chunked, foo",), (b"deflate",), (b"chunked,gzip",)),
    *((b"chunked", b"gzip"), (b"chunked", b"foo"), (b"gzip, chunked, foo",)),
)
ALMOST = (
    *(b"xchunked", b"chunkedx", b"chunk", b"chunke", b"chunkedd", b"-chunked", b"chunked-", b"chunked1", b"chun ked"),
    *(b"chunked foo", b"foo chunked", b'"chunked"', b"'chunked'", b'"chunked', b"(chunked)", b"<chunked>"),
    *(b"chunked:", b"chunked.", b"chunked/", b"chunked=", b"=chunked", b"chunked=1", b"chunked\\", b"chunked|foo"),
    *(b"x:chunked", b"Transfer-Encoding: chunked", b"%63hunked", b"c\xc8\x9bunked", b"\xe2\x84\x82hunked"),
)
ODD_OCTETS = tuple(
    value
    for octet in (b"\x0b", b"\x0c", b"\x01", b"\x08", b"\x1f", b"\x7f", b"\x85", b"\xa0", b"\xff")
    for value in (b"chunked" + octet, octet + b"chunked", b"chun" + octet + b"ked")
)
FOREIGN = (b"foo, chunked", b"foo,chunked", b"foo;a=b, chunked", b"x-foo, chunked", b"foo, bar, chunked")
TAGGED = (b"chunked;q=1", b"chunked; a=b", b"chunked;a", b'chunked;a="b"', b"chunked;q=0", b"gzip;x=1, chunked")
DOUBTFUL = (
    *((b"gzip, chunked",), (b"deflate, chunked",), (b"identity, chunked",), (b"gzip", b"chunked")),
    *((b"chunked, chunked",), (b"chunked", b"chunked"), (b"chunked, identity",), (b"identity",), (b"",)),
    *((b"chunked, identity, chunked",), (b"trailers, chunked",), (b"chunked\0",), (b"\0chunked",)),
)
GAPPED = (b",chunked", b"chunked,", b", chunked", b"chunked, ", b",,chunked", b"chunked ,", b",chunked,", b"\t,chunked")
FOLDED = (b"\r\n chunked", b"\r\n\tchunked", b"chunked\r\n ", b"\r\n \r\n chunked", b"chunked\r\n ,")


def _refused(name: str, values: tuple[tuple[bytes, ...], ...]) -> None:
    make = with_codings(values)
    framing(name, NOT_LAST, Fate.REFUSED, behind=Behind.NOTHING, else_rule=CLOSE, needs=ONE)(make)


_refused("transfer codings that do not end in chunked", ENDLESS)
_refused("a name that is almost chunked", tuple((value,) for value in ALMOST))
_refused("an odd octet beside chunked", tuple((value,) for value in ODD_OCTETS))
framing("an unknown coding before chunked", UNKNOWN, Fate.REFUSED)(with_codings([(value,) for value in FOREIGN]))
framing("parameters on a transfer coding", PARAMETERS, Fate.EITHER, behind=Behind.UNSERVED)(
    with_codings([(value,) for value in TAGGED])
)
framing("codings that some know and some refuse", READ, Fate.EITHER, finished=False)(with_codings(DOUBTFUL))
framing("empty members beside chunked", READ, Fate.EITHER, behind=Behind.PLAIN)(
    with_codings([(value,) for value in GAPPED])
)
framing("a folded Transfer-Encoding", "field.fold-refused-or-joined", Fate.EITHER, behind=Behind.PLAIN)(
    with_codings([(value,) for value in FOLDED])
)


@framing("a body in identity", "framing.unknown-length-400-or-411", Fate.REFUSED, base=Base.LENGTH, needs=ONE)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    values = st.sampled_from((b"identity", b"foo", b"gzip", b"Identity"))
    return values.map(lambda value: plain.instead(b"Content-Length", FieldLine(b"Transfer-Encoding", value)))


@framing("chunked in other letters", "chunked.coding-name-case-insensitive", Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    values = st.sampled_from((b"Chunked", b"CHUNKED", b"chunkeD", b"cHuNkEd"))
    return values.map(lambda value: plain.instead(b"Transfer-Encoding", FieldLine(b"Transfer-Encoding", value)))


@framing("a blank before the colon of Transfer-Encoding", "field.space-before-colon-400", Fate.REFUSED)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    lines = st.sampled_from((b" : ", b"\t: ", b" :", b"  : ")).map(
        lambda colon: FieldLine(b"Transfer-Encoding", b"chunked", colon)
    )
    length = FieldLine(b"Content-Length", b"%d" % len(HELLO))
    return lines.map(lambda line: bearing(plain, ground, False, (length, line)))


@framing("chunks in HTTP/1.0", "framing.http10-te-close", Fate.EITHER, behind=Behind.NOTHING)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    keep = FieldLine(b"Connection", b"keep-alive")
    length = FieldLine(b"Content-Length", b"15")
    lines = st.sampled_from(((keep, CHUNKED), (CHUNKED, keep), (keep, length, CHUNKED)))
    return lines.map(lambda each: _of_10(bearing(plain, ground, False, each, b"5\r\nhello\r\n0\r\n\r\n")))


def _of_10(request: Request) -> Request:
    return Request(request.method, request.target, request.fields, request.body, b"HTTP/1.0")
