"""Probes: what is sent on one connection, as data.

A probe is a script of small actions. It says nothing of sockets and nothing of what the answer should be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from conformance.rule import Risk

Fields: TypeAlias = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class Send:
    """Write these octets in one piece."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on reading for so many seconds without sending."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Receive:
    """Read until this many final responses in all are complete, or the connection ends, or patience runs out."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class AwaitEnd:
    """Read until the server ends the connection or patience runs out."""


@dataclass(frozen=True, slots=True)
class AwaitAny:
    """Read until a response of any kind, also an interim one, has come; if patience runs out, go on all the same."""


@dataclass(frozen=True, slots=True)
class HalfClose:
    """End our direction of the connection (FIN) and go on reading."""


@dataclass(frozen=True, slots=True)
class Abort:
    """Break the connection off with a reset, whatever is under way."""


Action: TypeAlias = Send | Pause | Receive | AwaitAny | AwaitEnd | HalfClose | Abort


@dataclass(frozen=True, slots=True)
class Probe:
    """A script for one connection.

    ``methods`` names the method of each request in turn, because a reader must know which answers are to HEAD; the
    requests beyond its end count as GET. An empty script connects and closes. Two probes are equal exactly if they do
    the same on the wire: ``risk`` only says when to play it.
    """

    actions: tuple[Action, ...]
    methods: tuple[str, ...] = ("GET",)
    risk: Risk = field(default=Risk.ORDINARY, compare=False)

    @property
    def sent(self) -> bytes:
        """All octets of the script, in order."""
        return b"".join(action.data for action in self.actions if isinstance(action, Send))

    @property
    def told(self) -> tuple[Action, ...]:
        """The actions as people are told them: without the moment in which more than the replies may come."""
        lingers = (
            len(self.actions) > 1 and isinstance(self.actions[-1], Pause) and isinstance(self.actions[-2], Receive)
        )
        return self.actions[:-1] if lingers else self.actions


def octets(text: str | bytes) -> bytes:
    """Text as the octets of its ISO-8859-1 code points; octets unchanged."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def compose(
    method: str | bytes,
    target: str | bytes,
    fields: Fields,
    *,
    version: str | bytes = "HTTP/1.1",
    body: bytes = b"",
) -> bytes:
    """One request, exactly as told: no field is added, nothing is checked."""
    line = b" ".join(map(octets, (method, target, version)))
    head = b"".join(octets(name) + b": " + octets(value) + b"\r\n" for name, value in fields)
    return line + b"\r\n" + head + b"\r\n" + body
