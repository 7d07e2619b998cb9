"""The form of dates in replies (RFC 9110 §5.6.7, RFC 2616 §3.3.1): one rule for each part that can be wrong.

Whether the clock is right is the matter of :mod:`conformance.checks.clock`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.date_form import DateFault, date_faults
from conformance.checks.field_values import DATES, is_commented, own_answers, value_finding
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import each_field
from conformance.response import Field, Response
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
FORM = "day name, comma, day, month, year, time, GMT: Sun, 06 Nov 1994 08:49:37 GMT"


def _bad(date: str) -> str:
    return f"HTTP/1.1 200 OK\r\nDate: {date}\r\n\r\n"


def _judge(evidence: Evidence, fault: DateFault, message: str, expected: str) -> Judgement:
    """Look for one fault in every date of the survey; only of Date is it sure that a date was meant."""
    names = ("date",) if fault is DateFault.FORM else DATES

    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        if is_commented(field.key, field.value) or fault not in date_faults(field.value):
            return None
        return value_finding(exchange, field, f"{message} ({field.name})", expected)

    return each_field(own_answers(evidence), names, test)


@check(
    "date.imf-fixdate",
    statement="A date is sent in the one fixed form that HTTP has for it.",
    why="Clients and caches read dates by position; a form they do not know is no date to them.",
    hint="Use email.utils.formatdate(usegmt=True), or write day and month names out of tables of your own.",
    example=(REQUEST, GOOD, _bad("1994-11-06T08:49:37Z")),
    dispute="All three old forms have to be read, yet one alone may be sent (RFC 9110 §5.6.7, RFC 2616 §3.3.1): "
    "the other two are a fault here, though every client understands them.",
)
def imf_fixdate(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.FORM, "The date does not have the form that HTTP sends.", FORM)


@check(
    "date.gmt-literal",
    statement="A date ends in the three letters GMT.",
    why="The zone is part of the fixed form; with another word there the date is unreadable.",
    hint='Write the letters GMT yourself: %Z gives the name of the local zone, and formatdate() "-0000".',
    example=(REQUEST, GOOD, _bad("Sun, 06 Nov 1994 08:49:37 UTC")),
)
def gmt_literal(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.ZONE, "The date does not end in GMT.", "GMT as the last word")


@check(
    "date.names-exact",
    statement="Day and month are the English three-letter names with one capital.",
    why="They are compared letter by letter; names of another language are no dates.",
    hint="Take the names from tables in your code: strftime() uses the language of the machine.",
    example=(REQUEST, GOOD, _bad("Sunday, 06 November 1994 08:49:37 GMT")),
)
def names_exact(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.NAMES, "A name in the date is not the one of the form.", "Mon … Sun, Jan … Dec")


@check(
    "date.no-extra-space",
    statement="The parts of a date are set apart by single spaces.",
    why="The form has a fixed length: clients count octets in it.",
    hint="Check the spaces in your format string; there is one after the comma and one between all other parts.",
    example=(REQUEST, GOOD, _bad("Sun, 06 Nov  1994 08:49:37 GMT")),
)
def no_extra_space(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.SPACES, "The parts of the date are not set apart by single spaces.", FORM)


@check(
    "date.day-two-digits",
    statement="The day of the month has two digits.",
    why="Without the zero all that follows is shifted by one octet.",
    hint="Format the day with two digits: f'{day:02}'.",
    example=(REQUEST, GOOD, _bad("Sun, 6 Nov 1994 08:49:37 GMT")),
)
def day_two_digits(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.DAY, "The day of the month does not have two digits.", "06, not 6")


@check(
    "date.year-four-digits",
    statement="The year has four digits.",
    why="Two digits leave the century to guesswork.",
    hint="Use %Y, not %y.",
    example=(REQUEST, GOOD, _bad("Sun, 06 Nov 94 08:49:37 GMT")),
)
def year_four_digits(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.YEAR, "The year does not have four digits.", "four digits, such as 1994")


@check(
    "date.time-of-day",
    statement="The time is hours, minutes and seconds of two digits each, from 00:00:00 to 23:59:59.",
    why="A missing zero or a twelve-hour clock gives another time, or none.",
    hint="Use %H:%M:%S; with numbers of your own f'{hour:02}:{minute:02}:{second:02}'.",
    example=(REQUEST, GOOD, _bad("Sun, 06 Nov 1994 08:49:37 AM GMT")),
)
def time_of_day(evidence: Evidence) -> Judgement:
    return _judge(
        evidence, DateFault.TIME, "The time of day is not written hh:mm:ss.", "hh:mm:ss, 00:00:00 to 23:59:59"
    )


@check(
    "date.weekday-true",
    statement="The day name is that of the date.",
    why="A date that contradicts itself is refused by strict parsers.",
    hint="Count from the right day: time.gmtime().tm_wday has 0 for Monday, other languages have 0 for Sunday.",
    example=(REQUEST, GOOD, _bad("Mon, 06 Nov 1994 08:49:37 GMT")),
    dispute="No key word of HTTP speaks of a day name that does not fit; its meaning comes from the mail format "
    "that RFC 9110 §5.6.7 takes the form from. A date that contradicts itself is held to be none.",
)
def weekday_true(evidence: Evidence) -> Judgement:
    return _judge(evidence, DateFault.WEEKDAY, "The day name is not that of the date.", "the day that the date fell on")
