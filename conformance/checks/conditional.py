"""Conditions in requests (RFC 9110 §13, RFC 2616 §14.24 to §14.28): what holds whether a server evaluates them or not.

A server may lack validators; what it may not do is to refuse or shorten a reply for a condition that is true, invalid
or out of place. What a false condition draws is judged in :mod:`conformance.checks.conditional_tags` and
:mod:`conformance.checks.conditional_dates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.check import check
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import ENTITY_TAG, format_date, parse_date
from conformance.predicates import (
    OVERLOADED,
    absent,
    broken,
    describe,
    first_of,
    passed,
    served,
    treated_alike,
    unclear,
)
from conformance.probe import Fields
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

DAY = 86400
NEVER_ISSUED = '"7f3a-never-issued"'
LONG_AGO = "Sat, 29 Oct 1994 19:43:31 GMT"
NO_FILE = "the document root holds no file with a plain name"
PREMISES = ("field.unknown-ignored",)

REQUEST = "GET /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\n{}\r\n\r\n"
WHOLE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NOT_MODIFIED = "HTTP/1.1 304 Not Modified\r\n\r\n"
FAILED = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"
BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n"


def refused_alike(evidence: Evidence, target: str, fields: Fields, message: str) -> Judgement:
    """Judge a request that must get the status which ``target`` gets without ``fields``, and which is no success."""
    control = evidence.get(target)
    if control.status is None or served(control) or control.status in OVERLOADED:
        return unclear(f"GET {target} is not refused: {describe(control)}")
    exchange = evidence.get(target, fields)
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == control.status:
        return passed()
    return broken(exchange, message, expected=f"status {control.status}, as without the field")


def not_successes(evidence: Evidence) -> Iterator[str]:
    """Targets whose plain answer is no 2xx: a missing file, and a folder that is redirected to its slash."""
    yield MISSING
    folder = evidence.site.folder
    if folder is not None and evidence.get(f"/{folder}").status in (301, 302, 303, 307, 308):
        yield f"/{folder}"


def served_whole(evidence: Evidence, fields: Iterable[tuple[str, str]], message: str) -> Judgement:
    """Judge a GET that must draw the whole file as if it had no condition."""
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    control = evidence.get(page.target)
    return treated_alike(evidence.get(page.target, fields), control, message, body=is_file(evidence, control))


IF_MATCH = "412 (RFC 9110 §13.2.2, RFC 2616 §14.24), or another 4xx (RFC 9110 §13.1.1 only forbids to send the file)"
UNMODIFIED = "412 (RFC 9110 §13.2.2, RFC 2616 §14.28), or another 4xx (RFC 9110 §13.1.4 only forbids to send the file)"


def held_back(exchange: Exchange, message: str, lawful: str = IF_MATCH) -> Judgement:
    """Judge a request whose If-Match or If-Unmodified-Since is false: what was asked for must not be done."""
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is not None and 400 <= exchange.status <= 499:
        return passed(describe(exchange))
    return broken(exchange, message, expected=lawful)


def not_modified(exchange: Exchange, message: str) -> Judgement:
    """Judge a GET or HEAD that tells the server what the client has, which is current."""
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    return passed() if exchange.status == 304 else broken(exchange, message, expected="status 304")


def control_of(evidence: Evidence) -> Exchange | None:
    """The plain GET of the file that the other probes ask for conditionally."""
    page = evidence.site.document
    return None if page is None else evidence.get(page.target)


def last_modified(control: Exchange | None) -> float | None:
    """The time of the file as the server tells it, if it tells one that can be read."""
    value = control.response.value("last-modified") if control is not None and control.response else None
    return None if value is None else parse_date(value)


@check(
    "conditional.ignored-unless-plain-2xx",
    statement="A condition in a request changes nothing where the plain reply would not be a success.",
    why="A missing file is missing whatever the client has cached; 304 would keep a dead page alive in the browser.",
    hint="Find out first whether the file exists; look at If-Match and the other conditions only for a reply of "
    "status 200.",
    example=(REQUEST.format("If-None-Match: *").replace("notes", "missing"), NOT_FOUND, NOT_MODIFIED),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.24 says two things of If-Match on a missing file: 412, and that the field is ignored where "
    "the plain answer is no success. The second is judged, as it is the only one in RFC 9110 §13.2.1.",
)
def ignored_unless_success(evidence: Evidence) -> Judgement:
    began = evidence.get(MISSING).began
    conditions = (
        ("If-Match", "*"),
        ("If-Match", NEVER_ISSUED),
        ("If-None-Match", "*"),
        ("If-Modified-Since", format_date(began - DAY)),
        ("If-Unmodified-Since", LONG_AGO),
    )
    return first_of(
        refused_alike(evidence, target, [(name, value)], f"{name} changes the answer to a request that is refused.")
        for target in not_successes(evidence)
        for name, value in conditions
    )


@check(
    "conditional.if-match-hit-performs",
    statement="If-Match with *, or with the current strong tag, lets a request through where the file exists.",
    why="The condition says: only if it is still there, or still the same. It is, so the client gets its page.",
    hint="Answer 412 only if no listed tag equals the file's ETag; take * as true for every file that exists.",
    example=(REQUEST.format("If-Match: *"), WHOLE, FAILED),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.1.1 goes on with the method if the condition is true; RFC 2616 §14.24 has no more than leave "
    "for a tag, and advice for the star. By default a breach is therefore no more than a warning.",
)
def if_match_hit(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    message = "A true If-Match keeps the file back."
    control, star = evidence.get(page.target), evidence.get(page.target, [("If-Match", "*")])
    judgement = treated_alike(star, control, message, body=is_file(evidence, control))
    tags = [x.response.value("etag") if x.response else None for x in (control, star)]
    syntax = ENTITY_TAG.fullmatch(tags[0] or "")
    if judgement.finding or syntax is None or syntax["weak"] or tags[0] != tags[1]:
        return judgement  # a weak tag never matches here, and one that changes each time is another rule's business
    return served_whole(evidence, [("If-Match", tags[0] or "")], message)


@check(
    "conditional.inm-miss-no-304",
    statement="If no tag in If-None-Match is the current one, the file is sent.",
    why="The client tells which copies it has. None of them is the current one: with 304 it would show an old page.",
    hint="Compare the listed tags with the file's own ETag and answer 304 only if one is equal. If you have no ETags, "
    "ignore the field.",
    example=(REQUEST.format('If-None-Match: "old"'), WHOLE, NOT_MODIFIED),
    needs=("static-files",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def if_none_match_miss(evidence: Evidence) -> Judgement:
    fields = [("If-None-Match", NEVER_ISSUED)]
    return served_whole(evidence, fields, "If-None-Match with a tag that was never issued keeps the file back.")


@check(
    "conditional.inm-disables-ims",
    also=("conditional.304-agrees-with-all",),  # where the tag agrees and the date does not, RFC 9110 has it otherwise
    statement="If-Modified-Since counts for nothing beside If-None-Match.",
    why="A tag is more exact than a date with its whole seconds. If the tags differ, the file has changed, even within "
    "one second.",
    hint="Look for If-None-Match first; if it is there, do not look at If-Modified-Since at all.",
    example=(
        REQUEST.format('If-None-Match: "old"\r\nIf-Modified-Since: Sat, 29 Oct 2022 19:43:31 GMT'),
        WHOLE,
        NOT_MODIFIED,
    ),
    needs=("http-1.1", "static-files"),
    requires=("conditional.inm-miss-no-304", "conditional.ims-modified-full-reply"),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.1.3 ignores the date wherever tags are there, so 304 comes if the tag agrees and the date "
    "does not; RFC 2616 §13.3.4 forbids that 304. Both are accepted; only the 304 under a foreign tag, which both "
    "forbid, is a breach. Servers that send no tags (webfs, Twisted) look at the date alone: neither text excepts "
    "them.",
)
def tag_before_date(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    if control is None:
        return absent(NO_FILE)
    changed = last_modified(control)
    date = format_date(control.began - 60 if changed is None else changed)
    fields = [("If-None-Match", NEVER_ISSUED), ("If-Modified-Since", date)]
    return served_whole(evidence, fields, "If-Modified-Since decides although If-None-Match is there.")


@check(
    "conditional.if-range-ignored-without-range",
    statement="If-Range is ignored in a request without Range.",
    why="It only says when a Range counts; alone it says nothing.",
    hint="Look at If-Range only where you have found a Range field that you want to honour.",
    example=(REQUEST.format('If-Range: "old"'), WHOLE, FAILED),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def if_range_alone(evidence: Evidence) -> Judgement:
    return served_whole(evidence, [("If-Range", NEVER_ISSUED)], "If-Range without Range is not ignored.")


@check(
    "conditional.if-range-ignored-if-no-ranges",
    statement="A server that does not serve ranges ignores If-Range as it ignores Range.",
    why="If-Range never refuses: it means the part if nothing has changed, else the whole.",
    hint="Never answer 412 to If-Range. If you do not serve ranges, send the whole file.",
    example=(REQUEST.format('Range: bytes=0-9\r\nIf-Range: "old"'), WHOLE, FAILED),
    requires=("range.partial-body-needs-206", "conditional.if-range-ignored-without-range"),
    risk=Risk.UNUSUAL,
)
def if_range_without_ranges(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    if evidence.get(page.target, [("Range", "bytes=0-9")]).status == 206:
        return absent("the server serves ranges")
    exchange = evidence.get(page.target, [("Range", "bytes=0-9"), ("If-Range", NEVER_ISSUED)])
    control = evidence.get(page.target)
    return treated_alike(exchange, control, "If-Range is not ignored.", body=is_file(evidence, control))
