"""The access log, one line per reply in the usual combined format.

Whatever the client sent is escaped, so that no request can forge a line, a field or a terminal command.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

from reference_server.http1.messages import Request
from reference_server.semantics.dates import MONTHS


def escape(octets: bytes) -> str:
    """Printable ASCII as it is, quotes and backslashes escaped, all else as \\xHH."""
    return "".join(
        chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\' else f"\\x{octet:02X}" for octet in octets
    )


def log_time(moment: int) -> str:
    """Local time with its offset, in English whatever the locale."""
    at = time.localtime(moment)
    offset = time.strftime("%z", at)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{at.tm_mday:02}/{MONTHS[at.tm_mon - 1]}/{at.tm_year:04}:{clock} {offset}"


def log_line(client: str, moment: int, line: bytes, status: int, sent: int, request: Request | None) -> str:
    referer = request.field(b"referer") if request is not None else None
    agent = request.field(b"user-agent") if request is not None else None
    return (
        f'{client} - - [{log_time(moment)}] "{escape(line)}" {status} {sent or "-"} '
        f'"{escape(referer or b"-")}" "{escape(agent or b"-")}"\n'
    )


class AccessLog:
    """Writes to an open text stream; without one it does nothing."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def write(self, client: str, moment: int, line: bytes, status: int, sent: int, request: Request | None) -> None:
        if self.stream is not None:
            self._append(self.stream, log_line(client, moment, line, status, sent, request))

    def _append(self, stream: TextIO, line: str) -> None:
        """A log that cannot be written must not stop the service: say so once, and go on without."""
        try:
            stream.write(line)
            stream.flush()
        except OSError as error:
            self.stream = None
            print(f"the access log ends here: {error.strerror}", file=sys.stderr)
