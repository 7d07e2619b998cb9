"""PUT and DELETE: what is stored, what is refused, and that nothing is half done."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server import Server, SiteSettings
from reference_server.tests.changes import delete, get, put
from reference_server.tests.conftest import SAY, StartServer
from reference_server.tests.wire import Link, exchange, request

ALLOW = b"GET, HEAD, PUT, DELETE, OPTIONS"
READ_ONLY = b"GET, HEAD, OPTIONS"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("writing")
    root = base / "root"
    (root / "up" / "folder").mkdir(parents=True)
    (root / "kept").mkdir()
    (base / "outside").mkdir()
    (root / "kept" / "file.txt").write_bytes(b"kept")
    (root / "up" / "program.py").write_text(SAY)
    (root / "up" / ".hidden").write_bytes(b"hidden")
    for name, target in {
        "up/out": "../../outside",
        "up/aside": "../kept",
        "up/link.txt": "../kept/file.txt",
        "up/dangling.txt": "nothing.txt",
        "up/escape.txt": "../../outside/new.txt",
    }.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "up" / "pipe")
    return root


@pytest.fixture(scope="module")
def server(start_server: StartServer, root: Path) -> Server:
    return start_server(SiteSettings(str(root), writable=("/up/",)))


@pytest.fixture(scope="module")
def port(server: Server) -> int:
    return server.port


@pytest.fixture(autouse=True)
def _nothing_is_left_over(root: Path) -> Iterator[None]:
    yield
    assert not list(root.rglob(".put-*"))
    assert (root / "kept" / "file.txt").read_bytes() == b"kept"
    assert list((root.parent / "outside").iterdir()) == []


def test_a_new_file_is_created_then_replaced_then_deleted(port: int, root: Path) -> None:
    created = put(port, "/up/new%20one.txt", b"first content")
    assert created.status == 201
    assert created.get("Location") == b"/up/new%20one.txt"
    assert b'href="/up/new%20one.txt"' in created.body
    assert created.get("Allow") == ALLOW
    got = get(port, "/up/new%20one.txt")
    assert (got.body, got.get("ETag")) == (b"first content", created.get("ETag"))
    replaced = put(port, "/up/new%20one.txt", b"second")
    assert (replaced.status, replaced.body, replaced.get("Content-Length")) == (204, b"", None)
    got = get(port, "/up/new%20one.txt")
    assert (got.body, got.get("ETag")) == (b"second", replaced.get("ETag"))
    assert replaced.get("ETag") != created.get("ETag")
    assert (root / "up" / "new one.txt").read_bytes() == b"second"
    assert delete(port, "/up/new%20one.txt").status == 204
    assert get(port, "/up/new%20one.txt").status == 404
    assert delete(port, "/up/new%20one.txt").status == 404


def test_put_and_delete_are_idempotent(port: int) -> None:
    assert [put(port, "/up/again.txt", b"same").status for _ in range(2)] == [201, 204]
    assert get(port, "/up/again.txt").body == b"same"
    assert [delete(port, "/up/again.txt").status for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("content", [b"", b"\0\r\n\xff" * 10, bytes(range(256)) * 3000], ids=["empty", "odd", "large"])
def test_octets_are_stored_as_they_came(port: int, content: bytes) -> None:
    put(port, "/up/octets.bin", b"something else before")
    reply = put(port, "/up/octets.bin", content)
    got = get(port, "/up/octets.bin")
    assert (reply.status, got.body, got.get("ETag")) == (204, content, reply.get("ETag"))
    assert delete(port, "/up/octets.bin").status == 204


def test_a_chunked_body_is_stored_decoded(port: int) -> None:
    head = request("/up/chunked.txt", "PUT", "Transfer-Encoding: chunked", "Trailer: X-T")
    reply = exchange(port, head + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")
    assert reply.status == 201
    got = get(port, "/up/chunked.txt")
    assert (got.body, got.get("X-T")) == (b"abcde", None)
    delete(port, "/up/chunked.txt")


def test_a_put_that_is_cut_short_changes_nothing(port: int) -> None:
    put(port, "/up/short.txt", b"whole")
    with Link(port) as link:
        link.send(request("/up/short.txt", "PUT", "Content-Length: 10") + b"half")
        link.sock.shutdown(1)
        link.read_all()
    assert get(port, "/up/short.txt").body == b"whole"
    delete(port, "/up/short.txt")


@pytest.mark.parametrize(
    ("target", "status", "allow"),
    [
        ("/kept/file.txt", 405, READ_ONLY),
        ("/kept/new.txt", 404, None),
        ("/kept/", 405, READ_ONLY),
        ("/", 405, READ_ONLY),
        ("/up", 405, READ_ONLY),
        ("/the_time", 405, READ_ONLY),
        ("/up/", 409, None),
        ("/up/folder", 409, None),
        ("/up/folder/", 409, None),
        ("/up/newfolder/", 409, None),
        ("/up/missing/new.txt", 409, None),
        ("/up//new.txt", 409, None),
        ("/up/new.py", 403, None),
        ("/up/new.PY", 403, None),
        ("/up/new%2epy", 403, None),
        ("/up/json.pyc", 403, None),
        ("/up/json.PYC", 403, None),
        ("/up/json.so", 403, None),
        ("/up/json.abi3.so", 403, None),
        ("/up/program.py", 403, None),
        ("/up/program.py/more", 409, None),
        ("/up/.new", 404, None),
        ("/up/.hidden", 404, None),
        ("/up/.folder/new.txt", 404, None),
        ("/up/link.txt", 405, READ_ONLY),
        ("/up/dangling.txt", 405, READ_ONLY),
        ("/up/escape.txt", 405, READ_ONLY),
        ("/up/aside/file.txt", 403, None),
        ("/up/aside/new.txt", 403, None),
        ("/up/out/new.txt", 409, None),
        ("/up/../kept/new.txt", 404, None),
        ("/up/%2e%2e/kept/file.txt", 405, READ_ONLY),
        ("/up/..%2fkept%2ffile.txt", 404, None),
        ("/up/a%00b", 400, None),
        ("/up/pipe", 403, None),
        ("/up/" + "n" * 300, 403, None),
        ("/upper/new.txt", 404, None),
    ],
)
def test_what_cannot_be_put(port: int, root: Path, target: str, status: int, allow: bytes | None) -> None:
    before = sorted(root.rglob("*"))
    reply = put(port, target, b"put")
    assert (reply.status, reply.get("Allow")) == (status, allow)
    assert reply.body
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("target", "status", "allow"),
    [
        ("/kept/file.txt", 405, READ_ONLY),
        ("/kept/nothing.txt", 404, None),
        ("/the_time", 405, READ_ONLY),
        ("/up/", 405, READ_ONLY),
        ("/up/folder", 405, READ_ONLY),
        ("/up/folder/", 405, READ_ONLY),
        ("/up/program.py", 405, b"GET, HEAD, POST, OPTIONS"),
        ("/up/.hidden", 404, None),
        ("/up/missing/file.txt", 404, None),
        ("/up/link.txt", 405, READ_ONLY),
        ("/up/aside/file.txt", 403, None),
        ("/up/pipe", 403, None),
        ("/up/%2e%2e/kept/file.txt", 405, READ_ONLY),
    ],
)
def test_what_cannot_be_deleted(port: int, root: Path, target: str, status: int, allow: bytes | None) -> None:
    before = sorted(root.rglob("*"))
    reply = delete(port, target)
    assert (reply.status, reply.get("Allow")) == (status, allow)
    assert sorted(root.rglob("*")) == before


def test_content_of_a_delete_has_no_meaning(port: int) -> None:
    put(port, "/up/gone.txt", b"x")
    assert delete(port, "/up/gone.txt", body=b"/kept/file.txt").status == 204
    assert get(port, "/up/gone.txt").status == 404


def test_nothing_is_writable_unless_asked_for(start_server: StartServer, root: Path) -> None:
    plain = start_server(root)
    for method in ("PUT", "DELETE"):
        reply = exchange(plain.port, request("/kept/file.txt", method, body=b"x"))
        assert (reply.status, reply.get("Allow")) == (405, READ_ONLY)


def test_a_whole_site_can_be_writable(start_server: StartServer, tmp_path: Path) -> None:
    port = start_server(SiteSettings(str(tmp_path), writable=("/",))).port
    assert put(port, "/new.txt", b"x").status == 201
    assert put(port, "/new.txt/below", b"x").status == 409
    assert put(port, "/the_time", b"x").status == 405
    assert put(port, "/", b"x").status == 409
    assert sorted(os.listdir(tmp_path)) == ["new.txt"]


# -- what the head says about the content


@pytest.mark.parametrize(
    ("name", "line", "status"),
    [
        ("x.txt", "Content-Range: bytes 0-3/10", 400),
        ("x.txt", "Content-Range: nonsense", 400),
        ("x.txt", "Content-Encoding: gzip", 415),
        ("x.txt", "Content-Encoding: x-none", 415),
        ("x.txt", "Content-Encoding: identity", 201),
        ("x.txt", "Content-Type: text/plain; charset=utf-8", 201),
        ("x.txt", "Content-Type: TEXT/Plain", 201),
        ("x.txt", "Content-Type: application/octet-stream", 201),
        ("x.txt", "Content-Type: image/png", 415),
        ("x.html", "Content-Type: image/jpeg", 415),
        ("x.js", "Content-Type: application/x-javascript", 201),
        ("x.xml", "Content-Type: text/xml", 201),
        ("x.unknown", "Content-Type: text/plain", 201),
        ("scratch", "Content-Type: image/png", 201),
        ("x.txt", "Content-Language: de", 201),
        ("x.txt", "Content-Location: /kept/file.txt", 201),
        ("x.txt", "Content-Foo: bar", 201),
        ("x.txt", "X-Foo: bar", 201),
        ("x.txt", "Content-MD5: " + base64.b64encode(hashlib.md5(b"four").digest()).decode(), 201),
        ("x.txt", "Content-MD5: " + base64.b64encode(hashlib.md5(b"five").digest()).decode(), 400),
    ],
)
def test_fields_of_the_content(port: int, name: str, line: str, status: int) -> None:
    target = "/up/" + name
    reply = put(port, target, b"four", line)
    assert reply.status == status
    got = get(port, target)
    assert got.status == (200 if status == 201 else 404)
    assert not {b"x-foo", b"content-foo", b"content-location"} & {key for key, _ in got.fields}
    assert (reply.get("Accept-Encoding") is not None) == (status == 415 and "Encoding" in line)
    assert (reply.get("Accept") is not None) == (status == 415 and "Type" in line)
    if status == 201:
        assert delete(port, target).status == 204


def test_a_partial_put_leaves_the_file_alone(port: int) -> None:
    put(port, "/up/part.txt", b"0123456789")
    assert put(port, "/up/part.txt", b"abcd", "Content-Range: bytes 0-3/10").status == 400
    assert get(port, "/up/part.txt").body == b"0123456789"
    delete(port, "/up/part.txt")


def test_a_file_takes_the_place_of_a_choice_among_several(port: int, root: Path) -> None:
    """A page that is negotiated is there, whatever files it is made of (RFC 9110 9.3.4, 13.1.2, 15.5.6)."""
    for language in ("en", "de"):
        (root / "up" / f"choice.{language}.html").write_text(language)
    chosen = get(port, "/up/choice", "Accept-Language: de")
    tag = (chosen.get("ETag") or b"").decode()
    replaceable = b"GET, HEAD, PUT, OPTIONS"
    assert exchange(port, request("/up/choice", "OPTIONS")).get("Allow") == replaceable
    refused = delete(port, "/up/choice")
    assert (refused.status, refused.get("Allow")) == (405, replaceable)
    for line in ("If-None-Match: *", f"If-None-Match: {tag}", 'If-Match: "other"'):
        assert put(port, "/up/choice", b"mine", line, "Accept-Language: de").status == 412
    assert not (root / "up" / "choice").exists()
    assert put(port, "/up/choice", b"mine", f"If-Match: {tag}", "Accept-Language: de").status == 204
    assert get(port, "/up/choice").body == b"mine"
    assert delete(port, "/up/choice").status == 204
    assert get(port, "/up/choice", "Accept-Language: en").body == b"en"
