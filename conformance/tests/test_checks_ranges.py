"""The lawful alternatives of the rules on 206, 416 and multipart/byteranges that are easy to get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Judgement, Verdict

CATALOGUE = checks.load()
FILE = bytes(range(97, 123)) * 100  # 2600 octets
EMPTY = Page("empty.txt", "text", b"")
PASS, FAIL, WARNING, UNCLEAR, ABSENT = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARNING,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_APPLICABLE,
)
Answers: TypeAlias = Mapping[str | None, bytes]


def reply(status: int = 200, *lines: str, body: bytes = b"", length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def whole(*lines: str) -> bytes:
    return reply(200, *lines, body=FILE)


def part(first: int, last: int, *lines: str, body: bytes | None = None, length: str = "2600") -> bytes:
    octets = FILE[first : last + 1] if body is None else body
    return reply(206, f"Content-Range: bytes {first}-{last}/{length}", *lines, body=octets)


def parts(*places: tuple[int, int], extra: str = "", boundary: str = "x", tail: bytes = b"\r\n--x--\r\n") -> bytes:
    heads = [f"--x\r\nContent-Range: bytes {first}-{last}/2600\r\n{extra}\r\n".encode() for first, last in places]
    pieces = [head + FILE[first : last + 1] for head, (first, last) in zip(heads, places, strict=True)]
    media_type = f"Content-Type: multipart/byteranges; boundary={boundary}"
    return reply(206, media_type, body=b"\r\n".join(pieces) + tail)


def judged(id: str, answer: Callable[[str, str, str], bytes], spec: Spec = Spec.BOTH) -> Judgement:
    """Let the check of ``id`` judge a server given as a function of method, target and Range ("" for none)."""
    site = Site("localhost", 50000, "web", (Page("notes.txt", "text", FILE), EMPTY), (), ())

    def player(probe: Probe) -> Exchange:
        line, *rest = probe.sent.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        method, target, _ = line.split(" ")
        data = answer(method, target, fields.get("range", ""))
        # Nothing more comes of a message that is not whole, and the suite waits in vain.
        exchange = Exchange(probe, (Chunk(0.01, data),), Ending.SILENT, 0.0, 0.1, waited=2.0)
        if exchange.response is None or not exchange.response.complete:
            return exchange
        return Exchange(probe, (Chunk(0.01, data),), Ending.OURS, 0.0, 0.1, waited=2.0)

    return CATALOGUE[id].judge(Evidence(site, player, spec))


def to_any_range(given: bytes, plain: bytes | None = None) -> Callable[[str, str, str], bytes]:
    """A server that answers every Range alike."""
    return lambda _method, _target, value: given if value else plain or whole()


def to_range(asked: str, given: bytes) -> Callable[[str, str, str], bytes]:
    """A server that answers one Range in its own way, and ignores all others."""
    return lambda _method, _target, value: given if value == asked else whole()


PART_RULES = [id for id, check in CATALOGUE.items() if id.startswith(("range.", "media-type.m")) and check.rule.needs]


@pytest.mark.parametrize("id", PART_RULES)
def test_who_ignores_every_range_breaks_nothing(id: str) -> None:
    server = to_any_range(whole())
    assert judged(id, lambda *given: reply() if given[1] == EMPTY.target else server(*given)).verdict in (PASS, ABSENT)


TWO = "bytes=0-9,1000-1009"


@pytest.mark.parametrize("id", [id for id in PART_RULES if "multipart" in id or "part" in id])
@pytest.mark.parametrize(
    "given",
    [
        part(0, 9),
        part(1000, 1009),
        part(0, 1009),
        part(0, 4),
        parts((0, 9), (1000, 1009)),
        parts((1000, 1009), (0, 9)),
        parts((0, 9)),
        parts((0, 9), (1000, 1009), boundary='"x"'),
    ],
)
def test_two_ranges_may_be_answered_in_many_ways(id: str, given: bytes) -> None:
    assert judged(id, to_range(TWO, given)).verdict in (PASS, ABSENT)


@pytest.mark.parametrize(
    ("id", "given", "verdict"),
    [
        ("range.206-has-content-range", reply(206, body=FILE[:10]), FAIL),
        ("range.206-has-content-range", parts((0, 9)), PASS),  # another rule's business
        ("range.single-range-not-multipart", parts((0, 9)), FAIL),
        ("range.content-range-syntax", part(0, 9, length="*"), PASS),
        ("range.content-range-syntax", reply(206, "Content-Range: bytes 0-9", body=FILE[:10]), FAIL),
        ("range.content-range-total-length", part(0, 9), PASS),
        ("range.content-range-total-length", part(0, 9, length="*"), WARNING),
        ("range.content-range-total-length", part(0, 9, length="10"), FAIL),
        ("range.content-range-consistent", part(0, 9, length="10"), PASS),
        ("range.content-range-consistent", part(0, 9, length="9"), FAIL),
        ("range.206-content-length", part(0, 4), PASS),  # less than was asked for
        ("range.206-content-length", reply(206, "Content-Range: bytes 0-9/2600", body=FILE[:10], length=2600), FAIL),
        ("range.206-content-length", reply(206, "Content-Range: bytes 0-9/2600", body=FILE[:10], length=9), FAIL),
        ("range.206-body-matches-content-range", part(0, 4), PASS),
        ("range.206-body-matches-content-range", part(0, 9, body=FILE[:9]), FAIL),
        ("range.206-body-matches-content-range", part(0, 9, body=FILE), FAIL),
        ("range.unit-case-insensitive", part(0, 9), PASS),
    ],
)
def test_a_part_is_compared_with_what_it_says_of_itself(id: str, given: bytes, verdict: Verdict) -> None:
    assert judged(id, to_any_range(given)).verdict is verdict


FIRST = "range.positions-inclusive-from-zero"
END = "range.end-clamped-to-length"
SUFFIX = "range.suffix-is-last-octets"


@pytest.mark.parametrize(
    ("id", "asked", "given", "verdict"),
    [
        (FIRST, "bytes=0-0", part(0, 0), PASS),
        (FIRST, "bytes=0-0", part(1, 1), FAIL),
        (FIRST, "bytes=1-3", part(2, 2), PASS),  # a part of the range
        (FIRST, "bytes=1-3", part(1, 4), FAIL),
        (FIRST, "bytes=1-3", reply(416), WARNING),
        (FIRST, "bytes=1-3", reply(400), FAIL),
        (FIRST, "bytes=1-3", reply(503), PASS),  # the other trial counts
        (END, "bytes=2595-", part(2595, 2599), PASS),
        (END, "bytes=2595-", part(0, 4), FAIL),
        (END, "bytes=2595-2699", part(2595, 2599), PASS),
        (END, "bytes=2595-2699", reply(416), WARNING),
        (SUFFIX, "bytes=-5", part(2595, 2599), PASS),
        (SUFFIX, "bytes=-5", part(0, 4), FAIL),
        (SUFFIX, "bytes=-2700", part(0, 2599), PASS),
        (SUFFIX, "bytes=-2700", reply(500), FAIL),
    ],
)
def test_less_than_was_asked_for_may_come_but_nothing_else(id: str, asked: str, given: bytes, verdict: Verdict) -> None:
    assert judged(id, to_range(asked, given)).verdict is verdict


@pytest.mark.parametrize(
    ("asked", "given", "not_part", "gets_416"),
    [
        ("bytes=2600-", reply(416, "Content-Range: bytes */2600"), PASS, PASS),
        ("bytes=2600-", reply(206, "Content-Range: bytes 2600-2599/2600"), FAIL, PASS),
        ("bytes=-0", part(0, 2599), FAIL, PASS),
        ("bytes=2610-2620", reply(400), PASS, FAIL),
        ("bytes=2610-2620", reply(500), PASS, FAIL),
        ("bytes=2610-2620", reply(429), PASS, PASS),
    ],
)
def test_what_answers_a_range_beyond_the_end(asked: str, given: bytes, not_part: Verdict, gets_416: Verdict) -> None:
    assert judged("range.unsatisfiable-is-not-206", to_range(asked, given)).verdict is not_part
    assert judged("range.unsatisfiable-gets-416", to_range(asked, given)).verdict is gets_416


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("Content-Range: bytes */2600", PASS),
        ("Content-Range: bytes */02600", PASS),
        ("Content-Range: bytes */260", FAIL),
        ("Content-Range: bytes 0-0/2600", FAIL),
        ("X-Nothing: 1", FAIL),
    ],
)
def test_a_416_tells_the_length(line: str, verdict: Verdict) -> None:
    assert judged("range.416-has-content-range", to_any_range(reply(416, line))).verdict is verdict


@pytest.mark.parametrize(
    ("given", "verdict"),
    [(reply(200), PASS), (reply(416), PASS), (reply(206, "Content-Range: bytes 0-0/0"), FAIL), (reply(400), WARNING)],
)
def test_nothing_has_no_parts(given: bytes, verdict: Verdict) -> None:
    def answer(_method: str, target: str, value: str) -> bytes:
        return whole() if target != EMPTY.target else given if value else reply()

    assert judged("range.empty-file-first-pos", answer).verdict is verdict


@pytest.mark.parametrize(
    ("id", "given", "verdict"),
    [
        ("range.several-parts-multipart", reply(206, "Content-Type: text/plain", body=FILE[:20]), FAIL),
        ("range.several-parts-multipart", part(0, 9, body=FILE[:10] * 2), FAIL),
        ("media-type.multipart-boundary", parts((0, 9), (1000, 1009), boundary="y"), FAIL),
        ("media-type.multipart-boundary", parts((0, 9), (1000, 1009), boundary=""), FAIL),
        ("range.multipart-syntax", parts((0, 9), (1000, 1009), tail=b""), FAIL),
        ("range.multipart-syntax", parts((0, 9), (1000, 1009), tail=b"\r\n--x--"), PASS),
        ("media-type.multipart-no-epilogue", parts((0, 9), (1000, 1009), tail=b"\r\n--x--"), PASS),
        ("media-type.multipart-no-epilogue", parts((0, 9), (1000, 1009), tail=b"\r\n--x--\r\n\r\n"), FAIL),
        ("media-type.no-te-in-body-parts", parts((0, 9), extra="Transfer-Encoding: chunked\r\n"), FAIL),
    ],
)
def test_a_multipart_is_built_by_the_book(id: str, given: bytes, verdict: Verdict) -> None:
    assert judged(id, to_range(TWO, given)).verdict is verdict


@pytest.mark.parametrize(
    ("plain", "extra", "verdict"),
    [
        ((), "", ABSENT),
        (("Content-Type: text/plain",), "Content-Type: text/plain\r\n", PASS),
        (("Content-Type: text/plain; a=b",), "Content-Type: text/plain;a=b\r\n", PASS),
        (("Content-Type: text/plain",), "Content-Type: text/html\r\n", WARNING),
        (("Content-Type: text/plain",), "", WARNING),
    ],
)
def test_parts_have_the_type_of_the_file_if_it_has_one(plain: tuple[str, ...], extra: str, verdict: Verdict) -> None:
    server = to_any_range(parts((0, 9), (1000, 1009), extra=extra), whole(*plain))
    assert judged("range.multipart-part-content-type", server).verdict is verdict


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (parts((1000, 1009), (0, 9)), PASS),
        (parts((0, 9), (1000, 1009)), FAIL),
        (parts((0, 1009)), PASS),
        (parts((0, 9)), PASS),
        (part(0, 1009), ABSENT),
    ],
)
def test_the_order_counts_only_if_both_parts_come(given: bytes, verdict: Verdict) -> None:
    assert judged("range.parts-in-requested-order", to_range("bytes=1000-1009,0-9", given)).verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), [(206, PASS), (200, PASS), (416, WARNING), (400, FAIL), (500, FAIL)])
@pytest.mark.parametrize(
    ("id", "asked"),
    [
        ("range.set-is-comma-list", "bytes=0-9, 1000-1009"),
        ("range.set-is-comma-list", "bytes=0-9,,1000-1009"),
        ("range.mixed-set-sends-satisfiable", "bytes=0-9,2610-2620"),
    ],
)
def test_a_set_may_be_ignored_or_served_in_part(id: str, asked: str, status: int, verdict: Verdict) -> None:
    given = {206: part(0, 9), 200: whole()}.get(status, reply(status))
    assert judged(id, to_range(asked, given)).verdict is verdict


@pytest.mark.parametrize(
    ("given", "by_2616", "by_default"),
    [(whole(), PASS, PASS), (reply(400), FAIL, PASS), (part(0, 9), FAIL, PASS), (reply(500), FAIL, FAIL)],
)
def test_one_invalid_range_voids_the_set_by_rfc_2616_alone(given: bytes, by_2616: Verdict, by_default: Verdict) -> None:
    server = to_range("bytes=0-9,9-5", given)
    assert judged("range.one-invalid-spec-voids-set", server, Spec.RFC2616).verdict is by_2616
    assert judged("range.one-invalid-spec-voids-set", server).verdict is by_default


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (whole(), PASS),
        (part(0, 2599), PASS),
        (reply(431), PASS),
        (reply(416), PASS),
        (reply(500), FAIL),
        (parts(*[(0, 2599)] * 100), FAIL),
    ],
)
def test_a_hundred_copies_are_too_many(given: bytes, verdict: Verdict) -> None:
    assert judged("range.egregious-sets-limited", to_any_range(given)).verdict is verdict


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("Cache-Control: max-age=5, public", PASS),  # the age moves, and the order is free
        ("Cache-Control: public", FAIL),
        ("X-Nothing: 1", FAIL),
    ],
)
def test_a_part_repeats_what_caches_need(line: str, verdict: Verdict) -> None:
    server = to_any_range(part(0, 9, line), whole("Cache-Control: public, max-age=9"))
    assert judged("range.206-repeats-200-fields", server).verdict is verdict
    assert judged("range.206-repeats-200-fields", server, Spec.RFC2616).verdict is PASS


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2600\r\n\r\n", PASS),
        ("HTTP/1.1 200 OK\r\n\r\n", PASS),
        ("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/2600\r\n\r\n", FAIL),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", FAIL),
    ],
)
def test_range_counts_for_get_alone(given: str, verdict: Verdict) -> None:
    def answer(method: str, _target: str, value: str) -> bytes:
        if method != "HEAD":
            return whole()
        return given.encode() if value else b"HTTP/1.1 200 OK\r\nContent-Length: 2600\r\n\r\n"

    assert judged("range.ignored-unless-get", answer).verdict is verdict


def test_who_has_no_head_is_not_asked() -> None:
    assert judged("range.ignored-unless-get", lambda m, *_: reply(501) if m == "HEAD" else whole()).verdict is ABSENT


@pytest.mark.parametrize(
    ("asked", "given", "id", "verdict"),
    [
        ("Bytes=0-9", part(0, 9), "range.unit-case-insensitive", PASS),
        ("Bytes=0-9", whole(), "range.unit-case-insensitive", WARNING),
        ("Bytes=0-9", reply(416), "range.unit-case-insensitive", FAIL),
    ],
)
def test_the_unit_knows_no_case(asked: str, given: bytes, id: str, verdict: Verdict) -> None:
    server = to_range(asked, given)
    assert (
        judged(id, lambda m, t, value: part(0, 9) if value == "bytes=0-9" else server(m, t, value)).verdict is verdict
    )


@pytest.mark.parametrize("id", ["range.overlap-is-legal", "range.mixed-set-sends-satisfiable"])
def test_who_refuses_every_set_has_one_fault(id: str) -> None:
    def server(_method: str, _target: str, value: str) -> bytes:
        return reply(416) if "," in value else whole()

    assert judged("range.set-is-comma-list", server).verdict is WARNING
    assert judged(id, server).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("plain", "given", "by_2616"),
    [
        (('ETag: "1"', "Content-Location: /notes.en.txt"), ("Content-Location: /notes.en.txt",), PASS),
        (('ETag: "1"',), (), FAIL),
        (("Expires: Thu, 01 Jan 2037 00:00:00 GMT",), (), PASS),
    ],
)
def test_rfc_2616_leaves_more_out_of_a_part(plain: tuple[str, ...], given: tuple[str, ...], by_2616: Verdict) -> None:
    server = to_any_range(part(0, 9, *given), whole(*plain))
    assert judged("range.206-repeats-200-fields", server).verdict is FAIL
    assert judged("range.206-repeats-200-fields", server, Spec.RFC2616).verdict is by_2616


def test_a_file_that_comes_in_a_coding_has_another_length() -> None:
    coded = reply(200, "Content-Encoding: gzip", body=b"not so long")
    refused = reply(416, "Content-Range: bytes */11")
    for id in ("range.end-clamped-to-length", "range.suffix-is-last-octets"):
        assert judged(id, to_any_range(refused, coded)).verdict is Verdict.INCONCLUSIVE
