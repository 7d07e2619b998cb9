"""Several parts of one file in one reply: multipart/byteranges (RFC 9110 14.6, 15.3.7.2)."""

from __future__ import annotations

import secrets

from reference_server.http1.messages import Body, FileRegion, OpenFile, Pieces
from reference_server.resources import facts
from reference_server.resources.cache import FileFacts
from reference_server.resources.paths import Resolved
from reference_server.semantics import ranges
from reference_server.semantics.ranges import Selection


class SharedFile:
    """One descriptor for several regions, closed when the last of them lets go."""

    __slots__ = ("_file", "_users")

    def __init__(self, file: OpenFile, users: int) -> None:
        self._file = file
        self._users = users

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._users -= 1
        if not self._users:
            self._file.close()


def make_boundary() -> bytes:
    """Nobody can know it beforehand, so no file can contain it but by a chance of one in 2^128 for each octet."""
    return secrets.token_hex(16).encode("ascii")


def media_type(boundary: bytes) -> bytes:
    return b"multipart/byteranges; boundary=" + boundary


def part_head(boundary: bytes, found: FileFacts, part: Selection) -> bytes:
    """Each part says its place and the type that the whole would have."""
    return b"--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n" % (
        boundary,
        found.media_type,
        ranges.content_range(part, found.size),
    )


def body(file: Resolved, found: FileFacts, parts: list[Selection], boundary: bytes) -> Body:
    """In the order given; no preamble, and nothing after the last line."""
    pieces: list[bytes | FileRegion] = []
    content = found.content
    shared = SharedFile(facts.open_file(file), len(parts)) if content is None else None
    for part in parts:
        pieces.append((b"\r\n" if pieces else b"") + part_head(boundary, found, part))
        if shared is not None:
            pieces.append(FileRegion(shared, part.first, part.length))
        elif content is not None:
            pieces.append(content[part.first : part.end])
    pieces.append(b"\r\n--%s--\r\n" % boundary)
    octets = [piece for piece in pieces if isinstance(piece, bytes)]
    return b"".join(octets) if len(octets) == len(pieces) else Pieces(pieces)
