"""Where bodies end, in requests and replies, and which connections stay open."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from reference_server.http1 import encode, framing
from reference_server.http1.body import parse_chunk_line
from reference_server.http1.connection import Close, Connection
from reference_server.http1.framing import Framing, Persistence
from reference_server.http1.messages import Body, Fields, FileRegion, Refusal, Request, Response

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"


def decide(*fields: tuple[bytes, bytes], minor: int = 1) -> framing.BodyFraming:
    return framing.decide_body_framing(list(fields), (1, minor), 100)


TE, CL = b"transfer-encoding", b"content-length"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([(CL, b"abc")], 400),
        ([(CL, b"-1")], 400),
        ([(CL, b"+5")], 400),
        ([(CL, b"0x5")], 400),
        ([(CL, b"5.0")], 400),
        ([(CL, b"5 5")], 400),
        ([(CL, b"")], 400),
        ([(CL, b"5, 5")], 400),
        ([(CL, b"5"), (CL, b"5")], 400),
        ([(CL, b"5"), (CL, b"6")], 400),
        ([(CL, "\u0665".encode())], 400),
        ([(CL, b"101")], 413),
        ([(CL, b"18446744073709551621")], 413),
        ([(CL, b"9" * 5000)], 413),
        ([(TE, b"chunked"), (CL, b"5")], 400),
        ([(TE, b"gzip")], 400),
        ([(TE, b"chunked, gzip")], 400),
        ([(TE, b"chunked, chunked")], 400),
        ([(TE, b"chunked"), (TE, b"chunked")], 400),
        ([(TE, b"")], 400),
        ([(TE, b"identity")], 400),
        ([(TE, b"chunked;q=1")], 400),
        ([(TE, b"xchunked")], 400),
        ([(TE, b"gzip, chunked")], 501),
        ([(TE, b"foo"), (TE, b"chunked")], 501),
    ],
)
def test_refused_framing(fields: Fields, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        decide(*fields)
    assert caught.value.status == status


def test_accepted_framing() -> None:
    assert decide() == framing.NO_BODY
    assert decide((CL, b"0")) == framing.NO_BODY
    assert decide((CL, b"0005")) == (Framing.LENGTH, 5)
    assert decide((TE, b"Chunked")).framing is Framing.CHUNKED
    assert decide((TE, b", chunked ,")).framing is Framing.CHUNKED


def test_transfer_codings_are_not_for_http_1_0() -> None:
    with pytest.raises(Refusal) as caught:
        decide((TE, b"chunked"), minor=0)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("minor", "values", "expected"),
    [
        (1, [], "keep-alive"),
        (1, [b"close"], "close"),
        (1, [b"Close"], "close"),
        (1, [b"foo, close"], "close"),
        (1, [b", close"], "close"),
        (1, [b"keep-alive", b"close"], "close"),
        (1, [b"closed"], "keep-alive"),
        (0, [], "close"),
        (0, [b"keep-alive"], "keep-alive"),
        (0, [b"Keep-Alive, close"], "close"),
        (2, [], "keep-alive"),
    ],
)
def test_persistence(minor: int, values: list[bytes], expected: str) -> None:
    fields = [(b"connection", value) for value in values]
    assert framing.decide_persistence((1, minor), fields).value == expected


@pytest.mark.parametrize(
    "line", [b"0x5", b"-5", b"+5", b"5 5", b" 5", b"", b"g", b"5 ", b"5;", b"5;a=", b'5;a="b', b"5;a=b c", b"5;=b"]
)
def test_refused_chunk_lines(line: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_chunk_line(line)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("line", "size"),
    [(b"5", 5), (b"000A", 10), (b"fF", 255), (b"000", 0), (b"5;a", 5), (b'5;a=b;c="d;\\""', 5), (b"5 ; a = b", 5)],
)
def test_accepted_chunk_lines(line: bytes, size: int) -> None:
    assert parse_chunk_line(line)[0] == size


def test_chunk_sizes_do_not_overflow() -> None:
    with pytest.raises(Refusal) as caught:
        parse_chunk_line(b"10000000000000005")
    assert caught.value.status == 413


def reply(
    body: Body, status: int = 200, minor: int = 1, method: str = "GET", *fields: tuple[bytes, bytes]
) -> tuple[bytes, list[object]]:
    """The head, and what follows it."""
    core = Connection()
    asked = Request(method, b"/", (1, minor), list(fields))
    output = core.send(Response(status, [], body), asked, DATE)
    head = output[0]
    assert isinstance(head, bytes)
    return head, list(output[1:])


def pieces() -> Iterator[bytes]:
    yield b"abc"
    yield b""
    yield b"0123456789abcdef"


def test_octets_are_announced() -> None:
    head, rest = reply(b"abc")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: " + DATE + b"\r\n")
    assert b"\r\nContent-Length: 3\r\n" in head
    assert b"Connection" not in head
    assert rest == [b"abc"]


def test_no_body_is_announced_as_none() -> None:
    head, rest = reply(None)
    assert b"\r\nContent-Length: 0\r\n" in head
    assert rest == []


def test_unknown_length_is_chunked_for_http_1_1() -> None:
    head, rest = reply(pieces())
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert b"Content-Length" not in head
    (body,) = rest
    assert isinstance(body, Iterator)
    assert list(body) == [b"3\r\nabc\r\n", b"10\r\n0123456789abcdef\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize("fields", [(), ((b"connection", b"keep-alive"),)])
def test_unknown_length_ends_with_the_connection_for_http_1_0(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    head, rest = reply(pieces(), 200, 0, "GET", *fields)
    assert b"Transfer-Encoding" not in head
    assert b"Content-Length" not in head
    assert b"\r\nConnection: close\r\n" in head
    assert rest[-1] is Close.CLOSE


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("body", [b"abc", None])
def test_statuses_without_body(status: int, body: Body) -> None:
    head, rest = reply(body, status)
    assert b"Content-Length" not in head
    assert b"Transfer-Encoding" not in head
    assert rest == []


def test_205_is_framed_and_empty() -> None:
    head, rest = reply(b"abc", 205)
    assert b"\r\nContent-Length: 0\r\n" in head
    assert rest == []


def test_head_announces_what_get_would_send() -> None:
    head, rest = reply(b"abc", 200, 1, "HEAD")
    assert b"\r\nContent-Length: 3\r\n" in head
    assert rest == []


def test_dropped_files_are_closed() -> None:
    file = io.FileIO(__file__)
    _, rest = reply(FileRegion(file, 0, 5), 200, 1, "HEAD")
    assert rest == []
    assert file.closed


def test_persistence_is_announced() -> None:
    close, alive = (b"connection", b"close"), (b"connection", b"keep-alive")
    assert b"\r\nConnection: close\r\n" in reply(b"", 200, 1, "GET", close)[0]
    assert reply(b"", 200, 1, "GET", close)[1][-1] is Close.CLOSE
    assert b"\r\nConnection: keep-alive\r\n" in reply(b"", 200, 0, "GET", alive)[0]
    assert b"\r\nConnection: close\r\n" in reply(b"", 200, 0)[0]


def test_without_a_request_the_connection_ends() -> None:
    output = Connection().send(Response(400, [], b"no"), None, DATE)
    assert isinstance(output[0], bytes)
    assert b"\r\nConnection: close\r\n" in output[0]
    assert output[-1] is Close.CLOSE


def test_after_a_closing_reply_nothing_is_read() -> None:
    core = Connection()
    core.send(Response(200, close=True), Request("GET", b"/"), DATE)
    assert core.receive_data(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == []


def test_the_blank_after_the_code_stays_without_a_phrase() -> None:
    assert encode.encode_status_line(Response(299)) == b"HTTP/1.1 299 \r\n"
    assert encode.encode_status_line(Response(404, reason=b"Gone fishing")) == b"HTTP/1.1 404 Gone fishing\r\n"


def test_a_body_that_fails_has_no_last_chunk() -> None:
    closed = []

    class Failing(Iterator[bytes]):
        def __next__(self) -> bytes:
            raise RuntimeError

        def close(self) -> None:
            closed.append(True)

    framed = encode.frame_chunks(Failing())
    with pytest.raises(RuntimeError):
        next(framed)
    assert closed == [True]
    assert (
        framing.decide_reply_framing(Request("GET", b"/"), Response(200, body=b"")).persistence
        is Persistence.KEEP_ALIVE
    )
