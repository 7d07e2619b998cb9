"""Logs and standard streams that are not as they should be: closed, broken, or without a reader."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from reference_server.config import Address, Service
from reference_server.drivers import logs
from reference_server.tests.conftest import ECHO
from reference_server.tests.programs import seen
from reference_server.tests.service import PROGRAM, service_for, wait_until
from reference_server.tests.wire import PATIENCE, exchange, request

PORT = re.compile(rb"http://.*:(\d+)/\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file.txt").write_bytes(b"0123456789")
    (root / "echo.py").write_text(ECHO)
    return root


def started_with(folder: Path, service: Service) -> list[str]:
    settings = folder / "settings"
    settings.write_text(repr(service), "utf-8")
    return [sys.executable, "-c", PROGRAM, str(settings)]


def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 2>&-"])
def test_a_standard_stream_may_be_closed(tmp_path: Path, root: Path, closed: str) -> None:
    """Nothing else gets its number, and a program has all three."""
    command = f"exec {shlex.join(started_with(tmp_path, service_for(root)))} {closed}"
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            match = PORT.search(process.stdout.readline())
            assert match is not None
            port = int(match[1])
            assert exchange(port, request("/file.txt")).body == b"0123456789"
            assert seen(port, request("/echo.py", "POST", body=b"x"))["body"] == "x"
            assert ended(process) == 0
        finally:
            process.kill()


def test_standard_output_may_be_closed(tmp_path: Path, root: Path) -> None:
    """Where it listens cannot be told then, and an access log there goes nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = replace(service_for(root), listen=(Address("127.0.0.1", port),), access_log="-")
    command = f"exec {shlex.join(started_with(tmp_path, service))} >&-"
    with subprocess.Popen(["/bin/sh", "-c", command], stderr=subprocess.PIPE) as process:
        try:
            wait_until(partial(listens, port))
            assert exchange(port, request("/file.txt")).body == b"0123456789"
            assert ended(process) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
        finally:
            process.kill()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("log", ["access_log", "error_log"])
def test_a_pipe_that_nobody_reads_is_no_log(tmp_path: Path, root: Path, log: str) -> None:
    """To open it would take until somebody does, without end and without a sign."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    service = service_for(root)
    service = replace(service, access_log=str(pipe)) if log == "access_log" else replace(service, error_log=str(pipe))
    done = subprocess.run(started_with(tmp_path, service), stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert b"nobody reads this pipe" in done.stderr


class Broken:
    def write(self, _text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def flush(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_complaints_that_nobody_hears_are_no_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Broken())
    logs.say("something")
    logs.report(RuntimeError("something"))
    logs.flush()
