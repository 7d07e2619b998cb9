"""The passive rules on replies, judged on hand-made replies: what is lawful passes, what is broken is told once."""

from __future__ import annotations

import gzip
import zlib

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.grammar import format_date
from conformance.probe import Pause, Probe
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Verdict

PNG = b"\x89PNG\r\n\x1a\n and so on"
TEXT = "Ein Café.\n".encode()
PAGES = (
    Page("page.html", "html", b"<!DOCTYPE html><p>hello</p>"),
    Page("picture.png", "png", PNG),
    Page("text.txt", "text", TEXT),
    Page("notes.xyz", "other", b"what nobody knows"),
)
BEGAN = 1_800_000_000.0
DATE = b"Date: Fri, 15 Jan 2027 08:00:00 GMT"  # BEGAN
CATALOGUE = checks.load()
PASSIVE = [
    id
    for id, check in CATALOGUE.items()
    if check.judge.__module__.rpartition(".")[2]
    in ("field_lines", "field_space", "field_lists", "dates", "media_types", "charsets", "codings", "server_info")
    or check.judge.__module__.endswith((".cache_control", ".response_fields"))
]


def evidence(
    *lines: bytes,
    body: bytes = b"hello",
    status: bytes = b"200 OK",
    reply: bytes | None = None,
    spec: Spec = Spec.BOTH,
    host: str = "127.0.0.1",
    clock: float = 0.0,
    latency: float = 0.01,
    pages: tuple[Page, ...] = PAGES,
) -> Evidence:
    """A server that answers everything alike; a Date among ``lines`` is its own, otherwise a clock ``clock`` s off."""

    def play(probe: Probe) -> Exchange:
        paused = sum(action.seconds for action in probe.actions if isinstance(action, Pause))
        date = f"Date: {format_date(BEGAN + paused + clock)}".encode()
        dated = [] if any(line.startswith(b"Date") for line in lines) else [date]
        head = b"\r\n".join([b"HTTP/1.1 " + status, *dated, *lines, b"Content-Length: %d" % len(body), b"", b""])
        received = head + body if reply is None else reply
        at = paused + latency
        return Exchange(probe, (Chunk(at, received),), Ending.CLOSED, BEGAN, at + 0.01)

    return Evidence(Site(host, 80, "web", pages, (), ()), play, spec)


def verdict(rule: str, found: Evidence) -> Verdict:
    return CATALOGUE[rule].judge(found).verdict


def broken(found: Evidence, rules: list[str] = PASSIVE) -> list[str]:
    return [rule for rule in rules if verdict(rule, found) is Verdict.FAIL]


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Type: text/html;",
        b"Content-Type: text/html ; charset=utf-8",
        b'Content-Type: text/html; charset="utf-8"',
        b'Content-Type: text/x.y; title="a (b); c=d"'.replace(b"x.y", b"html"),
        b"Content-Type: application/vnd.my-own+json",
        b"Server: My Server v1.0",
        b"Server: (comment) first/1.0",
        b"Server: a/1.0(no blank) b / 2",
        b"Server: a/1.0 (nested (twice) and \\) escaped)",
        b"Connection:",
        b"Connection: Keep-Alive, Upgrade",
        b"Vary:",
        b"Vary: *, Accept",
        b"Allow:",
        b"Cache-Control:",
        b'Cache-Control: max-age = 60, private="Set-Cookie, X", ext=1',
        b'Cache-Control: max-age="60"',
        b"Content-Language: es-419, x-klingon",
        b'ETag: W/"abc"',
        b'ETag: "a b"',
        b'ETag: w/"abc"',
        b'ETag: ""',
        b"Accept-Ranges: none",
        b"Accept-Ranges: yes",
        b"X-Empty: ",
        b"X-Text: caf\xe9\tand tab",
        b"Set-Cookie: a=1\r\nSet-Cookie: b=2",
        b"Vary: Accept\r\nVary: Cookie",
        b"Last-Modified: Sat, 31 Dec 2016 23:59:60 GMT",
        b"Expires: Sun, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_lawful_fields_break_nothing(line: bytes) -> None:
    permitted = [id for id in PASSIVE if CATALOGUE[id].rule.permitted_by is None]
    assert broken(evidence(line), permitted) == []


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("2027-01-15T08:00:00Z", "date.imf-fixdate"),
        ("1800000000", "date.imf-fixdate"),
        ("Fri Jan 15 08:00:00 2027", "date.imf-fixdate"),
        ("Friday, 15-Jan-27 08:00:00 GMT", "date.imf-fixdate"),
        ("Fri 15 Jan 2027 08:00:00 GMT", "date.imf-fixdate"),
        ("Fri, 32 Jan 2027 08:00:00 GMT", "date.imf-fixdate"),
        ("", "date.imf-fixdate"),
        ("Fri, 15 Jan 2027 08:00:00 UTC", "date.gmt-literal"),
        ("Fri, 15 Jan 2027 08:00:00 -0000", "date.gmt-literal"),
        ("Fri, 15 Jan 2027 08:00:00", "date.gmt-literal"),
        ("Fri, 15 Jan 2027 08:00:00 gmt", "date.gmt-literal"),
        ("Friday, 15 January 2027 08:00:00 GMT", "date.names-exact"),
        ("fri, 15 jan 2027 08:00:00 GMT", "date.names-exact"),
        ("Пт, 15 Jan 2027 08:00:00 GMT", "date.names-exact"),
        ("Fri,  15 Jan 2027 08:00:00 GMT", "date.no-extra-space"),
        ("Fri,15 Jan 2027 08:00:00 GMT", "date.no-extra-space"),
        ("Fri, 15 Jan 2027 08:00:00GMT", "date.no-extra-space"),
        ("Fri, 1 Jan 2027 08:00:00 GMT", "date.day-two-digits"),
        ("Fri,  1 Jan 2027 08:00:00 GMT", "date.day-two-digits"),
        ("Fri, 15 Jan 27 08:00:00 GMT", "date.year-four-digits"),
        ("Fri, 15 Jan 2027 8:00:00 GMT", "date.time-of-day"),
        ("Fri, 15 Jan 2027 08:00 GMT", "date.time-of-day"),
        ("Fri, 15 Jan 2027 08:00:00 PM GMT", "date.time-of-day"),
        ("Fri, 15 Jan 2027 24:00:00 GMT", "date.time-of-day"),
        ("Fri, 15 Jan 2027 08:00:61 GMT", "date.time-of-day"),
        ("Thu, 15 Jan 2027 08:00:00 GMT", "date.weekday-true"),
        ("Fri, 15 Jan 2027 08:00:00 GMT (UTC)", "field.comment-only-where-defined"),
    ],
)
def test_a_date_that_is_wrong_in_one_way_is_told_once(value: str, rule: str) -> None:
    found = evidence(b"Date: " + value.encode("utf-8"))
    rules = [id for id in PASSIVE if id not in ("field.single-space-after-colon",)]
    assert broken(found, rules) == [rule]
    assert verdict("date.is-now", found) in (Verdict.BLOCKED, Verdict.FAIL)


def test_last_modified_and_expires_that_are_no_dates_have_rules_of_their_own() -> None:
    assert broken(evidence(b"Last-Modified: 1800000000")) == ["validator.last-modified-syntax"]
    assert broken(evidence(b"Expires: 0")) == ["caching.expires-is-http-date"]
    assert broken(evidence(b"Last-Modified: Fri, 01 Jan 2027 08:00:00 UTC")) == ["date.gmt-literal"]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"html", "media-type.grammar"),
        (b"", "media-type.grammar"),
        (b"text/html charset=utf-8", "media-type.grammar"),
        (b"text/html, text/plain", "media-type.grammar"),
        (b"text / html", "media-type.no-space-round-slash"),
        (b"text/html; charset = utf-8", "media-type.no-space-round-equals"),
        (b"text/html; utf-8", "media-type.parameter-grammar"),
        (b"text/html; charset:utf-8", "media-type.parameter-grammar"),
        (b'text/html; title="open', "media-type.parameter-grammar"),
        (b"text/html; charset=", "charset.token"),
        (b'text/html; charset="utf 8"', "charset.token"),
        (b"text/html; charset=utf8", "charset.registered"),
        (b"text/html (page)", "field.comment-only-where-defined"),
        (b"image/jpg", "media-type.registered"),
        (b"application/x-anything", "media-type.registered"),
        (b"picture/png", "media-type.registered"),
        (b"text/html;\tcharset=utf-8", "field.ows-single-space"),
    ],
)
def test_a_media_type_that_is_wrong_in_one_way_is_told_once(value: bytes, rule: str) -> None:
    assert broken(evidence(b"Content-Type: " + value)) == [rule]


def test_tags_and_ages_are_judged_by_the_generation_asked_for() -> None:
    assert verdict("validator.etag-syntax", evidence(b'ETag: "a b"', spec=Spec.RFC9110)) is Verdict.FAIL
    assert verdict("validator.etag-syntax", evidence(b'ETag: w/"a"', spec=Spec.RFC2616)) is Verdict.PASS
    assert verdict("validator.etag-syntax", evidence(b"ETag: abc")) is Verdict.FAIL
    quoted = b'Cache-Control: max-age="60"'
    assert verdict("caching.max-age-delta-seconds", evidence(quoted, spec=Spec.RFC9110)) is Verdict.FAIL


@pytest.mark.parametrize(
    ("clock", "rule"),
    [
        (0.0, None),
        (-4.0, None),
        (1.0, None),
        (-3600.0, "date.utc"),
        (3 * 3600.0, "date.utc"),
        (5.75 * 3600, "date.utc"),
        (-400.0, "date.is-now"),
        (-15 * 3600.0, "date.is-now"),
        (400.0, "date.not-in-future"),
    ],
)
def test_a_wrong_clock_is_told_once(clock: float, rule: str | None) -> None:
    found = evidence(clock=clock)
    failed = broken(found, ["date.utc", "date.is-now", "date.not-in-future"])
    assert failed == ([rule] if rule else [])


def test_a_slow_server_may_date_its_reply_when_it_is_asked_or_when_it_answers() -> None:
    for clock, failed in ((0.0, []), (6.0, []), (-6.0, ["date.is-now"]), (10.0, ["date.not-in-future"])):
        found = evidence(clock=clock, latency=6.0)
        assert broken(found, ["date.utc", "date.is-now", "date.not-in-future"]) == failed


def test_a_clock_elsewhere_has_five_minutes_and_no_zone() -> None:
    for clock, failed in ((-200.0, []), (200.0, []), (-3600.0, ["date.is-now"]), (3600.0, ["date.not-in-future"])):
        found = evidence(host="example.org", clock=clock)
        assert broken(found, ["date.utc", "date.is-now", "date.not-in-future"]) == failed
    assert verdict("date.utc", evidence(host="example.org")) is Verdict.INCONCLUSIVE


def test_a_date_that_stands_still_is_told_by_one_rule() -> None:
    found = evidence(DATE)
    assert broken(found, ["date.utc", "date.is-now", "date.not-in-future"]) == ["date.is-now"]
    assert CATALOGUE["date.not-in-future"].judge(found).blocked_by == "date.is-now"
    assert verdict("date.is-now", evidence(DATE, b"Age: 9")) is Verdict.NOT_APPLICABLE  # a cache has kept it


def test_a_date_in_a_damaged_line_is_told_by_the_rule_on_that_line() -> None:
    nameless = evidence(reply=b"HTTP/1.1 200 OK\r\nFri, 15 Jan 2027 08:00:00 GMT\r\nContent-Length: 0\r\n\r\n")
    assert verdict("field.line-name-colon-value", nameless) is Verdict.FAIL
    assert CATALOGUE["date.present"].judge(nameless).blocked_by == "field.line-name-colon-value"
    without = evidence(reply=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert verdict("date.present", without) is Verdict.FAIL
    error = evidence(reply=b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
    assert verdict("date.present", error) is not Verdict.FAIL


def test_lines_of_a_body_are_not_judged_as_fields() -> None:
    found = evidence(reply=b"HTTP/1.1 200 OK\r\nServer: mine\r\n<p>a b: c</p>\r\n")
    assert verdict("field.name-token", found) is Verdict.BLOCKED


def test_what_is_no_field_line_is_not_judged_for_its_blanks() -> None:
    assert broken(evidence(b"Date=Fri, 15 Jan 2027 08:00:00 GMT")) == ["field.name-token"]


@pytest.mark.parametrize(
    ("line", "spec", "failed"),
    [
        (b"HTTP/1.10 200 OK", Spec.BOTH, []),
        (b"HTTP/1.10 200 OK", Spec.RFC9110, ["version.sent-format"]),
        (rb"HTTP/1.1 200 OK\r\n", Spec.BOTH, ["status-line.crlf"]),
        (rb"HTTP/1.1 200 OK\r\nServer: mine", Spec.BOTH, ["status-line.crlf"]),
        (rb"HTTP/1.1 404 no C:\new.txt", Spec.BOTH, []),
    ],
)
def test_the_first_line(line: bytes, spec: Spec, failed: list[str]) -> None:
    rules = [
        id
        for id, check in CATALOGUE.items()
        if check.judge.__module__.endswith((".status_line", ".version_in_replies"))
    ]
    assert broken(evidence(reply=line + b"\r\nContent-Length: 0\r\n\r\n", spec=spec), rules) == failed


def test_an_indented_head_is_one_fault() -> None:
    found = evidence(reply=b"HTTP/1.1 200 OK\r\n  Server: mine\r\n  Content-Length: 0\r\n\r\n")
    assert broken(found) == ["message.no-space-line-after-status-line"]


def test_what_the_older_generation_permits_is_marked_so() -> None:
    for line, rule in (
        (b"X-Name : value", "field.no-space-before-colon-sent"),
        (b"X-Name: a\r\n b", "field.no-folding-sent"),
        (b"Allow: GET,, HEAD", "field.no-empty-list-elements-sent"),
    ):
        assert broken(evidence(line)) == [rule]
        assert CATALOGUE[rule].rule.permitted(Spec.BOTH)


def test_codings_are_undone_to_see_whether_they_are_there() -> None:
    rule = "coding.label-matches-body"
    label = b"Content-Encoding: gzip"
    body = gzip.compress(b"hello")
    assert verdict(rule, evidence(label, body=body + gzip.compress(b"again"))) is Verdict.PASS
    assert verdict(rule, evidence(label, body=body[:-4])) is Verdict.FAIL
    assert verdict(rule, evidence(label, body=b"hello")) is Verdict.FAIL
    assert verdict(rule, evidence(b"Content-Encoding: deflate", body=zlib.compress(b"hello"))) is Verdict.PASS
    assert verdict(rule, evidence(b"Content-Encoding: br", body=b"\x0b\x02")) is Verdict.INCONCLUSIVE
    assert verdict(rule, evidence(b"Content-Encoding: utf-8")) is Verdict.FAIL
    assert broken(evidence(b"Content-Encoding: utf-8")) == [rule]
    assert broken(evidence(b"Content-Encoding: identity")) == ["coding.no-identity-in-content-encoding"]


@pytest.mark.parametrize(
    ("kind", "body", "verdict_wanted"),
    [
        (b"image/png", PNG, Verdict.PASS),
        (b"application/octet-stream", PNG, Verdict.PASS),
        (b"application/x-unheard-of", PNG, Verdict.PASS),
        (b"text/html", PNG, Verdict.FAIL),
        (b"image/jpeg", PNG, Verdict.FAIL),
        (b"text/plain", TEXT, Verdict.PASS),
        (b"text/markdown", TEXT, Verdict.PASS),
        (b"text/html", TEXT, Verdict.FAIL),
        (b"text/html", b"<p>a fragment</p>", Verdict.NOT_APPLICABLE),
        (b"text/html", b"404 Not Found", Verdict.NOT_APPLICABLE),
        (b"text/plain", PAGES[0].content, Verdict.PASS),
        (b"text/plain", b"<!doctype html><p>made by the server", Verdict.FAIL),
        (b"image/svg+xml", b"<svg/>", Verdict.PASS),
        (b"image/png", b"<svg/>", Verdict.FAIL),
    ],
)
def test_only_a_type_that_the_octets_contradict_is_wrong(kind: bytes, body: bytes, verdict_wanted: Verdict) -> None:
    assert verdict("media-type.content-type-true", evidence(b"Content-Type: " + kind, body=body)) is verdict_wanted


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (Page("index.html", "html", b"Hello, world"), b"text/html"),
        (Page("songs.m3u", "other", b"song.mp3"), b"audio/mpegurl"),
    ],
)
def test_a_file_whose_name_and_octets_differ_shows_nothing(page: Page, kind: bytes) -> None:
    found = evidence(b"Content-Type: " + kind, body=page.content, pages=(page,))
    assert verdict("media-type.content-type-true", found) is Verdict.NOT_APPLICABLE


def test_a_text_file_may_hold_signs_of_markup() -> None:
    page = Page("signs.txt", "text", b"< and > are only signs")
    for kind, wanted in ((b"text/plain", Verdict.PASS), (b"text/html", Verdict.FAIL)):
        found = evidence(b"Content-Type: " + kind, body=page.content, pages=(page,))
        assert verdict("media-type.content-type-true", found) is wanted


def test_a_type_may_be_missing_where_the_server_need_not_know_it() -> None:
    rule = "media-type.content-type-sent"
    assert verdict(rule, evidence()) is Verdict.FAIL
    assert verdict(rule, evidence(body=b"")) is Verdict.NOT_APPLICABLE
    assert CATALOGUE[rule].judge(evidence(b"Content Type: text/html")).blocked_by == "field.name-token"


def test_single_octet_charsets_cannot_be_disproved() -> None:
    rule = "charset.label-true"
    for label, wanted in ((b"utf-8", Verdict.PASS), (b"iso-8859-1", Verdict.PASS), (b"us-ascii", Verdict.FAIL)):
        assert verdict(rule, evidence(b"Content-Type: text/plain; charset=" + label, body=TEXT)) is wanted


def test_an_interim_status_alone_is_no_answer() -> None:
    rule = "status.1xx-never-final"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert verdict(rule, evidence(reply=interim)) is Verdict.FAIL
    assert verdict(rule, evidence(reply=interim + final)) is Verdict.PASS
    assert verdict("expect.no-100-without-expectation", evidence(reply=interim + final)) is Verdict.FAIL
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert verdict("expect.no-100-without-expectation", evidence(reply=hints + final)) is Verdict.PASS


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_a_file_time_after_the_reply_is_seen_whatever_the_date_says(status: int) -> None:
    rule = "validator.last-modified-not-after-date"
    future, past = (format_date(BEGAN + seconds).encode() for seconds in (3600, -3600))
    code = b"%d Some phrase" % status
    assert verdict(rule, evidence(b"Last-Modified: " + future, status=code)) is Verdict.FAIL
    assert verdict(rule, evidence(b"Last-Modified: " + past, status=code)) is Verdict.PASS
    stopped = b"Date: Sun, 06 Nov 1994 08:49:37 GMT"
    assert verdict(rule, evidence(stopped, b"Last-Modified: " + past, status=code)) is Verdict.PASS
