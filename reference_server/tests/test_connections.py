"""Life of connections: order, persistence, time limits, refusals, expectations, ends."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_server import Config, Limits, Server, Timeouts
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import PATIENCE, Link, exchange, raw, request

FILE = b"0123456789"


@pytest.fixture(scope="module")
def hasty(start_server: StartServer, site_root: Path) -> Server:
    """Small limits and short waits."""
    limits = Limits(request_line=300, head=1000, fields=10, body=50)
    return start_server(site_root, Config(limits, Timeouts(idle=0.3, head=0.4, body=0.4, write=1.0, linger=1.0)))


def test_a_connection_persists(port: int) -> None:
    with Link(port) as link:
        for _ in range(3):
            link.send(request("/file.txt"))
            reply = link.reply()
            assert reply.body == FILE
            assert reply.get("Connection") is None


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    targets = ["/file.txt", "/missing", "/echo.py", "/large.bin", "/folder", "/empty.txt"] * 3
    with Link(port) as link:
        link.send(b"".join(request(target) for target in targets))
        assert [link.reply().status for _ in targets] == [200, 404, 200, 200, 301, 200] * 3


def test_many_pipelined_requests(port: int) -> None:
    count = 1200
    with Link(port) as link:
        sender = threading.Thread(target=link.send, args=(request("/file.txt") * count,))
        sender.start()
        for _ in range(count):
            assert link.reply().status == 200
        sender.join(PATIENCE)


@pytest.mark.parametrize("option", ["close", "CLOSE", "foo, close"])
def test_close_is_honoured_and_echoed(port: int, option: str) -> None:
    with Link(port) as link:
        link.send(request("/file.txt", "GET", f"Connection: {option}") + request("/missing"))
        reply = link.reply()
        assert (reply.body, reply.get("Connection")) == (FILE, b"close")
        assert link.ended()


def test_http_1_0_closes_unless_asked(port: int) -> None:
    with Link(port) as link:
        link.send(request("/file.txt", "GET", "Connection: keep-alive", version="1.0"))
        reply = link.reply()
        assert (reply.body, reply.get("Connection")) == (FILE, b"keep-alive")
        link.send(request("/file.txt", version="1.0"))
        answer = link.read_all()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer


def test_a_body_that_nobody_wants_is_read(port: int) -> None:
    with Link(port) as link:
        link.send(request("/file.txt", "GET", body=b"GET /missing HTTP/1.1\r\n\r\n") + request("/empty.txt"))
        assert link.reply().body == FILE
        link.send(request("/file.txt", "POST", body=b"x" * 1000) + request("/file.txt"))
        assert link.reply().body == b""
        assert [link.reply().status, link.reply().status] == [405, 200]


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"\r\n" * 9, 400),
        (request("/", "POST", "Transfer-Encoding: chunked", "Content-Length: 4") + b"0\r\n\r\n", 400),
        (request("/", "POST", "Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n", 400),
        (request("/", "POST", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
        (request("/", "GET", "Transfer-Encoding: chunked") + b"xyz\r\n", 400),
        (request("/", "GET", "Content-Length: x"), 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (request("https://localhost/"), 421),
        (b"GET /" + b"a" * 100_000, 414),
        (request("/", "GET", "X: " + "a" * 100_000), 431),
        (request("/", "GET", *["X: y"] * 300), 431),
        (request("/", "POST", "Content-Length: 99999999999"), 413),
        (request("/", "POST", "Expect: magic"), 417),
    ],
)
def test_a_refusal_explains_itself_and_ends_the_connection(port: int, octets: bytes, status: int) -> None:
    with Link(port) as link:
        link.send(octets + request("/file.txt") * 3)
        reply = link.reply()
        assert reply.status == status
        assert reply.get("Connection") == b"close"
        assert reply.get("Content-Type") == b"text/html; charset=utf-8"
        assert (reply.get("Date") or b"").endswith(b" GMT")
        assert b"<p>" in reply.body
        assert link.ended()


def test_a_refusal_survives_a_client_that_goes_on_sending(port: int) -> None:
    """Without the staged close the kernel would reset the connection and the reply could be lost."""
    with Link(port) as link:
        link.send(request("/", "POST", "Content-Length: 20000000"))
        for _ in range(60):
            link.send(b"x" * 100_000)
        assert link.reply().status == 413
        assert link.ended()


def test_leading_empty_lines_are_skipped(port: int) -> None:
    with Link(port) as link:
        link.send(b"\r\n" + request("/file.txt") + b"\r\n\r\n" + request("/empty.txt"))
        assert link.reply().body == FILE
        assert link.reply().status == 200


def test_a_request_in_small_pieces(port: int) -> None:
    with Link(port) as link:
        for octet in request("/file.txt"):
            link.send(bytes([octet]))
        assert link.reply().body == FILE


def test_nothing_is_answered_before_the_head_is_complete(port: int) -> None:
    with Link(port) as link:
        link.send(b"GET /file.txt HTTP/1.1\r\nHost: localhost\r\n")
        link.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            link.sock.recv(1)
        link.sock.settimeout(PATIENCE)
        link.send(b"\r\n")
        assert link.reply().body == FILE


@pytest.mark.parametrize(
    "end", [b"GET /file.txt HTTP/1.1\r\nHost", b"POST /echo.py HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabcd"]
)
def test_a_request_cut_short_is_not_performed(port: int, end: bytes) -> None:
    assert raw(port, end).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_stops_writing_still_gets_its_replies(port: int) -> None:
    answer = raw(port, request("/large.bin") + request("/echo.py") + request("/missing"))
    assert answer.count(b"HTTP/1.1 ") == 3


@pytest.mark.parametrize("octets", [b"", b"GET", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"])
def test_clients_that_vanish_do_no_harm(port: int, octets: bytes) -> None:
    for linger in (b"\0" * 8, b"\1\0\0\0\0\0\0\0"):
        with Link(port) as link:
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            link.send(octets)
    with Link(port) as link:
        link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        link.send(request("/large.bin"))
        link.read_until(b"\r\n\r\n")
    assert exchange(port, request("/file.txt")).body == FILE


# -- expectations


def test_a_body_is_asked_for(port: int) -> None:
    head = request("/echo.py", "POST", "Expect: 100-continue", "Content-Length: 5")
    with Link(port) as link:
        link.send(head)
        assert link.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.send(b"hello")
        reply = link.reply()
        assert reply.status == 200
        assert b'"body": "hello"' in reply.body
        link.send(request("/file.txt"))
        assert link.reply().body == FILE


@pytest.mark.parametrize(("target", "status"), [("/file.txt", 405), ("/missing", 404), ("/the_time", 405)])
def test_a_refusal_that_is_certain_comes_at_once(port: int, target: str, status: int) -> None:
    with Link(port) as link:
        link.send(request(target, "POST", "Expect: 100-continue", "Content-Length: 5"))
        reply = link.reply()
        assert (reply.status, reply.interim, reply.get("Connection")) == (status, [], b"close")
        assert link.ended()


@pytest.mark.parametrize("line", ["Expect: 100-continue", "X: y"])
def test_no_interim_reply_that_is_not_wanted(port: int, line: str) -> None:
    with Link(port) as link:
        link.send(request("/echo.py", "POST", line, body=b"hello"))
        assert link.reply().interim == []
    answer = raw(port, request("/echo.py", "POST", line, version="1.0", body=b"hello"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_expectation_behind_another_request(port: int) -> None:
    with Link(port) as link:
        link.send(request("/file.txt") + request("/echo.py", "POST", "Expect: 100-continue", "Content-Length: 1"))
        assert link.reply().body == FILE
        link.read_until(b"100 Continue\r\n\r\n")
        link.send(b"x")
        assert link.reply().status == 200


# -- limits


def test_an_idle_connection_is_closed_without_a_word(hasty: Server) -> None:
    with Link(hasty.port) as link:
        assert link.ended()
    with Link(hasty.port) as link:
        link.send(request("/file.txt"))
        assert link.reply().status == 200
        assert link.ended()


@pytest.mark.parametrize(
    "octets",
    [
        b"G",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        request("/", "POST", "Content-Length: 5") + b"a",
        request("/", "POST", "Transfer-Encoding: chunked") + b"5\r\n",
    ],
)
def test_a_request_that_does_not_arrive_is_answered_408(hasty: Server, octets: bytes) -> None:
    with Link(hasty.port) as link:
        link.send(octets)
        reply = link.reply()
        assert (reply.status, reply.get("Connection")) == (408, b"close")
        assert link.ended()


def test_a_head_that_drips_does_not_last_for_ever(hasty: Server) -> None:
    with Link(hasty.port) as link:
        ends = time.monotonic() + PATIENCE
        link.sock.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < ends:
            link.send(b"a")
            try:
                answer = link.sock.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET /" + b"a" * 400 + b" HTTP/1.1\r\n", 414),
        (request("/", "GET", "X: " + "a" * 1000), 431),
        (request("/", "POST", body=b"x" * 51), 413),
        (request("/", "POST", "Transfer-Encoding: chunked") + b"33\r\n", 413),
        (request("/", "POST", body=b"x" * 50), 405),
    ],
)
def test_configured_limits(hasty: Server, octets: bytes, status: int) -> None:
    assert exchange(hasty.port, octets).status == status


def test_a_client_that_does_not_read_is_dropped(hasty: Server, site_root: Path) -> None:
    size = (site_root / "large.bin").stat().st_size
    with Link(hasty.port) as link:
        link.send(request("/large.bin") * 20)
        link.read_until(b"\r\n\r\n")
        wait_until(lambda: not hasty._clients)
        with contextlib.suppress(ConnectionResetError):
            assert len(link.read_all()) < 20 * size


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_slow_reader_gets_everything(port: int, site_root: Path) -> None:
    content = (site_root / "large.bin").read_bytes()
    with Link(port) as link:
        link.send(request("/large.bin") * 4 + request("/large.bin", "GET", "Connection: close"))
        time.sleep(0.3)
        answer = link.read_all()
    assert answer.endswith(b"\r\n\r\n" + content)
    assert answer.count(content) == 5


def test_more_clients_than_places(start_server: StartServer, site_root: Path) -> None:
    server = start_server(site_root, Config(connections=2))
    links = [Link(server.port) for _ in range(5)]
    for link in links:
        link.send(request("/file.txt", "GET", "Connection: close"))
    for link in links:
        with link:
            assert link.reply().body == FILE
            assert link.ended()


# -- stopping


WAITING = """
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("Content-Type: text/plain\\n\\ndone")
"""


def running(root: Path, grace: float) -> tuple[Server, threading.Thread]:
    server = Server(str(root), config=Config(timeouts=Timeouts(grace=grace)))
    thread = threading.Thread(target=server.run)
    thread.start()
    return server, thread


def test_a_stop_lets_replies_finish(tmp_path: Path) -> None:
    (tmp_path / "wait.py").write_text(WAITING)
    server, thread = running(tmp_path, PATIENCE)
    with Link(server.port) as idle, Link(server.port) as busy:
        busy.send(request("/wait.py"))
        while not server.site.running:
            time.sleep(0.01)
        server.stop()
        assert idle.ended()
        (tmp_path / "go").touch()
        reply = busy.reply()
        assert (reply.body, reply.get("Connection")) == (b"done\n", b"close")
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    server, thread = running(tmp_path, 0.2)
    with Link(server.port) as link:
        link.send(b"GET / HTTP/1.1\r\n")
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        Link(server.port)


def test_a_stop_before_the_start(tmp_path: Path) -> None:
    server = Server(str(tmp_path))
    server.stop()
    server.run()


def test_a_stop_after_the_end(tmp_path: Path) -> None:
    """A second signal may come while the first one's work is being finished."""
    server = Server(str(tmp_path))
    server.stop()
    server.run()
    server.stop()
    server.retire()
