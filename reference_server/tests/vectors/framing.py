"""Where a body ends: Content-Length, Transfer-Encoding and both (RFC 9112 6; RFC 9110 8.6).

Whatever is refused ends the connection, since nobody knows where the next request begins.
"""

from __future__ import annotations

from reference_server.tests.vectors import SMUGGLED, Vector, with_fields

_HELLO = b"hello"
_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def _lengths(outcomes: str, *values: bytes, body: bytes = _HELLO) -> tuple[Vector, ...]:
    return tuple(
        Vector(f"Content-Length:{value[:40]!r}", "6.3", outcomes, with_fields(b"Content-Length:" + value, body=body))
        for value in values
    )


LENGTH = (
    *_lengths("200+", b" 5", b"5", b"\t5\t", b"  5  ", b" 05", b" 0000000000000000000000000000000005"),
    *_lengths("200+", b" 0", b" 00", b" 000000000000000000000000000000000000", body=b""),
    *_lengths(
        "400", b"", b" ", b" -5", b" +5", b" -0", b" +0", b" 5.0", b" 5.", b" .5", b" 5e0", b" 1e1", b" 0x5", b" 0X5"
    ),
    *_lengths(
        "400", b" 0b101", b" 0o5", b" 5h", b" h5", b" five", b" 5_0", b" _5", b" 5_", b" 5 5", b" 5\t5", b" 5;", b" 5;x"
    ),
    *_lengths(
        "400", b' "5"', b" '5'", b" (5)", b" 5,6", b" 5, 6", b" 5,x", b" 5,-5", b" ,", b" 5/5", b" 5:5", b" #5", b" 5#"
    ),
    *_lengths("400", " \u0665".encode(), " \uff15".encode(), b" \xb2", b" 5\xa0", b" \x855", b" 5\0", b" \x0b5"),
    *_lengths("400", " \u0665".encode(), " \uff15".encode(), b" 5\x0c", b" 5\r"),
    *_lengths("400", b" NaN", b" Infinity", b" null", b" true", b" ~5", b" 5a", b" a", b" ff", b" $5", b" 5%"),
    *_lengths("400 | 200+", b" 5,5", b" 5, 5", b" 5 , 5", b" 5,5,5", b" 5,", b" ,5", b" 5,05"),
    *_lengths("400 | 413", b" 4294967301", b" 2147483653", body=_HELLO),
    *_lengths("400 | 413", b" 18446744073709551621", b" 9223372036854775813", b" " + b"9" * 5000, b" 1" + b"0" * 400),
    Vector("twice", "6.3", "400 | 200+", with_fields(b"Content-Length: 5", b"Content-Length: 5", body=_HELLO)),
    Vector(
        "twice with another between",
        "6.3",
        "400 | 200+",
        with_fields(b"Content-Length: 5", b"X: y", b"content-length: 5", body=_HELLO),
    ),
    Vector("two that differ", "6.3", "400", with_fields(b"Content-Length: 5", b"Content-Length: 6", body=_HELLO)),
    Vector("nought and five", "6.3", "400", with_fields(b"Content-Length: 0", b"Content-Length: 5", body=_HELLO)),
    Vector("five and nought", "6.3", "400", with_fields(b"Content-Length: 5", b"Content-Length: 0", body=_HELLO)),
    Vector("five and nothing", "6.3", "400", with_fields(b"Content-Length: 5", b"Content-Length:", body=_HELLO)),
    Vector("five and a bad one", "6.3", "400", with_fields(b"Content-Length: 5", b"Content-Length: -5", body=_HELLO)),
    Vector("blank before the colon", "5.1", "400", with_fields(b"Content-Length : 5", body=_HELLO)),
    Vector("NUL in the name", "9110 5.1", "400", with_fields(b"Content-Length\0: 5", body=_HELLO)),
    Vector("folded", "5.2", "400", with_fields(b"Content-Length:", b" 5", body=_HELLO)),
    Vector("continued", "5.2", "400", with_fields(b"Content-Length: 5", b" 0", body=_HELLO)),
    Vector(
        "a name much like it",
        "6.3",
        "200+",
        with_fields(b"Content_Length: 5", b"Content-Lengths: 5", b"X-Content-Length: 5"),
    ),
    Vector("too short for its body", "6.3", "200 400 | 200 501", with_fields(b"Content-Length: 4", body=_HELLO)),
    Vector("longer than its body", "8", "400", with_fields(b"Content-Length: 5000", body=_HELLO)),
    Vector("a body without length", "6.3", "200 400 | 200 501", with_fields(body=_HELLO)),
    Vector("an empty line after a body", "2.2", "200+", with_fields(b"Content-Length: 5", body=_HELLO + b"\r\n")),
    Vector(
        "named as a connection's own",
        "9110 7.6.1",
        "200+",
        with_fields(b"Connection: Content-Length", b"Content-Length: 5", body=_HELLO),
    ),
    Vector("in 1.0", "6.3", "200", with_fields(b"Content-Length: 5", body=_HELLO, version=b"1.0")),
    Vector("bad in 1.0", "6.3", "400", with_fields(b"Content-Length: 5x", body=_HELLO, version=b"1.0")),
    Vector("a request as a body", "6.3", "200+", with_fields(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED)),
)


def _codings(section: str, outcomes: str, *values: bytes, body: bytes = _CHUNKS) -> tuple[Vector, ...]:
    """A value with line feeds in it stands for several field lines."""
    return tuple(
        Vector(
            f"Transfer-Encoding:{value!r}",
            section,
            outcomes,
            with_fields(*[b"Transfer-Encoding:" + line for line in value.split(b"\n")], body=body),
        )
        for value in values
    )


CODINGS = (
    *_codings(
        "7", "200+", b" chunked", b"chunked", b" Chunked", b" CHUNKED", b" cHuNkEd", b"\tchunked\t", b"  chunked  "
    ),
    *_codings("9110 5.6.1", "200+ | 400", b" chunked,", b" ,chunked", b" , chunked ,", b"\n chunked", b" chunked\n"),
    *_codings("9110 5.6.1", "200+ | 400", b" ,\n chunked"),
    *_codings(
        "6.3", "400", b" chunked, chunked", b" chunked\n chunked", b" chunked,Chunked", b" chunked, gzip, chunked"
    ),
    *_codings("6.3", "400", b" chunked, gzip", b" chunked, identity", b" chunked\n identity", b" chunked, x"),
    *_codings("6.3", "400", b" chunked\n gzip"),
    *_codings(
        "6.3", "400 | 501", b" gzip", b" identity", b" x", b" deflate", b" compress", b" trailers", b" gzip, deflate"
    ),
    *_codings(
        "6.3", "400 | 501", b" xchunked", b" x-chunked", b" chunk", b" chunkedd", b" hunked", b" chunke", b" chunked-x"
    ),
    *_codings(
        "6.3", "400 | 501", b' "chunked"', b" 'chunked'", b" chunked chunked", b" chunked x", b" chu nked", b" chun,ked"
    ),
    *_codings("6.3", "400 | 501", b" \\chunked", b" [chunked]", b" chunked;", b" ;chunked", b" chunked:x"),
    *_codings("6.3", "400 | 501", b" x=chunked", b" :chunked"),
    *_codings("7.1", "400 | 501", b" chunked;a=b", b" chunked;q=1", b" chunked; q=0.5", b' chunked;a="b"'),
    *_codings("7.1", "400 | 501", b" gzip;q=0, chunked;q=1"),
    *_codings("9110 5.5", "400", b" chunked\0", b" \0chunked", b" chunked\x0b", b" \x0bchunked", b" chunked\x0c"),
    *_codings("9110 5.5", "400", b" chun\x7fked"),
    *_codings("2.2", "400", b" chunked\r", b" \rchunked", b" chunked\r, x", b" x\r\r chunked"),
    *_codings(
        "6.1", "400 | 501", b" \xa0chunked", b" chunked\xa0", b" \x85chunked", " chun\u212aed".encode(), b" chunked\xff"
    ),
    *_codings("6.1", "400 | 501 | 501+", b" gzip, chunked", b" x, chunked", b" identity, chunked", b" gzip\n chunked"),
    *_codings("6.1", "400 | 501 | 501+", b" x;a=b, chunked"),
    *_codings("6.1", "400 | 501 | 501+", b' x;a="b,c", chunked', b' x;a="chunked, ', b' x;a=", chunked'),
    *_codings("6.3", "400", b"", b" ", b" ,", b" , ,", b"\n"),
    Vector("blank before the colon", "5.1", "400", with_fields(b"Transfer-Encoding : chunked", body=_CHUNKS)),
    Vector("tab before the colon", "5.1", "400", with_fields(b"Transfer-Encoding\t: chunked", body=_CHUNKS)),
    Vector("blank before the name", "5.2", "400", with_fields(b" Transfer-Encoding: chunked", body=_CHUNKS)),
    Vector("folded value", "5.2", "400", with_fields(b"Transfer-Encoding:", b" chunked", body=_CHUNKS)),
    Vector("folded name", "5.2", "400", with_fields(b"Transfer", b" -Encoding: chunked", body=_CHUNKS)),
    Vector("after a lone CR", "2.2", "400", with_fields(b"X: y\rTransfer-Encoding: chunked", body=_CHUNKS)),
    Vector("NUL in the name", "9110 5.1", "400", with_fields(b"Transfer-Encoding\0: chunked", body=_CHUNKS)),
    Vector("not ASCII in the name", "9110 5.1", "400", with_fields(b"Transfer-\xc4\x92ncoding: chunked", body=_CHUNKS)),
    Vector("name in capitals", "9110 5.1", "200+", with_fields(b"TRANSFER-ENCODING: chunked", body=_CHUNKS)),
    Vector(
        "a name much like it", "6.3", "200+", with_fields(b"Transfer_Encoding: chunked", b"Transfer-Encodin: chunked")
    ),
    Vector(
        "a coding of the content",
        "9110 8.4",
        "200 400 | 200+ | 415+",
        with_fields(b"Content-Encoding: chunked", body=_CHUNKS),
    ),
    Vector(
        "wished for in a reply",
        "9110 10.1.4",
        "200+",
        with_fields(b"TE: chunked, trailers, gzip;q=0.5", b"Connection: TE"),
    ),
    Vector("in 1.0", "6.1", "400 | 200", with_fields(b"Transfer-Encoding: chunked", body=_CHUNKS, version=b"1.0")),
    Vector(
        "in 1.0 to be kept open",
        "6.1",
        "400 | 200",
        with_fields(b"Connection: keep-alive", b"Transfer-Encoding: chunked", body=_CHUNKS, version=b"1.0"),
    ),
    Vector(
        "in 1.0 with a length",
        "6.1",
        "400 | 200",
        with_fields(
            b"Connection: keep-alive",
            b"Transfer-Encoding: chunked",
            b"Content-Length: 15",
            body=_CHUNKS,
            version=b"1.0",
        ),
    ),
    Vector("in 1.2", "9110 2.5", "200+", with_fields(b"Transfer-Encoding: chunked", body=_CHUNKS, version=b"1.2")),
)


def _both(name: str, *lines: bytes, body: bytes = _CHUNKS, outcomes: str = "400 | 200") -> Vector:
    return Vector(f"both: {name}", "6.1", outcomes, with_fields(*lines, body=body))


BOTH = (
    _both("length first", b"Content-Length: 15", b"Transfer-Encoding: chunked"),
    _both("coding first", b"Transfer-Encoding: chunked", b"Content-Length: 15"),
    _both("a length too short", b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    _both("a length too long", b"Content-Length: 500", b"Transfer-Encoding: chunked"),
    _both("a length of nought", b"Content-Length: 0", b"Transfer-Encoding: chunked"),
    _both("a bad length", b"Content-Length: x", b"Transfer-Encoding: chunked"),
    _both("two lengths", b"Content-Length: 1", b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    _both("an empty length", b"Content-Length:", b"Transfer-Encoding: chunked"),
    _both("an empty coding", b"Content-Length: 5", b"Transfer-Encoding:", body=_HELLO, outcomes="400"),
    _both("an unknown coding", b"Content-Length: 5", b"Transfer-Encoding: x", body=_HELLO, outcomes="400 | 501"),
    _both("identity", b"Content-Length: 5", b"Transfer-Encoding: identity", body=_HELLO, outcomes="400 | 501"),
    _both("not quite chunked", b"Content-Length: 5", b"Transfer-Encoding: xchunked", body=_HELLO, outcomes="400 | 501"),
    _both("quoted", b"Content-Length: 5", b'Transfer-Encoding: "chunked"', body=_HELLO, outcomes="400 | 501"),
    _both(
        "chunked and identity",
        b"Content-Length: 5",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        outcomes="400",
    ),
    _both("in other case", b"CONTENT-LENGTH: 15", b"transfer-encoding: CHUNKED"),
    _both("far apart", b"Content-Length: 15", *[b"X: y"] * 50, b"Transfer-Encoding: chunked"),
    _both(
        "hidden by the connection",
        b"Connection: Transfer-Encoding",
        b"Content-Length: 15",
        b"Transfer-Encoding: chunked",
    ),
    _both(
        "a request behind the last chunk",
        b"Content-Length: %d" % (5 + len(SMUGGLED)),
        b"Transfer-Encoding: chunked",
        body=b"0\r\n\r\n" + SMUGGLED,
    ),
    _both(
        "a request inside a chunk",
        b"Content-Length: 4",
        b"Transfer-Encoding: chunked",
        body=b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n",
    ),
)

VECTORS = (*LENGTH, *CODINGS, *BOTH)
