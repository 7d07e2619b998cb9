"""Several requests on one connection: pipelines, and the ways to hide one request in another (RFC 9112 9.3.2, 11.2)."""

from __future__ import annotations

from reference_server.tests.vectors import SMUGGLED, Vector, with_fields, with_target

_GET = with_target(b"/file.txt")
_MISSING = with_target(b"/none")
_HEAD = with_target(b"/file.txt", b"HEAD")
_BAD = b"GET /file.txt HTTP/1.1\r\nHost : h\r\n\r\n"
_CLOSE = with_fields(b"Connection: close")
_OLD = b"GET /file.txt HTTP/1.0\r\n\r\n"
_LENGTH = with_fields(b"Content-Length: 5", body=b"hello")
_CHUNKED = with_fields(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")
_ECHO = b"POST /echo.py HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
_LAST = b"0\r\n\r\n"


def _sequence(name: str, outcomes: str, *parts: bytes, methods: tuple[str, ...] = ()) -> Vector:
    return Vector(name, "9.3.2", outcomes, b"".join(parts), methods)


PIPELINES = (
    _sequence("two", "200 200+", _GET, _GET),
    _sequence("twenty", " ".join(["200"] * 20) + "+", *[_GET] * 20),
    _sequence("different ones", "200 404 200 405+", _GET, _MISSING, _GET, with_target(b"/file.txt", b"POST")),
    _sequence("HEAD between", "200 200 200+", _GET, _HEAD, _GET, methods=("GET", "HEAD", "GET")),
    _sequence(
        "HEAD of nothing between",
        "200 404 200+",
        _GET,
        with_target(b"/none", b"HEAD"),
        _GET,
        methods=("GET", "HEAD", "GET"),
    ),
    _sequence("bodies of known length", "200 200 200+", _LENGTH, _LENGTH, _GET),
    _sequence("chunked bodies", "200 200 200+", _CHUNKED, _CHUNKED, _GET),
    _sequence("all kinds of bodies", "200 200 200 200+", _CHUNKED, _LENGTH, _GET, _CHUNKED),
    _sequence("a program first", "200 200+", _ECHO, _GET),
    _sequence("a program between", "200 200 404+", _GET, _ECHO, _MISSING),
    _sequence("an empty line between", "200 200+", _GET, b"\r\n", _GET),
    _sequence("empty lines between", "200 200+", _LENGTH, b"\r\n\r\n", _GET),
    _sequence("nothing after a close", "200", _CLOSE, _GET),
    _sequence("nothing after the second closes", "200 200", _GET, _CLOSE, _GET),
    _sequence("nothing after 1.0", "200", _OLD, _GET),
    _sequence("nothing after a bad one", "400", _BAD, _GET),
    _sequence("a good and a bad one", "200 400", _GET, _BAD, _GET),
    _sequence("a program and a bad one", "200 400", _ECHO, _BAD),
    _sequence("a good one and half of one", "200 400", _GET, _GET[:20]),
    _sequence("garbage behind", "200 400", _GET, b"\0\xff\r\n"),
    _sequence(
        "a body on a method without use for it",
        "405 200+",
        b"DELETE /file.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        _GET,
    ),
    _sequence(
        "a body of an unknown method",
        "501 200+ | 501",
        b"BREW / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        _GET,
    ),
    _sequence(
        "a chunked body for nothing",
        "404 200+",
        b"GET /none HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        _LAST,
        _GET,
    ),
    _sequence(
        "a body on HEAD",
        "200 200+",
        b"HEAD /file.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        _GET,
        methods=("HEAD",),
    ),
    _sequence(
        "a body on OPTIONS", "200 200+", b"OPTIONS * HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", _GET
    ),
)


def _hidden(name: str, outcomes: str, *lines: bytes, body: bytes = _LAST + SMUGGLED) -> Vector:
    """`SMUGGLED` is what the one reading takes for a body (or part of it), the other for a request."""
    head = b"\r\n".join([b"POST /file.txt HTTP/1.1", b"Host: h", *lines, b"", b""])
    return Vector(f"hidden: {name}", "11.2", outcomes, head + body)


_LONG = b"Content-Length: %d" % len(_LAST + SMUGGLED)
_SPLIT = b"Content-Length: 4"
_INSIDE = b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + _LAST

HIDDEN = (
    _hidden("the length counts, the coding does not", "400 | 405", _LONG, b"Transfer-Encoding: chunked"),
    _hidden("the coding counts, the length does not", "400 | 405", _SPLIT, b"Transfer-Encoding: chunked", body=_INSIDE),
    _hidden("behind a length", "405+", _LONG),
    _hidden("inside a chunk", "405+", b"Transfer-Encoding: chunked", body=_INSIDE),
    *(
        _hidden(f"{line!r}", "400 | 501", _LONG, line)
        for line in (
            *(b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked"),
            *(b"Transfer-Encoding\t:chunked", b" Transfer-Encoding: chunked", b"X: y\rTransfer-Encoding: chunked"),
            *(b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
            *(b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: \0chunked"),
            *(b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity"),
            *(b"Transfer-Encoding:", b"Transfer-Encoding: chunked\x0c", b"\0Transfer-Encoding: chunked"),
            *(b"X:\nTransfer-Encoding: chunked", b"\nTransfer-Encoding: chunked", b"Transfer-Encoding\r\n: chunked"),
            *(
                b"Transfer-Encoding: cow\r\nTransfer-encoding: x",
                b"Transfer-Encoding: chunked;a",
                b"Transfer\xadEncoding: chunked\0",
            ),
            *(
                b"Content-Length: 0",
                b"Content-Length : 0",
                b"Content-Length: 6, 0",
                b"Content-Length:\r\n 0",
                b" Content-Length: 0",
            ),
            *(b"Content-Length: +0", b"X: y\rContent-Length: 0", b"Content-Length\0: 0", b"Content-Length:\x0b0"),
        )
    ),
    _hidden("a short length", "405 400", b"Content-Length: 4", body=b"helloX: y\r\n\r\n"),
    _hidden("a head cut by LF CR LF", "400 | 405 400", b"X: y\n\r\n" + SMUGGLED[:-4], body=b""),
    _hidden("an extension with LF", "400", b"Transfer-Encoding: chunked", body=b"0;\n" + SMUGGLED + _LAST),
    _hidden("a size that overflows", "400 | 413", b"Transfer-Encoding: chunked", body=b"100000000\r\n\r\n" + SMUGGLED),
    _hidden(
        "a size of 64 bits and more",
        "400 | 413",
        b"Transfer-Encoding: chunked",
        body=b"10000000000000000\r\n\r\n" + SMUGGLED,
    ),
    _hidden("a negative size", "400", b"Transfer-Encoding: chunked", body=b"-1\r\n" + SMUGGLED),
    _hidden("a missing end of data", "400", b"Transfer-Encoding: chunked", body=b"5\r\nhello" + _LAST + SMUGGLED),
    _hidden("a longer end of data", "400", b"Transfer-Encoding: chunked", body=b"5\r\nhelloXX" + _LAST + SMUGGLED),
    _hidden("a trailer that is a request", "400", b"Transfer-Encoding: chunked", body=b"0\r\n" + SMUGGLED),
    _hidden(
        "a length in the trailer", "405+ | 400", b"Transfer-Encoding: chunked", body=b"0\r\nContent-Length: 5\r\n\r\n"
    ),
    Vector(
        "hidden: a coding of 1.0",
        "6.1",
        "400 | 405",
        b"POST /file.txt HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
        + b"\r\n".join([_LONG, b"", _LAST + SMUGGLED]),
    ),
    _hidden("an expectation", "405 | 417 | 400", _LONG, b"Expect: 100-continue, x"),
    _hidden("an upgrade", "405+", _LONG, b"Connection: Upgrade", b"Upgrade: h2c", b"HTTP2-Settings: AAAA"),
    _hidden("a method in another field", "405+ | 400 | 405", _LONG, b"X-HTTP-Method-Override: GET"),
)

VECTORS = (*PIPELINES, *HIDDEN)
