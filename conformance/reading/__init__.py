"""The tolerant reader of responses (RFC 9112 §2 to §7): it recovers what a broken reply means and says where it broke.

It never refuses: a strict parser stops where the report should begin. No I/O, no clock. Offsets count octets of all
that was received on the connection. It judges nothing; what a defect means is for the checks to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from conformance.reading.body import bodiless, framing_of, read_body
from conformance.reading.head import STRICT_START, read_fields, status_parts
from conformance.reading.lines import Stream, line_at, note_line
from conformance.response import Defect, DefectKind, Framing, Response, Transcript

__all__ = ["Stream", "transcribe"]

STATUS_LINE = re.compile(rb"[ \t]*https?[:/ ]", re.IGNORECASE)
CODE_FIRST = re.compile(rb"[1-5]\d\d [A-Za-z]")
LOOK_AHEAD = 2048
WORTH_REMEMBERING = 8192


def transcribe(data: bytes, methods: Sequence[str] = (), stream: Stream = Stream.ENDED) -> Transcript:
    """Read every response in ``data``. Of a growing stream nothing is guessed that the next octet may refute; what is
    whole and sound while it grows stays so.
    """
    read = _remembered if len(data) <= WORTH_REMEMBERING else _transcribe
    grown = read(data, tuple(methods), Stream.GROWING)
    return grown if stream is Stream.GROWING or _is_settled(grown, len(data)) else read(data, tuple(methods), stream)


def _is_settled(grown: Transcript, length: int) -> bool:
    """Whether nothing is left that the end of the stream could tell."""
    sound = all(response.complete and not response.defects for response in grown.responses)
    return sound and not grown.interim and grown.trailing == (length, length)


def _transcribe(data: bytes, methods: tuple[str, ...], stream: Stream) -> Transcript:
    finals: list[Response] = []
    interim: list[Response] = []
    position = 0
    while position < len(data):
        if finals and not _starts_response(data, position, bare=not finals[0].version):
            break
        method = methods[len(finals)] if len(finals) < len(methods) else "GET"
        response = _read_response(data, position, method, stream)
        if response.status is not None and 100 <= response.status < 200 and response.status != 101:
            interim.append(response)
        else:
            finals.append(replace(response, interim=tuple(interim)))
            interim = []
        if response.span[1] == position:
            break
        position = response.span[1]
    return Transcript(tuple(finals), tuple(interim), (position, len(data)))


_remembered = lru_cache(1024)(_transcribe)
"""The same octets come again and again: a server has few pages, and fewer ways to refuse."""


def _starts_response(data: bytes, position: int, *, bare: bool) -> bool:
    """Whether another response follows; CRLFs before it are left to the reader, as clients do."""
    rest = data[position : position + LOOK_AHEAD].lstrip(b"\r\n")
    return STATUS_LINE.match(rest) is not None or (bare and CODE_FIRST.match(rest) is not None)


def _read_response(data: bytes, start: int, method: str, stream: Stream) -> Response:
    ended = stream is Stream.ENDED
    defects: list[Defect] = []
    begin = _skip_octets_before(data, start, defects)
    if begin is None:
        return _headless(data, start, method, ended=ended)
    status_line = line_at(data, begin)
    version, status, reason = status_parts(status_line.text)
    note_line(status_line, defects)
    lines, fields, head_end, head_complete = read_fields(
        data, status_line.end, defects, stream, guess=not bodiless(method, status)
    )
    framing, length = framing_of(method, status, fields)
    body, end, complete, trailers = read_body(data, head_end, framing, length, defects, ended=ended)
    return Response(
        method=method,
        status_line=status_line,
        version=version,
        status=status,
        reason=reason,
        lines=(status_line, *lines),
        fields=tuple(fields),
        head_end=head_end,
        body=body,
        framing=framing,
        complete=head_complete and complete,
        span=(start, end),
        trailers=trailers,
        defects=tuple(defects),
    )


def _skip_octets_before(data: bytes, start: int, defects: list[Defect]) -> int | None:
    """Offset of the status line; None if nothing like one is there."""
    window = data[start : start + LOOK_AHEAD]
    first = window.lstrip(b"\r\n")
    begin = start + len(window) - len(first)
    if not (STATUS_LINE.match(first) or CODE_FIRST.match(first)):
        later = STRICT_START.search(window)
        if later is None:
            return None
        begin = start + later.start()
    if begin > start:
        defects.append(Defect(DefectKind.OCTETS_BEFORE, (start, begin)))
    return begin


def _headless(data: bytes, start: int, method: str, *, ended: bool) -> Response:
    """A reply that begins with its body."""
    first = line_at(data, start)
    return Response(
        method=method,
        status_line=None,
        version="",
        status=None,
        reason=b"",
        lines=(),
        fields=(),
        head_end=start,
        body=data[start:],
        framing=Framing.CLOSE,
        complete=ended,
        span=(start, len(data)),
        defects=(Defect(DefectKind.NO_STATUS_LINE, first.span),),
    )
