"""TRACE: the request as it arrived, sent back (RFC 9110 9.3.8; RFC 9112 10.1).

Off unless a site asks for it, since a page's script could read with it what its browser hides from it; the fields that
carry such secrets are left out even then.
"""

from __future__ import annotations

from collections.abc import Iterator

from reference_server.http1.messages import Refusal, Request, Response

SENSITIVE = frozenset((b"authorization", b"proxy-authorization", b"cookie"))


def trace_response(request: Request) -> Response:
    if request.body:
        raise Refusal(400, "A TRACE request has no content.")
    lines = list(lines_of(request))
    return Response(200, [(b"Content-Type", b"message/http")], b"\r\n".join(lines) + b"\r\n\r\n")


def lines_of(request: Request) -> Iterator[bytes]:
    """The head's own lines; of a head that came in pieces only the lower-case names were kept, which mean the same."""
    if request.head:
        first, *rest = request.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    else:
        first = b"%s %s HTTP/%d.%d" % (request.method.encode("ascii"), request.target, *request.version)
        rest = [name + b": " + value for name, value in request.fields]
    yield first
    for line in rest:
        if line.partition(b":")[0].lower() not in SENSITIVE:
            yield line
