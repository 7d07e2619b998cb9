"""Files: first decide (status, fields, which octets), then act, so that HEAD and GET cannot differ.

Small files come from memory, large ones as regions that the driver may hand to `sendfile`.
"""

from __future__ import annotations

import codecs
import os

from reference_server.http1.messages import Body, Fields, FileRegion, Refusal, Request, Response
from reference_server.resources import conditions, pages
from reference_server.resources.cache import FileFacts
from reference_server.resources.paths import Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, media_types, ranges
from reference_server.semantics.conditional import Validators
from reference_server.semantics.ranges import Selection, Whole

# Text up to this size is read once, to know whether it is UTF-8; of longer text nothing is claimed.
CHARSET_LIMIT = 4 * 1024 * 1024
PIECE = 64 * 1024


def file_response(site: Site, request: Request, file: Resolved) -> Response:
    """200, 206, 304, 412 or 416 for an open regular file."""
    now = site.clock()
    facts = facts_about(site, file)
    current = Validators(facts.etag, last_modified(file.status, now))
    fields = [*conditions.validator_fields(current), (b"Accept-Ranges", b"bytes")]
    fields.append((b"Content-Type", facts.media_type))
    outcome = conditions.evaluated(request, current, now, fields)
    if outcome is not None:
        return outcome
    size = file.status.st_size if facts.content is None else len(facts.content)
    chosen = ranges.select_range(request, current, size, now)
    if isinstance(chosen, Selection):
        return Response(206, part_fields(request, fields, chosen, size), octets(file, facts, chosen))
    if chosen is Whole.UNSATISFIABLE:
        return unsatisfiable(size)
    return Response(200, fields, octets(file, facts, Selection(0, size)))


def part_fields(request: Request, fields: Fields, chosen: Selection, size: int) -> Fields:
    """A client that sent If-Range has the rest of the metadata already (RFC 9110 15.3.7)."""
    if request.field(b"if-range") is not None:
        fields = [pair for pair in fields if pair[0] == b"ETag"]
    return [*fields, (b"Content-Range", ranges.content_range(chosen, size))]


def unsatisfiable(size: int) -> Response:
    content_range = (b"Content-Range", ranges.unsatisfied_range(size))
    return pages.error_response(Refusal(416, "The file is shorter than that.", [content_range]))


def last_modified(status: os.stat_result, now: int) -> int:
    """Never later than the reply's own date (RFC 9110 8.8.2.1)."""
    return min(max(int(status.st_mtime), 0), now)


def facts_about(site: Site, file: Resolved) -> FileFacts:
    """From memory if the file has not changed, else from the file."""
    facts = site.cache.find(file.names, file.status)
    if facts is None:
        facts = examine(file, site.cache.file_size)
        site.cache.store(file.names, file.status, facts, site.clock())
    return facts


def examine(file: Resolved, in_memory: int) -> FileFacts:
    """Read a small file whole; of a large one take the metadata, and read it only if it is text."""
    status = file.status
    media_type = media_types.choose_media_type(file.names[-1])
    content = read_whole(file.fd, in_memory) if status.st_size <= in_memory else None
    if media_types.is_text(media_type) and is_utf8(file.fd):
        media_type = media_types.with_charset(media_type)
    identity = content
    if identity is None:
        identity = etags.metadata_identity(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return FileFacts(content, media_type, etags.compute_etag(identity))


def read_whole(fd: int, most: int) -> bytes | None:
    """The content, unless the file has grown beyond `most` since it was opened."""
    content = os.pread(fd, most + 1, 0)
    return content if len(content) <= most else None


def is_utf8(fd: int) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, CHARSET_LIMIT + 1, PIECE):
            piece = os.pread(fd, PIECE, offset)
            decoder.decode(piece, final=not piece)
            if not piece:
                return True
    except UnicodeDecodeError:
        return False
    return False


def octets(file: Resolved, facts: FileFacts, part: Selection) -> Body:
    """The part from memory if it is there, otherwise as a region of the open file."""
    if facts.content is not None:
        return facts.content[part.first : part.first + part.length]
    os.set_blocking(file.fd, True)
    return FileRegion(os.fdopen(file.take_fd(), "rb", buffering=0), part.first, part.length)
