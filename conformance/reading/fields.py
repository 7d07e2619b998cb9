"""A field line (RFC 9112 §5), and the length that fields announce (§6.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from conformance.response import Defect, DefectKind, Field, Line

NAMELESS_DATE = re.compile(rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ")


def read_field(line: Line, fields: list[Field], defects: list[Defect]) -> None:
    """Add the field of a line, or its continuation to the last field; what is neither is a defect."""
    start = line.span[0]
    if line.text[:1] in (b" ", b"\t"):
        defects.append(Defect(DefectKind.FOLDED, line.span))
        if fields:
            last = fields[-1]
            joined = f"{last.raw} {line.text.strip().decode('latin-1')}"
            fields[-1] = replace(last, raw=joined, value=joined.strip(" \t"))
        return
    if NAMELESS_DATE.match(line.text):
        defects.append(Defect(DefectKind.NAMELESS_FIELD, line.span))
        return
    name, colon, raw = line.text.partition(b":")
    if not colon:
        defects.append(Defect(DefectKind.STRAY_LINE, line.span))
        return
    value_start = start + len(name) + 1 + len(raw) - len(raw.lstrip(b" \t"))
    value = raw.strip(b" \t\r")
    fields.append(
        Field(
            name.decode("latin-1"),
            value.decode("latin-1"),
            raw.decode("latin-1"),
            line.span,
            (value_start, value_start + len(value)),
        )
    )


def announced_length(fields: Sequence[Field]) -> int | None:
    """What the first Content-Length that begins with digits says."""
    for field in fields:
        digits = re.match(r"\d{1,18}", field.value) if field.key == "content-length" else None
        if digits:
            return int(digits[0])
    return None
