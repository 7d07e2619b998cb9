"""What is found out about one file, once: its content if small, its type, tag and fields (RFC 9110 8).

The fields are made here and not for each reply; all but Expires stay the same for as long as the file does.
"""

from __future__ import annotations

import codecs
import os

from reference_server.http1.messages import Body, FileRegion, OpenFile
from reference_server.resources import caching, conditions
from reference_server.resources.cache import FileFacts
from reference_server.resources.paths import Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, media_types
from reference_server.semantics.conditional import Validators
from reference_server.semantics.media_types import Description
from reference_server.semantics.ranges import Selection

# Text up to this size is read once, to know whether it is UTF-8; of longer text nothing is claimed.
CHARSET_LIMIT = 4 * 1024 * 1024
PIECE = 64 * 1024

VARY_CODING = (b"Vary", b"Accept-Encoding")


def facts_about(site: Site, file: Resolved, now: int) -> FileFacts:
    """From memory if the file has not changed, else from the file."""
    facts = site.cache.find(file.names, file.status)
    if facts is None:
        facts = examine(site, file, now)
        site.cache.store(file.names, file.status, facts, now)
    return facts


def examine(site: Site, file: Resolved, now: int) -> FileFacts:
    """Read a small file whole; of a large one take the metadata, and read it only if it is text."""
    status = file.status
    told = describe(site, file.names[-1])
    content = read_whole(file.fd, site.cache.file_size) if status.st_size <= site.cache.file_size else None
    identity = content
    if identity is None:
        identity = etags.metadata_identity(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    size = status.st_size if content is None else len(content)
    media_type = full_type(told, file.fd)
    rule = caching.rule_for(site.settings.caching, file.names)
    etag, modified = etags.compute_etag(identity), last_modified(status, now)
    compressible = site.settings.compress and media_types.is_compressible(media_type)
    fields = [
        *conditions.validator_fields(Validators(etag, modified)),
        (b"Accept-Ranges", b"bytes"),
        (b"Content-Type", media_type),
    ]
    if told.language is not None:
        fields.append((b"Content-Language", told.language))
    fields += caching.control_fields(rule)
    if compressible:
        fields.append(VARY_CODING)
    expires = None if rule is None else rule.expires
    return FileFacts(content, size, media_type, etag, modified, fields, expires, compressible)


def describe(site: Site, name: bytes) -> Description:
    """What more than the type a name says matters only where variants are negotiated."""
    if not site.settings.negotiate:
        return Description(media_types.choose_media_type(name))
    return media_types.describe(name)


def full_type(told: Description, fd: int) -> bytes:
    """With the charset of a text, if that is known.  UTF-8 is not believed, as it can be checked."""
    if not media_types.is_text(told.media_type):
        return told.media_type
    if told.charset not in (None, b"utf-8"):
        return media_types.with_charset(told.media_type, told.charset)
    return media_types.with_charset(told.media_type) if is_utf8(fd) else told.media_type


def last_modified(status: os.stat_result, now: int) -> int:
    """Never later than the reply's own date (RFC 9110 8.8.2.1)."""
    return min(max(int(status.st_mtime), 0), now)


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
        return facts.content if part.length == facts.size else facts.content[part.first : part.end]
    return FileRegion(open_file(file), part.first, part.length)


def open_file(file: Resolved) -> OpenFile:
    """The file outlives the request's handling: whoever sends the reply closes it."""
    os.set_blocking(file.fd, True)
    return os.fdopen(file.take_fd(), "rb", buffering=0)
