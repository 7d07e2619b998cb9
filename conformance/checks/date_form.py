"""How a date in a field departs from the one form that may be sent (RFC 9110 §5.6.7), as the names of rules.

It declares no rule. A date that is wrong in one way gets one name; what is no such date at all is wrong in its form.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from conformance.grammar import DAYS, IMF_FIXDATE, LOOSE_DATE, MONTHS, parse_date

TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)")


class DateFault(StrEnum):
    """A way for a date to be wrong: the id of the rule that says so."""

    FORM = "date.imf-fixdate"
    ZONE = "date.gmt-literal"
    NAMES = "date.names-exact"
    SPACES = "date.no-extra-space"
    YEAR = "date.year-four-digits"
    TIME = "date.time-of-day"
    DAY = "date.day-two-digits"
    WEEKDAY = "date.weekday-true"


def date_faults(text: str) -> frozenset[DateFault]:
    """What is wrong with a date; nothing if it may be sent."""
    if IMF_FIXDATE.fullmatch(text):
        return _meaning(text)
    loose = LOOSE_DATE.fullmatch(_readable(text))
    if loose is None or "-" in loose["gap2"] + loose["gap3"]:  # with hyphens it is another of the three forms
        return frozenset({DateFault.FORM})
    found = set(_parts(loose))
    return frozenset(found or {DateFault.FORM})


def _readable(text: str) -> str:
    """Names of another language as letters, not as the octets of their UTF-8 form."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _parts(loose: re.Match[str]) -> list[DateFault]:
    faults = []
    if loose["zone"] != "GMT":
        faults.append(DateFault.ZONE)
    if loose["weekday"] not in DAYS or loose["month"] not in MONTHS:
        faults.append(DateFault.NAMES)
    if len(loose["year"]) != 4:
        faults.append(DateFault.YEAR)
    if not TIME.fullmatch(loose["time"]):
        faults.append(DateFault.TIME)
    if len(loose["day"]) != 2:
        faults.append(DateFault.DAY)
    if _wide(loose):
        faults.append(DateFault.SPACES)
    return faults


def _wide(loose: re.Match[str]) -> bool:
    """Whether a gap is not one space. A day padded with a space lacks its zero; that is told by the day's rule."""
    gaps = [loose[name] for name in ("gap2", "gap3", "gap4")]
    padded = len(loose["day"]) == 1 and loose["gap1"] == "  "
    gaps += [] if padded else [loose["gap1"]]
    gaps += [loose["gap5"]] if loose["zone"] else []
    return any(gap != " " for gap in gaps) or loose[0] != loose[0].strip()


def _meaning(text: str) -> frozenset[DateFault]:
    """A date of the right form may still name a moment that there is not."""
    parts = IMF_FIXDATE.fullmatch(text)
    if parts is None:
        return frozenset({DateFault.FORM})
    if not TIME.fullmatch(f"{parts['hour']}:{parts['minute']}:{parts['second']}"):
        return frozenset({DateFault.TIME})
    if parse_date(text) is None:
        return frozenset({DateFault.FORM})
    day = date(int(parts["year"]), MONTHS.index(parts["month"]) + 1, int(parts["day"]))
    return frozenset() if DAYS[day.weekday()] == parts["weekday"] else frozenset({DateFault.WEEKDAY})
