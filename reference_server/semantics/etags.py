"""Entity tags: how ours are made, how a client's list of them is read and compared (RFC 9110 8.8.3).

A tag is kept as it is written, quotes and weakness mark included.
"""

from __future__ import annotations

import hashlib
import re
from enum import Enum

_TAG = rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
ENTITY_TAG = re.compile(_TAG)
_LIST_ITEM = re.compile(rb"[ \t]*+(" + _TAG + rb")?[ \t]*+(?:,|\Z)")


class Wildcard(Enum):
    """The `*` that stands for any current representation."""

    ANY = "*"


TagList = list[bytes] | Wildcard


def compute_etag(identity: bytes) -> bytes:
    """A strong tag: different octets of identity, different tag.

    The identity is the content itself where that is at hand, else `metadata_identity`.
    """
    return b'"' + hashlib.blake2b(identity, digest_size=9).hexdigest().encode("ascii") + b'"'


def metadata_identity(size: int, modified_ns: int, changed_ns: int, inode: int) -> bytes:
    """What stands for the content of a large file.

    The change time is included because, unlike the modification time, no program can set it back: only two
    contents of one length written within one tick of the file system's clock would share an identity.
    """
    return b"%d %d %d %d" % (size, modified_ns, changed_ns, inode)


def parse_tag_list(value: bytes) -> TagList | None:
    """`*` or a list of tags; None if it is neither.  Empty list members are allowed (RFC 9110 5.6.1.2)."""
    if value.strip(b" \t") == b"*":
        return Wildcard.ANY
    tags: list[bytes] = []
    position = 0
    while position < len(value):
        match = _LIST_ITEM.match(value, position)
        if match is None:
            return None
        if match[1]:
            tags.append(match[1])
        position = match.end()
    return tags


def is_weak(tag: bytes) -> bool:
    return tag.startswith(b"W/")


def strong_match(one: bytes, other: bytes) -> bool:
    """Equal octet by octet and neither weak (RFC 9110 8.8.3.2)."""
    return one == other and not is_weak(one)


def weak_match(one: bytes, other: bytes) -> bool:
    """Equal apart from the weakness mark."""
    return one.removeprefix(b"W/") == other.removeprefix(b"W/")
