"""Conditions on dates (RFC 9110 §13.1.3, §13.1.4; RFC 2616 §14.25, §14.28).

True or invalid, they cost no reply; false, they draw 304 or 412; where a page has no date, they are ignored.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.conditional import (
    BAD_REQUEST,
    DAY,
    FAILED,
    LONG_AGO,
    NOT_MODIFIED,
    PREMISES,
    REQUEST,
    UNMODIFIED,
    WHOLE,
    control_of,
    held_back,
    last_modified,
    not_modified,
    served_whole,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import format_date, parse_date
from conformance.predicates import absent, describe, first_of, served, treated_alike, unclear
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

NOT_A_DATE = "not-a-date"
NO_DATE = "files are sent without a Last-Modified that can be read"
MADE_ANEW = "Last-Modified is the time of the reply, so the file may well change from one to the next"
EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"  # no later than any file's time, so that every file was modified since


@check(
    "conditional.ims-modified-full-reply",
    statement="If the file was modified after the date in If-Modified-Since, it is sent.",
    why="With 304 the browser would go on showing the old page.",
    hint="Turn both dates into numbers before you compare them; as strings, Wed is later than Fri. Without dates of "
    "files, ignore the field.",
    example=(REQUEST.format(f"If-Modified-Since: {LONG_AGO}"), WHOLE, NOT_MODIFIED),
    needs=("static-files",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def modified_since(evidence: Evidence) -> Judgement:
    changed = last_modified(control_of(evidence))
    if changed is not None and changed < 29 * DAY:
        return unclear("the file claims to be from January 1970, which earlier dates do not show to be newer")
    dates = [EPOCH] if changed is None else [format_date(changed - DAY), _earlier_but_greater(changed)]
    message = "A file that was modified after the date in If-Modified-Since is not sent."
    return first_of(served_whole(evidence, [("If-Modified-Since", date)], message) for date in dates)


def _earlier_but_greater(changed: float) -> str:
    """An earlier date whose text sorts behind the later one's, against comparisons of strings."""
    return max(format_date(changed - days * DAY) for days in range(1, 29))


@check(
    "conditional.ims-unmodified-304",
    statement="GET with the file's own Last-Modified in If-Modified-Since is answered by 304.",
    why="Browsers ask so for every page that they have; with 304 they show it at once, and nothing is sent twice.",
    hint="Answer 304 if the file's time, cut to whole seconds, is not later than the date.",
    example=(REQUEST.format("If-Modified-Since: Sat, 29 Oct 2022 19:43:31 GMT"), NOT_MODIFIED, WHOLE),
    needs=("static-files",),
    requires=(*PREMISES, "conditional.ims-modified-full-reply"),
    risk=Risk.UNUSUAL,
    dispute="Evaluating the date is only advised (RFC 9110 §13.1.3, RFC 2616 §14.25), and servers that honour nothing "
    "but the exact text of their Last-Modified are tolerated there: this very text is what is sent here.",
)
def not_modified_since(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    changed = last_modified(control)
    if control is None or changed is None:
        return absent(NO_DATE)
    if abs(control.began - changed) < 5:
        return unclear(MADE_ANEW)
    exchange = _document(evidence, "If-Modified-Since", format_date(changed))
    return not_modified(exchange, "The file is sent again although it is as old as the client's copy.")


def _document(evidence: Evidence, name: str, value: str) -> Exchange:
    """A GET of the document with one condition; there must be a document."""
    page = evidence.site.document
    assert page is not None
    return evidence.get(page.target, [(name, value)])


@check(
    "conditional.ims-future-date-invalid",
    statement="A date later than now in If-Modified-Since is ignored.",
    why="A client whose clock is ahead would otherwise never see that a page has changed.",
    hint="Compare the date with the time of day first, and ignore the field if it is later.",
    example=(REQUEST.format("If-Modified-Since: Sat, 29 Oct 2094 19:43:31 GMT"), WHOLE, NOT_MODIFIED),
    needs=("conditional", "last-modified"),
    requires=PREMISES,
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.25 calls a date later than now invalid, so that 304 is a fault; RFC 9110 §13.1.3 has dropped "
    "that sentence, and 304 follows from its algorithm. Both are accepted unless RFC 2616 alone is asked.",
)
def modified_since_tomorrow(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    if control is None or control.response is None:
        return absent(NO_DATE)
    now = parse_date(control.response.value("date") or "") or control.began
    message = "If-Modified-Since with a date in the future is not ignored."
    return served_whole(evidence, [("If-Modified-Since", format_date(max(now, control.began) + DAY))], message)


@check(
    "conditional.ims-invalid-date-ignored",
    statement="If-Modified-Since with anything but one valid date is ignored.",
    why="A condition that cannot be understood must not cost the client its page.",
    hint="Catch the error of your date parser and go on as if the field were absent; do not stop reading after the "
    "first date if more text follows.",
    example=(REQUEST.format(f"If-Modified-Since: {NOT_A_DATE}"), WHOLE, BAD_REQUEST),
    needs=("static-files",),
    requires=(*PREMISES, "conditional.ims-modified-full-reply"),
    risk=Risk.UNUSUAL,
)
def modified_since_invalid(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    values = [NOT_A_DATE]
    if control and control.response and last_modified(control) is not None and evidence.spec is Spec.RFC9110:
        date = control.response.value("last-modified")
        values.append(f"{date}, {date}")  # a date and more: named invalid by RFC 9110 alone
    message = "If-Modified-Since without one valid date is not ignored."
    return first_of(served_whole(evidence, [("If-Modified-Since", value)], message) for value in values)


@check(
    "conditional.ius-true-performs",
    statement="If-Unmodified-Since with the file's own time lets the request through.",
    why="The file was not modified after that second, so what the client asked for is still right.",
    hint="Answer 412 only if the file's time is later than the date; equal times are fine. Compare whole seconds: the "
    "file system's fractions do not travel in a date.",
    example=(REQUEST.format("If-Unmodified-Since: Sat, 29 Oct 2022 19:43:31 GMT"), WHOLE, FAILED),
    needs=("static-files",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def unmodified_since(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    changed = last_modified(control)
    if control is None or changed is None:
        return absent(NO_DATE)
    if abs(control.began - changed) < 5:
        return unclear(MADE_ANEW)
    message = "The file is kept back although it was not modified after the date in If-Unmodified-Since."
    return served_whole(evidence, [("If-Unmodified-Since", format_date(changed))], message)


@check(
    "conditional.ius-invalid-date-ignored",
    statement="If-Unmodified-Since with anything but a valid date is ignored.",
    why="A condition that cannot be understood must not cost the client its page.",
    hint="Catch the error of your date parser and go on as if the field were absent.",
    example=(REQUEST.format(f"If-Unmodified-Since: {NOT_A_DATE}"), WHOLE, FAILED),
    needs=("static-files",),
    requires=(*PREMISES, "conditional.ius-true-performs"),
    risk=Risk.UNUSUAL,
)
def unmodified_since_invalid(evidence: Evidence) -> Judgement:
    message = "If-Unmodified-Since without a valid date is not ignored."
    return served_whole(evidence, [("If-Unmodified-Since", NOT_A_DATE)], message)


@check(
    "conditional.ius-false-412",
    statement="If the file was modified after the date in If-Unmodified-Since, a GET does not get it.",
    why="The client wants the version that it knows or nothing, because it has other parts of it.",
    hint="Turn both dates into numbers; if the file's time is later than the date, answer 412.",
    example=(REQUEST.format(f"If-Unmodified-Since: {LONG_AGO}"), FAILED, WHOLE),
    needs=("http-1.1", "static-files"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="Most servers for files (lighttpd, Starlette, WhiteNoise, Tornado, Twisted) do not heed it in a GET. RFC "
    "9110 §13.1.4 excuses caches and intermediaries alone. RFC 2616 §14.28 knows one status, 412; RFC 9110 only "
    "forbids to send the file, so any 4xx is accepted.",
)
def modified_after_all(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    changed = last_modified(control)
    if control is None or changed is None:
        return absent(NO_DATE)
    if changed < 29 * DAY:
        return unclear("the file claims to be from January 1970, which earlier dates do not show to be newer")
    exchange = _document(evidence, "If-Unmodified-Since", format_date(changed - DAY))
    message = "The file is sent although it was modified after the date in If-Unmodified-Since."
    return held_back(exchange, message, UNMODIFIED)


def _undated(evidence: Evidence, name: str, date: str) -> Judgement:
    """Judge a condition on the date of a page that has none: a program's that says something else each time."""
    page = evidence.site.page("program", lambda page: page.plain and page.name == "environment.py")
    if page is None:
        return absent("the document root holds no program that shows its environment")
    control, other = evidence.get(page.target), evidence.get(page.target, [("Accept", "*/*")])
    if not served(control) or not served(other):
        return unclear(f"the program is not served: {describe(control)}")
    replies = [exchange.response for exchange in (control, other) if exchange.response]
    if len({response.body for response in replies}) < 2 or any(r.field("last-modified") for r in replies):
        return absent("the page of the program stays the same, or has a Last-Modified")
    message = f"{name} counts for a page that is made anew each time and has no Last-Modified."
    return treated_alike(evidence.get(page.target, [(name, date)]), control, message)


@check(
    "conditional.ims-ignored-without-date",
    statement="If-Modified-Since is ignored for a page that has no date of its own.",
    why="When the text of a program was written says nothing of what the program tells now.",
    hint="Do not use the time of the program's file as the time of its output.",
    example=(REQUEST.replace("notes.txt", "clock.py").format(f"If-Modified-Since: {LONG_AGO}"), WHOLE, NOT_MODIFIED),
    needs=("cgi",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def undated_modified_since(evidence: Evidence) -> Judgement:
    return _undated(evidence, "If-Modified-Since", format_date(evidence.get("/").began))


@check(
    "conditional.ius-ignored-without-date",
    statement="If-Unmodified-Since is ignored for a page that has no date of its own.",
    why="Without a date nothing can be said of changes, and the client is better off with the page.",
    hint="Judge If-Unmodified-Since only where you would send a Last-Modified.",
    example=(REQUEST.replace("notes.txt", "clock.py").format(f"If-Unmodified-Since: {LONG_AGO}"), WHOLE, FAILED),
    needs=("cgi",),
    requires=PREMISES,
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="Apache takes the output of a program to be as new as the reply, and answers 412. RFC 9110 §13.1.4 has the "
    "field ignored where there is no date; RFC 2616 §14.28 does not say so, and by it 412 is lawful.",
)
def undated_unmodified_since(evidence: Evidence) -> Judgement:
    return _undated(evidence, "If-Unmodified-Since", LONG_AGO)
