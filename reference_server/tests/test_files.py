"""Files, folders, listings and the dynamic page, asked for over sockets."""

from __future__ import annotations

import calendar
import html
import os
import re
import time
from pathlib import Path
from urllib.parse import unquote_to_bytes, urljoin

import pytest

from reference_server import Server
from reference_server.semantics import dates
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Link, exchange, raw, request


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("file.txt", b"text/plain; charset=utf-8"),
        ("page.html", b"text/html; charset=utf-8"),
        ("latin.txt", b"text/plain"),
        ("empty.txt", b"text/plain; charset=utf-8"),
        ("all.bin", b"application/octet-stream"),
        ("image.PNG", b"image/png"),
        ("large.bin", b"application/octet-stream"),
        ("large.txt", b"text/plain; charset=utf-8"),
        ("folder/inner.txt", b"text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_sent_octet_for_octet(port: int, site_root: Path, name: str, media_type: bytes) -> None:
    reply = exchange(port, request("/" + name))
    content = (site_root / name).read_bytes()
    assert (reply.status, reply.reason) == (200, b"OK")
    assert reply.body == content
    assert reply.get("Content-Type") == media_type
    assert reply.get("Content-Length") == str(len(content)).encode()
    assert re.fullmatch(rb'"[0-9a-f]+"', reply.get("ETag") or b"")
    now = int(time.time())
    date, modified = (dates.parse_http_date(reply.get(name) or b"", now) for name in ("Date", "Last-Modified"))
    assert date is not None
    assert modified is not None
    assert modified <= date <= now


@pytest.mark.parametrize(
    "target", ["/file.txt", "/", "/missing", "/folder", "/the_time", "/large.bin", "/echo.py", "/%00"]
)
def test_head_is_get_without_the_body(port: int, target: str) -> None:
    got, head = exchange(port, request(target)), exchange(port, request(target, "HEAD"), "HEAD")
    assert head.body == b""
    assert head.status == got.status
    variable = (b"date",)
    assert [pair for pair in head.fields if pair[0] not in variable] == [
        pair for pair in got.fields if pair[0] not in variable
    ]
    assert raw(port, request(target, "HEAD")).endswith(b"\r\n\r\n")


def test_the_query_does_not_change_a_file(port: int) -> None:
    assert exchange(port, request("/file.txt?a=b?c/../d")).body == b"0123456789"


@pytest.mark.parametrize(
    "target",
    [
        "/missing",
        "/missing/",
        "/file.txt/",
        "/file.txt/more",
        "/folder/missing",
        "//file.txt",
        "/folder//inner.txt",
        "//",
        "/.hidden",
        "/%2ehidden",
        "/folder%2finner.txt",
        "/..%2ffile.txt",
        "/FILE.txt",
        "/%2566ile.txt",
        "/%ff%fe",
        "/file.txt%0d%0aX:1",
        "/" + "a" * 300,
        "/*",
    ],
)
def test_what_is_not_there(port: int, target: str) -> None:
    reply = exchange(port, request(target))
    assert reply.status == 404
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert b"404 Not Found" in reply.body


def test_nul_in_a_path_is_refused(port: int) -> None:
    assert exchange(port, request("/file.txt%00")).status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/%66ile.txt",
        "/./file.txt",
        "/folder/../file.txt",
        "/%2e%2e/file.txt",
        "/../../file.txt",
        "http://localhost/file.txt",
    ],
)
def test_equal_targets(port: int, target: str) -> None:
    assert exchange(port, request(target)).body == b"0123456789"


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/folder", b"/folder/"),
        ("/folder?x=1&y", b"/folder/?x=1&y"),
        ("/folder?", b"/folder/?"),
        ("/with%20space", b"/with%20space/"),
        ("/x/../folder", b"/folder/"),
        ("/%66older", b"/folder/"),
    ],
)
def test_a_folder_without_its_slash_redirects(port: int, target: str, location: bytes) -> None:
    reply = exchange(port, request(target))
    assert reply.status == 301
    assert reply.get("Location") == location
    assert location in html.unescape(reply.body.decode()).encode()


AWKWARD = [
    b"a b",
    b"a?b",
    b"a#b",
    b"a%b",
    b"a:b",
    b"a&b",
    b"a;b",
    b'a"b',
    b"a'b",
    b"<b>",
    b"a\\b",
    b"[a]",
    b"{a}",
    b"~a-b_c.txt",
    b"100%.txt",
    b"%41.txt",
    b"a+b",
    "caf\u00e9".encode(),
    b"\xff\xfe",
    b"a\nb",
    b"a\x1b[31mb",
    b"javascript:alert(1)",
    b"x" * 255,
    b"&amp;",
]


@pytest.fixture(scope="module")
def awkward(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    root = os.fsencode(tmp_path_factory.mktemp("awkward"))
    for number, name in enumerate(AWKWARD):
        with open(os.path.join(root, name), "wb") as file:
            file.write(b"%d" % number)
    os.mkdir(os.path.join(root, b"dir <&>"))
    os.mkdir(os.path.join(root, b".git"))
    os.symlink(b"/etc", os.path.join(root, b"outside"))
    os.symlink(b"a b", os.path.join(root, b"inside"))
    os.mkfifo(os.path.join(root, b"pipe"))
    return start_server(Path(os.fsdecode(root)))


def links(page: bytes) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page.decode("utf-8"))]


def test_every_link_of_a_listing_leads_to_its_file(awkward: Server) -> None:
    page = exchange(awkward.port, request("/"))
    assert page.get("Content-Type") == b"text/html; charset=utf-8"
    found = links(page.body)
    assert sorted(unquote_to_bytes(link) for link in found) == sorted([*AWKWARD, b"dir <&>/", b"inside"])
    for link in found:
        assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+/?", link)
        target = urljoin("http://localhost/", link).removeprefix("http://localhost")
        reply = exchange(awkward.port, request(target))
        assert reply.status == 200
        if not link.endswith("/"):
            name = unquote_to_bytes(link)
            assert reply.body == b"%d" % AWKWARD.index(b"a b" if name == b"inside" else name)


def test_a_listing_shows_names_as_text(awkward: Server) -> None:
    page = exchange(awkward.port, request("/")).body.decode("utf-8")
    assert ">&lt;b&gt;</a>" in page
    assert ">a&quot;b</a>" in page
    assert ">caf\u00e9</a>" in page
    assert "\x1b" not in page
    assert "<b>" not in page
    assert ".git" not in page


def test_a_listing_below_the_root_leads_up(port: int) -> None:
    page = exchange(port, request("/folder/"))
    assert links(page.body) == ["../", "echo.py", "inner.txt"]
    assert b"Index of /folder/" in page.body
    assert "../" not in links(exchange(port, request("/")).body)


def test_the_time(port: int) -> None:
    before = int(time.time())
    reply = exchange(port, request("/the_time"))
    shown = re.search(rb'<time datetime="([^"]+)">', reply.body)
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert shown
    moment = calendar.timegm(time.strptime(shown[1].decode(), "%Y-%m-%dT%H:%M:%SZ"))
    assert before <= moment <= time.time()


def test_conditions_on_a_file(port: int) -> None:
    plain = exchange(port, request("/file.txt"))
    tag, modified = (plain.get(name) or b"" for name in ("ETag", "Last-Modified"))
    for value in (b"If-None-Match: " + tag, b"If-Modified-Since: " + modified, b"If-None-Match: *"):
        reply = exchange(port, request("/file.txt", "GET", value.decode()))
        assert reply.status == 304
        assert reply.get("ETag") == tag
        assert {name for name, _ in reply.fields} == {b"date", b"server", b"etag", b"vary"}
    for line in ('If-Match: "nope"', "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"):
        reply = exchange(port, request("/file.txt", "GET", line))
        assert reply.status == 412
        assert reply.body


@pytest.mark.parametrize("target", ["/missing", "/folder", "/%00"])
@pytest.mark.parametrize("line", ["If-None-Match: *", 'If-Match: "nope"', "Range: bytes=0-1"])
def test_conditions_do_not_matter_where_there_is_no_success(port: int, target: str, line: str) -> None:
    assert exchange(port, request(target, "GET", line)).status == exchange(port, request(target)).status


def test_conditions_do_not_matter_to_options(port: int) -> None:
    assert exchange(port, request("/file.txt", "OPTIONS", 'If-Match: "nope"')).status == 200


def test_conditions_on_pages(port: int) -> None:
    listing = exchange(port, request("/folder/"))
    tag = (listing.get("ETag") or b"").decode()
    assert exchange(port, request("/folder/", "GET", f"If-None-Match: {tag}")).status == 304
    reply = exchange(port, request("/the_time", "GET", "If-None-Match: *"))
    assert (reply.status, reply.get("Cache-Control")) == (304, b"no-store")
    modified = "If-Modified-Since: " + dates.format_http_date(int(time.time())).decode()
    assert exchange(port, request("/the_time", "GET", modified)).status == 200


@pytest.mark.parametrize("name", ["all.bin", "large.bin"])
def test_parts_of_a_file(port: int, site_root: Path, name: str) -> None:
    content = (site_root / name).read_bytes()
    reply = exchange(port, request("/" + name, "GET", "Range: bytes=100-299"))
    assert (reply.status, reply.body) == (206, content[100:300])
    assert reply.get("Content-Range") == b"bytes 100-299/%d" % len(content)
    assert reply.get("Content-Type") == b"application/octet-stream"
    reply = exchange(port, request("/" + name, "GET", "Range: bytes=-10"))
    assert (reply.status, reply.body) == (206, content[-10:])
    reply = exchange(port, request("/" + name, "GET", f"Range: bytes={len(content)}-"))
    assert reply.status == 416
    assert reply.get("Content-Range") == b"bytes */%d" % len(content)


@pytest.mark.parametrize("target", ["/file.txt", "/", "/the_time"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_documents_are_read_only(port: int, target: str, method: str) -> None:
    reply = exchange(port, request(target, method, body=b"" if method == "TRACE" else b"new"))
    assert reply.status == 405
    assert reply.get("Allow") == b"GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["FOO", "get", "M-SEARCH", "x!y", "A" * 5000])
def test_unknown_methods(port: int, method: str) -> None:
    assert exchange(port, request("/file.txt", method)).status == 501
    assert exchange(port, request("/missing", method)).status == 501


def test_options(port: int) -> None:
    for target, allowed in (
        ("/file.txt", b"GET, HEAD, OPTIONS"),
        ("/echo.py", b"GET, HEAD, POST, OPTIONS"),
        ("*", b"GET, HEAD, POST, OPTIONS"),
    ):
        reply = exchange(port, request(target, "OPTIONS"))
        assert (reply.status, reply.body, reply.get("Content-Length")) == (200, b"", b"0")
        assert reply.get("Allow") == allowed
    assert exchange(port, request("/missing", "OPTIONS")).status == 404


def test_connect_is_not_implemented(port: int) -> None:
    assert exchange(port, request("example.invalid:443", "CONNECT"), "GET").status == 501


def test_a_change_is_seen_at_once(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    server = start_server(tmp_path)
    long_ago = time.time() - 3600
    seen = []
    with Link(server.port) as link:
        for content in (b"one", b"two", b"three", b"one"):
            file.write_bytes(content)
            os.utime(file, (long_ago, long_ago))
            for _ in range(2):
                link.send(request("/file.txt"))
                reply = link.reply()
                assert reply.body == content
                seen.append((content, reply.get("ETag")))
    assert len(set(seen)) == len({tag for _, tag in seen}) == 3


def test_a_change_of_a_settled_file_is_seen(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path)
    file = tmp_path / "file.txt"
    file.write_bytes(b"one")
    server.site.clock = lambda: int(time.time()) + 100
    assert exchange(server.port, request("/file.txt")).body == b"one"
    assert exchange(server.port, request("/file.txt")).body == b"one"
    file.write_bytes(b"two")
    assert exchange(server.port, request("/file.txt")).body == b"two"
    file.unlink()
    assert exchange(server.port, request("/file.txt")).status == 404


def test_a_file_from_the_future_is_dated_now(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"x")
    os.utime(tmp_path / "file.txt", (time.time() + 10**6,) * 2)
    reply = exchange(start_server(tmp_path).port, request("/file.txt"))
    assert (reply.get("Last-Modified") or b"") <= (reply.get("Date") or b"")


HUGE = 64 * 1024 * 1024  # more than any socket holds


@pytest.mark.parametrize("lines", [[], ["Range: bytes=0-50000000"], [f"Range: bytes=0-9,20-{HUGE - 1}"]])
def test_a_file_that_vanishes_is_sent_to_its_end(start_server: StartServer, tmp_path: Path, lines: list[str]) -> None:
    with open(tmp_path / "huge.bin", "wb") as file:
        file.truncate(HUGE)
    with Link(start_server(tmp_path).port) as link:
        link.send(request("/huge.bin", "GET", *lines, "Connection: close"))
        head = link.read_until(b"\r\n\r\n")
        (tmp_path / "huge.bin").unlink()
        length = re.search(rb"Content-Length: ([0-9]+)", head)
        assert length
        assert len(link.read_all()) == int(length[1])


@pytest.mark.parametrize("lines", [[], ["Range: bytes=0-50000000"], [f"Range: bytes=0-9,20-{HUGE - 1}"]])
def test_a_file_that_shrinks_ends_the_connection(start_server: StartServer, tmp_path: Path, lines: list[str]) -> None:
    """The length is announced already: all that can be said is that the reply is incomplete."""
    with open(tmp_path / "huge.bin", "wb") as file:
        file.truncate(HUGE)
    port = start_server(tmp_path).port
    with Link(port) as link:
        link.send(request("/huge.bin", "GET", *lines))
        head = link.read_until(b"\r\n\r\n")
        os.truncate(tmp_path / "huge.bin", 100)
        length = re.search(rb"Content-Length: ([0-9]+)", head)
        assert length
        assert len(link.read_all()) < int(length[1])
    assert len(exchange(port, request("/huge.bin")).body) == 100
