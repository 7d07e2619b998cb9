"""Files: first decide (status, fields, which octets), then act, so that HEAD and GET cannot differ.

Small files come from memory, large ones as regions that the driver may hand to `sendfile`.  What is known of a file is
found out in `facts`, which coding it goes in is decided in `codings`, which of several files in `variants`.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from reference_server.http1.messages import Basis, Fields, Refusal, Request, Response
from reference_server.resources import caching, codings, conditions, facts, multipart, pages
from reference_server.resources.basis import FileState, FileStates, is_settled, signature_of
from reference_server.resources.cache import FileFacts
from reference_server.resources.conditions import KEPT_BY_304
from reference_server.resources.paths import Resolved
from reference_server.resources.site import Site
from reference_server.semantics import ranges
from reference_server.semantics.conditional import Validators
from reference_server.semantics.ranges import Selection, Whole


class Choice(NamedTuple):
    """How a request came to a file whose path is not the request's.

    `tag` makes the validator differ from those of the other files it was chosen among; `states` are what the choice
    rested on beside the file itself, None where that cannot be told.
    """

    states: tuple[FileState, ...] | None
    location: bytes | None = None
    vary: tuple[bytes, ...] = ()
    tag: bytes = b""


def file_response(site: Site, request: Request, file: Resolved, choice: Choice | None = None) -> Response:
    """200, 206, 304, 412, 416 (or, as a refusal, 406) for an open regular file."""
    now = site.clock()
    found = facts.facts_about(site, file, now)
    coded = codings.choose(site, request, file, found, now) if found.compressible else None
    if coded is None:
        response = represent(request, file, found, choice, now)
        response.basis = basis_of(site, request, file, choice, (), now)
        return response
    with coded.file:
        response = represent(request, coded.file, coded.facts, choice, now)
    if coded.states is not None:
        response.basis = basis_of(site, request, file, choice, coded.states, now)
    return response


def index_choice(site: Site, folder: Resolved, file: Resolved, segments: list[bytes], name: bytes) -> Choice:
    """An index file rests on itself alone if its name is the first that is looked for."""
    straight = file.names == (*segments[:-1], name) and name == os.fsencode(site.settings.index[0])
    return Choice(() if straight and folder.names == tuple(segments[:-1]) else None)


def represent(request: Request, file: Resolved, found: FileFacts, choice: Choice | None, now: int) -> Response:
    fields, etag = found.fields.copy(), found.etag
    if choice is not None and choice.location is not None:
        fields, etag = fields_of_choice(fields, etag, choice)
    if found.expires is not None:
        fields += caching.expires_fields(found.expires, now)
    current = Validators(etag, found.last_modified)
    outcome = conditions.evaluated(request, current, now, fields)
    if outcome is not None:
        return outcome
    parts = ranges.select_ranges(request, current, found.size, now)
    if parts is Whole.ALL:
        return Response(200, fields, facts.octets(file, found, Selection(0, found.size)))
    if parts is Whole.UNSATISFIABLE:
        return unsatisfiable(fields, found.size)
    return partial(request, fields, file, found, parts)


def fields_of_choice(fields: Fields, etag: bytes, choice: Choice) -> tuple[Fields, bytes]:
    """The chosen file's fields with those that tell of the choice (RFC 9110 8.7, 8.8.3, 12.5.5)."""
    etag = etag[:-1] + b"-" + choice.tag + b'"'
    kept = [pair for pair in fields if pair[0] != b"ETag"]
    return [(b"ETag", etag), *vary_with(kept, choice), (b"Content-Location", choice.location or b"")], etag


def vary_with(fields: Fields, choice: Choice) -> Fields:
    """One Vary for all that the reply was chosen by."""
    names = [*choice.vary, *[value for name, value in fields if name == b"Vary"]]
    others = [pair for pair in fields if pair[0] != b"Vary"]
    return [*others, (b"Vary", b", ".join(names))] if names else others


def partial(request: Request, fields: Fields, file: Resolved, found: FileFacts, parts: list[Selection]) -> Response:
    """One part by itself, several as a multipart, which says their places inside (RFC 9110 15.3.7)."""
    if request.field(b"if-range") is not None:
        # Such a client has the rest of the metadata already.
        fields = [pair for pair in fields if pair[0] in KEPT_BY_304]
    if len(parts) == 1:
        fields.append((b"Content-Range", ranges.content_range(parts[0], found.size)))
        return Response(206, fields, facts.octets(file, found, parts[0]))
    boundary = multipart.make_boundary()
    fields = [pair for pair in fields if pair[0] != b"Content-Type"]
    fields.append((b"Content-Type", multipart.media_type(boundary)))
    return Response(206, fields, multipart.body(file, found, parts, boundary))


def unsatisfiable(fields: Fields, size: int) -> Response:
    named = [(b"Content-Range", ranges.unsatisfied_range(size)), *conditions.vary_fields(fields)]
    return pages.error_response(Refusal(416, "The file is shorter than that.", named))


def basis_of(
    site: Site, request: Request, file: Resolved, choice: Choice | None, others: tuple[FileState, ...], now: int
) -> Basis | None:
    """The file, and what the choice rested on.  None where a link may have led here, which could change unnoticed."""
    if not is_settled(file.status, now):
        return None
    path = b"/".join(file.names)
    state = FileState(site.root_fd, path, signature_of(file.status))
    if choice is None:
        if request.path[1:] != path:
            return None
    elif choice.states is None:
        return None
    else:
        others += choice.states
    return FileStates((state, *others)) if others else state
