"""Variants of a page: which one is sent to whom, and what the reply says of the choice (RFC 9110 12)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import urljoin

import pytest

from reference_server import Server, SiteSettings
from reference_server.semantics import media_types, negotiation
from reference_server.semantics.media_types import Description
from reference_server.semantics.negotiation import UNMENTIONED
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Reply, exchange, request

FILES = {
    "page.html.en": "<p>English</p>",
    "page.html.de": "<p>Deutsch</p>",
    "page.html.en-US": "<p>American</p>",
    "mixed.html": "<p>mixed</p>",
    "mixed.txt": "mixed",
    "mixed.json": '"mixed"',
    "both.en.html": "<p>English</p>",
    "both.de.html": "<p>Deutsch</p>",
    "both.en.txt": "English",
    "char.txt.utf8": "caf\u00e9",
    "char.txt.latin1": "caf\u00e9",
    "single.html": "<p>alone</p>",
    "same.txt.en": "the same",
    "same.txt.de": "the same",
    "plain.txt": "plain",
    "plain.txt.de": "deutsch",
    "region.en-US.html": "<p>American</p>",
    "region.en.html": "<p>English</p>",
    "source.py.html": "not to be confused",
    "source.html.py": "print('Content-Type: text/plain\\n\\nprogram')",
    "backup.html.old": "old",
    "backup.html~": "old",
    "folder/index.html.en": "<p>English index</p>",
    "folder/index.html.de": "<p>deutscher Index</p>",
    "a b/caf\u00e9.html.en": "<p>coffee</p>",
    "a b/caf\u00e9.html.de": "<p>Kaffee</p>",
    "notype.en": "?",
    "notype.de": "?",
    "long.html.en": "<p>English</p>" * 200,
    "long.html.de": "<p>Deutsch</p>" * 200,
}


@pytest.fixture(scope="module")
def variants_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("variants")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "latin-1" if name.endswith("latin1") else "utf-8")
        os.utime(path, (time.time() - 3600,) * 2)
    (root / "hidden").mkdir()
    (root / "hidden" / ".page.html.en").write_text("hidden")
    (root / "link.html.en").symlink_to("page.html.en")
    (root / "dir.html.en").mkdir()
    return root


@pytest.fixture(scope="module")
def variants(start_server: StartServer, variants_root: Path) -> Server:
    return start_server(SiteSettings(str(variants_root), languages=("en", "de")))


def get(server: Server, target: str, *lines: str, method: str = "GET") -> Reply:
    return exchange(server.port, request(target, method, *lines), method)


@pytest.mark.parametrize(
    ("target", "line", "chosen"),
    [
        ("/page", "", "page.html.en"),
        ("/page.html", "", "page.html.en"),
        ("/page.html", "Accept-Language: de", "page.html.de"),
        ("/page.html", "Accept-Language: DE", "page.html.de"),
        ("/page.html", "Accept-Language: de-AT", "page.html.de"),
        ("/page.html", "Accept-Language: de-AT, en;q=0.9", "page.html.de"),
        ("/page.html", "Accept-Language: en;q=0.5, de;q=0.6", "page.html.de"),
        ("/page.html", "Accept-Language: en;q=0.501, de;q=0.5", "page.html.en"),
        ("/page.html", "Accept-Language: en, de", "page.html.en"),
        ("/page.html", "Accept-Language: EN-us", "page.html.en-US"),
        ("/page.html", "Accept-Language: en;q=0.8, en-us;q=0.2, de;q=0.5", "page.html.en"),
        ("/page.html", "Accept-Language: *, en;q=0, en-us;q=0", "page.html.de"),
        ("/page.html", "Accept-Language: en;q=0", "page.html.de"),
        ("/page.html", "Accept-Language: *;q=0.1, de;q=0.2", "page.html.de"),
        ("/page.html", "Accept-Language: fr", "page.html.en"),
        ("/page.html", "Accept-Language: fr, *", "page.html.en"),
        ("/page.html", "Accept-Language:", "page.html.en"),
        ("/page.html", "Accept-Language: ,, ;q=1, de;q=x", "page.html.en"),
        ("/page.html", "Accept: image/png", "page.html.en"),
        ("/mixed", "", "mixed.html"),
        ("/mixed", "Accept: */*", "mixed.html"),
        ("/mixed", "Accept: text/plain", "mixed.txt"),
        ("/mixed", "Accept: TEXT/PLAIN", "mixed.txt"),
        ("/mixed", "Accept: text/html;q=0.2, text/plain", "mixed.txt"),
        ("/mixed", "Accept: text/html;Q=0.1, text/plain;Q=0.9", "mixed.txt"),
        ("/mixed", "Accept: text/html ; q=0.5 , text/plain", "mixed.txt"),
        ("/mixed", "Accept: text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "mixed.html"),
        ("/mixed", "Accept: text/*;q=0.3, application/*;q=0.4", "mixed.json"),
        ("/mixed", "Accept: text/*;q=0, */*", "mixed.json"),
        ("/mixed", "Accept: text/html;level=1, text/plain;q=0.5", "mixed.txt"),
        ("/mixed", "Accept: text/plain;charset=utf-8", "mixed.txt"),
        ("/mixed", "Accept: text/html;q=0.1;charset=UTF-8, text/plain;q=0.5", "mixed.txt"),
        ("/mixed", 'Accept: image/png;x="a,text/plain,b", text/html', "mixed.html"),
        ("/mixed", "Accept: application/json;q=0.001", "mixed.json"),
        ("/both", "Accept: text/html;q=0.5, text/plain;q=0.4\r\nAccept-Language: en;q=0.5, de;q=0.4", "both.en.html"),
        ("/both", "Accept: text/plain, text/html;q=0.1\r\nAccept-Language: de, en;q=0.5", "both.en.txt"),
        ("/both.html", "Accept-Language: de", None),
        ("/both.de", "", "both.de.html"),
        ("/region", "Accept-Language: en", "region.en.html"),
        ("/region", "Accept-Language: en-US, en;q=0.9", "region.en-US.html"),
        ("/both", "Accept: text/html\r\nAccept-Language: en-GB, *;q=0.5", "both.en.html"),
        ("/char.txt", "Accept-Charset: iso-8859-1", "char.txt.latin1"),
        ("/char.txt", "Accept-Charset: UTF-8, iso-8859-1;q=0.5", "char.txt.utf8"),
        ("/char.txt", "Accept-Charset: utf-8;q=0, *", "char.txt.latin1"),
        ("/single", "", "single.html"),
        ("/single", "Accept: image/png", "single.html"),
        ("/plain.txt", "Accept-Language: de", None),
        ("/folder/", "Accept-Language: de", "folder/index.html.de"),
        ("/a%20b/caf%C3%A9", "Accept-Language: de", "a b/caf\u00e9.html.de"),
        ("/source", "", None),
        ("/source.html", "", None),
        ("/source.py", "", None),
        ("/backup.html", "", None),
        ("/backup", "", None),
        ("/notype", "", None),
        ("/hidden/.page", "", None),
        ("/hidden/.page.html", "", None),
        ("/link.html", "", None),
        ("/dir.html", "", None),
        ("/page.", "", None),
        ("/.page", "", None),
        ("/page/", "", None),
        ("/page.html/more", "", None),
        ("/page.htm", "", None),
    ],
)
def test_the_choice(variants: Server, variants_root: Path, target: str, line: str, chosen: str | None) -> None:
    reply = get(variants, target, *line.split("\r\n")) if line else get(variants, target)
    if chosen is None:
        assert reply.get("Content-Location") is None
        assert (reply.status, reply.body) in ((404, reply.body), (200, b"plain"))
        return
    assert reply.status == 200
    assert reply.body == (variants_root / chosen).read_bytes()
    location = urljoin("http://localhost" + target, (reply.get("Content-Location") or b"").decode())
    direct = get(variants, location.removeprefix("http://localhost"))
    assert direct.body == reply.body
    for name in ("Content-Type", "Content-Language", "Last-Modified", "Accept-Ranges"):
        assert direct.get(name) == reply.get(name)


@pytest.mark.parametrize(
    ("target", "vary"),
    [
        ("/page.html", b"Accept-Language, Accept-Encoding"),
        ("/page", b"Accept-Language, Accept-Encoding"),
        ("/mixed", b"Accept, Accept-Encoding"),
        ("/both", b"Accept, Accept-Language, Accept-Encoding"),
        ("/char.txt", b"Accept-Charset, Accept-Encoding"),
        ("/single", b"Accept-Encoding"),
        ("/folder/", b"Accept-Language, Accept-Encoding"),
        ("/page.html.de", b"Accept-Encoding"),
    ],
)
def test_vary_names_what_the_choice_was_made_by(variants: Server, target: str, vary: bytes) -> None:
    for line in ("X: y", "Accept-Language: de", "Accept: text/plain, */*;q=0.1", "Accept-Charset: iso-8859-1"):
        assert get(variants, target, line).get("Vary") == vary


def test_what_a_variant_says_of_itself(variants: Server) -> None:
    reply = get(variants, "/page.html", "Accept-Language: de")
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert reply.get("Content-Language") == b"de"
    assert get(variants, "/char.txt.latin1").get("Content-Type") == b"text/plain; charset=iso-8859-1"
    assert get(variants, "/char.txt.utf8").get("Content-Type") == b"text/plain; charset=utf-8"
    assert get(variants, "/page.html", "Accept-Language: en-US").get("Content-Language") == b"en-US"
    assert get(variants, "/mixed.txt").get("Content-Language") is None


def test_variants_have_tags_of_their_own(variants: Server) -> None:
    tags = [get(variants, "/same.txt", f"Accept-Language: {tag}").get("ETag") for tag in ("en", "de")]
    assert len(set(tags)) == 2
    for target in ("/page.html", "/long.html"):
        seen = {
            get(variants, target, f"Accept-Language: {language}", f"Accept-Encoding: {coding}").get("ETag")
            for language in ("en", "de")
            for coding in ("identity", "gzip")
        }
        assert len(seen) == (4 if target == "/long.html" else 2)


def test_conditions_and_ranges_are_about_the_variant(variants: Server) -> None:
    german = "Accept-Language: de"
    plain = get(variants, "/page.html", german)
    tag = (plain.get("ETag") or b"").decode()
    reply = get(variants, "/page.html", german, f"If-None-Match: {tag}")
    assert reply.status == 304
    for name in ("ETag", "Vary", "Content-Location"):
        assert reply.get(name) == plain.get(name)
    assert reply.get("Content-Language") is None
    assert get(variants, "/page.html", "Accept-Language: en", f"If-None-Match: {tag}").status == 200
    reply = get(variants, "/page.html", german, "Range: bytes=3-9")
    assert (reply.status, reply.body) == (206, b"Deutsch")
    for name in ("ETag", "Vary", "Content-Location", "Content-Language", "Content-Type"):
        assert reply.get(name) == plain.get(name)
    reply = get(variants, "/page.html", german, "Range: bytes=3-9", f"If-Range: {tag}")
    assert (reply.status, reply.get("Content-Language")) == (206, None)
    assert reply.get("Content-Location") == plain.get("Content-Location")


def test_head_and_options(variants: Server) -> None:
    got, head = (get(variants, "/both", "Accept-Language: de", method=method) for method in ("GET", "HEAD"))
    assert [pair for pair in head.fields if pair[0] != b"date"] == [pair for pair in got.fields if pair[0] != b"date"]
    assert get(variants, "/both", method="OPTIONS").get("Allow") == b"GET, HEAD, OPTIONS"
    reply = get(variants, "/both", method="POST")
    assert (reply.status, reply.get("Allow")) == (405, b"GET, HEAD, OPTIONS")
    assert get(variants, "/nothing", method="OPTIONS").status == 404


@pytest.mark.parametrize(
    ("target", "line", "vary"),
    [
        ("/mixed", "Accept: image/png", b"Accept"),
        ("/mixed", "Accept: */*;q=0", b"Accept"),
        ("/mixed", "Accept: text/*;q=0, application/json;q=0.000, image/*", b"Accept"),
        ("/page.html", "Accept-Language: *;q=0", b"Accept-Language"),
        ("/page.html", "Accept-Language: fr, en;q=0, de;q=0.0", b"Accept-Language"),
        ("/char.txt", "Accept-Charset: *;q=0", b"Accept-Charset"),
        ("/both", "Accept: text/html\r\nAccept-Language: *;q=0", b"Accept, Accept-Language"),
    ],
)
def test_nothing_acceptable(variants: Server, target: str, line: str, vary: bytes) -> None:
    reply = get(variants, target, *line.split("\r\n"))
    assert (reply.status, reply.get("Vary")) == (406, vary)
    assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert reply.body.count(b"<a href=") == len([name for name in FILES if f"/{name}".startswith(target + ".")])
    assert get(variants, target, *line.split("\r\n"), method="HEAD").status == 406


def test_no_coding_acceptable(variants: Server) -> None:
    reply = get(variants, "/page.html", "Accept-Encoding: identity;q=0")
    assert (reply.status, reply.get("Vary")) == (406, b"Accept-Language, Accept-Encoding")


def test_new_and_vanished_variants_are_seen_at_once(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path)
    server.site.clock = lambda: int(time.time()) + 100
    asked = "Accept-Language: de, en;q=0.5"
    assert get(server, "/page", asked).status == 404
    (tmp_path / "page.html.en").write_text("English")
    assert get(server, "/page", asked).body == b"English"
    (tmp_path / "page.html.de").write_text("Deutsch")
    assert get(server, "/page", asked).body == b"Deutsch"
    (tmp_path / "page.html.de").write_text("DEUTSCH")
    assert get(server, "/page", asked).body == b"DEUTSCH"
    (tmp_path / "page.html.de").unlink()
    assert get(server, "/page", asked).body == b"English"
    (tmp_path / "page").write_text("itself")
    assert get(server, "/page", asked).body == b"itself"


def test_the_order_of_languages_is_a_setting(start_server: StartServer, variants_root: Path) -> None:
    server = start_server(SiteSettings(str(variants_root), languages=("de",)))
    assert get(server, "/page.html").body == b"<p>Deutsch</p>"
    assert get(server, "/page.html", "Accept-Language: en;q=0.9, de;q=0.9").body == b"<p>Deutsch</p>"
    assert get(server, "/page.html", "Accept-Language: en, de;q=0.9").body == b"<p>English</p>"


def test_it_can_be_switched_off(start_server: StartServer, variants_root: Path) -> None:
    server = start_server(SiteSettings(str(variants_root), negotiate=False))
    for target in ("/page", "/page.html", "/single"):
        assert get(server, target).status == 404
    assert b"Index of" in get(server, "/folder/").body
    assert get(server, "/page.html.de").get("Content-Type") == b"application/octet-stream"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"page.html", Description(b"text/html")),
        (b"page.html.de", Description(b"text/html", b"de")),
        (b"page.de.html", Description(b"text/html", b"de")),
        (b"page.html.de.latin1", Description(b"text/html", b"de", b"iso-8859-1")),
        (b"page.de-AT.utf8.html", Description(b"text/html", b"de-AT", b"utf-8")),
        (b"de.html", Description(b"text/html")),
        (b"archive.tar.gz", Description(b"application/gzip")),
        (b"jquery.ui.js", Description(b"text/javascript")),
        (b"page.html.bak", Description(media_types.UNKNOWN)),
        (b"notes.de", Description(media_types.UNKNOWN)),
        (b"name", Description(media_types.UNKNOWN)),
    ],
)
def test_what_names_say(name: bytes, expected: Description) -> None:
    assert media_types.describe(name) == expected


@pytest.mark.parametrize(
    ("media_type", "parameter", "weight"),
    [
        (b"text/plain", b"format=flowed", 1000),
        (b"text/plain", b"", 700),
        (b"text/html", b"", 300),
        (b"image/jpeg", b"", 500),
        (b"text/plain", b"format=fixed", 400),
        (b"text/html", b"level=3", 300),
    ],
)
def test_precedence_of_media_ranges(media_type: bytes, parameter: bytes, weight: int) -> None:
    accept = b'text/*;q=0.3, text/plain;q=0.7, text/plain;format="flowed", text/plain;format=fixed;q=0.4, */*;q=0.5'
    name, _, value = parameter.partition(b"=")
    parameters = frozenset([(name, value)] if name else [])
    assert negotiation.weight_of_type(accept, media_type, parameters) == weight


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (b"", 1000), (b";q=1", 1000), (b";q=1.000", 1000), (b";q=0.001", 1), (b";q=0.5", 500),
        (b";q=0.25;x=y", UNMENTIONED), (b";x=y;q=0.3", UNMENTIONED), (b" ; Q=0.125", 125), (b";q=0", 0),
        (b";q=0.", 0), (b";q=0.000", 0), (b";q=0.0004", 1), (b';q="0.5"', 500), (b";q=0.1;q=0.9", 100), (b";", 1000),
    ],
)  # fmt: skip
def test_weights(value: bytes, weight: int) -> None:
    assert negotiation.weight_of_type(b"a/b" + value + b", c/d", b"a/b") == weight


@pytest.mark.parametrize("value", [b";q=2", b";q=-1", b";q=.5", b";q=", b";q=a", b';x="unended', b" b", b'"'])
def test_what_cannot_be_read_says_nothing(value: bytes) -> None:
    assert negotiation.weight_of_type(b"c/d, a/b" + value, b"a/b") == UNMENTIONED
    assert negotiation.weight_of_type(b"a/b" + value, b"a/b") == negotiation.FULL


@pytest.mark.parametrize(
    "value", [b"a;" * 30_000, b'"' * 60_000, b'a"\\' * 20_000, b'a;b="' + b"\\a" * 30_000, b"a" + b" " * 60_000 + b"x"]
)
def test_long_values_are_read_in_one_pass(value: bytes) -> None:
    assert negotiation.weight_of_type(value, b"text/html") in (negotiation.FULL, UNMENTIONED)
