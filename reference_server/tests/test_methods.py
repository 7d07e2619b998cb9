"""Which methods a resource has, how it says so, and what becomes of all others (RFC 9110 9, 10.2.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server import SiteSettings
from reference_server.tests.conftest import ECHO, StartServer
from reference_server.tests.wire import Link, Reply, exchange, raw, request

READ_ONLY = b"GET, HEAD, OPTIONS"
PROGRAM = b"GET, HEAD, POST, OPTIONS"
WRITABLE = b"GET, HEAD, PUT, DELETE, OPTIONS"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("methods")
    (root / "up").mkdir()
    for name in ("file.txt", "up/file.txt"):
        (root / name).write_text("content")
    for name in ("echo.py", "up/echo.py"):
        (root / name).write_text(ECHO)
    (root / "up" / "link.txt").symlink_to("file.txt")
    return root


@pytest.fixture(scope="module")
def port(start_server: StartServer, root: Path) -> int:
    return start_server(SiteSettings(str(root), writable=("/up/",))).port


@pytest.fixture(scope="module")
def tracing(start_server: StartServer, root: Path) -> int:
    return start_server(SiteSettings(str(root), writable=("/up/",), trace=True)).port


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/file.txt", READ_ONLY),
        ("/file.txt?x", READ_ONLY),
        ("/", READ_ONLY),
        ("/up", READ_ONLY),
        ("/up/", READ_ONLY),
        ("/the_time", READ_ONLY),
        ("/echo.py", PROGRAM),
        ("/echo.py/more", PROGRAM),
        ("/up/file.txt", WRITABLE),
        ("/up/echo.py", PROGRAM),
        ("/up/link.txt", READ_ONLY),
        ("*", b"GET, HEAD, POST, PUT, DELETE, OPTIONS"),
    ],
)
def test_options(port: int, tracing: int, target: str, allow: bytes) -> None:
    reply = exchange(port, request(target, "OPTIONS"))
    assert (reply.status, reply.get("Allow"), reply.get("Content-Length"), reply.body) == (200, allow, b"0", b"")
    assert exchange(tracing, request(target, "OPTIONS")).get("Allow") == allow + b", TRACE"


@pytest.mark.parametrize("target", ["/file.txt", "/", "/the_time", "/echo.py", "/up/file.txt", "/up/link.txt"])
def test_every_method_is_allowed_or_refused_as_options_says(tracing: int, root: Path, target: str) -> None:
    allow = (exchange(tracing, request(target, "OPTIONS")).get("Allow") or b"").decode().split(", ")
    for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE"):
        reply = exchange(tracing, request(target, method, "Content-Length: 0"), method)
        assert (reply.status == 405) == (method not in allow)
        if reply.status == 405:
            assert (reply.get("Allow") or b"").decode().split(", ") == allow
    if "DELETE" in allow:
        (root / target[1:]).write_text("content")


@pytest.mark.parametrize("target", ["/missing", "/missing/", "/.hidden", "/file.txt/", "/file.txt/more", "//"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_what_is_not_there_has_no_methods(port: int, target: str, method: str) -> None:
    assert exchange(port, request(target, method), method).status == 404


@pytest.mark.parametrize(
    "line", ["Max-Forwards: 0", "Max-Forwards: 5", 'If-Match: "x"', "If-None-Match: *", "Range: bytes=0-1"]
)
def test_options_does_not_care(port: int, line: str) -> None:
    reply = exchange(port, request("/file.txt", "OPTIONS", line))
    assert (reply.status, reply.get("Allow")) == (200, READ_ONLY)


def test_content_of_options_is_read_and_dropped(port: int) -> None:
    with Link(port) as link:
        link.send(request("/file.txt", "OPTIONS", "Content-Type: text/plain", body=b"GET / HTTP/1.1\r\n\r\n"))
        link.send(request("/file.txt"))
        assert [link.reply("OPTIONS").status, link.reply().body] == [200, b"content"]


@pytest.mark.parametrize("method", ["BREW", "get", "Get", "PROPFIND", "M-SEARCH", "G!#$%&'*+.^_`|~0", "X" * 500, "PRI"])
@pytest.mark.parametrize("target", ["/file.txt", "/missing", "/echo.py"])
def test_unknown_methods(port: int, method: str, target: str) -> None:
    reply = exchange(port, request(target, method))
    assert (reply.status, reply.get("Allow")) == (501, None)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("example.org:443", 501),
        ("127.0.0.1:25", 501),
        ("[::1]:80", 501),
        ("example.org:", 400),
        ("example.org", 400),
        ("example.org:0x50", 400),
        ("example.org:99999", 400),
        ("/file.txt", 400),
        ("http://example.org/", 400),
        (":80", 400),
    ],
)
def test_connect_opens_no_tunnel(port: int, target: str, status: int) -> None:
    assert exchange(port, request(target, "CONNECT"), "GET").status == status


@pytest.mark.parametrize("target", ["/file.txt", "/", "/the_time", "/echo.py"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "lines",
    [
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
        ("Connection: upgrade", "Upgrade: foo/9, TLS/1.0"),
        ("Upgrade: h2c",),
        ("Connection: upgrade", "Upgrade: ,"),
    ],
    ids=["websocket", "h2c", "others", "alone", "empty"],
)
def test_an_upgrade_is_declined_by_answering(port: int, target: str, method: str, lines: tuple[str, ...]) -> None:
    plain = exchange(port, request(target, method), method)
    reply = exchange(port, request(target, method, *lines), method)
    assert (reply.status, reply.interim, reply.get("Upgrade")) == (plain.status, [], None)
    assert b"upgrade" not in (reply.get("Connection") or b"").lower()


def test_an_upgrade_and_an_expectation(port: int) -> None:
    with Link(port) as link:
        lines = ("Connection: Upgrade", "Upgrade: websocket", "Expect: 100-continue", "Content-Length: 1")
        link.send(request("/echo.py", "POST", *lines))
        assert link.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        link.send(b"x")
        assert link.reply().status == 200


# -- TRACE


def traced(port: int, octets: bytes) -> Reply:
    reply = exchange(port, octets, "TRACE")
    assert (reply.status, reply.get("Content-Type")) == (200, b"message/http")
    return reply


def test_trace_sends_the_request_back(tracing: int) -> None:
    octets = request(
        "/file.txt?x=%41", "TRACE", "X-Test: 1", "x-test:2", "Via: 1.0 fred, 1.1 p.example", "Max-Forwards: 0"
    )
    assert traced(tracing, octets).body == octets


@pytest.mark.parametrize("target", ["/missing", "/", "/echo.py", "http://localhost/x"])
def test_trace_is_about_the_way_not_about_the_resource(tracing: int, target: str) -> None:
    assert traced(tracing, request(target, "TRACE")).body == request(target, "TRACE")


def test_a_request_that_came_in_pieces_is_traced_too(tracing: int) -> None:
    octets = request("/file.txt", "TRACE", "X-Test: 1", "Cookie: secret")
    with Link(tracing) as link:
        for start in range(0, len(octets), 7):
            link.send(octets[start : start + 7])
            exchange(tracing, request("/file.txt"))  # has the server read the piece
        reply = link.reply("TRACE")
    assert reply.body.lower() == request("/file.txt", "TRACE", "X-Test: 1").lower()


def test_secrets_are_left_out(tracing: int) -> None:
    secrets = ("Authorization: Basic c2VjcmV0", "COOKIE: a=secret", "Proxy-Authorization: secret", "cookie: b=secret")
    reply = traced(tracing, request("/file.txt", "TRACE", *secrets[:2], "X-Test: 1", *secrets[2:]))
    assert reply.body == request("/file.txt", "TRACE", "X-Test: 1")


@pytest.mark.parametrize("line", ['If-Match: "x"', "If-None-Match: *", "Range: bytes=0-1", "Accept: image/png"])
def test_trace_ignores_what_concerns_representations(tracing: int, line: str) -> None:
    assert traced(tracing, request("/file.txt", "TRACE", line)).body == request("/file.txt", "TRACE", line)


def test_a_trace_with_content_is_refused(tracing: int) -> None:
    assert exchange(tracing, request("/file.txt", "TRACE", body=b"x")).status == 400


def test_trace_is_off_unless_asked_for(port: int) -> None:
    reply = exchange(port, request("/file.txt", "TRACE", "X-Test: 1"))
    assert (reply.status, reply.get("Allow")) == (405, READ_ONLY)
    assert b"X-Test" not in reply.body


def test_a_refused_method_leaves_the_connection_usable(port: int) -> None:
    octets = b"".join(
        [
            request("/file.txt", "POST", body=b"GET /missing HTTP/1.1\r\n\r\n"),
            request("/file.txt", "BREW", body=b"x"),
            request("/file.txt", "GET", "Connection: close"),
        ]
    )
    statuses = [line.split()[1] for line in raw(port, octets).split(b"\n") if line.startswith(b"HTTP/1.1 ")]
    assert statuses == [b"405", b"501", b"200"]
