"""Parts of a representation as replies carry them: Content-Range and multipart/byteranges, read tolerantly.

It judges nothing (RFC 9110 §14.4, §14.6; RFC 2616 §14.16, §19.2; RFC 2046 §5.1.1): a line that ends in LF alone ends
a line here, and a multipart that is never closed has the parts that can be told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.grammar import TOKEN

NUMBER = r"[0-9]{1,99}"
CONTENT_RANGE = re.compile(
    rf"{TOKEN} (?:(?P<first>{NUMBER})-(?P<last>{NUMBER})/(?P<length>{NUMBER}|\*)|\*/(?P<total>{NUMBER}|\*))"
)
"""Both forms; ``*/*`` fits the production of RFC 2616 alone."""

BOUNDARY = re.compile(r""";[ \t]*boundary[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s;]*))""", re.I)
FIELD = re.compile(rf"(?P<name>{TOKEN})[ \t]*:[ \t]*(?P<value>.*?)[ \t]*")
MULTIPART = "multipart/byteranges"


@dataclass(frozen=True, slots=True)
class Place:
    """Where octets belong: the positions of the first and the last, and the length of the whole if it is told."""

    first: int
    last: int
    length: int | None

    @property
    def valid(self) -> bool:
        """Whether a recipient may use the part at all."""
        return self.first <= self.last and (self.length is None or self.last < self.length)

    def within(self, first: int, last: int) -> bool:
        """Whether it names at least one octet, and none outside of these positions."""
        return first <= self.first <= self.last <= last

    def octets(self, whole: bytes) -> bytes:
        """What belongs there."""
        return whole[self.first : self.last + 1]


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part of a multipart; ``stray`` is a line of its head that is no field, ``headed`` whether the head ends."""

    fields: tuple[tuple[str, str], ...]
    content: bytes
    stray: bytes | None
    headed: bool

    def value(self, name: str) -> str | None:
        """The value of the first field of this name."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart as it was meant. ``bare`` is the first line of its own that ends in LF alone, if there is one."""

    parts: tuple[BodyPart, ...]
    closed: bool
    epilogue: bytes
    bare: bytes | None


def read_place(value: str | None) -> Place | None:
    """The place that a Content-Range names; None for one without positions, and for what cannot be read."""
    match = CONTENT_RANGE.fullmatch(value or "")
    if match is None or match["first"] is None:
        return None
    length = None if match["length"] == "*" else int(match["length"])
    return Place(int(match["first"]), int(match["last"]), length)


def is_multipart(content_type: str | None) -> bool:
    """Whether the media type is multipart/byteranges, whatever its parameters."""
    return (content_type or "").partition(";")[0].strip().lower() == MULTIPART


def boundary_of(content_type: str) -> str:
    """The boundary parameter without its quotes; empty if there is none."""
    match = BOUNDARY.search(content_type)
    if match is None:
        return ""
    quoted = match["quoted"]
    return str(match["bare"]) if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def read_multipart(body: bytes, boundary: str) -> Multipart:
    """Take a body apart at the lines that begin with two hyphens and ``boundary``."""
    mark = re.escape(boundary.encode("latin-1", "replace"))
    pattern = re.compile(rb"(?P<before>\A|\r?\n)--" + mark + rb"(?P<close>--)?[ \t]*(?P<end>\r?\n|\Z)")
    parts: list[BodyPart] = []
    bare: list[bytes] = []
    found = pattern.search(body)
    while found is not None:
        _note(found["before"], found[0], bare)
        if found["close"]:
            return Multipart(tuple(parts), True, body[found.end() :], _first(bare))
        _note(found["end"], found[0], bare)
        # The end of one line may be the beginning of the next, if a part has neither fields nor content.
        following = pattern.search(body, found.start("end"))
        stop = len(body) if following is None else following.start()
        parts.append(_read_part(body[found.end() : max(stop, found.end())], bare))
        found = following
    return Multipart(tuple(parts), False, b"", _first(bare))


def _note(ending: bytes, line: bytes, bare: list[bytes]) -> None:
    if ending == b"\n":
        bare.append(line.strip(b"\r\n"))


def _first(bare: list[bytes]) -> bytes | None:
    return bare[0] if bare else None


def _read_part(data: bytes, bare: list[bytes]) -> BodyPart:
    fields: list[tuple[str, str]] = []
    stray: bytes | None = None
    position = 0
    while (end := data.find(b"\n", position)) >= 0:
        line = data[position:end]
        position = end + 1
        if not line.endswith(b"\r"):
            bare.append(line)
        text = line.removesuffix(b"\r")
        if not text:
            return BodyPart(tuple(fields), data[position:], stray, True)
        match = FIELD.fullmatch(text.decode("latin-1"))
        if match is not None:
            fields.append((match["name"], match["value"]))
        elif stray is None:
            stray = text
    return BodyPart(tuple(fields), b"", stray, False)
