"""Byte ranges (RFC 9110 14): which part of a representation a GET asks for.

One range only.  A request for several, in an unknown unit, or malformed is answered as if there were no
Range at all, which the RFC always allows (14.2).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from reference_server.http1.messages import Request
from reference_server.semantics import dates, etags
from reference_server.semantics.conditional import Validators

_ONE_RANGE = re.compile(rb"[Bb][Yy][Tt][Ee][Ss]=[ \t]*+(?:,[ \t]*+)*+([0-9]*+)-([0-9]*+)[ \t]*+(?:,[ \t]*+)*+")

# A date identifies a state for sure only if some time has passed since (RFC 9110 8.8.2.2).
STRONG_AFTER_SECONDS = 60


class Selection(NamedTuple):
    first: int
    length: int


class Whole(Enum):
    """The answers other than a part."""

    ALL = "200"
    UNSATISFIABLE = "416"


def select_range(request: Request, current: Validators, size: int, now: int) -> Selection | Whole:
    """Range matters to GET alone, and only if If-Range agrees (RFC 9110 14.2)."""
    values = request.values(b"range")
    if request.method != "GET" or len(values) != 1 or not if_range_holds(request, current, now):
        return Whole.ALL
    match = _ONE_RANGE.fullmatch(values[0])
    if match is None:
        return Whole.ALL
    first, last = as_position(match[1]), as_position(match[2])
    if first is None:
        return suffix_range(last, size)
    if last is not None and last < first:
        return Whole.ALL
    if first >= size:
        return Whole.UNSATISFIABLE
    end = size if last is None else min(last + 1, size)
    return Selection(first, end - first)


def as_position(digits: bytes) -> int | None:
    """A position beyond any file is cut to one that still is (a guard against absurd numbers)."""
    if not digits:
        return None
    return int(digits) if len(digits) < 19 else 10**18


def suffix_range(length: int | None, size: int) -> Selection | Whole:
    """The last `length` octets.  An empty representation has no part that Content-Range could name."""
    if length is None:
        return Whole.ALL
    if length == 0:
        return Whole.UNSATISFIABLE
    if size == 0:
        return Whole.ALL
    length = min(length, size)
    return Selection(size - length, length)


def if_range_holds(request: Request, current: Validators, now: int) -> bool:
    """The validator must match strongly, else the whole is sent (RFC 9110 13.1.5)."""
    values = request.values(b"if-range")
    if not values:
        return True
    if len(values) > 1:
        return False
    if etags.ENTITY_TAG.fullmatch(values[0]):
        return current.etag is not None and etags.strong_match(values[0], current.etag)
    moment = dates.parse_http_date(values[0], now)
    if moment is None or moment != current.last_modified:
        return False
    return now - moment >= STRONG_AFTER_SECONDS


def content_range(selection: Selection, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (selection.first, selection.first + selection.length - 1, size)


def unsatisfied_range(size: int) -> bytes:
    return b"bytes */%d" % size
