"""The program as it is started: its one line, its errors, its log, its end."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reference_server import Config, cli
from reference_server.config import Timeouts
from reference_server.drivers.access_log import escape, log_line
from reference_server.http1.messages import Request
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import PATIENCE, Link, exchange, request

COMMAND = [sys.executable, "-m", "reference_server"]


def launch(*arguments: str) -> tuple[subprocess.Popen[str], int]:
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.fullmatch(rf"Serving {re.escape(arguments[0])} on http://127\.0\.0\.1:(\d+)/\n", line)
    assert match, line
    return process, int(match[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_on_a_signal(site_root: Path, number: signal.Signals) -> None:
    process, port = launch(str(site_root), "--port", "0", "--access-log", "-")
    assert exchange(port, request("/file.txt")).body == b"0123456789"
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert '"GET /file.txt HTTP/1.1" 200 10 "-" "-"\n' in output


@pytest.mark.parametrize(
    "arguments",
    [
        ["{root}/missing"],
        ["{root}/file.txt"],
        ["{root}", "--port", "{taken}"],
        ["{root}", "--host", "256.0.0.1", "--port", "0"],
        ["{root}", "--access-log", "{root}/missing/log", "--port", "0"],
        ["{root}", "--host", "192.0.2.1", "--port", "0"],
    ],
)
def test_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], site_root: Path, port: int, arguments: list[str]
) -> None:
    status = cli.main([argument.format(root=site_root, taken=port) for argument in arguments])
    output = capsys.readouterr()
    assert status == 2
    assert output.out == ""
    assert output.err.startswith("reference_server: ")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    "option",
    [["--port", "x"], ["--port", "65536"], ["--port", "-1"], ["--head-timeout", "0"], ["--max-body", "x"], ["--magic"]],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], site_root: Path, option: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(site_root), *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_options_reach_the_settings() -> None:
    parser = cli.build_parser()
    assert cli.config_from(parser.parse_args(["web"])) == Config()
    options = parser.parse_args(["web", "--idle-timeout", "1.5", "--max-body", "7", "--max-connections", "3"])
    config = cli.config_from(options)
    assert (config.timeouts, config.limits.body, config.connections) == (Timeouts(idle=1.5), 7, 3)


def test_a_server_on_ipv6(site_root: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        process, _ = launch_on(site_root, "::1")
    except AssertionError:
        pytest.skip("this machine has no IPv6 loopback")
    process.terminate()
    process.communicate(timeout=PATIENCE)


def launch_on(root: Path, host: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*COMMAND, str(root), "--port", "0", "--host", host], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not re.search(rf"http://\[{host}\]:\d+/$", line):
        process.communicate(timeout=PATIENCE)
        raise AssertionError(line)
    return process, line


def test_the_log_cannot_be_forged() -> None:
    assert escape(b'a"b\\c\r\n\x1b\xff ~') == "a\\x22b\\x5Cc\\x0D\\x0A\\x1B\\xFF ~"
    asked = Request("GET", b"/", fields=[(b"referer", b'x" 200 5 "'), (b"user-agent", b"\xe9")])
    line = log_line("127.0.0.1", 0, b'GET /"\n HTTP/1.1', 404, 0, asked)
    assert line.count("\n") == 1
    assert re.fullmatch(
        r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"]*" 404 - "[^"]*" "[^"]*"\n', line
    )


def test_a_log_that_breaks_does_not_stop_the_service(
    start_server: StartServer, site_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    server = start_server(site_root, None, Full())
    with Link(server.port) as link:
        for _ in range(3):
            link.send(request("/file.txt"))
            assert link.reply().status == 200
    assert capsys.readouterr().err.count("No space left") == 1


def test_every_reply_is_logged(start_server: StartServer, site_root: Path) -> None:
    log = io.StringIO()
    server = start_server(site_root, None, log)
    with Link(server.port) as link:
        link.send(request("/file.txt") + request("/large.bin") + request("/missing", "HEAD") + b"GARBAGE\r\n\r\n")
        link.read_all()
    lines = [line.partition('] "')[2] for line in log.getvalue().splitlines()]
    assert lines == [
        'GET /file.txt HTTP/1.1" 200 10 "-" "-"',
        f'GET /large.bin HTTP/1.1" 200 {251 * 12_000} "-" "-"',
        'HEAD /missing HTTP/1.1" 404 - "-" "-"',
        f'GARBAGE" 400 {lines[3].split()[2]} "-" "-"',
    ]
