"""Replies to octets: the head, the chunk framing, and the interim 100 (RFC 9112 4, 6, 7.1).

Every status line that leaves the server is made by `encode_head`.  The date is an argument, since the core
has no clock.  Field values that come from outside (programs) were checked where they came in.
"""

from __future__ import annotations

from collections.abc import Iterator

from reference_server.http1.framing import Framing, Persistence, ReplyFraming
from reference_server.http1.messages import Request, Response

SERVER = b"reference-server/1.0"

REASONS: dict[int, bytes] = {
    100: b"Continue", 101: b"Switching Protocols",
    200: b"OK", 201: b"Created", 202: b"Accepted", 203: b"Non-Authoritative Information", 204: b"No Content",
    205: b"Reset Content", 206: b"Partial Content",
    300: b"Multiple Choices", 301: b"Moved Permanently", 302: b"Found", 303: b"See Other",
    304: b"Not Modified", 305: b"Use Proxy", 307: b"Temporary Redirect", 308: b"Permanent Redirect",
    400: b"Bad Request", 401: b"Unauthorized", 402: b"Payment Required", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 406: b"Not Acceptable", 407: b"Proxy Authentication Required",
    408: b"Request Timeout", 409: b"Conflict", 410: b"Gone", 411: b"Length Required",
    412: b"Precondition Failed", 413: b"Content Too Large", 414: b"URI Too Long",
    415: b"Unsupported Media Type",
    416: b"Range Not Satisfiable", 417: b"Expectation Failed", 421: b"Misdirected Request",
    422: b"Unprocessable Content", 426: b"Upgrade Required", 428: b"Precondition Required",
    429: b"Too Many Requests", 431: b"Request Header Fields Too Large", 451: b"Unavailable For Legal Reasons",
    500: b"Internal Server Error", 501: b"Not Implemented", 502: b"Bad Gateway", 503: b"Service Unavailable",
    504: b"Gateway Timeout", 505: b"HTTP Version Not Supported", 507: b"Insufficient Storage",
}  # fmt: skip

STATUS_LINES = {status: b"HTTP/1.1 %d %s\r\n" % (status, reason) for status, reason in REASONS.items()}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def encode_status_line(response: Response) -> bytes:
    """The blank after the code stays even if no phrase follows (RFC 9112 4)."""
    if not response.reason:
        known = STATUS_LINES.get(response.status)
        if known is not None:
            return known
    return b"HTTP/1.1 %d %s\r\n" % (response.status, response.reason)


def encode_head(response: Response, request: Request | None, date: bytes, framing: ReplyFraming) -> bytes:
    """Status line, fields and empty line of a reply; `request` is None if it could not be read."""
    parts = [encode_status_line(response), b"Date: ", date, b"\r\nServer: ", SERVER, b"\r\n"]
    for name, value in response.fields:
        parts += (name, b": ", value, b"\r\n")
    if framing.length is not None:
        parts.append(b"Content-Length: %d\r\n" % framing.length)
    if framing.framing is Framing.CHUNKED:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    if framing.persistence is Persistence.CLOSE:
        parts.append(b"Connection: close\r\n")
    elif request is not None and request.version < (1, 1):
        parts.append(b"Connection: keep-alive\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def frame_chunk(data: bytes) -> bytes:
    """One chunk; an empty one would end the body, so nothing is made of no data (RFC 9112 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


def frame_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The chunked coding of a body of unknown length.  If the source fails, the last chunk never comes."""
    try:
        for piece in pieces:
            if piece:
                yield frame_chunk(piece)
        yield LAST_CHUNK
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
