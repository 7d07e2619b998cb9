"""A strict walk through a chunked body (RFC 9112 §7.1, RFC 2616 §3.6.1): it stops at the first fault and names it.

The tolerant reader recovers what a chunked reply means; this module tells what is wrong with its build. It judges
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

SIZE_LINE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n]*)?\r\n")  # blanks after the size: lawful by RFC 2616 §2.1
MEANT_AS_SIZE = re.compile(rb"[ \t]*(?:0x)?[0-9A-Fa-f]{1,8}h?[ \t]*(?:;[^\r\n]*)?\r?\n?", re.IGNORECASE)
FIELD_LINE = re.compile(rb"[^\s:]+[ \t]*:[^\n]*\r\n")
COMPLETE_TAIL = re.compile(rb"\r?\n0+\r?\n(?:\r?\n)?\Z")


class ChunkFault(StrEnum):
    """What can be wrong with a chunked body."""

    PLAIN = "no chunks at all"
    SIZE = "a wrong chunk size"
    DATA_END = "no CRLF after chunk data"
    LAST = "no last chunk"
    TRAILER = "a line after the last chunk that is no field"
    FINAL = "no empty line after the last chunk"


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the coding is sound: the data so far, the first fault and its octets, the end of what was read."""

    data: bytes
    fault: ChunkFault | None
    span: tuple[int, int]
    chunks: int

    @property
    def end(self) -> int:
        """Offset after the coding, if it has no fault."""
        return self.span[1]


def walk(octets: bytes, start: int = 0) -> Walk:
    """Read chunks from ``start`` until the coding is complete, broken, or the octets end."""
    data = bytearray()
    position, chunks = start, 0
    while True:
        line = _line(octets, position)
        size = SIZE_LINE.fullmatch(line)
        if size is None:
            fault = _no_size(line, chunks)
            return Walk(bytes(data), fault, (position, position + len(line)), chunks)
        begin = position + len(line)
        count = int(size[1], 16)
        if count == 0:
            return _finish(octets, begin, bytes(data), chunks)
        data += octets[begin : begin + count]
        chunks += 1
        stop = begin + count
        found = _after_data(octets, begin, stop)
        if found is not None:
            span = (
                (position, begin) if found is ChunkFault.SIZE else (min(stop, len(octets)), min(stop + 2, len(octets)))
            )
            return Walk(bytes(data), found, span, chunks)
        position = stop + 2


def size_lines(octets: bytes, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where the lines with the chunk sizes stand, without their line ends, as far as they can be followed."""
    position = start
    while size := SIZE_LINE.match(octets, position):
        yield position, size.end() - 2
        count = int(size[1], 16)
        if not count:
            return
        position = size.end() + count + 2


def _line(octets: bytes, start: int) -> bytes:
    feed = octets.find(b"\n", start)
    return octets[start:] if feed < 0 else octets[start : feed + 1]


def _no_size(line: bytes, chunks: int) -> ChunkFault:
    """What it means that a line is no chunk size: the octets end, a CRLF too many, or other text."""
    if not line.endswith(b"\n") and (chunks or MEANT_AS_SIZE.fullmatch(line) or not line):
        return ChunkFault.LAST
    if not line.strip(b"\r\n"):
        return ChunkFault.DATA_END if chunks else ChunkFault.PLAIN
    return ChunkFault.SIZE if chunks or MEANT_AS_SIZE.fullmatch(line) else ChunkFault.PLAIN


def _after_data(octets: bytes, begin: int, stop: int) -> ChunkFault | None:
    """What is wrong after chunk data that should end at ``stop``."""
    after = octets[stop : stop + 2]
    if after == b"\r\n":
        return None
    tail = COMPLETE_TAIL.search(octets, begin - 2)
    if tail is not None and stop > tail.start() + 2:
        return ChunkFault.SIZE  # the coding is complete, and the size leads beyond its last chunk
    if stop > len(octets) or after in (b"", b"\r"):
        return ChunkFault.LAST
    if after[:1] == b"\n" or SIZE_LINE.match(octets, stop):
        return ChunkFault.DATA_END
    return ChunkFault.SIZE


def _finish(octets: bytes, start: int, data: bytes, chunks: int) -> Walk:
    """After the last chunk: trailer fields, then an empty line."""
    position = start
    while (line := _line(octets, position)) != b"\r\n":
        if not FIELD_LINE.fullmatch(line) or line.startswith(b"HTTP/"):
            inside = line.strip() and not line.startswith(b"HTTP/") and _is_ended(octets, position)
            fault = ChunkFault.TRAILER if inside else ChunkFault.FINAL
            return Walk(data, fault, (position, position + len(line)), chunks)
        position += len(line)
    return Walk(data, None, (start, position + 2), chunks)


def _is_ended(octets: bytes, position: int) -> bool:
    """Whether an empty line still comes, before another reply."""
    end = octets.find(b"\r\n\r\n", position)
    return end >= 0 and b"\nHTTP/" not in octets[position:end]
