"""Every octet in every place where some are allowed and others are not, on real connections."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.vectors import Vector, chunked, make_root, play, with_fields, with_line, with_target

LETTERS_AND_DIGITS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
# RFC 9110 5.6.2, 5.5; RFC 3986 2.2, 2.3, 3.3, 3.4
TOKEN = LETTERS_AND_DIGITS | frozenset(b"!#$%&'*+-.^_`|~")
CONTROLS = frozenset(range(32)) | {127}
PCHAR = LETTERS_AND_DIGITS | frozenset(b"-._~!$&'()*+,;=:@")
REG_NAME = LETTERS_AND_DIGITS | frozenset(b"-._~!$&'()*+,;=")
EVERY = frozenset(range(256))

Build = Callable[[bytes], bytes]

# place: the request, what is allowed in it, what a request with an allowed octet may get
PLACES: dict[str, tuple[Build, frozenset[int], str]] = {
    "method": (lambda o: with_target(b"/file.txt", b"GE" + o + b"T"), TOKEN, "501 | 501+"),
    "path": (lambda o: with_target(b"/x" + o + b"y.txt"), PCHAR | {0x2F, 0x3F}, "404+"),
    "query": (lambda o: with_target(b"/file.txt?x" + o + b"y"), PCHAR | frozenset(b"/?"), "200+"),
    "version": (lambda o: with_line(b"GET /file.txt HTTP/1." + o), frozenset(b"123456789"), "200+"),
    "field name": (lambda o: with_fields(b"X" + o + b"Y: z"), TOKEN | {0x3A}, "200+"),
    "field value": (lambda o: with_fields(b"X: y" + o + b"z"), EVERY - CONTROLS | {9}, "200+"),
    "Host": (lambda o: b"GET /file.txt HTTP/1.1\r\nHost: x" + o + b"y.z\r\n\r\n", REG_NAME, "200+"),
    "Content-Length": (
        lambda o: with_fields(b"Content-Length: " + o + b"9", body=b"x" * 9),
        frozenset(b"0\t "),
        "200+",
    ),
    "chunk size": (lambda o: chunked(b"0" + o + b"\r\nx\r\n0\r\n\r\n"), frozenset(b"1"), "200+"),
    "chunk extension": (lambda o: chunked(b"1;x" + o + b"y\r\nx\r\n0\r\n\r\n"), TOKEN | frozenset(b";="), "200+"),
    "trailer name": (lambda o: chunked(b"0\r\nX" + o + b"Y: z\r\n\r\n"), TOKEN | {0x3A}, "200+"),
}

# Octets whose outcome depends on more than the grammar of the place, and which the vectors hold one by one.
ELSEWHERE: dict[str, frozenset[int]] = {
    "path": frozenset(b"%"),
    "query": frozenset(b"%"),
    "version": frozenset(b"0"),
    "Host": frozenset(b"%:"),
    "field value": frozenset(b"\n"),
    "field name": frozenset(b"\n"),
    "trailer name": frozenset(b"\n"),
    "Content-Length": frozenset(b"123456789,"),
    "chunk size": frozenset(b"023456789abcdefABCDEF \t"),
}


@pytest.fixture(scope="module")
def vector_port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(make_root(tmp_path_factory.mktemp("octets"))).port


@pytest.mark.parametrize("place", PLACES)
def test_every_octet(vector_port: int, place: str) -> None:
    build, allowed, outcomes = PLACES[place]
    wrong = {}
    for octet in sorted(EVERY - ELSEWHERE.get(place, frozenset())):
        vector = Vector(place, "5", outcomes if octet in allowed else "400", build(bytes([octet])))
        outcome = play(vector_port, vector)
        if outcome not in vector.allowed:
            wrong[bytes([octet])] = outcome
    assert wrong == {}
