"""The manner of a mutation: what its examples start from, and how they are put on the wire.

Most mutations have none of their own: theirs start from the common good requests, now and then among others on one
connection, now and then in pieces. What is done to the request itself is for the mutation to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from conformance.fuzz.example import Ground, Make, Mutation
from conformance.fuzz.message import FieldLine, Request

Plains: TypeAlias = Callable[[Ground], tuple[Request, ...]]


class Way(Enum):
    """How the octets of a connection are sent."""

    ANY = "whole, among others, or in a few pieces"
    ROW = "among up to four other good requests"
    PIECES = "in pieces, one after another at once"
    PAUSES = "in pieces, with pauses between them"


@dataclass(frozen=True, slots=True)
class Manner:
    """``plains`` gives the good requests to start from, the simplest first; None for those of the mutation's base."""

    way: Way = Way.ANY
    plains: Plains | None = None


def bare(ground: Ground) -> tuple[Request, ...]:
    """The shortest GET of every page: for what is compared with the page itself, or sets fields that count."""
    return tuple(Request(b"GET", target, (FieldLine(b"Host", ground.authority),)) for target in ground.pages)


def files(ground: Ground) -> tuple[Request, ...]:
    """Those of pages that look like files, if there are any: a listing has no validators, and need not have parts."""
    return tuple(request for request in bare(ground) if not request.target.endswith(b"/")) or bare(ground)


COMMON = Manner()

_table: dict[Make, Manner] = {}


def manner(way: Way = Way.ANY, *, plains: Plains | None = None) -> Callable[[Make], Make]:
    """Give the decorated mutation a manner of its own."""

    def register(make: Make) -> Make:
        _table[make] = Manner(way, plains)
        return make

    return register


def manner_of(mutation: Mutation) -> Manner:
    """The manner of ``mutation``."""
    return _table.get(mutation.make, COMMON)
