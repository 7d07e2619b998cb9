"""The access log: what stands in it, that nobody forges it, and that the service survives it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from reference_server.drivers.access_log import AccessLog, escape, make_record
from reference_server.http1.messages import Request
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Link, request


def test_the_log_cannot_be_forged() -> None:
    assert escape(b'a"b\\c\r\n\x1b\xff ~') == "a\\x22b\\x5Cc\\x0D\\x0A\\x1B\\xFF ~"
    asked = Request("GET", b"/", fields=[(b"referer", b'x" 200 5 "'), (b"user-agent", b"\xe9")])
    stream = io.BytesIO()
    log = AccessLog(stream)
    log.set_time(0)
    log.add("127.0.0.1", make_record(b'GET /"\n HTTP/1.1', 404, asked), 0)
    log.flush()
    assert re.fullmatch(
        rb'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"\n]*" 404 - "[^"]*" "[^"]*"\n',
        stream.getvalue(),
    )


def test_a_log_that_breaks_does_not_stop_the_service(
    start_server: StartServer, site_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    server = start_server(site_root, None, Full())
    with Link(server.port) as link:
        for _ in range(3):
            link.send(request("/file.txt"))
            assert link.reply().status == 200
    assert capsys.readouterr().err.count("No space left") == 1


def test_every_reply_is_logged(start_server: StartServer, site_root: Path) -> None:
    log = io.BytesIO()
    server = start_server(site_root, None, log)
    with Link(server.port) as link:
        link.send(request("/file.txt") + request("/large.bin") + request("/missing", "HEAD") + b"GARBAGE\r\n\r\n")
        link.read_all()
    lines = [line.partition('] "')[2] for line in log.getvalue().decode().splitlines()]
    assert lines == [
        'GET /file.txt HTTP/1.1" 200 10 "-" "-"',
        f'GET /large.bin HTTP/1.1" 200 {251 * 12_000} "-" "-"',
        'HEAD /missing HTTP/1.1" 404 - "-" "-"',
        f'GARBAGE" 400 {lines[3].split()[2]} "-" "-"',
    ]
