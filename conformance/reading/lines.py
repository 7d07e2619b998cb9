"""Lines of a reply as they came (RFC 9112 §2.2), and what is known of the octets behind those at hand."""

from __future__ import annotations

from enum import Enum

from conformance.response import Defect, DefectKind, Line


class Stream(Enum):
    """What is known of the octets after those at hand."""

    GROWING = "more may come"
    STILL = "no more came, though the connection is open"
    ENDED = "the server has ended the connection"


def line_at(data: bytes, start: int) -> Line:
    """The line at ``start``: up to LF, or to the end of the data."""
    feed = data.find(b"\n", start)
    if feed < 0:
        return Line(data[start:], (start, len(data)), b"")
    stop = feed - 1 if feed > start and data[feed - 1] == 0x0D else feed
    return Line(data[start:stop], (start, stop), data[stop : feed + 1])


def note_line(line: Line, defects: list[Defect]) -> None:
    """Add the defects of the line's end: a bare LF, and a bare CR inside."""
    if line.ending == b"\n":
        defects.append(Defect(DefectKind.LINE_END, (line.span[1], line.end)))
    bare = line.text.find(b"\r")
    if bare >= 0:
        defects.append(Defect(DefectKind.BARE_CR, (line.span[0] + bare, line.span[0] + bare + 1)))
