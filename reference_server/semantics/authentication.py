"""Credentials and challenges of the Basic and Digest schemes (RFC 9110 11, RFC 7617, RFC 7616), as pure functions.

Nothing is decided here: who may do what, and which nonces are good, is the business of `resources.access`.  Of Digest,
`qop=auth` with SHA-256 or MD5 is spoken; sessions (`-sess`), `auth-int` and hashed user names are not offered.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from reference_server.http1.grammar import QUOTED_STRING, TCHAR
from reference_server.semantics.targets import percent_decode

ALGORITHMS = {b"SHA-256": hashlib.sha256, b"MD5": hashlib.md5}

# auth-param = token BWS "=" BWS ( token / quoted-string ), in a list that may have empty members (RFC 9110 11.2, 5.6.1)
_PARAM = re.compile(
    rb"[ \t]*+(?:(" + TCHAR + rb"++)[ \t]*+=[ \t]*+(?:(" + TCHAR + rb"++)|(" + QUOTED_STRING + rb")))?[ \t]*+(?:,|\Z)"
)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_NONCE_COUNT = re.compile(rb"[0-9A-Fa-f]{8}")
_EXTENDED = re.compile(rb"(?i:utf-8)'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """What a client answers to a Digest challenge; `count` is the value of `nc`, which `nc` has as it was written."""

    user: bytes
    realm: bytes
    uri: bytes
    algorithm: bytes
    nonce: bytes
    nc: bytes
    cnonce: bytes
    response: bytes

    @property
    def count(self) -> int:
        return int(self.nc, 16)


def split_credentials(value: bytes) -> tuple[bytes, bytes]:
    """The scheme in lower case, and what follows it (RFC 9110 11.1, 11.4)."""
    scheme, _, rest = value.partition(b" ")
    return scheme.lower(), rest.strip(b" ")


def parse_basic(token: bytes) -> tuple[bytes, bytes] | None:
    """User and password; the first colon is between them, and neither holds control characters (RFC 7617)."""
    try:
        octets = base64.b64decode(token, validate=True)
    except binascii.Error:
        return None
    user, colon, password = octets.partition(b":")
    return (user, password) if colon and not _CONTROL.search(octets) else None


def parse_parameters(octets: bytes) -> dict[bytes, bytes] | None:
    """By their names in lower case; None if the grammar is broken or a name comes twice (RFC 9110 11.2)."""
    parameters: dict[bytes, bytes] = {}
    position = 0
    while position < len(octets):
        match = _PARAM.match(octets, position)
        if match is None:
            return None
        if match[1]:
            name = match[1].lower()
            if name in parameters:
                return None
            parameters[name] = match[2] if match[3] is None else unquote(match[3])
        position = match.end()
    return parameters


def unquote(quoted: bytes) -> bytes:
    return _QUOTED_PAIR.sub(rb"\1", quoted[1:-1])


def parse_digest(octets: bytes) -> DigestAnswer | None:
    """None for what cannot be an answer to a challenge of ours (RFC 7616)."""
    given = parse_parameters(octets)
    if given is None or given.get(b"qop", b"").lower() != b"auth" or given.get(b"userhash", b"false") != b"false":
        return None
    user = user_of(given)
    algorithm = given.get(b"algorithm", b"MD5").upper()
    needed = [given.get(name) for name in (b"realm", b"uri", b"nonce", b"nc", b"cnonce", b"response")]
    if user is None or algorithm not in ALGORITHMS or not _NONCE_COUNT.fullmatch(given.get(b"nc", b"")):
        return None
    present = [value for value in needed if value is not None]
    if len(present) < len(needed):
        return None
    realm, uri, nonce, nc, cnonce, response = present
    return DigestAnswer(user, realm, uri, algorithm, nonce, nc, cnonce, response.lower())


def user_of(given: dict[bytes, bytes]) -> bytes | None:
    """`username`, or `username*` for names beyond ASCII, but not both (RFC 7616)."""
    plain, extended = given.get(b"username"), given.get(b"username*")
    if extended is None:
        return plain
    match = _EXTENDED.fullmatch(extended)
    return percent_decode(match[1]) if match and plain is None else None


def digest_response(answer: DigestAnswer, password: bytes, method: bytes) -> bytes:
    """What `response` has to be if the client knows the password (RFC 7616)."""
    return _keyed(answer, password, method + b":" + answer.uri)


def digest_confirmation(answer: DigestAnswer, password: bytes) -> bytes:
    """Authentication-Info: the server knows the password as well (RFC 7616 3.5)."""
    proof = _keyed(answer, password, b":" + answer.uri)
    return b'rspauth="%s", qop=auth, cnonce=%s, nc=%s' % (proof, quote(answer.cnonce), answer.nc)


def _keyed(answer: DigestAnswer, password: bytes, a2: bytes) -> bytes:
    def hashed(*parts: bytes) -> bytes:
        return ALGORITHMS[answer.algorithm](b":".join(parts)).hexdigest().encode("ascii")

    secret = hashed(answer.user, answer.realm, password)
    return hashed(secret, answer.nonce, answer.nc, answer.cnonce, b"auth", hashed(a2))


def quote(octets: bytes) -> bytes:
    """A quoted-string (RFC 9110 5.6.4)."""
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def basic_challenge(realm: bytes) -> bytes:
    return b'Basic realm=%s, charset="UTF-8"' % quote(realm)


def digest_challenge(realm: bytes, algorithm: bytes, nonce: bytes, stale: bool) -> bytes:
    """`stale` tells the client that its password was right, and to use the new nonce without asking anybody."""
    again = b", stale=true" if stale else b""
    return b'Digest realm=%s, qop="auth", algorithm=%s, nonce="%s", charset=UTF-8%s' % (
        quote(realm), algorithm, nonce, again,
    )  # fmt: skip


def origin_form(target: bytes) -> bytes:
    """Path and query of a target in origin or absolute form, so that the two can be compared."""
    if target.startswith(b"/") or b"://" not in target:
        return target
    authority_and_path = target.partition(b"://")[2]
    _, slash, path = authority_and_path.partition(b"/")
    return b"/" + path if slash else b"/"
