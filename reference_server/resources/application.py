"""The door to everything that is served: one well-formed request in, one response out.

Decides which resource a request is for and which methods that has; the resources do the rest.  `respond`
may block on a program or on the disk of a change (and on nothing else): `may_wait` tells the driver beforehand.
"""

from __future__ import annotations

from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import (
    cgi,
    conditions,
    listing,
    pages,
    paths,
    static,
    the_time,
    tracing,
    variants,
    writing,
)
from reference_server.resources.basis import FileState, signature_of
from reference_server.resources.finding import find, is_program
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
    sent = request
    try:
        for _ in range(LOCAL_REDIRECTS + 1):
            outcome = answer(site, request)
            if isinstance(outcome, Response):
                if request is not sent:
                    outcome.basis = None  # it rests on the program, too
                return outcome
            request = outcome
            request.asked = sent
        raise Refusal(500, "The program redirects in a circle.")
    except Refusal as refusal:
        if request is not sent:
            refusal.basis = None
        return pages.error_response(refusal)


def answer(site: Site, request: Request) -> Response | Request:
    methods.check_known(request.method)
    if request.path == b"*":
        return options_response(server_methods(site))
    segments = targets.decode_target_path(request.path)
    if site.access is None:
        return resource(site, request, segments)
    fields = site.access.admit(request, segments, site.clock())
    try:
        outcome = resource(site, request, segments)
    except Refusal as refusal:
        if fields:
            refusal.fields, refusal.basis = [*refusal.fields, *fields], None
        raise
    if fields and isinstance(outcome, Response):
        # Credentials that are good for one request make a reply that is, too.
        outcome.fields, outcome.basis = [*outcome.fields, *fields], None
    return outcome


def resource(site: Site, request: Request, segments: list[bytes]) -> Response | Request:
    """What the path names, for somebody who may ask for it."""
    if request.method == "TRACE" and site.settings.trace:
        return tracing.trace_response(request)
    if site.redirects is not None and (moved := site.redirects.find(segments, request.query)) is not None:
        return moved
    if segments == the_time.PATH and site.settings.the_time:
        return time_page(site, request)
    if request.method in writing.METHODS and writing.handles(site, request, segments):
        return writing.perform(site, request, segments)
    paths.check_visible(segments)
    try:
        found = find(site, request, segments)
    except Refusal as refusal:
        return alternatives(site, request, segments, refusal)
    with found:
        if found.kind is Kind.FOLDER:
            return folder(site, request, found, segments)
        if is_program(found, segments):
            return program(site, request, found, segments)
        if request.method in methods.READING:
            return static.file_response(site, request, found)
        return unread(request, methods_of(site, found, segments))


def alternatives(site: Site, request: Request, segments: list[bytes], refusal: Refusal) -> Response:
    """Where there is nothing of that name, there may be several files to choose from (see `variants`)."""
    if refusal.status != 404 or not site.settings.negotiate or not segments[-1]:
        raise refusal
    with find(site, request, [*segments[:-1], b""]) as parent:
        if request.method in methods.READING:
            response = variants.respond(site, request, parent, segments)
            if response is not None:
                return response
        elif variants.variants_in(site, parent, segments[-1]):
            writable = writing.is_writable(site, segments)
            return unread(request, site.allowed(methods.REPLACEABLE if writable else methods.DOCUMENT))
    raise refusal


def refuse_early(site: Site, request: Request) -> Response | None:
    """The reply that the head alone calls for, so that the client need not send the body (RFC 9110 10.1.1)."""
    try:
        methods.check_known(request.method)
        if request.path == b"*":
            return None
        segments = targets.decode_target_path(request.path)
        if site.access is not None:
            site.access.admit(request, segments, site.clock(), counting=False)
        moved = None if site.redirects is None else site.redirects.find(segments, request.query)
        if moved is None:
            check_method(site, request, segments)
    except Refusal as refusal:
        refusal.basis = None
        return pages.error_response(refusal)
    return moved


def check_method(site: Site, request: Request, segments: list[bytes]) -> None:
    """Whether the resource has the method, and whether a change may be made, as far as the head tells."""
    if request.method in methods.READING:
        return  # what there is to read, and in which form, is not worth finding out twice
    if request.method in writing.METHODS and writing.handles(site, request, segments):
        writing.check(site, request, segments)
    elif segments == the_time.PATH and site.settings.the_time:
        methods.check_allowed(request.method, site.allowed(methods.DOCUMENT))
    else:
        paths.check_visible(segments)
        with find(site, request, segments) as found:
            methods.check_allowed(request.method, methods_of(site, found, segments))


def methods_of(site: Site, found: Resolved, segments: list[bytes]) -> tuple[str, ...]:
    if is_program(found, segments):
        return site.allowed(methods.PROGRAM)
    writable = found.kind is Kind.FILE and writing.is_writable_file(site, found, segments)
    return site.allowed(methods.WRITABLE if writable else methods.DOCUMENT)


def server_methods(site: Site) -> tuple[str, ...]:
    settings = site.settings
    return methods.allowed_anywhere(settings.programs, bool(site.writable), settings.trace)


def unread(request: Request, allowed: tuple[str, ...]) -> Response:
    """The reply to every method but those that read: OPTIONS tells which there are."""
    methods.check_allowed(request.method, allowed)
    return options_response(allowed)


def options_response(allowed: tuple[str, ...]) -> Response:
    return Response(200, [methods.allow_field(allowed)], None)


def time_page(site: Site, request: Request) -> Response:
    if request.method not in methods.READING:
        return unread(request, site.allowed(methods.DOCUMENT))
    now = site.clock()
    response = conditions.evaluated(request, Validators(), now, list(the_time.FIELDS))
    return the_time.time_response(now) if response is None else response


def folder(site: Site, request: Request, found: Resolved, segments: list[bytes]) -> Response:
    """A folder's page is at the address with the slash, else its relative links would lead astray."""
    if request.method not in methods.READING:
        return unread(request, methods_of(site, found, segments))
    if segments[-1] != b"":
        return to_the_slash(site, request, found, segments)
    name = listing.index_of(site, found)
    if name is not None:
        with find(site, request, [*segments[:-1], name]) as file:
            if is_program(file, [*segments[:-1], name]):
                raise paths.not_found()  # a link under an index's name: run it cannot be, see `may_wait`
            return static.file_response(site, request, file, static.index_choice(site, found, file, segments, name))
    for name in listing.index_names(site):
        response = variants.respond(site, request, found, [*segments[:-1], name])
        if response is not None:
            return response
    return listing.folder_response(site, request, found, segments)


def to_the_slash(site: Site, request: Request, found: Resolved, segments: list[bytes]) -> Response:
    """No path that begins with two slashes names a folder, so this never leads to another host (RFC 3986 4.2)."""
    query = b"" if request.query is None else b"?" + request.query
    response = pages.redirect_response(301, targets.encode_target_path([*segments, b""]) + query)
    if found.names == tuple(segments):
        response.basis = FileState(site.root_fd, b"/".join(found.names), signature_of(found.status))
    return response


def program(site: Site, request: Request, found: Resolved, segments: list[bytes]) -> Response | Request:
    """The program's own names for itself are the client's, its place on disk is the one found."""
    allowed = site.allowed(methods.PROGRAM)
    methods.check_allowed(request.method, allowed)
    if request.method == "OPTIONS":
        return options_response(allowed)
    if not may_wait(request):
        raise paths.not_found()  # a link by a harmless name leads here: the loop cannot wait for a program
    script = cgi.Script(site, found.names, segments[: len(segments) - len(found.rest)], found.rest)
    found.close()
    return cgi.run(script, request)


def may_wait(request: Request) -> bool:
    """Whether answering may run a program or change a file.  Cheap, and may err on the side of yes."""
    if request.method in writing.METHODS:
        return True
    if b"%" not in request.path and b".py" not in request.path.lower():
        return False
    try:
        return any(cgi.is_program_name(segment) for segment in targets.decode_target_path(request.path))
    except Refusal:
        return False
