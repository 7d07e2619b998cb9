"""PUT and DELETE below the site's writable folders (RFC 9110 9.3.4, 9.3.5); nothing else is ever changed.

A file is written beside its place under a hidden name and then renamed, so that readers see the old octets or the new
ones and nothing else, and what was answered with success survives a loss of power.  Under a lock of the folder, which
every worker of the server respects, the preconditions are judged by the state that the change then meets: no update is
lost (RFC 9110 13.2).  Nothing is written through a symbolic link, and neither a program nor anything that programs
import can be put: that would be running code of the client's choice.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence

from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import cgi, conditions, pages, paths, static, storing, variants
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site
from reference_server.semantics import dates, methods, submissions, targets
from reference_server.semantics.conditional import Validators

METHODS = frozenset({"PUT", "DELETE"})
LOCK_SECONDS = 10.0
LOCK_PAUSE = 0.005


def is_writable(site: Site, segments: Sequence[bytes]) -> bool:
    """Whether files of that name may be put and deleted, as far as the name tells."""
    if not site.writable or cgi.is_code_name(segments[-1]):
        return False
    return any(tuple(segments[: len(folder)]) == folder and len(segments) > len(folder) for folder in site.writable)


def is_writable_file(site: Site, found: Resolved, segments: Sequence[bytes]) -> bool:
    """The same for a file that is there; behind a link it is for reading only."""
    return is_writable(site, segments) and found.names == tuple(segments)


def handles(site: Site, request: Request, segments: Sequence[bytes]) -> bool:
    """Whether the change is ours to judge; where it is not, the resource says which methods it has."""
    if request.method == "PUT":
        return is_writable(site, [*segments[:-1], b""])
    return request.method == "DELETE" and is_writable(site, segments) and segments[-1] != b""


def perform(site: Site, request: Request, segments: list[bytes]) -> Response:
    """The change, or the refusal that the request calls for."""
    check_head(request, segments)
    with parent(site, request, segments) as folder, locked(folder.fd):
        current = check_state(site, request, segments, folder)
        created = current is None and not variants.variants_in(site, folder, segments[-1])
        try:
            if request.method == "DELETE":
                storing.remove(folder.fd, segments[-1])
                return Response(204, None, None)
            submissions.check_digest(request)
            storing.store(folder.fd, segments[-1], request.body, current)
        except OSError as error:
            raise storing.refusal_for(error) from error
        return stored(site, request, segments, created)


def check(site: Site, request: Request, segments: list[bytes]) -> None:
    """All that can be said against the request before its content is here; does not wait (RFC 9110 10.1.1)."""
    check_head(request, segments)
    with parent(site, request, segments) as folder:
        check_state(site, request, segments, folder)


def check_head(request: Request, segments: list[bytes]) -> None:
    """What is wrong with the name, and with what the fields say about the content."""
    paths.check_visible(segments)
    if request.method == "PUT":
        check_submission(request, segments)


def check_state(site: Site, request: Request, segments: list[bytes], folder: Resolved) -> os.stat_result | None:
    """What is at the name now, if the request may change it."""
    current = status_at(folder.fd, segments[-1])
    check_target(site, request, segments, folder, current)
    check_preconditions(site, request, segments, folder, current)
    return current


def check_submission(request: Request, segments: list[bytes]) -> None:
    """What is wrong with the content, by the name and by the head."""
    name = segments[-1]
    if not name:
        raise Refusal(409, "A folder cannot be put: the name of a file is missing.")
    if cgi.is_code_name(name):
        raise Refusal(403, "Programs cannot be put.")
    submissions.check_content_fields(request, name)


def parent(site: Site, request: Request, segments: list[bytes]) -> Resolved:
    """The folder for the file: a real one, at the very path that was asked for."""
    try:
        folder = paths.resolve_in_root(site.root, site.root_fd, [*segments[:-1], b""], links=site.settings.links)
    except Refusal as refusal:
        if refusal.status == 404 and request.method == "PUT":
            raise Refusal(409, "The folder for this file does not exist.") from refusal
        raise
    if folder.names != tuple(segments[:-1]):
        folder.close()
        raise Refusal(403, "Nothing is changed through a link.")
    return folder


@contextlib.contextmanager
def locked(folder_fd: int) -> Iterator[None]:
    """One change in a folder at a time.  The lock belongs to the open file, hence one of our own."""
    fd = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder_fd)
    try:
        wait_for_lock(fd)
        yield
    finally:
        os.close(fd)


def wait_for_lock(fd: int) -> None:
    """Not for ever: anybody on this machine may hold it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Refusal(503, "Somebody else is changing this folder.", [(b"Retry-After", b"10")]) from error
        time.sleep(LOCK_PAUSE)


def status_at(folder_fd: int, name: bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Refusal(403, "No file here can have this name.") from error


def check_target(
    site: Site, request: Request, segments: list[bytes], folder: Resolved, current: os.stat_result | None
) -> None:
    """Only regular files are replaced or deleted; where a choice among several is served, one may take its place."""
    if current is None:
        if request.method == "DELETE":
            if variants.variants_in(site, folder, segments[-1]):
                methods.check_allowed(request.method, site.allowed(methods.REPLACEABLE))
            raise paths.not_found()
    elif stat.S_ISDIR(current.st_mode) and request.method == "PUT":
        raise Refusal(409, "There is a folder of this name, which a file cannot replace.")
    elif stat.S_ISDIR(current.st_mode) or stat.S_ISLNK(current.st_mode):
        methods.check_allowed(request.method, site.allowed(methods.DOCUMENT))
    elif not stat.S_ISREG(current.st_mode):
        raise Refusal(403, "What is at this address is no file.")


def check_preconditions(
    site: Site, request: Request, segments: list[bytes], folder: Resolved, current: os.stat_result | None
) -> None:
    """By the validators that a GET with the same Accept fields would be told now (RFC 9110 13.1, 13.2)."""
    if not any(name.startswith(b"if-") for name, _ in request.fields):
        return
    fields = accept_fields(request)
    state = negotiated(site, segments, folder, fields) if current is None else validators(site, segments, fields)
    if conditions.evaluated(request, state, site.clock(), []) is not None:
        raise Refusal(412, "The resource is not in the state that the request demands.")


def stored(site: Site, request: Request, segments: list[bytes], created: bool) -> Response:
    """201 or 204, with the tag of what is there now."""
    response = pages.created_response(targets.encode_target_path(segments)) if created else Response(204, None, None)
    response.fields.append(methods.allow_field(site.allowed(methods.WRITABLE)))
    tag = tag_of_octets(site, request, segments)
    if tag is not None:
        response.fields.append((b"ETag", tag))
    return response


def tag_of_octets(site: Site, request: Request, segments: list[bytes]) -> bytes | None:
    """Only if a GET has the same tag whatever it accepts: then the tag stands for the octets that were sent."""
    try:
        tag = validators(site, segments, []).etag
        return tag if tag == validators(site, segments, accept_fields(request)).etag else None
    except Refusal:  # somebody else has taken the file away already
        return None


def accept_fields(request: Request) -> list[tuple[bytes, bytes]]:
    return [pair for pair in request.fields if pair[0].startswith(b"accept")]


def validators(site: Site, segments: list[bytes], fields: list[tuple[bytes, bytes]]) -> Validators:
    """What a GET of the file would be answered with."""
    with paths.resolve_in_root(site.root, site.root_fd, segments, links=False) as found:
        if found.kind is Kind.FOLDER:
            return Validators()
        return validators_of(site, static.file_response(site, asking(segments, fields), found))


def negotiated(
    site: Site, segments: list[bytes], folder: Resolved, fields: list[tuple[bytes, bytes]]
) -> Validators | None:
    """The same where no file has the name, but a GET might be answered from one of several; else None."""
    try:
        response = variants.respond(site, asking(segments, fields), folder, segments)
    except Refusal:
        return Validators()
    return None if response is None else validators_of(site, response)


def asking(segments: list[bytes], fields: list[tuple[bytes, bytes]]) -> Request:
    return Request("GET", targets.encode_target_path(segments), fields=fields)


def validators_of(site: Site, response: Response) -> Validators:
    response.discard_body()
    modified = response.field(b"Last-Modified")
    return Validators(
        response.field(b"ETag"), None if modified is None else dates.parse_http_date(modified, site.clock())
    )
