"""What is made of the output of programs: documents, redirects, statuses, and what breaks the rules (RFC 3875 6)."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from reference_server.http1.encode import SERVER
from reference_server.resources import cgi_head
from reference_server.resources.cgi_head import InvalidOutput, Kind
from reference_server.tests.conftest import ECHO, StartServer
from reference_server.tests.programs import say, seen, write_programs
from reference_server.tests.wire import Link, exchange, raw, request


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_document(port: int, end: str) -> None:
    reply = say(
        port,
        end.join(
            ["content-TYPE:text/x-a", "X-Name:  value ", "Set-Cookie: a", "Set-Cookie: b", "", "body", "", "more"]
        ),
    )
    assert (reply.status, reply.reason) == (200, b"OK")
    assert reply.get("Content-Type") == b"text/x-a"
    assert reply.get("X-Name") == b"value"
    assert [value for name, value in reply.fields if name == b"set-cookie"] == [b"a", b"b"]
    assert reply.body == end.join(["body", "", "more"]).encode()


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("404 Gone fishing", 404, b"Gone fishing"),
        ("451", 451, b"Unavailable For Legal Reasons"),
        ("299", 299, b""),
        ("500 Own", 500, b"Own"),
    ],
)
def test_a_status(port: int, line: str, status: int, reason: bytes) -> None:
    reply = say(port, f"Status: {line}\nContent-Type: text/plain\n\nbody")
    assert (reply.status, reply.reason, reply.body) == (status, reason, b"body")


@pytest.mark.parametrize(("status", "length"), [(204, None), (304, None), (205, b"0")])
def test_a_status_without_content(port: int, status: int, length: bytes | None) -> None:
    octets = request(f"/say.py?Status:+{status}%0A%0Abody=") + request("/file.txt", "GET", "Connection: close")
    with Link(port) as link:
        link.send(octets)
        reply = link.reply()
        assert (reply.status, reply.body) == (status, b"")
        assert reply.get("Content-Length") == length
        assert link.reply().body == b"0123456789"


@pytest.mark.parametrize(
    "output",
    [
        "",
        "no head at all",
        "no colon\n\nbody",
        "Content-Type: text/plain",
        "Content-Type: text/plain\n",
        "X: y\n\nbody",
        "\nbody",
        "Content-Type: a/b\nContent-Type: c/d\n\n",
        "Status: abc\n\n",
        "Status: 20\n\n",
        "Status: 100\n\n",
        "Status: 999\n\n",
        "Status: 2000\n\n",
        "Content-Type: a/b\nX : y\n\n",
        "Content-Type: a/b\n folded\n\n",
        "Content-Type: a/b\nX: a\rb\n\n",
        "Location: relative\n\n",
        "Location: /%zz\n\n",
        "Location: http://a b\n\n",
        "Content-Type: a/b\nX: a\x00b\n\n",
        ": x\n\n",
        "Content-Type:\n\nbody",
    ],
)
def test_output_that_breaks_the_rules(port: int, output: str) -> None:
    reply = say(port, output)
    assert reply.status == 500
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert b"The program" in reply.body


def test_an_endless_head(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("while True: print('x' * 1000)")
    assert exchange(start_server(tmp_path).port, request("/long.py")).status == 500


def test_an_empty_status_counts_as_none(port: int) -> None:
    assert say(port, "Status:\nContent-Type: text/plain\n\nbody").status == 200


def test_the_framing_is_the_servers_own(port: int) -> None:
    ours = "Content-Length: 3\nTransfer-Encoding: gzip\nConnection: x\nDate: now\nServer: mine\nKeep-Alive: 1"
    reply = say(port, f"Content-Type: text/plain\n{ours}\n\n0123456789")
    assert reply.body == b"0123456789"
    assert reply.get("Transfer-Encoding") == b"chunked"
    assert reply.get("Server") == SERVER
    assert (reply.get("Date") or b"").endswith(b"GMT")
    for absent in ("Content-Length", "Connection", "Keep-Alive"):
        assert reply.get(absent) is None


@pytest.mark.parametrize("length", ["3", "30", "abc", "+5"])
def test_a_wrong_length_misleads_nobody(port: int, length: str) -> None:
    with Link(port) as link:
        output = quote(f"Content-Type: text/plain\nContent-Length: {length}\n\n0123456789", safe="")
        link.send(request(f"/say.py?{output}=") + request("/file.txt", "HEAD") + request("/folder/inner.txt"))
        reply = link.reply()
        assert (reply.body, reply.get("Content-Length")) == (b"0123456789", None)
        assert link.reply("HEAD").get("Content-Length") == b"10"
        assert link.reply().body == b"inner\n"


def test_fields_for_the_server_alone_go_no_further(port: int) -> None:
    reply = say(port, "Status: 201 Made\nX-CGI-Wish: 1\nX-Cgiish: 2\nContent-Type: text/plain\n\n")
    assert reply.status == 201
    assert (reply.get("Status"), reply.get("X-CGI-Wish"), reply.get("X-Cgiish")) == (None, None, b"2")


def test_no_type_is_guessed(port: int) -> None:
    for body in ("<html>", "\x89PNG"):
        reply = say(port, f"Status: 200 OK\nX-A: 1\n\n{body}")
        assert (reply.status, reply.get("Content-Type")) == (200, None)


def test_conditions_and_ranges_are_left_to_the_program(port: int) -> None:
    output = quote('Content-Type: text/plain\nETag: "x"\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\n\nbody', safe="")
    octets = request(f"/say.py?{output}=", "GET", 'If-None-Match: "x"', "Range: bytes=0-1")
    reply = exchange(port, octets)
    assert (reply.status, reply.body, reply.get("ETag")) == (200, b"body", b'"x"')
    reply = say(port, "Status: 206\nContent-Type: text/plain\nContent-Range: bytes 0-1/4\n\nbo")
    assert (reply.status, reply.get("Content-Range"), reply.body) == (206, b"bytes 0-1/4", b"bo")


def test_no_chunks_for_http_1_0(port: int) -> None:
    answer = raw(port, request("/say.py?Content-Type:text/plain%0A%0Abody=", version="1.0"))
    assert answer.endswith(b"\r\n\r\nbody")
    assert b"Transfer-Encoding" not in answer
    assert b"\r\nConnection: close\r\n" in answer


def test_head_of_a_program(port: int) -> None:
    assert seen(port, request("/echo.py"))["environment"]["REQUEST_METHOD"] == "GET"
    reply = say(port, "Content-Type: text/plain\nX-A: b\n\nbody", "HEAD")
    assert (reply.status, reply.body, reply.get("X-A")) == (200, b"", b"b")


def test_a_client_redirect(port: int) -> None:
    for location in ("http://other.example/a?b#c", "mailto:a@b"):
        reply = say(port, f"Location: {location}\nX-A: b\n\n")
        assert (reply.status, reply.get("Location"), reply.get("X-A")) == (302, location.encode(), b"b")
        assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    reply = say(port, "Status: 303 Look\nLocation: http://o/\nContent-Type: text/plain\n\nthere")
    assert (reply.status, reply.get("Location"), reply.body) == (303, b"http://o/", b"there")
    reply = say(port, "Status: 307\nLocation: /file.txt\n\n")
    assert (reply.status, reply.get("Location")) == (307, b"/file.txt")


def test_a_local_redirect(port: int) -> None:
    reply = say(port, "Location: /file.txt\n\n")
    assert (reply.status, reply.body, reply.get("Location")) == (200, b"0123456789", None)
    assert say(port, "Location: /missing\n\n").status == 404
    assert say(port, "Location: /../../etc/passwd\n\n").status == 404
    inner = json.loads(say(port, "Location: /echo.py/a?x=1\n\n", "POST").body)["environment"]
    assert (inner["QUERY_STRING"], inner["PATH_INFO"], inner["REQUEST_METHOD"]) == ("x=1", "/a", "GET")
    assert "CONTENT_LENGTH" not in inner


def test_what_goes_along_with_a_local_redirect(start_server: StartServer, tmp_path: Path) -> None:
    """The fields of the first request, but for those about its content and about what it asked for."""
    write_programs(tmp_path, {"echo.py": ECHO, "go.py": "print('Location: /echo.py\\n\\n' + 'x' * 1000000)"})
    lines = ("X-A: b", "Content-Type: a/b", 'If-Match: "x"', "Range: bytes=0-1", "Transfer-Encoding: chunked")
    environment = seen(start_server(tmp_path).port, request("/go.py", "POST", *lines) + b"1\r\nx\r\n0\r\n\r\n")[
        "environment"
    ]
    assert environment["HTTP_X_A"] == "b"
    assert environment["REQUEST_METHOD"] == "GET"
    assert environment["SCRIPT_NAME"] == "/echo.py"
    assert not {"CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_IF_MATCH", "HTTP_RANGE"} & set(environment)


def test_local_redirects_end(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text("print('Location: /loop.py\\n')")
    reply = exchange(start_server(tmp_path).port, request("/loop.py"))
    assert reply.status == 500
    assert b"circle" in reply.body


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"Content-Type: a/b", Kind.DOCUMENT),
        (b"Status: 404", Kind.DOCUMENT),
        (b"Location: /a", Kind.LOCAL_REDIRECT),
        (b"Location: urn:x", Kind.CLIENT_REDIRECT),
        (b"Location: /a\nStatus: 302", Kind.CLIENT_REDIRECT),
    ],
)
def test_kinds_of_output(octets: bytes, kind: Kind) -> None:
    assert cgi_head.parse_cgi_head(octets).kind is kind
    assert cgi_head.parse_cgi_head(octets.replace(b"\n", b"\r\n")).kind is kind


def test_where_the_head_ends() -> None:
    assert cgi_head.find_end_of_head(b"a: b\n\nc\n\n") == (4, 6)
    assert cgi_head.find_end_of_head(b"a: b\r\n\r\nc") == (5, 8)
    assert cgi_head.find_end_of_head(b"\nc") == (0, 1)
    assert cgi_head.find_end_of_head(b"a: b\n") is None
    # The search may go on where the last one ended, though not in the middle of an empty line.
    assert cgi_head.find_end_of_head(b"a: b\r\n\r\nc", 5) == (5, 8)
    assert cgi_head.find_end_of_head(b"a: b\n\nc", 1) == (4, 6)
    assert cgi_head.find_end_of_head(b"a\r\n", 1) is None
    with pytest.raises(InvalidOutput):
        cgi_head.parse_cgi_head(b"")
