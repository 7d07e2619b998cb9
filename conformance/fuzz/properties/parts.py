"""A part is a slice of the whole (RFC 9110 §14, §15.3.7): 206 and 416 beside the 200 that the same request draws
without Range.

Ignoring Range is always lawful, and so is fewer octets than were asked for. Pages that change are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.byteranges import (
    CONTENT_RANGE,
    Place,
    boundary_of,
    is_multipart,
    read_multipart,
    read_place,
)
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Breach, Case, usable, well_named
from conformance.predicates import found, status_span
from conformance.response import Response, Span

SET = re.compile(r"bytes=[ \t,]*((?:\d+-\d*|-\d+)(?:[ \t]*,[ \t]*(?:\d+-\d*|-\d+)?)*)", re.IGNORECASE)
SLICE = "the octets of the whole that Content-Range names (RFC 9110 §14.4, §15.3.7)"
WHOLE = "206 with the part, or 200 with the whole (RFC 9110 §14.2)"


def sliced(case: Case) -> Iterator[Breach]:
    """A part is the slice that it claims to be, and lies within what was asked for."""
    answer, request = case.answer, case.example.request
    if answer is None or answer.status not in (200, 206, 416) or not answer.complete:
        return
    if b"range" not in request.head.lower():
        if answer.status == 206 and answer.method != "HEAD":
            expected = "200 (RFC 9110 §15.3.7)"
            yield _breach(case, "range.206-only-if-asked", "206 answers a request without a Range.", expected, answer)
        return
    twin = request.without(b"Range").without(b"If-Range")
    whole = None if answer.method != "GET" or b"range" in twin.head.lower() else _whole(case, twin, answer)
    if whole is None:
        return
    if answer.status == 206:
        yield from _part(case, answer, whole)
    elif answer.status == 416:
        yield from _length(case, answer, whole)
    elif len(answer.body) < len(whole) and answer.body in whole:
        message = "A part of the page is sent as if it were the whole."
        yield _breach(case, "range.partial-body-needs-206", message, WHOLE, answer, _octets(answer.body, whole))


def _whole(case: Case, twin: Request, answer: Response) -> bytes | None:
    """The octets that the request draws without Range, if they are always the same ones in the same coding."""
    response = case.controls.answer(twin).response
    if response is None or response.status != 200 or not usable(response):
        return None
    if response.tokens("content-encoding") != answer.tokens("content-encoding") and answer.status != 416:
        return None
    if _is_slice(answer, response.body) or case.controls.steady(twin, "body", lambda each: each.body):
        return response.body
    return None


def _is_slice(answer: Response, whole: bytes) -> bool:
    """Whether all is well beyond doubt, so that nothing has to be played again."""
    place = read_place(answer.value("content-range"))
    return answer.body == whole or (place is not None and answer.body == place.octets(whole))


def _part(case: Case, answer: Response, whole: bytes) -> Iterator[Breach]:
    content_type = answer.value("content-type") or ""
    if is_multipart(content_type):
        yield from _multipart(case, answer, whole, boundary_of(content_type))
        return
    field = answer.field("content-range")
    if field is None:
        yield _breach(case, "range.206-has-content-range", "A part does not say which it is.", SLICE, answer)
        return
    rule = _misplaced(field.value, answer.body, whole)
    if rule is not None:
        message = f"The octets of a part are not those that it names: {MEANING[rule]}."
        observed = f"Content-Range: {field.value}, and {_octets(answer.body, whole)}"
        yield _breach(case, rule, message, SLICE, answer, observed, field.span)
        return
    yield from _asked(case, answer, [read_place(field.value)], whole)


MEANING = {
    "range.content-range-syntax": "Content-Range is not written as its grammar has it",
    "range.206-no-star-range": "an asterisk stands in the place of the positions",
    "range.content-range-consistent": "such positions cannot exist",
    "range.content-range-total-length": "the length after the slash is not that of the page",
    "range.206-body-matches-content-range": "they are others, or more, or fewer",
}


def _misplaced(value: str | None, content: bytes, whole: bytes) -> str | None:
    """The rule that a part breaks by its Content-Range, or by what it carries."""
    if CONTENT_RANGE.fullmatch(value or "") is None:
        return "range.content-range-syntax"
    place = read_place(value)
    if place is None:
        return "range.206-no-star-range"
    if not place.valid:
        return "range.content-range-consistent"
    if place.length is not None and place.length != len(whole):
        return "range.content-range-total-length"
    return None if content == place.octets(whole) else "range.206-body-matches-content-range"


def _multipart(case: Case, answer: Response, whole: bytes, boundary: str) -> Iterator[Breach]:
    read = read_multipart(answer.body, boundary)
    top = answer.field("content-range")
    if top is not None:
        message, expected = "A multipart has a Content-Range of its own.", "one in each part (RFC 9110 §15.3.7.2)"
        yield _breach(case, "range.multipart-no-top-content-range", message, expected, answer, span=top.span)
    if not boundary or not read.closed or not read.parts or any(not part.headed or part.stray for part in read.parts):
        message, expected = "A multipart cannot be taken apart.", "boundary, head, empty line, octets (RFC 9110 §14.6)"
        yield _breach(case, "range.multipart-syntax", message, expected, answer)
        return
    for part in read.parts:
        value = part.value("content-range")
        if _misplaced(value, part.content, whole) is not None:
            observed = f"Content-Range: {value}, and {_octets(part.content, whole)}"
            message = "The octets of a part are not those that it names."
            yield _breach(case, "range.multipart-part-headers", message, SLICE, answer, observed)
            return
    yield from _asked(case, answer, [read_place(part.value("content-range")) for part in read.parts], whole)


def _asked(case: Case, answer: Response, places: list[Place | None], whole: bytes) -> Iterator[Breach]:
    """Whether the parts lie within what was asked for: judged of a set that is well written beyond doubt."""
    values = [value.strip(b" \t").decode("latin-1") for value in well_named(case.example.request, b"range")]
    if len(values) != 1 or case.example.request.head.lower().count(b"range") != 1:
        return
    match = SET.fullmatch(values[0])
    if match is None:
        if re.fullmatch(r"bytes=[^,]*", values[0]) and not _recovered(values[0], places, len(whole)):
            message = "A Range that is not valid is answered by a part."
            expected = "200 with the whole, 400 or 416 (RFC 9110 §14.2)"
            yield _breach(case, "range.invalid-spec-not-honoured", message, expected, answer, f"206 to {values[0]!r}")
        return
    asked = [each.strip(" \t") for each in match[1].split(",") if each.strip(" \t")]
    wanted = [_positions(each, len(whole)) for each in asked]
    if any(isinstance(each, str) for each in wanted) and len(asked) > 1:
        return  # what such a set means is disputed
    spans = [each for each in wanted if not isinstance(each, str)]
    if len(spans) > 1:  # ranges that overlap, or nearly touch, may be sent as one (RFC 9110 §15.3.7.2)
        spans = [(min(first for first, _ in spans), max(last for _, last in spans))]
    for place in places:
        if place is None or any(place.within(first, last) for first, last in spans):
            continue
        rule = wanted[0] if isinstance(wanted[0], str) else _rule_for(asked[0], len(whole))
        message = "A part is sent that was not asked for."
        observed = f"{place.first}-{place.last}, and the whole has {len(whole)} octets"
        yield _breach(case, rule, message, f"octets within {values[0]} (RFC 9110 §14.1.2)", answer, observed)
        return


def _recovered(value: str, places: list[Place | None], length: int) -> bool:
    """Whether the part is what an invalid range may be mended to (RFC 9110 §2.4): it begins at the first number."""
    read = re.match(r"bytes=\s*([+]?\d+|--?[+]?\d+(?!\d*-))", value)
    if read is None or len(places) != 1 or places[0] is None:
        return False
    number = int(re.sub(r"\D", "", read[1]))
    return places[0].first == (max(0, length - number) if read[1].startswith("-") else number)


def _positions(spec: str, length: int) -> tuple[int, int] | str:
    """The first and the last position that a range selects, or the rule that a part breaks if it selects none."""
    first, _, last = spec.partition("-")
    if not first:
        count = min(int(last), length)
        return (length - count, length - 1) if count else "range.unsatisfiable-is-not-206"
    if last and int(last) < int(first):
        return "range.invalid-spec-not-honoured"
    if int(first) >= length:
        return "range.unsatisfiable-is-not-206"
    return int(first), min(int(last), length - 1) if last else length - 1


def _rule_for(spec: str, length: int) -> str:
    first, _, last = spec.partition("-")
    if not first:
        return "range.suffix-is-last-octets"
    return "range.positions-inclusive-from-zero" if last and int(last) < length else "range.end-clamped-to-length"


def _length(case: Case, answer: Response, whole: bytes) -> Iterator[Breach]:
    field = answer.field("content-range")
    match = CONTENT_RANGE.fullmatch(field.value) if field is not None else None
    if field is None or match is None or match["total"] in (None, "*", str(len(whole))):
        return
    message, expected = "A 416 tells a wrong length.", f"bytes */{len(whole)} (RFC 9110 §14.4, §15.5.17)"
    yield _breach(case, "range.416-has-content-range", message, expected, answer, field.value, field.span)


def _octets(content: bytes, whole: bytes) -> str:
    return f"{len(content)} octets of {len(whole)}" if content in whole else f"{len(content)} octets, others"


def _breach(
    case: Case,
    rule: str,
    message: str,
    expected: str,
    answer: Response,
    observed: str | None = None,
    span: Span | None = None,
) -> Breach:
    seen = f"status {answer.status}" if observed is None else observed
    where = status_span(answer) if span is None else span
    return Breach(rule, found(case.exchange, message, expected=expected, observed=seen, span=where))
