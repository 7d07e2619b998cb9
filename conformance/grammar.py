"""Productions of RFC 9110, 9112 and 3986 as patterns over text, for what a server sends. No parsing, no judgement.

Every pattern is for :func:`re.fullmatch`. Text is octets decoded as ISO-8859-1, so ``\\x80-\\xff`` is obs-text.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime

TCHAR = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"  # RFC 9110 §5.6.2
TOKEN = rf"{TCHAR}+"
OWS = r"[ \t]*"  # RFC 9110 §5.6.3
QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'  # RFC 9110 §5.6.4

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
IMF_FIXDATE = re.compile(  # RFC 9110 §5.6.7
    rf"(?P<weekday>{'|'.join(DAYS)}), (?P<day>\d\d) (?P<month>{'|'.join(MONTHS)}) (?P<year>\d{{4}})"
    r" (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) GMT"
)
LOOSE_DATE = re.compile(  # what somebody meant as an IMF-fixdate; every part may be wrong
    r"\s*(?P<weekday>[^\W\d_]+)[.,]*(?P<gap1>\s*)(?P<day>\d{1,2})(?P<gap2>[\s-]+)(?P<month>[^\W\d_]+)\.?(?P<gap3>[\s-]+)"
    r"(?P<year>\d{2,5})(?P<gap4>\s+)(?P<time>[\d:.]+(?:\s*[AaPp]\.?[Mm]\.?)?)(?P<gap5>\s*)(?P<zone>.*?)\s*"
)

PARAMETER = rf"{TOKEN}=(?:{TOKEN}|{QUOTED})"  # RFC 9110 §5.6.6
MEDIA_TYPE = re.compile(rf"(?P<type>{TOKEN})/(?P<subtype>{TOKEN})(?P<parameters>(?:{OWS};{OWS}(?:{PARAMETER})?)*)")
ENTITY_TAG = re.compile(r'(?P<weak>W/)?"[\x21\x23-\x7e\x80-\xff]*"')  # RFC 9110 §8.8.3
ENTITY_TAG_2616 = re.compile(rf"(?P<weak>[Ww]/)?{QUOTED}")  # RFC 2616 §3.11
VERSION = re.compile(r"HTTP/\d\.\d")  # RFC 9112 §2.3
STATUS_LINE = re.compile(r"HTTP/\d\.\d \d{3} [\t \x21-\x7e\x80-\xff]*")  # RFC 9112 §4
PCT = r"%[0-9A-Fa-f]{2}"  # RFC 3986 §2.1
UNRESERVED = r"[A-Za-z0-9\-._~]"
PCHAR = rf"(?:{UNRESERVED}|{PCT}|[!$&'()*+,;=:@])"  # RFC 3986 §3.3
URI_REFERENCE = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+\-.]*:)?(?:{PCHAR}|[/?\[\]])*(?:#(?:{PCHAR}|[/?])*)?")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


def is_token(text: str) -> bool:
    """Whether ``text`` is a token (RFC 9110 §5.6.2)."""
    return re.fullmatch(TOKEN, text) is not None


def list_members(value: str) -> list[str]:
    """The members of a comma-separated value with white space stripped, empty ones kept; quoted commas do not part."""
    return [member.strip(" \t") for member in re.findall(rf"((?:{QUOTED}|[^,])*)(?:,|\Z)", value)[: _commas(value) + 1]]


def _commas(value: str) -> int:
    return re.sub(QUOTED, "", value).count(",")


def parse_date(text: str) -> float | None:
    """Seconds since the epoch of an IMF-fixdate that names a real moment; None otherwise. ``:60`` counts as 59."""
    match = IMF_FIXDATE.fullmatch(text)
    if match is None:
        return None
    year, day, hour, minute, second = (int(match[name]) for name in ("year", "day", "hour", "minute", "second"))
    try:
        moment = datetime(year, MONTHS.index(match["month"]) + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return float(timegm(moment.timetuple()))


def format_date(seconds: float) -> str:
    """An IMF-fixdate, independent of the locale."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return (
        f"{DAYS[moment.weekday()]}, {moment.day:02} {MONTHS[moment.month - 1]} {moment.year:04} {moment:%H:%M:%S} GMT"
    )
