"""What programs are told of a request: variables, arguments, input, surroundings (RFC 3875 4)."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from reference_server import Server
from reference_server.http1.encode import SERVER
from reference_server.http1.messages import Request
from reference_server.resources import cgi_environment
from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import seen, write_programs
from reference_server.tests.wire import PATIENCE, exchange, request


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


def test_a_body_of_no_octets_is_still_a_body(port: int) -> None:
    for octets in (
        request("/echo.py", "POST", "Content-Length: 0"),
        request("/echo.py", "POST", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    ):
        found = seen(port, octets)
        assert (found["environment"]["CONTENT_LENGTH"], found["body"]) == ("0", "")
    for method in ("GET", "POST"):
        assert "CONTENT_LENGTH" not in seen(port, request("/echo.py", method))["environment"]


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


def test_who_has_proved_to_ask() -> None:
    asked = Request("GET", b"/", fields=[(b"authorization", b"Basic Zm9yZ2VkOng=")])
    variables = cgi_environment.cgi_environment(asked, b"/a.py", b"", b"/root", {})
    assert not {b"AUTH_TYPE", b"REMOTE_USER"} & set(variables)
    asked.auth_scheme, asked.user = b"Digest", b"ann"
    variables = cgi_environment.cgi_environment(asked, b"/a.py", b"", b"/root", {})
    assert (variables[b"AUTH_TYPE"], variables[b"REMOTE_USER"]) == (b"Digest", b"ann")
    assert b"HTTP_AUTHORIZATION" not in variables


def test_what_nobody_has_checked_is_not_believed(port: int) -> None:
    environment = seen(port, request("/echo.py", "GET", "Authorization: Basic Zm9yZ2VkOng="))["environment"]
    assert not {"AUTH_TYPE", "REMOTE_USER", "HTTP_AUTHORIZATION"} & set(environment)


@pytest.mark.parametrize("target", ["/echo.py/a%00b", "/echo.py/a%2Fb", "/echo.py%00", "/echo.py?a%00b+c"])
def test_what_could_be_cut_or_misread_is_refused_or_kept_whole(port: int, target: str) -> None:
    reply = exchange(port, request(target))
    assert 400 <= reply.status < 500 or json.loads(reply.body)["argv"] == []


def test_any_other_octet_may_stand_in_the_extra_path(port: int) -> None:
    environment = seen(port, request("/echo.py/%E9%01%7F/%C3%A9"))["environment"]
    assert os.fsencode(environment["PATH_INFO"]) == b"/\xe9\x01\x7f/\xc3\xa9"


def test_the_query_arrives_as_it_was_sent(port: int) -> None:
    for query in ("a?b=/c/../d", "q=%22%3C%20%c3%a9", "AbC=XyZ", "x=" + "y" * 8000):
        assert seen(port, request("/echo.py?" + query))["environment"]["QUERY_STRING"] == query
    assert seen(port, request("/echo.py?"))["environment"]["QUERY_STRING"] == ""
    assert exchange(port, request("/file.txt?/echo.py")).body == b"0123456789"


def test_the_host_of_the_target_outdoes_the_field(port: int) -> None:
    environment = seen(port, request("http://a.example:81/echo.py"))["environment"]
    assert (environment["SERVER_NAME"], environment["HTTP_HOST"]) == ("a.example", "a.example:81")


def test_an_old_client(port: int) -> None:
    environment = seen(port, request("/echo.py", version="1.0"))["environment"]
    assert (environment["SERVER_PROTOCOL"], environment["SERVER_NAME"]) == ("HTTP/1.0", "127.0.0.1")
    assert "HTTP_HOST" not in environment


def test_an_address_of_version_6(site_root: Path) -> None:
    try:
        server = Server(str(site_root), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with socket.create_connection(("::1", server.port), timeout=PATIENCE) as sock:
            sock.sendall(request("/echo.py", version="1.0"))
            sock.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
    finally:
        server.stop()
        thread.join(PATIENCE)
    environment = json.loads(answer.partition(b"\r\n\r\n")[2])["environment"]
    names = ("REMOTE_ADDR", "REMOTE_HOST", "SERVER_NAME", "SERVER_PORT")
    assert [environment[name] for name in names] == ["::1", "::1", "[::1]", str(server.port)]


SURROUNDINGS = """
import json, os, resource, sys, time
rest = sys.stdin.buffer.read()
while resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
    time.sleep(0.01)
descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))
report = {"rest": len(rest), "descriptors": descriptors, "leads": os.getsid(0) == os.getpid() == os.getpgrp()}
report["names"] = sorted(os.environ)
print("Content-Type: application/json\\n\\n" + json.dumps(report))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which descriptors are open")
def test_the_surroundings_of_a_program(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Input that ends, no descriptor of the server's, no core dumps, nothing of the server's environment."""
    monkeypatch.setenv("SECRET", "x")
    write_programs(tmp_path, {"surroundings.py": SURROUNDINGS})
    inherited = fcntl.fcntl(2, fcntl.F_DUPFD, 200)  # a free one: other servers of this process have theirs
    try:
        for octets in (request("/surroundings.py"), request("/surroundings.py", "POST", body=b"x" * 100_000)):
            report = seen(start_server(tmp_path).port, octets)
            assert report["rest"] == (100_000 if b"POST" in octets else 0)
            assert [number for number in report["descriptors"] if number > 3] == []
            assert report["leads"] is True
            assert "SECRET" not in report["names"]
    finally:
        os.close(inherited)
