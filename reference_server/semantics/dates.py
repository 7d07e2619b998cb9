"""HTTP dates (RFC 9110 5.6.7): one format to write, three to read.

Written without `time.strftime` or `locale`, whose names of days change with the machine's language.  A
moment is a whole number of seconds since 1970.
"""

from __future__ import annotations

import calendar
import functools
import re
from datetime import UTC, datetime

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MONTH = "(?P<month>" + "|".join(MONTHS) + ")"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMATS = (
    # IMF-fixdate
    re.compile(f"(?:{'|'.join(DAYS)}), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    # rfc850-date, with a year of two digits
    re.compile(f"(?:{'|'.join(LONG_DAYS)}), (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    # asctime-date, whose day may be padded with a blank
    re.compile(f"(?:{'|'.join(DAYS)}) {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


@functools.lru_cache(maxsize=1024)
def format_http_date(moment: int) -> bytes:
    """IMF-fixdate, the only format that may be generated."""
    at = datetime.fromtimestamp(moment, UTC)
    name, month = DAYS[at.weekday()], MONTHS[at.month - 1]
    clock = f"{at.hour:02}:{at.minute:02}:{at.second:02}"
    return f"{name}, {at.day:02} {month} {at.year:04} {clock} GMT".encode("ascii")


def parse_http_date(value: bytes, now: int) -> int | None:
    """Any of the three formats; None for what is no date, which conditions then ignore."""
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return None
    for pattern in _FORMATS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _moment(match, now)
    return None


def _moment(match: re.Match[str], now: int) -> int | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = full_year(year, datetime.fromtimestamp(now, UTC).year)
    month, day = MONTHS.index(match["month"]) + 1, int(match["day"])
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        midnight = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return calendar.timegm(midnight.timetuple()) + hour * 3600 + minute * 60 + second


def full_year(two_digits: int, this_year: int) -> int:
    """A year that seems more than 50 years ahead is the latest past one that ends so (RFC 9110 5.6.7)."""
    year = this_year - this_year % 100 + two_digits
    if year > this_year + 50:
        return year - 100
    return year
