"""The access log, one line per reply in the usual combined format.

Whatever the client sent is escaped, so that no request can forge a line, a field or a terminal command.  The lines of
one turn of the loop are written together and unbuffered: several processes may append to one file.
"""

from __future__ import annotations

import functools
import re
import time
from typing import BinaryIO, NamedTuple

from reference_server.drivers import logs
from reference_server.http1.messages import Request
from reference_server.semantics.dates import MONTHS

HARMLESS = re.compile(rb"[ !\x23-\x5b\x5d-\x7e]*+")


def escape(octets: bytes) -> str:
    """Printable ASCII as it is, quotes and backslashes escaped, all else as \\xHH."""
    if HARMLESS.fullmatch(octets):
        return octets.decode("ascii")
    return "".join(
        chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\' else f"\\x{octet:02X}" for octet in octets
    )


def escape_usual(octets: bytes) -> str:
    """The same for what clients send again and again: short values are remembered."""
    return escape_short(octets) if len(octets) <= 256 else escape(octets)


escape_short = functools.lru_cache(maxsize=256)(escape)


def log_time(moment: int) -> str:
    """Local time with its offset, in English whatever the locale."""
    at = time.localtime(moment)
    offset = time.strftime("%z", at)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{at.tm_mday:02}/{MONTHS[at.tm_mon - 1]}/{at.tm_year:04}:{clock} {offset}"


class Record(NamedTuple):
    """The parts of a line that do not depend on the moment or on how much was sent."""

    user: str
    line: str
    agent: str


def make_record(line: bytes, status: int, request: Request | None) -> Record:
    """Nothing but the line is known of a request that could not be read."""
    if request is None:
        return Record("-", f'"{escape(line)}" {status}', '"-" "-"')
    referer = escape_usual(request.field(b"referer") or b"-")
    agent = escape_usual(request.field(b"user-agent") or b"-")
    user = escape(request.user).replace(" ", "\\x20") or "-"
    return Record(user, f'"{escape(line)}" {status}', f'"{referer}" "{agent}"')


class AccessLog:
    """Writes to an open binary stream; without one it does nothing."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self.stream = stream
        self._stamp = ""
        self._lines: list[str] = []
        self._failing = False

    def set_time(self, moment: int) -> None:
        """The second that the next lines carry."""
        self._stamp = log_time(moment)

    def add(self, client: str, record: Record, sent: int) -> None:
        user, line, agent = record
        self._lines.append(f"{client} - {user} [{self._stamp}] {line} {sent or '-'} {agent}\n")

    def flush(self) -> None:
        """A log that cannot be written must not stop the service: say so once, and go on without until it can."""
        if not self._lines:
            return
        octets = "".join(self._lines).encode("ascii")
        self._lines.clear()
        if self.stream is None:
            return
        try:
            self.stream.write(octets)
            self.stream.flush()
        except OSError as error:
            if not self._failing:
                logs.say(f"the access log has a gap from now on: {error.strerror}")
            self._failing = True
        else:
            self._failing = False
