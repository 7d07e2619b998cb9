"""The seams for fault injection: replacing one named function changes what a running server does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reference_server import Config, Server
from reference_server.http1 import body, encode, framing, head, target
from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import application, cgi_environment, cgi_head, listing, paths
from reference_server.semantics import conditional, dates, etags, media_types, targets
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import exchange, raw, request


@pytest.fixture(scope="module")
def server(start_server: StartServer, site_root: Path) -> Server:
    """Without memory: what is replaced has to be asked each time."""
    return start_server(site_root, Config(cached_replies=0))


@pytest.fixture(scope="module")
def port(server: Server) -> int:
    return server.port


def test_respond_can_be_replaced(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    original = application.respond

    def faulty(site: Any, asked: Request) -> Response:
        response = original(site, asked)
        response.status, response.reason = 299, b"Odd"
        return response

    monkeypatch.setattr(application, "respond", faulty)
    assert exchange(port, request("/file.txt")).status == 299
    assert exchange(port, request("/echo.py")).status == 299


def test_encode_head_can_be_replaced(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    original = encode.encode_head
    monkeypatch.setattr(encode, "encode_head", lambda *given: original(*given).replace(b"\r\n", b"\n"))
    for octets in (request("/file.txt"), b"GARBAGE\r\n\r\n", request("/echo.py")):
        assert b"\r\n" not in raw(port, octets).partition(b"\n\n")[0]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (head, "split_request_line"),
        (head, "parse_field_line"),
        (head, "check_host"),
        (target, "parse_target"),
        (framing, "decide_body_framing"),
        (framing, "decide_persistence"),
        (framing, "decide_reply_framing"),
        (body, "take_line"),
        (targets, "decode_target_path"),
        (paths, "resolve_in_root"),
        (application, "answer"),
        (encode, "encode_status_line"),
    ],
)
def test_each_function_on_the_way_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch, port: int, module: Any, name: str
) -> None:
    assert was_called(monkeypatch, module, name, lambda: exchange(port, request("/file.txt")))


@pytest.mark.parametrize(
    ("module", "name", "target"),
    [
        (body, "parse_chunk_line", "chunked"),
        (encode, "frame_chunk", "/echo.py"),
        (listing, "listing_link", "/folder/"),
        (cgi_environment, "cgi_environment", "/echo.py"),
        (cgi_head, "parse_cgi_head", "/echo.py"),
        (conditional, "evaluate_preconditions", "/file.txt"),
        (etags, "compute_etag", "/folder/"),
        (dates, "format_http_date", "/file.txt"),
        (media_types, "choose_media_type", "/large.bin"),
    ],
)
def test_functions_of_resources_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch, server: Any, module: Any, name: str, target: str
) -> None:
    server.site.cache.entries = 0
    server.site.cache._files.clear()
    octets = request(target)
    if target == "chunked":
        octets = request("/file.txt", "GET", "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    assert was_called(monkeypatch, module, name, lambda: exchange(server.port, octets))


def was_called(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, action: Callable[[], object]) -> bool:
    original, calls = getattr(module, name), []

    def recording(*given: Any, **named: Any) -> Any:
        calls.append(given)
        return original(*given, **named)

    monkeypatch.setattr(module, name, recording)
    action()
    return bool(calls)


def test_a_fault_of_the_server_is_a_500(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: int
) -> None:
    def broken(_site: Any, _request: Request) -> Response:
        raise RuntimeError("a fault on purpose")

    monkeypatch.setattr(application, "answer", broken)
    assert exchange(port, request("/file.txt")).status == 500
    assert exchange(port, request("/echo.py")).status == 500
    monkeypatch.undo()
    assert "a fault on purpose" in capsys.readouterr().err
    assert exchange(port, request("/file.txt")).status == 200


def test_a_fault_in_writing_ends_one_connection_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: int
) -> None:
    def broken(*_given: Any) -> bytes:
        raise RuntimeError("a fault on purpose")

    monkeypatch.setattr(encode, "encode_head", broken)
    assert raw(port, request("/file.txt")) == b""
    assert raw(port, request("/echo.py")) == b""
    monkeypatch.undo()
    assert "a fault on purpose" in capsys.readouterr().err
    assert exchange(port, request("/file.txt")).status == 200


def test_refusals_can_come_from_a_replaced_parser(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    def strange(_line: bytes) -> tuple[str, bytes, tuple[int, int]]:
        raise Refusal(418, "I am a teapot.")

    monkeypatch.setattr(head, "split_request_line", strange)
    assert exchange(port, request("/file.txt")).status == 418
