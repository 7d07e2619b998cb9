"""Where a message ends and whether the connection outlives it (RFC 9112 6.3, 9.3).

The decisions only, for both directions; `body` carries them out on requests, `encode` on replies.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from reference_server.http1 import grammar
from reference_server.http1.messages import Fields, FileRegion, Pieces, Refusal, Request, Response, Version


class Framing(Enum):
    """How the end of a body is marked."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


class Persistence(Enum):
    KEEP_ALIVE = "keep-alive"
    CLOSE = "close"


class BodyFraming(NamedTuple):
    framing: Framing
    length: int = 0


class ReplyFraming(NamedTuple):
    """`length` is what Content-Length will say, None for no such field."""

    framing: Framing
    length: int | None
    persistence: Persistence


NO_BODY = BodyFraming(Framing.NONE)


def list_members(value: bytes) -> list[bytes]:
    """Members of a list of tokens in lower case; empty ones do not count (RFC 9110 5.6.1.2)."""
    return [member for part in value.split(b",") if (member := part.strip(b" \t").lower())]


def decide_body_framing(fields: Fields, version: Version, limit: int) -> BodyFraming:
    """The request half of RFC 9112 6.3, refusing everything ambiguous."""
    codings: list[bytes] = []
    lengths: list[bytes] = []
    for name, value in fields:
        if name == b"transfer-encoding":
            codings.append(value)
        elif name == b"content-length":
            lengths.append(value)
    if codings:
        if lengths:
            raise Refusal(400, "Transfer-Encoding and Content-Length may not come together.")
        return decide_transfer_coding(codings, version)
    if lengths:
        length = parse_content_length(lengths)
        if length > limit:
            raise Refusal(413, f"The content may not be longer than {limit} octets.")
        return BodyFraming(Framing.LENGTH, length) if length else NO_BODY
    return NO_BODY


def decide_transfer_coding(values: list[bytes], version: Version) -> BodyFraming:
    """chunked, once and last; HTTP/1.0 has no transfer codings (RFC 9112 6.1, 6.3)."""
    if version < (1, 1):
        raise Refusal(400, "Transfer-Encoding does not exist in HTTP/1.0.")
    codings = list_members(b",".join(values))
    if codings == [b"chunked"]:
        return BodyFraming(Framing.CHUNKED)
    if not codings or codings[-1] != b"chunked" or codings.count(b"chunked") > 1:
        raise Refusal(400, "The last transfer coding must be chunked, and chunked may be applied only once.")
    raise Refusal(501, "The only transfer coding known here is chunked.")


def parse_content_length(values: list[bytes]) -> int:
    """One field, one decimal number.  Repeated equal values may be refused too (RFC 9112 6.3), and are."""
    if len(values) != 1 or not grammar.DIGITS.fullmatch(values[0]):
        raise Refusal(400, "Content-Length must be one decimal number.")
    digits = values[0].lstrip(b"0")
    if len(digits) > 18:
        raise Refusal(413, "The content is too long.")
    return int(digits or b"0")


def decide_persistence(version: Version, fields: Fields) -> Persistence:
    """HTTP/1.1 stays open unless told to close; HTTP/1.0 closes unless told to stay (RFC 9112 9.3)."""
    options: list[bytes] = []
    for name, value in fields:
        if name == b"connection":
            options += list_members(value)
    if not options:
        return Persistence.KEEP_ALIVE if version >= (1, 1) else Persistence.CLOSE
    if b"close" in options:
        return Persistence.CLOSE
    if version >= (1, 1) or b"keep-alive" in options:
        return Persistence.KEEP_ALIVE
    return Persistence.CLOSE


def bodyless(status: int) -> bool:
    """Statuses whose replies end with the head, whatever the fields say (RFC 9112 6.3)."""
    return status < 200 or status in (204, 304)


def contentless(status: int) -> bool:
    """205 is framed like any reply, but its content has no octets (RFC 9110 15.3.6)."""
    return bodyless(status) or status == 205


def decide_reply_framing(request: Request | None, response: Response) -> ReplyFraming:
    """How the reply's end is marked for this client.  After an unreadable request the connection ends."""
    persistence = Persistence.CLOSE
    if request is not None and not response.close:
        persistence = decide_persistence(request.version, request.fields)
    if bodyless(response.status):
        return ReplyFraming(Framing.NONE, None, persistence)
    body = response.body
    if body is None or contentless(response.status):
        return ReplyFraming(Framing.LENGTH, 0, persistence)
    if isinstance(body, bytes | bytearray):
        return ReplyFraming(Framing.LENGTH, len(body), persistence)
    if isinstance(body, FileRegion | Pieces):
        return ReplyFraming(Framing.LENGTH, body.length, persistence)
    if request is not None and request.version >= (1, 1):
        return ReplyFraming(Framing.CHUNKED, None, persistence)
    return ReplyFraming(Framing.UNTIL_CLOSE, None, Persistence.CLOSE)
