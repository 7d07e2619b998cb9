"""Redirects: those that a site's settings name, and the one to a folder's slash; none leads to a stranger's host."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from reference_server import SiteSettings
from reference_server.config import Redirect
from reference_server.resources.redirects import Redirects, location
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Link, exchange, request

RULES = (
    Redirect("/old.txt", "/new.txt"),
    Redirect("/found", "/new.txt", 302),
    Redirect("/see", "/new.txt", 303),
    Redirect("/temporary", "/new.txt?own=1", 307),
    Redirect("/permanent", "/new.txt#part", 308),
    Redirect("/moved/*", "/there/*"),
    Redirect("/moved/exactly", "/new.txt", 302),
    Redirect("/moved/deeper/*", "/deeper/*", 302),
    Redirect("/all/*", "/new.txt"),
    Redirect("/root/*", "/*"),
    Redirect("/elsewhere/*", "https://www.example.org/base/*", 302),
    Redirect("/else", "http://example.org", 302),
    Redirect("/with space", "/gr\u00fc\u00df e", 302),
    Redirect("/folder/gone*", "/folder/*", 302),
    Redirect("/file.txt", "/new.txt"),
)
URI = re.compile(rb"(?:[!#$&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]|%[0-9A-F]{2})+")


@pytest.fixture(scope="module")
def port(start_server: StartServer, site_root: Path) -> int:
    return start_server(SiteSettings(str(site_root), redirects=RULES, writable=("/",))).port


@pytest.mark.parametrize(
    ("target", "status", "expected"),
    [
        ("/old.txt", 301, b"/new.txt"),
        ("/old.txt?a=b&c", 301, b"/new.txt?a=b&c"),
        ("/old.txt?", 301, b"/new.txt?"),
        ("/%6Fld.txt", 301, b"/new.txt"),
        ("/x/../old.txt", 301, b"/new.txt"),
        ("http://localhost/old.txt?q", 301, b"/new.txt?q"),
        ("/found", 302, b"/new.txt"),
        ("/see", 303, b"/new.txt"),
        ("/temporary", 307, b"/new.txt?own=1"),
        ("/temporary?other=2", 307, b"/new.txt?own=1"),
        ("/permanent", 308, b"/new.txt#part"),
        ("/permanent?q", 308, b"/new.txt?q#part"),
        ("/moved/", 301, b"/there/"),
        ("/moved/a/b.txt?q=1", 301, b"/there/a/b.txt?q=1"),
        ("/moved/a%20b%2Bc%25%C3%BC", 301, b"/there/a%20b%2Bc%25%C3%BC"),
        ("/moved/a%0D%0ASet-Cookie:%20x", 301, b"/there/a%0D%0ASet-Cookie%3A%20x"),
        ("/moved/%22%3E%3Cscript%3E", 301, b"/there/%22%3E%3Cscript%3E"),
        ("/moved/exactly", 302, b"/new.txt"),
        ("/moved/deeper/x", 302, b"/deeper/x"),
        ("/all/of/it", 301, b"/new.txt"),
        ("/root/a", 301, b"/a"),
        ("/root//evil.example/x", 301, b"/evil.example/x"),
        ("/root///evil.example", 301, b"/evil.example"),
        ("/root/%5Cevil.example", 301, b"/%5Cevil.example"),
        ("/root/", 301, b"/"),
        ("/elsewhere/a/b?c", 302, b"https://www.example.org/base/a/b?c"),
        ("/elsewhere//a", 302, b"https://www.example.org/base//a"),
        ("/else", 302, b"http://example.org"),
        ("/with%20space", 302, b"/gr%C3%BC%C3%9F%20e"),
        ("/folder/goneby", 302, b"/folder/by"),
        ("/file.txt", 301, b"/new.txt"),
    ],
)
def test_where_it_leads(port: int, target: str, status: int, expected: bytes) -> None:
    reply = exchange(port, request(target))
    assert (reply.status, reply.get("Location")) == (status, expected)
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert f'<a href="{html.escape(expected.decode())}">'.encode() in reply.body
    assert URI.fullmatch(expected)


@pytest.mark.parametrize(
    "target", ["/old.txt/", "/old.tx", "/OLD.TXT", "/moved", "/folder/gon", "/old.txt%00", "//old.txt"]
)
def test_what_is_not_redirected(port: int, target: str) -> None:
    reply = exchange(port, request(target))
    assert reply.status in (400, 404)
    assert reply.get("Location") is None


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_every_method_is_redirected(port: int, method: str) -> None:
    reply = exchange(port, request("/old.txt", method), method)
    assert (reply.status, reply.get("Location")) == (301, b"/new.txt")
    assert (reply.body == b"") == (method == "HEAD")


def test_an_unknown_method_is_not(port: int) -> None:
    assert exchange(port, request("/old.txt", "BREW")).status == 501


def test_a_redirect_does_not_wait_for_the_body(port: int) -> None:
    with Link(port) as link:
        link.send(request("/old.txt", "PUT", "Content-Length: 4", "Expect: 100-continue"))
        reply = link.reply()
        assert (reply.status, reply.interim, reply.get("Location")) == (301, [], b"/new.txt")


def test_the_same_request_again_is_redirected_again(port: int) -> None:
    with Link(port) as link:
        for target in ("/old.txt", "/old.txt", "/folder", "/folder", "/old.txt?x", "/folder?x"):
            link.send(request(target))
        found = [link.reply().get("Location") for _ in range(6)]
    assert found == [b"/new.txt", b"/new.txt", b"/folder/", b"/folder/", b"/new.txt?x", b"/folder/?x"]


@pytest.mark.parametrize(
    ("target", "rest", "query", "expected"),
    [
        ("/*", b"/evil", None, b"/evil"),
        ("/", b"ignored", b"q", b"/?q"),
        ("/a%zz b", b"", None, b"/a%25zz%20b"),
        ("/a*", b"b/c d", b"", b"/ab/c%20d?"),
        ("http://h/*", b"../x", None, b"http://h/../x"),
    ],
)
def test_the_new_address(target: str, rest: bytes, query: bytes | None, expected: bytes) -> None:
    assert location(target, rest, query) == expected


def test_the_first_of_two_rules_for_one_address_counts() -> None:
    rules = Redirects((Redirect("/a", "/first"), Redirect("/a", "/second")))
    found = rules.find([b"a"], None)
    assert found is not None
    assert found.field(b"Location") == b"/first"


# -- a folder without its slash


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/folder", b"/folder/"),
        ("/folder?q=1", b"/folder/?q=1"),
        ("/with%20space", b"/with%20space/"),
        ("/%77ith%20space", b"/with%20space/"),
        ("/x/../folder", b"/folder/"),
        ("http://other.example/folder", b"/folder/"),
    ],
)
def test_to_the_slash(start_server: StartServer, site_root: Path, target: str, expected: bytes) -> None:
    port = start_server(site_root).port
    reply = exchange(port, request(target))
    assert (reply.status, reply.get("Location")) == (301, expected)
    assert exchange(port, request(expected)).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "//folder",
        "//evil.example",
        "//evil.example/..",
        "//evil.example/%2e%2e",
        "///evil.example/%2e%2e/folder",
        "/.//folder",
        "/x/..//folder",
        "/%2e//folder",
        "/folder/..//folder",
        "/%2Fevil.example",
        "/%5Cevil.example",
        "/%5C%5Cevil.example/%2e%2e",
    ],
)
def test_no_redirect_leads_to_a_host_from_the_path(start_server: StartServer, tmp_path: Path, target: str) -> None:
    for name in ("folder", "evil.example", "\\evil.example"):
        (tmp_path / name).mkdir()
    port = start_server(tmp_path).port
    where = exchange(port, request(target)).get("Location")
    base = f"http://localhost:{port}/"
    assert urlsplit(urljoin(base, (where or b"/").decode())).netloc == f"localhost:{port}"
    assert where is None or not where.startswith((b"//", b"/\\"))
