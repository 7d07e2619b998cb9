"""The tolerant reader: what it recovers, and what it says of the build."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.reading import Stream, transcribe
from conformance.response import DefectKind, Framing, Response

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


def only(data: bytes, method: str = "GET", stream: Stream = Stream.ENDED) -> Response:
    transcript = transcribe(data, (method,), stream)
    assert len(transcript.responses) == 1
    return transcript.responses[0]


def kinds(response: Response) -> set[DefectKind]:
    return {defect.kind for defect in response.defects}


def test_a_good_reply_has_no_defect() -> None:
    response = only(GOOD, stream=Stream.GROWING)
    assert (response.status, response.version, response.reason) == (200, "HTTP/1.1", b"OK")
    assert response.value("content-type") == "text/plain"
    assert response.body == b"hello"
    assert response.complete
    assert response.framing is Framing.LENGTH
    assert not response.defects


@pytest.mark.parametrize(
    ("data", "status", "body", "defects"),
    [
        (GOOD.replace(b"\r\n", b"\n"), 200, b"hello", {DefectKind.LINE_END}),
        (b"\r\n" + GOOD, 200, b"hello", {DefectKind.OCTETS_BEFORE}),
        (b"request was GET /\n" + GOOD, 200, b"hello", {DefectKind.OCTETS_BEFORE}),
        (b"HTTP:/1.1 200 OK\r\n\r\nhello", 200, b"hello", set()),
        (b"HTTP/1.1 OK 200\r\n\r\nhello", 200, b"hello", set()),
        (b"200 OK HTTP/1.1\r\n\r\nhello", 200, b"hello", set()),
        (b"HTTP/1.1 200\r\n\r\nhello", 200, b"hello", set()),
        (b"HTTP/1.1 0404 Not Found\r\n\r\n", 404, b"", set()),
        (b"HTTP/1.1 OK\r\n\r\nhello", None, b"hello", set()),
        (b"<html>hello</html>", None, b"<html>hello</html>", {DefectKind.NO_STATUS_LINE}),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n<html>\r\n\r\n", 200, b"<html>\r\n\r\n", {DefectKind.NO_EMPTY_LINE}),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\nhello\r\n", 200, b"hello\r\n", {DefectKind.NO_EMPTY_LINE}),
        (GOOD[:-7] + b"a\r\n\r\n", 200, b"a\r\n\r\n", {DefectKind.NO_EMPTY_LINE}),
        (b"HTTP/1.1 404 Not Found\r\n", 404, b"", {DefectKind.NO_EMPTY_LINE}),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n  \r\nhello", 200, b"hello", {DefectKind.BLANKS_IN_EMPTY_LINE}),
        (b"HTTP/1.1 200 OK\r\nServer x\r\n\r\nhello", 200, b"hello", {DefectKind.STRAY_LINE}),
        (b"HTTP/1.1 200 OK\r\nSun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhello", 200, b"hello", {DefectKind.NAMELESS_FIELD}),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n y\r\n\r\nhello", 200, b"hello", {DefectKind.FOLDED}),
        (b"HTTP/1.1 200 O\rK\r\n\r\nhello", 200, b"hello", {DefectKind.BARE_CR}),
        (GOOD[:-2], 200, b"hel", {DefectKind.BODY_SHORT}),
    ],
)
def test_what_a_broken_reply_means(data: bytes, status: int | None, body: bytes, defects: set[DefectKind]) -> None:
    response = only(data)
    assert (response.status, response.body) == (status, body)
    assert kinds(response) == defects


def test_defects_point_at_their_octets() -> None:
    data = b"noise\n" + GOOD
    defect = only(data).defect(DefectKind.OCTETS_BEFORE)
    assert defect is not None
    assert data[slice(*defect.span)] == b"noise\n"


def test_fields_know_where_their_values_stand() -> None:
    data = b"HTTP/1.1 200 OK\r\nServer:\t a b  \r\n\r\n"
    field = only(data).field("SERVER")
    assert field is not None
    assert (field.value, field.raw) == ("a b", "\t a b  ")
    assert data[slice(*field.value_span)] == b"a b"
    assert data[slice(*field.span)] == b"Server:\t a b  "


@pytest.mark.parametrize(
    ("head", "method"),
    [(b"200 OK", "HEAD"), (b"204 No Content", "GET"), (b"304 Not Modified", "GET")],
)
def test_what_has_no_body_whatever_its_fields_say(head: bytes, method: str) -> None:
    response = only(b"HTTP/1.1 " + head + b"\r\nContent-Length: 10\r\n\r\n", method, Stream.GROWING)
    assert response.complete
    assert response.framing is Framing.NONE


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_reply_without_body_is_not_cut_by_its_content_length() -> None:
    rest = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
    response = only(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s" % (len(rest), rest), "HEAD")
    assert response.value("date") is not None
    assert not response.defects


def test_chunks_are_joined_and_trailers_read() -> None:
    response = only(CHUNKED + b"5;x=1\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n", stream=Stream.GROWING)
    assert response.body == b"hello!"
    assert response.complete
    assert [(field.name, field.value) for field in response.trailers] == [("T", "v")]


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nhello", b"2\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"5\r\nhello\r\n", b"0\r\n"]
)
def test_broken_chunks_are_told(chunks: bytes) -> None:
    assert kinds(only(CHUNKED + chunks)) & {DefectKind.BAD_CHUNK, DefectKind.BODY_SHORT}


def test_several_answers_and_what_follows_them() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    transcript = transcribe(interim + GOOD + GOOD + b"rest", ("GET", "GET"))
    assert [response.status for response in transcript.responses] == [200, 200]
    assert [early.status for early in transcript.responses[0].interim] == [100]
    assert transcript.trailing == (len(interim + GOOD + GOOD), len(interim + GOOD + GOOD) + 4)


def test_content_that_looks_like_a_status_is_no_second_answer() -> None:
    """Unless the server leaves the version out of all its answers."""
    head = b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 20\r\n\r\n"
    read = transcribe(head + b"501 Not Implemented\n", ("HEAD",))
    assert len(read.responses) == 1
    assert read.trailing == (len(head), len(head) + 20)
    bare = b"200 OK\r\nContent-Length: 0\r\n\r\n"
    assert [response.status for response in transcribe(bare * 2, ("GET", "GET")).responses] == [200, 200]


def test_a_reply_without_length_is_whole_only_at_the_end() -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nhello"
    assert not only(data, stream=Stream.GROWING).complete
    assert only(data).complete


@given(st.binary(max_size=300), st.sampled_from(Stream))
@settings(max_examples=150, deadline=None)
def test_no_octets_are_refused_or_lost(data: bytes, stream: Stream) -> None:
    transcript = transcribe(data, (), stream)
    position = 0
    for response in transcript.responses:
        first = response.interim[0] if response.interim else response
        assert first.span[0] == position
        position = response.span[1]
    if not transcript.interim or transcript.responses:
        assert transcript.trailing[1] == len(data)


@given(st.integers(min_value=0, max_value=len(GOOD)))
@settings(max_examples=80, deadline=None)
def test_a_reply_is_whole_exactly_when_its_last_octet_has_come(cut: int) -> None:
    assert transcribe(GOOD[:cut], (), Stream.GROWING).complete == (cut == len(GOOD))


def test_nothing_is_guessed_of_a_head_that_is_still_coming() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate"
    assert transcribe(head, (), Stream.GROWING).complete == 0
    assert transcribe(head, (), Stream.STILL).complete == 1  # no more came: these four octets are the body
