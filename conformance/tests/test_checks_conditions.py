"""The lawful alternatives of the rules on validators, false conditions, 304 and If-Range that are easy to get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeAlias

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe, Send
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Judgement, Verdict

Fields: TypeAlias = Mapping[str, str]
Server: TypeAlias = Callable[[str, Fields, bytes], bytes]

CATALOGUE = checks.load()
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
FILE = b"This is the whole of the notes, and it is longer than a part.\n"
OLD = b"This text may be overwritten.\n"
TAG = '"abc"'
ETAG = f"ETag: {TAG}"
DATE = "Wed, 01 Nov 2023 10:00:00 GMT"
MODIFIED = f"Last-Modified: {DATE}"
CLOCK = "Date: Tue, 14 Nov 2023 22:13:20 GMT"
NEVER = '"7f3a-never-issued"'
PASS, FAIL, WARNING, UNCLEAR, ABSENT = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARNING,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_APPLICABLE,
)


def reply(status: int = 200, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def file_reply(*lines: str) -> bytes:
    return reply(200, *lines, body=FILE)


def unmodified(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 304 Not Modified", *lines, "", ""]).encode()


def judged(id: str, server: Server, spec: Spec = Spec.BOTH, *, closes: bool = False) -> Judgement:
    """Let the check of ``id`` judge a server given as a function of method, fields and body.

    ``closes``: it ends the connection after each reply.
    """
    pages = (Page("notes.txt", "text", FILE), Page("throwaway.txt", "text", OLD))
    site = Site("localhost", 50000, "web", pages, (), ())

    def player(probe: Probe) -> Exchange:
        requests = [action.data for action in probe.actions if isinstance(action, Send)]
        received = b"".join(_answer(server, data) for data in requests[: 1 if closes else None])
        chunks = (Chunk(0.01, received),) if received else ()
        return Exchange(probe, chunks, Ending.CLOSED if closes else Ending.OURS, NOW, 0.1, waited=2.0)

    return CATALOGUE[id].judge(Evidence(site, player, spec))


def _answer(server: Server, data: bytes) -> bytes:
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
    return server(line.split(" ")[0], fields, body)


def validating(*lines: str, **answers: bytes) -> Server:
    """A server that gives a file with these lines; 304 to its tag and its date, 412 to other tags in If-Match.

    ``answers`` replaces what it gives where the request has the field (underscores for hyphens).
    """

    def server(_: str, fields: Fields, __: bytes) -> bytes:
        for name, answer in answers.items():
            if name.replace("_", "-") in fields:
                return answer
        if ETAG in lines and TAG not in fields.get("if-match", TAG):
            return reply(412)
        known = fields.get("if-none-match") == TAG if "if-none-match" in fields else fields.get("if-modified-since")
        return unmodified(*lines) if known in (True, DATE) else file_reply(*lines)

    return server


@pytest.mark.parametrize(("status", "verdict"), [(412, PASS), (403, PASS), (200, FAIL), (304, FAIL), (503, UNCLEAR)])
@pytest.mark.parametrize(
    ("id", "name"),
    [("conditional.if-match-miss-412", "if_match"), ("conditional.ius-false-412", "if_unmodified_since")],
)
def test_a_false_condition_draws_an_error_of_the_client(id: str, name: str, status: int, verdict: Verdict) -> None:
    server = validating(ETAG, MODIFIED, **{name: reply(status)})
    assert judged(id, server).verdict is verdict


def test_a_server_without_validators_owes_nothing() -> None:
    for id in ("conditional.if-match-miss-412", "conditional.ius-false-412", "conditional.ims-unmodified-304"):
        assert judged(id, lambda *_: file_reply()).verdict is ABSENT


def test_a_tag_that_changes_each_time_is_not_judged() -> None:
    number = count()
    assert judged("conditional.inm-hit-get-304", lambda *_: file_reply(f'ETag: "{next(number)}"')).verdict is ABSENT


def test_a_date_made_anew_for_each_reply_is_not_judged() -> None:
    server = validating("Last-Modified: Tue, 14 Nov 2023 22:13:19 GMT")
    assert judged("conditional.ims-unmodified-304", server).verdict is UNCLEAR


def test_a_weak_tag_may_fail_in_if_match_and_has_to() -> None:
    weak = 'ETag: W/"abc"'
    strict = validating(weak, if_match=reply(412))
    assert judged("conditional.if-match-list", strict).verdict is ABSENT
    assert judged("conditional.if-match-weak-tag-no-match", strict).verdict is PASS
    assert judged("conditional.if-match-weak-tag-no-match", lambda *_: file_reply(weak)).verdict is ABSENT


def test_head_is_judged_only_where_it_shows_the_same_tag() -> None:
    def server(method: str, fields: Fields, body: bytes) -> bytes:
        return reply(405) if method == "HEAD" else validating(ETAG)("GET", fields, body)

    assert judged("conditional.inm-hit-get-304", server).verdict is PASS


def test_the_star_is_only_a_warning_where_tags_are_not_known() -> None:
    ignoring = validating(MODIFIED, if_none_match=file_reply(MODIFIED))
    assert judged("conditional.inm-star-existing", ignoring).verdict is WARNING
    assert judged("conditional.inm-star-existing", validating(ETAG)).verdict is FAIL
    assert judged("conditional.inm-star-existing", validating(MODIFIED, if_none_match=unmodified())).verdict is PASS


@pytest.mark.parametrize(
    ("second", "verdict"),
    [(unmodified(), FAIL), (reply(412), PASS)],
)
def test_a_false_if_match_comes_first(second: bytes, verdict: Verdict) -> None:
    def server(method: str, fields: Fields, body: bytes) -> bytes:
        both = "if-match" in fields and "if-none-match" in fields
        return second if both else validating(ETAG)(method, fields, body)

    assert judged("conditional.order-of-fields", server).verdict is verdict


def test_where_if_match_is_not_heeded_no_order_is_seen() -> None:
    assert judged("conditional.order-of-fields", validating(ETAG, if_match=file_reply(ETAG))).verdict is ABSENT


@pytest.mark.parametrize(
    ("line", "verdict"),
    [(f"Content-Length: {len(FILE)}", PASS), ("X-Nothing: 1", PASS), ("Content-Length: 0", FAIL)],
)
def test_the_length_of_the_file_may_stand_in_a_304(line: str, verdict: Verdict) -> None:
    server = validating(ETAG, if_none_match=unmodified(ETAG, line))
    assert judged("conditional.304-content-length-as-200", server_for_tag(server)).verdict is verdict


def server_for_tag(other: Server) -> Server:
    """``other`` where the current tag is in If-None-Match alone, else a server that validates."""

    def server(method: str, fields: Fields, body: bytes) -> bytes:
        hit = fields.get("if-none-match") == TAG and "if-match" not in fields
        return (other if hit else validating(ETAG))(method, fields, body)

    return server


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(("after", "verdict"), [(b"", PASS), (b"<p>Not modified</p>", FAIL)])
def test_what_follows_a_304_is_seen_whether_or_not_it_closes(after: bytes, verdict: Verdict, closes: bool) -> None:
    announced = unmodified(ETAG, f"Content-Length: {len(FILE)}", "Transfer-Encoding: chunked")
    server = server_for_tag(lambda *_: announced + after)
    assert judged("conditional.304-has-no-body", server, closes=closes).verdict is verdict


@pytest.mark.parametrize(
    ("lines", "both", "modern"),
    [
        ((CLOCK, ETAG, "Vary: Accept", "Cache-Control: no-cache"), PASS, PASS),
        ((CLOCK, "ETag: W/" + TAG, "vary: accept", "Cache-Control: no-cache"), PASS, PASS),
        ((CLOCK, ETAG), PASS, FAIL),  # RFC 2616 lets values that never change be left out
        ((CLOCK, ETAG, "Vary: Accept", "Cache-Control: no-store"), PASS, FAIL),
        ((CLOCK, 'ETag: "other"', "Vary: Accept", "Cache-Control: no-cache"), FAIL, FAIL),
        ((CLOCK, "Vary: Accept", "Cache-Control: no-cache"), FAIL, FAIL),
        ((ETAG, "Vary: Accept", "Cache-Control: no-cache"), FAIL, FAIL),
    ],
)
def test_what_a_304_repeats_depends_on_the_generation(lines: tuple[str, ...], both: Verdict, modern: Verdict) -> None:
    def server(_: str, fields: Fields, __: bytes) -> bytes:
        if fields.get("if-none-match") == TAG:
            return unmodified(*lines)
        return file_reply(CLOCK, ETAG, "Vary: Accept", "Cache-Control: no-cache")

    assert judged("conditional.304-repeats-200-fields", server).verdict is both
    assert judged("conditional.304-repeats-200-fields", server, Spec.RFC9110).verdict is modern


@pytest.mark.parametrize(
    ("rule", "verdict"), [("conditional.304-repeats-200-fields", UNCLEAR), ("head.same-fields", PASS)]
)
def test_a_tag_that_is_another_one_in_each_reply_proves_nothing(rule: str, verdict: Verdict) -> None:
    tags = count()

    def server(method: str, fields: Fields, _: bytes) -> bytes:
        tag = f'ETag: "abc-{next(tags)}"'
        if "if-modified-since" in fields:
            return unmodified(CLOCK, tag)
        return file_reply(CLOCK, tag, MODIFIED) if method == "GET" else reply(200, CLOCK, tag, MODIFIED)

    assert judged(rule, server).verdict is verdict


@pytest.mark.parametrize(("step", "fails"), [(0, True), (1, False)])
def test_a_tag_with_blanks_round_it_need_not_be_an_old_one(step: int, fails: bool) -> None:
    tags, asked = count(0, step), count()

    def server(_: str, fields: Fields, __: bytes) -> bytes:
        tag = f'ETag: "abc-{next(tags)}"'
        return unmodified(CLOCK, tag) if "if-none-match" in fields and not next(asked) else file_reply(CLOCK, tag)

    rule = "field.whitespace-around-value-ignored"
    assert (judged(rule, server, closes=True).verdict is FAIL) is fails


def test_a_304_may_repeat_last_modified_but_not_the_type() -> None:
    lean, fat = (unmodified(ETAG, line) for line in (MODIFIED, "Content-Type: text/plain"))
    assert judged("conditional.304-no-extra-fields", server_for_tag(lambda *_: lean)).verdict is PASS
    assert judged("conditional.304-no-extra-fields", server_for_tag(lambda *_: fat), Spec.RFC2616).verdict is WARNING


PART = reply(206, f"Content-Range: bytes 0-9/{len(FILE)}", body=FILE[:10])


def in_parts(*lines: str, **conditional: bytes) -> Server:
    """A server of ranges; ``conditional`` says what it gives to a tag, a weak tag, a date in If-Range."""

    def server(_: str, fields: Fields, __: bytes) -> bytes:
        value = fields.get("if-range", "")
        kind = "weak" if value.startswith("W/") else "tag" if value == TAG else "date" if value == DATE else "other"
        whole = file_reply(*lines)
        if "range" not in fields:
            return whole
        return conditional.get(kind, whole) if value else PART

    return server


def test_if_range_with_the_files_own_date_may_draw_the_part_or_the_whole() -> None:
    for answer in (PART, file_reply()):
        assert judged("conditional.if-range-date-exact", in_parts(MODIFIED, date=answer)).verdict is PASS
    assert judged("conditional.if-range-date-exact", in_parts(MODIFIED, date=reply(400))).verdict is FAIL
    assert judged("conditional.if-range-date-exact", in_parts(MODIFIED, other=PART)).verdict is FAIL


def test_a_later_date_in_if_range_is_wrong_by_rfc_9110_alone() -> None:
    def server(method: str, fields: Fields, body: bytes) -> bytes:
        later = fields.get("if-range", "").startswith("Wed, 01 Nov 2023 10:00:01")
        return PART if later else in_parts(MODIFIED)(method, fields, body)

    assert judged("conditional.if-range-date-exact", server).verdict is PASS
    assert judged("conditional.if-range-date-exact", server, Spec.RFC9110).verdict is FAIL


def test_a_weak_tag_in_if_range_is_a_fault_by_rfc_9110_and_a_warning_else() -> None:
    server = in_parts(ETAG, tag=PART, weak=PART)
    assert judged("conditional.if-range-weak-tag-no-match", server).verdict is WARNING
    assert judged("conditional.if-range-weak-tag-no-match", server, Spec.RFC9110).verdict is FAIL
    assert judged("conditional.if-range-weak-tag-no-match", in_parts(ETAG, tag=PART)).verdict is PASS


def test_without_ranges_if_range_shows_nothing() -> None:
    for id in ("conditional.if-range-mismatch-full-reply", "conditional.if-range-match-206"):
        assert judged(id, lambda *_: file_reply(ETAG)).verdict is ABSENT


class Store:
    """A server that has one file to be written; ``refuse`` tells which PUT is refused, and how."""

    def __init__(self, refuse: Callable[[Fields, bool], int | None], *lines: str, performs: bool = False) -> None:
        self.content: bytes | None = OLD
        self._refuse = refuse
        self._lines = lines
        self._performs = performs

    def __call__(self, method: str, fields: Fields, body: bytes) -> bytes:
        existed = self.content is not None
        if method == "GET":
            return reply(404) if self.content is None else reply(200, *self._lines, body=self.content)
        status = self._refuse(fields, existed) if method == "PUT" else None
        if status is None or self._performs:
            self.content = body if method == "PUT" else None
        return reply(status or (204 if existed else 201))


@pytest.mark.parametrize(
    ("status", "performs", "verdict"),
    [(412, False, PASS), (409, False, PASS), (204, False, FAIL), (412, True, FAIL), (500, False, FAIL)],
)
def test_a_put_under_a_false_condition_is_refused_and_not_done(status: int, performs: bool, verdict: Verdict) -> None:
    def store() -> Store:
        conditions = {"if-match", "if-unmodified-since"}
        return Store(lambda fields, _: status if conditions & set(fields) else None, MODIFIED, performs=performs)

    assert judged("conditional.if-match-miss-not-performed", store()).verdict is verdict
    assert judged("conditional.ius-false-not-performed", store()).verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), [(412, PASS), (409, FAIL), (304, FAIL), (204, FAIL)])
def test_if_none_match_in_a_put_draws_412_and_nothing_else(status: int, verdict: Verdict) -> None:
    store = Store(lambda fields, _: status if fields.get("if-none-match") == "*" else None)
    assert judged("conditional.inm-hit-not-performed", store).verdict is verdict
    assert store.content == OLD


@pytest.mark.parametrize(
    ("status", "performs", "verdict"),
    [(412, False, PASS), (None, True, PASS), (304, False, FAIL), (412, True, FAIL), (204, False, FAIL)],
)
def test_a_weak_tag_in_a_put_may_match_or_not(status: int | None, performs: bool, verdict: Verdict) -> None:
    def refuse(fields: Fields, _: bool) -> int | None:
        return status if fields.get("if-none-match", "").startswith("W/") else None

    store = Store(refuse, ETAG, performs=performs)
    assert judged("conditional.inm-strong-unless-get-head", store).verdict is verdict
    assert store.content == OLD


def test_a_store_without_dates_is_not_asked_for_them() -> None:
    assert judged("conditional.ius-false-not-performed", Store(lambda *_: None)).verdict is ABSENT


def test_what_is_not_there_may_be_created_under_a_star() -> None:
    def strict(fields: Fields, existed: bool) -> int | None:
        wrong = (fields.get("if-match") == "*" and not existed) or (fields.get("if-none-match") == "*" and existed)
        return 412 if wrong else None

    assert judged("conditional.if-match-star-missing", Store(strict)).verdict is PASS
    assert judged("conditional.inm-star-missing-performs", Store(strict)).verdict is PASS
    blind = Store(lambda fields, _: 412 if "if-none-match" in fields else None)
    assert judged("conditional.inm-star-missing-performs", blind).verdict is FAIL
    assert judged("conditional.if-match-star-missing", Store(lambda *_: None)).verdict is FAIL


def test_a_connection_that_ends_early_shows_nothing() -> None:
    for id in ("conditional.if-match-miss-not-performed", "validator.strong-tag-changes-with-data"):
        assert judged(id, Store(lambda *_: None), closes=True).verdict is UNCLEAR


@pytest.mark.parametrize(
    ("tag", "strong", "weak"),
    [('"same"', FAIL, ABSENT), ('W/"same"', ABSENT, FAIL), ("", ABSENT, ABSENT)],
)
def test_a_tag_that_stays_is_held_against_its_own_strength(tag: str, strong: Verdict, weak: Verdict) -> None:
    lines = (f"ETag: {tag}",) if tag else ()
    assert judged("validator.strong-tag-changes-with-data", Store(lambda *_: None, *lines)).verdict is strong
    assert judged("validator.weak-tag-changes-with-meaning", Store(lambda *_: None, *lines)).verdict is weak


def test_a_date_is_blamed_only_for_octets_of_the_newer_version() -> None:
    class Parts(Store):
        def __call__(self, method: str, fields: Fields, body: bytes) -> bytes:
            if method == "GET" and "range" in fields and self.content:
                return reply(206, f"Content-Range: bytes 0-9/{len(self.content)}", body=self.content[:10])
            return super().__call__(method, fields, body)

    rule = "conditional.if-range-weak-date-no-match"
    assert judged(rule, Parts(lambda *_: None, MODIFIED)).verdict is WARNING
    assert judged(rule, Store(lambda *_: None, MODIFIED)).verdict is PASS
    undated = Parts(lambda *_: None)
    assert judged(rule, undated).verdict is ABSENT
    assert undated.content == OLD
