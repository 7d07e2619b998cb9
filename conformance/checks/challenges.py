"""What the rules on authentication share: challenges as they are written, and credentials that answer them.

It declares no rule. Read is the general form of RFC 9110 §11.3; of the schemes, Basic (RFC 7617) and Digest (RFC 7616,
without sessions) are spoken, as far as a client has to.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import QUOTED, TOKEN, list_members
from conformance.response import Field

BWS = r"[ \t]*"
PARAMETER = re.compile(rf"(?P<name>{TOKEN}){BWS}={BWS}(?P<value>{TOKEN}|{QUOTED})")
TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
START = re.compile(rf"(?P<scheme>{TOKEN})(?:[ \t]+(?P<rest>.+))?")
DIGESTS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
CNONCE = "c0nf0rmance"
WRONG = ("Basic bm9ib2R5LTdmM2E6c3VyZWx5LXdyb25n", "Basic A")
"""Credentials of nobody; and a word that is no base64, though the grammar of the field allows it."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A scheme, in lower case, with its parameters in order: names in lower case, values as written."""

    scheme: str
    parameters: tuple[tuple[str, str], ...]

    def value(self, name: str) -> str | None:
        """The value of the first parameter of this name, without quotes."""
        found = next((value for key, value in self.parameters if key == name), None)
        quoted = found is not None and found.startswith('"')
        return re.sub(r"\\(.)", r"\1", found[1:-1]) if found is not None and quoted else found


@dataclass(frozen=True, slots=True)
class Challenges:
    """What one field line says: the challenges that can be read, and the members that are none."""

    read: tuple[Challenge, ...]
    unread: tuple[str, ...]


def read_challenges(value: str) -> Challenges:
    """The challenges of a field line. Commas part challenges as well as parameters: what begins with a name and an
    equals sign belongs to the challenge before it."""
    read: list[Challenge] = []
    unread: list[str] = []
    open_ended = False
    for member in filter(None, list_members(value)):
        parameter = PARAMETER.fullmatch(member)
        if parameter is not None and open_ended:
            last = read.pop()
            read.append(Challenge(last.scheme, (*last.parameters, _pair(parameter))))
            continue
        start = START.fullmatch(member) if parameter is None else None
        rest = start["rest"] if start is not None else None
        parameter = PARAMETER.fullmatch(rest) if rest is not None else None
        open_ended = parameter is not None
        if start is None or (rest is not None and parameter is None and not TOKEN68.fullmatch(rest)):
            unread.append(member)
        else:
            read.append(Challenge(start["scheme"].lower(), (_pair(parameter),) if parameter else ()))
    return Challenges(tuple(read), tuple(unread))


def _pair(parameter: re.Match[str]) -> tuple[str, str]:
    return parameter["name"].lower(), parameter["value"]


def offered(exchange: Exchange) -> Iterator[tuple[Field, Challenge]]:
    """Every challenge that can be read in the reply, with its field line."""
    for field in exchange.response.all("www-authenticate") if exchange.response else ():
        for challenge in read_challenges(field.value).read:
            yield field, challenge


def basic(user: str, password: str, scheme: str = "Basic") -> tuple[str, str]:
    """The field that names user and password in the Basic scheme."""
    return "Authorization", f"{scheme} {b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def wrongly(evidence: Evidence, target: str | None) -> list[Exchange]:
    """GETs with credentials that open nothing."""
    return [evidence.get(target, [("Authorization", value)]) for value in WRONG] if target is not None else []


def answer(evidence: Evidence, target: str, challenge: Challenge) -> Exchange | None:
    """A GET with the operator's credentials in the scheme of the challenge; None if that cannot be spoken."""
    if evidence.site.credentials is None:
        return None
    user, password = evidence.site.credentials
    exchange: Exchange | None = None
    if challenge.scheme == "basic":
        return evidence.get(target, [basic(user, password)])
    for _ in range(2):
        field = digest(user, password, target, challenge)
        if field is None:
            break
        exchange = evidence.get(target, [field])
        again = next((c for _, c in offered(exchange) if c.scheme == "digest" and _is_stale(c, challenge)), None)
        if again is None:
            break
        challenge = again
    return exchange


def _is_stale(challenge: Challenge, former: Challenge) -> bool:
    stale = (challenge.value("stale") or "").lower() == "true"
    return stale and challenge.value("algorithm") == former.value("algorithm")


def digest(user: str, password: str, target: str, challenge: Challenge) -> tuple[str, str] | None:
    """The field for a GET in the Digest scheme (RFC 7616 §3.4); None for another scheme or an unknown algorithm."""
    algorithm = challenge.value("algorithm") or "MD5"
    hashing = DIGESTS.get(algorithm.upper())
    realm, nonce = challenge.value("realm"), challenge.value("nonce")
    if challenge.scheme != "digest" or hashing is None or realm is None or nonce is None:
        return None

    def hashed(*parts: str) -> str:
        return hashing(":".join(parts).encode()).hexdigest()

    secret, request = hashed(user, realm, password), hashed("GET", target)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    bare = f", algorithm={algorithm}"
    if "auth" in [word.strip() for word in (challenge.value("qop") or "").lower().split(",")]:
        said |= {"cnonce": CNONCE, "response": hashed(secret, nonce, "00000001", CNONCE, "auth", request)}
        bare += ", qop=auth, nc=00000001"
    else:
        said |= {"response": hashed(secret, nonce, request)}
    opaque = challenge.value("opaque")
    if opaque is not None:
        said["opaque"] = opaque
    quoted = [f'{name}="{_escaped(value)}"' for name, value in said.items()]
    return "Authorization", f"Digest {', '.join(quoted)}{bare}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
