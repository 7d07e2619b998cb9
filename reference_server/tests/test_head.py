"""Request lines, targets, field lines and Host: what is accepted, and the status that refuses the rest."""

from __future__ import annotations

import pytest

from reference_server.http1.connection import Connection
from reference_server.http1.messages import Refusal, Request


def judge(octets: bytes) -> Request | Refusal:
    (item,) = Connection().receive_data(octets)
    return item


def status_of(octets: bytes) -> int:
    item = judge(octets)
    assert isinstance(item, Refusal), f"{octets!r} was accepted"
    assert item.explanation
    return item.status


def accepted(octets: bytes) -> Request:
    item = judge(octets)
    assert isinstance(item, Request), f"{octets!r} was refused: {item.explanation}"
    return item


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET /  HTTP/1.1", 400),
        (b"GET\t/\tHTTP/1.1", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b"GET / HTTP/1.1 extra", 400),
        (b"GARBAGE", 400),
        (b"(((", 400),
        (b"G(T / HTTP/1.1", 400),
        (b"G\x00T / HTTP/1.1", 400),
        (b"GET / http/1.1", 400),
        (b"GET / HTTP/1", 400),
        (b"GET / HTTP/1.1.1", 400),
        (b"GET / HTTP/11", 400),
        (b"GET / HTTP/1.10", 400),
        (b"GET / HTTP/01.1", 400),
        (b"GET / FTP/1.0", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET file.txt HTTP/1.1", 400),
        (b"GET * HTTP/1.1", 400),
        (b"GET 127.0.0.1:80 HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"GET /a#b HTTP/1.1", 400),
        (b"GET /% HTTP/1.1", 400),
        (b"GET /%4 HTTP/1.1", 400),
        (b"GET /%zz HTTP/1.1", 400),
        (b"GET /a?%zz HTTP/1.1", 400),
        (b'GET /a"b HTTP/1.1', 400),
        (b"GET /a{b} HTTP/1.1", 400),
        (b"GET /a|b HTTP/1.1", 400),
        (b"GET /a\\b HTTP/1.1", 400),
        (b"GET /[a] HTTP/1.1", 400),
        (b"GET /\xe9 HTTP/1.1", 400),
        (b"GET /\x7f HTTP/1.1", 400),
        (b"GET http:///a HTTP/1.1", 400),
        (b"GET http://:80/a HTTP/1.1", 400),
        (b"GET http://u@h/a HTTP/1.1", 400),
        (b"GET http://u:p@h/a HTTP/1.1", 400),
        (b"GET http://h:x/a HTTP/1.1", 400),
        (b"GET http:a HTTP/1.1", 400),
        (b"GET https://h/a HTTP/1.1", 421),
        (b"GET ftp://h/a HTTP/1.1", 421),
        (b"CONNECT h HTTP/1.1", 400),
        (b"CONNECT h: HTTP/1.1", 400),
        (b"CONNECT h:x HTTP/1.1", 400),
        (b"CONNECT h:99999 HTTP/1.1", 400),
        (b"CONNECT / HTTP/1.1", 400),
    ],
)
def test_refused_request_lines(line: bytes, status: int) -> None:
    assert status_of(line + b"\r\nHost: h\r\n\r\n") == status


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"/", b"/", None, b"h"),
        (b"/?", b"/", b"", b"h"),
        (b"/a?b=c?d/../e", b"/a", b"b=c?d/../e", b"h"),
        (b"//x.example/a", b"//x.example/a", None, b"h"),
        (b"/a,b=c!d'(e)@;:&+$*~-._", b"/a,b=c!d'(e)@;:&+$*~-._", None, b"h"),
        (b"/%41%7e", b"/%41%7e", None, b"h"),
        (b"http://other:81/a?b", b"/a", b"b", b"other:81"),
        (b"HTTP://other/a", b"/a", None, b"other"),
        (b"http://other", b"/", None, b"other"),
        (b"http://other?b", b"/", b"b", b"other"),
        (b"http://[::1]:8/a", b"/a", None, b"[::1]:8"),
    ],
)
def test_forms_of_the_target(target: bytes, path: bytes, query: bytes | None, host: bytes) -> None:
    request = accepted(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (request.path, request.query, request.host) == (path, query, host)


def test_the_asterisk_form() -> None:
    assert accepted(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path == b"*"
    assert accepted(b"OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n").path == b"*"


@pytest.mark.parametrize("version", [b"1.0", b"1.1", b"1.2", b"1.9"])
def test_all_minor_versions_are_read(version: bytes) -> None:
    request = accepted(b"GET / HTTP/" + version + b"\r\nHost: h\r\n\r\n")
    assert request.version == (1, int(version[-1:]))


@pytest.mark.parametrize(
    "line",
    [
        b"X-A : 1",
        b"X-A\t: 1",
        b"Content-Length : 0",
        b": x",
        b"nocolon",
        b"X(A): 1",
        b"X\x00A: 1",
        b" folded",
        b"X-A: 1\r\n folded",
        b"\tfolded",
        b"X-A: a\x00b",
        b"X-A: a\x01b",
        b"X-A: a\x7fb",
        b"X\xe9: 1",
        b"X A: 1",
    ],
)
def test_refused_field_lines(line: bytes) -> None:
    assert status_of(b"GET / HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n") == 400
    assert status_of(b"GET / HTTP/1.1\r\n" + line + b"\r\nHost: h\r\n\r\n") == 400


def test_field_lines_are_read() -> None:
    request = accepted(b"GET / HTTP/1.1\r\nhOsT:h\r\nX: \t a:b \t\r\nEmpty:\r\nx:\xff\r\n\r\n")
    assert request.fields == [(b"host", b"h"), (b"x", b"a:b"), (b"empty", b""), (b"x", b"\xff")]
    assert request.field(b"x") == b"a:b, \xff"
    assert request.values(b"x") == [b"a:b", b"\xff"]
    assert request.field(b"absent") is None


@pytest.mark.parametrize(
    "value",
    [b"a b", b"a/b", b"u@h", b"h:12x", b"h:99999", b"[::1", b"::1", b"h:1:2", b"\xe9", b"%zz", b"http://h"],
)
def test_refused_hosts(value: bytes) -> None:
    assert status_of(b"GET / HTTP/1.1\r\nHost: " + value + b"\r\n\r\n") == 400
    assert status_of(b"GET / HTTP/1.0\r\nHost: " + value + b"\r\n\r\n") == 400


@pytest.mark.parametrize(
    "value",
    [b"h", b"h:80", b"h:", b"[::1]", b"[::1]:80", b"127.0.0.1:1", b"a_b", b"a,b", b"EXAMPLE.com", b"", b"[v1.x]"],
)
def test_accepted_hosts(value: bytes) -> None:
    assert accepted(b"GET / HTTP/1.1\r\nHost: " + value + b"\r\n\r\n").host == value


@pytest.mark.parametrize("target", [b"/", b"http://h/"])
def test_host_is_needed_once(target: bytes) -> None:
    assert status_of(b"GET " + target + b" HTTP/1.1\r\n\r\n") == 400
    for version in (b"1.0", b"1.1"):
        for second in (b"a", b"b"):
            head = b"GET " + target + b" HTTP/" + version + b"\r\nHost: a\r\nHost: " + second + b"\r\n\r\n"
            assert status_of(head) == 400
    assert accepted(b"GET " + target + b" HTTP/1.0\r\n\r\n").version == (1, 0)


def test_expectations() -> None:
    head = b"POST / HTTP/1.%d\r\nHost: h\r\nContent-Length: 1\r\nExpect: %s\r\n\r\n"
    assert status_of(head % (1, b"magic")) == 417
    assert status_of(head % (1, b"100-continue, magic")) == 417
    for version, value, waits in ((1, b"100-continue", True), (1, b"100-Continue", True), (0, b"100-continue", False)):
        core = Connection()
        assert core.receive_data(head % (version, value)) == []
        assert (core.expecting is not None) == waits
    core = Connection()
    assert core.receive_data(head % (1, b"100-continue") + b"x")
    assert core.expecting is None
