"""Programs: files whose name ends in `.py` are run, never sent (RFC 3875).

`run` waits for the program's head and gives a response whose body is read from the program as it is sent.
Which variables it sees is decided in `cgi_environment`, what its head means in `cgi_head`, what becomes of the rest in
`cgi_output`; programs that do without all this are `nph`'s, and `process` does the waiting.

Programs are given GET, HEAD and POST (RFC 3875 4.3.4 leaves this to the server).  OPTIONS is answered for them, so that
asking what may be done runs nothing; PUT, DELETE and the like would mean the resource itself, which is the program's
file, and nobody should be able to believe that it was replaced or deleted.  Conditions and ranges are the program's own
business: only it knows its validators.
"""

from __future__ import annotations

import errno
import importlib.machinery
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from reference_server.http1 import framing, target
from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import cgi_environment, cgi_head, nph, pages
from reference_server.resources.cgi_head import InvalidOutput, Kind, ProgramHead
from reference_server.resources.cgi_output import ProgramOutput, drain
from reference_server.resources.process import OutOfTime, Program
from reference_server.resources.program_errors import ErrorLines
from reference_server.resources.site import Site

SUFFIX = b".py"
# Of descriptors, processes and memory: what may be had again in a moment.
SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM))
# A program that says `import json` gets a json.pyc or json.so beside it rather than Python's own module.
IMPORTED = (*(suffix.encode("ascii") for suffix in importlib.machinery.all_suffixes()), b".pyc", b".pyd", b".so")
# Field names that begin so speak of the content of a request, or of validators of what it asked for.
NOT_FOR_ANOTHER = (b"content-", b"transfer-encoding", b"expect", b"if-", b"range")


@dataclass(frozen=True, slots=True)
class Script:
    """`names` leads to the file on disk, `asked` is the path the client used for it, `rest` what followed."""

    site: Site
    names: tuple[bytes, ...]
    asked: list[bytes]
    rest: list[bytes]


def is_program_name(name: bytes) -> bool:
    """In any case of letters: no spelling of a program's name may show its source."""
    return name.lower().endswith(SUFFIX)


def is_code_name(name: bytes) -> bool:
    """Whether programs may run what a file of that name holds, be it only by importing it."""
    return name.lower().endswith(IMPORTED)


def run(script: Script, request: Request) -> Response | Request:
    """The program's reply, or the request that it wants to be answered instead."""
    program = start(script, request)
    program.errors = ErrorLines(script_name(script))
    running = script.site.running
    running.add(program)
    outcome: Response | Request | None = None
    try:
        outcome = reader_for(script)(program, request, running.discard)
    except OutOfTime as error:
        raise Refusal(504, "The program did not answer in time.") from error
    except InvalidOutput as error:
        program.errors.note(f"its output {error}")
        raise Refusal(500, f"The program's output {error}.") from error
    finally:
        if not isinstance(outcome, Response) or not isinstance(outcome.body, ProgramOutput):
            program.close()
            running.discard(program)
    return outcome


def start(script: Script, request: Request) -> Program:
    root = os.fsencode(script.site.root)
    path = os.path.join(root, *script.names)
    path_info = b"".join([b"/" + segment for segment in script.rest])
    environment = cgi_environment.cgi_environment(request, script_name(script), path_info, root, os.environb)
    words = cgi_environment.command_line_words(request)
    # -B: no compiled modules are written to the folder that is being served.
    arguments = [os.fsencode(sys.executable), b"-B", path, *words]
    seconds = script.site.config.timeouts.program
    try:
        return Program(arguments, os.path.dirname(path), environment, request.body, seconds)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise Refusal(503, "There is no room for another program; try again.", [(b"Retry-After", b"10")]) from error
        raise Refusal(500, "The program could not be started.") from error
    except ValueError as error:
        raise Refusal(500, "The program could not be started.") from error


def script_name(script: Script) -> bytes:
    return b"/" + b"/".join(script.asked)


def reader_for(script: Script) -> Callable[[Program, Request, Callable[[Program], None]], Response | Request]:
    """By either name, as a link may be what makes a program one whose head is not parsed."""
    names = (script.names[-1], script.asked[-1])
    return nph.read_reply if any(nph.is_nph_name(name) for name in names) else read_reply


def read_reply(program: Program, request: Request, on_end: Callable[[Program], None]) -> Response | Request:
    octets, rest = read_head(program)
    head = cgi_head.parse_cgi_head(octets)
    if head.kind is Kind.LOCAL_REDIRECT:
        drain(program)
        return local_request(request, head.location)
    if head.kind is Kind.CLIENT_REDIRECT and not head.has_document:
        drain(program)
        return redirect_page(head)
    contentless = framing.contentless(head.status)
    if contentless or request.method == "HEAD":
        drain(program)
        return Response(head.status, head.fields, None if contentless else iter(()), head.reason)
    return Response(head.status, head.fields, ProgramOutput(program, rest, on_end), head.reason)


def read_head(program: Program) -> tuple[bytes, bytes]:
    """Output up to the first empty line, and what has already come of the body."""
    output, judged = bytearray(), 0
    while (end := cgi_head.find_end_of_head(output, judged)) is None:
        judged = max(len(output) - 2, 0)
        data = program.read()
        if not data:
            raise InvalidOutput("does not begin with a head that an empty line ends")
        output += data
        if len(output) > cgi_head.HEAD_LIMIT:
            raise InvalidOutput("has a head that does not end, or is too long")
    return bytes(output[: end[0]]), bytes(output[end[1] :])


def redirect_page(head: ProgramHead) -> Response:
    """A redirect without a document gets a page from the server (RFC 3875 6.2.3)."""
    location = next(value for name, value in head.fields if name.lower() == b"location")
    response = pages.redirect_response(head.status, location)
    response.fields += [pair for pair in head.fields if pair[0].lower() not in (b"location", b"content-type")]
    response.reason = head.reason
    return response


def local_request(request: Request, location: bytes) -> Request:
    """The same client asks for another address here, without content or conditions (RFC 3875 6.2.2)."""
    try:
        parsed = target.split_path_and_query(location, None)
    except Refusal as error:
        raise InvalidOutput("has a Location that breaks the URI grammar") from error
    fields = [pair for pair in request.fields if not pair[0].startswith(NOT_FOR_ANOTHER)]
    method = "HEAD" if request.method == "HEAD" else "GET"
    inner = Request(method, location, request.version, fields, b"", parsed.path, parsed.query, request.host)
    inner.client, inner.server = request.client, request.server
    return inner
