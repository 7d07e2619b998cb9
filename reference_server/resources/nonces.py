"""The nonces of Digest challenges (RFC 7616): made without being stored, each count good for one request.

A nonce carries its own time and is signed, so every worker of the server knows it for its own.  Which counts were used
is remembered by the worker that saw them: a request that was overheard can be repeated once to each other worker
within the nonce's life, and not at all where there is one worker.
"""

from __future__ import annotations

import hmac
import os
import re
import threading

# Made when the program is loaded, before any worker is forked: all of them sign with it.
SECRET = os.urandom(32)
LIFETIME = 300
# Requests on several connections may overtake each other by so many counts.
WINDOW = 256
KEPT = 4096
_NONCE = re.compile(rb"([0-9a-f]{10}[0-9a-f]{16})([0-9a-f]{32})")


class Nonces:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._used: dict[bytes, tuple[int, int]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def issue(self, realm: bytes, now: int) -> bytes:
        """A new one each time: two clients must not count on the same."""
        stem = b"%010x" % max(now, 0) + os.urandom(8).hex().encode("ascii")
        return stem + signature(stem, realm)

    def is_fresh(self, nonce: bytes, realm: bytes, now: int) -> bool:
        """Whether it was issued here, for this realm, and not long ago."""
        match = _NONCE.fullmatch(nonce)
        if match is None or not hmac.compare_digest(match[2], signature(match[1], realm)):
            return False
        return abs(now - issued_at(nonce)) <= LIFETIME

    def use(self, nonce: bytes, count: int) -> bool:
        """Note that `count` was used; False if it had been, or may have been, before.  Only for a fresh nonce."""
        with self._lock:
            if nonce not in self._used and issued_at(nonce) <= self._forgotten:
                return False
            highest, mask = self._used.get(nonce, (0, 0))
            behind = highest - count
            if count < 1 or behind >= WINDOW or (behind >= 0 and mask >> behind & 1):
                return False
            if behind < 0:
                mask = (mask << min(-behind, WINDOW) | 1) % (1 << WINDOW)
            else:
                mask |= 1 << behind
            self._make_room(nonce)
            self._used[nonce] = max(highest, count), mask
            return True

    def _make_room(self, nonce: bytes) -> None:
        """Of what is forgotten nobody can say what was used, so all that is as old counts as used up."""
        while nonce not in self._used and len(self._used) >= KEPT:
            oldest = next(iter(self._used))
            del self._used[oldest]
            self._forgotten = max(self._forgotten, issued_at(oldest))


def signature(stem: bytes, realm: bytes) -> bytes:
    return hmac.digest(SECRET, stem + realm, "sha256").hex()[:32].encode("ascii")


def issued_at(nonce: bytes) -> int:
    return int(nonce[:10], 16)
