"""Folders: index files, listings, and what the settings change about them."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.http1.messages import Request
from reference_server.resources import application
from reference_server.resources.site import Site
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import exchange, request


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "with").mkdir()
    (tmp_path / "with" / "index.html").write_text("<p>the index</p>")
    (tmp_path / "with" / "other.txt").write_text("other")
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "file.txt").write_text("file")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "index.txt").write_text("the second name")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").mkdir()
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "index.py").write_text("print('Content-Type: text/plain\\n\\nrun')")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "index.html").symlink_to("../with/index.html")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "index.html").symlink_to("/etc/hostname")
    return tmp_path


def get(server: Server, target: str, *lines: str, method: str = "GET") -> tuple[int, bytes]:
    reply = exchange(server.port, request(target, method, *lines), method)
    return reply.status, reply.body


def test_the_index_file_is_the_folders_page(start_server: StartServer, root: Path) -> None:
    server = start_server(root)
    reply, direct = (exchange(server.port, request(target)) for target in ("/with/", "/with/index.html"))
    assert reply.body == b"<p>the index</p>"
    assert [pair for pair in reply.fields if pair[0] != b"date"] == [
        pair for pair in direct.fields if pair[0] != b"date"
    ]
    tag = (reply.get("ETag") or b"").decode()
    assert get(server, "/with/", f"If-None-Match: {tag}") == (304, b"")
    assert get(server, "/with/", "Range: bytes=3-5") == (206, b"the")
    assert get(server, "/with/", method="HEAD") == (200, b"")
    assert exchange(server.port, request("/with")).get("Location") == b"/with/"
    assert exchange(server.port, request("/with/", "OPTIONS")).get("Allow") == b"GET, HEAD, OPTIONS"
    assert exchange(server.port, request("/with/", "POST", body=b"x")).status == 405


def test_the_first_name_that_is_there_counts(start_server: StartServer, root: Path) -> None:
    server = start_server(SiteSettings(str(root), index=("index.html", "index.txt", "index.py")))
    assert get(server, "/second/") == (200, b"the second name")
    assert get(server, "/with/") == (200, b"<p>the index</p>")
    assert get(server, "/link/") == (200, b"<p>the index</p>")
    for target in ("/without/", "/folder/"):
        assert b"Index of" in get(server, target)[1]
    assert b"print" not in get(server, "/program/")[1]
    server = start_server(SiteSettings(str(root), index=()))
    assert b"Index of /with/" in get(server, "/with/")[1]


def test_an_index_that_leads_outside_is_not_there(start_server: StartServer, root: Path) -> None:
    assert get(start_server(root), "/outside/")[0] == 404


def test_listings_can_be_switched_off(start_server: StartServer, root: Path) -> None:
    server = start_server(SiteSettings(str(root), listing=False))
    status, page = get(server, "/without/")
    assert status == 403
    assert b"file.txt" not in page
    assert get(server, "/without/", "If-None-Match: *")[0] == 403
    assert get(server, "/without/file.txt") == (200, b"file")
    assert get(server, "/with/") == (200, b"<p>the index</p>")
    assert get(server, "/without")[0] == 301


def test_a_listing_leaves_out_what_is_switched_off(start_server: StartServer, root: Path) -> None:
    (root / "linked.txt").symlink_to("without/file.txt")
    (root / "run.py").write_text("")
    (root / "run.txt").symlink_to("run.py")
    page = get(start_server(root), "/")[1]
    assert all(name in page for name in (b"linked.txt", b"run.py"))
    assert b"run.txt" not in page
    page = get(start_server(SiteSettings(str(root), links=False)), "/")[1]
    assert b"run.py" in page
    assert b"linked.txt" not in page
    page = get(start_server(SiteSettings(str(root), programs=False)), "/")[1]
    assert b"linked.txt" in page
    assert b"run.py" not in page
    assert b"run.txt" not in page


def test_changes_are_seen_at_once(start_server: StartServer, root: Path) -> None:
    server = start_server(root)
    server.site.clock = lambda: int(time.time()) + 100
    target = "/without/"
    tags = set()
    for name in ("a.txt", "b.txt", "c.txt"):
        (root / "without" / name).write_text("x")
        reply = exchange(server.port, request(target))
        assert re.findall(rb'href="(\w+\.txt)"', reply.body)[-2:][0] == name.encode()
        tags.add(reply.get("ETag"))
    assert len(tags) == 3
    (root / "without" / "index.html").write_text("now there is one")
    assert get(server, target) == (200, b"now there is one")
    (root / "without" / "index.html").write_text("now there is 2")
    assert get(server, target) == (200, b"now there is 2")
    (root / "without" / "index.html").unlink()
    assert b"Index of" in get(server, target)[1]


def test_a_folder_that_may_not_be_read(start_server: StartServer, root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may read everything")
    (root / "without").chmod(0)
    try:
        assert get(start_server(root), "/without/")[0] == 403
    finally:
        (root / "without").chmod(0o755)


def settled_site(root: Path) -> Site:
    site = Site(SiteSettings(str(root)))
    site.clock = lambda: int(time.time()) + 100
    return site


@pytest.mark.parametrize(
    ("target", "line", "changed"),
    [
        ("/without/file.txt", "", "without/file.txt"),
        ("/without/file.txt", "Range: bytes=0-1", "without/file.txt"),
        ("/without/file.txt", "Range: bytes=9-", "without/file.txt"),
        ("/without/file.txt", "If-None-Match: *", "without/file.txt"),
        ("/without/file.txt", 'If-Match: "x"', "without/file.txt"),
        ("/without/file.txt", "Accept-Encoding: gzip", "without/file.txt"),
        ("/without/file.txt", "Accept-Encoding: gzip", "without/file.txt.gz"),
        ("/without/", "", "without/new.txt"),
        ("/without/", "", "without/index.html"),
        ("/with/", "", "with/index.html"),
        ("/without/file", "", "without/file.txt"),
        ("/without/file", "", "without/file.de.txt"),
        ("/without/file", "", "without/file"),
    ],
)
def test_a_reply_rests_on_what_it_was_made_of(root: Path, target: str, line: str, changed: str) -> None:
    """A change that changes the reply ends the basis; one elsewhere does not."""
    site = settled_site(root)
    fields = [(name.lower().encode(), value.encode()) for name, _, value in [line.partition(": ")] if name]
    response = application.respond(site, asked := from_target(target, fields))
    try:
        assert response.basis is not None
        assert response.basis.holds()
        (root / "elsewhere.txt").write_text("x")
        assert response.basis.holds()
        (root / changed).write_text("something new")
        assert not response.basis.holds()
        assert application.respond(site, asked).status in (200, 206, 304, 412, 416)
    finally:
        site.close()


def from_target(target: str, fields: list[tuple[bytes, bytes]]) -> Request:
    return Request("GET", target.encode(), (1, 1), fields)


@pytest.mark.parametrize("target", ["/link/index.html", "/link/", "/with/../link/index.html", "/%77ith/index.html"])
def test_a_reply_that_may_rest_on_links_says_nothing(root: Path, target: str) -> None:
    site = settled_site(root)
    response = application.respond(site, from_target(target, []))
    assert (response.status, response.basis) == (200, None)
    site.close()


def test_a_file_changed_just_now_is_no_basis(root: Path) -> None:
    site = Site(SiteSettings(str(root)))
    site.clock = lambda: int(time.time())
    (root / "with" / "index.html").write_text("new")
    for target in ("/with/", "/with/index.html", "/with/index"):
        assert application.respond(site, from_target(target, [])).basis is None
    site.close()
