"""Controls: the valid twins that requests are judged beside, and the judgements that several areas share.

No rule is declared here. A refusal proves something only if the same request without its fault is served.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import OVERLOADED, broken, describe, passed, served, stays_open, unclear
from conformance.probe import AwaitEnd, Probe, Send, octets
from conformance.rule import Risk
from conformance.verdict import Judgement

CLOSE = ("Connection", "close")
NOT_HTTP = b"(((\r\n\r\n"
CLOSED_UNANSWERED = "the connection was closed without a reply"
OR_ANOTHER = "another refusal that fits (RFC 9110 §15.5, §15.6), or a close without an answer (RFC 9112 §9.5)"
REFUSAL = f"400 (RFC 9112 §2.2), {OR_ANOTHER}"
TARGET_REFUSAL = f"400 or 301 (RFC 9112 §3.2), {OR_ANOTHER}"


def static_target(evidence: Evidence) -> str:
    """A static page that is served, or the root."""
    document = evidence.site.document
    if document is not None and served(evidence.get(document.target)):
        return document.target
    return "/"


def request_of(evidence: Evidence, line: str | bytes, lines: Iterable[str | bytes] = ()) -> bytes:
    """A request with this request line, a good Host and these field lines, each without its line end."""
    head = [octets(line), octets(f"Host: {evidence.site.authority}"), *map(octets, lines)]
    return b"\r\n".join(head) + b"\r\n\r\n"


def speaks_only_10(evidence: Evidence) -> bool:
    """Whether the server calls itself HTTP/1.0 even to a client of HTTP/1.1 (RFC 9110 §6.2): it owes what 1.0 owes."""
    response = evidence.get(static_target(evidence)).response
    return response is not None and response.version == "HTTP/1.0"


def turned_down(
    exchange: Exchange,
    control: Exchange,
    message: str,
    *,
    also: Collection[int] = (301, 501, 505),
    expected: str = REFUSAL,
) -> Judgement:
    """Judge a faulty request whose good twin is ``control``: a 4xx, a status in ``also`` or a close is right.

    ``expected`` says so, with the sections.
    """
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if closed_unanswered(exchange):
        return passed(CLOSED_UNANSWERED)
    status = exchange.status
    if status is not None and (400 <= status <= 499 or status in also):
        return passed(describe(exchange))
    return broken(exchange, message, expected=expected)


def closed_unanswered(exchange: Exchange) -> bool:
    """Whether the server ended the connection without an octet, and lives."""
    return exchange.peer_ended and not exchange.received and not exchange.killed


def asked_to_close(evidence: Evidence) -> Exchange:
    """The control with ``Connection: close``, read to the end of the connection."""
    return evidence.get(static_target(evidence), [CLOSE], to_end=True)


def close_matters(evidence: Evidence) -> bool:
    """Whether ``Connection: close`` has a visible effect: only with it does the server close."""
    return stays_open(evidence) and asked_to_close(evidence).ending is Ending.CLOSED


def understood_like_control(evidence: Evidence, lines: Iterable[str | bytes], message: str) -> Judgement:
    """Judge a GET with these field lines, a Host and a close among them, spelled unusually but well.

    It must draw the status of the usual spelling, and must be followed by a close where the usual spelling is.
    """
    control = asked_to_close(evidence)
    head = [octets(f"GET {static_target(evidence)} HTTP/1.1"), *map(octets, lines)]
    data = b"\r\n".join(head) + b"\r\n\r\n"
    exchange = evidence.play(Probe((Send(data), AwaitEnd()), ("GET",), Risk.UNUSUAL))
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status != control.status:
        return broken(exchange, message, expected=f"status {control.status}, as with the usual spelling")
    if exchange.ending is Ending.SILENT and close_matters(evidence):
        return broken(
            exchange,
            message,
            expected="a close after the reply, as with the usual spelling",
            observed="the connection stayed open: the Connection field was not understood",
        )
    return passed()
