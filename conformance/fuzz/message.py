"""Requests in pieces: every octet of a request has its place, so that a change can be made to any of them.

Nothing here is checked: what a request obeys or breaks is for those to say who make it. The defaults of every piece
are what the strict grammar asks (RFC 9112 §2.1, §3, §5, §7.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

CRLF = b"\r\n"


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field line; ``colon`` is all between name and value, ``after`` what follows the value."""

    name: bytes
    value: bytes
    colon: bytes = b": "
    after: bytes = b""
    end: bytes = CRLF

    @property
    def data(self) -> bytes:
        """The line with its end."""
        return self.name + self.colon + self.value + self.after + self.end


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk; ``size`` is written instead of the true one if given."""

    data: bytes
    size: bytes | None = None
    extension: bytes = b""
    line_end: bytes = CRLF
    end: bytes = CRLF

    @property
    def octets(self) -> bytes:
        """The chunk as it is sent."""
        size = b"%x" % len(self.data) if self.size is None else self.size
        return size + self.extension + self.line_end + self.data + self.end


@dataclass(frozen=True, slots=True)
class Chunked:
    """A body in chunks; ``last`` is the size of the last chunk with its extension."""

    chunks: tuple[Chunk, ...] = ()
    last: bytes = b"0"
    last_end: bytes = CRLF
    trailers: tuple[FieldLine, ...] = ()
    end: bytes = CRLF

    @property
    def octets(self) -> bytes:
        """The body as it is sent."""
        before = b"".join(chunk.octets for chunk in self.chunks)
        return before + self.last + self.last_end + b"".join(line.data for line in self.trailers) + self.end

    @property
    def content(self) -> bytes:
        """What it carries."""
        return b"".join(chunk.data for chunk in self.chunks)


@dataclass(frozen=True)
class Request:
    """One request. ``gaps`` stand round the target, ``before`` stands before the request line.

    The fields hold all that is sent: also Host, and what announces the body.
    """

    method: bytes = b"GET"
    target: bytes = b"/"
    fields: tuple[FieldLine, ...] = ()
    body: bytes | Chunked = b""
    version: bytes = b"HTTP/1.1"
    gaps: tuple[bytes, bytes] = (b" ", b" ")
    before: bytes = b""
    line_end: bytes = CRLF
    end: bytes = CRLF

    def __hash__(self) -> int:
        return hash(self.data)  # the pieces are many, and strategies are hashed often

    @cached_property
    def head(self) -> bytes:
        """From the first octet to the empty line."""
        line = self.method + self.gaps[0] + self.target + self.gaps[1] + self.version + self.line_end
        return self.before + line + b"".join(field.data for field in self.fields) + self.end

    @cached_property
    def data(self) -> bytes:
        """All octets."""
        return self.head + (self.body if isinstance(self.body, bytes) else self.body.octets)

    @property
    def content(self) -> bytes:
        """What the body carries."""
        return self.body if isinstance(self.body, bytes) else self.body.content

    def values(self, name: bytes) -> Iterator[bytes]:
        """The values of every field line of this name."""
        return (field.value for field in self.fields if field.name.lower() == name.lower())

    def adding(self, *lines: FieldLine) -> Request:
        """The request with more field lines behind the others."""
        return replace(self, fields=(*self.fields, *lines))

    def without(self, name: bytes) -> Request:
        """The request without the field lines of this name."""
        return replace(self, fields=tuple(field for field in self.fields if field.name.lower() != name.lower()))

    def instead(self, name: bytes, *lines: FieldLine) -> Request:
        """The request with other lines in the place of the first field line of this name, and no more of its name."""
        made: list[FieldLine] = []
        waiting = list(lines)
        for field in self.fields:
            if field.name.lower() != name.lower():
                made.append(field)
            elif waiting:
                made += waiting
                waiting = []
        return replace(self, fields=(*made, *waiting))
