"""Rules on how requests are read, over canned answers: lawful alternatives that are easy to get wrong; and the fuzz."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance import checks
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz import mutations
from conformance.fuzz.example import Example, Fate
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.within_checks import KINDS, OTHERS, SHRINKING, disorder, explore, misjudged
from conformance.grammar import PCHAR, TOKEN
from conformance.probe import Probe, Send
from conformance.site import MISSING, Page, Site
from conformance.verdict import Finding, Judgement, Verdict

CATALOGUE = checks.load()
PAGE = b"An ordinary page.\n"
OLD = b"What was there before.\n"
NEW = b"conformance suite: new content\n"
PAGES = {"/page.txt": PAGE, "/throwaway.txt": OLD, "/": b"<html>page.txt</html>"}
CLOSES, SILENCE, RESETS = object(), object(), object()
GOOD_TARGET = rf"/(?:{PCHAR}|/)*(?:\?(?:{PCHAR}|[/?])*)?"
GOOD_LINE = re.compile(rf"{TOKEN} (?:(?i:http)://[a-z.]+:\d+)?{GOOD_TARGET} HTTP/\d\.\d")

Answer = Callable[[bytes], object]


def reply(status: int, body: bytes = b"", *lines: str, version: str = "HTTP/1.1") -> bytes:
    head = [f"{version} {status} Reason", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def decent(sent: bytes) -> object:
    """What a small, strict server answers, one request a connection."""
    line = sent.split(b"\r\n")[0].decode("latin-1")
    if not GOOD_LINE.fullmatch(line) or not sent.endswith(b"\r\n\r\n"):
        return reply(400)
    method, target, _ = line.split()
    if not re.search(rb"(?i)\r\nhost:", sent):
        return reply(400)
    if method != "GET":
        return reply(501)
    content = PAGES.get(re.sub(r"(?i)^http://[^/]+", "", target).partition("?")[0])
    return reply(404) if content is None else reply(200, content)


def instead(start: bytes, answer: object, otherwise: Answer = decent) -> Answer:
    """Another answer to requests that begin like this."""
    return lambda sent: answer if sent.startswith(start) else otherwise(sent)


def played(probe: Probe, answer: object, *, at: float = 0.01, killed: bool = False) -> Exchange:
    ending = {CLOSES: Ending.CLOSED, SILENCE: Ending.SILENT, RESETS: Ending.RESET}.get(answer, Ending.CLOSED)
    chunks = (Chunk(at, answer),) if isinstance(answer, bytes) else ()
    return Exchange(probe, chunks, ending, began=1e9, ended=0.3, waited=0.3, killed=killed)


def evidence_of(answer: Answer, *, at: float = 0.01) -> Evidence:
    pages = (Page("page.txt", "text", PAGE), Page("throwaway.txt", "other", OLD))
    site = Site("localhost", 50000, "web", pages, (), ())
    return Evidence(site, lambda probe: played(probe, answer(probe.sent), at=at))


def judged(rule: str, answer: Answer, *, at: float = 0.01) -> Judgement:
    return CATALOGUE[rule].judge(evidence_of(answer, at=at))


def verdict(rule: str, answer: Answer, *, at: float = 0.01) -> Verdict:
    return judged(rule, answer, at=at).verdict


@pytest.mark.parametrize(
    "rule",
    [
        *("version.higher-minor-served", "version.malformed-refused", "request-line.malformed-rejected"),
        *("target.absolute-form-accepted", "target.invalid-uri-rejected", "host.missing-400", "method.unknown-501"),
        *("field.unknown-ignored", "field.whitespace-around-value-ignored", "error.malformed-request-400"),
        *("method.standard-semantics-kept", "connect.not-answered-as-get", "options.no-action-or-retrieval"),
        *("method.non-token-400", "request-line.whitespace-in-target-400-301", "target.no-leading-slash-rejected"),
        *("robustness.survives-garbage", "connection.survives-client-abort", "limits.request-line-8000"),
    ],
)
def test_a_decent_server_passes(rule: str) -> None:
    assert verdict(rule, decent) is Verdict.PASS


@pytest.mark.parametrize("answer", [reply(400), reply(418), reply(501), reply(505), reply(301), CLOSES, RESETS])
def test_octets_that_are_no_request_may_be_refused_in_many_ways(answer: object) -> None:
    assert verdict("error.malformed-request-400", instead(b"(((", answer)) is Verdict.PASS


@pytest.mark.parametrize("answer", [reply(200), reply(500), SILENCE, b"<html>Bad request</html>"])
def test_octets_that_are_no_request_are_not_served_nor_left_alone(answer: object) -> None:
    assert verdict("error.malformed-request-400", instead(b"(((", answer)) is Verdict.FAIL


def test_a_refusal_proves_nothing_without_a_control_that_is_served() -> None:
    for rule in ("error.malformed-request-400", "method.unknown-501", "target.no-leading-slash-rejected"):
        assert verdict(rule, lambda _: reply(403)) is Verdict.INCONCLUSIVE


def test_overload_proves_nothing() -> None:
    assert verdict("field.unknown-ignored", instead_if(b"X-Invented", reply(503))) is Verdict.INCONCLUSIVE


def instead_if(part: bytes, answer: object, otherwise: Answer = decent) -> Answer:
    """Another answer to requests that hold these octets."""
    return lambda sent: answer if part in sent else otherwise(sent)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(501), Verdict.PASS), (reply(405), Verdict.PASS), (reply(403), Verdict.PASS)),
        *((reply(200, PAGE), Verdict.FAIL), (reply(500), Verdict.FAIL), (CLOSES, Verdict.FAIL)),
    ],
)
def test_unknown_methods(answer: object, expected: Verdict) -> None:
    assert verdict("method.unknown-501", instead(b"BREW", answer)) is expected


def test_a_small_letter_get_may_be_dropped() -> None:
    assert verdict("method.case-sensitive", instead(b"get ", CLOSES)) is Verdict.PASS


@pytest.mark.parametrize("status", [400, 405, 404, 501])
def test_a_method_of_an_odd_form_may_be_refused_in_many_ways(status: int) -> None:
    odd = instead(b"M-SEARCH", reply(status), instead(b"x!y", reply(status)))
    assert verdict("method.extension-token-not-malformed", odd) is Verdict.PASS


class Storing:
    """A server that really stores what is put."""

    def __init__(self, *, seen: bool = True, status: int = 204) -> None:
        self.content = OLD
        self.seen = seen
        self.status = status

    def __call__(self, sent: bytes) -> object:
        if sent.startswith(b"PUT /throwaway.txt"):
            self.content = sent.partition(b"\r\n\r\n")[2] if self.seen else self.content
            return reply(self.status)
        return reply(200, self.content) if sent.startswith(b"GET /throwaway.txt") else decent(sent)


def test_a_put_that_stores_is_in_order_and_is_undone() -> None:
    server = Storing()
    assert verdict("method.standard-semantics-kept", server) is Verdict.PASS
    assert server.content == OLD


@pytest.mark.parametrize(("status", "expected"), [(200, Verdict.FAIL), (202, Verdict.PASS), (302, Verdict.PASS)])
def test_a_put_that_changes_nothing(status: int, expected: Verdict) -> None:
    assert verdict("method.standard-semantics-kept", Storing(seen=False, status=status)) is expected


@pytest.mark.parametrize("rule", ["method.standard-semantics-kept"])
def test_a_server_that_answers_everything_alike_breaks_the_root_rule(rule: str) -> None:
    assert verdict(rule, lambda _: reply(200, b"Always this page.")) is Verdict.FAIL


def test_without_a_file_to_write_to_connect_takes_the_root_rules_place() -> None:
    site = Site("localhost", 50000, "web", (Page("page.txt", "text", PAGE),), (), ())
    evidence = Evidence(site, lambda probe: played(probe, reply(204)))
    assert CATALOGUE["connect.not-answered-as-get"].judge(evidence).verdict is Verdict.FAIL
    assert CATALOGUE["method.standard-semantics-kept"].judge(evidence).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(405), Verdict.PASS), (CLOSES, Verdict.PASS), (reply(200), Verdict.PASS)),
        *((reply(200, PAGE), Verdict.FAIL), (SILENCE, Verdict.INCONCLUSIVE)),
    ],
)
def test_connect(answer: object, expected: Verdict) -> None:
    assert verdict("connect.not-answered-as-get", instead(b"CONNECT", answer)) is expected


def test_options_may_have_a_page_of_its_own() -> None:
    assert verdict("options.no-action-or-retrieval", instead(b"OPTIONS", reply(200, b"GET only"))) is Verdict.PASS
    assert verdict("options.no-action-or-retrieval", instead(b"OPTIONS", reply(200, PAGE))) is Verdict.FAIL


@pytest.mark.parametrize(
    ("lines", "expected"),
    [((), Verdict.FAIL), (("Allow:",), Verdict.PASS), (("Allow: GET",), Verdict.PASS)],
)
def test_allow_may_be_empty(lines: tuple[str, ...], expected: Verdict) -> None:
    assert verdict("error.405-has-allow", instead(b"POST", reply(405, b"", *lines))) is expected


def test_refusals_other_than_405_need_no_allow() -> None:
    assert verdict("error.405-has-allow", decent) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        *(("", Verdict.PASS), ("GET", Verdict.PASS), ("GET, LINK", Verdict.PASS)),
        *(("GET, POST", Verdict.FAIL), ("GET, HEAD", Verdict.FAIL)),
        ("GET, DELETE", Verdict.PASS),  # nothing is deleted where PUT cannot bring it back
    ],
)
def test_allow_may_be_short_but_not_false(allow: str, expected: Verdict) -> None:
    server = instead(b"POST", reply(405, b"", f"Allow: {allow}"))
    assert verdict("method.allow-lists-supported", server) is expected


@pytest.mark.parametrize("status", [400, 404, 421, 301, 200])
def test_a_host_without_the_port_may_be_foreign(status: int) -> None:
    assert verdict("host.valid-value-accepted", instead_if(b"Host: localhost\r\n", reply(status))) is Verdict.PASS


@pytest.mark.parametrize("answer", [CLOSES, reply(500)])
def test_no_good_host_makes_the_server_fail(answer: object) -> None:
    assert verdict("host.valid-value-accepted", instead_if(b"Host: [::1]", answer)) is Verdict.FAIL


def old_fashioned(sent: bytes) -> object:
    """A server of HTTP/1.0."""
    target = sent.split(b" ")[1].decode("latin-1")
    return reply(200 if target in PAGES else 404, PAGES.get(target, b""), version="HTTP/1.0")


@pytest.mark.parametrize("rule", ["host.missing-400", "target.absolute-form-accepted", "version.sent-highest-own"])
def test_a_server_of_http10_does_not_owe_what_came_with_http11(rule: str) -> None:
    assert verdict(rule, old_fashioned) is Verdict.NOT_APPLICABLE


def test_a_query_may_belong_to_the_name() -> None:
    lost = instead_if(b"?x=1", reply(404))
    assert verdict("target.origin-form-accepted", lost) is Verdict.INCONCLUSIVE
    assert verdict("target.origin-form-accepted", instead_if(b"?x=1", reply(400))) is Verdict.FAIL


def test_a_server_with_a_page_for_every_target_is_not_told_so_thrice() -> None:
    server = instead(b"GET ", reply(200, PAGE))
    assert verdict("target.no-leading-slash-rejected", server) is Verdict.FAIL
    assert verdict("target.asterisk-only-options", server) is Verdict.NOT_APPLICABLE
    assert verdict("target.asterisk-only-options", instead(b"GET *", reply(200, PAGE))) is Verdict.FAIL


@pytest.mark.parametrize("answer", [reply(404), reply(200), reply(301), reply(400)])
def test_a_target_that_is_no_uri_may_be_forgiven(answer: object) -> None:
    assert verdict("target.invalid-uri-rejected", instead(b"GET /%zz", answer)) is Verdict.PASS


@pytest.mark.parametrize("answer", [reply(500), CLOSES, SILENCE])
def test_a_target_that_is_no_uri_needs_an_answer(answer: object) -> None:
    assert verdict("target.invalid-uri-rejected", instead(b"GET /%zz", answer)) is Verdict.FAIL


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(200, PAGE), Verdict.PASS), (reply(413), Verdict.PASS), (RESETS, Verdict.INCONCLUSIVE)),
        *((CLOSES, Verdict.INCONCLUSIVE), (SILENCE, Verdict.FAIL), (reply(500), Verdict.FAIL)),
    ],
)
def test_a_body_in_a_get_may_be_refused(answer: object, expected: Verdict) -> None:
    assert verdict("message.undefined-body-ignored", instead_if(b"Content-Length: 5", answer)) is expected


def test_a_reply_before_the_empty_line_is_told_by_its_time() -> None:
    assert verdict("message.no-reply-before-head-complete", decent, at=0.1) is Verdict.FAIL
    assert verdict("message.no-reply-before-head-complete", decent, at=0.3) is Verdict.PASS


def test_a_page_that_tells_of_status_lines_is_one_reply() -> None:
    lesson = b"A reply begins so:\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n"
    assert verdict("message.one-final-reply-per-request", lambda _: reply(200, lesson)) is Verdict.PASS


@pytest.mark.parametrize(
    "body", [PAGE[:5] + b"HTTP/1.1 500 Oops\r\nServer: x\r\n\r\nsorry", b"HTTP/1.1 404 Not Found\r\n\r\n"]
)
def test_a_second_head_where_the_page_breaks_off_is_a_second_reply(body: bytes) -> None:
    assert verdict("message.one-final-reply-per-request", instead_if(b"/page.txt", reply(200, body))) is Verdict.FAIL


def test_a_server_on_which_no_field_has_an_effect_shows_nothing_of_field_names() -> None:
    blind = instead_if(b"HTTP/1.1\r\n\r\n", reply(200, PAGE))
    assert verdict("field.names-case-insensitive", blind) is Verdict.NOT_APPLICABLE
    assert verdict("field.names-case-insensitive", decent) is Verdict.PASS


@pytest.mark.parametrize(
    ("answer", "octets", "text"),
    [
        (reply(400), Verdict.PASS, Verdict.FAIL),
        (reply(200, PAGE), Verdict.PASS, Verdict.PASS),
        (CLOSES, Verdict.FAIL, Verdict.FAIL),
    ],
)
def test_octets_beyond_ascii(answer: object, octets: Verdict, text: Verdict) -> None:
    server = instead_if(b"\xff", answer)
    assert verdict("message.parsed-as-octets", server) is octets
    assert verdict("field.obs-text-opaque", server) is text


def test_a_death_is_found_in_what_others_have_played() -> None:
    evidence = evidence_of(decent)
    deadly = evidence.raw(b"GET /\0 HTTP/1.1\r\n\r\n")
    evidence.exchanges[deadly.probe] = played(deadly.probe, CLOSES, killed=True)
    judgement = CATALOGUE["robustness.survives-garbage"].judge(evidence)
    assert judgement.finding is not None
    assert judgement.finding.exchange.probe == deadly.probe
    assert CATALOGUE["connection.survives-client-abort"].judge(evidence).verdict is Verdict.PASS


# -- the fuzz --------------------------------------------------------------------------------------------------------


PLAIN = Request(b"GET", b"/", (FieldLine(b"Host", b"h"),))


def example_of(name: str, request: Request) -> Example:
    return Example(mutations.load()[name], request, PLAIN)


def test_every_kind_of_change_is_tried_in_every_run_and_alike() -> None:
    one, other = evidence_of(decent), evidence_of(decent)
    seen: list[str] = []

    def note(example: Example, exchange: Exchange) -> Finding | None:
        seen.append(example.mutation.name)
        return disorder(example, exchange)

    assert explore(one, note) is None
    assert explore(other, disorder) is None
    assert list(one.exchanges) == list(other.exchanges)
    assert list(dict.fromkeys(seen)) == list(KINDS)
    assert len(seen) <= (1 + OTHERS) * len(KINDS)


def test_examples_know_what_they_are() -> None:
    def check(example: Example, exchange: Exchange) -> Finding | None:
        line = example.data.split(b"\r\n")[0].decode("latin-1")
        if example.fate is Fate.SERVED:
            assert GOOD_LINE.fullmatch(line), example
            assert exchange.status == 200, example
        if example.fate is Fate.REFUSED:
            assert not GOOD_LINE.fullmatch(line), example
        return None

    assert explore(evidence_of(decent), check) is None


@pytest.mark.parametrize("answer", [b"What?", SILENCE, b"HTTP/1.1 400 Bad\r\nContent-Length: five\r\n\r\n"])
def test_a_disorderly_answer_is_found_and_made_small(answer: object) -> None:
    finding = explore(evidence_of(lambda sent: answer if b"%" in sent else decent(sent)), disorder)
    assert finding is not None
    line = finding.exchange.probe.sent.split(b"\r\n")[0]
    assert line.count(b"%") == 1


@pytest.mark.parametrize("answer", [CLOSES, RESETS, reply(200), reply(400), reply(404), reply(500), reply(503)])
def test_an_orderly_answer_may_be_any(answer: object) -> None:
    assert disorder(example_of("an unknown method", PLAIN), played(Probe(()), answer)) is None


def test_an_echoed_version_is_the_business_of_another_rule() -> None:
    asked = Probe((Send(b"GET / HTTP/1\r\n\r\n"),))
    odd = example_of("a broken version", PLAIN)
    for version, wrong in ((b"HTTP/1", False), (b"HTTP/2", True)):
        answer = version + b" 200 OK\r\nContent-Length: 0\r\n\r\n"
        assert (disorder(odd, played(asked, answer)) is not None) is wrong


def test_silence_is_lawful_where_a_strict_reader_waits_for_more() -> None:
    probe = Probe(())
    unfinished = example_of("a lone LF as empty line", replace(PLAIN, end=b"\n"))
    assert disorder(unfinished, played(probe, SILENCE)) is None


def test_a_hunt_ends_within_its_budget() -> None:
    evidence = evidence_of(lambda sent: b"What?" if b"%" in sent or b"X-" in sent else decent(sent))
    assert explore(evidence, disorder) is not None
    assert len(evidence.exchanges) <= (1 + OTHERS) * len(KINDS) + SHRINKING


def test_what_is_served_in_spite_of_a_fault_is_found() -> None:
    high = re.compile(rb"G[\x80-\xff]+T ")
    judgement = judged("method.non-token-400", lambda sent: reply(200, PAGE) if high.match(sent) else decent(sent))
    assert judgement.finding is not None
    assert high.match(judgement.finding.exchange.probe.sent)


def test_a_good_request_called_malformed_is_found() -> None:
    server = instead_if(b"\r\nX-Unknown-", reply(400))
    assert verdict("field.unknown-ignored", server) is Verdict.FAIL
    assert explore(evidence_of(instead_if(b"\r\nX-Unknown-", reply(404))), misjudged) is None


def test_an_error_without_a_status_line_is_found_once() -> None:
    bare = b"<html>Bad request</html>"
    for_long = instead(b"M" * 100, bare)
    assert verdict("robustness.survives-garbage", for_long) is Verdict.FAIL
    assert verdict("robustness.survives-garbage", instead(b"(((", bare, for_long)) is Verdict.PASS
    assert verdict("error.malformed-request-400", instead(b"(((", bare, for_long)) is Verdict.FAIL


def test_examples_that_cannot_be_had_leave_the_question_open() -> None:
    def player(probe: Probe) -> Exchange:
        if b"%" in probe.sent:
            raise NoEvidence("the recorded run does not hold this exchange")
        return played(probe, decent(probe.sent))

    evidence = Evidence(evidence_of(decent).site, player)
    with pytest.raises(NoEvidence):
        explore(evidence, disorder)


def test_the_missing_page_is_missing() -> None:
    assert evidence_of(decent).get(MISSING).status == 404


def repeating(sent: bytes) -> object:
    """A page that repeats the request with the client's port, as a student's third step may."""
    good = decent(sent)
    return reply(200, b"You sent: " + sent) if isinstance(good, bytes) and b" 200 " in good[:20] else good


@pytest.mark.parametrize(
    "rule", ["message.request-in-segments", "target.absolute-form-accepted", "field.unknown-ignored"]
)
def test_a_page_that_is_no_file_may_differ_each_time(rule: str) -> None:
    assert verdict(rule, repeating) is Verdict.PASS


def test_a_put_shows_nothing_where_the_old_content_was_never_served() -> None:
    server = instead(b"PUT", reply(200, b"put"), lambda sent: reply(200, sent))
    assert verdict("method.standard-semantics-kept", server) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(302), Verdict.INCONCLUSIVE), (reply(404), Verdict.INCONCLUSIVE), (reply(503), Verdict.INCONCLUSIVE)),
        *((reply(400), Verdict.FAIL), (reply(500), Verdict.FAIL), (CLOSES, Verdict.FAIL)),
    ],
)
def test_a_query_may_make_another_resource(answer: object, expected: Verdict) -> None:
    assert verdict("target.origin-form-accepted", instead_if(b"?", answer)) is expected


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_target_without_its_slash_may_be_corrected_by_a_redirect(status: int) -> None:
    assert verdict("target.no-leading-slash-rejected", instead(b"GET page", reply(status))) is Verdict.PASS


def test_a_server_may_hang_up_on_foreign_names_but_not_on_a_form() -> None:
    rule = "host.valid-value-accepted"
    assert (
        verdict(rule, lambda sent: decent(sent) if b"Host: localhost:50000\r\n" in sent else CLOSES) is not Verdict.FAIL
    )
    assert verdict(rule, instead_if(b"[::1]", CLOSES)) is Verdict.FAIL
    assert verdict(rule, lambda sent: decent(sent) if re.search(rb"Host: .*:\d", sent) else CLOSES) is Verdict.FAIL
