"""The tolerant reader of responses (RFC 9112 §2 to §7): it recovers what a broken reply means and says where it broke.

It never refuses: a strict parser stops where the report should begin. No I/O, no clock. Offsets count octets of all
that was received on the connection. It judges nothing; what a defect means is for the checks to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from functools import lru_cache

from conformance.response import Defect, DefectKind, Field, Framing, Line, Response, Transcript

STATUS_LINE = re.compile(rb"[ \t]*https?[:/ ]", re.IGNORECASE)
CODE_FIRST = re.compile(rb"[1-5]\d\d [A-Za-z]")
STRICT_START = re.compile(rb"^HTTP/\d\.\d \d{3}", re.MULTILINE)
NAMELESS_DATE = re.compile(rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ")
PARTS = re.compile(
    rb"[ \t]*(?P<version>https?[:/ ]*[\d.]*[^ \t]*)?(?P<gap>[ \t]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
CODE = re.compile(rb"(?<!\d)0*(\d{3})(?!\d)")
LOOK_AHEAD = 2048
WORTH_REMEMBERING = 8192


class Stream(Enum):
    """What is known of the octets after those at hand."""

    GROWING = "more may come"
    STILL = "no more came, though the connection is open"
    ENDED = "the server has ended the connection"


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
        if finals and not _starts_response(data, position):
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


def _starts_response(data: bytes, position: int) -> bool:
    """Whether another response follows; CRLFs before it are left to the reader, as clients do."""
    rest = data[position : position + LOOK_AHEAD].lstrip(b"\r\n")
    return STATUS_LINE.match(rest) is not None or CODE_FIRST.match(rest) is not None


def _read_response(data: bytes, start: int, method: str, stream: Stream) -> Response:
    ended = stream is Stream.ENDED
    defects: list[Defect] = []
    begin = _skip_octets_before(data, start, defects)
    if begin is None:
        return _headless(data, start, method, ended=ended)
    status_line = _line(data, begin)
    version, status, reason = _status_parts(status_line.text)
    _note_line(status_line, defects)
    lines, fields, head_end, head_complete = _read_fields(
        data, status_line.end, defects, stream, guess=not _bodiless(method, status)
    )
    framing, length = _framing(method, status, fields)
    body, end, complete, trailers = _read_body(data, head_end, framing, length, defects, ended=ended)
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
    first = _line(data, start)
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


def _line(data: bytes, start: int) -> Line:
    """The line at ``start``: up to LF, or to the end of the data."""
    feed = data.find(b"\n", start)
    if feed < 0:
        return Line(data[start:], (start, len(data)), b"")
    stop = feed - 1 if feed > start and data[feed - 1] == 0x0D else feed
    return Line(data[start:stop], (start, stop), data[stop : feed + 1])


def _note_line(line: Line, defects: list[Defect]) -> None:
    if line.ending == b"\n":
        defects.append(Defect(DefectKind.LINE_END, (line.span[1], line.end)))
    bare = line.text.find(b"\r")
    if bare >= 0:
        defects.append(Defect(DefectKind.BARE_CR, (line.span[0] + bare, line.span[0] + bare + 1)))


def _status_parts(text: bytes) -> tuple[str, int | None, bytes]:
    """Version, status and phrase as far as they can be told, whatever stands between them."""
    parts = PARTS.match(text)
    version = (parts["version"] or b"") if parts else b""
    rest = parts["rest"] if parts else text
    code = CODE.search(rest)
    if code is None:
        return version.decode("latin-1"), None, rest.strip()
    return version.decode("latin-1"), int(code[1]), rest[code.end() :].removeprefix(b" ")


def _read_fields(
    data: bytes, start: int, defects: list[Defect], stream: Stream, *, guess: bool
) -> tuple[list[Line], list[Field], int, bool]:
    """Lines, fields, the offset of the body, whether the head is whole; ``guess``: a body may begin unannounced."""
    lines: list[Line] = []
    fields: list[Field] = []
    guess = guess and stream is not Stream.GROWING
    announced: int | None = None  # looked up line by line: of all lines at every line, it would take for ever
    position = start
    while position < len(data):
        line = _line(data, position)
        if guess and _body_begins(data, line, announced or 0):
            defects.append(Defect(DefectKind.NO_EMPTY_LINE, (position, min(position + 1, len(data)))))
            return lines, fields, position, True
        if not line.ending:
            break
        _note_line(line, defects)
        lines.append(line)
        if not line.text.strip():
            if line.text:
                defects.append(Defect(DefectKind.BLANKS_IN_EMPTY_LINE, line.span))
            return lines, fields, line.end, True
        _read_field(line, fields, defects)
        announced = _announced(fields[-1:]) if guess and announced is None else announced
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


def _read_field(line: Line, fields: list[Field], defects: list[Defect]) -> None:
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


def _bodiless(method: str, status: int | None) -> bool:
    """Whether a reply has no body, whatever its fields say."""
    return method == "HEAD" or status in (204, 304) or (status is not None and 100 <= status < 200)


def _framing(method: str, status: int | None, fields: Sequence[Field]) -> tuple[Framing, int]:
    if _bodiless(method, status):
        return Framing.NONE, 0
    codings = ",".join(field.value for field in fields if field.key == "transfer-encoding").lower()
    if codings.rpartition(",")[2].strip() == "chunked":
        return Framing.CHUNKED, 0
    length = _announced(fields)
    return (Framing.CLOSE, 0) if length is None else (Framing.LENGTH, length)


def _announced(fields: Sequence[Field]) -> int | None:
    """What the first Content-Length that begins with digits says."""
    for field in fields:
        digits = re.match(r"\d{1,18}", field.value) if field.key == "content-length" else None
        if digits:
            return int(digits[0])
    return None


def _read_body(
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
        line = _line(data, position)
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
        after = _line(data, stop)
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
        line = _line(data, position)
        if not line.ending:
            break
        if not line.text:
            return body, line.end, True, tuple(fields)
        _read_field(line, fields, defects)
        position = line.end
    if ended:
        defects.append(Defect(DefectKind.BODY_SHORT, (len(data), len(data)), "no empty line after the last chunk"))
    return body, len(data), False, tuple(fields)
