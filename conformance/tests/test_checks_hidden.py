"""Rules on malformed fields, Host, whole URLs, limits and dates, over canned answers: what is lawful passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.grammar import format_date
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Verdict

CATALOGUE = checks.load()
PAGE = b"An ordinary page.\n"
ROOT = b"<html>page.txt</html>"
BEGAN = 1_800_000_000.0
WRITTEN = BEGAN - 30 * 86400
CLOSES, SILENCE = object(), object()

Answer = Callable[[bytes], object]


def reply(status: int, body: bytes = b"", *lines: str, version: str = "HTTP/1.1") -> bytes:
    head = [f"{version} {status} Reason", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def lax(sent: bytes) -> object:
    """A tiny server that looks at nothing but the target."""
    target = sent.split(b" ")[1] if sent.count(b" ") else b""
    path = re.sub(rb"^http://[^/?]+", b"", target).partition(b"?")[0]
    content = {b"/page.txt": PAGE, b"/": ROOT, b"": ROOT}.get(path)
    return reply(404) if content is None else reply(200, content)


def strict(sent: bytes) -> object:
    """One that refuses what is no field line, and every Host but one good one."""
    head = sent.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    good = all(re.fullmatch(rb"[A-Za-z0-9-]+:[^\0\r\n]*", line) for line in head)
    hosts = [line for line in head if line.lower().startswith(b"host:")]
    named = len(hosts) == 1 and re.fullmatch(rb"(?i)host:[ \t]*[a-z0-9.]*(:\d*)?|host: \[[0-9a-f:]+\](:\d*)?", hosts[0])
    return lax(sent) if good and named else reply(400)


def but(part: bytes, answer: object, otherwise: Answer = strict) -> Answer:
    """Another answer to requests that hold these octets."""
    return lambda sent: answer if part in sent else otherwise(sent)


def evidence_of(answer: Answer, spec: Spec = Spec.BOTH) -> Evidence:
    def play(probe: Probe) -> Exchange:
        said = answer(probe.sent)
        chunks = (Chunk(0.01, said),) if isinstance(said, bytes) else ()
        return Exchange(probe, chunks, Ending.SILENT if said is SILENCE else Ending.CLOSED, BEGAN, 0.3, waited=0.3)

    site = Site("127.0.0.1", 50000, "web", (Page("page.txt", "text", PAGE),), (), ())
    return Evidence(site, play, spec)


def verdict(rule: str, answer: Answer, spec: Spec = Spec.BOTH) -> Verdict:
    return CATALOGUE[rule].judge(evidence_of(answer, spec)).verdict


@pytest.mark.parametrize(
    "rule",
    [
        *("field.line-without-colon-400", "field.empty-name-400", "field.nontoken-name-400"),
        *("field.space-before-colon-400", "field.nul-cr-in-value-rejected", "field.fold-refused-or-joined"),
        *("message.bare-cr-rejected-or-space", "message.space-line-after-request-line", "host.duplicate-400"),
        *("host.invalid-400", "limits.header-too-large-4xx", "limits.target-too-long-414"),
        *("target.absolute-empty-path-is-root", "version.http10-request-served"),
    ],
)
def test_a_strict_server_passes(rule: str) -> None:
    assert verdict(rule, strict) is Verdict.PASS


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("field.line-without-colon-400", b"foo\r\n"),
        ("field.empty-name-400", b"\r\n: x"),
        ("field.nontoken-name-400", b"X(A)"),
        ("field.space-before-colon-400", b"X-A :"),
    ],
)
def test_a_bad_line_may_be_refused_in_several_ways(rule: str, part: bytes) -> None:
    for answer in (reply(400), reply(431), CLOSES):
        assert verdict(rule, but(part, answer)) is Verdict.PASS
    for answer in (reply(200, PAGE), reply(500), SILENCE):
        assert verdict(rule, but(part, answer)) is Verdict.FAIL


def test_a_blank_before_the_colon_is_not_redirected() -> None:
    assert verdict("field.space-before-colon-400", but(b"X-A :", reply(301))) is Verdict.FAIL


def test_nul_in_an_unused_field_may_be_served() -> None:
    assert verdict("field.nul-cr-in-value-rejected", but(b"X-A: a", reply(200, PAGE))) is Verdict.PASS
    assert verdict("field.nul-cr-in-value-rejected", but(b"X-A: a\0", reply(500))) is Verdict.FAIL


def test_nul_in_host_shows_only_where_a_bad_host_is_refused() -> None:
    rule = "field.nul-cr-in-value-rejected"
    assert verdict(rule, lax) is Verdict.PASS
    assert verdict(rule, but(b"\0x\r\n", reply(200, PAGE))) is Verdict.FAIL


@pytest.mark.parametrize(
    "rule",
    ["message.bare-cr-rejected-or-space", "message.space-line-after-request-line", "field.fold-refused-or-joined"],
)
def test_a_hidden_host_shows_nothing_where_host_is_optional(rule: str) -> None:
    assert verdict(rule, lax) in (Verdict.NOT_APPLICABLE, Verdict.PASS)


@pytest.mark.parametrize(
    ("rule", "hidden"),
    [
        ("message.bare-cr-rejected-or-space", b"\rHost:"),
        ("message.space-line-after-request-line", b"1.1\r\n Host:"),
        ("field.fold-refused-or-joined", b"one\r\n Host:"),
    ],
)
def test_a_hidden_host_is_no_host(rule: str, hidden: bytes) -> None:
    for answer in (reply(400), reply(403), CLOSES):
        assert verdict(rule, but(hidden, answer)) is Verdict.PASS
    assert verdict(rule, but(hidden, reply(200, ROOT))) is Verdict.FAIL


@pytest.mark.parametrize("rule", ["message.bare-cr-rejected-or-space", "version.http10-request-served"])
def test_a_root_that_is_not_served_hides_nothing(rule: str) -> None:
    assert verdict(rule, but(b" / HTTP", reply(404))) is Verdict.PASS


def test_a_folded_host_may_be_read_as_one() -> None:
    assert verdict("field.fold-refused-or-joined", but(b"Host:\r\n ", reply(200, ROOT))) is Verdict.PASS
    assert verdict("field.fold-refused-or-joined", but(b"Host:\r\n ", reply(500))) is Verdict.FAIL


def test_only_400_answers_a_bad_host() -> None:
    for rule, part in (("host.duplicate-400", b"example.invalid"), ("host.invalid-400", b"Host: a/b")):
        assert verdict(rule, but(part, reply(421))) is Verdict.FAIL
        assert verdict(rule, but(part, reply(503))) is not Verdict.FAIL


def test_a_server_of_http10_owes_no_400() -> None:
    for rule in ("host.duplicate-400", "host.invalid-400"):
        assert verdict(rule, lambda _: reply(200, PAGE, version="HTTP/1.0")) is Verdict.NOT_APPLICABLE


BARE = b"GET http://127.0.0.1:50000 "


def test_an_empty_path_may_be_refused_by_the_older_text() -> None:
    rule = "target.absolute-empty-path-is-root"
    refusing = but(b"http://127.0.0.1:50000 ", reply(400), but(b"50000?", reply(400)))
    assert verdict(rule, refusing) is Verdict.PASS
    assert verdict(rule, refusing, Spec.RFC9110) is Verdict.FAIL
    assert verdict(rule, but(BARE, reply(404))) is Verdict.WARNING
    assert verdict(rule, but(BARE, reply(500))) is Verdict.FAIL


def test_https_without_tls_is_a_note_where_a_gateway_may_be() -> None:
    rule = "target.https-on-plain-rejected"
    served = but(b"GET https://", reply(200, PAGE))
    assert verdict(rule, served, Spec.RFC9110) is Verdict.WARNING
    for answer in (reply(421), reply(400), reply(404), reply(301), CLOSES):
        assert verdict(rule, but(b"GET https://", answer), Spec.RFC9110) is Verdict.PASS


def test_what_is_too_large_may_be_served_refused_or_cut_off() -> None:
    for rule, part in (("limits.target-too-long-414", b"a" * 9000), ("limits.header-too-large-4xx", b"X-Long: aaa")):
        for answer in (reply(414), reply(431), reply(400), reply(404), reply(200, PAGE), CLOSES):
            assert verdict(rule, but(part, answer)) in (Verdict.PASS, Verdict.INCONCLUSIVE)
        for answer in (reply(500), SILENCE):
            assert verdict(rule, but(part, answer)) is Verdict.FAIL


def test_more_blanks_in_the_request_line_are_served_or_refused() -> None:
    rule = "request-line.extra-whitespace-tolerated"
    for answer in (reply(200, PAGE), reply(400), reply(501), CLOSES):
        assert verdict(rule, but(b"GET  ", answer, but(b"GET\t", answer))) is Verdict.PASS
    for answer in (reply(404), reply(200, ROOT), reply(500), SILENCE):
        assert verdict(rule, but(b"GET  ", answer)) is Verdict.FAIL


def test_http10_without_fields_may_be_refused_in_words_only() -> None:
    rule = "version.http10-request-served"
    for answer in (reply(200, ROOT), reply(400), reply(426), reply(505), reply(301)):
        assert verdict(rule, but(b" HTTP/1.0\r\n\r\n", answer)) is Verdict.PASS
    assert verdict(rule, but(b" HTTP/1.0\r\n\r\n", SILENCE)) is Verdict.FAIL


# -- dates ---------------------------------------------------------------------------------------------------------

DATES = ("date.three-formats-accepted", "date.asctime-read-as-gmt", "date.non-gmt-zone-conservative")


def dated(understood: Callable[[str], float | None]) -> Answer:
    """A server whose page has a date, and which compares with it what ``understood`` makes of a condition."""

    def answer(sent: bytes) -> object:
        asked = re.search(rb"If-Modified-Since: (.*)\r\n", sent)
        since = understood(asked[1].decode()) if asked else None
        hit = since is not None and since >= WRITTEN
        return reply(304 if hit else 200, b"" if hit else PAGE, f"Last-Modified: {format_date(WRITTEN)}")

    return answer


def readable(text: str) -> float | None:
    if "+" in text or not re.search(r"\d", text):
        return None
    return parsedate_to_datetime(text if text.endswith("GMT") else f"{text} GMT").timestamp()


def local(hours: int) -> Callable[[str], float | None]:
    """Dates without a zone as those of a zone so many hours west of Greenwich."""
    return lambda text: (readable(text) or 0) + (0 if "GMT" in text else hours * 3600)


def test_dates_are_understood_in_all_three_forms() -> None:
    assert [verdict(rule, dated(readable)) for rule in (*DATES, "date.rfc850-50-years")] == [Verdict.PASS] * 4


def test_a_server_that_compares_text_reads_no_dates() -> None:
    same = dated(lambda text: WRITTEN if text == format_date(WRITTEN) else None)
    assert verdict("date.three-formats-accepted", same) is Verdict.PASS  # its own date is no trouble to it
    assert [verdict(rule, same) for rule in DATES[1:]] == [Verdict.NOT_APPLICABLE] * 2


def test_a_server_that_ignores_conditions_is_not_judged() -> None:
    assert [verdict(rule, dated(lambda _: None)) for rule in DATES[1:]] == [Verdict.NOT_APPLICABLE] * 2


def test_old_forms_may_not_be_lost_nor_misread() -> None:
    modern = dated(lambda text: readable(text) if text.endswith("GMT") and "-" not in text else None)
    assert verdict("date.three-formats-accepted", modern) is Verdict.FAIL
    assert verdict("date.asctime-read-as-gmt", modern) is Verdict.NOT_APPLICABLE
    for hours in (5, -9):
        assert verdict("date.asctime-read-as-gmt", dated(local(hours))) is Verdict.FAIL


def test_a_zone_is_not_overlooked() -> None:
    blind = dated(lambda text: readable(text.replace("+0300", "GMT")))
    assert verdict("date.non-gmt-zone-conservative", blind) is Verdict.FAIL


# -- values in replies -----------------------------------------------------------------------------------------------


def said(rule: str, line: str, spec: Spec = Spec.BOTH) -> Verdict:
    """The verdict on a server all of whose replies have this line."""
    return verdict(rule, lambda _: reply(200, PAGE, line), spec)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("field.retry-after-grammar", ["120", "Fri, 15 Jan 2027 08:00:00 GMT"], ["1.5", "2 minutes", "PT30S", "-1"]),
        ("field.content-location-grammar", ["/a.html", "a%20b", "http://h/a?b"], ["a b", "C:\\a", "/a#b", "/\xe9"]),
        ("field.content-md5-grammar", ["XUFAKrxLKna5cZ2REBfFkg=="], ["5d41402abc4b2a76b9719d911017c592"]),
        ("field.content-md5-true", ["no-digest-at-all"], ["XUFAKrxLKna5cZ2REBfFkg=="]),
    ],
)
def test_values_have_their_form(rule: str, good: list[str], bad: list[str]) -> None:
    name = {"retry": "Retry-After", "content-l": "Content-Location", "content-m": "Content-MD5"}
    field = next(value for key, value in name.items() if key in rule)
    assert [said(rule, f"{field}: {value}") for value in good] == [Verdict.PASS] * len(good)
    assert [said(rule, f"{field}: {value}") for value in bad] == [Verdict.FAIL] * len(bad)
    assert said(rule, "X: y") is Verdict.NOT_APPLICABLE


def test_content_location_is_followed_as_a_client_would() -> None:
    rule = "field.content-location-true"
    assert said(rule, "Content-Location: elsewhere") is Verdict.PASS  # the same page, whatever is asked for
    assert said(rule, "Content-Location: http://other.invalid/x") is Verdict.NOT_APPLICABLE
    lost = but(b"GET /lost", reply(404), lambda _: reply(200, PAGE, "Content-Location: /lost"))
    assert verdict(rule, lost) is Verdict.FAIL
    guarded = but(b"GET /lost", reply(401), lambda _: reply(200, PAGE, "Content-Location: /lost"))
    assert verdict(rule, guarded) is Verdict.INCONCLUSIVE


def test_only_what_need_not_be_escaped_is_needlessly_escaped() -> None:
    rule = "field.no-needless-escapes"
    challenge = 'WWW-Authenticate: Basic realm="{}"'
    assert said(rule, challenge.format(r"a \"b\" \\ c")) is Verdict.PASS
    assert said(rule, challenge.format(r"a\ b")) is Verdict.FAIL
    assert said(rule, 'ETag: "a\\b"') is Verdict.NOT_APPLICABLE  # an opaque tag has no escapes


def test_lists_are_not_judged_where_nothing_shows_how_they_are_read() -> None:
    for rule in ("field.repeated-lines-are-one-list", "field.empty-list-elements-accepted"):
        assert verdict(rule, lax) is Verdict.NOT_APPLICABLE


def tagged(understood: Callable[[list[str]], bool]) -> Answer:
    """A server whose page has the tag "t", and which looks for it in the lines of If-None-Match."""

    def answer(sent: bytes) -> object:
        lines = [line.decode() for line in re.findall(rb"If-None-Match: (.*?)\r\n", sent)]
        hit = bool(lines) and understood(lines)
        return reply(304 if hit else 200, b"" if hit else PAGE, 'ETag: "t"')

    return answer


def test_tags_show_how_lists_are_read() -> None:
    rules = [f"field.{name}" for name in ("repeated-lines-are-one-list", "empty-list-elements-accepted")]
    rules.append("field.inner-whitespace-tolerated")
    whole = tagged(lambda lines: '"t"' in ",".join(lines))
    last = tagged(lambda lines: '"t"' in lines[-1])
    naive = tagged(lambda lines: '"t"' in ", ".join(lines).split(", "))
    exact = tagged(lambda lines: lines == ['"t"'])
    assert [verdict(rule, whole) for rule in rules] == [Verdict.PASS] * 3
    assert [verdict(rule, last) for rule in rules] == [Verdict.FAIL, Verdict.PASS, Verdict.PASS]
    assert [verdict(rule, naive) for rule in rules] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    stops = tagged(lambda lines: '"t"' in re.split(r",\s*(?=,)|^,", ",".join(lines))[0])
    assert [verdict(rule, stops) for rule in rules] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    assert [verdict(rule, exact) for rule in rules] == [Verdict.NOT_APPLICABLE] * 3
