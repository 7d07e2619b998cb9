"""If-Range (RFC 9110 §13.1.5; RFC 2616 §3.11, §13.3.3, §14.27): part or whole, where the server serves ranges."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.conditional import (
    DAY,
    NEVER_ISSUED,
    REQUEST,
    WHOLE,
    control_of,
    last_modified,
    served_whole,
)
from conformance.checks.conditional_tags import NO_TAG, current_tag, strong
from conformance.checks.partial import TEN
from conformance.checks.ranges import PART, PREMISES
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import format_date
from conformance.predicates import OVERLOADED, absent, advised, broken, describe, first_of, passed, unclear
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement, Verdict

NO_RANGES = "a plain Range draws no part"
ASKED = "Range: bytes=0-9\r\nIf-Range: {}"


def part_if(evidence: Evidence, validator: str) -> Exchange:
    """A GET of the document's first octets on condition; there must be a document."""
    page = evidence.site.document
    assert page is not None
    return evidence.get(page.target, [("Range", TEN), ("If-Range", validator)])


def serves_parts(evidence: Evidence) -> bool:
    """Whether the document comes in parts."""
    page = evidence.site.document
    return page is not None and evidence.get(page.target, [("Range", TEN)]).status == 206


def whole_if(evidence: Evidence, validator: str, message: str) -> Judgement:
    """Judge a part asked for under a validator that is not the current one."""
    return served_whole(evidence, [("Range", TEN), ("If-Range", validator)], message)


@check(
    "conditional.if-range-mismatch-full-reply",
    statement="If the tag in If-Range is not the current one, the whole file is sent.",
    why="The client has a part of another version; a part of this one would not fit to it.",
    hint="Honour Range only if the tag in If-Range equals the ETag; otherwise send the whole with 200, never 412.",
    example=(REQUEST.format(ASKED.format('"old"')), WHOLE, PART),
    needs=("ranges",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.27 only advises to send the whole, RFC 9110 §13.1.5 demands it: by default a part is no more "
    "than a warning. Some servers ignore the field, others heed dates alone (aiohttp) and send the part for any tag.",
)
def other_tag(evidence: Evidence) -> Judgement:
    if not serves_parts(evidence):
        return absent(NO_RANGES)
    return whole_if(evidence, NEVER_ISSUED, "A tag in If-Range that was never issued does not lead to the whole file.")


@check(
    "conditional.if-range-match-206",
    statement="If the tag in If-Range is the current strong one, the part is sent.",
    why="The client goes on with a download that broke off; the whole again is what it wants to avoid.",
    hint="Compare the value with your ETag, quotes included, and go on with Range if they are equal.",
    example=(REQUEST.format(ASKED.format('"1"')), PART, WHOLE),
    needs=("ranges", "etag"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def same_tag(evidence: Evidence) -> Judgement:
    tag = current_tag(evidence)
    if tag is None or not strong(tag) or not serves_parts(evidence):
        return absent(NO_TAG if tag is None else "the tag is weak" if not strong(tag) else NO_RANGES)
    exchange = part_if(evidence, tag)
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == 206:
        return passed()
    return broken(exchange, "The current tag in If-Range draws no part.", expected="206 with the ten octets")


@check(
    "conditional.if-range-date-exact",
    statement="A date in If-Range counts only if it is the file's Last-Modified.",
    why="A part of a newer version would be joined with an older one to a file that never existed.",
    hint="If the value is a date, compare it for equality with your Last-Modified; if they differ, send the whole.",
    example=(REQUEST.format(ASKED.format("Sat, 29 Oct 1994 19:43:31 GMT")), WHOLE, PART),
    needs=("ranges", "last-modified"),
    requires=("conditional.if-range-mismatch-full-reply",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.27 says for tags only what does not match; a later date than the file's own is judged by RFC "
    "9110 §13.1.5 alone, an earlier one by both. The file's own date may draw the part, or the whole where the server "
    "holds it for weak (RFC 9110 §8.8.2.2).",
)
def other_date(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    changed = last_modified(control)
    if control is None or changed is None or not serves_parts(evidence):
        return absent("the file is sent without a Last-Modified that can be read" if changed is None else NO_RANGES)
    if changed < 29 * DAY:
        return unclear("the file claims to be from January 1970")
    message = "A date in If-Range that is not the file's own does not lead to the whole file."
    trials = [whole_if(evidence, format_date(changed - DAY), message)]
    if evidence.spec is Spec.RFC9110 and changed + 5 < control.began:  # RFC 2616 says nothing of later dates
        trials.append(whole_if(evidence, format_date(changed + 1), message))
    exact = part_if(evidence, format_date(changed))
    if exact.status != 206:
        trials.append(whole_if(evidence, format_date(changed), "The file's own date in If-Range draws neither."))
    return first_of(trials)


@check(
    "conditional.if-range-weak-tag-no-match",
    statement="A weak tag in If-Range never matches, so the whole file is sent.",
    why="Versions that only mean the same differ in their octets, and parts of them do not fit together.",
    hint="Do not cut off the W/ before you compare; send the whole with 200 if the value begins with it.",
    example=(REQUEST.format(ASKED.format('W/"1"')), WHOLE, PART),
    needs=("ranges", "etag"),
    requires=("conditional.if-range-mismatch-full-reply",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §13.3.3 wants the strong comparison, yet its §10.2.7 speaks of a 206 after a weak If-Range; RFC "
    "9110 §13.1.5 makes the condition false. A fault by RFC 9110, otherwise a warning.",
)
def weak_tag(evidence: Evidence) -> Judgement:
    tag = current_tag(evidence)
    if tag is None or not serves_parts(evidence):
        return absent(NO_TAG if tag is None else NO_RANGES)
    validator = f"W/{tag}" if strong(tag) else tag
    message = "A weak tag in If-Range is taken for a match."
    judgement = whole_if(evidence, validator, message)
    if judgement.verdict is Verdict.FAIL and evidence.spec is not Spec.RFC9110:
        # RFC 2616 §10.2.7 speaks of a 206 to a weak If-Range, though §13.3.3 wants the strong comparison.
        expected = "200 with the whole file (RFC 9110 §13.1.5; a 206 is mentioned in RFC 2616 §10.2.7)"
        return advised(part_if(evidence, validator), message, expected=expected)
    return judgement
