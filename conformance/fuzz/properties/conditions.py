"""Conditional answers agree with the page's own validators (RFC 9110 §13, §15.4.5; RFC 2616 §14.24 to §14.28).

Judged is what is certain: one condition, written beyond doubt, to a GET or HEAD whose plain twin is answered by 200 and
always has the same validators. 304 and 412 that nobody has asked for are wrong everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from conformance.fuzz.example import Fate
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Breach, Case, usable, well_named
from conformance.grammar import parse_date
from conformance.predicates import found, status_span
from conformance.response import Response, Span

CONDITIONS = (b"If-Match", b"If-None-Match", b"If-Modified-Since", b"If-Unmodified-Since", b"If-Range")
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"[ \t]*{TAG}(?:[ \t]*,[ \t]*{TAG})*[ \t]*")
UNASKED = {
    304: ("conditional.304-only-if-asked", "304 answers a request without a condition.", "RFC 9110 §15.4.5"),
    412: ("conditional.412-only-if-asked", "412 answers a request without a condition.", "RFC 9110 §15.5.13"),
}


def conditional(case: Case) -> Iterator[Breach]:
    """304, 412 and the page itself come where the page's own validators say so."""
    answer, request = case.answer, case.example.request
    if answer is None or answer.status not in (200, 206, 304, 412):
        return
    if b"if-" not in request.head.lower():
        if answer.status in UNASKED:
            rule, message, section = UNASKED[answer.status]
            yield _breach(case, rule, message, f"the page, or another status ({section})", answer)
        return
    plain = request
    for name in CONDITIONS:
        plain = plain.without(name)
    if request.method not in (b"GET", b"HEAD") or case.example.fate is Fate.REFUSED or b"if-" in plain.head.lower():
        return
    plain = replace(plain.without(b"Range"), method=b"GET")
    whole = case.controls.answer(plain).response
    if whole is not None and whole.status == 200 and usable(whole):
        yield from _judged(case, answer, whole, plain)


def _judged(case: Case, answer: Response, whole: Response, twin: Request) -> Iterator[Breach]:
    there = {name: well_named(case.example.request, name.lower()) for name in CONDITIONS}
    conditions = [(name, values[0].decode("latin-1").strip(" \t")) for name, values in there.items() if values]
    if answer.status == 304:
        yield from _description(case, answer, whole, twin)
    if case.example.request.head.lower().count(b"if-") != 1 or len(conditions) != 1:
        yield from _tag_before_date(case, answer, whole, dict(conditions))
        return
    name, value = conditions[0]
    wrong = JUDGES[name](value, answer, whole)
    if wrong is not None:
        rule, expected = wrong
        if case.controls.steady(twin, "validators", _validators):
            message = f"{name.decode()}: {value} is answered by {answer.status}; the page has {_described(whole)}."
            yield _breach(case, rule, message, expected, answer)


def _validators(response: Response) -> tuple[str | None, str | None]:
    return response.value("etag"), response.value("last-modified")


def _described(whole: Response) -> str:
    tag, date = _validators(whole)
    return f"ETag {tag or '(none)'} and Last-Modified {date or '(none)'}"


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _tags(value: str) -> list[str] | None:
    return re.findall(TAG, value) if TAGS.fullmatch(value) else None


def _if_none_match(value: str, answer: Response, whole: Response) -> tuple[str, str] | None:
    own, tags = whole.value("etag"), _tags(value)
    if answer.status == 412 or (tags is None and value != "*"):
        return None
    if tags is None:
        star = own is not None and answer.status == 200
        return ("conditional.inm-star-existing", "304 (RFC 9110 §13.1.2)") if star else None
    hit = own is not None and _opaque(own) in map(_opaque, tags)
    if answer.status == 304 and not hit:
        return "conditional.inm-miss-no-304", "200 with the page (RFC 9110 §13.1.2, RFC 2616 §14.26)"
    if answer.status == 200 and own in tags:
        rule = "conditional.inm-hit-get-304" if len(tags) == 1 else "conditional.inm-list"
        return rule, "304, as a tag is the current one (RFC 9110 §13.1.2)"
    return None


def _if_match(value: str, answer: Response, whole: Response) -> tuple[str, str] | None:
    own, tags = whole.value("etag"), _tags(value)
    strong = own is not None and not own.startswith("W/")
    if answer.status == 412 and (value == "*" or (strong and own in (tags or []))):
        return "conditional.if-match-hit-performs", "200 with the page (RFC 9110 §13.1.1)"
    if answer.status == 200 and own is not None and tags and _opaque(own) not in map(_opaque, tags):
        return "conditional.if-match-miss-412", "412 (RFC 9110 §13.1.1)"
    return None


def _if_modified_since(value: str, answer: Response, whole: Response) -> tuple[str, str] | None:
    own = whole.value("last-modified")
    asked, changed = parse_date(value), parse_date(own or "")
    if answer.status == 304 and asked is not None and changed is not None and asked < changed:
        return "conditional.ims-modified-full-reply", "200 with the page (RFC 9110 §13.1.3)"
    if answer.status == 304 and not re.search(r"\d", value):
        return "conditional.ims-invalid-date-ignored", "200 with the page, as that is no date (RFC 9110 §13.1.3)"
    if answer.status == 200 and own is not None and value == own and changed is not None:
        return "conditional.ims-unmodified-304", "304 (RFC 9110 §13.1.3)"
    return None


def _if_unmodified_since(value: str, answer: Response, whole: Response) -> tuple[str, str] | None:
    own = whole.value("last-modified")
    asked, changed = parse_date(value), parse_date(own or "")
    if answer.status == 412 and own is not None and value == own:
        return "conditional.ius-true-performs", "200 with the page (RFC 9110 §13.1.4)"
    if answer.status == 200 and asked is not None and changed is not None and asked < changed:
        return "conditional.ius-false-412", "412 (RFC 9110 §13.1.4)"
    return None


def _if_range(value: str, answer: Response, whole: Response) -> tuple[str, str] | None:
    own, tags = whole.value("etag"), _tags(value)
    if answer.status != 206 or not tags or own is None:
        return None
    if tags[0].startswith("W/"):
        return "conditional.if-range-weak-tag-no-match", "200 with the page (RFC 9110 §13.1.5)"
    return None if own == tags[0] else ("conditional.if-range-mismatch-full-reply", "200 (RFC 9110 §13.1.5)")


JUDGES = {
    b"If-Match": _if_match,
    b"If-None-Match": _if_none_match,
    b"If-Modified-Since": _if_modified_since,
    b"If-Unmodified-Since": _if_unmodified_since,
    b"If-Range": _if_range,
}


def _tag_before_date(case: Case, answer: Response, whole: Response, given: dict[bytes, str]) -> Iterator[Breach]:
    """If-Modified-Since counts for nothing beside If-None-Match."""
    tags = _tags(given.get(b"If-None-Match", ""))
    if answer.status != 304 or set(given) != {b"If-None-Match", b"If-Modified-Since"} or not tags:
        return
    if _opaque(whole.value("etag") or "") not in map(_opaque, tags):
        message = f"If-None-Match: {given[b'If-None-Match']} is answered by 304 for the sake of a date."
        expected = "200 with the page: beside If-None-Match the date does not count (RFC 9110 §13.1.3)"
        yield _breach(case, "conditional.inm-disables-ims", message, expected, answer)


def _description(case: Case, answer: Response, whole: Response, plain: Request) -> Iterator[Breach]:
    """What a 304 says of the page is what the 200 says."""
    length, tag = answer.field("content-length"), answer.field("etag")
    if length is not None and length.value != str(len(whole.body)) and not whole.tokens("content-encoding"):
        message = "The Content-Length of a 304 is not that of the page."
        expected = f"none, or {len(whole.body)} as in the 200 (RFC 9110 §8.6)"
        yield _breach(
            case, "conditional.304-content-length-as-200", message, expected, answer, length.value, length.span
        )
    own = whole.value("etag")
    other = tag is not None and own is not None and _opaque(tag.value) != _opaque(own)
    if tag is not None and other and _comes_again(case, tag.value, plain):
        message, expected = "A 304 has another ETag than the page.", f"ETag: {own}"
        yield _breach(case, "conditional.304-repeats-200-fields", message, expected, answer, tag.value, tag.span)


def _comes_again(case: Case, tag: str, plain: Request) -> bool:
    """Whether all answers have the tags that they had, which may hold the time of the reply (RFC 9110 §8.8.1)."""
    if not case.controls.steady(plain, "validators", _validators):
        return False
    answer = replace(case, exchange=case.controls.player(case.example.probe)).answer
    return answer is not None and answer.value("etag") == tag


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
