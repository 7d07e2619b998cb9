"""Programs that make the whole reply themselves (RFC 3875 5)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import wait_until, write_programs
from reference_server.tests.wire import Link, exchange, raw, request

# Nothing that the server would write by itself: its own phrase, line ends, framing, and a body of all octets.
REPLY = b"HTTP/1.0 203 As It Is\r\nserver:mine\nX-Odd : 1\r\nContent-Length: 99\r\n\r\n" + bytes(range(256))
WRITE = "import sys\nsys.stdout.buffer.write({!r})\n"
GO_ON = """
import pathlib, time
sys.stdout.buffer.flush()
while not pathlib.Path("go").exists():
    time.sleep(0.02)
sys.stdout.buffer.write(b"last")
"""
ECHO = """
import os, sys
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
answer = os.environ["REQUEST_METHOD"].encode() + b" " + os.environ["SERVER_PROTOCOL"].encode() + b" " + body
sys.stdout.buffer.write(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(answer))
sys.stdout.buffer.write(answer)
"""
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
PROGRAMS = {
    "nph-all.py": WRITE.format(REPLY),
    "NPH-Capital.py": WRITE.format(REPLY),
    "nph-slow.py": WRITE.format(b"HTTP/1.1 200 OK\r\n\r\nfirst") + GO_ON,
    "nph-pieces.py": WRITE.format(b"HTT") + "sys.stdout.flush()\n" + WRITE.format(b"P/1.1 299\r\n\r\nx"),
    "nph-echo.py": ECHO,
    "nph-interim.py": WRITE.format(INTERIM + b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\nrest"),
    "nph-silent.py": "",
    "nph-crash.py": "raise SystemExit(1)",
    "nph-cgi.py": "print('Content-Type: text/plain\\n\\nbody')",
    "nph-wide.py": "while True: print('x' * 1000, end='')",
    "nph-many.py": WRITE.format(b"HTTP/1.1 200 OK\r\n\r\n") + "sys.stdout.write('x' * 3_000_000)",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_programs(tmp_path_factory.mktemp("nph"), PROGRAMS)
    (root / "file.txt").write_bytes(b"file")
    (root / "nph-link.py").symlink_to("plain.py")
    (root / "plain.py").write_text(PROGRAMS["nph-all.py"])
    return root


@pytest.fixture(scope="module")
def nph(start_server: StartServer, root: Path) -> int:
    return start_server(root).port


@pytest.mark.parametrize("name", ["nph-all.py", "NPH-Capital.py", "nph-link.py", "nph-all.py/extra?query"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_output_is_the_reply_octet_for_octet(nph: int, name: str, version: str) -> None:
    assert raw(nph, request("/" + name, version=version)) == REPLY


def test_the_name_alone_decides(nph: int) -> None:
    assert exchange(nph, request("/plain.py")).status == 500


def test_the_end_of_the_output_is_the_connections(nph: int) -> None:
    """What was asked after it is not answered, and the connection ends though the client keeps it open."""
    with Link(nph) as link:
        link.send(request("/file.txt") + request("/nph-all.py") + request("/file.txt"))
        assert link.reply().body == b"file"
        assert link.read_all() == REPLY


def test_it_is_sent_as_it_comes(nph: int, root: Path) -> None:
    with Link(nph) as link:
        link.send(request("/nph-slow.py"))
        assert link.read_until(b"first") == b"HTTP/1.1 200 OK\r\n\r\nfirst"
        (root / "go").touch()
        assert link.read_all() == b"last"


def test_a_first_line_may_come_in_pieces(nph: int) -> None:
    assert raw(nph, request("/nph-pieces.py")) == b"HTTP/1.1 299\r\n\r\nx"


def test_long_output_arrives_whole(nph: int) -> None:
    assert raw(nph, request("/nph-many.py")).endswith(b"\n\r\n" + b"x" * 3_000_000)


def test_it_is_told_as_much_as_any_program(nph: int) -> None:
    body = bytes(range(256))
    assert exchange(nph, request("/nph-echo.py", "POST", body=body)).body == b"POST HTTP/1.1 " + body
    octets = request("/nph-echo.py", "POST", "Transfer-Encoding: chunked") + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert exchange(nph, octets).body == b"POST HTTP/1.1 abc"


def test_no_octet_follows_the_head_of_a_reply_to_head(nph: int) -> None:
    assert raw(nph, request("/nph-all.py", "HEAD")) == REPLY.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert raw(nph, request("/nph-echo.py", "HEAD")).endswith(b"Content-Length: 14\r\n\r\n")
    answer = raw(nph, request("/nph-interim.py", "HEAD"))
    assert answer == INTERIM + b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"
    assert raw(nph, request("/nph-many.py", "HEAD")) == b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("name", ["nph-silent.py", "nph-crash.py", "nph-cgi.py", "nph-wide.py"])
def test_what_does_not_begin_like_a_reply_is_none(nph: int, name: str) -> None:
    """Nothing is sent yet, so the server can still say what happened."""
    with Link(nph) as link:
        link.send(request("/" + name) + request("/file.txt"))
        reply = link.reply()
        assert reply.status == 500
        assert b"status line" in reply.body
        assert link.reply().body == b"file"


def test_the_access_log_tells_the_programs_status(start_server: StartServer, root: Path) -> None:
    log = io.BytesIO()
    port = start_server(root, log=log).port
    raw(port, request("/nph-all.py"))
    raw(port, request("/nph-silent.py"))
    wait_until(lambda: log.getvalue().count(b"\n") == 2, "the log is not written")
    first, second = log.getvalue().splitlines()
    assert b'"GET /nph-all.py HTTP/1.1" 203 %d ' % len(REPLY) in first
    assert b'"GET /nph-silent.py HTTP/1.1" 500 ' in second


def test_methods_that_programs_are_not_asked(nph: int) -> None:
    assert exchange(nph, request("/nph-echo.py", "OPTIONS")).get("Allow") == b"GET, HEAD, POST, OPTIONS"
    assert exchange(nph, request("/nph-echo.py", "DELETE")).status == 405
