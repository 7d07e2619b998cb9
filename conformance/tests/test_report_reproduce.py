from __future__ import annotations

import shlex
import socket
import subprocess
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.probe import Abort, Action, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.report.reproduce import LONGEST, reproduce
from conformance.tests.canned import REQUEST, URL

DEADLINE = 30


def command(*actions: Action, url: str = URL) -> str:
    return reproduce(Probe(actions), url)


def printed(line: str) -> bytes:
    """What the shell would pipe into nc."""
    before, pipe, nc = line.partition("; sleep 1; } | nc ")
    assert pipe
    assert nc == "localhost 50000"
    return subprocess.run(
        ["sh", "-c", before.removeprefix("{ ")], check=True, capture_output=True, timeout=DEADLINE
    ).stdout


def test_a_single_write_becomes_a_readable_printf() -> None:
    line = command(Send(REQUEST), Receive(1))
    assert line == r"{ printf 'GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n'; sleep 1; } | nc localhost 50000"


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=1, max_size=400))
def test_the_shell_prints_the_very_octets(data: bytes) -> None:
    assert printed(command(Send(data), Receive(1))) == data


@pytest.mark.parametrize(
    "data", [b"--help", b"-n", b"%s %d %%", b"'quoted'", b"\\n\\0001", b"a\x009", b"$HOME `id` !", bytes(range(256))]
)
def test_traps_of_the_shell_are_avoided(data: bytes) -> None:
    assert printed(command(Send(data), AwaitEnd())) == data


def test_an_ipv6_host_loses_its_brackets() -> None:
    assert command(Send(b"x"), url="http://[::1]:8080").endswith("| nc ::1 8080")


def received_by_a_server(*actions: Action, reply: bytes = b"") -> tuple[bytes, str]:
    """Run the command against a server that keeps what it gets; the octets, and what the command printed."""
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = command(*actions, url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert line.startswith("python3 -c ")

        def serve() -> None:
            connection = listener.accept()[0]
            connection.settimeout(DEADLINE)
            with connection:
                if reply:
                    got.extend(connection.recv(65536))
                    connection.sendall(reply)
                    connection.shutdown(socket.SHUT_WR)
                try:
                    while data := connection.recv(65536):
                        got.extend(data)
                except ConnectionResetError:
                    got.extend(b"(reset)")

        thread = threading.Thread(target=serve)
        thread.start()
        done = subprocess.run(["sh", "-c", line], check=False, capture_output=True, timeout=DEADLINE)
        thread.join(DEADLINE)
    assert done.returncode == 0, done.stderr.decode()
    return bytes(got), done.stdout.decode()


def test_a_script_with_pauses_becomes_python_that_does_the_same() -> None:
    parts = (b"GET / \"\\'x HTTP/1.1\r\n", b"Host: a\r\n\r\n\x00\xff")
    got, shown = received_by_a_server(
        Send(parts[0]), Pause(0.01), Send(parts[1]), HalfClose(), Receive(1), reply=b"done"
    )
    assert got == b"".join(parts)
    assert shown == "b'done'\n"


def test_a_moment_behind_the_reply_needs_no_python() -> None:
    """netcat reads on in any case."""
    data = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert command(Send(data), Receive(1), Pause(0.01)) == command(Send(data), Receive(1))
    assert command(Send(data), Pause(0.01)) != command(Send(data))


def test_an_abort_resets_the_connection() -> None:
    assert received_by_a_server(Send(b"GET"), Abort())[0].endswith(b"(reset)")


def test_connect_and_close() -> None:
    assert received_by_a_server() == (b"", "")


def test_a_long_run_of_one_octet_is_written_as_a_product() -> None:
    data = b"GET /" + b"a" * 9000 + b"'" * 50 + b" HTTP/1.1\r\n\r\n"
    line = command(Send(data), Receive(1))
    assert len(line) < 300
    source = shlex.split(line)[2]
    literal = source.partition("sendall(")[2].partition(");")[0]
    assert eval(literal) == data


def test_what_is_too_long_for_a_line_says_so() -> None:
    line = command(Send(bytes(n * 7 % 251 for n in range(20_000))), Receive(1))
    assert len(line) <= LONGEST
    assert line.startswith("# 20000 octets")


def test_a_reply_is_awaited_between_requests() -> None:
    line = command(Send(REQUEST), Receive(1), Send(REQUEST), Receive(2))
    assert line.count("sendall") == 2
    assert line.index("print(s.recv") > line.index("sendall")
