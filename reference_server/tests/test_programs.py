"""Programs: what they are told, what they may say, and what becomes of those that misbehave (RFC 3875)."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reference_server import Config, Server, Timeouts
from reference_server.http1.encode import SERVER
from reference_server.http1.messages import Request
from reference_server.resources import cgi_environment, cgi_head
from reference_server.resources.cgi_head import InvalidOutput, Kind
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import PATIENCE, Link, Reply, exchange, raw, request

SOURCE_MARK = b"import"


def seen(port: int, octets: bytes) -> dict[str, Any]:
    reply = exchange(port, octets)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = json.loads(reply.body)
    return found


def say(port: int, output: str, method: str = "GET") -> Reply:
    """The reply made of a program's exact output; a `=` keeps the query from becoming arguments."""
    return exchange(port, request("/say.py?" + quote(output, safe="") + "=", method), method)


def test_the_variables_of_a_plain_get(port: int, site_root: Path) -> None:
    found = seen(port, request("/folder/echo.py?x=%41&y=a+b"))
    environment = found["environment"]
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "QUERY_STRING": "x=%41&y=a+b",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_HOST": "127.0.0.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/folder/echo.py",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": SERVER.decode(),
        "HTTP_HOST": "localhost",
    }
    assert {name: environment.get(name) for name in expected} == expected
    for absent in (
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "PATH_TRANSLATED",
        "AUTH_TYPE",
        "REMOTE_USER",
        "HOME",
    ):
        assert absent not in environment
    assert found["cwd"] == os.path.realpath(site_root / "folder")
    assert found["argv"] == []


@pytest.mark.parametrize(
    ("target", "script", "info"),
    [
        ("/echo.py/a/b", "/echo.py", "/a/b"),
        ("/echo.py/", "/echo.py", "/"),
        ("/echo.py/a%20b%3Fc%25", "/echo.py", "/a b?c%"),
        ("/echo.py/%2541", "/echo.py", "/%41"),
        ("/echo.py/a/../b?x/../y", "/echo.py", "/b"),
        ("/echo.py//a/", "/echo.py", "//a/"),
        ("/%65cho.py/x%3By", "/echo.py", "/x;y"),
        ("/folder/../echo.py/AbC", "/echo.py", "/AbC"),
        ("/echo%2epy/a", "/echo.py", "/a"),
    ],
)
def test_the_extra_path(port: int, site_root: Path, target: str, script: str, info: str) -> None:
    environment = seen(port, request(target))["environment"]
    assert environment["SCRIPT_NAME"] == script
    assert environment["PATH_INFO"] == info
    assert environment["PATH_TRANSLATED"] == os.path.realpath(site_root) + info


@pytest.mark.parametrize(
    "target",
    [
        "/echo.py",
        "/echo.py/",
        "/echo%2epy",
        "/%65cho.py",
        "/echo.py?",
        "/echo.py/x",
        "/echo.PY",
        "/echo.py%00",
        "/echo.py.",
        "/echo.py%20",
        "//echo.py",
        "/ECHO.py",
        "/echo.py%2f",
        "/./echo.py",
        "/echo.py%00.txt",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_source_is_never_sent(port: int, target: str, method: str) -> None:
    assert SOURCE_MARK not in exchange(port, request(target, method)).body


def test_a_body_arrives_whole(port: int) -> None:
    body = bytes(range(256)) * 4000
    found = seen(port, request("/echo.py", "POST", "Content-Type: text/x-a; b=c", body=body))
    assert found["body"].encode("latin-1") == body
    assert found["environment"]["CONTENT_LENGTH"] == str(len(body))
    assert found["environment"]["CONTENT_TYPE"] == "text/x-a; b=c"
    assert found["environment"]["REQUEST_METHOD"] == "POST"


def test_a_chunked_body_is_decoded_first(port: int) -> None:
    head = request("/echo.py", "POST", "Transfer-Encoding: chunked")
    found = seen(port, head + b"5;x=y\r\nhello\r\n003\r\nabc\r\n0\r\nAuthorization: x\r\nX-T: 1\r\n\r\n")
    assert found["body"] == "helloabc"
    assert found["environment"]["CONTENT_LENGTH"] == "8"
    assert not {"HTTP_AUTHORIZATION", "HTTP_X_T", "HTTP_TRANSFER_ENCODING"} & set(found["environment"])


def test_fields_become_variables() -> None:
    fields = [
        (b"x-foo-bar", b"1"),
        (b"x-foo-bar", b"2"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-octets", b"\xe9"),
        (b"authorization", b"Basic x"),
        (b"proxy-authorization", b"x"),
        (b"proxy", b"http://evil"),
        (b"content-length", b"1"),
        (b"content-type", b"t/t"),
        (b"x_foo_bar", b"underscore"),
        (b"connection", b"x-hop, close"),
        (b"x-hop", b"1"),
        (b"path", b"/evil"),
        (b"te", b"trailers"),
        (b"transfer-encoding", b"chunked"),
    ]
    variables = cgi_environment.field_variables(Request("GET", b"/", (1, 1), fields))
    assert variables == {
        b"HTTP_X_FOO_BAR": b"1, 2",
        b"HTTP_COOKIE": b"a=1; b=2",
        b"HTTP_X_OCTETS": b"\xe9",
        b"HTTP_PATH": b"/evil",
    }


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"a.example:81", b"a.example"),
        (b"[::1]:8", b"[::1]"),
        (b"", b"10.0.0.1"),
        (b"a%41", b"10.0.0.1"),
        (b"A-b", b"A-b"),
    ],
)
def test_the_name_of_the_server(host: bytes, name: bytes) -> None:
    asked = Request("GET", b"/", host=host)
    asked.server = ("10.0.0.1", 80)
    assert cgi_environment.server_name(asked) == name
    asked.server = ("::1", 80)
    assert cgi_environment.server_name(asked) == (b"[::1]" if name == b"10.0.0.1" else name)


def test_the_target_names_the_host(port: int) -> None:
    environment = seen(port, request("http://a.example:1/echo.py"))["environment"]
    assert environment["SERVER_NAME"] == "a.example"
    assert environment["SERVER_PORT"] == str(port)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (b"one+two", [b"one", b"two"]),
        (b"a%2Bb+c", [b"a+b", b"c"]),
        (b"a%3Db", [b"a=b"]),
        (b"x=1", []),
        (b"", []),
        (None, []),
        (b"a%00b+c", []),
        (b"a;b+$(id)", [b"a\\;b", b"\\$\\(id\\)"]),
        (b"a++b", []),
    ],
)
def test_indexed_queries_become_arguments(query: bytes | None, words: list[bytes]) -> None:
    asked = Request("GET", b"/", query=query)
    assert cgi_environment.command_line_words(asked) == words
    assert cgi_environment.command_line_words(Request("POST", b"/", query=query)) == []


def test_arguments_arrive(port: int) -> None:
    assert seen(port, request("/echo.py?one+two"))["argv"] == ["one", "two"]
    assert seen(port, request("/echo.py?one=two"))["argv"] == []


# -- output


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
    with pytest.raises(InvalidOutput):
        cgi_head.parse_cgi_head(b"")


# -- behaviour

SLOW = """
import pathlib, sys, time
print("Content-Type: text/plain\\n\\nfirst", flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("last")
"""
FORKING = """
import os, time
if os.fork() == 0:
    open("child", "w").write(str(os.getpid()))
time.sleep(600)
"""
PROGRAMS = {
    "slow.py": SLOW,
    "forking.py": FORKING,
    "stuck.py": "import time\nprint('Content-Type: text/plain\\n\\nfirst', flush=True)\ntime.sleep(600)",
    "crash.py": "raise SystemExit('no')",
    "late.py": "print('Content-Type: text/plain\\n\\nhalf', flush=True)\nraise SystemExit(3)",
    "big.py": "print('Content-Type: text/plain\\n\\n' + 'x' * 3000000)",
    "deaf.py": "print('Content-Type: text/plain\\n\\nnot read')",
    "unicode.py": "print('Content-Type: text/plain; charset=utf-8\\n\\ncaf\\u00e9')",
    "endless.py": "print('Content-Type: text/plain\\n')\nwhile True: print('x' * 10000)",
}


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    for name, source in PROGRAMS.items():
        (tmp_path / name).write_text(source)
    (tmp_path / "file.txt").write_bytes(b"file")
    return tmp_path


def hasty(start_server: StartServer, root: Path, seconds: float) -> Server:
    return start_server(root, Config(timeouts=Timeouts(program=seconds)))


def test_output_is_streamed_and_others_are_served_meanwhile(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/slow.py"))
        link.read_until(b"first")
        assert exchange(server.port, request("/file.txt")).body == b"file"
        (stage / "go").touch()
        assert b"last" in link.read_until(b"0\r\n\r\n")


def test_replies_stay_in_order(start_server: StartServer, stage: Path) -> None:
    (stage / "go").touch()
    with Link(start_server(stage).port) as link:
        link.send(request("/slow.py") + request("/file.txt") + request("/deaf.py") + request("/missing"))
        assert link.reply().body == b"first\nlast\n"
        assert link.reply().body == b"file"
        assert link.reply().body == b"not read\n"
        assert link.reply().status == 404


def test_programs_run_side_by_side(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda: replies.append(exchange(server.port, request("/slow.py")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    (stage / "go").touch()
    for thread in threads:
        thread.join(PATIENCE)
    assert [reply.body for reply in replies] == [b"first\nlast\n"] * 4


def test_a_program_without_end_is_killed_with_its_children(start_server: StartServer, stage: Path) -> None:
    reply = exchange(hasty(start_server, stage, 0.7).port, request("/forking.py"))
    assert reply.status == 504
    child = int((stage / "child").read_text())
    deadline = time.monotonic() + PATIENCE
    while process_runs(child):
        assert time.monotonic() < deadline, "the child still runs"
        time.sleep(0.02)


def process_runs(pid: int) -> bool:
    """A zombie that nobody has collected yet does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_reply_that_breaks_off_is_seen_to_be_incomplete(start_server: StartServer, stage: Path) -> None:
    answer = raw(hasty(start_server, stage, 0.7).port, request("/stuck.py"))
    assert b"first" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_a_crash_before_the_head(start_server: StartServer, stage: Path) -> None:
    assert exchange(start_server(stage).port, request("/crash.py")).status == 500


def test_a_crash_after_the_head(start_server: StartServer, stage: Path) -> None:
    assert exchange(start_server(stage).port, request("/late.py")).body == b"half\n"


def test_large_output_and_unread_input(start_server: StartServer, stage: Path) -> None:
    port = start_server(stage).port
    assert exchange(port, request("/big.py")).body == b"x" * 3_000_000 + b"\n"
    assert exchange(port, request("/deaf.py", "POST", body=b"x" * 1_000_000)).body == b"not read\n"
    assert exchange(port, request("/unicode.py")).body == "caf\u00e9\n".encode()


def test_a_client_that_leaves_ends_the_program(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/endless.py"))
        link.read_until(b"xxx")
        assert server.site.running
    deadline = time.monotonic() + PATIENCE
    while server.site.running:
        assert time.monotonic() < deadline, "the program still runs"
        time.sleep(0.02)


def test_a_stop_ends_programs(stage: Path) -> None:
    server = Server(str(stage), config=Config(timeouts=Timeouts(grace=0.2)))
    thread = threading.Thread(target=server.run)
    thread.start()
    with Link(server.port) as link:
        link.send(request("/stuck.py"))
        link.read_until(b"first")
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not server.site.running


def test_what_does_not_exist_runs_nothing(port: int) -> None:
    assert exchange(port, request("/missing.py")).status == 404
    assert exchange(port, request("/missing.py/x", "POST", body=b"x")).status == 404
    assert exchange(port, request("/echo.py/.hidden")).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_methods_that_programs_are_not_asked(port: int, method: str) -> None:
    reply = exchange(port, request("/echo.py", method))
    assert (reply.status, reply.get("Allow")) == (405, b"GET, HEAD, POST, OPTIONS")


def test_a_folder_may_be_called_like_a_program(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "folder.py" / "file.txt").write_bytes(b"file")
    (tmp_path / "innocent.txt").symlink_to("real.py")
    (tmp_path / "real.py").write_text("print('Content-Type: text/plain\\n\\nrun')")
    (tmp_path / "named.py").symlink_to("folder.py/file.txt")
    port = start_server(tmp_path).port
    assert exchange(port, request("/folder.py/file.txt")).body == b"file"
    assert exchange(port, request("/folder.py")).status == 301
    assert exchange(port, request("/innocent.txt")).body == b"run\n"
    assert exchange(port, request("/named.py")).status == 500
