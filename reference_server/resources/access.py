"""Folders for some users only: who is asking, and may they (RFC 9110 11, 15.5.2, 15.5.4)?

Asked before anything is looked up, with the decoded and resolved path, so that no spelling of a path leads around it
and no reply tells a stranger what exists.  The innermost protected folder decides.  Folders of one realm share their
users: who is known there but not let into a folder gets 403, everybody else 401.

Nothing is added to Cache-Control: shared caches keep no reply to a request with Authorization (RFC 9111 3.5).
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from reference_server.config import ProtectedFolder, Scheme
from reference_server.http1.messages import Fields, Refusal, Request
from reference_server.resources.nonces import Nonces
from reference_server.semantics import authentication

Passwords = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Door:
    """A protected folder, compiled: `known` are all users of its realm, `users` those who may enter."""

    path: tuple[bytes, ...]
    realm: bytes
    scheme: Scheme
    users: frozenset[bytes]
    known: Passwords


class Access:
    """The doors of one site, the innermost first."""

    def __init__(self, folders: Sequence[ProtectedFolder]) -> None:
        doors = [door_of(folder, folders) for folder in folders]
        self.doors = sorted(doors, key=lambda door: len(door.path), reverse=True)
        self._nonces = Nonces()

    def door_to(self, segments: Sequence[bytes]) -> Door | None:
        for door in self.doors:
            if tuple(segments[: len(door.path)]) == door.path:
                return door
        return None

    def admit(self, request: Request, segments: Sequence[bytes], now: int, counting: bool = True) -> Fields:
        """Set `user` and `auth_scheme`; gives what the reply has to carry.  Who may not enter is refused.

        `counting` is off for a first look at a request that will be judged again (RFC 9110 10.1.1).
        """
        door = self.door_to(segments)
        return [] if door is None else self._pass(door, request, now, counting)

    def admit_behind(self, request: Request, segments: Sequence[bytes], names: Sequence[bytes], now: int) -> None:
        """The same for the place that a link led to: a link is no way around a door.

        One answer may lead through several doors and look behind each several times, but counts once.
        """
        door = self.door_to(names)
        if door is not None and door is not self.door_to(segments):
            self._pass(door, request, now, counting=not request.auth_scheme)

    def _pass(self, door: Door, request: Request, now: int, counting: bool) -> Fields:
        values = request.values(b"authorization")
        scheme, rest = authentication.split_credentials(values[0]) if len(values) == 1 else (b"", b"")
        if scheme != door.scheme.value.encode("ascii"):
            raise self._challenge(door, now)
        fields: Fields = []
        if door.scheme is Scheme.BASIC:
            user = self._basic(door, rest, now)
        else:
            user, fields = self._digest(door, request, rest, now, counting)
        if user not in door.users:
            raise Refusal(403, "This is not for you.")
        request.user, request.auth_scheme = user, door.scheme.value.capitalize().encode("ascii")
        return fields

    def _basic(self, door: Door, token: bytes, now: int) -> bytes:
        given = authentication.parse_basic(token)
        if given is None:
            raise self._challenge(door, now)
        user, password = composed(given[0]), composed(given[1])
        if not same(password, door.known.get(user)):
            raise self._challenge(door, now)
        return user

    def _digest(self, door: Door, request: Request, octets: bytes, now: int, counting: bool) -> tuple[bytes, Fields]:
        """What the client has signed is the request that it sent, even if another one is answered in its place."""
        sent = request.asked or request
        answer = authentication.parse_digest(octets)
        if answer is None or answer.realm != door.realm:
            raise self._challenge(door, now)
        user = composed(answer.user)
        password = door.known.get(user)
        expected = authentication.digest_response(answer, password or b"", sent.method.encode("ascii"))
        if not same(answer.response, expected) or password is None:
            raise self._challenge(door, now)
        if authentication.origin_form(answer.uri) != authentication.origin_form(sent.target):
            raise Refusal(400, "The credentials are for another address (RFC 7616).")
        counting = counting and not (request.asked and request.asked.auth_scheme)
        if not self._nonces.is_fresh(answer.nonce, door.realm, now) or (
            counting and not self._nonces.use(answer.nonce, answer.count)
        ):
            raise self._challenge(door, now, stale=True)
        return user, [(b"Authentication-Info", authentication.digest_confirmation(answer, password))]

    def _challenge(self, door: Door, now: int, stale: bool = False) -> Refusal:
        """401; each challenge on a line of its own, since many clients read but one from a line (RFC 9110 11.6.1)."""
        if door.scheme is Scheme.BASIC:
            challenges = [authentication.basic_challenge(door.realm)]
        else:
            nonce = self._nonces.issue(door.realm, now)
            challenges = [
                authentication.digest_challenge(door.realm, algorithm, nonce, stale)
                for algorithm in authentication.ALGORITHMS
            ]
        fields = [(b"WWW-Authenticate", challenge) for challenge in challenges]
        return Refusal(401, "This is for some users only: please say who you are.", fields)


def door_of(folder: ProtectedFolder, folders: Sequence[ProtectedFolder]) -> Door:
    """A name that two folders of a realm give different passwords has, at each, the folder's own."""
    known: Passwords = {}
    for other in (*folders, folder):
        if (other.realm, other.scheme) == (folder.realm, folder.scheme):
            known.update(passwords_of(other))
    path = tuple(part.encode() for part in folder.path.strip("/").split("/") if part)
    return Door(path, folder.realm.encode(), folder.scheme, frozenset(passwords_of(folder)), known)


def passwords_of(folder: ProtectedFolder) -> Passwords:
    return {composed(name.encode()): composed(password.encode()) for name, password in folder.users}


def composed(text: bytes) -> bytes:
    """Letters with marks in one spelling, as both schemes ask (RFC 7617); what is no UTF-8 stays as it is."""
    try:
        return unicodedata.normalize("NFC", text.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return text


def same(given: bytes, right: bytes | None) -> bool:
    """In a time that does not tell how much of it was right, nor how long it is, nor whether there is such a user."""
    digests = [hashlib.sha256(octets).digest() for octets in (given, right or b"")]
    return hmac.compare_digest(*digests) and right is not None
