"""Proactive negotiation: what the Accept fields make of one alternative (RFC 9110 12.4, 12.5).

Weights are whole thousandths, which is all that the grammar can say.  For each field there is a function from the
field's value and what is on offer to a weight: `UNMENTIONED` if the client said nothing about it, 0 if it is excluded.
Which of several alternatives to send is decided elsewhere (`resources.variants`, `resources.codings`).
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

FULL = 1000
# Not said to be acceptable; the field's absence is another matter, and gives `FULL`.
UNMENTIONED = -1
# Values up to so many octets are parsed once, at most 512 of them.
REMEMBERED = 256

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = rb'"(?:[^"\\]|\\.)*+"'
_MEMBER = re.compile(rb'((?:[^",\\]|' + _QUOTED + rb")*+)(?:,|\Z)")
_PARAMETER = re.compile(rb"[ \t]*;[ \t]*(?:(" + _TOKEN + rb")[ \t]*=[ \t]*(" + _TOKEN + rb"|" + _QUOTED + rb"))?")
_ITEM = re.compile(rb"[^;, \t\"]+")
_WEIGHT = re.compile(rb"[01](?:\.[0-9]*)?")

Parameters = frozenset[tuple[bytes, bytes]]


class Preference(NamedTuple):
    """One member of an Accept field, in lower case."""

    name: bytes
    parameters: Parameters
    weight: int


def parse_preferences(value: bytes) -> tuple[Preference, ...]:
    """The members that can be read; clients send the same few values, so short ones are remembered."""
    return parse_short(value) if len(value) <= REMEMBERED else parse_members(value)


def parse_members(value: bytes) -> tuple[Preference, ...]:
    """A member with a broken weight or parameter says nothing, so it is left out."""
    preferences = []
    position = 0
    while position < len(value):
        match = _MEMBER.match(value, position)
        if match is None:
            break  # a quotation that never ends: nothing after it can be trusted
        position = match.end()
        preference = parse_member(match[1].strip(b" \t"))
        if preference is not None:
            preferences.append(preference)
    return tuple(preferences)


parse_short = functools.lru_cache(maxsize=512)(parse_members)


def parse_member(member: bytes) -> Preference | None:
    """`q` is the weight wherever it stands (RFC 9110 12.5.1); the first one counts."""
    item = _ITEM.match(member)
    if item is None:
        return None
    weight, parameters = None, set()
    position = item.end()
    while position < len(member):
        match = _PARAMETER.match(member, position)
        if match is None:
            return None
        position = match.end()
        if match[1] is None:
            continue
        name, value = match[1].lower(), unquote(match[2])
        if name != b"q":
            parameters.add((name, value.lower()))
        elif weight is None:
            weight = parse_weight(value)
            if weight is None:
                return None
    return Preference(item[0].lower(), frozenset(parameters), FULL if weight is None else weight)


def unquote(value: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", value[1:-1]) if value[:1] == b'"' else value


def parse_weight(value: bytes) -> int | None:
    """Thousandths; digits beyond the third are more than the grammar allows, and tell no more than "not zero"."""
    if not _WEIGHT.fullmatch(value):
        return None
    whole, _, fraction = value.partition(b".")
    weight = int(whole) * FULL + int(fraction[:3].ljust(3, b"0"))
    return min(weight or int(fraction[3:].strip(b"0") != b""), FULL)


def weight_of_type(accept: bytes | None, media_type: bytes, parameters: Parameters = frozenset()) -> int:
    """The most specific range that matches decides, whatever its weight (RFC 9110 12.5.1)."""
    preferences = parse_preferences(accept) if accept else ()
    if not preferences:
        return FULL
    major = media_type.partition(b"/")[0] + b"/*"
    best, weight = -1, UNMENTIONED
    for wanted in preferences:
        if not wanted.parameters <= parameters:
            continue
        if wanted.name == media_type:
            precision = 2 + len(wanted.parameters)
        elif wanted.name == major:
            precision = 1
        elif wanted.name in (b"*/*", b"*"):
            precision = 0
        else:
            continue
        if precision > best:
            best, weight = precision, wanted.weight
    return weight


def weight_of_language(accept: bytes | None, language: bytes) -> int:
    """The longest range that the tag begins with decides (RFC 9110 12.5.4); else a longer one is cut down to the tag.

    The second half is for clients that say `en-GB` and would rather have plain `en` than another language.
    """
    preferences = parse_preferences(accept) if accept else ()
    if not preferences:
        return FULL
    tag = language.lower()
    best, weight, wider = -1, UNMENTIONED, UNMENTIONED
    for wanted in preferences:
        if wanted.name == b"*":
            precision = 0
        elif tag == wanted.name or tag.startswith(wanted.name + b"-"):
            precision = len(wanted.name)
        else:
            if wanted.name.startswith(tag + b"-") and wanted.weight:
                wider = max(wider, wanted.weight - 1, 1)
            continue
        if precision > best:
            best, weight = precision, wanted.weight
    return wider if best <= 0 and weight and wider > weight else weight


def weight_of_charset(accept: bytes | None, charset: bytes) -> int:
    """By name, else by `*` (RFC 9110 12.5.2)."""
    preferences = parse_preferences(accept) if accept else ()
    if not preferences:
        return FULL
    return named_weight(preferences, (charset.lower(),))


def weight_of_gzip(accept: bytes | None) -> int:
    """`x-gzip` is another name for it (RFC 9110 8.4.1.3).  Without the field any coding may be sent (12.5.3)."""
    if accept is None:
        return UNMENTIONED
    return named_weight(parse_preferences(accept), (b"gzip", b"x-gzip"))


def weight_of_identity(accept: bytes | None) -> int:
    """0 if excluded, by name or by `*;q=0`; else acceptable, even if unmentioned, and `*` says no more about it."""
    if accept is None:
        return FULL
    preferences = parse_preferences(accept)
    for wanted in preferences:
        if wanted.name == b"identity":
            return wanted.weight
    return 0 if any(wanted.name == b"*" and not wanted.weight for wanted in preferences) else UNMENTIONED


def named_weight(preferences: tuple[Preference, ...], names: tuple[bytes, ...]) -> int:
    """The greatest weight said of one of the names, else that of `*`."""
    named = [wanted.weight for wanted in preferences if wanted.name in names]
    if named:
        return max(named)
    anything = [wanted.weight for wanted in preferences if wanted.name == b"*"]
    return anything[0] if anything else UNMENTIONED
