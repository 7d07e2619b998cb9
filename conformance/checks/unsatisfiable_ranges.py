"""Ranges in which no octet lies (RFC 9110 §14.1.2, §15.5.17; RFC 2616 §10.4.17, §14.16): 416, or the whole file."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.byteranges import CONTENT_RANGE, is_multipart
from conformance.check import check
from conformance.checks.partial import CRASH, REQUEST, STATUS, UNMET, UNSATISFIABLE, document, part_reply, span_of
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    advised,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
    status_span,
    unclear,
)
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

PAST_END = ("bytes={length}-", "bytes={beyond}-{far}", "bytes=-0")


def unsatisfiable(evidence: Evidence) -> Iterator[tuple[Exchange, int]]:
    """The replies to ranges that no octet of the usual file is in, with its length."""
    page = document(evidence)
    control = evidence.get(page.target) if page is not None else None
    if page is None or control is None or control.response is None or not served(control):
        return
    length = len(control.response.body)
    for value in PAST_END:
        asked = value.format(length=length, beyond=length + 10, far=length + 20)
        yield evidence.get(page.target, [("Range", asked)]), length


def refused(evidence: Evidence) -> list[tuple[Exchange, Response, int]]:
    """Those of them that are refused with 416."""
    return [(x, x.response, length) for x, length in unsatisfiable(evidence) if x.response and x.status == 416]


@check(
    "range.unsatisfiable-is-not-206",
    statement="A range in which no octet lies is not answered by a part.",
    why="There is nothing to send; a part without octets cannot be placed by any client.",
    hint="Answer 416 if the first position is not below the file's length, and to a suffix of zero.",
    example=(
        REQUEST.format("bytes=12-"),
        UNSATISFIABLE.format(12),
        part_reply("bytes 12-11/12", ""),
    ),
    needs=("ranges",),
    requires=STATUS,
    risk=Risk.UNUSUAL,
    dispute="Some file servers take a suffix of no octets (bytes=-0) for the whole file and send it as 206. By RFC "
    "9110 §14.1.2 and RFC 2616 §14.35.1 such a range cannot be met, so that there is no part to send; the "
    "whole file may come as 200.",
)
def never_206(evidence: Evidence) -> Judgement:
    def judge(exchange: Exchange) -> Judgement:
        if exchange.status == 206:
            message = "A part answers a range in which no octet of the file lies."
            return broken(exchange, message, expected=UNMET)
        return passed(describe(exchange)) if answered(exchange) else unclear(describe(exchange))

    return first_of(judge(exchange) for exchange, _ in unsatisfiable(evidence))


@check(
    "range.unsatisfiable-gets-416",
    statement="A range in which no octet lies gets 416, or 200 with the whole file.",
    why="416 tells the client that the file is shorter than it thought; any other error tells it nothing.",
    hint="Compare the first position with the file's length before you slice, and answer 416 if it is not below.",
    example=(REQUEST.format("bytes=12-"), UNSATISFIABLE.format(12), CRASH),
    needs=("ranges",),
    requires=STATUS,
    risk=Risk.UNUSUAL,
    dispute="Some suites insist on 416. It is advice (RFC 9110 §14.2, RFC 2616 §10.4.17), and RFC 9110 §15.5.17 notes "
    "that many servers ignore Range then: 200 with the whole file passes.",
)
def gets_416(evidence: Evidence) -> Judgement:
    def judge(exchange: Exchange) -> Judgement:
        if exchange.status in OVERLOADED:
            return unclear(f"the server was overloaded: {describe(exchange)}")
        if exchange.status in (200, 206, 416):
            return passed(describe(exchange))
        message = "A range in which no octet of the file lies is not answered by 416."
        return broken(exchange, message, expected=UNMET)

    return first_of(judge(exchange) for exchange, _ in unsatisfiable(evidence))


@check(
    "range.416-has-content-range",
    statement="A 416 tells the file's present length in Content-Range.",
    why="The client learns from it why there was nothing to send, and which range to ask for next.",
    hint='Add "Content-Range: bytes */length" to the 416.',
    example=(
        REQUEST.format("bytes=900-"),
        UNSATISFIABLE.format(12),
        UNSATISFIABLE.format(12).replace("Content-Range: bytes */12\r\n", ""),
    ),
    needs=("ranges",),
    requires=(*STATUS, "range.content-range-syntax"),
    risk=Risk.UNUSUAL,
)
def length_in_416(evidence: Evidence) -> Judgement:
    judged = refused(evidence)
    for exchange, response, length in judged:
        value = response.value("content-range")
        match = CONTENT_RANGE.fullmatch(value or "")
        if match is None or match["total"] is None or match["total"].lstrip("0") != str(length):
            return broken(
                exchange,
                "A 416 does not tell the length of the file.",
                expected=f"Content-Range: bytes */{length}",
                observed="no Content-Range field" if value is None else f"Content-Range: {value}",
                span=span_of(exchange, value) if value is not None else status_span(response),
            )
    return passed() if judged else absent("no range is refused with 416")


@check(
    "range.416-not-multipart",
    statement="A 416 is not of the type multipart/byteranges.",
    why="There is no part in it that a client could take out.",
    hint="Give the 416 the type of your other error pages.",
    example=(
        REQUEST.format("bytes=900-901,910-911"),
        UNSATISFIABLE.format(12),
        UNSATISFIABLE.format(12).replace("Content-Length: 0", "Content-Type: multipart/byteranges; boundary=x"),
    ),
    needs=("ranges",),
    requires=STATUS,
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="Forbidden by RFC 2616 §10.4.17; RFC 9110 §15.5.17 no longer says so. It is reported only where RFC 2616 "
    "alone is the measure.",
)
def plain_416(evidence: Evidence) -> Judgement:
    page = document(evidence)
    if page is None or not served(evidence.get(page.target)):
        return absent("no static file is long enough")
    length = len(page.content)
    beyond = f"bytes={length + 1}-{length + 2},{length + 5}-{length + 6}"
    exchange = evidence.get(page.target, [("Range", beyond)])
    response = exchange.response
    if response is None or response.status != 416:
        return absent("no set of ranges is refused with 416")
    field = response.field("content-type")
    if field is None or not is_multipart(field.value):
        return passed()
    return broken(
        exchange,
        "A 416 says that it has parts.",
        expected="any other Content-Type, or none (RFC 2616 §10.4.17)",
        observed=f"Content-Type: {field.value}",
        span=field.span,
    )


@check(
    "range.empty-file-first-pos",
    statement="No part of an empty file is sent to a range with a first position.",
    why="There is no octet 0, and no Content-Range can be written for a part without octets.",
    hint="Answer 416, or 200 without content, if the file is empty.",
    example=(REQUEST.format("bytes=0-"), UNSATISFIABLE.format(0), part_reply("bytes 0--1/0", "")),
    needs=("ranges",),
    requires=STATUS,
    risk=Risk.UNUSUAL,
    dispute="A suffix can be met even by an empty file (RFC 9110 §14.1.2, RFC 2616 §14.35.1), yet no Content-Range "
    "can be written for it. So only ranges with a first position are judged, and 200 passes as well as 416.",
)
def empty_file(evidence: Evidence) -> Judgement:
    empty = [page for page in evidence.site.pages if not page.content and page.plain and page.kind != "program"]
    if not empty:
        return absent("the document root holds no empty file")
    target = empty[0].target
    control = evidence.get(target)
    if not served(control) or (control.response and control.response.body):
        return unclear(f"the empty file does not come empty: {describe(control)}")
    return first_of(_of_nothing(evidence.get(target, [("Range", value)])) for value in ("bytes=0-", "bytes=0-0"))


def _of_nothing(exchange: Exchange) -> Judgement:
    message = "A range of an empty file is not answered as one."
    lawful = "416 (RFC 9110 §14.2, RFC 2616 §14.35.1), or 200 without content (RFC 9110 §14.2, RFC 2616 §14.35.2)"
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is None or exchange.status == 206 or exchange.status >= 500:
        return broken(exchange, message, expected=lawful)
    return (
        passed(describe(exchange))
        if exchange.status in (200, 204, 416)
        else advised(exchange, message, expected=lawful)
    )
