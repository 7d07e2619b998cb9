"""Whose fault it is: the rules that are broken where answers do not fit their requests, or octets are left over."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.connections import says_close
from conformance.exchange import Ending, Exchange
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.message import Chunked
from conformance.fuzz.properties import Breach
from conformance.fuzz.properties.build import misplaced
from conformance.predicates import found
from conformance.response import DefectKind, Framing, Response

SIGN = b"HTTP/"
FIRST = "status-line.first-octets"


def overstepped(before: Response, asked: Asked) -> str | None:
    """The rule that forbids an answer after this one; None if only its version, HTTP/1.0, made it the last one."""
    if says_close(before):
        return "connection.nothing-after-own-close"
    if asked.closes:
        return "connection.nothing-after-close-request"
    return "connection.http10-closes-by-default" if asked.old else None


def waits_for_length(asked: Asked) -> bool:
    """Whether the head has come, and the rest of a body whose length it tells is awaited."""
    return asked.head_sent and isinstance(asked.request.body, bytes)


def cut_short(dialogue: Dialogue, response: Response) -> Iterator[Breach]:
    """The server ended the connection inside an answer, of its own accord."""
    if dialogue.line.ending is Ending.CLOSED and not dialogue.half_closed and response.status is not None:
        dialogue.over = True
        yield Breach(
            "connection.no-close-mid-response",
            found(
                dialogue.exchange(),
                "The connection ends inside an answer.",
                expected="the whole answer",
                span=response.span,
            ),
        )


def unended(exchange: Exchange, response: Response) -> Iterator[Breach]:
    """The rest of an answer does not come, though the connection stays open; alone, all of it does."""
    said = response.field("content-length")
    if response.status is not None and response.framing is Framing.LENGTH and said is not None:
        message = "The rest of an answer does not come, and the connection stays open."
        expected = f"{said.value} octets, as Content-Length says (RFC 9112 §6.3)"
        observed = f"{len(response.body)} octets, then nothing"
        finding = found(exchange, message, expected=expected, observed=observed, span=said.span)
        yield Breach("framing.content-length-exact", finding)


def surplus(dialogue: Dialogue) -> Iterator[Breach]:
    """Octets that belong to no answer."""
    transcript = dialogue.transcript
    start, stop = transcript.trailing
    rest = bytes(dialogue.line.received[start:stop])
    before = next((each for each in transcript.responses[1:] if each.defect(DefectKind.OCTETS_BEFORE)), None)
    whole = transcript.complete == len(transcript.responses) and transcript.complete > 0
    if dialogue.over or not whole or not (before or (rest and not SIGN.startswith(rest[:5].upper()))):
        return
    dialogue.over = True
    index = transcript.complete - 1 if before is None else transcript.responses.index(before) - 1
    always = transcript.responses[0].defect(DefectKind.OCTETS_BEFORE)
    rule, message = (FIRST, "Octets stand before a status line.") if always else misplaced(transcript.responses[index])
    stray = before.defect(DefectKind.OCTETS_BEFORE) if before is not None else None
    span = stray.span if stray is not None else (start, stop)
    if rule == "framing.content-length-exact" and not dialogue.line.received[span[0] : span[1]].strip(b"\r\n"):
        rule, message = "framing.no-octets-outside-messages", "An empty line comes that belongs to no answer."
    yield Breach(rule, found(dialogue.exchange(), message, expected="nothing", observed=repr(rest[:60]), span=span))


def desynchronised(before: tuple[Asked, bool] | None) -> str | None:
    """The rule that is broken if a request with a body has put the connection out of step."""
    if before is None or not before[0].request.content:
        return None
    served = before[1] and not isinstance(before[0].request.body, Chunked)
    return "framing.content-length-delimits-request-body" if served else "framing.read-body-or-close"
