"""Content codings: who gets gzip, and what the reply says of it (RFC 9110 8.4, 12.5.3)."""

from __future__ import annotations

import gzip
import os
import time
import zlib
from pathlib import Path

import pytest

from reference_server import Config, Server, SiteSettings
from reference_server.semantics import negotiation
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Reply, exchange, request

TEXT = b"".join([b"line %d of a text that repeats itself\n" % number for number in range(2000)])
LONG_AGO = time.time() - 3600


@pytest.fixture(scope="module")
def coded_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coded")
    (root / "page.html").write_bytes(TEXT)
    (root / "small.txt").write_bytes(b"short\n")
    (root / "noise.txt").write_bytes(os.urandom(4096))
    (root / "huge.txt").write_bytes(TEXT * 15)
    (root / "picture.png").write_bytes(TEXT)
    (root / "style.css").write_bytes(b"/* the original */\n")
    (root / "style.css.gz").write_bytes(gzip.compress(b"/* the original */\n"))
    (root / "old.css").write_bytes(TEXT)
    (root / "old.css.gz").write_bytes(gzip.compress(b"out of date"))
    (root / "large.json").write_bytes(TEXT * 30)
    (root / "large.json.gz").write_bytes(gzip.compress(TEXT * 30, 0))
    (root / "linked.css").write_bytes(b"/* linked */\n")
    (root / "linked.css.gz").symlink_to("style.css.gz")
    for path in root.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    os.utime(root / "old.css", (LONG_AGO + 60, LONG_AGO + 60))
    return root


@pytest.fixture(scope="module")
def coded_server(start_server: StartServer, coded_root: Path) -> Server:
    return start_server(coded_root)


def get(server: Server, target: str, accept: str | None, *lines: str, method: str = "GET") -> Reply:
    fields = lines if accept is None else (f"Accept-Encoding: {accept}", *lines)
    return exchange(server.port, request(target, method, *fields), method)


def without(reply: Reply, *names: bytes) -> list[tuple[bytes, bytes]]:
    return [pair for pair in reply.fields if pair[0] not in names]


@pytest.mark.parametrize(
    "accept",
    [
        "gzip", "GZIP", "x-gzip", "gzip, deflate, br", "gzip;q=0.5", "deflate, *", "gzip;q=0.001, identity;q=0",
        "identity;q=0, *",
    ],
)  # fmt: skip
def test_text_is_compressed_for_those_who_accept_it(coded_server: Server, accept: str) -> None:
    plain, coded = get(coded_server, "/page.html", None), get(coded_server, "/page.html", accept)
    assert coded.get("Content-Encoding") == b"gzip"
    assert gzip.decompress(coded.body) == plain.body == TEXT
    assert len(coded.body) < len(TEXT) // 2
    assert coded.get("Content-Length") == str(len(coded.body)).encode()
    assert coded.get("ETag") != plain.get("ETag")
    changed = (b"date", b"etag", b"content-encoding", b"content-length")
    assert without(coded, *changed) == without(plain, *changed)
    assert plain.get("Vary") == b"Accept-Encoding"


@pytest.mark.parametrize(
    "accept",
    [
        None, "", "identity", "deflate", "br", "gzip;q=0", "GZIP;Q=0", "x-gzip;q=0.000", "*;q=0, identity",
        "gzip;q=0, *", "gzip;q=0.5, identity", "identity;q=1, *;q=0", "gzip;q=high", "gzip;q=2", "gzip2", ",,",
    ],
)  # fmt: skip
def test_text_is_sent_plain_to_all_others(coded_server: Server, accept: str | None) -> None:
    reply = get(coded_server, "/page.html", accept)
    assert (reply.status, reply.body) == (200, TEXT)
    assert reply.get("Content-Encoding") is None
    assert reply.get("Vary") == b"Accept-Encoding"


@pytest.mark.parametrize(
    "accept", ["identity;q=0", "*;q=0", "br, identity;q=0", "gzip;q=0, *;q=0", "identity;q=0, gzip;q=0"]
)
def test_nothing_is_sent_to_those_who_refuse_everything(coded_server: Server, accept: str) -> None:
    reply = get(coded_server, "/page.html", accept)
    assert (reply.status, reply.get("Vary")) == (406, b"Accept-Encoding")
    assert b"gzip" in reply.body
    assert get(coded_server, "/picture.png", accept).body == TEXT


def test_what_is_not_compressed(coded_server: Server, coded_root: Path) -> None:
    for name in ("small.txt", "noise.txt", "huge.txt", "picture.png"):
        reply = get(coded_server, "/" + name, "gzip")
        assert reply.body == (coded_root / name).read_bytes()
        assert reply.get("Content-Encoding") is None
        assert reply.get("Vary") == (None if name == "picture.png" else b"Accept-Encoding")
    reply = get(coded_server, "/small.txt", "gzip, identity;q=0")
    assert (reply.get("Content-Encoding"), gzip.decompress(reply.body)) == (b"gzip", b"short\n")


@pytest.mark.parametrize("name", ["style.css", "large.json"])
def test_a_file_made_beforehand(coded_server: Server, coded_root: Path, name: str) -> None:
    plain, coded = get(coded_server, "/" + name, None), get(coded_server, "/" + name, "gzip")
    assert coded.body == (coded_root / (name + ".gz")).read_bytes()
    assert coded.get("Content-Encoding") == b"gzip"
    assert coded.get("Content-Type") == plain.get("Content-Type")
    assert coded.get("ETag") != plain.get("ETag")
    assert get(coded_server, "/" + name, "gzip", method="HEAD").fields[1:] == coded.fields[1:]


def test_an_outdated_file_is_not_used(coded_server: Server) -> None:
    reply = get(coded_server, "/old.css", "gzip")
    assert gzip.decompress(reply.body) == TEXT


def test_a_link_is_not_used(coded_server: Server) -> None:
    assert get(coded_server, "/linked.css", "gzip").body == b"/* linked */\n"


def test_a_direct_request_for_the_compressed_file(coded_server: Server, coded_root: Path) -> None:
    for accept in (None, "gzip", "identity"):
        reply = get(coded_server, "/style.css.gz", accept)
        assert reply.body == (coded_root / "style.css.gz").read_bytes()
        assert reply.get("Content-Type") == b"application/gzip"
        assert reply.get("Content-Encoding") is None


@pytest.mark.parametrize("target", ["/page.html", "/style.css", "/large.json", "/small.txt"])
def test_head_is_get_without_the_body(coded_server: Server, target: str) -> None:
    got, head = get(coded_server, target, "gzip"), get(coded_server, target, "gzip", method="HEAD")
    assert without(head, b"date") == without(got, b"date")
    assert head.body == b""


@pytest.mark.parametrize("target", ["/page.html", "/style.css", "/large.json"])
def test_conditions_are_about_the_coded_form(coded_server: Server, target: str) -> None:
    plain, coded = get(coded_server, target, None), get(coded_server, target, "gzip")
    tag = (coded.get("ETag") or b"").decode()
    hit = get(coded_server, target, "gzip", f"If-None-Match: {tag}")
    assert (hit.status, hit.get("ETag"), hit.get("Vary")) == (304, coded.get("ETag"), b"Accept-Encoding")
    assert hit.get("Content-Encoding") is None
    assert get(coded_server, target, None, f"If-None-Match: {tag}").body == plain.body
    failed = get(coded_server, target, None, f"If-Match: {tag}")
    assert (failed.status, failed.get("Vary")) == (412, b"Accept-Encoding")


@pytest.mark.parametrize("target", ["/page.html", "/style.css", "/large.json"])
def test_ranges_count_in_coded_octets(coded_server: Server, target: str) -> None:
    coded = get(coded_server, target, "gzip")
    part = get(coded_server, target, "gzip", "Range: bytes=3-19")
    assert (part.status, part.body) == (206, coded.body[3:20])
    assert part.get("Content-Range") == b"bytes 3-19/%d" % len(coded.body)
    for name in ("ETag", "Content-Encoding", "Content-Type", "Vary", "Last-Modified"):
        assert part.get(name) == coded.get(name)
    beyond = get(coded_server, target, "gzip", f"Range: bytes={len(coded.body)}-")
    assert (beyond.status, beyond.get("Content-Range")) == (416, b"bytes */%d" % len(coded.body))
    several = get(coded_server, target, "gzip", "Range: bytes=0-1,5-9")
    assert several.get("Content-Encoding") == b"gzip"
    assert coded.body[5:10] in several.body


def test_a_change_is_seen_at_once(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path)
    server.site.clock = lambda: int(time.time()) + 100
    file = tmp_path / "page.html"
    seen = set()
    for number in range(3):
        content = TEXT + b"%d" % number
        file.write_bytes(content)
        for _ in range(2):
            reply = get(server, "/page.html", "gzip")
            assert gzip.decompress(reply.body) == content
            seen.add(reply.get("ETag"))
    assert len(seen) == 3
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(b"beside"))
    assert gzip.decompress(get(server, "/page.html", "gzip").body) == b"beside"
    (tmp_path / "page.html.gz").unlink()
    assert gzip.decompress(get(server, "/page.html", "gzip").body) == content


def test_each_file_is_compressed_once(
    start_server: StartServer, coded_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, compressed = start_server(coded_root), []
    original = zlib.compress

    def recording(content: bytes, level: int, wbits: int) -> bytes:
        compressed.append(content)
        return original(content, level, wbits)

    monkeypatch.setattr(zlib, "compress", recording)
    # Files count as settled some seconds after their last change.
    server.site.clock = lambda: int(time.time()) + 100
    for number in range(3):
        get(server, "/page.html", "gzip", f"X-Number: {number}")
        get(server, "/noise.txt", "gzip", f"X-Number: {number}")
    assert len(compressed) == 2


def test_the_memory_for_files_is_bounded(start_server: StartServer, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_bytes(os.urandom(700).hex().encode())
    server = start_server(tmp_path, Config(cached_files=4, cached_file_size=2000))
    server.site.clock = lambda: int(time.time()) + 100
    for number in range(20):
        for accept in (None, "gzip"):
            assert get(server, f"/{number}.txt", accept).status == 200
    cache = server.site.cache
    kept = [len(facts.content or b"") for _, facts in cache._files.values()]
    assert len(kept) <= 4
    assert sum(kept) == cache.octets <= 8000


def test_it_can_be_switched_off(start_server: StartServer, coded_root: Path) -> None:
    server = start_server(SiteSettings(str(coded_root), compress=False))
    for accept in (None, "gzip", "identity;q=0"):
        reply = get(server, "/page.html", accept)
        assert (reply.status, reply.body) == (200, TEXT)
        assert reply.get("Vary") is None
    assert get(server, "/style.css", "gzip").body == b"/* the original */\n"


@pytest.mark.parametrize(
    ("accept", "gzip_weight", "identity_weight"),
    [
        (None, negotiation.UNMENTIONED, 1000),
        (b"", negotiation.UNMENTIONED, negotiation.UNMENTIONED),
        (b"gzip", 1000, negotiation.UNMENTIONED),
        (b"gzip;q=1.0, identity; q=0.5, *;q=0", 1000, 500),
        (b"*", 1000, negotiation.UNMENTIONED),
        (b"*;q=0", 0, 0),
        (b"*;q=0, identity;q=0.001", 0, 1),
        (b"x-gzip;q=0.25, gzip;q=0.125", 250, negotiation.UNMENTIONED),
    ],
)
def test_weights_of_codings(accept: bytes | None, gzip_weight: int, identity_weight: int) -> None:
    assert negotiation.weight_of_gzip(accept) == gzip_weight
    assert negotiation.weight_of_identity(accept) == identity_weight
