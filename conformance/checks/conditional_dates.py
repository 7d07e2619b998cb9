"""Conditions on dates (RFC 9110 §13.1.3, §13.1.4; RFC 2616 §14.25, §14.28): true or invalid, they cost no reply."""

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
    WHOLE,
    control_of,
    last_modified,
    served_whole,
)
from conformance.evidence import Evidence
from conformance.grammar import format_date
from conformance.predicates import absent, first_of, unclear
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

NOT_A_DATE = "not-a-date"
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
        return absent("files are sent without a Last-Modified that can be read")
    if abs(control.began - changed) < 5:
        return unclear("Last-Modified is the time of the reply, so the file may well change from one to the next")
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
