"""Request lines and field lines, one at a time (RFC 9112 2.2, 3, 5).

Each function judges one line and raises `Refusal` with the status that fits.  Strict on purpose: what the
RFC lets a recipient repair (lone LF, obs-fold, blanks before the colon) is refused, since a repaired
message may mean something else to the next program that reads it (RFC 9112 11.2).
"""

from __future__ import annotations

import functools
import ipaddress

from reference_server.http1 import grammar
from reference_server.http1.messages import Fields, Refusal, Version

# Field lines up to so many octets are remembered, at most 2,048 of them.
REMEMBERED = 256


def split_request_line(line: bytes) -> tuple[str, bytes, Version]:
    """method SP request-target SP HTTP-version, exactly one blank between them (RFC 9112 3)."""
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Refusal(400, "The request line must be: method, one space, target, one space, HTTP version.")
    method, target, version = parts
    if not grammar.TOKEN.fullmatch(method):
        raise Refusal(400, "The method is not a token.")
    if not target:
        raise Refusal(400, "The request target is empty.")
    return method.decode("ascii"), target, parse_version(version)


def parse_version(octets: bytes) -> Version:
    """HTTP-version; only major version 1 has this message format (RFC 9110 2.5, 15.6.6)."""
    match = grammar.VERSION.fullmatch(octets)
    if match is None:
        raise Refusal(400, "The HTTP version must read HTTP/digit.digit, for instance HTTP/1.1.")
    version = (int(match[1]), int(match[2]))
    if version[0] != 1:
        raise Refusal(505, "This server speaks HTTP/1.1 and HTTP/1.0 only.")
    return version


def parse_field_line(line: bytes) -> tuple[bytes, bytes]:
    """field-name ":" OWS field-value OWS; no blank before the colon, no folding (RFC 9112 5.1, 5.2).

    Clients say the same things in every request, so short lines are judged once and remembered.
    """
    return judge_short_line(line) if len(line) <= REMEMBERED else judge_field_line(line)


def judge_field_line(line: bytes) -> tuple[bytes, bytes]:
    if line[:1] in (b" ", b"\t"):
        raise Refusal(400, "A line of the head begins with a blank: folded fields are not accepted.")
    name, colon, value = line.partition(b":")
    if not colon:
        raise Refusal(400, "A field line has no colon.")
    if not grammar.TOKEN.fullmatch(name):
        raise Refusal(400, "A field name is not a token (mind blanks before the colon).")
    value = value.strip(b" \t")
    check_field_value(value)
    return name.lower(), value


judge_short_line = functools.lru_cache(maxsize=2048)(judge_field_line)


def check_field_value(value: bytes) -> None:
    """Control characters in values are how messages are smuggled: refuse them (RFC 9110 5.5)."""
    if grammar.BAD_FIELD_OCTET.search(value):
        raise Refusal(400, "A field value contains a control character.")


def check_host(fields: Fields, version: Version) -> bytes:
    """Exactly one valid Host in HTTP/1.1, none or one in HTTP/1.0; give its value (RFC 9112 3.2)."""
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) > 1:
        raise Refusal(400, "There is more than one Host field.")
    if not hosts:
        if version >= (1, 1):
            raise Refusal(400, "An HTTP/1.1 request must have a Host field.")
        return b""
    if not valid_authority(hosts[0]):
        raise Refusal(400, "The value of Host is not a host name with an optional port.")
    return hosts[0]


def valid_authority(value: bytes) -> bool:
    """host [ ":" port ], without user information; an empty host passes here (RFC 9110 7.2)."""
    return judge_short_authority(value) if len(value) <= REMEMBERED else judge_authority(value)


def judge_authority(value: bytes) -> bool:
    match = grammar.HOST.fullmatch(value)
    if match is None:
        return False
    address, port = match["address"], match["port"]
    if address is not None and not is_ipv6_address(address):
        return False
    return not port or (len(port) < 20 and int(port) <= 65535)


judge_short_authority = functools.lru_cache(maxsize=256)(judge_authority)


def is_ipv6_address(octets: bytes) -> bool:
    """IPv6address without a zone (RFC 3986 3.2.2)."""
    try:
        ipaddress.IPv6Address(octets.decode("ascii"))
    except ValueError:
        return False
    return True
