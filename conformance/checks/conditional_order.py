"""Several conditions in one request, and where none counts (RFC 9110 §13.2, §14.2; RFC 2616 §13.3.4, §14.35.2)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.conditional import (
    BAD_REQUEST,
    DAY,
    FAILED,
    IF_MATCH,
    LONG_AGO,
    NEVER_ISSUED,
    NOT_MODIFIED,
    PREMISES,
    REQUEST,
    UNMODIFIED,
    WHOLE,
    control_of,
    held_back,
    last_modified,
    not_modified,
    refused_alike,
    served_whole,
)
from conformance.checks.conditional_tags import (
    IGNORED_MATCH,
    IGNORED_TAG,
    confirmed_tag,
    current_tag,
    heeds_if_match,
    strong,
)
from conformance.checks.partial import TEN
from conformance.checks.ranges import PART
from conformance.evidence import Evidence
from conformance.exemplars import echo, guarded
from conformance.grammar import format_date
from conformance.predicates import absent, broken, first_of, refused, served, treated_alike
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

UNLESS_SINCE = "If-Unmodified-Since"
UNAUTHORIZED = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
POST = "POST /echo.py HTTP/1.1\r\nHost: localhost:50000\r\nIf-Modified-Since: {}\r\nContent-Length: 5\r\n\r\nhello"


def before(evidence: Evidence) -> str | None:
    """A date one day before the document's Last-Modified, if it has one that is not from January 1970."""
    changed = last_modified(control_of(evidence))
    return None if changed is None or changed < 29 * DAY else format_date(changed - DAY)


def failing(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Fields that, alone, keep the document back."""
    page, date = evidence.site.document, before(evidence)
    if page is not None and current_tag(evidence) is not None and heeds_if_match(evidence):
        yield "If-Match", NEVER_ISSUED
    if page is not None and date is not None and refused(evidence.get(page.target, [(UNLESS_SINCE, date)])):
        yield UNLESS_SINCE, date


@check(
    "conditional.order-of-fields",
    statement="If-Match is judged before If-None-Match, and If-Modified-Since not at all beside it.",
    why="A client that states several conditions counts on the one that forbids; a tag is more exact than a date.",
    hint="Judge in this order: If-Match, or else If-Unmodified-Since; then If-None-Match, or else If-Modified-Since.",
    example=(REQUEST.format('If-Match: "old"\r\nIf-None-Match: "1"'), FAILED, NOT_MODIFIED),
    needs=("conditional",),
    requires=PREMISES,
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.2.2 fixes the order. RFC 2616 leaves If-Match beside If-None-Match undefined (§14.24), and "
    "by its §13.3.4 a 304 must agree with the date, too: whatever comes is lawful by it.",
)
def order_of_fields(evidence: Evidence) -> Judgement:
    page, tag, date = evidence.site.document, confirmed_tag(evidence), before(evidence)
    if page is None or tag is None:
        return absent(IGNORED_TAG)
    trials: list[Judgement] = []
    if heeds_if_match(evidence):
        both = evidence.get(page.target, [("If-Match", NEVER_ISSUED), ("If-None-Match", tag)])
        trials.append(held_back(both, "If-Match, which is false, does not come before If-None-Match."))
    if date is not None and served(evidence.get(page.target, [("If-Modified-Since", date)])):
        both = evidence.get(page.target, [("If-None-Match", tag), ("If-Modified-Since", date)])
        trials.append(not_modified(both, "If-Modified-Since counts although If-None-Match is there."))
    return first_of(trials) if trials else absent(IGNORED_MATCH)


@check(
    "conditional.if-match-disables-ius",
    statement="If-Unmodified-Since counts for nothing beside If-Match.",
    why="The date is there for servers that know no tags; one that has judged the tags knows more.",
    hint="Look for If-Match first; if it is there, do not look at If-Unmodified-Since at all.",
    example=(REQUEST.format(f"If-Match: *\r\nIf-Unmodified-Since: {LONG_AGO}"), WHOLE, FAILED),
    needs=("last-modified",),
    requires=("conditional.if-match-hit-performs",),
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.1.4 drops the date beside If-Match; RFC 2616 §14.28 knows no such exception and demands 412. "
    "Both are accepted unless RFC 9110 alone is asked.",
)
def date_beside_if_match(evidence: Evidence) -> Judgement:
    date = dict(failing(evidence)).get(UNLESS_SINCE)
    if date is None:
        return absent("If-Unmodified-Since does not keep the file back")
    message = "If-Unmodified-Since counts although If-Match is there."
    return served_whole(evidence, [("If-Match", "*"), (UNLESS_SINCE, date)], message)


@check(
    "conditional.304-precedes-range",
    statement="Where the current tag draws 304, a Range beside it changes nothing.",
    why="The client has the whole file and it is current, so it needs no part of it.",
    hint="Judge If-None-Match before you look at Range.",
    example=(REQUEST.format('Range: bytes=0-9\r\nIf-None-Match: "1"'), NOT_MODIFIED, PART),
    needs=("conditional", "ranges"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def not_modified_before_range(evidence: Evidence) -> Judgement:
    page, tag = evidence.site.document, confirmed_tag(evidence)
    if page is None or tag is None or not strong(tag):
        return absent(IGNORED_TAG if tag is None else "the tag of the file is weak")
    exchange = evidence.get(page.target, [("Range", TEN), ("If-None-Match", tag)])
    return not_modified(exchange, "A Range undoes the 304 that If-None-Match calls for.")


@check(
    "conditional.412-precedes-range",
    statement="Where If-Match or If-Unmodified-Since fails, a Range beside it draws no part.",
    why="A part of the new version, put together with parts of the old one, makes a file that never existed.",
    hint="Judge the conditions before you look at Range, and send nothing if one of them fails.",
    example=(REQUEST.format('Range: bytes=0-9\r\nIf-Match: "old"'), FAILED, PART),
    needs=("ranges",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def failed_before_range(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    conditions = list(failing(evidence))
    if page is None or not conditions:
        return absent("neither If-Match nor If-Unmodified-Since keeps the file back")
    return first_of(_refused_whole(evidence, page.target, condition) for condition in conditions)


def _refused_whole(evidence: Evidence, target: str, condition: tuple[str, str]) -> Judgement:
    message = f"A Range undoes the refusal that {condition[0]} calls for."
    lawful = UNMODIFIED if condition[0] == UNLESS_SINCE else IF_MATCH
    exchange = evidence.get(target, [("Range", TEN), condition])
    if exchange.status == 416:
        return broken(exchange, message, expected=f"{lawful}; not 416, as the range itself is there")
    return held_back(exchange, message, lawful)


@check(
    "conditional.after-normal-checks",
    statement="Conditions are looked at only for those who may see the page.",
    why="A 304 or 412 instead of 401 tells a stranger whether a secret page exists and which version of it.",
    hint="Ask for credentials first; look at the If- fields just before the file would be sent.",
    example=(REQUEST.format("If-None-Match: *"), UNAUTHORIZED, NOT_MODIFIED),
    needs=("authentication",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def after_credentials(evidence: Evidence) -> Judgement:
    target = guarded(evidence)
    if target is None:
        return absent("no page asks for credentials")
    conditions = (("If-None-Match", "*"), ("If-Match", NEVER_ISSUED), ("If-Unmodified-Since", LONG_AGO))
    return first_of(
        refused_alike(evidence, target, [(name, value)], f"{name} is answered before the credentials are asked for.")
        for name, value in conditions
    )


@check(
    "conditional.ignored-for-options-trace",
    statement="Conditions are ignored in OPTIONS and TRACE.",
    why="These methods ask about the server, not for a version of a page, so there is nothing to compare.",
    hint="Look at the If- fields only for methods that read or change a file.",
    example=(
        REQUEST.replace("GET", "OPTIONS").format('If-Match: "old"'),
        "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD\r\n\r\n",
        FAILED,
    ),
    needs=("options",),
    requires=PREMISES,
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.2.1 names these methods; RFC 2616 §14.24 and §14.26 speak of any method, so 412 is lawful by "
    "it.",
)
def ignored_elsewhere(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    target = "/" if page is None else page.target
    methods = [method for method in ("OPTIONS", "TRACE") if served(evidence.get(target, method=method))]
    if not methods:
        return absent(f"neither OPTIONS nor TRACE is served for {target}")
    conditions = (("If-Match", NEVER_ISSUED), ("If-None-Match", "*"), ("If-Unmodified-Since", LONG_AGO))
    return first_of(
        treated_alike(
            evidence.get(target, [condition], method=method),
            evidence.get(target, method=method),
            f"{condition[0]} changes the answer to {method}.",
        )
        for method in methods
        for condition in conditions
    )


@check(
    "conditional.ims-ignored-unless-get-head",
    statement="If-Modified-Since is ignored in a POST.",
    why="It saves a transfer of what the client has already; what a POST does has not happened yet.",
    hint="Look at If-Modified-Since only if the method is GET or HEAD.",
    example=(POST.format("Sat, 29 Oct 2022 19:43:31 GMT"), WHOLE, BAD_REQUEST),
    needs=("cgi", "post"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def date_in_post(evidence: Evidence) -> Judgement:
    target = echo(evidence)
    if target is None:
        return absent("the document root holds no program that reads a POST")
    fields = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    control = evidence.get(target, fields, method="POST", body=b"hello")
    since = ("If-Modified-Since", format_date(control.began))
    exchange = evidence.get(target, [*fields, since], method="POST", body=b"hello")
    return treated_alike(exchange, control, "If-Modified-Since changes the answer to a POST.")
