"""The second opinion: h11 reads each reply too, and must see the same body and the same end (RFC 9112 §2.1, §6.3).

What it refuses is put down to the rule of the first fault that a look at the head finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance import oracle
from conformance.fuzz.properties.case import Breach, Case
from conformance.grammar import STATUS_LINE, is_token
from conformance.predicates import found
from conformance.response import Framing, Response, Span


def disagreement(case: Case, response: Response, octets: bytes) -> Iterator[Breach]:
    """What h11 says where the reader has nothing to say."""
    if b"\nte:" in case.example.data.lower():
        return  # codings that were asked for are lawful, and unknown to h11
    opinion = oracle.opinion_of(octets, response.method, ended=response.framing is Framing.CLOSE)
    if opinion.refusal:
        rule, span = _blame(response)
        expected = "a response in good form (RFC 9112 §2.1)"
        message = "h11, a strict client, cannot read the reply."
        yield Breach(rule, found(case.exchange, message, expected=expected, observed=opinion.refusal, span=span))
    elif not opinion.whole or opinion.rest or opinion.body != response.body:
        observed = f"h11 reads {len(opinion.body)} octets, where {len(response.body)} were meant"
        message, expected = "Two clients see the end of the reply in two places.", "one meaning (RFC 9112 §6.3)"
        finding = found(case.exchange, message, expected=expected, observed=observed, span=response.span)
        yield Breach("framing.length-or-close", finding)


def _blame(response: Response) -> tuple[str, Span | None]:
    """The rule that a reply breaks which h11 refuses."""
    line = response.status_line
    if line is not None and not STATUS_LINE.fullmatch(line.text.decode("latin-1")):
        return "message.response-structure", line.span
    for field in response.fields:
        if field.name != field.name.rstrip():
            return "field.no-space-before-colon-sent", field.span
        if not is_token(field.name):
            return "field.name-token", field.span
        if re.search(r"[\0-\x08\x0b-\x1f\x7f]", field.raw):
            return "field.no-control-octets-sent", field.span
        if field.key == "content-length" and not field.value.isdecimal():
            return "framing.content-length-grammar", field.span
    lengths = response.all("content-length")
    if len({field.value for field in lengths}) > 1:
        return "field.singletons-not-repeated", lengths[1].span
    return "message.response-structure", line.span if line else None
