"""Addresses that have moved: a path, or all paths below a prefix, and where to go instead (RFC 9110 15.4, 10.2.2).

Judged by the decoded path, so every spelling of an address is led to the same place.  What stands after a prefix goes
along percent-encoded, and so does the query, unless the new address has one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reference_server.config import Redirect
from reference_server.http1.messages import Response
from reference_server.resources import pages
from reference_server.resources.basis import FileStates
from reference_server.semantics import targets

_NOT_IN_URI = re.compile(rb"[^!#$&'()*+,./0-9:;=?@A-Z_a-z~\[\]%-]|%(?![0-9A-Fa-f]{2})")


class Redirects:
    """The rules of one site: an exact source before a prefix, a longer prefix before a shorter one."""

    def __init__(self, rules: Sequence[Redirect]) -> None:
        self._exact = {rule.source.encode(): rule for rule in reversed(rules) if not rule.source.endswith("*")}
        prefixes = [(rule.source[:-1].encode(), rule) for rule in rules if rule.source.endswith("*")]
        self._prefixes = sorted(prefixes, key=lambda pair: len(pair[0]), reverse=True)

    def find(self, segments: Sequence[bytes], query: bytes | None) -> Response | None:
        path = b"/" + b"/".join(segments)
        rule = self._exact.get(path)
        if rule is not None:
            return moved(rule, b"", query)
        for prefix, rule in self._prefixes:
            if path.startswith(prefix):
                return moved(rule, path[len(prefix) :], query)
        return None


def moved(rule: Redirect, rest: bytes, query: bytes | None) -> Response:
    response = pages.redirect_response(rule.status, location(rule.target, rest, query))
    response.basis = FileStates(())
    return response


def location(target: str, rest: bytes, query: bytes | None) -> bytes:
    """A reference that no request can lead to another host than the rule's (RFC 3986 4.2: `//` begins a host)."""
    address = _NOT_IN_URI.sub(lambda match: targets.percent_encode(match[0]), target.encode())
    address, hash_mark, fragment = address.partition(b"#")
    if address.endswith(b"*"):
        address = address[:-1] + b"/".join([targets.percent_encode(part) for part in rest.split(b"/")])
    if target.startswith("/"):
        address = b"/" + address.lstrip(b"/")
    if query is not None and b"?" not in address:
        address += b"?" + query
    return address + hash_mark + fragment
