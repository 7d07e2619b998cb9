"""One client's requests, however many came at once, keep nobody else waiting; nor does a fault that nobody hears of."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_server import Config
from reference_server.http1.messages import Request, Response
from reference_server.resources import application
from reference_server.resources.site import Site
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import PATIENCE, Link, exchange, request

MANY = 1000


def test_a_flood_on_one_connection_waits_for_others(
    monkeypatch: pytest.MonkeyPatch, start_server: StartServer, site_root: Path
) -> None:
    original, asked = application.respond, threading.Event()
    order: list[bytes] = []

    def recording(site: Site, each: Request) -> Response:
        order.append(each.target)
        assert asked.wait(PATIENCE)
        return original(site, each)

    monkeypatch.setattr(application, "respond", recording)
    port = start_server(site_root, Config(cached_replies=0)).port
    with Link(port) as flood, Link(port) as other:
        other.send(b"\r\n")
        flood.send(b"HEAD /file.txt HTTP/1.1\r\nHost:\r\n\r\n" * MANY)
        other.send(request("/empty.txt"))
        asked.set()
        assert other.reply().status == 200
        for _ in range(MANY):
            assert flood.reply("HEAD").status == 200
    assert order.index(b"/empty.txt") < MANY / 2


def test_a_fault_that_cannot_be_reported_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, start_server: StartServer, site_root: Path
) -> None:
    """Whoever read the standard error may have gone away."""

    class Broken:
        def write(self, _text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

        def flush(self) -> None:
            """Nothing is left to be written."""

    def faulty(_site: Site, _request: Request) -> Response:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    port = start_server(site_root).port
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Broken())
        patch.setattr(application, "respond", faulty)
        assert exchange(port, request("/file.txt")).status == 500
    assert exchange(port, request("/file.txt")).status == 200


def test_all_uploads_together_have_a_limit(start_server: StartServer, site_root: Path) -> None:
    """Those that were taken in go on; who would need more than is left is told to come again."""
    server = start_server(site_root, Config(bodies=100_000))
    upload = request("/file.txt", "POST", body=b"x" * 80_000)
    half = len(upload) // 2
    with Link(server.port) as first, Link(server.port) as second:
        first.send(upload[:half])
        wait_until(lambda: server.held > 30_000)
        second.send(upload[:-1])
        refused = second.reply()
        assert (refused.status, refused.get("Retry-After"), refused.get("Connection")) == (503, b"10", b"close")
        first.send(upload[half:])
        assert first.reply().status == 405
        first.send(upload)
        assert first.reply().status == 405
    wait_until(lambda: server.held == 0)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
