"""What programs write to their standard error, and what went wrong with them: lines in the server's error log.

Every line names the program; whatever could forge another line or command a terminal is escaped; and one run may only
fill so much of the log.  RFC 3875 says nothing of standard error; a client never sees it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

LINE_LIMIT = 1000
RUN_LIMIT = 64 * 1024


def write_to_standard_error(lines: str) -> None:
    """In one piece, so that the lines of several threads and processes do not mix; a full disk stops nothing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(lines)
        sys.stderr.flush()


def printable(octets: bytes) -> str:
    text = octets.decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() or mark == "\t" else ascii(mark)[1:-1] for mark in text)


class ErrorLines:
    """The complaints of one run of the program `name`."""

    def __init__(self, name: bytes, write: Callable[[str], None] = write_to_standard_error) -> None:
        self._name = printable(name[:LINE_LIMIT])
        self._write = write
        self._line = b""
        self._left = RUN_LIMIT

    def feed(self, octets: bytes) -> None:
        """Log all lines that are complete, or too long to wait for their end."""
        if self._left <= 0:
            return
        octets = octets[: self._left]
        self._left -= len(octets)
        *complete, self._line = (self._line + octets).split(b"\n")
        if len(self._line) > LINE_LIMIT:
            complete, self._line = [*complete, self._line], b""
        self._log(complete)
        if self._left <= 0:
            self.close()
            self.note("it wrote more to its standard error, which is not kept")

    def note(self, remark: str) -> None:
        """A remark of the server's own."""
        self._write(f"program {self._name}: {remark}\n")

    def close(self) -> None:
        """The run is over: what has no line end is a line, too."""
        rest, self._line = self._line, b""
        if rest:
            self._log([rest])

    def _log(self, lines: list[bytes]) -> None:
        pieces = [line[at : at + LINE_LIMIT] for line in lines for at in range(0, len(line) or 1, LINE_LIMIT)]
        if pieces:
            self._write("".join(f"program {self._name}: {printable(piece)}\n" for piece in pieces))
