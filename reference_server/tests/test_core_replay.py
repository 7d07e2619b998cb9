"""The core gives the same requests and refusals whether octets come whole, one by one, or in any pieces between.

It reads a head that has arrived whole in another way than one that comes in pieces, so this is where the two ways are
held together: by every vector, by streams at the edge of each limit, and by generated streams with faults.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reference_server.http1.connection import Connection, Limits
from reference_server.http1.messages import Refusal, Request
from reference_server.tests.streams import pieces_of, streams
from reference_server.tests.vectors import areas

Seen = list[tuple[object, ...]]

USUAL = Limits()
SMALL = Limits(request_line=60, head=120, fields=5, body=40, empty_lines=2)
LONGEST_REPLAYED = 20_000


def feed(pieces: list[bytes], limits: Limits = SMALL) -> Seen:
    """What the core makes of it, and of the end of the stream after it."""
    core = Connection(limits)
    seen = [summary(item) for piece in pieces for item in core.receive_data(piece)]
    state = ("then", core.in_message, core.in_head, core.state.value)
    return [*seen, state, *[summary(item) for item in core.receive_eof()]]


def summary(item: Request | Refusal) -> tuple[object, ...]:
    if isinstance(item, Refusal):
        return ("refusal", item.status, item.explanation, tuple(item.fields))
    combined = tuple(item.field(name) for name, _ in item.fields)
    return (
        *(item.method, item.target, item.version, item.path, item.query, item.host),
        *(tuple(item.fields), combined, item.body),
    )


def by_size(octets: bytes, size: int) -> list[bytes]:
    return [octets[first : first + size] for first in range(0, len(octets), size)]


def before_the_end(seen: Seen) -> Seen:
    return seen[: [item[0] for item in seen].index("then")]


GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
# name: the octets, how many requests they make, the status that refuses what follows those
STREAMS: dict[str, tuple[bytes, int, int | None]] = {
    "one request": (GET, 1, None),
    "two requests": (GET + GET, 2, None),
    "a body of known length": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" + GET, 2, None),
    "a chunked body": (
        CHUNKED + b'005;a="b;c" ; d\r\nhello\r\n0A\r\n0123456789\r\n00\r\nX: y\r\n\r\n' + GET,
        2,
        None,
    ),
    "nothing after close": (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET, 1, None),
    "leading empty lines": (b"\r\n\r\n" + GET, 1, None),
    "too many leading empty lines": (b"\r\n\r\n\r\n" + GET, 0, 400),
    "empty lines between": (GET + b"\r\n\r\n" + GET, 2, None),
    "a lone LF": (GET + b"GET / HTTP/1.1\nHost: h\n\n", 1, 400),
    "a lone LF late in the head": (HEAD + b"X: y\nZ: a\r\n\r\n", 0, 400),
    "a lone LF before the end": (HEAD + b"X: y\n\r\n", 0, 400),
    "a lone LF as the end": (HEAD + b"X: y\r\n\n", 0, 400),
    "a lone CR in a value": (HEAD + b"X: a\rb\r\n\r\n", 0, 400),
    "a lone CR at the end of a value": (HEAD + b"X: a\r\r\n\r\n", 0, 400),
    "a request line of the greatest length": (b"GET /" + b"a" * 46 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 1, None),
    "a request line one too long": (b"GET /" + b"a" * 47 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 0, 414),
    "a bad request line one too long": (b"GET /" + b" " * 47 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 0, 414),
    "an endless request line": (b"a" * 200, 0, 501),
    "a field that is too long": (HEAD + b"X: " + b"a" * 200, 0, 431),
    "a head of the greatest length": (HEAD + b"X: " + b"a" * (120 - 9 - 5) + b"\r\n\r\n", 1, None),
    "a head one too long": (HEAD + b"X: " + b"a" * (120 - 9 - 4) + b"\r\n\r\n", 0, 431),
    "a bad head one too long": (HEAD + b"X : " + b"a" * (120 - 9 - 5) + b"\r\n\r\n", 0, 431),
    "a head that is too long": (HEAD + b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 5, 0, 431),
    "a bad field before the head is too long": (HEAD + b"X : y\r\n" + b"X: " + b"a" * 200 + b"\r\n\r\n", 0, 400),
    "as many fields as there may be": (HEAD + b"X:\r\n" * 4 + b"\r\n", 1, None),
    "one field too many": (HEAD + b"X:\r\n" * 5 + b"\r\n", 0, 431),
    "one field too many and it is bad": (HEAD + b"X:\r\n" * 4 + b"X\r\n\r\n", 0, 431),
    "a bad field and too many": (HEAD + b"X\r\n" + b"X:\r\n" * 9 + b"\r\n", 0, 400),
    "a bad request line and too many fields": (b"GET  / HTTP/1.1\r\n" + b"X:\r\n" * 9 + b"\r\n", 0, 400),
    "no Host and a bad length": (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 0, 400),
    "a body that is too long": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 41\r\n\r\n", 0, 413),
    "a body of the greatest length": (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n" + b"a" * 40 + GET,
        2,
        None,
    ),
    "chunks that are too long": (CHUNKED + b"20\r\n" + b"a" * 32 + b"\r\n20\r\n", 0, 413),
    "a chunk of the wrong size": (CHUNKED + b"2\r\nabc\r\n0\r\n\r\n", 0, 400),
    "a request that looks like the end of a head": (HEAD + b"X: \r\n\r\n\r\n" + GET, 2, None),
    "garbage behind": (GET + b"\0\0\r\n\r\n", 1, 400),
    "an unknown version": (b"GET / HTTP/2.0\r\n\r\n", 0, 505),
}


@pytest.mark.parametrize("name", STREAMS)
def test_pieces_do_not_matter(name: str) -> None:
    stream, requests, refusal = STREAMS[name]
    whole = feed([stream])
    found = before_the_end(whole)
    assert len([item for item in found if item[0] != "refusal"]) == requests
    assert [item[1] for item in found if item[0] == "refusal"] == ([refusal] if refusal else [])
    for size in (1, 2, 3, 7):
        assert feed(by_size(stream, size)) == whole


@pytest.mark.parametrize("name", STREAMS)
def test_what_follows_does_not_change_what_came_before(name: str) -> None:
    stream, _, _ = STREAMS[name]
    found = before_the_end(feed([stream]))
    for trailing in (b"TRAILING \x00 garbage\r\n\r\n", b"\n", b"\r\n\r\n", GET, b"a" * 500):
        assert feed([stream + trailing])[: len(found)] == found
        assert feed([stream, trailing])[: len(found)] == found


@pytest.mark.parametrize("area", areas())
@pytest.mark.parametrize("limits", [USUAL, SMALL], ids=["usual limits", "small limits"])
def test_pieces_do_not_matter_to_any_vector(area: str, limits: Limits) -> None:
    for vector in areas()[area]:
        octets = vector.octets + GET
        whole = feed([octets], limits)
        sizes = (1, 13) if len(octets) <= LONGEST_REPLAYED else (4099,)
        for size in sizes:
            assert feed(by_size(octets, size), limits) == whole, vector.name


@pytest.mark.parametrize("name", STREAMS)
def test_the_place_of_one_cut_does_not_matter(name: str) -> None:
    stream, _, _ = STREAMS[name]
    whole = feed([stream])
    for cut in range(len(stream)):
        assert feed([stream[:cut], stream[cut:]]) == whole


@given(streams(), st.data())
@settings(max_examples=400, deadline=None)
def test_any_stream_in_any_pieces(stream: bytes, data: st.DataObject) -> None:
    for limits in (USUAL, SMALL):
        whole = feed([stream], limits)
        assert feed(by_size(stream, 1), limits) == whole
        assert feed(data.draw(pieces_of(stream)), limits) == whole


@given(streams(), streams())
@settings(max_examples=150, deadline=None)
def test_any_stream_before_any_other(stream: bytes, trailing: bytes) -> None:
    """A request is complete or not without regard to what comes later in the same reading."""
    found = before_the_end(feed([stream], USUAL))
    assert feed([stream + trailing], USUAL)[: len(found)] == found


@given(st.binary(max_size=300))
@example(b"\r\n" * 50)
@settings(max_examples=200, deadline=None)
def test_no_octets_upset_the_parser(stream: bytes) -> None:
    whole = feed([stream])
    assert feed(by_size(stream, 1)) == whole
    for item in before_the_end(whole):
        assert item[0] != "refusal" or item[1] in (400, 413, 414, 417, 421, 431, 501, 505)


@given(streams())
@settings(max_examples=200, deadline=None)
def test_a_refusal_is_the_last_that_is_heard(stream: bytes) -> None:
    core = Connection(SMALL)
    batch = core.receive_data(stream)
    assert not any(isinstance(item, Refusal) for item in batch[:-1])
    if batch and isinstance(batch[-1], Refusal):
        assert core.receive_data(GET) == []
        assert core.receive_eof() == []


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
