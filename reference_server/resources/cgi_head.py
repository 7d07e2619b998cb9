"""What a program wrote before its first empty line, and what kind of reply that asks for (RFC 3875 6).

Pure: octets in, a `ProgramHead` out.  Whatever would break HTTP if it were passed on (blanks before a
colon, folded lines, control characters, a second Content-Type, a status that is no status) makes the whole
output invalid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from reference_server.http1 import grammar
from reference_server.http1.messages import Fields

HEAD_LIMIT = 64 * 1024
_END_OF_HEAD = re.compile(rb"(?:\A|\n)\r?\n")
_STATUS = re.compile(rb"([2-5][0-9]{2})(?: .*)?")
_CLIENT_LOCATION = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*:[!-~]*")
_ANY_LOCATION = re.compile(rb"[!-~]+")

# Fields that describe one connection or that the server writes itself (RFC 3875 6.3.4, RFC 9110 7.6.1).  A program's
# Content-Length is among them: it might be wrong, and is only found out after the head has gone (RFC 9110 8.6).
OURS = frozenset(
    b"connection keep-alive transfer-encoding te trailer upgrade proxy-connection content-length date server".split()
)


class InvalidOutput(Exception):
    """The program broke the rules of CGI; the text says how."""


class Kind(Enum):
    DOCUMENT = "document response"
    LOCAL_REDIRECT = "local redirect"
    CLIENT_REDIRECT = "client redirect"


@dataclass(frozen=True, slots=True)
class ProgramHead:
    """`fields` are those for the client; `location` is a path with query for a local redirect."""

    kind: Kind
    status: int
    reason: bytes
    fields: Fields
    location: bytes = b""

    @property
    def has_document(self) -> bool:
        """A document always has a type (RFC 3875 6.2.1, 6.2.4)."""
        return any(name.lower() == b"content-type" for name, _ in self.fields)


def find_end_of_head(output: bytes | bytearray, begin: int = 0) -> tuple[int, int] | None:
    """Where the empty line begins and where the body begins; the search may begin where an earlier one gave up."""
    match = _END_OF_HEAD.search(output, begin)
    return None if match is None else (match.start(), match.end())


def parse_cgi_head(octets: bytes) -> ProgramHead:
    """Read all lines, then decide by Location and Status (RFC 3875 6.2)."""
    lines = [line.removesuffix(b"\r") for line in octets.split(b"\n")] if octets else []
    fields = [parse_cgi_field(line) for line in lines]
    # A field with an empty value is as good as none (RFC 3875 6.3).
    present = [(name, value) for name, value in fields if value]
    content_type, location, status = (single(present, name) for name in (b"content-type", b"location", b"status"))
    if content_type is None and location is None and status is None:
        raise InvalidOutput("has none of Content-Type, Location and Status in its head")
    passed_on = [pair for pair in present if is_for_the_client(pair[0].lower())]
    return decide_kind(location, status, passed_on)


def is_for_the_client(name: bytes) -> bool:
    """Not what is said to the server: Status, and extensions of CGI, of which it knows none (RFC 3875 6.3.5)."""
    return name not in OURS and name != b"status" and not name.startswith(b"x-cgi-")


def parse_cgi_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not grammar.TOKEN.fullmatch(name):
        raise InvalidOutput("has a line in its head that is no field: " + ascii(line[:60])[2:-1])
    if grammar.BAD_FIELD_OCTET.search(value):
        raise InvalidOutput("has a control character in a field of its head")
    return name, value


def single(fields: Fields, name: bytes) -> bytes | None:
    """A CGI field may occur once (RFC 3875 6.3)."""
    values = [value for key, value in fields if key.lower() == name]
    if len(values) > 1:
        raise InvalidOutput(f"has more than one {name.decode()} field in its head")
    return values[0] if values else None


def decide_kind(location: bytes | None, status: bytes | None, fields: Fields) -> ProgramHead:
    code, reason = parse_status(status) if status is not None else (200, b"")
    if location is None:
        return ProgramHead(Kind.DOCUMENT, code, reason, fields)
    if not _ANY_LOCATION.fullmatch(location):
        raise InvalidOutput("has a Location that is no URI")
    if status is not None:
        # Deviation: RFC 3875 6.2.4 knows only absolute URIs beside a Status; relative ones are lawful HTTP today.
        return ProgramHead(Kind.CLIENT_REDIRECT, code, reason, fields)
    if location.startswith(b"/"):
        return ProgramHead(Kind.LOCAL_REDIRECT, 200, b"", [], location)
    if not _CLIENT_LOCATION.fullmatch(location):
        raise InvalidOutput("has a Location that is neither a path nor a URI")
    return ProgramHead(Kind.CLIENT_REDIRECT, 302, b"", fields)


def parse_status(value: bytes) -> tuple[int, bytes]:
    """Three digits and perhaps a phrase; an interim status is not a program's to send."""
    match = _STATUS.fullmatch(value)
    if match is None:
        raise InvalidOutput("has a Status that is no HTTP status code")
    return int(match[1]), value[4:].strip(b" \t")
