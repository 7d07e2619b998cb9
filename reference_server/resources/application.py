"""The door to everything that is served: one well-formed request in, one response out.

Decides which resource a request is for and which methods that has; the resources do the rest.  `respond`
may block on a program (and on nothing else): `may_wait` tells the driver beforehand.
"""

from __future__ import annotations

from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import cgi, conditions, listing, pages, paths, static, the_time
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site
from reference_server.semantics import methods, targets
from reference_server.semantics.conditional import Validators

LOCAL_REDIRECTS = 5


def respond(site: Site, request: Request) -> Response:
    """Answer any well-formed request; refusals become pages that explain them.

    A program may ask for another address to be answered in its place, which is then treated as if the
    client had asked for it (RFC 3875 6.2.2).
    """
    try:
        for _ in range(LOCAL_REDIRECTS + 1):
            outcome = answer(site, request)
            if isinstance(outcome, Response):
                return outcome
            request = outcome
        raise Refusal(500, "The program redirects in a circle.")
    except Refusal as refusal:
        return pages.error_response(refusal)


def answer(site: Site, request: Request) -> Response | Request:
    methods.check_known(request.method)
    if request.path == b"*":
        return Response(200, [methods.allow_field(methods.PROGRAM)], None)
    segments = targets.decode_target_path(request.path)
    if request.path == the_time.PATH:
        return time_page(site, request)
    paths.check_visible(segments)
    with paths.resolve_in_root(site.root, site.root_fd, segments, cgi.is_program_name) as found:
        if found.kind is Kind.FOLDER:
            return folder(site, request, found, segments)
        if is_program(found, segments):
            return program(site, request, found, segments)
        return document(request) or static.file_response(site, request, found)


def refuse_early(site: Site, request: Request) -> Response | None:
    """The refusal that the head alone calls for, so that the client need not send the body (RFC 9110 10.1.1)."""
    try:
        methods.check_known(request.method)
        methods.check_allowed(request.method, allowed_methods(site, request))
    except Refusal as refusal:
        return pages.error_response(refusal)
    return None


def allowed_methods(site: Site, request: Request) -> tuple[str, ...]:
    if request.path == b"*":
        return methods.PROGRAM
    segments = targets.decode_target_path(request.path)
    if request.path == the_time.PATH:
        return methods.DOCUMENT
    paths.check_visible(segments)
    with paths.resolve_in_root(site.root, site.root_fd, segments, cgi.is_program_name) as found:
        return methods.PROGRAM if is_program(found, segments) else methods.DOCUMENT


def is_program(found: Resolved, segments: list[bytes]) -> bool:
    """By the name asked for and by the name behind a link: neither may show a program's source."""
    if found.kind is Kind.FOLDER:
        return False
    return any(cgi.is_program_name(name) for name in (found.names[-1], segments[-1 - len(found.rest)]))


def document(request: Request) -> Response | None:
    """What files, listings and pages have in common: read only, and OPTIONS says so."""
    methods.check_allowed(request.method, methods.DOCUMENT)
    if request.method == "OPTIONS":
        return Response(200, [methods.allow_field(methods.DOCUMENT)], None)
    return None


def time_page(site: Site, request: Request) -> Response:
    now = site.clock()
    response = document(request)
    if response is None:
        response = conditions.evaluated(request, Validators(), now, list(the_time.FIELDS))
    return the_time.time_response(now) if response is None else response


def folder(site: Site, request: Request, found: Resolved, segments: list[bytes]) -> Response:
    """A folder's page is at the address with the slash, else its relative links would lead astray."""
    options = document(request)
    if options is not None:
        return options
    if segments[-1] != b"":
        query = b"" if request.query is None else b"?" + request.query
        return pages.redirect_response(301, targets.encode_target_path([*segments, b""]) + query)
    response = listing.folder_response(site, found, segments)
    current = Validators(response.field(b"ETag"))
    return conditions.evaluated(request, current, site.clock(), response.fields) or response


def program(site: Site, request: Request, found: Resolved, segments: list[bytes]) -> Response | Request:
    """The program's own names for itself are the client's, its place on disk is the one found."""
    methods.check_allowed(request.method, methods.PROGRAM)
    if request.method == "OPTIONS":
        return Response(200, [methods.allow_field(methods.PROGRAM)], None)
    script = cgi.Script(site, found.names, segments[: len(segments) - len(found.rest)], found.rest)
    found.close()
    return cgi.run(script, request)


def may_wait(request: Request) -> bool:
    """Whether answering may run a program.  Cheap, and may err on the side of yes."""
    if b"%" not in request.path and b".py" not in request.path.lower():
        return False
    try:
        return any(cgi.is_program_name(segment) for segment in targets.decode_target_path(request.path))
    except Refusal:
        return False
