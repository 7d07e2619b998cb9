"""Octets and foreign text made visible: printable ASCII as it is, everything else spelled out.

Whatever a server sends may be hostile. Nothing that leaves this module can move a cursor, change a colour or
hide a character, and every octet can be told from every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SPELLED = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x5C: "\\\\"}
GLYPHS = tuple(SPELLED.get(o, chr(o) if 0x20 <= o <= 0x7E else f"\\x{o:02x}") for o in range(256))

Span = tuple[int, int]

HEAD_ROWS = 8
ROWS_BEFORE = 2
ROWS_OF_SPAN = 3
ROWS_AFTER = 2
WINDOW = 4096


def visible(data: bytes) -> str:
    """All octets on one line."""
    return "".join(GLYPHS[octet] for octet in data)


def safe(text: str) -> str:
    """Text on one line; characters that do not print (controls, bidirectional marks) are spelled out."""
    return "".join(char if char.isprintable() else _spelled(ord(char)) for char in text)


def _spelled(code: int) -> str:
    if code in SPELLED:
        return SPELLED[code]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an excerpt and the carets under it; a ``gap`` says how many octets are left out."""

    text: str
    marks: str = ""
    gap: bool = False


def excerpt(data: bytes, span: Span | None, width: int, rows: int = HEAD_ROWS) -> Iterator[Row]:
    """What is worth showing of ``data``: its beginning and end, or the surroundings of ``span``, marked.

    Lines break after LF and at ``width``; how many octets are left out is said where they are. Without a span, up to
    ``rows`` are shown.
    """
    position = 0
    for start, end in _ends(data, width, rows) if span is None else _surroundings(data, span, width):
        if start > position:
            yield gap(start - position)
        yield Row(visible(data[start:end]), _marks(data, (start, end), span))
        position = end
    if position < len(data):
        yield gap(len(data) - position)


def gap(count: int, where: str = "") -> Row:
    """The row that stands for octets that are not shown."""
    return Row(f"... {count} octet{'' if count == 1 else 's'}{where} left out ...", gap=True)


def _ends(data: bytes, width: int, rows: int) -> list[Span]:
    """The first rows; the last ones too where something between is left out."""
    head = _broken(data, 0, min(len(data), WINDOW), width)
    if len(head) <= rows and len(data) <= WINDOW:
        return head
    tail = _broken(data, _line_start(data, len(data) - WINDOW, len(data)), len(data), width)[-2:]
    return [row for row in head[: min(rows, HEAD_ROWS) - 3] if row[1] <= tail[0][0]] + tail


def _surroundings(data: bytes, span: Span, width: int) -> list[Span]:
    """The rows around the span; all before it if it is near the beginning, else the very first one."""
    begin = _line_start(data, span[0] - WINDOW // 2, span[0])
    rows = _broken(data, begin, min(len(data), begin + WINDOW), width)
    if span[0] >= len(data) and data[-1:] in (b"", b"\n"):
        rows.append((len(data), len(data)))
    first = next((n for n, (_, end) in enumerate(rows) if span[0] < end), len(rows) - 1)
    last = next((n for n, (_, end) in enumerate(rows) if span[1] <= end), len(rows) - 1)
    stop = last + 1 + ROWS_AFTER if last - first < ROWS_OF_SPAN else first + ROWS_OF_SPAN
    if begin == 0 and first < HEAD_ROWS:
        return rows[:stop]
    return _broken(data, 0, min(len(data), WINDOW), width)[:1] + rows[max(1, first - ROWS_BEFORE) : stop]


def _line_start(data: bytes, position: int, limit: int) -> int:
    """The start of the first line from ``position`` to ``limit``; ``position`` if none begins there."""
    if position <= 0:
        return 0
    return data.find(b"\n", position - 1, limit) + 1 or position


def _broken(data: bytes, begin: int, stop: int, width: int) -> list[Span]:
    """The spans of the rows from ``begin`` to ``stop``."""
    found: list[Span] = []
    start, used = begin, 0
    for position in range(begin, stop):
        size = len(GLYPHS[data[position]])
        if used and used + size > width:
            found.append((start, position))
            start, used = position, 0
        used += size
        if data[position] == 0x0A:
            found.append((start, position + 1))
            start, used = position + 1, 0
    if start < stop:
        found.append((start, stop))
    return found


def _marks(data: bytes, row: Span, span: Span | None) -> str:
    """Carets under the part of ``span`` that is in ``row``; one caret where an empty span stands."""
    if span is None:
        return ""
    if span[0] == span[1]:
        at_end = row[1] == len(data) == span[0] and not (data[row[0] : row[1]].endswith(b"\n"))
        here = row[0] <= span[0] < row[1] or at_end
        return " " * _columns(data, row[0], span[0]) + "^" if here else ""
    start, end = max(span[0], row[0]), min(span[1], row[1])
    return " " * _columns(data, row[0], start) + "^" * _columns(data, start, end) if start < end else ""


def _columns(data: bytes, start: int, end: int) -> int:
    return sum(len(GLYPHS[octet]) for octet in data[start:end])
