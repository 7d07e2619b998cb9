"""The core gives the same batch whether octets come whole, one by one, or in any pieces between."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.http1.connection import Connection, Limits
from reference_server.http1.messages import Refusal, Request

Seen = list[tuple[object, ...]]

LIMITS = Limits(request_line=60, head=120, fields=5, body=40)


def feed(pieces: list[bytes]) -> Seen:
    core = Connection(LIMITS)
    seen: Seen = []
    for piece in pieces:
        for item in core.receive_data(piece):
            seen.append(summary(item))
    return seen


def summary(item: Request | Refusal) -> tuple[object, ...]:
    if isinstance(item, Refusal):
        return ("refusal", item.status, item.explanation)
    return (item.method, item.target, item.version, item.path, item.query, item.host, tuple(item.fields), item.body)


GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"
STREAMS = {
    "one request": (GET, 1, None),
    "two requests": (GET + GET, 2, None),
    "a body of known length": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" + GET, 2, None),
    "a chunked body": (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'005;a="b;c" ; d\r\nhello\r\n0A\r\n0123456789\r\n00\r\nX: y\r\n\r\n' + GET,
        2,
        None,
    ),
    "nothing after close": (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET, 1, None),
    "leading empty lines": (b"\r\n\r\n" + GET, 1, None),
    "a lone LF": (GET + b"GET / HTTP/1.1\nHost: h\n\n", 1, 400),
    "a lone CR in a value": (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 0, 400),
    "a request line of the greatest length": (b"GET /" + b"a" * 46 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 1, None),
    "a request line one too long": (b"GET /" + b"a" * 47 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 0, 414),
    "an endless request line": (b"a" * 200, 0, 414),
    "a field that is too long": (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 200, 0, 431),
    "a head that is too long": (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 5, 0, 431),
    "too many fields": (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X:\r\n" * 5 + b"\r\n", 0, 431),
    "a body that is too long": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 41\r\n\r\n", 0, 413),
    "chunks that are too long": (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + b"a" * 32 + b"\r\n20\r\n",
        0,
        413,
    ),
    "a chunk of the wrong size": (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        0,
        400,
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_pieces_do_not_matter(name: str) -> None:
    stream, requests, refusal = STREAMS[name]
    whole = feed([stream])
    assert len([item for item in whole if item[0] != "refusal"]) == requests
    assert [item[1] for item in whole if item[0] == "refusal"] == ([refusal] if refusal else [])
    assert feed([stream[i : i + 1] for i in range(len(stream))]) == whole
    assert feed([stream[i : i + 7] for i in range(0, len(stream), 7)]) == whole


@pytest.mark.parametrize("name", STREAMS)
def test_what_follows_does_not_change_what_came_before(name: str) -> None:
    stream, _, _ = STREAMS[name]
    whole = feed([stream])
    trailed = feed([stream + b"TRAILING \x00 garbage\r\n\r\n"])
    assert trailed[: len(whole)] == whole


WORDS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"Host: h\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b":",
        b"X: y\r\n",
        b"POST /p HTTP/1.1\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"abc",
        b"3\r\n",
        b"0\r\n",
        b"Connection: close\r\n",
        b"HTTP/1.0",
        b"\x00",
        b"\xff",
        b"%",
        b"a" * 70,
    ]
)


@given(st.lists(WORDS, max_size=14).map(b"".join), st.data())
@settings(max_examples=250, deadline=None)
def test_any_octets_in_any_pieces(stream: bytes, data: st.DataObject) -> None:
    whole = feed([stream])
    assert feed([stream[i : i + 1] for i in range(len(stream))]) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    assert feed([stream[a:b] for a, b in pairwise(edges)]) == whole


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_octets_upset_the_parser(stream: bytes) -> None:
    for item in feed([stream]):
        assert item[0] != "refusal" or item[1] in (400, 413, 414, 417, 421, 431, 501, 505)


@pytest.mark.parametrize(
    "rest", [b"GET", b"GET / HTTP/1.1\r\nHost: h\r\n", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na"]
)
def test_an_end_in_the_middle_of_a_request_is_a_fault(rest: bytes) -> None:
    core = Connection()
    assert core.receive_data(rest) == []
    (refusal,) = core.receive_eof()
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


@pytest.mark.parametrize("before", [b"", GET, GET + b"\r\n"])
def test_an_end_between_requests_is_none(before: bytes) -> None:
    core = Connection()
    core.receive_data(before)
    assert core.receive_eof() == []
