"""The four forms of a request target (RFC 9112 3.2) and the grammar of what they hold.

Says which path, query and authority were asked for, still percent-encoded; `semantics.targets` decodes them.
"""

from __future__ import annotations

from typing import NamedTuple

from reference_server.http1 import grammar, head
from reference_server.http1.messages import Refusal


class Target(NamedTuple):
    """`path` is `*` for the asterisk form; `authority` is None unless the target itself names one."""

    path: bytes
    query: bytes | None
    authority: bytes | None


def parse_target(method: str, target: bytes) -> Target:
    """Tell the forms apart by their first octets and by the method."""
    if method == "CONNECT":
        return parse_authority_form(target)
    if target.startswith(b"/"):
        return split_path_and_query(target, None)
    if target == b"*":
        if method != "OPTIONS":
            raise Refusal(400, "The target * belongs to the OPTIONS method only.")
        return Target(b"*", None, None)
    return parse_absolute_form(method, target)


def split_path_and_query(target: bytes, authority: bytes | None) -> Target:
    """The first question mark ends the path; both parts must keep to the URI grammar (RFC 3986 3.3, 3.4)."""
    path, mark, query = target.partition(b"?")
    check_path(path)
    if not mark:
        return Target(path, None, authority)
    if not grammar.QUERY.fullmatch(query):
        raise Refusal(400, "The query contains a character that must be percent-encoded.")
    return Target(path, query, authority)


def check_path(path: bytes) -> None:
    if not grammar.PATH.fullmatch(path):
        raise Refusal(400, "The path contains a character that must be percent-encoded, or a bad %-escape.")


def parse_absolute_form(method: str, target: bytes) -> Target:
    """A whole http URI, which every server has to understand (RFC 9112 3.2.2)."""
    scheme, colon, rest = target.partition(b":")
    if not colon or not grammar.SCHEME.fullmatch(scheme) or not rest.startswith(b"//"):
        raise Refusal(400, "The target is neither a path nor an absolute URI.")
    if scheme.lower() != b"http":
        raise Refusal(421, "This server answers for http URIs only.")
    authority, path = split_authority(rest[2:])
    if not path.startswith(b"/"):
        # An empty path means the root, or the server as a whole for OPTIONS (RFC 9112 3.2.4).
        if method == "OPTIONS" and not path:
            return Target(b"*", None, authority)
        path = b"/" + path
    return split_path_and_query(path, authority)


def split_authority(rest: bytes) -> tuple[bytes, bytes]:
    """Everything up to the first slash or question mark; the host must not be empty (RFC 9110 4.2.1, 4.2.4)."""
    ends = [index for index in (rest.find(b"/"), rest.find(b"?")) if index >= 0]
    end = min(ends, default=len(rest))
    authority = rest[:end]
    if b"@" in authority:
        raise Refusal(400, "A target with user information is not accepted.")
    if not authority or authority.startswith(b":") or not head.valid_authority(authority):
        raise Refusal(400, "The target does not name a valid host.")
    return authority, rest[end:]


def parse_authority_form(target: bytes) -> Target:
    """host ":" port, for CONNECT alone (RFC 9112 3.2.3)."""
    host, colon, port = target.rpartition(b":")
    if not colon or not host or not port or not head.valid_authority(target):
        raise Refusal(400, "The target of CONNECT must be host:port.")
    return Target(b"", None, target)
