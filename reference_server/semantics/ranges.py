"""Byte ranges (RFC 9110 14): which parts of a representation a GET asks for.

A Range in an unknown unit is ignored, as it has to be; one that is malformed, or that asks for more than it can be
worth to send in parts, is ignored too (14.2, 15.3.7.2, 17.15), which gives the client the whole.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from reference_server.http1.messages import Request
from reference_server.semantics import dates, etags
from reference_server.semantics.conditional import Validators

_UNIT = re.compile(rb"[Bb][Yy][Tt][Ee][Ss]=")
_SPEC = re.compile(rb"([0-9]*+)-([0-9]*+)")

# More parts than anybody needs, whose heads would outweigh their octets.
MOST_PARTS = 64
# Parts out of order have their uses (an index at the end of a file), but many of them are a sign of an attack.
MOST_UNORDERED_PARTS = 16

# A date identifies a state for sure only if some time has passed since (RFC 9110 8.8.2.2).
STRONG_AFTER_SECONDS = 60


class Selection(NamedTuple):
    first: int
    length: int

    @property
    def end(self) -> int:
        return self.first + self.length


class Whole(Enum):
    """The answers other than parts."""

    ALL = "200"
    UNSATISFIABLE = "416"


def select_ranges(request: Request, current: Validators, size: int, now: int) -> list[Selection] | Whole:
    """Range matters to GET alone, and only if If-Range agrees (RFC 9110 14.2)."""
    if request.method != "GET" or request.field(b"range") is None:
        return Whole.ALL
    lines = request.values(b"range")
    specs = parse_ranges(lines[0]) if len(lines) == 1 else None
    if specs is None or not if_range_holds(request, current, now):
        return Whole.ALL
    if size == 0 and any(first is None and last for first, last in specs):
        return Whole.ALL  # satisfiable by definition, but no Content-Range can name a part of nothing
    found = [place_range(first, last, size) for first, last in specs]
    satisfiable = [selection for selection in found if selection is not None]
    if not satisfiable:
        return Whole.UNSATISFIABLE
    return reasonable(satisfiable) if len(satisfiable) > 1 else satisfiable


def parse_ranges(value: bytes) -> list[tuple[int | None, int | None]] | None:
    """(first, last) of each range, or (None, length) of a suffix; None if any of it is invalid (RFC 9110 14.1.1)."""
    unit = _UNIT.match(value)
    if unit is None:
        return None
    specs = []
    for member in value[unit.end() :].split(b","):
        octets = member.strip(b" \t")
        if not octets:
            continue
        match = _SPEC.fullmatch(octets)
        if match is None or octets == b"-":
            return None
        first, last = as_position(match[1]), as_position(match[2])
        if first is not None and last is not None and last < first:
            return None
        specs.append((first, last))
    return specs or None


def as_position(digits: bytes) -> int | None:
    """A position beyond any file is cut to one that still is (a guard against absurd numbers)."""
    if not digits:
        return None
    digits = digits.lstrip(b"0") or b"0"
    return int(digits) if len(digits) < 19 else 10**18


def place_range(first: int | None, last: int | None, size: int) -> Selection | None:
    """Where the range lies in so many octets; None if it cannot be satisfied (RFC 9110 14.1.2)."""
    if first is None:
        length = min(last or 0, size)
        return Selection(size - length, length) if length else None
    if first >= size:
        return None
    end = size if last is None else min(last + 1, size)
    return Selection(first, end - first)


def reasonable(parts: list[Selection]) -> list[Selection] | Whole:
    """Two ranges that overlap become one, in the place of the first; what looks like an attack gets the whole."""
    if len(parts) > MOST_PARTS or (len(parts) > MOST_UNORDERED_PARTS and parts != sorted(parts)):
        return Whole.ALL
    kept: list[Selection] = []
    joined: set[int] = set()
    for part in parts:
        touched = [index for index, other in enumerate(kept) if overlap(part, other)]
        if not touched:
            kept.append(part)
        elif len(touched) > 1 or touched[0] in joined:
            return Whole.ALL  # more than two overlap
        else:
            kept[touched[0]] = join(kept[touched[0]], part)
            joined.add(touched[0])
    return kept


def overlap(one: Selection, other: Selection) -> bool:
    """Whether they share an octet."""
    return one.first < other.end and other.first < one.end


def join(one: Selection, other: Selection) -> Selection:
    first = min(one.first, other.first)
    return Selection(first, max(one.end, other.end) - first)


def if_range_holds(request: Request, current: Validators, now: int) -> bool:
    """The validator must match strongly, else the whole is sent (RFC 9110 13.1.5)."""
    value = request.field(b"if-range")
    if value is None:
        return True
    if etags.ENTITY_TAG.fullmatch(value):
        return current.etag is not None and etags.strong_match(value, current.etag)
    moment = dates.parse_http_date(value, now)
    if moment is None or moment != current.last_modified:
        return False
    return now - moment >= STRONG_AFTER_SECONDS


def content_range(selection: Selection, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (selection.first, selection.end - 1, size)


def unsatisfied_range(size: int) -> bytes:
    return b"bytes */%d" % size
