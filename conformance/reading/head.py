"""The head of a reply, however broken: status line and fields (RFC 9112 §4 and §5), and where its body begins."""

from __future__ import annotations

import re

from conformance.reading.fields import NAMELESS_DATE, announced_length, read_field
from conformance.reading.lines import Stream, line_at, note_line
from conformance.response import Defect, DefectKind, Field, Line

STRICT_START = re.compile(rb"^HTTP/\d\.\d \d{3}", re.MULTILINE)
PARTS = re.compile(
    rb"[ \t]*(?P<version>https?[:/ ]*[\d.]*[^ \t]*)?(?P<gap>[ \t]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
CODE = re.compile(rb"(?<!\d)0*(\d{3})(?!\d)")


def status_parts(text: bytes) -> tuple[str, int | None, bytes]:
    """Version, status and phrase as far as they can be told, whatever stands between them."""
    parts = PARTS.match(text)
    version = (parts["version"] or b"") if parts else b""
    rest = parts["rest"] if parts else text
    code = CODE.search(rest)
    if code is None:
        return version.decode("latin-1"), None, rest.strip()
    return version.decode("latin-1"), int(code[1]), rest[code.end() :].removeprefix(b" ")


def read_fields(
    data: bytes, start: int, defects: list[Defect], stream: Stream, *, guess: bool
) -> tuple[list[Line], list[Field], int, bool]:
    """Lines, fields, the offset of the body, whether the head is whole; ``guess``: a body may begin unannounced."""
    lines: list[Line] = []
    fields: list[Field] = []
    guess = guess and stream is not Stream.GROWING
    announced: int | None = None  # looked up line by line: of all lines at every line, it would take for ever
    position = start
    while position < len(data):
        line = line_at(data, position)
        if guess and _body_begins(data, line, announced or 0):
            defects.append(Defect(DefectKind.NO_EMPTY_LINE, (position, min(position + 1, len(data)))))
            return lines, fields, position, True
        if not line.ending:
            break
        note_line(line, defects)
        lines.append(line)
        if not line.text.strip():
            if line.text:
                defects.append(Defect(DefectKind.BLANKS_IN_EMPTY_LINE, line.span))
            return lines, fields, line.end, True
        read_field(line, fields, defects)
        announced = announced_length(fields[-1:]) if guess and announced is None else announced
        position = line.end
    defects.append(Defect(DefectKind.NO_EMPTY_LINE, (len(data), len(data))))
    return lines, fields, len(data), stream is Stream.ENDED


def _body_begins(data: bytes, line: Line, announced: int) -> bool:
    """Whether the blank line was forgotten and this line belongs to the body already.

    It does for sure if Content-Length fits from here to the end or to the next response; otherwise the line itself
    must tell.
    """
    end = line.span[0] + announced
    if end > line.span[0] and line.text and (end == len(data) or STRICT_START.match(data, end)):
        return True
    if line.text.lstrip(b" \t\xef\xbb\xbf").startswith(b"<"):
        return True
    field_like = b":" in line.text or line.text[:1] in (b" ", b"\t", b"")
    if field_like or NAMELESS_DATE.match(line.text):
        return False
    return re.search(rb"\n\r?\n", data[line.span[0] :]) is None
