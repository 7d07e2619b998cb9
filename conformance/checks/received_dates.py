"""Dates in requests (RFC 9110 §5.6.7, RFC 2616 §3.3.1 and §19.3): three forms, all of them GMT.

What a server makes of a date shows in If-Modified-Since: a date no earlier than the file's own draws 304, an earlier
one the file. A server that compares the field's text with its Last-Modified reads no dates, which is lawful (RFC 9110
§13.1.3): the controls tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from conformance.check import check
from conformance.checks.conditional import BAD_REQUEST, NOT_MODIFIED, PREMISES, REQUEST, WHOLE, control_of
from conformance.checks.conditional import last_modified as time_of
from conformance.checks.conditional_dates import NOT_A_DATE
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import DAYS, MONTHS, format_date
from conformance.predicates import OVERLOADED, absent, blocked, broken, describe, first_of, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOUR = 3600
BEYOND_ANY_ZONE = 15 * HOUR
YOUNG = 4  # seconds of age below which no date lies between the file's time and now
NO_DATES = "If-Modified-Since is not compared as a time: a later date than the file's own does not draw 304"
PREMISES_OF_DATES = (*PREMISES, "conditional.ims-modified-full-reply")


@dataclass(frozen=True, slots=True)
class Dated:
    """A file that is sent with a time, and how far after it a date may lie that is not in the future."""

    target: str
    changed: float
    age: int

    @property
    def margin(self) -> int:
        """Half the way from the file's time to now, an hour at most."""
        return min(HOUR, self.age // 2)


def rfc850(seconds: float) -> str:
    """The obsolete form with a two-digit year."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{LONG_DAYS[at.weekday()]}, {at.day:02}-{MONTHS[at.month - 1]}-{at.year % 100:02} {at:%H:%M:%S} GMT"


def asctime(seconds: float) -> str:
    """The form of C's asctime(), without a zone."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S} {at.year}"


def _dated(evidence: Evidence) -> Dated | Judgement:
    """The file to ask for, if its time is told and dates are compared as times."""
    control = control_of(evidence)
    changed = time_of(control)
    if control is None or control.response is None or changed is None or evidence.site.document is None:
        return absent("files are sent without a Last-Modified that can be read")
    dated = Dated(evidence.site.document.target, changed, int(control.began - changed))
    guessing = _guessing(evidence, dated.target)
    if guessing is not None:
        return guessing
    if dated.age < YOUNG:
        return unclear("the file is too new for a date between its own and now")
    later, earlier = (_since(evidence, dated, format_date(changed + n)) for n in (dated.margin, -HOUR))
    return dated if later.status == 304 and served(earlier) else absent(NO_DATES)


def _guessing(evidence: Evidence, target: str) -> Judgement | None:
    """The answer to what is no date tells nothing of one that is misread, if it is not the file."""
    exchange = evidence.get(target, [("If-Modified-Since", NOT_A_DATE)])
    if served(exchange):
        return None
    return blocked("conditional.ims-invalid-date-ignored", "What is no date at all does not draw the file.")


def _since(evidence: Evidence, dated: Dated, date: str) -> Exchange:
    return evidence.get(dated.target, [("If-Modified-Since", date)])


@check(
    "date.asctime-read-as-gmt",
    statement="A date without a zone, as asctime() writes it, is read as GMT.",
    why="All times in HTTP are GMT; who reads one in the machine's own zone is off by hours.",
    hint="Use calendar.timegm(), not time.mktime(), which takes the date for local time.",
    example=(REQUEST.format("If-Modified-Since: Sun Nov  6 08:39:37 1994"), WHOLE, NOT_MODIFIED),
    needs=("conditional",),
    requires=PREMISES_OF_DATES,
    risk=Risk.UNUSUAL,
)
def asctime_as_gmt(evidence: Evidence) -> Judgement:
    dated = _dated(evidence)
    if isinstance(dated, Judgement):
        return dated
    early = _since(evidence, dated, asctime(dated.changed - 600))
    late = _since(evidence, dated, asctime(dated.changed + dated.margin))
    message = "A date without a zone is not read as GMT."
    if early.status == 304:
        return broken(early, message, expected="200: the file is ten minutes newer than this date, read as GMT")
    if late.status == 304:
        return passed()
    if _since(evidence, dated, rfc850(dated.changed + dated.margin)).status != 304:
        return absent("none of the obsolete forms of dates is understood")
    if dated.age < 2 * BEYOND_ANY_ZONE:
        return unclear("the file is too new to tell a date that is misread from one that is not understood")
    if _since(evidence, dated, asctime(dated.changed + BEYOND_ANY_ZONE)).status == 304:
        return broken(late, message, expected="304: the file is older than this date, read as GMT")
    return absent("a date without a zone is not understood at all")


@check(
    "date.three-formats-accepted",
    statement="All three forms of dates are understood in a request, the two obsolete ones, too.",
    why="Old clients and scripts still write them; a date that is not understood costs the whole file again.",
    hint="Try email.utils.parsedate_to_datetime(), or strptime() with one format after the other.",
    example=(REQUEST.format("If-Modified-Since: Sunday, 06-Nov-94 09:49:37 GMT"), NOT_MODIFIED, BAD_REQUEST),
    needs=("conditional",),
    requires=(*PREMISES_OF_DATES, "date.asctime-read-as-gmt"),
    risk=Risk.UNUSUAL,
    dispute="A server that compares the text of the date with its Last-Modified parses no dates, which RFC 9110 "
    "§13.1.3 and RFC 2616 §14.25 tolerate. The rule is therefore judged only where a later date than the file's own "
    "draws 304.",
)
def three_formats(evidence: Evidence) -> Judgement:
    dated = _dated(evidence)
    exact = control_of(evidence)
    own = exact.response.value("last-modified") if exact and exact.response else None
    trials = [_harmless(evidence, exact, own)] if exact and own and served(exact) else []
    if isinstance(dated, Judgement):
        return first_of([*trials, dated])
    later = dated.changed + dated.margin
    return first_of([*trials, *(_understood(evidence, dated, date) for date in (rfc850(later), asctime(later)))])


def _harmless(evidence: Evidence, control: Exchange, date: str) -> Judgement:
    """The server's own date must not trip it up, whatever it makes of the condition."""
    target = evidence.site.document.target if evidence.site.document else "/"
    exchange = evidence.get(target, [("If-Modified-Since", date)])
    if exchange.status in (control.status, 304):
        return passed()
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    return broken(
        exchange,
        "The file's own date is not understood.",
        expected=f"304, or {control.status}: the field may go unread (RFC 9110 §13.1.3)",
    )


def _understood(evidence: Evidence, dated: Dated, date: str) -> Judgement:
    exchange = _since(evidence, dated, date)
    if exchange.status == 304:
        return passed()
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    return broken(
        exchange,
        f"The date {date!r} in If-Modified-Since is not understood.",
        expected="304, as for the same date in the form that is sent today (RFC 9110 §5.6.7, RFC 2616 §3.3.1)",
    )


@check(
    "date.rfc850-50-years",
    statement="A two-digit year that seems more than 50 years ahead is the past year with these digits.",
    why="Otherwise a date of 1994 is one of 2094, and nothing is ever newer than that.",
    hint="After adding the century, subtract 100 if the year is more than 50 ahead of this one.",
    example=(REQUEST.format("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"), WHOLE, NOT_MODIFIED),
    needs=("conditional",),
    requires=PREMISES_OF_DATES,
    risk=Risk.UNUSUAL,
)
def fifty_years(evidence: Evidence) -> Judgement:
    control = control_of(evidence)
    if control is None:
        return absent("the document root holds no file with a plain name")
    year = datetime.fromtimestamp(control.began, UTC).year - 40  # sixty years ahead, by its last two digits
    moment = datetime(year, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()
    target = evidence.site.document.target if evidence.site.document else "/"
    plain = evidence.get(target, [("If-Modified-Since", format_date(moment))])
    if not served(plain):
        return unclear(f"the control, the same date with four digits, was not served: {describe(plain)}")
    guessing = _guessing(evidence, target)
    if guessing is not None:
        return guessing
    exchange = evidence.get(target, [("If-Modified-Since", rfc850(moment))])
    if exchange.status != 304:
        return passed() if served(exchange) else unclear(f"the date was not understood: {describe(exchange)}")
    return broken(
        exchange,
        f"The year in {rfc850(moment)!r} is read as {year + 100}.",
        expected=f"200, because the file is newer than {year}",
    )


@check(
    "date.non-gmt-zone-conservative",
    statement="A date with another zone than GMT never counts for later than it is.",
    why="Whoever overlooks the zone takes an old copy for a current one, and the browser shows the old page.",
    hint="Demand GMT at the end of the date and ignore the field otherwise, or convert the date to GMT.",
    example=(REQUEST.format("If-Modified-Since: Sun, 06 Nov 1994 09:49:37 +0300"), WHOLE, NOT_MODIFIED),
    needs=("conditional",),
    requires=PREMISES_OF_DATES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §19.3 has such a date converted to GMT; by RFC 9110 §5.6.7 and §13.1.3 it is none, and is "
    "ignored. Both lead to 200 here. Many servers overlook the zone, as email.utils.parsedate() in Python does.",
)
def other_zone(evidence: Evidence) -> Judgement:
    dated = _dated(evidence)
    if isinstance(dated, Judgement):
        return dated
    date = format_date(dated.changed + dated.margin).replace("GMT", "+0300")
    exchange = _since(evidence, dated, date)
    if served(exchange):
        return passed()
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    return broken(
        exchange,
        "A date with the zone +0300 is taken for one in GMT, or is not ignored.",
        expected="200: by RFC 9110 §13.1.3 it is no valid date, by RFC 2616 §19.3 one that is earlier than the file",
    )
