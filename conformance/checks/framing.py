"""Where a reply ends (RFC 9112 §6.2, §6.3, §9.3; RFC 2616 §4.3, §4.4, §14.13): its length, or the end of the connection.

Transfer codings have modules of their own (``transfer_coding``, ``chunked``), and so has HEAD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from conformance.check import check
from conformance.chunks import SIZE_LINE
from conformance.connections import (
    document,
    known_content,
    surplus,
    target_of,
    to_the_end,
    twice,
    usual_targets,
)
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import absent, broken, each, each_field, found, passed, served, unclear
from conformance.reading import DefectKind, Field, Framing, Response, Span
from conformance.site import Page
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOTHING = "no answer had a head"


@check(
    "framing.length-or-close",
    statement="The end of every reply can be told: by its length, by chunked coding, or by the end of the connection.",
    why="A browser that cannot tell the end spins for ever.",
    hint="Send Content-Length with every reply, error pages and redirects too, or close the connection after sendall().",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n\r\nok (and the connection stays open)",
    ),
)
def length_or_close(evidence: Evidence) -> Judgement:
    endless = all(exchange.ending is Ending.FLOOD for exchange in evidence.baseline)

    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.complete or response.defect(DefectKind.NO_EMPTY_LINE) or response.status is None:
            return None
        if exchange.ending is Ending.FLOOD and (endless or response.framing is not Framing.LENGTH):
            return found(
                exchange,
                "The reply does not end.",
                expected="a body that ends",
                observed=f"{len(exchange.received)} octets, and still more",
            )
        if exchange.ending is Ending.SILENT and response.framing is Framing.CLOSE and not _lengths(response):
            return found(
                exchange,
                "The reply has no length, and the connection stays open after it.",
                expected="Content-Length, chunked coding, or the end of the connection",
                observed=f"neither, and the connection was open {exchange.waited:.1f} s after the last octet",
            )
        return None

    return each(evidence.answers, test, NOTHING)


@check(
    "framing.content-length-grammar",
    statement="Content-Length is one number in decimal digits, sent once.",
    why="The client cuts the body where this number says; what it cannot read, or reads twice, makes the reply invalid.",
    hint='Write str(len(body)) with body as octets, nothing after it, and check that the field is not sent twice.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Length: 12 bytes\r\n…",
    ),
)
def content_length_grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response, field: Field) -> Finding | None:
        lines = _lengths(response)
        if len(lines) == 1 and re.fullmatch("[0-9]+", field.value):
            return None
        return found(
            exchange,
            "Content-Length is not one number." if len(lines) == 1 else "Content-Length is sent more than once.",
            expected="one field with decimal digits",
            observed=", ".join(repr(line.value) for line in lines),
            span=lines[-1].span,
        )

    return each_field(evidence.answers, {"content-length"}, test)


def _lengths(response: Response) -> tuple[Field, ...]:
    return response.all("content-length")


class Blame(Enum):
    """Whose fault it is that a body and its Content-Length differ."""

    LENGTH = "the number is wrong"
    OUTSIDE = "octets after the body"
    CHARACTERS = "characters were counted"
    BROKEN_OFF = "the connection ended within the body"


@dataclass(frozen=True, slots=True)
class Difference:
    """A reply whose body is not as long as announced: ``sent`` octets came, as far as can be told."""

    exchange: Exchange
    announced: int
    sent: int
    blame: Blame
    known: bool
    span: Span


def _differences(evidence: Evidence) -> list[Difference]:
    """Every such reply among plain GETs, each of them followed by a second one that shows where the first ended."""
    non_ascii = [page.target] if (page := _text_beyond_ascii(evidence)) else []
    targets = dict.fromkeys([*usual_targets(evidence), *non_ascii])
    exchanges = [*(twice(evidence, target) for target in targets), *evidence.ordinary, *evidence.refusals]
    every = [d for d in (_difference(evidence, x) for x in dict.fromkeys_by_probe(exchanges)) if d is not None]
    outside = any(d.known and d.blame is Blame.OUTSIDE for d in every)
    return [
        Difference(d.exchange, d.announced, d.sent, Blame.OUTSIDE, d.known, d.span)
        if outside and not d.known and d.blame is Blame.LENGTH and d.sent > d.announced
        else d
        for d in every
    ]
