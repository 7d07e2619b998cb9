"""The Date field and the clock behind it (RFC 9110 §6.6.1, RFC 2616 §14.18, §3.3.1): sent, and right.

Two samples are taken, the second more than a second later, because a constant may be right once. A clock can only be
compared with ours where both are one: for a server elsewhere five minutes are allowed, and no zone is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from conformance.check import check
from conformance.checks.date_form import DateFault, date_faults
from conformance.checks.field_values import hiding_rule, is_commented, value_finding
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import format_date, parse_date
from conformance.predicates import absent, blocked, each, found, passed, unclear
from conformance.probe import Pause, Probe, Receive, Send
from conformance.response import Field, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
LATER = 1.1  # seconds: enough for a date that is renewed once a second
MUCH_LATER = 2.5  # seconds: granted to a date that has not moved
BEHIND, AHEAD, ELSEWHERE = 5.0, 2.0, 300.0  # seconds
QUARTER, ZONES, ZONE_NOISE = 900, 14 * 3600, 6.0  # seconds


class Clock(Enum):
    """What the two samples show."""

    RIGHT = "right"
    STANDS = "the second date is no later than the first"
    ZONE = "the difference is that of a time zone"
    AHEAD = "ahead"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Sample:
    """One Date as it came.

    ``late`` is how many seconds our clock was ahead of it on receipt; ``late_when_asked`` when the request was sent: a
    slow server may date its reply at any moment between the two.
    """

    exchange: Exchange
    field: Field
    sent: float
    late: float
    late_when_asked: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of the clock, and the sample that shows it."""

    clock: Clock
    sample: Sample


def is_local(evidence: Evidence) -> bool:
    """Whether the target runs on this machine, by its address."""
    host = evidence.site.host
    return host in ("localhost", "::1") or host.startswith("127.")


def read_clock(evidence: Evidence) -> Reading | Judgement:
    """The clock of the target, or why it cannot be read."""
    first, second = _sample(evidence.get("/")), _sample(_later(evidence, LATER))
    if isinstance(first, Sample) and isinstance(second, Sample) and second.sent <= first.sent:
        second = _sample(_later(evidence, MUCH_LATER))
    if isinstance(first, Judgement):
        return first
    if isinstance(second, Judgement):
        return second
    return Reading(_state(first, second, local=is_local(evidence)), second)


def _later(evidence: Evidence, seconds: float) -> Exchange:
    return evidence.play(Probe((Pause(seconds), Send(evidence.request("/")), Receive(1)), risk=Risk.UNUSUAL))


def _sample(exchange: Exchange) -> Sample | Judgement:
    response = exchange.response
    field = response.field("date") if response else None
    if response is None or not exchange.chunks:
        return unclear("no answer to look at")
    if response.field("age") is not None:
        return absent("the reply comes from a cache, as its Age says, and has the Date of another (RFC 9111 §5.1)")
    if field is None:
        by = hiding_rule(response)
        return blocked(by, "the date has no name") if by else absent("the reply to GET / has no Date")
    faults = date_faults(field.value)
    sent = parse_date(field.value)
    if is_commented(field.key, field.value):
        return blocked("field.comment-only-where-defined", "the date cannot be read")
    if sent is None or faults:
        return blocked(min(faults, default=DateFault.FORM), "the date cannot be read")
    asked = exchange.began + sum(action.seconds for action in exchange.probe.actions if isinstance(action, Pause))
    return Sample(exchange, field, sent, exchange.began + exchange.chunks[0].at - sent, asked - sent)


def _state(first: Sample, second: Sample, *, local: bool) -> Clock:
    if second.sent <= first.sent:
        return Clock.STANDS
    if local and all(_is_zone(sample.late) for sample in (first, second)):
        return Clock.ZONE
    if min(first.late, second.late) < -(AHEAD if local else ELSEWHERE):
        return Clock.AHEAD
    behind = max(first.late_when_asked, second.late_when_asked)
    return Clock.BEHIND if behind > (BEHIND if local else ELSEWHERE) else Clock.RIGHT


def _is_zone(late: float) -> bool:
    quarters = round(late / QUARTER)
    return quarters != 0 and abs(late - quarters * QUARTER) <= ZONE_NOISE and abs(late) <= ZONES + ZONE_NOISE


def _broken(sample: Sample, message: str) -> Judgement:
    now = format_date(sample.sent + sample.late)
    finding = value_finding(sample.exchange, sample.field, message, f"the time of the reply: {now}")
    return Judgement(Verdict.FAIL, finding=finding)


@check(
    "date.utc",
    statement="Dates are in Greenwich time.",
    why="Local time labelled GMT is hours off: caches hold pages too long or not at all.",
    hint="Use time.gmtime() or datetime.now(UTC), not localtime() or datetime.now().",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 11:49:37 GMT\r\n\r\n"),
    risk=Risk.UNUSUAL,
)
def utc(evidence: Evidence) -> Judgement:
    reading = read_clock(evidence)
    if isinstance(reading, Judgement):
        return reading
    if reading.clock is Clock.ZONE:
        return _broken(reading.sample, "The date is off by a time zone.")
    return passed() if is_local(evidence) else unclear("the server's clock may differ from the one here")


@check(
    "date.present",
    also=("date.sent-in-every-response",),
    statement="Every reply of class 2, 3 or 4 has a Date field.",
    why="Caches reckon the age of a page from it.",
    hint='Add "Date: …" in the one place where all heads are made, errors included.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"),
    dispute="A server without a clock has to leave the field out (RFC 9110 §6.6.1), which nobody can see from "
    "outside: a waiver is the place to say so. In replies of class 1 and 5 the field is optional, and "
    "they are not looked at. Many servers forget it in the refusals that their parser writes by itself.",
)
def present(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        return found(
            exchange,
            "The reply has no Date.",
            expected="a Date field in every reply from 200 to 499 (RFC 9110 §6.6.1)",
            observed=f"status {response.status} with the fields {', '.join(f.name for f in response.fields) or 'none'}",
            span=response.status_line.span if response.status_line else None,
        )

    judged = [(x, r) for x, r in evidence.answers if r.status is not None and 200 <= r.status <= 499]
    lacking = [(x, r) for x, r in judged if r.field("date") is None]
    surely = [(x, r) for x, r in lacking if hiding_rule(r) is None]
    hidden = next((rule for _, r in lacking if (rule := hiding_rule(r))), None)
    if not surely and hidden is not None:
        return blocked(hidden, "the date may be in a line that is no field")
    if surely:
        return each(surely, test, "")
    return passed() if judged else unclear("no answer has a status from 200 to 499")


@check(
    "date.not-in-future",
    statement="Date is not later than the moment at which the reply was made.",
    why="A cache takes a date ahead of its clock for a page that it may keep too long.",
    hint="Take the time when you make the reply, from the machine's clock, and add nothing to it.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nDate: Fri, 31 Dec 2100 23:59:59 GMT\r\n\r\n"),
    requires=("date.utc",),
    risk=Risk.UNUSUAL,
)
def not_in_future(evidence: Evidence) -> Judgement:
    reading = read_clock(evidence)
    if isinstance(reading, Judgement):
        return reading
    if reading.clock is Clock.STANDS:
        return blocked("date.is-now", "the date stands still")
    return _broken(reading.sample, "The date lies in the future.") if reading.clock is Clock.AHEAD else passed()


@check(
    "date.is-now",
    statement="Date is the time at which the reply was made, and goes on with it.",
    why="A date from the start of the server, or out of an example, makes every page look stale.",
    hint="Compute the date anew for every reply, or at least once a second.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"),
    requires=("date.utc",),
    risk=Risk.UNUSUAL,
    dispute="Caching the date for a second is common and accepted; RFC 2616 §14.18 and RFC 9110 §6.6.1 want the "
    "best approximation at hand.",
)
def is_now(evidence: Evidence) -> Judgement:
    reading = read_clock(evidence)
    if isinstance(reading, Judgement):
        return reading
    match reading.clock:
        case Clock.STANDS:
            return _broken(reading.sample, "The date stands still from one reply to the next.")
        case Clock.BEHIND:
            return _broken(reading.sample, "The date lies behind the time of the reply.")
        case Clock.AHEAD:
            return blocked("date.not-in-future", "the date lies in the future")
        case _:
            return passed()
