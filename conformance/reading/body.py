"""The body of a reply, however framed (RFC 9112 §6 and §7): where it ends, and whether it is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from conformance.reading.fields import announced_length, read_field
from conformance.reading.lines import line_at
from conformance.response import Defect, DefectKind, Field, Framing


def bodiless(method: str, status: int | None) -> bool:
    """Whether a reply has no body, whatever its fields say."""
    return method == "HEAD" or status in (204, 304) or (status is not None and 100 <= status < 200)


def framing_of(method: str, status: int | None, fields: Sequence[Field]) -> tuple[Framing, int]:
    """How the end of the body is told (RFC 9112 §6.3), and its length in octets if it is told by that."""
    if bodiless(method, status):
        return Framing.NONE, 0
    codings = ",".join(field.value for field in fields if field.key == "transfer-encoding").lower()
    if codings.rpartition(",")[2].strip() == "chunked":
        return Framing.CHUNKED, 0
    length = announced_length(fields)
    return (Framing.CLOSE, 0) if length is None else (Framing.LENGTH, length)


def read_body(
    data: bytes, start: int, framing: Framing, length: int, defects: list[Defect], *, ended: bool
) -> tuple[bytes, int, bool, tuple[Field, ...]]:
    """Body, offset of its end, whether it is whole, trailer fields."""
    match framing:
        case Framing.NONE:
            return b"", start, True, ()
        case Framing.LENGTH:
            end = min(start + length, len(data))
            if end < start + length and ended:
                defects.append(Defect(DefectKind.BODY_SHORT, (end, end), f"{end - start} of {length} octets"))
            return data[start:end], end, end == start + length, ()
        case Framing.CLOSE:
            return data[start:], len(data), ended, ()
        case Framing.CHUNKED:
            return _read_chunks(data, start, defects, ended=ended)


def _read_chunks(
    data: bytes, start: int, defects: list[Defect], *, ended: bool
) -> tuple[bytes, int, bool, tuple[Field, ...]]:
    body = bytearray()
    position = start
    while True:
        line = line_at(data, position)
        if not line.ending:
            return _broken_chunks(data, position, bytes(body), defects, ended=ended)
        size = re.match(rb"[ \t]*([0-9A-Fa-f]{1,16})", line.text)
        if size is None:
            defects.append(Defect(DefectKind.BAD_CHUNK, line.span, "no size"))
            return bytes(body) + data[position:], len(data), ended, ()
        count = int(size[1], 16)
        if count == 0:
            return _read_trailers(data, line.end, bytes(body), defects, ended=ended)
        stop = line.end + count
        if stop > len(data):
            return _broken_chunks(data, line.end, bytes(body), defects, ended=ended)
        body += data[line.end : stop]
        after = line_at(data, stop)
        if after.text:
            defects.append(Defect(DefectKind.BAD_CHUNK, (stop, min(stop + 2, len(data))), "no CRLF after its data"))
            return bytes(body) + data[stop:], len(data), ended, ()
        if not after.ending:
            return _broken_chunks(data, stop, bytes(body), defects, ended=ended)
        position = after.end


def _broken_chunks(
    data: bytes, position: int, body: bytes, defects: list[Defect], *, ended: bool
) -> tuple[bytes, int, bool, tuple[Field, ...]]:
    """The data ends inside the framing: a defect only once the connection has ended."""
    if ended:
        defects.append(Defect(DefectKind.BODY_SHORT, (len(data), len(data)), "ends inside a chunk"))
    return body + data[position:], len(data), False, ()


def _read_trailers(
    data: bytes, start: int, body: bytes, defects: list[Defect], *, ended: bool
) -> tuple[bytes, int, bool, tuple[Field, ...]]:
    fields: list[Field] = []
    position = start
    while position < len(data):
        line = line_at(data, position)
        if not line.ending:
            break
        if not line.text:
            return body, line.end, True, tuple(fields)
        read_field(line, fields, defects)
        position = line.end
    if ended:
        defects.append(Defect(DefectKind.BODY_SHORT, (len(data), len(data)), "no empty line after the last chunk"))
    return body, len(data), False, tuple(fields)
