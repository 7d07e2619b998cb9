"""Files: first decide (status, fields, which octets), then act, so that HEAD and GET cannot differ.

Small files come from memory, large ones as regions that the driver may hand to `sendfile`.
"""

from __future__ import annotations

import os

from reference_server.http1.messages import Body, FileRegion, Refusal, Request, Response
from reference_server.resources.cache import CachedFile, signature_of
from reference_server.resources.conditions import evaluated, validator_fields
from reference_server.resources.pages import error_response
from reference_server.resources.paths import Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, media_types, ranges
from reference_server.semantics.conditional import Validators
from reference_server.semantics.ranges import Selection, Whole

SAMPLE = 64 * 1024


def file_response(site: Site, request: Request, file: Resolved) -> Response:
    """200, 206, 304, 412 or 416 for an open regular file."""
    now = site.clock()
    entry = describe(site, file)
    current = Validators(entry.etag, last_modified(file.status, now))
    outcome = evaluated(request, current, now)
    if outcome is not None:
        return outcome
    size = file.status.st_size
    chosen = ranges.select_range(request, current, size, now)
    if chosen is Whole.UNSATISFIABLE:
        refusal = Refusal(
            416, "The file is shorter than that.", [(b"Content-Range", ranges.unsatisfied_range(size))]
        )
        return error_response(refusal)
    fields = [*validator_fields(current), (b"Accept-Ranges", b"bytes"), (b"Content-Type", entry.media_type)]
    if isinstance(chosen, Selection):
        fields.append((b"Content-Range", ranges.content_range(chosen, size)))
        return Response(206, fields, octets(file, entry, chosen))
    return Response(200, fields, octets(file, entry, Selection(0, size)))


def last_modified(status: os.stat_result, now: int) -> int:
    """Never later than the reply's own date (RFC 9110 8.8.2.1)."""
    return min(max(int(status.st_mtime), 0), now)


def describe(site: Site, file: Resolved) -> CachedFile:
    """Tag, media type and, for a small file, the content; from memory if the file has not changed."""
    known = site.cache.find(file.names, file.status)
    if known is not None:
        return known
    status = file.status
    small = status.st_size <= site.cache.file_size
    sample = read_at_most(file.fd, site.cache.file_size if small else SAMPLE)
    media_type = media_types.choose_media_type(file.names[-1])
    if media_types.is_text(media_type) and is_utf8(sample, complete=small):
        media_type = media_types.with_charset(media_type)
    etag = etags.compute_etag(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    entry = CachedFile(signature_of(status), sample if small else b"", media_type, etag)
    if small and len(sample) == status.st_size:
        site.cache.store(file.names, entry)
    return entry


def read_at_most(fd: int, size: int) -> bytes:
    return os.pread(fd, size, 0)


def is_utf8(octets_read: bytes, complete: bool) -> bool:
    """Of a large file only the beginning is looked at; a character cut by its end is not held against it."""
    try:
        octets_read.decode("utf-8")
    except UnicodeDecodeError as error:
        return (
            not complete and error.start >= len(octets_read) - 3 and error.reason == "unexpected end of data"
        )
    return True


def octets(file: Resolved, entry: CachedFile, part: Selection) -> Body:
    """The part from memory if it is there, otherwise as a region of the open file."""
    if len(entry.content) == file.status.st_size:
        return entry.content[part.first : part.first + part.length]
    os.set_blocking(file.fd, True)
    return FileRegion(os.fdopen(file.take_fd(), "rb", buffering=0), part.first, part.length)
