"""Programs whose name begins with `nph-`: what they print is the reply, head and all (RFC 3875 5).

Their output goes out as it comes, octet for octet, and its end is the connection's.  Only two things are not left to
them.  Output that does not even begin with a status line would be no HTTP whatever followed, so it becomes an error, as
long as nothing is sent (RFC 3875 3.1).  And the reply to HEAD is cut off after its head: RFC 3875 4.3.3 has the server
throw away a body that a program gives to HEAD, and a client would take it for the next reply (RFC 9110 9.3.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reference_server.http1.messages import Request, Response
from reference_server.resources.cgi_head import HEAD_LIMIT, InvalidOutput
from reference_server.resources.cgi_output import ProgramOutput, drain
from reference_server.resources.process import Program

PREFIX = b"nph-"
LINE_LIMIT = 8 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
# One head, and before it those of interim replies, if there are any.
_FIELDS = rb"(?:[^\r\n][^\n]*\n)*\r?\n"
_HEADS = re.compile(rb"(?:HTTP/1\.[0-9] 1[^\n]*\n" + _FIELDS + rb")*HTTP/1\.[0-9] [2-9][^\n]*\n" + _FIELDS)


def is_nph_name(name: bytes) -> bool:
    return name.lower().startswith(PREFIX)


def read_reply(program: Program, request: Request, on_end: Callable[[Program], None]) -> Response:
    """The reply begins as soon as its first line is there; the access log is told the status in it."""
    first = read_until(program, lambda output: b"\n" in output, LINE_LIMIT)
    line = _STATUS_LINE.match(first)
    if line is None:
        raise InvalidOutput("does not begin with a status line")
    response = Response(int(line[1]))
    response.raw = True
    response.body = head_alone(program, first) if request.method == "HEAD" else ProgramOutput(program, first, on_end)
    return response


def head_alone(program: Program, first: bytes) -> bytes:
    output = read_until(program, lambda output: _HEADS.match(output) is not None, HEAD_LIMIT, first)
    heads = _HEADS.match(output)
    if heads is None:
        raise InvalidOutput("has a head that does not end, or is too long")
    drain(program)
    return heads[0]


def read_until(program: Program, enough: Callable[[bytes], bool], limit: int, output: bytes = b"") -> bytes:
    """Output until there is enough of it, or too much, or no more."""
    while not enough(output) and len(output) <= limit and (data := program.read()):
        output += data
    return output
