"""The lawful alternatives of the rules on conditions, ranges and negotiation that are easy to get wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TypeAlias

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import MISSING, Page, Site
from conformance.verdict import Judgement, Verdict

Fields: TypeAlias = Mapping[str, str]
Server: TypeAlias = Callable[[str, Fields], bytes]

CATALOGUE = checks.load()
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
FILE = b"This is the whole of the notes, and it is longer than a part.\n"
MODIFIED = "Last-Modified: Wed, 01 Nov 2023 10:00:00 GMT"
FRESH = "Last-Modified: Tue, 14 Nov 2023 12:00:00 GMT"
PASS, FAIL, UNCLEAR, ABSENT = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE
WARNING = Verdict.WARNING


def reply(status: int = 200, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def file_reply(*lines: str) -> bytes:
    return reply(200, "Content-Type: text/plain", *lines, body=FILE)


def judged(id: str, server: Server, spec: Spec = Spec.BOTH) -> Judgement:
    """Let the check of ``id`` judge a server given as a function of target and fields; no octets mean a close."""
    site = Site("localhost", 50000, "web", (Page("notes.txt", "text", FILE),), (), ())

    def player(probe: Probe) -> Exchange:
        line, *rest = probe.sent.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        received = server(line.split(" ")[1], fields)
        chunks = (Chunk(0.01, received),) if received else ()
        return Exchange(probe, chunks, Ending.OURS if received else Ending.CLOSED, NOW, 0.1, waited=2.0)

    return CATALOGUE[id].judge(Evidence(site, player, spec))


def at_field(name: str, answer: bytes, *, plain: bytes | None = None) -> Server:
    """A server that gives ``answer`` where the request has the field ``name``, else the file."""

    def server(target: str, fields: Fields) -> bytes:
        if target == MISSING:
            return reply(404, body=b"It is not here.")
        return answer if name in fields else plain or file_reply()

    return server


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (reply(406), PASS),
        (reply(404), PASS),
        (reply(300), PASS),
        (file_reply(), PASS),
        (reply(500), FAIL),
        (b"", FAIL),
        (reply(503), UNCLEAR),
    ],
)
@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("charset.unacceptable-406-or-ignored", "accept-charset"),
        ("coding.identity-refused-406-or-ignored", "accept-encoding"),
    ],
)
def test_what_cannot_be_fulfilled_draws_406_or_the_page(id: str, name: str, answer: bytes, verdict: Verdict) -> None:
    assert judged(id, at_field(name, answer)).verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), [(200, PASS), (406, PASS), (400, FAIL), (500, FAIL)])
def test_an_accept_extension_may_make_the_type_unacceptable(status: int, verdict: Verdict) -> None:
    def server(_: str, fields: Fields) -> bytes:
        return reply(status) if "ext=" in fields.get("accept", "") else file_reply()

    assert judged("negotiation.accept-extension-tolerated", server).verdict is verdict


def test_nothing_is_said_of_media_types_where_none_is_sent() -> None:
    judgement = judged("negotiation.q-default-one", at_field("accept", b"", plain=reply(body=FILE)))
    assert judgement.verdict is UNCLEAR  # the control, with Accept: */*, was not answered
    assert judged("negotiation.q-default-one", lambda *_: reply(body=FILE)).verdict is ABSENT


@pytest.mark.parametrize("id", ["negotiation.most-specific-range-wins", "language.star-matches-unmentioned"])
def test_a_refusal_proves_nothing_where_the_control_is_refused_as_well(id: str) -> None:
    assert judged(id, lambda *_: reply(406)).verdict is UNCLEAR


ZIPPED = file_reply("Content-Encoding: gzip")


@pytest.mark.parametrize(
    ("coded", "verdict"),
    [
        (lambda _: False, PASS),
        (lambda _: True, ABSENT),  # a file that exists only so
        (lambda fields: "accept-encoding" not in fields, FAIL),
    ],
)
def test_a_coding_that_nobody_asked_for_is_a_fault_if_there_is_a_plain_form(
    coded: Callable[[Fields], bool], verdict: Verdict
) -> None:
    def server(_: str, fields: Fields) -> bytes:
        return ZIPPED if coded(fields) else file_reply()

    assert judged("coding.absent-prefer-identity", server).verdict is verdict


@pytest.mark.parametrize(
    ("plain", "answer", "verdict"),
    [
        (file_reply(), file_reply("Content-Encoding: identity"), PASS),
        (file_reply(), ZIPPED, FAIL),
        (file_reply(), reply(406), FAIL),
        (ZIPPED, ZIPPED, ABSENT),
    ],
)
def test_codings_are_sent_only_to_those_who_know_them(plain: bytes, answer: bytes, verdict: Verdict) -> None:
    for id in ("coding.no-listed-match-sent-uncoded", "coding.empty-accept-encoding-no-coding"):
        assert judged(id, at_field("accept-encoding", answer, plain=plain)).verdict is verdict


@pytest.mark.parametrize(
    ("missing", "conditional", "verdict"),
    [
        (reply(404), reply(404), PASS),
        (reply(410), reply(410), PASS),
        (reply(302, "Location: /"), reply(302, "Location: /"), PASS),
        (file_reply(), reply(304), UNCLEAR),  # a page for everything
        (reply(404), reply(412), FAIL),
        (reply(404), b"", FAIL),
    ],
)
def test_conditions_and_ranges_leave_refusals_alone(missing: bytes, conditional: bytes, verdict: Verdict) -> None:
    def server(target: str, fields: Fields) -> bytes:
        if target != MISSING:
            return file_reply()
        return missing if set(fields) == {"host"} else conditional

    assert judged("conditional.ignored-unless-plain-2xx", server).verdict is verdict
    assert judged("range.only-if-reply-would-be-200", server).verdict is verdict


def test_a_weak_tag_in_if_match_may_fail() -> None:
    def server(_: str, fields: Fields) -> bytes:
        return reply(412) if fields.get("if-match", "*") != "*" else file_reply('ETag: W/"1"')

    assert judged("conditional.if-match-hit-performs", server).verdict is PASS


def test_a_tag_that_changes_each_time_is_another_rules_business() -> None:
    number = count()

    def server(_: str, fields: Fields) -> bytes:
        return reply(412) if fields.get("if-match", "*") != "*" else file_reply(f'ETag: "{next(number)}"')

    assert judged("conditional.if-match-hit-performs", server).verdict is PASS


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (MODIFIED, FAIL),
        ("X-Nothing: 1", FAIL),  # without Last-Modified the epoch is asked for
        ("Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT", UNCLEAR),
    ],
)
def test_304_for_every_date_is_a_fault_unless_the_file_is_as_old_as_the_dates(line: str, verdict: Verdict) -> None:
    server = at_field("if-modified-since", reply(304), plain=file_reply(line))
    assert judged("conditional.ims-modified-full-reply", server).verdict is verdict


def test_two_dates_are_one_date_too_many_by_rfc_9110_alone() -> None:
    def server(_: str, fields: Fields) -> bytes:
        return reply(304) if fields.get("if-modified-since", "").count("GMT") == 2 else file_reply(MODIFIED)

    assert judged("conditional.ims-invalid-date-ignored", server, Spec.RFC9110).verdict is FAIL
    assert judged("conditional.ims-invalid-date-ignored", server).verdict is PASS


def seconds_of(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def time_in(line: str) -> float:
    return seconds_of(line.partition(": ")[2]) or 0


@pytest.mark.parametrize(
    ("form", "verdict"),
    [
        (re.compile(r".*"), PASS),
        (re.compile(r"\w{3},.* GMT"), ABSENT),  # the form of today alone: there is nothing to misread
        (re.compile(r".*GMT"), UNCLEAR),  # one of the obsolete forms, and the file is too new to tell
    ],
)
def test_a_date_that_is_not_understood_is_not_misread(form: re.Pattern[str], verdict: Verdict) -> None:
    def server(_: str, fields: Fields) -> bytes:
        since = fields.get("if-modified-since", "")
        seconds = seconds_of(since) if form.fullmatch(since) else None
        return reply(304) if seconds is not None and seconds >= time_in(FRESH) else file_reply(FRESH)

    assert judged("date.asctime-read-as-gmt", server).verdict is verdict


def test_304_for_what_is_no_date_is_one_finding() -> None:
    def server(_: str, fields: Fields) -> bytes:
        since = fields.get("if-modified-since")
        seconds = 0 if since is None else seconds_of(since)
        return reply(304) if seconds is None or seconds >= time_in(MODIFIED) else file_reply(MODIFIED)

    for id in ("date.asctime-read-as-gmt", "date.rfc850-50-years", "date.non-gmt-zone-conservative"):
        judgement = judged(id, server)
        assert judgement.verdict is Verdict.BLOCKED
        assert judgement.blocked_by == "conditional.ims-invalid-date-ignored"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (MODIFIED, FAIL),
        ("Last-Modified: Tue, 14 Nov 2023 22:13:19 GMT", UNCLEAR),  # made anew for each reply
        ("Last-Modified: yesterday", ABSENT),
    ],
)
def test_412_is_wrong_only_if_the_file_is_known_to_stay_as_it_was(line: str, verdict: Verdict) -> None:
    server = at_field("if-unmodified-since", reply(412), plain=file_reply(line))
    assert judged("conditional.ius-true-performs", server).verdict is verdict


def part(body: bytes) -> bytes:
    return reply(206, f"Content-Range: bytes 0-{len(body) - 1}/{len(FILE)}", body=body)


@pytest.mark.parametrize(
    ("id", "answer", "verdict"),
    [
        ("range.partial-body-needs-206", file_reply(), PASS),
        ("range.partial-body-needs-206", part(FILE[:10]), PASS),
        ("range.partial-body-needs-206", reply(200, body=FILE[:10]), FAIL),
        ("range.partial-body-needs-206", reply(416), WARNING),
        ("range.partial-body-needs-206", reply(400), FAIL),
        ("range.unknown-unit-ignored", reply(416), WARNING),
        ("range.unknown-unit-ignored", reply(400), FAIL),
        ("range.unknown-unit-ignored", part(FILE[1:3]), FAIL),
        ("range.invalid-spec-not-honoured", reply(400), PASS),
        ("range.invalid-spec-not-honoured", reply(416), PASS),
        ("range.invalid-spec-not-honoured", part(b""), FAIL),
        ("range.invalid-spec-not-honoured", b"", WARNING),  # closed without an answer
        ("conditional.if-range-ignored-if-no-ranges", file_reply(), PASS),
        ("conditional.if-range-ignored-if-no-ranges", part(FILE[:10]), ABSENT),
        ("conditional.if-range-ignored-if-no-ranges", reply(412), FAIL),
    ],
)
def test_a_range_may_be_ignored_and_what_is_no_range_refused(id: str, answer: bytes, verdict: Verdict) -> None:
    assert judged(id, at_field("range", answer)).verdict is verdict


def test_a_backwards_range_is_ignored_by_rfc_2616_alone() -> None:
    server = at_field("range", reply(416))
    assert judged("range.invalid-spec-not-honoured", server, Spec.RFC9110).verdict is PASS
    assert judged("range.invalid-spec-not-honoured", server, Spec.RFC2616).verdict is FAIL


@pytest.mark.parametrize(
    ("beyond", "far_end", "verdict"),
    [
        (reply(416), part(FILE), PASS),
        (file_reply(), file_reply(), PASS),
        (reply(416), reply(416), WARNING),
        (reply(400), reply(400), WARNING),
        (part(FILE[:5]), part(FILE), FAIL),
        (reply(416), part(FILE[:5]), FAIL),
        (reply(416), b"", FAIL),
    ],
)
def test_a_far_position_may_be_refused_but_not_wrap(beyond: bytes, far_end: bytes, verdict: Verdict) -> None:
    def server(_: str, fields: Fields) -> bytes:
        asked = fields.get("range")
        if asked == "bytes=0-999999":
            return part(FILE)
        return file_reply() if asked is None else far_end if asked.startswith("bytes=0-") else beyond

    assert judged("range.large-positions-no-overflow", server).verdict is verdict
