"""The lawful alternatives of the rules on codings, variants, Vary and cache fields that are easy to get wrong."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Verdict

Fields: TypeAlias = Mapping[str, str]
Server: TypeAlias = Callable[[str, Fields], bytes]

CATALOGUE = checks.load()
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
PASS, FAIL, UNCLEAR, ABSENT, WARNING = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_APPLICABLE,
    Verdict.WARNING,
)
TEXT = b"This is the whole of the notes, and it is long enough. " * 20
NOTES = Page("notes.txt", "text", TEXT)
TYPE = "Content-Type: text/plain; charset=utf-8"
CODED = "Content-Encoding: gzip"
ZIPPED = gzip.compress(TEXT, mtime=0)


def reply(status: int = 200, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def judged(id: str, server: Server, *pages: Page, spec: Spec = Spec.BOTH) -> Verdict:
    site = Site("localhost", 50000, "web", pages or (NOTES,), (), ())

    def player(probe: Probe) -> Exchange:
        line, *rest = probe.sent.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        received = server(line.split(" ")[1], fields)
        chunks = (Chunk(0.01, received),) if received else ()
        return Exchange(probe, chunks, Ending.OURS if received else Ending.CLOSED, NOW, 0.1, waited=2.0)

    return CATALOGUE[id].judge(Evidence(site, player, spec)).verdict


def always(*lines: str, body: bytes = TEXT) -> Server:
    return lambda _target, _fields: reply(200, *lines, body=body)


def coding(special: Callable[[str], bytes | None], *lines: str) -> Server:
    """A server that sends gzip where the word stands in Accept-Encoding, unless ``special`` has something else."""

    def server(_: str, fields: Fields) -> bytes:
        value = fields.get("accept-encoding", "")
        zipped = reply(200, TYPE, CODED, *lines, body=ZIPPED)
        return special(value) or (zipped if "gzip" in value else reply(200, TYPE, *lines, body=TEXT))

    return server


PLAIN = reply(200, TYPE, body=TEXT)
GZIP = reply(200, TYPE, CODED, body=ZIPPED)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(PLAIN, PASS), (reply(406), PASS), (reply(503), UNCLEAR), (GZIP, FAIL), (reply(400), FAIL)],
)
def test_a_coding_with_weight_zero_is_excluded(answer: bytes, verdict: Verdict) -> None:
    server = coding(lambda value: answer if "q=0" in value else None)
    assert judged("coding.q-zero-coding-not-used", server) is verdict


def test_what_exists_in_coded_form_only_may_come_so() -> None:
    assert judged("coding.q-zero-coding-not-used", lambda *_: GZIP) is ABSENT


@pytest.mark.parametrize(
    ("excluded", "capitals", "verdict"),
    [
        (PLAIN, PLAIN, PASS),
        (GZIP, PLAIN, WARNING),
        (PLAIN, reply(406), FAIL),
    ],
)
def test_codings_in_capitals(excluded: bytes, capitals: bytes, verdict: Verdict) -> None:
    answers = {
        "*, gzip;q=0": PLAIN,
        "*, GZIP;q=0": excluded,
        "GZIP": PLAIN,
        "GZIP, identity;q=0": capitals,
    }
    assert judged("coding.names-case-insensitive", coding(answers.get)) is verdict


def test_an_alias_need_not_show() -> None:
    disregards = coding(lambda value: PLAIN if "identity;q=0" in value else None)
    assert judged("coding.x-gzip-alias", disregards) is ABSENT
    assert judged("coding.x-gzip-alias", coding(lambda value: PLAIN if "x-gzip" in value else None)) is FAIL
    other_name = reply(200, TYPE, "Content-Encoding: x-gzip", body=ZIPPED)
    assert judged("coding.x-gzip-alias", coding(lambda value: other_name if "x-gzip" in value else None)) is PASS


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (PLAIN, PASS),
        (GZIP, PASS),
        (reply(200, "Content-Type: application/gzip", body=ZIPPED), PASS),  # another representation, and it says so
        (reply(200, TYPE, body=ZIPPED), FAIL),
        (reply(200, TYPE, "Content-Encoding: identity", body=ZIPPED), FAIL),
    ],
)
def test_a_compressed_text_says_so(answer: bytes, verdict: Verdict) -> None:
    assert judged("coding.applied-coding-declared", coding(lambda value: answer if value else None)) is verdict


def test_a_stale_compressed_copy_is_its_owners() -> None:
    half = reply(200, TYPE, CODED, body=gzip.compress(TEXT[:100]))
    server = coding(lambda value: half if value else None)
    stale = Page("notes.txt.gz", "other", gzip.compress(TEXT[:100]))
    fresh = Page("notes.txt.gz", "other", ZIPPED)
    assert judged("coding.decoded-equals-original", server) is FAIL
    assert judged("coding.decoded-equals-original", server, NOTES, fresh) is FAIL
    assert judged("coding.decoded-equals-original", server, NOTES, stale) is ABSENT


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(zlib.compress(TEXT), PASS), (zlib.compress(TEXT)[2:-4], FAIL), (ZIPPED, FAIL)],
)
def test_deflate(body: bytes, verdict: Verdict) -> None:
    def server(_: str, fields: Fields) -> bytes:
        deflated = fields.get("accept-encoding") == "deflate"
        return reply(200, TYPE, "Content-Encoding: deflate", body=body) if deflated else PLAIN

    assert judged("coding.deflate-is-zlib", server) is verdict
    assert judged("coding.deflate-is-zlib", lambda *_: PLAIN) is ABSENT


@pytest.mark.parametrize(
    ("lines", "body", "verdict"),
    [
        (["Content-Type: application/gzip"], ZIPPED, PASS),
        ([TYPE, "Content-Encoding: x-gzip"], ZIPPED, PASS),
        (["Content-Type: application/gzip", CODED], gzip.compress(ZIPPED), PASS),
        (["Content-Type: application/x-gzip", CODED], ZIPPED, FAIL),
    ],
)
def test_an_archive_is_labelled_once_for_each_packing(lines: list[str], body: bytes, verdict: Verdict) -> None:
    archive = Page("notes.txt.gz", "other", ZIPPED)
    assert judged("coding.media-type-is-of-decoded-data", always(*lines, body=body), archive) is verdict


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (["Vary: Accept-Encoding"], PASS),
        (["Vary: accept-language, ACCEPT-ENCODING"], PASS),
        (["Vary: *"], PASS),
        (["Cache-Control: no-store"], ABSENT),
        (["Cache-Control: private, max-age=60"], ABSENT),
        (["Cache-Control: max-age=0"], ABSENT),
        ([], FAIL),
        (["Vary: Accept"], FAIL),
        (["Cache-Control: max-age=60"], FAIL),
    ],
)
def test_vary_is_owed_where_caches_keep_a_reply(lines: list[str], verdict: Verdict) -> None:
    assert judged("negotiation.vary-on-cacheable-negotiated", coding(lambda _: None, *lines)) is verdict


def test_a_page_that_changes_by_itself_does_not_vary() -> None:
    count = iter(range(1000))

    def server(*_: object) -> bytes:
        return reply(200, TYPE, body=b"Visitor %d." % next(count))

    assert judged("negotiation.vary-on-cacheable-negotiated", server) is ABSENT


PLAIN_NOTE, HTML_NOTE = Page("n.txt", "text", b"A note."), Page("n.html", "html", b"<p>A note.</p>")


def choosing(choose: Callable[[str], str]) -> Server:
    """A server with a note in two types, of which ``choose`` names one by the value of Accept."""

    def server(target: str, fields: Fields) -> bytes:
        kind = target.rpartition(".")[2] if "." in target else choose(fields.get("accept", ""))
        page = {"html": HTML_NOTE, "txt": PLAIN_NOTE}.get(kind)
        lines = () if page is None else (f"Content-Type: text/{'html' if page is HTML_NOTE else 'plain'}",)
        return reply(200, *lines, body=page.content) if page else reply(406)

    return server


@pytest.mark.parametrize("id", ["negotiation.highest-q-type-preferred", "negotiation.q-anywhere-is-weight"])
def test_the_greater_weight(id: str) -> None:
    def first(value: str) -> str:
        return "txt" if value.startswith("text/plain") else "html"

    def last(value: str) -> str:
        return "txt" if value.rpartition(", ")[2].startswith("text/plain") else "html"

    def neither(value: str) -> str:
        return "none" if "," in value else first(value)

    for choose, verdict in ((first, FAIL), (last, PASS), (neither, UNCLEAR)):
        assert judged(id, choosing(choose), PLAIN_NOTE, HTML_NOTE) is verdict


@pytest.mark.parametrize(
    ("id", "line", "verdict"),
    [
        ("caching.warning-grammar", 'Warning: 299 - "Deprecated, really"', PASS),
        ("caching.warning-grammar", 'Warning: 199 host:80 "x" "Sun, 06 Nov 1994 08:49:37 GMT", 110 - "y"', PASS),
        ("caching.warning-grammar", 'Warning: 29 - "x"', FAIL),
        ("caching.pragma-grammar", 'Pragma: no-cache, x="a b"', PASS),
        ("caching.pragma-grammar", "Pragma: no-cache; x", FAIL),
        ("caching.age-grammar", "Age: 0", PASS),
        ("caching.age-grammar", "Age: 1, 2", FAIL),
        ("caching.expires-within-one-year", "Expires: Tue, 14 Nov 2000 22:13:20 GMT", PASS),
        ("caching.expires-within-one-year", "Expires: Thu, 14 Nov 2024 22:13:20 GMT", PASS),  # 366 days
        ("caching.expires-within-one-year", "Expires: Sat, 16 Nov 2024 22:13:20 GMT", FAIL),
        ("caching.no-cache-request-not-from-cache", "Age: 0", PASS),
        ("caching.no-cache-request-not-from-cache", "Age: 7", FAIL),
        ("caching.no-cache-request-not-from-cache", "Server: x", ABSENT),
        ("charset.non-latin1-labelled", "Content-Type: text/plain", ABSENT),  # the notes are ASCII
    ],
)
def test_fields_for_caches(id: str, line: str, verdict: Verdict) -> None:
    assert judged(id, always("Date: Tue, 14 Nov 2023 22:13:20 GMT", line)) is verdict


@pytest.mark.parametrize(
    ("media_type", "verdict"),
    [
        ("text/plain; charset=utf-8", PASS),
        ('text/plain; charset="UTF-8"', PASS),
        ("application/octet-stream", ABSENT),
        ("text/plain", FAIL),
        ("text/plain; charset=ISO-8859-1", FAIL),
    ],
)
def test_utf8_is_labelled(media_type: str, verdict: Verdict) -> None:
    page = Page("menu.txt", "text", "Café crème\n".encode())
    server = always(f"Content-Type: {media_type}", body=page.content)
    assert judged("charset.non-latin1-labelled", server, page) is verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(PLAIN, PASS), (reply(400), PASS), (reply(413), PASS), (b"", PASS), (reply(503), UNCLEAR), (reply(500), FAIL)],
)
def test_a_body_in_a_get_may_be_ignored_or_refused(answer: bytes, verdict: Verdict) -> None:
    def server(_: str, fields: Fields) -> bytes:
        return answer if "content-length" in fields else PLAIN

    assert judged("get.content-no-meaning", server) is verdict


def test_weights_are_judged_where_there_are_any() -> None:
    quoted = 'Accept: text/plain;x=";q=7", text/html;level=1;q=0.123'
    assert judged("negotiation.generated-qvalue-three-digits", always(quoted)) is PASS
    assert judged("negotiation.q-sent-last", always(quoted)) is PASS
    assert judged("negotiation.q-sent-last", always("Accept: text/html;q=0.5;level=1")) is FAIL
    assert judged("negotiation.generated-qvalue-three-digits", always("Accept: text/html")) is ABSENT
    assert judged("negotiation.generated-qvalue-three-digits", always("Accept-Encoding: gzip;q=1.001")) is FAIL
