"""The chunked coding: sizes, extensions, data, trailers (RFC 9112 7.1)."""

from __future__ import annotations

from reference_server.tests.vectors import SMUGGLED, Vector, chunked

_LAST = b"0\r\n\r\n"


def _sizes(section: str, outcomes: str, *lines: bytes) -> tuple[Vector, ...]:
    """Each as the line before five octets of data."""
    return tuple(
        Vector(f"size line {line[:40]!r}", section, outcomes, chunked(line + b"\r\nhello\r\n" + _LAST))
        for line in lines
    )


SIZES = (
    *_sizes("7.1", "200+", b"5", b"05", b"0000005", b"0" * 100 + b"5"),
    *_sizes("7.1", "400", b"", b" ", b" 5", b"\t5", b"-5", b"+5", b"0x5", b"0X5", b"x5", b"5h", b"h5", b"5.0", b"5,"),
    *_sizes("7.1", "400", b"5_", b"0_5"),
    *_sizes("7.1", "400", b"5 5", b"5\t5", b"5 x", b"g", b"$5", b'"5"', b"(5)", b"5=", b"5:", b"5/", b"5\\", b"_5"),
    *_sizes("7.1", "400", b"1_0", b"~5"),
    *_sizes("7.1", "400", "\u0665".encode(), "\uff15".encode(), b"5\0", b"\05", b"5\x0b", b"\x0b5", b"5\x0c", b"5\xa0"),
    *_sizes("7.1", "400", "\u0665".encode(), "\uff15".encode(), b"\xff5"),
    *_sizes("2.2", "400", b"5\r", b"\r5", b"5\rx", b"5\r;x"),
    *_sizes("7.1", "400", b"4", b"6", b"0", b"00", b"a", b"A", b"50"),
    *_sizes("7.1", "200+ | 400", b"5 ", b"5\t", b"5   "),
    *_sizes("7.1", "400 | 413", b"ffffffff", b"7fffffffffffffff", b"ffffffffffffffff", b"10000000000000005"),
    *_sizes("7.1", "400 | 413", b"100000005", b"F" * 2000),
    *_sizes("7.1", "400 | 413 | 431", b"0" * 100_000 + b"5", b"1" * 100_000),
)

EXTENSIONS = (
    *_sizes("7.1.1", "200+", b"5;a", b"5;a=b", b'5;a="b"', b'5;a="b;c\\"d,e"', b"5;a;b;c=d", b'5;a=""'),
    *_sizes("7.1.1", "200+", b"5;!#$%&'*+-.^_`|~=1"),
    *_sizes("7.1.1", "200+", b'5;a="\xff\t\\\xff"', b"5;a=" + b"b" * 1000, b"5" + b";a" * 500),
    *_sizes("9110 5.6.3", "200+ | 400", b"5 ;a", b"5; a", b"5\t;\ta", b"5;a =b", b"5;a= b", b"5 ; a = b ; c"),
    *_sizes("7.1.1", "400", b"5;", b"5;;", b"5;=", b"5;=b", b"5;a=", b'5;a="b', b'5;a=b"', b'5;a="b"c', b"5;a b"),
    *_sizes("7.1.1", "400", b"5 a", b"5a;b=c d"),
    *_sizes("7.1.1", "400", b"5;a=b=c", b"5;a,b", b"5;(a)", b"5;a=(b)", b"5;a;", b"5;;a", b"5;\xff", b"5;a=\xff"),
    *_sizes("7.1.1", "400", b"5,a", b"5&a"),
    *_sizes("9110 5.5", "400", b"5;a\0", b"5;\0", b"5;a=\x01", b'5;a="\0"', b'5;a="\x7f"', b"5;\x0ba", b'5;a="\\\0"'),
    *_sizes(
        "2.2", "400", b"5;a\r", b"5;\ra", b"5;a\rb", b'5;a="\r"', b"5;a\n", b"5;\n", b'5;a="\n"', b"5;a\nGET / HTTP/1.1"
    ),
    *_sizes("7.1.1", "400 | 413 | 431", b"5;a=" + b"b" * 100_000, b"5" + b";a" * 50_000),
    Vector(
        "many chunks with extensions",
        "7.1.1",
        "400 | 413 | 431",
        chunked((b"1;a=" + b"b" * 3000 + b"\r\nx\r\n") * 100 + _LAST),
    ),
    Vector("a request in an extension", "7.1.1", "400", chunked(b"5;\n" + SMUGGLED + b"hello\r\n" + _LAST)),
)


def _bodies(section: str, outcomes: str, *bodies: bytes) -> tuple[Vector, ...]:
    return tuple(Vector(f"body {body[:60]!r}", section, outcomes, chunked(body)) for body in bodies)


BODIES = (
    *_bodies("7.1", "200+", b"0\r\n\r\n", b"000\r\n\r\n", b"0;a=b\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    *_bodies("7.1", "200+", b"1\r\n\r\r\n0\r\n\r\n"),
    *_bodies("7.1", "200+", b"A\r\n0123456789\r\n0\r\n\r\n", b"a\r\n0123456789\r\n0\r\n\r\n"),
    *_bodies("7.1", "200+", b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"),
    *_bodies(
        "7.1", "200+", b"2\r\n\r\n\r\n0\r\n\r\n", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"
    ),
    *_bodies("7.1", "200+", b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"),
    *_bodies("7.1", "200+", b"100\r\n" + bytes(range(256)) + b"\r\n0\r\n\r\n"),
    *_bodies("7.1", "400", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n"),
    *_bodies("7.1", "400", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    *_bodies("7.1", "400", b"5\r\nhell\r\n0\r\n\r\n", b"5\r\nhelloo\r\n0\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n"),
    *_bodies("7.1", "400", b"5\r\nhello\n\r0\r\n\r\n"),
    *_bodies(
        "7.1", "400", b"hello", b"\r\n\r\n", b"5", b"5\r", b"5\r\n", b"5\r\nhello", b"5\r\nhello\r\n", b"0", b"0\r\nx"
    ),
    *_bodies("2.2", "400", b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r\n0\n\r\n"),
    *_bodies("2.2", "400", b"5\r\nhello\r\n0\r\n\n"),
    *_bodies("2.2", "400", b"5\nhello\n0\n\n", b"5\rhello\r0\r\r", b"5\r\rhello\r\n0\r\n\r\n", b"0\r\r\n\r\n"),
    *_bodies("2.2", "400", b"0\r\n\rX\r\n\r\n", b"0\n\n"),
    *_bodies("7.1", "400", b"0\r\n" + SMUGGLED, b"0\r" + SMUGGLED, b"0" + SMUGGLED, b"5\r\nhello\r\n" + SMUGGLED),
    *_bodies("7.1", "400", b"0_2e\r\n\r\n" + SMUGGLED),
    *_bodies("2.2", "200+", b"0\r\n\r\n\r\n"),
    *_bodies("7.1", "200 400 | 200 501", b"0\r\n\r\nX", b"0\r\n\r\n0\r\n\r\n", b"0\r\n\r\nhello\r\n\r\n"),
    Vector(
        "more than a server takes",
        "9110 15.5.14",
        "413",
        chunked(b"fffff\r\n" + b"a" * 0xFFFFF + b"\r\n" + b"ffffff\r\n" + b"a" * 100),
    ),
)


def _trailers(section: str, outcomes: str, *trailers: bytes) -> tuple[Vector, ...]:
    return tuple(
        Vector(f"trailer {trailer[:60]!r}", section, outcomes, chunked(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n"))
        for trailer in trailers
    )


TRAILERS = (
    *_trailers("7.1.2", "200+", b"X: y", b"X:", b"X: y\r\nZ: a", b"X:y", b"x: \t y \t", b"Expires: now", b"X: \xff"),
    *_trailers("9110 6.5.1", "200+ | 400", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Host: other"),
    *_trailers("9110 6.5.1", "200+ | 400", b"Connection: close"),
    *_trailers(
        "9110 6.5.1", "200+ | 400", b"Authorization: x", b"Trailer: X", b"Expect: 100-continue", b"Range: bytes=0-0"
    ),
    *_trailers("5", "400", b"X", b": y", b"X : y", b" X: y", b"\tX: y", b"X: y\r\n z", b"X Y: z", b"X: a\0b"),
    *_trailers("5", "400", b"X: a\rb", b"X\0: y"),
    *_trailers("5", "400", b"GET /smuggled.txt HTTP/1.1", b"X: y\nGET /smuggled.txt HTTP/1.1", b"\xff: y", b"X: \x01"),
    *_trailers("5", "400", b"X: y\r"),
    *_trailers("9110 5.4", "400 | 413 | 431", b"X: " + b"y" * 100_000, b"X: y\r\n" * 20_000 + b"Y: z", b"X" * 100_000),
    Vector("no end", "8", "400", chunked(b"0\r\nX: y\r\n")),
    Vector("ended by LF", "2.2", "400", chunked(b"0\r\nX: y\n\r\n")),
)

VECTORS = (*SIZES, *EXTENSIONS, *BODIES, *TRAILERS)
