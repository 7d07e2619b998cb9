"""The properties of the fuzz, each shown to hold and to fail by octets written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st

from conformance import checks
from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz import properties
from conformance.fuzz.example import Example, Fate, Mutation
from conformance.fuzz.message import Chunked, FieldLine, Request
from conformance.fuzz.properties import Breach, Case, Controls, aftermath, breaches
from conformance.probe import Probe
from conformance.response import Framing

HOST = FieldLine(b"Host", b"localhost:50000")
PLAIN = Request(b"GET", b"/page.txt", (HOST,))
OTHER = Request(b"GET", b"/other.txt", (HOST,))
TAG = b'"one"'
CHANGED = b"Sun, 06 Nov 1994 08:49:37 GMT"
CONTENT = b"hello world\n"
FIELDS = b"Content-Type: text/plain\r\nETag: " + TAG + b"\r\nLast-Modified: " + CHANGED + b"\r\n"
CHANGE = Mutation("a change", "field.unknown-ignored", Fate.SERVED, lambda plain, _: st.just(plain))
REJECT = replace(CHANGE, fate=Fate.REFUSED)
MAYBE = replace(CHANGE, fate=Fate.EITHER)
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


def reply(content: bytes = CONTENT, status: bytes = b"200 OK", fields: bytes = FIELDS) -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(content) + content


GOOD = reply()
BAD = reply(b"no\n", b"400 Bad Request", b"Connection: close\r\n")
PART = reply(CONTENT[2:5], b"206 Partial Content", b"Content-Range: bytes 2-4/12\r\n")
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nETag: " + TAG + b"\r\n\r\n"


def exchange_of(probe: Probe, received: bytes, ending: Ending = Ending.OURS) -> Exchange:
    return Exchange(probe, (Chunk(0.0, received),) if received else (), ending, 0.0, 0.0, waited=1.0)


def serving(*pages: tuple[bytes, bytes]) -> Callable[[Probe], Exchange]:
    """A server that answers every request of a connection by the first of these whose mark it holds, or by GOOD."""
    table = [*pages, (b"/other.txt", reply(b"another page\n"))]

    def play(probe: Probe) -> Exchange:
        heads = [head for head in probe.sent.split(b"\r\n\r\n") if head]
        answers = [next((answer for mark, answer in table if mark in head), GOOD) for head in heads]
        return exchange_of(probe, b"".join(answers))

    return play


def judged(
    received: bytes,
    request: Request = PLAIN,
    mutation: Mutation = CHANGE,
    *,
    ending: Ending = Ending.OURS,
    before: tuple[Request, ...] = (),
    after: tuple[Request, ...] = (),
    plain: Request = PLAIN,
    server: Callable[[Probe], Exchange] | None = None,
    recent: tuple[Example, ...] = (),
) -> list[str]:
    """The rules that are broken if ``received`` answers the example."""
    example = Example(mutation, request, plain, before, after)
    case = Case(example, exchange_of(example.probe, received, ending), Controls(server or serving()), recent)
    return names(breaches(case))


def names(found: Iterable[Breach]) -> list[str]:
    told = list(found)
    assert all(each.finding.message.endswith(".") and each.finding.expected for each in told)
    return list(dict.fromkeys(each.rule for each in told))


def asking(name: bytes, value: bytes, method: bytes = b"GET") -> Request:
    return replace(PLAIN, method=method).adding(FieldLine(name, value))


def test_every_rule_that_is_named_is_in_the_catalogue() -> None:
    catalogue = checks.load()
    folder = Path(properties.__file__).parent
    named = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r'"([a-z][a-z0-9-]*\.[a-z0-9]+(?:-[a-z0-9]+)+)"', path.read_text("utf-8"))
    }
    assert len(named) > 50
    assert named <= set(catalogue), named - set(catalogue)


@pytest.mark.parametrize(
    ("received", "rule"),
    [
        (b"<p>hello</p>", "message.response-structure"),
        (b"debug\n" + GOOD, "status-line.first-octets"),
        (GOOD.replace(b"OK\r\n", b"OK\n"), "status-line.crlf"),
        (GOOD.replace(b"plain\r\n", b"plain\n"), "field.line-crlf"),
        (GOOD.replace(b"200 OK", b"200 O\rK"), "status-line.no-cr-lf-inside"),
        (GOOD.replace(b"plain\r\n", b"plain\r\r\n"), "message.no-bare-cr-sent"),
        (b"HTTP/1.1 200 OK\r\nServer: mine\r\n<p>hello</p>", "message.empty-line-ends-header-section"),
        (GOOD.replace(b"\r\n\r\n", b"\r\n \r\n"), "message.empty-line-ends-header-section"),
        (GOOD.replace(b"ETag", b"stray\r\nETag"), "field.line-name-colon-value"),
        (GOOD.replace(b"ETag", b" folded\r\nETag"), "field.no-folding-sent"),
        (GOOD.replace(b"ETag:", b"ETag :"), "field.no-space-before-colon-sent"),
        (GOOD.replace(b"ETag:", b"E@ag:"), "field.name-token"),
        (GOOD.replace(b"text/plain", b"text/plain\0"), "field.no-control-octets-sent"),
        (GOOD.replace(b"Length: 12", b"Length: 12 octets"), "framing.content-length-grammar"),
        (GOOD.replace(b"HTTP/1.1 200", b"HTTP/1.1  200"), "status-line.single-spaces"),
        (GOOD.replace(b"HTTP/1.1 200 OK", b"200 OK HTTP/1.1"), "status-line.element-order"),
        (GOOD.replace(b"HTTP/1.1 200", b"HTTP/1.1 2000"), "status-line.code-three-digits"),
        (GOOD.replace(b"HTTP", b"http"), "version.sent-name-capitals"),
        (GOOD.replace(b"HTTP/1.1", b"HTTP/01.1"), "version.sent-no-leading-zeros"),
        (GOOD.replace(b"HTTP/1.1", b"HTTP/1"), "version.sent-format"),
        (GOOD.replace(b"ETag", b"\r\n", 1).replace(b"\r\n", b"\r\n ", 1), "message.no-space-line-after-status-line"),
        (GOOD.replace(b"Length: 12", b"Length: 13"), "framing.content-length-exact"),
        (GOOD.replace(b"Length: 12", b"Length: 10"), "framing.content-length-exact"),
        (GOOD[:-3], "connection.no-close-mid-response"),
        (CHUNKED + b"c\r\nhello world\n\r\n", "chunked.last-chunk-sent"),
        (CHUNKED + b"x\r\nhello world\n\r\n0\r\n\r\n", "framing.transfer-encoding-truthful"),
        (CHUNKED + b"c\r\nhello world\n0\r\n\r\n", "chunked.data-crlf-sent"),
        (CHUNKED + b"c\r\nhello world\n\r\n0\r\n", "chunked.final-crlf-sent"),
    ],
)
def test_a_reply_in_bad_form_breaks_the_rule_of_its_fault(received: bytes, rule: str) -> None:
    assert judged(received, ending=Ending.CLOSED)[0] == rule


def test_good_replies_break_nothing() -> None:
    assert judged(GOOD) == []
    assert (
        judged(CHUNKED.replace(b"\r\n\r\n", b"\r\nETag: " + TAG + b"\r\n\r\n") + b"c\r\nhello world\n\r\n0\r\n\r\n")
        == []
    )
    unframed = b"HTTP/1.1 200 OK\r\n" + FIELDS + b"\r\n" + CONTENT
    assert judged(unframed, ending=Ending.CLOSED) == []
    assert judged(b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD) == []
    assert judged(GOOD[:-3], ending=Ending.RESET) == []


def test_a_reply_that_does_not_end_is_a_breach() -> None:
    unframed = b"HTTP/1.1 200 OK\r\n" + FIELDS + b"\r\n" + CONTENT
    assert judged(unframed, ending=Ending.SILENT) == ["framing.length-or-close"]
    assert judged(GOOD[:-3], ending=Ending.SILENT) == ["framing.content-length-exact"]


def test_octets_between_replies_belong_to_the_rule_of_the_reply_before() -> None:
    extra = GOOD + b"junk" + GOOD
    assert judged(extra, before=(PLAIN,)) == ["framing.content-length-exact"]
    assert judged(GOOD + b"\r\n" + GOOD, before=(PLAIN,)) == []
    head = replace(PLAIN, method=b"HEAD")
    assert judged(GOOD, head)[0] == "head.no-body"
    assert judged(BAD, head)[0] == "head.no-body"
    assert judged(BAD, head, server=serving((b"GET", BAD))) == []  # it calls all malformed, and has not read the method
    assert judged(UNCHANGED + b"not modified", asking(b"If-None-Match", TAG)) == ["conditional.304-has-no-body"]


def test_what_is_no_http_any_more_is_left_alone() -> None:
    tunnel = replace(PLAIN, method=b"CONNECT", target=b"localhost:1")
    assert judged(b"HTTP/1.1 200 OK\r\n\r\n\0\1", tunnel, MAYBE, ending=Ending.SILENT) == []
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n\0\0"
    assert judged(switch, asking(b"Upgrade", b"h2c"), ending=Ending.SILENT) == []
    simple = replace(PLAIN, version=b"", gaps=(b" ", b""))
    assert judged(b"<p>hello</p>", simple, MAYBE, ending=Ending.CLOSED) == []
    assert judged(GOOD + b"<p>hello</p>", simple, MAYBE, ending=Ending.CLOSED, before=(PLAIN,)) == []
    assert judged(GOOD + GOOD[:-3] + b"?", simple, MAYBE, ending=Ending.SILENT, before=(PLAIN,)) != []


def test_a_malformed_request_may_be_answered_by_a_close_but_not_by_a_bare_page() -> None:
    assert judged(b"", mutation=REJECT, ending=Ending.CLOSED) == []
    assert judged(b"<p>bad request</p>", mutation=REJECT, ending=Ending.CLOSED) == ["robustness.survives-garbage"]


def test_the_replies_that_were_found_good_are_not_looked_at_again() -> None:
    controls = Controls(serving())
    example = Example(CHANGE, PLAIN, PLAIN)
    dated = GOOD.replace(b"OK\r\n", b"OK\r\nDate: %s\r\n")
    for second in range(5):
        moment = b"Sun, 06 Nov 1994 08:49:3%d GMT" % second
        case = Case(example, exchange_of(example.probe, dated.replace(b"%s", moment)), controls)
        assert not list(breaches(case))
    assert len(controls.sound) == 1


def test_silence_is_wrong_only_where_the_request_is_finished() -> None:
    assert judged(b"", mutation=REJECT, ending=Ending.SILENT) == ["field.unknown-ignored"]
    assert judged(b"", ending=Ending.SILENT) == ["field.unknown-ignored"]
    unfinished = replace(MAYBE, finished=False)
    assert judged(b"", mutation=unfinished, ending=Ending.SILENT) == []
    assert judged(GOOD, mutation=unfinished, ending=Ending.SILENT, before=(PLAIN,)) == []
    assert judged(b"", mutation=unfinished, ending=Ending.SILENT, before=(PLAIN,)) == ["pipelining.requests-not-lost"]
    last = GOOD.replace(b"ETag", b"Connection: close\r\nETag")
    assert judged(last, mutation=REJECT, ending=Ending.SILENT, before=(PLAIN,)) == []


def test_who_takes_half_a_request_for_a_client_that_is_gone_may_break_off() -> None:
    unfinished = replace(CHANGE, finished=False)
    assert judged(GOOD[:-3], mutation=unfinished, ending=Ending.CLOSED) == []
    assert judged(reply(b"half a listing\n") + BAD, mutation=unfinished, before=(PLAIN,), ending=Ending.CLOSED) == []
    assert judged(GOOD[:-3], ending=Ending.CLOSED) != []


def test_one_reply_for_each_good_request() -> None:
    assert judged(GOOD * 3, before=(PLAIN,), after=(PLAIN,)) == []
    assert judged(GOOD * 2) == ["field.unknown-ignored"]
    twice = serving((b"/page.txt", GOOD * 2))
    assert judged(GOOD * 2, server=twice) == ["message.one-final-reply-per-request"]
    assert judged(GOOD + reply(b"", b"408 Request Timeout", b"")) == []
    assert judged(GOOD, after=(PLAIN,), ending=Ending.CLOSED) == []
    assert judged(GOOD, after=(PLAIN,), ending=Ending.SILENT) == ["field.unknown-ignored"]
    assert judged(BAD + BAD, mutation=MAYBE, ending=Ending.CLOSED)[:1] == ["connection.nothing-after-own-close"]


def test_replies_come_in_the_order_of_the_requests() -> None:
    other = reply(b"another page\n")
    assert judged(other + GOOD, before=(OTHER,)) == []
    assert judged(GOOD + other, before=(OTHER,))[0] == "pipelining.responses-in-order"
    assert judged(BAD, before=(OTHER,), mutation=REJECT, ending=Ending.CLOSED) == []
    assert judged(GOOD + BAD, after=(OTHER,)) == ["field.unknown-ignored"]


def test_a_packet_refused_as_a_whole_is_the_fault_of_what_is_refused_in_it() -> None:
    assert judged(BAD, before=(OTHER,), ending=Ending.CLOSED) == ["field.unknown-ignored"]

    def refuses_company(probe: Probe) -> Exchange:
        return exchange_of(probe, BAD, Ending.CLOSED) if probe.sent.count(b"Host:") > 1 else serving()(probe)

    told = judged(BAD, before=(OTHER,), ending=Ending.CLOSED, server=refuses_company)
    assert told == ["pipelining.responses-in-order"]


def test_nothing_is_answered_behind_a_close() -> None:
    last = GOOD.replace(b"ETag", b"Connection: close\r\nETag")
    assert judged(last + GOOD, after=(PLAIN,)) == ["connection.nothing-after-own-close"]
    closing = asking(b"Connection", b"close")
    assert judged(GOOD + GOOD, closing, after=(PLAIN,)) == ["connection.nothing-after-close-request"]
    both = replace(asking(b"Content-Length", b"5"), body=Chunked()).adding(FieldLine(b"Transfer-Encoding", b"chunked"))
    assert judged(GOOD + GOOD, both, MAYBE, after=(PLAIN,)) == ["framing.te-and-cl-close"]
    assert judged(GOOD, both, MAYBE, after=(PLAIN,), ending=Ending.CLOSED) == []
    old = replace(asking(b"Transfer-Encoding", b"chunked"), version=b"HTTP/1.0", body=Chunked())
    assert judged(GOOD + GOOD, old, MAYBE, after=(PLAIN,)) == ["framing.http10-te-close"]
    wrong = replace(REJECT, rule="framing.invalid-content-length-400")
    on = BAD.replace(b"Connection: close\r\n", b"") + GOOD
    assert judged(on, asking(b"Content-Length", b"x"), wrong, after=(PLAIN,)) == [
        "framing.invalid-content-length-close"
    ]


def test_a_control_that_is_turned_away_is_asked_again() -> None:
    busy = BAD.replace(b"400", b"503")
    turns = iter((busy, busy, GOOD, busy))
    controls = Controls(lambda probe: exchange_of(probe, next(turns)))
    assert [controls.answer(PLAIN).status, controls.answer(PLAIN).status] == [200, 200]


def test_a_server_may_take_no_more_than_so_many_fields() -> None:
    too_many = BAD.replace(b"400", b"431")
    fields = [FieldLine(b"X-%d" % number, b"1") for number in range(12)]
    assert judged(too_many, PLAIN.adding(*fields), ending=Ending.CLOSED) == []
    assert judged(too_many, PLAIN.adding(fields[0]), ending=Ending.CLOSED) == ["field.unknown-ignored"]


def test_another_spelling_of_a_target_may_be_put_right_or_refused_by_policy() -> None:
    spelt = replace(PLAIN, target=b"/%70age.txt")
    moved = BAD.replace(b"400 Bad Request", b"301 Moved\r\nLocation: /page.txt")
    assert judged(moved, spelt, ending=Ending.CLOSED) == []
    assert judged(BAD.replace(b"400", b"403"), spelt, ending=Ending.CLOSED) == []
    assert judged(moved.replace(b"page", b"other"), spelt, ending=Ending.CLOSED) == ["field.unknown-ignored"]
    assert judged(moved, ending=Ending.CLOSED) == ["field.unknown-ignored"]


def test_a_server_that_says_it_is_overloaded_is_well() -> None:
    probe = Example(CHANGE, PLAIN, PLAIN).probe
    busy = BAD.replace(b"400 Bad Request", b"503 Busy")
    for reply_, ill in (
        (busy, True),
        (busy.replace(b"503", b"429"), False),
        (busy.replace(b"Busy", b"Busy\r\nRetry-After: 1"), False),
    ):
        assert (aftermath(exchange_of(probe, reply_), PLAIN, Controls(serving())) is not None) is ill


def test_what_must_be_refused_is_not_served() -> None:
    assert judged(BAD, mutation=REJECT, ending=Ending.CLOSED) == []
    assert judged(GOOD, mutation=REJECT) == ["field.unknown-ignored"]
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    assert judged(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", mutation=REJECT) == ["field.unknown-ignored"]
    assert judged(moved, mutation=REJECT) == ["field.unknown-ignored"]
    assert judged(moved, mutation=replace(REJECT, rule="target.fragment-rejected")) == []
    missing = serving((b"/page.txt", reply(b"", b"404 Not Found")))
    assert judged(GOOD, mutation=REJECT, server=missing) == []
    assert judged(GOOD, mutation=REJECT, after=(PLAIN,), ending=Ending.CLOSED) == []
    refusal = BAD.replace(b"Connection: close\r\n", b"")
    assert judged(refusal + GOOD, mutation=REJECT) == ["framing.read-body-or-close"]


@pytest.mark.parametrize(
    ("received", "fine"),
    [
        (reply(b"", b"404 Not Found"), False),
        (reply(b"", b"503 Service Unavailable"), True),
        (reply(b"", b"431 Too Large"), False),
        (reply(b"other octets\n"), False),
        (GOOD.replace(b"text/plain", b"text/html"), False),
        (GOOD.replace(b"text/plain", b"TEXT/plain"), True),
        (GOOD.replace(TAG, b'"two"'), False),
        (GOOD.replace(b"ETag", b"Content-Encoding: x\r\nETag").replace(TAG, b'"two"'), True),
    ],
)
def test_what_must_be_served_is_served_as_the_plain_request_is(received: bytes, fine: bool) -> None:
    assert judged(received) == ([] if fine else ["field.unknown-ignored"])


def test_a_close_tells_something_only_of_a_small_request_that_is_alone() -> None:
    assert judged(b"", ending=Ending.CLOSED) == ["field.unknown-ignored"]
    assert judged(b"", ending=Ending.RESET) == []
    large = asking(b"X-Large", b"x" * 5000)
    assert judged(b"", large, ending=Ending.CLOSED) == []
    assert judged(reply(b"", b"431 Too Large"), large) == []


def test_what_changes_by_itself_proves_nothing() -> None:
    played: list[Probe] = []

    def counter(probe: Probe) -> Exchange:
        played.append(probe)
        return exchange_of(probe, reply(b"%d\n" % len(played)))

    assert judged(reply(b"99\n"), server=counter) == []
    echo = serving((b"Witness", reply(b"you sent a witness\n")))
    assert judged(reply(b"you sent something\n"), server=echo) == []


def test_a_page_may_show_its_target() -> None:
    absolute = replace(PLAIN, target=b"http://localhost:50000/page.txt")
    assert judged(reply(b"this is http://localhost:50000/page.txt\n"), absolute) == []
    assert judged(reply(b"this is no page\n"), absolute) == ["field.unknown-ignored"]


def test_head_mirrors_get() -> None:
    head = replace(PLAIN, method=b"HEAD")
    shown = GOOD.removesuffix(CONTENT)
    assert judged(shown, head) == []
    assert judged(shown.replace(b"Content-Length: 12\r\n", b""), head) == []
    assert judged(shown.replace(b"12", b"0"), head) == ["head.content-length-as-get"]
    assert judged(shown.replace(b"plain", b"html"), head) == ["head.content-type-same"]
    assert judged(shown.replace(TAG, b'"two"'), head) == ["head.same-fields"]
    assert judged(shown.replace(b"200 OK", b"404 Not Found"), head) == ["head.same-status-as-get"]
    assert judged(b"HTTP/1.1 501 Not Implemented\r\n\r\n", head) == ["head.supported"]


RANGED = asking(b"Range", b"bytes=2-4")


@pytest.mark.parametrize(
    ("received", "rules"),
    [
        (PART, []),
        (GOOD, []),
        (reply(CONTENT[2:4], b"206 Partial Content", b"Content-Range: bytes 2-3/12\r\n"), []),
        (PART.replace(b"llo", b"lly"), ["range.206-body-matches-content-range"]),
        (PART.replace(b"Content-Range: bytes 2-4/12\r\n", b""), ["range.206-has-content-range"]),
        (PART.replace(b"bytes 2-4/12", b"bytes=2-4/12"), ["range.content-range-syntax"]),
        (PART.replace(b"bytes 2-4/12", b"bytes */12"), ["range.206-no-star-range"]),
        (PART.replace(b"2-4/12", b"4-2/12"), ["range.content-range-consistent"]),
        (PART.replace(b"/12", b"/3"), ["range.content-range-consistent"]),
        (PART.replace(b"/12", b"/30"), ["range.content-range-total-length"]),
        (reply(CONTENT[2:5]), ["range.partial-body-needs-206"]),
        (
            reply(CONTENT[1:4], b"206 Partial Content", b"Content-Range: bytes 1-3/12\r\n"),
            ["range.positions-inclusive-from-zero"],
        ),
        (reply(b"", b"416 Range Not Satisfiable", b"Content-Range: bytes */12\r\n"), []),
        (reply(b"", b"416 Range Not Satisfiable", b"Content-Range: bytes */7\r\n"), ["range.416-has-content-range"]),
    ],
)
def test_a_part_is_a_slice_of_the_whole(received: bytes, rules: list[str]) -> None:
    assert judged(received, RANGED, MAYBE) == rules


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (b"bytes=5-", "range.end-clamped-to-length"),
        (b"bytes=5-99", "range.end-clamped-to-length"),
        (b"bytes=-3", "range.suffix-is-last-octets"),
        (b"bytes=12-", "range.unsatisfiable-is-not-206"),
        (b"bytes=4-2", "range.invalid-spec-not-honoured"),
        (b"bytes=x", "range.invalid-spec-not-honoured"),
        (b"bytes=0-, 2-3", None),
        (b"bytes=0-2,4-5", None),
        (b"bytes=0-1,7-8", None),
        (b"bytes=5-6,8-9", "range.positions-inclusive-from-zero"),
        (b"bytes=4-2,0-1", None),
        (b"lines=1-2", None),
    ],
)
def test_a_part_lies_within_what_was_asked_for(asked: bytes, rule: str | None) -> None:
    assert judged(PART, asking(b"Range", asked), MAYBE) == ([rule] if rule else [])


def test_every_part_of_a_multipart_is_a_slice() -> None:
    both = asking(b"Range", b"bytes=0-1,3-4")
    body = b"--x\r\nContent-Range: bytes 0-1/12\r\n\r\nhe\r\n--x\r\nContent-Range: bytes 3-4/12\r\n\r\nlo\r\n--x--\r\n"

    def parts(octets: bytes) -> bytes:
        return reply(octets, b"206 Partial Content", b"Content-Type: multipart/byteranges; boundary=x\r\n")

    assert judged(parts(body), both, MAYBE) == []
    assert judged(parts(body.replace(b"lo\r", b"ly\r")), both, MAYBE) == ["range.multipart-part-headers"]
    assert judged(parts(body.replace(b"--x--", b"")), both, MAYBE) == ["range.multipart-syntax"]


def test_a_part_comes_only_to_who_asks_and_of_a_page_that_does_not_change() -> None:
    assert judged(PART, mutation=MAYBE) == ["range.206-only-if-asked"]
    shown: list[Probe] = []

    def changing(probe: Probe) -> Exchange:
        shown.append(probe)
        return exchange_of(probe, reply(b"page %d\n" % len(shown)))

    assert judged(PART, RANGED, MAYBE, server=changing) == []


@pytest.mark.parametrize(
    ("name", "value", "received", "rule"),
    [
        (b"If-None-Match", TAG, UNCHANGED, None),
        (b"If-None-Match", b"W/" + TAG, UNCHANGED, None),
        (b"If-None-Match", TAG, GOOD, "conditional.inm-hit-get-304"),
        (b"If-None-Match", b'"old", ' + TAG, GOOD, "conditional.inm-list"),
        (b"If-None-Match", b"*", GOOD, "conditional.inm-star-existing"),
        (b"If-None-Match", b'"never"', UNCHANGED, "conditional.inm-miss-no-304"),
        (b"If-None-Match", b'"never"', GOOD, None),
        (b"If-Match", TAG, reply(b"", b"412 Precondition Failed"), "conditional.if-match-hit-performs"),
        (b"If-Match", b'"never"', GOOD, "conditional.if-match-miss-412"),
        (b"If-Match", b'"never"', reply(b"", b"412 Precondition Failed"), None),
        (b"If-Modified-Since", CHANGED, UNCHANGED, None),
        (b"If-Modified-Since", CHANGED, GOOD, "conditional.ims-unmodified-304"),
        (b"If-Modified-Since", CHANGED.replace(b"1994", b"1993"), UNCHANGED, "conditional.ims-modified-full-reply"),
        (b"If-Modified-Since", b"yesterday", UNCHANGED, "conditional.ims-invalid-date-ignored"),
        (b"If-Modified-Since", b"Sun, 06 Nov 2094 08:49:37 GMT", UNCHANGED, None),
        (b"If-Unmodified-Since", CHANGED, reply(b"", b"412 Precondition Failed"), "conditional.ius-true-performs"),
        (b"If-Unmodified-Since", CHANGED.replace(b"1994", b"1993"), GOOD, "conditional.ius-false-412"),
        (b"X-Other", b"1", UNCHANGED, "conditional.304-only-if-asked"),
        (b"X-Other", b"1", reply(b"", b"412 Precondition Failed"), "conditional.412-only-if-asked"),
    ],
)
def test_conditional_answers_agree_with_the_validators(
    name: bytes, value: bytes, received: bytes, rule: str | None
) -> None:
    assert judged(received, asking(name, value), MAYBE) == ([rule] if rule else [])


def test_a_condition_on_a_page_whose_tag_changes_proves_nothing() -> None:
    seen: list[Probe] = []

    def changing(probe: Probe) -> Exchange:
        seen.append(probe)
        return exchange_of(probe, GOOD.replace(TAG, b'"%d"' % len(seen)))

    assert judged(GOOD, asking(b"If-None-Match", b'"1"'), MAYBE, server=changing) == []


def test_a_304_describes_the_page() -> None:
    asked = asking(b"If-None-Match", TAG)
    wrong = UNCHANGED.replace(b"ETag", b"Content-Length: 0\r\nETag")
    assert judged(wrong, asked, MAYBE) == ["conditional.304-content-length-as-200"]
    assert judged(wrong.replace(b"h: 0", b"h: 12"), asked, MAYBE) == []
    other, later = (UNCHANGED.replace(TAG, tag) for tag in (b'"two"', b'"three"'))
    for again, told in ((other, ["conditional.304-repeats-200-fields"]), (later, [])):
        assert judged(other, asked, MAYBE, server=serving((b"If-None-Match", again))) == told


def test_a_date_does_not_count_beside_a_tag() -> None:
    both = asking(b"If-None-Match", b'"never"').adding(FieldLine(b"If-Modified-Since", CHANGED))
    assert judged(UNCHANGED, both, MAYBE) == ["conditional.inm-disables-ims"]
    assert judged(GOOD, both, MAYBE) == []


def test_no_octet_of_one_client_is_shown_to_another() -> None:
    secret = b"zqabcdefghij"
    earlier = Example(MAYBE, asking(b"X-Secret", secret), PLAIN)
    leaking = reply(b"hello " + secret, fields=b"Content-Type: text/plain\r\n")
    assert judged(leaking, mutation=MAYBE, recent=(earlier,)) == ["get.returns-target-representation"]
    assert judged(leaking, asking(b"X-Secret", secret), MAYBE, recent=(earlier,)) == []
    assert judged(leaking, mutation=MAYBE) == []
    assert judged(GOOD, asking(b"X-Secret", secret), MAYBE, server=lambda probe: exchange_of(probe, leaking)) == [
        "get.returns-target-representation"
    ]
    assert judged(GOOD, asking(b"X-Secret", secret), MAYBE) == []
    stored = Example(MAYBE, replace(PLAIN, method=b"POST", body=secret), PLAIN)
    assert judged(leaking, mutation=MAYBE, recent=(stored,)) == []


def test_who_fails_of_any_query_is_not_told_that_this_one_is_broken() -> None:
    failure = reply(b"oh\n", b"500 Internal Server Error", b"")
    odd = replace(MAYBE, rule="target.invalid-uri-rejected")
    broken = replace(PLAIN, target=b"/page.txt?a=%")
    assert judged(failure, broken, odd) == ["target.invalid-uri-rejected"]
    assert judged(failure, broken, odd, server=serving((b"?", failure))) == []
    absolute = replace(PLAIN, target=b"http://[::1/page.txt")
    assert judged(failure, absolute, odd, server=serving((b"?", failure))) == ["target.invalid-uri-rejected"]


def test_after_anything_a_plain_get_is_served() -> None:
    controls = Controls(serving())
    probe = controls.answer(PLAIN).probe
    assert aftermath(exchange_of(probe, GOOD), PLAIN, controls) is None
    for received in (b"", reply(b"", b"500 Internal Server Error")):
        breach = aftermath(exchange_of(probe, received), PLAIN, controls)
        assert breach is not None
        assert breach.rule == "robustness.survives-garbage"


def test_h11_and_the_reader_agree_on_a_reply_with_two_equal_lengths() -> None:
    doubled = GOOD.replace(b"Content-Length: 12", b"Content-Length: 12\r\nContent-Length: 12")
    assert judged(doubled) == []
    assert exchange_of(PLAIN_PROBE, doubled).responses[0].framing is Framing.LENGTH
    different = GOOD.replace(b"Content-Length: 12", b"Content-Length: 12\r\nContent-Length: 13")
    assert judged(different) == ["field.singletons-not-repeated"]


PLAIN_PROBE = Example(CHANGE, PLAIN, PLAIN).probe


def test_a_request_that_is_lost_in_a_packet_is_no_matter_of_its_change() -> None:
    def forgets(probe: Probe) -> Exchange:  # whatever came in the packet behind the first request
        lost = probe.sent.count(b"Host:") > 1
        return exchange_of(probe, GOOD, Ending.SILENT if lost else Ending.OURS)

    ordered = replace(CHANGE, rule="field.order-irrelevant")
    told = judged(GOOD, mutation=ordered, before=(PLAIN,), ending=Ending.SILENT, server=forgets)
    assert told == ["pipelining.requests-not-lost"]
    assert judged(GOOD, mutation=ordered, before=(PLAIN,), ending=Ending.SILENT) == ["field.order-irrelevant"]
    hello = replace(asking(b"Content-Length", b"5"), body=b"hello")
    told = judged(GOOD, mutation=ordered, before=(hello,), ending=Ending.SILENT, server=forgets)
    assert told == ["framing.read-body-or-close"]
    told = judged(GOOD + BAD, hello, ordered, plain=hello, after=(PLAIN,), ending=Ending.CLOSED, server=forgets)
    assert told == ["framing.read-body-or-close"]


def test_what_is_left_of_a_body_may_be_answered_without_a_head_as_two_words_are() -> None:
    long = replace(asking(b"Content-Length", b"9"), body=b"hello")
    received = GOOD + b"<title>405 Method Not Allowed</title>"
    early = serving((b"GET /page.txt ", GOOD), (b"GET /page.txt", CONTENT))
    assert judged(received, long, MAYBE, after=(PLAIN,), ending=Ending.CLOSED, server=early) == []
    told = judged(received, long, MAYBE, after=(PLAIN,), ending=Ending.CLOSED)
    assert told == ["framing.content-length-exact"]
    assert judged(received, ending=Ending.CLOSED, server=early) == ["framing.content-length-exact"]


def test_a_page_may_break_off_where_the_body_of_the_request_turns_out_to_be_malformed() -> None:
    chunked = replace(asking(b"Transfer-Encoding", b"chunked"), body=Chunked(end=b"a\r\n\r\n"))
    assert judged(GOOD[:-3], chunked, MAYBE, ending=Ending.CLOSED) == []
    assert judged(GOOD[:-3], ending=Ending.CLOSED) == ["connection.no-close-mid-response"]
    assert judged(GOOD[:-3], asking(b"X-A", b"1"), MAYBE, ending=Ending.CLOSED) == ["connection.no-close-mid-response"]


def test_a_head_that_draws_no_answer_is_told_by_the_rule_that_asks_for_one() -> None:
    head = replace(PLAIN, method=b"HEAD")
    mutation = replace(CHANGE, rule="head.same-status-as-get")
    assert judged(b"", head, mutation, ending=Ending.CLOSED) == ["head.supported"]
    assert judged(b"", head, mutation, ending=Ending.SILENT) == ["head.supported"]


def test_who_answers_no_two_requests_in_one_packet_is_not_blamed_for_the_change() -> None:
    def alone(ending: Ending) -> Callable[[Probe], Exchange]:
        def play(probe: Probe) -> Exchange:
            several = probe.sent.count(b"\r\n\r\n") > 1
            return exchange_of(probe, b"" if several else GOOD, ending if several else Ending.OURS)

        return play

    head = replace(PLAIN, method=b"HEAD")
    for request in (head, asking(b"X-A", b"1")):
        closed = judged(b"", request, ending=Ending.CLOSED, after=(OTHER,), server=alone(Ending.CLOSED))
        waiting = judged(b"", request, ending=Ending.SILENT, after=(OTHER,), server=alone(Ending.SILENT))
        assert (closed, waiting) == ([], ["pipelining.requests-not-lost"])


def test_a_folded_field_is_not_blamed_for_what_its_value_does() -> None:
    folded = replace(PLAIN, fields=(FieldLine(b"Host", b"local\r\n host"),))
    failed = BAD.replace(b"400 Bad Request", b"500 Internal Server Error")
    mutation = replace(MAYBE, rule="field.fold-refused-or-joined")
    assert judged(failed, folded, mutation) == ["field.fold-refused-or-joined"]
    assert judged(failed, folded, mutation, server=serving((b"local host", failed))) == []


def test_who_leaves_requests_that_come_together_waiting_is_not_waited_for_each_time() -> None:
    patient: list[bytes] = []

    def forgets(probe: Probe) -> Exchange:
        patient.append(probe.sent)
        return exchange_of(probe, GOOD, Ending.SILENT if probe.sent.count(b"Host:") > 1 else Ending.OURS)

    controls = Controls(forgets, hasty=serving())
    replies = [len(controls.afresh(PLAIN, OTHER).responses) for _ in range(4)]
    assert replies == [1, 2, 2, 2]
    controls.afresh(PLAIN)
    assert [sent.count(b"Host:") for sent in patient] == [2, 1]  # one request alone is always waited for
