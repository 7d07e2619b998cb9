"""Strategies for requests that are valid, or nearly: what an example is, and how choices are made.

Every choice is made of booleans. Other draws of Hypothesis may mix in constants that it finds in whatever modules the
process has loaded, and a run could not be repeated elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
SPARE_BITS = 3  # so many more than needed, lest the first options come up twice as often as the last


class Fate(StrEnum):
    """What the RFCs say of a request."""

    ACCEPTED = "accepted"  # well formed: not to be called malformed
    REFUSED = "refused"  # malformed, and nothing lets a server repair it in silence
    EITHER = "either"  # several outcomes are lawful


@dataclass(frozen=True, slots=True)
class Example:
    """One request: what was done to it, its octets, and what may become of it."""

    change: str
    data: bytes
    fate: Fate

    @property
    def finished(self) -> bool:
        """Whether a reader by the strict grammar has seen the end of the head: otherwise it may wait for more."""
        return self.data.endswith(b"\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Good:
    """The good request that changes are made to."""

    authority: bytes
    target: bytes

    def request(
        self,
        *,
        method: bytes = b"GET",
        target: bytes | None = None,
        version: bytes = b"HTTP/1.1",
        fields: Sequence[bytes] = (),
        host: bytes | None = None,
    ) -> bytes:
        """The request with some of its parts exchanged; ``fields`` and ``host`` are whole lines."""
        wanted = self.target if target is None else target
        return self.with_line(b" ".join((method, wanted, version)), fields, host)

    def with_line(self, line: bytes, fields: Sequence[bytes] = (), host: bytes | None = None) -> bytes:
        """The request with another request line."""
        first = b"Host: " + self.authority if host is None else host
        return b"\r\n".join((line, first, *fields)) + b"\r\n\r\n"


Make: TypeAlias = Callable[[Good], st.SearchStrategy[bytes]]


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change: its name, what may become of the requests, and how they are made from a good one."""

    name: str
    fate: Fate
    make: Make


def pick(options: Sequence[T]) -> st.SearchStrategy[T]:
    """One of ``options``; shrinks towards the first."""
    bits = max(1, (len(options) - 1).bit_length()) + SPARE_BITS
    return st.tuples(*[st.booleans()] * bits).map(
        lambda drawn: options[sum(bit << n for n, bit in enumerate(drawn)) % len(options)]
    )


def word(alphabet: bytes, most: int = 8) -> st.SearchStrategy[bytes]:
    """Up to ``most`` octets of ``alphabet``, at least one; shrinks towards one octet, the first."""
    octets = [bytes([octet]) for octet in alphabet]
    return st.lists(pick(octets), min_size=1, max_size=most).map(b"".join)


def requests(change: Change, authority: str, target: str) -> st.SearchStrategy[Example]:
    """Requests for ``target`` at ``authority`` with this change."""
    good = Good(authority.encode("latin-1"), target.encode("latin-1"))
    return change.make(good).map(lambda data: Example(change.name, data, change.fate))
