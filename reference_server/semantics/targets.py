"""From the path of a target to the names it is made of (RFC 3986 2.4, 3.3, 5.2.4; RFC 3875 4.1.5).

Order matters: split at the slashes that are really there, then decode each part once, then resolve dots.
An encoded slash therefore never separates, and nothing decodes twice.  How this server treats odd paths:

* empty segments count: `/a//b` is not `/a/b`; only a program's extra path may hold them;
* `.` and `..` are resolved even if written as %2e, and never climb above the root;
* a segment with an encoded slash names nothing here: 404;  an encoded NUL is refused: 400.
"""

from __future__ import annotations

import re

from reference_server.http1.messages import Refusal

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODED = [bytes([octet]) if octet in _UNRESERVED else b"%%%02X" % octet for octet in range(256)]


def percent_decode(octets: bytes) -> bytes:
    """Decode every escape, once."""
    if b"%" not in octets:
        return octets
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), octets)


def percent_encode(octets: bytes) -> bytes:
    """Encode all but the unreserved characters, in capitals (RFC 3986 2.1, 2.3)."""
    return b"".join([_ENCODED[octet] for octet in octets])


def decode_target_path(path: bytes) -> list[bytes]:
    """The decoded segments; the last one is empty for a path that ends in a slash."""
    segments: list[bytes] = []
    for part in path[1:].split(b"/"):
        segments.append(decode_segment(part))
    return remove_dot_segments(segments)


def decode_segment(part: bytes) -> bytes:
    segment = percent_decode(part)
    if b"\0" in segment:
        raise Refusal(400, "A path cannot contain a NUL.")
    if b"/" in segment:
        raise Refusal(404, "No name here contains a slash.")
    return segment


def remove_dot_segments(segments: list[bytes]) -> list[bytes]:
    """`.` stays here, `..` goes up but not above the root; either one at the end leaves a final slash."""
    if b"." not in segments and b".." not in segments:
        return segments
    resolved: list[bytes] = []
    for segment in segments:
        if segment == b"..":
            del resolved[-1:]
        elif segment != b".":
            resolved.append(segment)
    if segments[-1] in (b".", b".."):
        resolved.append(b"")
    return resolved or [b""]


def encode_target_path(segments: list[bytes]) -> bytes:
    """The opposite of `decode_target_path`."""
    return b"/" + b"/".join([percent_encode(segment) for segment in segments])
