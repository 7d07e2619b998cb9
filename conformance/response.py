"""Responses as they were meant: the records that the tolerant reader fills and that checks look at.

Offsets count octets of all that was received on the connection. No parsing, no I/O, no judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


class DefectKind(StrEnum):
    """What can be wrong with the build of a reply."""

    NO_STATUS_LINE = "no status line"
    OCTETS_BEFORE = "octets before the status line"
    LINE_END = "line end other than CRLF"
    BARE_CR = "CR without LF"
    NO_EMPTY_LINE = "no empty line after the fields"
    BLANKS_IN_EMPTY_LINE = "blanks in the line that ends the fields"
    STRAY_LINE = "line without a colon among the fields"
    NAMELESS_FIELD = "value without a field name"
    FOLDED = "folded field line"
    BAD_CHUNK = "broken chunk"
    BODY_SHORT = "body shorter than announced"


@dataclass(frozen=True, slots=True)
class Defect:
    """One fault in the build, with the octets that show it."""

    kind: DefectKind
    span: Span
    detail: str = ""


class Framing(StrEnum):
    """What tells where the body ends (RFC 9112 §6.3)."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    CLOSE = "end of the connection"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a head: ``span`` without, ``end`` with its line end, ``ending`` the octets of the line end."""

    text: bytes
    span: Span
    ending: bytes

    @property
    def end(self) -> int:
        """Offset of the octet after the line end."""
        return self.span[1] + len(self.ending)


@dataclass(frozen=True, slots=True)
class Field:
    """One field line; ``raw`` is the value with all its white space, ``value`` without the surrounding one."""

    name: str
    value: str
    raw: str
    span: Span
    value_span: Span

    @property
    def key(self) -> str:
        """The name for comparison: without case and surrounding blanks."""
        return self.name.strip().lower()


@dataclass(frozen=True)
class Response:
    """One response as it was meant. ``span`` covers all its octets, ``body`` is without chunk framing."""

    method: str
    status_line: Line | None
    version: str
    status: int | None
    reason: bytes
    lines: tuple[Line, ...]
    fields: tuple[Field, ...]
    head_end: int
    body: bytes
    framing: Framing
    complete: bool
    span: Span
    trailers: tuple[Field, ...] = ()
    defects: tuple[Defect, ...] = ()
    interim: tuple[Response, ...] = ()

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of this name, in order."""
        return self._by_key.get(name.lower(), ())

    @cached_property
    def _by_key(self) -> dict[str, tuple[Field, ...]]:
        found: dict[str, tuple[Field, ...]] = {}
        for field in self.fields:
            found[field.key] = (*found.get(field.key, ()), field)
        return found

    def field(self, name: str) -> Field | None:
        """The first field of this name."""
        return next(iter(self.all(name)), None)

    def value(self, name: str) -> str | None:
        """The value of the first field of this name."""
        field = self.field(name)
        return None if field is None else field.value

    def tokens(self, name: str) -> tuple[str, ...]:
        """The members of a comma-separated field, lower case, over all its lines, empty ones left out."""
        joined = ",".join(field.value for field in self.all(name))
        return tuple(member.strip().lower() for member in joined.split(",") if member.strip())

    def defect(self, *kinds: DefectKind) -> Defect | None:
        """The first defect of one of these kinds."""
        return next((defect for defect in self.defects if defect.kind in kinds), None)

    @property
    def ok(self) -> bool:
        """Whether the status is of class 2."""
        return self.status is not None and 200 <= self.status <= 299


@dataclass(frozen=True)
class Transcript:
    """All responses on a connection, and the octets after the last that belong to none."""

    responses: tuple[Response, ...]
    interim: tuple[Response, ...]
    trailing: Span

    @property
    def complete(self) -> int:
        """How many final responses are whole."""
        return sum(1 for response in self.responses if response.complete)
