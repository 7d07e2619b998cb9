"""Examples and mutations: a request that knows which rule it obeys or breaks, and how such requests are made.

An example is one connection: perhaps some good requests, the one in question, perhaps good ones behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

from hypothesis.strategies import SearchStrategy

from conformance.fuzz.message import Request
from conformance.probe import Action, HalfClose, Pause, Probe, Receive, Send
from conformance.rule import Risk

MOMENT = 0.01
"""Seconds between the pieces of a request that is sent with pauses, and behind its reply."""


class Fate(StrEnum):
    """What the RFCs say of a request."""

    SERVED = "must be served"  # as the plain request that it is equivalent to
    REFUSED = "must be refused"  # malformed, and nothing lets a server repair it in silence
    EITHER = "may be either"  # several outcomes are lawful


@dataclass(frozen=True, slots=True)
class Ground:
    """What the examples are made for: a server and what it is known to serve.

    ``pages`` are targets whose plain GET was answered by 200, the simplest first. ``taker`` is a method and a target
    that take a body and answer by 2xx; POST to a page that refuses it if there is nothing better.
    ``validators`` are the ETag and the Last-Modified of pages, behind their targets; what is not sent is empty.
    """

    authority: bytes
    pages: tuple[bytes, ...] = (b"/",)
    taker: tuple[bytes, bytes] = (b"POST", b"/")
    capabilities: frozenset[str] = frozenset()
    validators: tuple[tuple[bytes, bytes, bytes], ...] = ()


class Base(StrEnum):
    """What kind of good request a mutation starts from."""

    PLAIN = "a GET without a body"
    LENGTH = "a body announced by Content-Length"
    CHUNKED = "a body in chunks"


Make: TypeAlias = Callable[[Request, Ground], SearchStrategy[Request]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named change to good requests, and what may become of them.

    ``rule`` is the id of the rule that a wrong answer breaks. ``finished`` is false where a server may take the
    request for unfinished and wait. ``needs`` are the capabilities without which the mutation says nothing.
    ``alone`` keeps other requests off its connection.
    """

    name: str
    rule: str
    fate: Fate
    make: Make = field(compare=False)
    base: Base = Base.PLAIN
    finished: bool = True
    needs: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Example:
    """One connection: the ``request`` in question among good ones; ``plain`` is the good request that it was made of.

    ``cuts`` are offsets into the octets of the connection at which a new piece begins; ``pauses`` tells whether time
    passes between the pieces, or where there are none behind the last reply: one too many may come.
    """

    mutation: Mutation
    request: Request
    plain: Request
    before: tuple[Request, ...] = ()
    after: tuple[Request, ...] = ()
    cuts: tuple[int, ...] = ()
    pauses: bool = False

    @property
    def fate(self) -> Fate:
        """What the RFCs say of the request in question."""
        return self.mutation.fate

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests of the connection."""
        return (*self.before, self.request, *self.after)

    @cached_property
    def data(self) -> bytes:
        """All octets of the connection."""
        return b"".join(request.data for request in self.requests)

    @property
    def finished(self) -> bool:
        """Whether a reader by the strict grammar has seen the end of the request: otherwise it may wait for more."""
        return self.mutation.finished and b"\r\n\r\n" in self.request.data

    @cached_property
    def probe(self) -> Probe:
        """What is played: one answer for each request is awaited."""
        edges = [0, *(cut for cut in sorted(set(self.cuts)) if 0 < cut < len(self.data)), len(self.data)]
        script: list[Action] = []
        for start, stop in pairwise(edges):
            if script and self.pauses:
                script.append(Pause(MOMENT))
            script.append(Send(self.data[start:stop]))
        methods = tuple(request.method.decode("latin-1") for request in self.requests)
        risk = Risk.UNUSUAL if self.fate is Fate.SERVED else Risk.MALFORMED
        if not self.finished:
            script.append(HalfClose())  # nothing more comes: whoever waits for it need not
        script.append(Receive(len(self.requests)))
        if self.pauses and not self.cuts:
            script.append(Pause(MOMENT))
        return Probe(tuple(script), methods, risk)
