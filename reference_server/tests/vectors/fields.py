"""Field lines, Host, Connection, Expect and Upgrade (RFC 9112 3.2, 5, 9.3; RFC 9110 5, 7.2, 7.6.1, 7.8, 10.1.1)."""

from __future__ import annotations

from reference_server.tests.vectors import Vector, with_fields

_GET = b"GET /file.txt HTTP/1.1\r\n"


def _lines(section: str, outcomes: str, *lines: bytes) -> tuple[Vector, ...]:
    """Each of them as the second and as the first field line of a request."""
    after = tuple(Vector(f"{line[:60]!r}", section, outcomes, with_fields(line)) for line in lines)
    before = tuple(
        Vector(f"{line[:60]!r} before Host", section, outcomes, _GET + line + b"\r\nHost: h\r\n\r\n") for line in lines
    )
    return after + before


GRAMMAR = (
    *_lines(
        "5", "200+", b"X: y", b"X:y", b"X:", b"X: ", b"X:\t", b"X: \t y \t ", b"X: a:b", b"X: \xff\x80", b"X: a\tb"
    ),
    *_lines("5", "200+", b"!#$%&'*+-.^_`|~0aZ: y", b"X: " + b"y" * 8000, b"X" * 1000 + b": y", b"0: 1", b"-: -"),
    *_lines(
        "5", "200+", b"X: y\r\nX: y\r\nx: y", b'X: "unclosed', b"X: (((", b"X: ,,,", b"Date: nonsense", b"X: \xc2\xa0"
    ),
    *_lines("5", "400", b"X", b"X y", b": y", b":", b" : y", b"\t: y", b"::", b"X=y", b"GET / HTTP/1.1"),
    *_lines("5.1", "400", b"X : y", b"X\t: y", b"X  : y", b"Host : h", b"Content-Length : 0", b"X\x0b: y", b"X\xa0: y"),
    *_lines("9110 5.1", "400", b"X Y: z", b"X@Y: z", b"X(Y): z", b"X[]: z", b"X{Y}: z", b'"X": z', b"X/Y: z", b"X;: z"),
    *_lines("9110 5.1", "400", b"X\\Y: z", b"X,Y: z", b"X=Y: z", b"X?: z", b"<X>: z", b"X\0: z", b"\xef\xbb\xbfX: z"),
    *_lines("9110 5.1", "400", "é: z".encode(), b"X\x7f: z", b"X\x01: z", b"X\x1b[0m: z", b"\xffX: z"),
    *_lines(
        "9110 5.5", "400", b"X: a\0b", b"X: \0", b"X: a\x01b", b"X: a\x08", b"X: a\x0bb", b"X: a\x0cb", b"X: \x1b[0m"
    ),
    *_lines("9110 5.5", "400", b"X: a\x7fb", b"X: \x0b", b"X: y\x0c"),
    *_lines("2.2", "400", b"X: a\rb", b"X: a\r", b"X: \r", b"\rX: y", b"X\r: y", b"X:\r y", b"X: a\rContent-Length: 5"),
    *_lines("2.2", "400", b"\r"),
    *_lines("2.2", "200+ | 400", b"X: y\nY: z", b"X:\nY: z"),
    *_lines(
        "5.2", "400", b" X: y", b"\tX: y", b"X: y\r\n z", b"X: y\r\n\tz", b"X:\r\n y", b"X: y\r\n ", b"X: y\r\n \r\n z"
    ),
    *_lines("5.2", "400", b"X\r\n : y", b"X: y\r\n Content-Length: 5", b" Content-Length: 5", b"X: y\n z"),
    Vector("no empty line at the end", "8", "400", _GET + b"Host: h\r\n"),
    Vector("150 fields", "9110 5.4", "200+", with_fields(*[b"X-%d: y" % number for number in range(150)])),
    Vector("10000 fields", "9110 5.4", "400 | 431", with_fields(*[b"X-%d: y" % number for number in range(10_000)])),
    Vector("10000 lines of one field", "9110 5.4", "400 | 431", with_fields(*[b"X: y"] * 10_000)),
    Vector("a value of 100000 octets", "9110 5.4", "400 | 431", with_fields(b"X: " + b"y" * 100_000)),
    Vector("blanks of 100000 octets", "9110 5.4", "400 | 431", with_fields(b"X:" + b" " * 100_000 + b"y")),
    Vector("a name of 100000 octets", "9110 5.4", "400 | 431", with_fields(b"X" * 100_000 + b": y")),
    Vector("a line without colon and end", "9110 5.4", "400 | 431", with_fields(b"X" * 1_000_000)),
    Vector("cookies of 8000 octets", "9110 5.4", "200+", with_fields(b"Cookie: a=" + b"b" * 8000)),
)


def _hosts(section: str, outcomes: str, *values: bytes) -> tuple[Vector, ...]:
    return tuple(
        Vector(f"Host: {value[:40]!r}", section, outcomes, _GET + b"Host:" + value + b"\r\n\r\n") for value in values
    )


HOST = (
    *_hosts("3.2", "200+", b" h", b"h", b"\t h \t", b" h:80", b" h:", b" h:0", b" H.EXAMPLE.", b" 127.0.0.1:1"),
    *_hosts("3.2", "200+", b" xn--caf-dma"),
    *_hosts(
        "9110 7.2", "200+", b" [::1]", b" [::1]:80", b" [2001:db8::a:b]", b" [::ffff:1.2.3.4]", b" [v1.x:y]", b" [::]"
    ),
    *_hosts("3986 3.2.2", "200+", b" a_b", b" a,b", b" *", b" -", b" a;b", b" %41", b" 1.2.3.4.5", b" 999.1.1.1"),
    *_hosts("3986 3.2.2", "200+", b" a!$&'()*+=b"),
    *_hosts("9110 7.2", "200+ | 400", b"", b" ", b" :80", b" :", b" " + b"a" * 300, b" h:00080", b" h:65536"),
    *_hosts("3.2", "400", b" a b", b" a, b", b" a\tb", b" h/", b" h/file.txt", b" h?a", b" h#a", b" http://h", b" //h"),
    *_hosts("3.2", "400", b" u@h", b" @h"),
    *_hosts("3.2", "400", b" h:80a", b" h:a", b" h:-1", b" h:+1", b" h: 80", b" h :80", b" h:80:80", b" h:1:2"),
    *_hosts("3.2", "400", b" ::1", b" h:\xd9\xa1"),
    *_hosts("3.2", "400", b" [::1", b" ::1]", b" [::1]x", b" [::1]80", b" []", b" [h]", b" [::g]", b" [1.2.3.4]"),
    *_hosts("3.2", "400", b" [::1%eth0]"),
    *_hosts("3.2", "400", b" [::1%25eth0]", b" [v1]", b" [v.x]", b" [vg.x]", b" [v1.]", b" [[::1]]", b" h[::1]"),
    *_hosts("3.2", "400", b' "h"', b" h\\", b" h\\x", b" %", b" %4", b" %zz", b" <h>", b" {h}", b" h|h", b" h^"),
    *_hosts("3.2", "400", b" `h`", b" h\0"),
    *_hosts("3.2", "400", b" h\x01", b" h\x7f", " é".encode(), b" h\xff", b" h\rx"),
    *_hosts("3986 3.2.2", "400", b" [1::2::3]", b" [12345::1]", b" [1:2:3]", b" [::1.2.3.256]", b" [:1]"),
    *_hosts("3986 3.2.2", "400", b" [1:2:3:4:5:6:7:8:9]"),
    Vector("no Host", "3.2", "400", _GET + b"\r\n"),
    Vector("no Host but others", "3.2", "400", _GET + b"X: y\r\nHosts: h\r\nX-Host: h\r\n\r\n"),
    Vector("Host in a trailer only", "3.2", "400", _GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: h\r\n\r\n"),
    Vector("two Hosts", "3.2", "400", _GET + b"Host: h\r\nHost: other\r\n\r\n"),
    Vector("two equal Hosts", "3.2", "400", _GET + b"Host: h\r\nHost: h\r\n\r\n"),
    Vector("two Hosts in different case", "3.2", "400", _GET + b"Host: h\r\nX: y\r\nhOST: h\r\n\r\n"),
    Vector("two Hosts, one empty", "3.2", "400", _GET + b"Host:\r\nHost: h\r\n\r\n"),
    Vector("two Hosts in 1.0", "3.2", "400", b"GET /file.txt HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n"),
    Vector("an invalid Host in 1.0", "3.2", "400", b"GET /file.txt HTTP/1.0\r\nHost: a b\r\n\r\n"),
    Vector("a folded Host", "5.2", "400", _GET + b"Host:\r\n h\r\n\r\n"),
    Vector("Host last of many", "3.2", "200+", _GET + b"X: y\r\n" * 100 + b"HOST: h\r\n\r\n"),
    Vector("no Host in 1.2", "3.2", "400", b"GET /file.txt HTTP/1.2\r\n\r\n"),
)


def _options(outcomes: str, *values: bytes, version: bytes = b"1.1") -> tuple[Vector, ...]:
    return tuple(
        Vector(
            f"Connection: {value!r} in {version.decode()}",
            "9.3",
            outcomes,
            with_fields(*[b"Connection: " + line for line in value.split(b"\n")], version=version),
        )
        for value in values
    )


CONNECTION = (
    *_options("200", b"close", b"Close", b"CLOSE", b"close, keep-alive", b"keep-alive, close", b"x,close"),
    *_options("200", b"keep-alive\nclose"),
    *_options("200", b",close", b"close,", b"\tclose\t", b"close,close", b"\nclose", b"upgrade , close"),
    *_options("200+", b"keep-alive", b"", b",", b"x", b"closed", b"xclose", b"clo se", b"Host", b"Content-Length"),
    *_options("200+", b"Connection"),
    *_options("200+", b"upgrade", b"TE, Trailer", b"x" * 2000, b",".join([b"x"] * 2000), b"keep-alive\nkeep-alive"),
    *_options("200+ | 200 | 400", b'"close"', b"close;x", b"close=1", b"clo\xc5\xbfe", b"close x", b"cl\xf6se"),
    *_options("200", b"close", b"", b"x", b"keep-aliv", b"close, keep-alive", b"upgrade", version=b"1.0"),
    *_options("200+ | 200", b"keep-alive", b"Keep-Alive", b"x, keep-alive", version=b"1.0"),
    *_options("200+ | 200", b"keep-alive", version=b"1.2"),
    Vector("Keep-Alive alone in 1.0", "9.3", "200", with_fields(b"Keep-Alive: timeout=5", version=b"1.0")),
    Vector("Proxy-Connection", "9.3", "200+", with_fields(b"Proxy-Connection: close")),
)

_H2C = (b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", b"Connection: Upgrade, HTTP2-Settings")
_WEBSOCKET = (b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")

EXPECT = (
    *(
        Vector(f"Expect: {value!r}", "9110 10.1.1", "200+", with_fields(b"Expect: " + value))
        for value in (b"", b",", b"100-continue", b"100-Continue", b"100-continue,", b"100-continue, 100-continue")
    ),
    *(
        Vector(f"Expect: {value!r}", "9110 10.1.1", "417 | 417+ | 200+", with_fields(b"Expect: " + value))
        for value in (
            b"x",
            b"100",
            b"200-ok",
            b"100-continue, x",
            b"100-continue;a=b",
            b"100-continue=1",
            b'"100-continue"',
            b"(",
        )
    ),
    Vector(
        "with the body",
        "9110 10.1.1",
        "200+ | 100 200+",
        with_fields(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),
    ),
    Vector("in 1.0", "9110 10.1.1", "200", with_fields(b"Expect: 100-continue", version=b"1.0")),
    Vector(
        "in 1.0 with the body",
        "9110 10.1.1",
        "200",
        with_fields(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello", version=b"1.0"),
    ),
    Vector("an unknown one in 1.0", "9110 10.1.1", "200 | 417", with_fields(b"Expect: x", version=b"1.0")),
    Vector(
        "with a bad length",
        "9110 10.1.1",
        "400",
        with_fields(b"Expect: 100-continue", b"Content-Length: x", body=b"hello"),
    ),
)

UPGRADE = (
    Vector("to HTTP/2", "9110 7.8", "200+", with_fields(*_H2C)),
    Vector(
        "to HTTP/2 with its preface",
        "9110 7.8",
        "200 400 | 200 505",
        with_fields(*_H2C, body=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ),
    Vector("to a socket of the web", "9110 7.8", "200+ | 426+ | 400", with_fields(*_WEBSOCKET, b"Connection: Upgrade")),
    Vector("to TLS", "9110 7.8", "200+", with_fields(b"Upgrade: TLS/1.0", b"Connection: Upgrade")),
    Vector("to what is spoken", "9110 7.8", "200+", with_fields(b"Upgrade: HTTP/1.1", b"Connection: Upgrade")),
    Vector("without the option", "9110 7.8", "200+", with_fields(b"Upgrade: h2c")),
    Vector("to nothing", "9110 7.8", "200+", with_fields(b"Upgrade:", b"Connection: Upgrade")),
    Vector("nonsense", "9110 7.8", "200+", with_fields(b"Upgrade: ///,,;", b"Connection: Upgrade")),
    Vector("with a body", "9110 7.8", "200+", with_fields(*_H2C, b"Content-Length: 5", body=b"hello")),
    Vector("in 1.0", "9110 7.8", "200", with_fields(*_H2C, version=b"1.0")),
)

VECTORS = (*GRAMMAR, *HOST, *CONNECTION, *EXPECT, *UPGRADE)
