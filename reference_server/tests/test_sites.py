"""Several sites on one port, and what a site's settings switch on and off (RFC 9110 7.2, 9112 3.2, 3.3)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.tests.conftest import SAY, StartServer
from reference_server.tests.wire import Link, exchange, request


@pytest.fixture(scope="module")
def port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Three sites; the page of each is its name."""
    base = tmp_path_factory.mktemp("sites")
    sites = []
    for name, hosts in {
        "first": ("first.test",),
        "second": ("second.test", "www.second.test"),
        "six": ("[::1]",),
    }.items():
        (base / name).mkdir()
        (base / name / "page.txt").write_text(name)
        (base / name / "say.py").write_text(SAY)
        (base / name / f"only-{name}").write_text("")
        sites.append(SiteSettings(str(base / name), names=hosts))
    return start_server(sites).port


def page(port: int, *lines: str, target: str = "/page.txt", version: str = "1.1") -> bytes:
    head = [f"GET {target} HTTP/{version}", *lines, "", ""]
    reply = exchange(port, "\r\n".join(head).encode())
    assert reply.status == 200
    return reply.body


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("first.test", b"first"),
        ("second.test", b"second"),
        ("www.second.test", b"second"),
        ("second.test:80", b"second"),
        ("second.test:50000", b"second"),
        ("second.test:", b"second"),
        ("SECOND.Test", b"second"),
        ("second.test.", b"second"),
        ("second.test.:80", b"second"),
        ("[::1]", b"six"),
        ("[::1]:8080", b"six"),
        ("unknown.test", b"first"),
        ("sub.second.test", b"first"),
        ("second", b"first"),
        ("127.0.0.1", b"first"),
        ("", b"first"),
        (":80", b"first"),
    ],
)
def test_the_host_decides(port: int, host: str, expected: bytes) -> None:
    assert page(port, f"Host: {host}") == expected


@pytest.mark.parametrize(
    ("authority", "host", "expected"),
    [
        ("second.test", "first.test", b"second"),
        ("first.test", "second.test", b"first"),
        ("second.test:8080", "first.test", b"second"),
        ("SECOND.TEST", "first.test", b"second"),
        ("[::1]:80", "second.test", b"six"),
        ("unknown.test", "second.test", b"first"),
        ("second.test", "", b"second"),
    ],
)
def test_the_target_s_authority_wins(port: int, authority: str, host: str, expected: bytes) -> None:
    assert page(port, f"Host: {host}", target=f"http://{authority}/page.txt") == expected


def test_http_1_0_may_leave_out_the_host(port: int) -> None:
    assert page(port, version="1.0") == b"first"
    assert page(port, "Host: second.test", version="1.0") == b"second"


def test_each_request_of_a_connection_has_its_own_host(port: int) -> None:
    with Link(port) as link:
        for host in ("first.test", "second.test", "first.test", "second.test"):
            link.send(f"GET /page.txt HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert [link.reply().body for _ in range(4)] == [b"first", b"second", b"first", b"second"]


def test_sites_share_nothing(port: int) -> None:
    reply = exchange(port, b"GET /only-first HTTP/1.1\r\nHost: second.test\r\n\r\n")
    assert reply.status == 404
    target = "/say.py?Location:+/only-second%0A%0A"
    assert exchange(port, f"GET {target} HTTP/1.1\r\nHost: second.test\r\n\r\n".encode()).status == 200
    assert exchange(port, f"GET {target} HTTP/1.1\r\nHost: first.test\r\n\r\n".encode()).status == 404


# -- switches


@pytest.fixture(scope="module")
def bare(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    root = tmp_path_factory.mktemp("bare")
    (root / "file.txt").write_text("file")
    (root / "prog.py").write_text(SAY)
    (root / "folder").mkdir()
    (root / "folder" / "inner.txt").write_text("inner")
    for name, target in {"link.txt": "file.txt", "way": "folder", "run.txt": "prog.py"}.items():
        (root / name).symlink_to(target)
    return start_server(SiteSettings(str(root), programs=False, the_time=False, links=False))


@pytest.mark.parametrize("target", ["/prog.py", "/prog%2epy", "/PROG.PY", "/prog.py/more", "/run.txt"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_programs_can_be_switched_off(bare: Server, target: str, method: str) -> None:
    reply = exchange(bare.port, request(target, method), method)
    assert reply.status == 404
    assert b"stdout" not in reply.body


@pytest.mark.parametrize("target", ["/link.txt", "/way/inner.txt", "/way/", "/way"])
def test_links_can_be_switched_off(bare: Server, target: str) -> None:
    assert exchange(bare.port, request(target)).status == 404


def test_the_time_can_be_switched_off(bare: Server) -> None:
    assert exchange(bare.port, request("/the_time")).status == 404


def test_what_is_switched_off_is_not_listed(bare: Server) -> None:
    body = exchange(bare.port, request("/")).body
    assert b'"file.txt"' in body
    for name in (b"prog.py", b"link.txt", b"way", b"run.txt"):
        assert b'"' + name not in body
    assert exchange(bare.port, request("/file.txt")).body == b"file"


def test_the_server_as_a_whole_tells_what_is_switched_on(bare: Server) -> None:
    assert exchange(bare.port, request("*", "OPTIONS")).get("Allow") == b"GET, HEAD, OPTIONS"


def test_a_file_of_the_page_s_name_is_served_where_the_page_is_off(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "the_time").write_text("a file")
    assert (
        exchange(start_server(SiteSettings(str(tmp_path), the_time=False)).port, request("/the_time")).body == b"a file"
    )
    assert exchange(start_server(tmp_path).port, request("/the_time")).get("Cache-Control") == b"no-store"


@pytest.mark.parametrize("target", ["/the_time", "/%74he_time", "/./the_time", "/x/../the_time", "/the_time?x"])
def test_the_time_under_each_spelling(start_server: StartServer, tmp_path: Path, target: str) -> None:
    reply = exchange(start_server(tmp_path).port, request(target))
    assert (reply.status, reply.get("Cache-Control")) == (200, b"no-store")


@pytest.mark.parametrize("target", ["/the_time/", "/The_time", "//the_time", "/the_time.html"])
def test_what_is_not_the_time(start_server: StartServer, tmp_path: Path, target: str) -> None:
    assert exchange(start_server(tmp_path).port, request(target)).status == 404
    assert os.listdir(tmp_path) == []
