"""What the mutations of framing are made of: requests that bear a body, and what may come behind them.

No mutation is declared here. Faults are sent with GET, which every server has, and now and then to what takes a body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground, Make
from conformance.fuzz.manner import Way, manner
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.site import MISSING

HELLO = b"hello"
READ = "framing.read-body-or-close"
CHUNKED = FieldLine(b"Transfer-Encoding", b"chunked")
ON_TAKER = st.sampled_from((False, False, False, True))
"""Whether a body goes to the ground's taker instead of with a GET of a page."""

Drawn = TypeVar("Drawn")


class Behind(StrEnum):
    """What may be answered on the same connection behind a request."""

    ANYTHING = "anything"  # its end is where a server reads it to be: octets of its body may be the next request
    OWN = "what was sent as a request"  # and never what stands in a body
    PLAIN = "the next request, or nothing"  # its end is known, so that a server that has served it is in step
    UNSERVED = "no success after a success"  # where it ends cannot be known, so nobody goes on as if it could
    SWALLOWED = "one success fewer than requests"  # its end is missing: the next request is a part of it
    NOTHING = "nothing"  # the connection must end


@dataclass(frozen=True, slots=True)
class Following:
    """What may come behind the requests of a mutation, and the rule that is broken by anything else."""

    behind: Behind
    rule: str


FOLLOWING: dict[str, Following] = {}
"""By the name of a mutation; where there is none, anything may come."""


def framing(
    name: str,
    rule: str,
    fate: Fate,
    *,
    behind: Behind = Behind.ANYTHING,
    else_rule: str = "",
    base: Base = Base.PLAIN,
    finished: bool = True,
    needs: tuple[str, ...] = (),
    alone: bool = False,
) -> Callable[[Make], Make]:
    """Declare a mutation, and what may come ``behind`` it; anything else breaks ``else_rule``.

    Where nothing else shows a fault, its examples stand among other requests.
    """

    def register(make: Make) -> Make:
        FOLLOWING[name] = Following(behind, else_rule or (READ if behind is Behind.PLAIN else rule))
        if behind is not Behind.ANYTHING and fate is Fate.EITHER:
            manner(Way.ROW)(make)
        return mutation(name, rule, fate, base=base, finished=finished, needs=needs, alone=alone)(make)

    return register


def bearing(
    plain: Request, ground: Ground, taker: bool, lines: Sequence[FieldLine], body: bytes | Chunked = HELLO
) -> Request:
    """``plain``, or a request of the taker, with these field lines behind the others and with this body."""
    method, target = ground.taker if taker else (plain.method, plain.target)
    return replace(plain, method=method, target=target, fields=(*plain.fields, *lines), body=body)


def with_lengths(values: Sequence[tuple[bytes, ...]], body: bytes = HELLO) -> Make:
    """Requests with these values of Content-Length, each in a line of its own."""
    lines = [tuple(FieldLine(b"Content-Length", value) for value in each) for each in values]
    return _made(lines, lambda plain, ground, taker, each: bearing(plain, ground, taker, each, body))


def with_codings(values: Sequence[tuple[bytes, ...]], body: bytes | Chunked | None = None) -> Make:
    """Requests with these values of Transfer-Encoding, and with five octets in a chunk."""
    sent = chunks() if body is None else body
    lines = [tuple(FieldLine(b"Transfer-Encoding", value) for value in each) for each in values]
    return _made(lines, lambda plain, ground, taker, each: bearing(plain, ground, taker, each, sent))


def with_chunks(bodies: Sequence[Chunked]) -> Make:
    """Requests with these bodies in chunks."""
    return _made(bodies, lambda plain, ground, taker, body: bearing(plain, ground, taker, (CHUNKED,), body))


def _made(options: Sequence[Drawn], make: Callable[[Request, Ground, bool, Drawn], Request]) -> Make:
    drawn = st.tuples(ON_TAKER, st.sampled_from(options))
    return lambda plain, ground: drawn.map(lambda pair: make(plain, ground, *pair))


def chunks(size: bytes | None = None, **pieces: bytes) -> Chunked:
    """Five octets in one chunk; ``size`` is written instead of the true one, ``pieces`` as in Chunk."""
    return Chunked((Chunk(HELLO, size, **pieces),))


def canary(ground: Ground) -> Request:
    """A request for what is not there: if a body holds it, and its answer comes, the body was read as requests."""
    return Request(b"GET", MISSING.encode("latin-1"), (FieldLine(b"Host", ground.authority),))
