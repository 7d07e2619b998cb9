"""What a property is given: an example with what came, and the answers to good requests that it is compared with.

Controls are played once, and again where a difference shows: what differs between two plays of the same octets, or
follows a field that means nothing, proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from conformance.exchange import Ending, Exchange
from conformance.fuzz.example import Example
from conformance.fuzz.message import FieldLine, Request
from conformance.predicates import OVERLOADED
from conformance.probe import Probe, Receive, Send
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Finding

WITNESS = FieldLine(b"X-Conformance-Witness", b"a field that means nothing")
"""A page that shows what it was sent changes with it; other pages do not."""
SILENCES = 1
"""So many silences behind good requests that come together are waited for with the full patience: the first."""
TURNED_AWAY = 3
"""So often is a good request repeated that is turned away as one too many: it shows nothing."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule by its id, and the finding that shows it broken."""

    rule: str
    finding: Finding


@dataclass
class Controls:
    """The answers to good requests, each alone on its connection or in the company that is asked for."""

    player: Callable[[Probe], Exchange]
    known: dict[bytes, Exchange] = field(default_factory=dict)
    restless: dict[bytes, set[str]] = field(default_factory=dict)
    sound: set[int] = field(default_factory=set)
    """Digests of replies whose build was found good."""
    hasty: Callable[[Probe], Exchange] | None = None
    """Plays with less patience: used for several requests together, once it is known that such are left waiting."""
    silences: int = 0

    def answer(self, request: Request) -> Exchange:
        """The exchange of ``request`` alone."""
        return self.known.get(request.data) or self.afresh(request)

    def afresh(self, *requests: Request) -> Exchange:
        """The exchange of ``requests`` in one write, played now."""
        data = b"".join(request.data for request in requests)
        methods = tuple(request.method.decode("latin-1") for request in requests)
        probe = Probe((Send(data), Receive(len(requests))), methods, Risk.UNUSUAL)
        together = len(requests) > 1
        play = self.hasty if self.hasty is not None and together and self.silences >= SILENCES else self.player
        exchange = play(probe)
        self.silences += together and exchange.ending is Ending.SILENT
        for _ in range(TURNED_AWAY):
            if not any(response.status in OVERLOADED for response in exchange.responses):
                break
            exchange = play(probe)
        self.known[data] = exchange
        return exchange

    def sequence(self, *requests: Request) -> Exchange:
        """The exchange of ``requests`` in one write."""
        return self.known.get(b"".join(request.data for request in requests)) or self.afresh(*requests)

    def steady(self, request: Request, aspect: str, look: Callable[[Response], object]) -> bool:
        """Whether what ``look`` sees in the answer to ``request`` is always the same, whoever asks."""
        moving = self.restless.setdefault(request.data, set())
        if aspect not in moving:
            first = self.answer(request)
            tried = (first, self.afresh(request), self.afresh(request.adding(WITNESS)), self.afresh(request))
            seen = {repr(look(exchange.response)) if exchange.response else None for exchange in tried}
            if len(seen) > 1:
                moving.add(aspect)
        return aspect not in moving


@dataclass(frozen=True, slots=True)
class Case:
    """One example with what came, what it may be compared with, and the examples that were played just before."""

    example: Example
    exchange: Exchange
    controls: Controls
    recent: tuple[Example, ...] = ()

    @property
    def answer(self) -> Response | None:
        """The final response to the request in question."""
        index = len(self.example.before)
        return self.exchange.responses[index] if index < len(self.exchange.responses) else None

    @property
    def control(self) -> Exchange:
        """The exchange of the good request that the one in question was made of."""
        return self.controls.answer(self.example.plain)

    @property
    def name(self) -> str:
        """What was done to the request."""
        return self.example.mutation.name


Property: TypeAlias = Callable[[Case], Iterator[Breach]]


def usable(response: Response | None) -> bool:
    """Whether a whole response came that tells something: it has a status, and not one of overload."""
    return response is not None and response.complete and response.status not in (None, *OVERLOADED)


def well_named(request: Request, name: bytes) -> list[bytes]:
    """The values of the field lines of this name that are beyond doubt: nothing strange stands around them."""
    return [
        line.value
        for line in request.fields
        if line.name.lower() == name and line.end == b"\r\n" and line.colon.strip(b" \t") == b":" == line.colon[:1]
    ]
