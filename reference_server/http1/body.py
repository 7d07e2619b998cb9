"""Readers that take a request body off the input, however it arrives in pieces (RFC 9112 6, 7.1).

A reader is fed the connection's buffer and removes what is its own; it says when the body is complete.  It
stores the whole content (bounded by the configured limit), because CGI has to announce its length (RFC 3875
4.1.2).
"""

from __future__ import annotations

from enum import Enum

from reference_server.http1 import grammar, head
from reference_server.http1.messages import Refusal

CHUNK_LINE_LIMIT = 4096
EXTENSION_LIMIT = 65536
TRAILER_LIMIT = 16384


def take_line(buffer: bytearray, limit: int, status: int, explanation: str) -> bytes | None:
    """Remove one line that ends in CR LF; None while it is incomplete.

    A lone LF could be accepted (RFC 9112 2.2) but is not.  The length is judged before the line end, so
    that the outcome is the same whether the line arrives whole or octet by octet.
    """
    end = buffer.find(b"\n", 0, limit + 2)
    if end < 0:
        if len(buffer) > limit + 1:
            raise Refusal(status, explanation)
        return None
    if end == limit + 1 and buffer[limit] != 0x0D:
        raise Refusal(status, explanation)
    if end == 0 or buffer[end - 1] != 0x0D:
        raise Refusal(400, "A line ends in LF without CR.")
    line = bytes(buffer[: end - 1])
    del buffer[: end + 1]
    return line


class LengthReader:
    """Exactly `length` octets."""

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.content = bytearray()

    def feed(self, buffer: bytearray) -> bool:
        piece = buffer[: self.remaining]
        del buffer[: len(piece)]
        self.content += piece
        self.remaining -= len(piece)
        return self.remaining == 0


class ChunkState(Enum):
    SIZE = "chunk-size line"
    DATA = "chunk-data"
    DATA_END = "CR LF after chunk-data"
    TRAILER = "trailer section"
    DONE = "done"


class ChunkedReader:
    """The chunked transfer coding; extensions are checked and ignored, trailer fields checked and dropped."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.content = bytearray()
        self.state = ChunkState.SIZE
        self.remaining = 0
        self.extensions = 0
        self.trailer = 0

    def feed(self, buffer: bytearray) -> bool:
        while self.state is not ChunkState.DONE and self._step(buffer):
            pass
        return self.state is ChunkState.DONE

    def _step(self, buffer: bytearray) -> bool:
        """One step of progress; False when more input is needed."""
        match self.state:
            case ChunkState.SIZE:
                return self._read_size(buffer)
            case ChunkState.DATA:
                return self._read_data(buffer)
            case ChunkState.DATA_END:
                return self._read_data_end(buffer)
            case ChunkState.TRAILER:
                return self._read_trailer(buffer)
            case ChunkState.DONE:
                return False

    def _read_size(self, buffer: bytearray) -> bool:
        line = take_line(buffer, CHUNK_LINE_LIMIT, 400, "A chunk's size line is too long.")
        if line is None:
            return False
        size, extension = parse_chunk_line(line)
        self.extensions += extension
        if self.extensions > EXTENSION_LIMIT:
            raise Refusal(400, "There are too many chunk extensions.")
        if size + len(self.content) > self.limit:
            raise Refusal(413, f"The content may not be longer than {self.limit} octets.")
        self.remaining = size
        self.state = ChunkState.DATA if size else ChunkState.TRAILER
        return True

    def _read_data(self, buffer: bytearray) -> bool:
        piece = buffer[: self.remaining]
        del buffer[: len(piece)]
        self.content += piece
        self.remaining -= len(piece)
        if self.remaining:
            return False
        self.state = ChunkState.DATA_END
        return True

    def _read_data_end(self, buffer: bytearray) -> bool:
        if not b"\r\n".startswith(buffer[:2]):
            raise Refusal(400, "A chunk's data is not followed by CR LF: its size is wrong.")
        if len(buffer) < 2:
            return False
        del buffer[:2]
        self.state = ChunkState.SIZE
        return True

    def _read_trailer(self, buffer: bytearray) -> bool:
        line = take_line(buffer, TRAILER_LIMIT, 431, "A trailer field is too long.")
        if line is None:
            return False
        if not line:
            self.state = ChunkState.DONE
            return False
        self.trailer += len(line)
        if self.trailer > TRAILER_LIMIT:
            raise Refusal(431, "The trailer section is too long.")
        head.parse_field_line(line)
        return True


def parse_chunk_line(line: bytes) -> tuple[int, int]:
    """chunk-size [ chunk-ext ]: the size, and how many octets of extension came with it (RFC 9112 7.1)."""
    match = grammar.CHUNK_LINE.fullmatch(line)
    if match is None:
        raise Refusal(400, "A chunk's size line is malformed.")
    digits = match[1].lstrip(b"0")
    if len(digits) > 15:
        raise Refusal(413, "A chunk is too long.")
    return int(digits or b"0", 16), len(line) - len(match[1])
