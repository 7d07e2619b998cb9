"""gzip for text, where the client accepts it: a file made beforehand beside the original, or compressed here.

`style.css.gz` stands for `style.css` as long as it is not older.  Otherwise a file of reasonable size is compressed
once and kept (see `cache`).  Either way the coded representation has its own tag and length, and ranges count in its
octets (RFC 9110 8.4, 8.8.3, 14.1.2).  A direct request for `style.css.gz` gets that file as what it is.
"""

from __future__ import annotations

import os
import stat
import zlib
from typing import NamedTuple

from reference_server.http1.messages import Refusal, Request
from reference_server.resources import conditions, facts, paths
from reference_server.resources.basis import FileState, is_settled, signature_of
from reference_server.resources.cache import FileFacts
from reference_server.resources.facts import VARY_CODING
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, negotiation
from reference_server.semantics.conditional import Validators

# Below, the reply would hardly be shorter; above, compressing would keep the other clients waiting.
LEAST = 1024
MOST = 1024 * 1024
LEVEL = 6
GZIP_FORMAT = 31

# Under this name the compressed form is kept; no file can have it.
KEPT_AS = b"/gzip"


class Coded(NamedTuple):
    """A coded representation; `states` are what its choice rested on, None where a change might go unnoticed."""

    file: Resolved
    facts: FileFacts
    states: tuple[FileState, ...] | None


def choose(site: Site, request: Request, file: Resolved, found: FileFacts, now: int) -> Coded | None:
    """None for the file as it is, which also is the answer to clients that say nothing about codings."""
    accept = request.field(b"accept-encoding")
    if accept is None:
        return None
    gzip, identity = negotiation.weight_of_gzip(accept), negotiation.weight_of_identity(accept)
    coded = None
    if gzip > 0 and gzip >= identity:
        coded = coded_form(site, file, found, identity == 0, now)
    if identity == 0 and (coded is None or coded.facts is found):
        raise Refusal(406, "This is available without content coding, or coded with gzip.", [VARY_CODING])
    return coded


def coded_form(site: Site, file: Resolved, found: FileFacts, at_any_cost: bool, now: int) -> Coded:
    """The file beside it, or the compressed form, or the file as it is."""
    beside, states = look_beside(site, file, now)
    if beside is not None:
        own = facts.facts_about(site, beside, now)
        return Coded(beside, coded_facts(found, own.content, own.size, own.etag, own.last_modified), states)
    compressed = None
    if at_any_cost or (LEAST <= found.size <= MOST and site.cache.entries > 0):
        compressed = compress(site, file, found, now)
    if compressed is None or (compressed.size >= found.size and not at_any_cost):
        compressed = found
    return Coded(file, compressed, states)


def look_beside(site: Site, file: Resolved, now: int) -> tuple[Resolved | None, tuple[FileState, ...] | None]:
    """The file with the coded form, open, if there is one that is not older; and what this finding rests on."""
    name = file.names[-1] + b".gz"
    path = b"/".join((*file.names[:-1], name))
    try:
        status = os.stat(path, dir_fd=site.root_fd, follow_symlinks=False)
    except OSError:
        return None, (FileState(site.root_fd, path, None),)
    states = (FileState(site.root_fd, path, signature_of(status)),) if is_settled(status, now) else None
    if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns < file.status.st_mtime_ns:
        return None, states
    try:
        beside = paths.resolve_in_root(site.root, site.root_fd, [*file.names[:-1], name], links=False)
    except Refusal:
        return None, None
    if beside.kind is Kind.FILE and signature_of(beside.status) == signature_of(status):
        return beside, states
    beside.close()
    return None, None


def compress(site: Site, file: Resolved, found: FileFacts, now: int) -> FileFacts | None:
    """Compressed once as long as the file stays the same; None if it is too large for that."""
    key = (*file.names, KEPT_AS)
    kept = site.cache.find(key, file.status)
    if kept is not None:
        return kept
    content = facts.read_whole(file.fd, MOST) if found.content is None else found.content
    if content is None:
        return None
    octets = zlib.compress(content, LEVEL, GZIP_FORMAT)
    coded = coded_facts(found, octets, len(octets), etags.compute_etag(octets), found.last_modified)
    site.cache.store(key, file.status, coded, now)
    return coded


def coded_facts(found: FileFacts, content: bytes | None, size: int, etag: bytes, modified: int) -> FileFacts:
    """The type stays that of the original (RFC 9110 8.4)."""
    others = [pair for pair in found.fields if pair[0] not in (b"ETag", b"Last-Modified")]
    fields = [*conditions.validator_fields(Validators(etag, modified)), *others, (b"Content-Encoding", b"gzip")]
    return found._replace(content=content, size=size, etag=etag, last_modified=modified, fields=fields)
