"""Requests with a body, and how it shows what a server made of it (RFC 9112 §6.3, §7.1). No rule is declared here.

A server tells nobody how it read a body. It shows on the same connection, where the right reply to the next request
means that reading went on at the right place; or in what a program found on its standard input. Which of the two shows
anything is tried with a body that is beyond doubt: a :class:`Way`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.checks.cgi_programs import ECHO, program, report_in
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import OVERLOADED, absent, broken, describe, passed, served, unclear
from conformance.probe import Fields
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement

HELLO = b"5\r\nhello\r\n0\r\n\r\n"
CHUNKED = ("Transfer-Encoding", "chunked")
TEXT = ("Content-Type", "text/plain")
INVALID_LENGTH = "framing.invalid-content-length-400"
WORD = ["abc"]
"""A Content-Length that is no number."""
LIMITS = (413, 431, *OVERLOADED)
UNTOLD = "A request whose framing is broken is neither answered nor ended by a close."
NO_WAY = "no chunked body of a request is seen to be read here, so nothing can be compared with it"


@dataclass(frozen=True, slots=True)
class Way:
    """A request with a body that this server reads, and how that is seen."""

    method: str
    target: str

    def send(self, evidence: Evidence, fields: Fields, body: bytes, risk: Risk = Risk.UNUSUAL) -> Exchange:
        """The request, and right behind it a plain GET."""
        first = evidence.request(self.target, [TEXT, *fields], method=self.method, body=body)
        return evidence.pipeline(first, following(evidence), methods=(self.method, "GET"), risk=risk)

    def read(self, evidence: Evidence, exchange: Exchange, content: bytes) -> bool:
        """Whether the body was demonstrably read, and read as ``content``."""
        first = exchange.response
        if first is None or not first.ok:
            return False
        if self.method == "POST":
            report = report_in(first)
            return report is not None and report.get("body_text", "").encode() == content
        return next_answered(evidence, exchange)


def with_lengths(evidence: Evidence, lengths: Iterable[str]) -> Exchange:
    """A GET with these values of Content-Length and five octets, and another GET right behind it."""
    fields = [("Content-Length", length) for length in lengths]
    return Way("GET", static_target(evidence)).send(evidence, fields, b"hello", Risk.MALFORMED)


def ignores_lengths(evidence: Evidence) -> bool:
    """Whether the page is served whatever Content-Length says: nobody has looked for a body."""
    return served(with_lengths(evidence, WORD))


def following(evidence: Evidence) -> bytes:
    """A plain GET of the page that is known to be served."""
    return evidence.request(static_target(evidence))


def next_answered(evidence: Evidence, exchange: Exchange) -> bool:
    """Whether the second reply, and the last, is the right one to :func:`following`."""
    control = evidence.get(static_target(evidence)).response
    replies = exchange.responses
    return len(replies) == 2 and control is not None and is_like(replies[1], control)


def is_like(reply: Response, control: Response) -> bool:
    """Whether two replies have the same status and body."""
    return reply.status == control.status and reply.body == control.body


def ways(evidence: Evidence) -> list[Way]:
    """What can be tried: a GET of a page, a POST to the program that tells what it was sent."""
    echo = program(evidence, ECHO)
    return [Way("GET", static_target(evidence)), *([Way("POST", echo)] if echo else [])]


def way_of_chunks(evidence: Evidence, body: bytes = HELLO, content: bytes = b"hello") -> Way | None:
    """The first way by which the server is seen to read a plain chunked ``body``."""
    tried = (way for way in ways(evidence) if way.read(evidence, way.send(evidence, [CHUNKED], body), content))
    return next(tried, None)


def chunks_alike(evidence: Evidence, bodies: Iterable[bytes], message: str, *, content: bytes = b"hello") -> Judgement:
    """Judge chunked bodies that are as good as the plain one: it is read, and so must they be."""
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    for body in bodies:
        exchange = way.send(evidence, [CHUNKED], body)
        if exchange.status in LIMITS:
            return unclear(f"the server refused to take so much: {describe(exchange)}")
        if not understood(evidence, way, exchange, content):
            expected = f"the same as for the plain chunks {HELLO!r}, or the page and a close (RFC 9112 §9.3)"
            return broken(exchange, message, expected=expected, observed=_replies(exchange))
    return passed()


def _replies(exchange: Exchange) -> str:
    """What came, with the status of the second reply."""
    later = f", and then status {exchange.responses[1].status}" if len(exchange.responses) > 1 else ""
    return describe(exchange) + later


def understood(evidence: Evidence, way: Way, exchange: Exchange, content: bytes) -> bool:
    """Whether the body was read, or may have been: a page may be followed by a close."""
    closes = way.method == "GET" and len(exchange.responses) == 1 and exchange.peer_ended
    return way.read(evidence, exchange, content) or (closes and exchange.responses[0].ok)


def faulty_turned_down(
    evidence: Evidence, way: Way, exchanges: Iterable[Exchange], message: str, expected: str
) -> Judgement:
    """Judge requests with a fault in the framing of the body, whose good twins are read.

    A refusal is right, and so is a close, also after a page that was sent before the body was looked at.
    """
    seen = ""
    for exchange in exchanges:
        seen = describe(exchange)
        if exchange.status in OVERLOADED:
            return unclear(f"the server was overloaded: {seen}")
        first, waits = exchange.response, exchange.ending is Ending.SILENT
        ran = way.method == "POST" and first is not None and first.ok
        refused = first is not None and first.status is not None and first.status >= 400
        if ran or next_answered(evidence, exchange) or (waits and not refused):
            told = message if exchange.responses else UNTOLD
            return broken(exchange, told, expected=expected, observed=_consequence(exchange))
    return passed(seen)


def _consequence(exchange: Exchange) -> str:
    if len(exchange.responses) > 1:
        return f"{describe(exchange)}, and the next request was answered as if nothing were wrong"
    waiting = ", and no end of the connection" if exchange.responses else ""
    return describe(exchange) + waiting


def one_reply_then_end(exchange: Exchange, message: str, section: str) -> Judgement:
    """Judge a connection that nobody may go on with: at most one reply, and then its end, as ``section`` says."""
    expected = f"the end of the connection after at most one reply ({section})"
    replies = exchange.responses
    if len(replies) > 1:
        observed = f"{len(replies)} replies, the second with status {replies[1].status}"
        return broken(exchange, message, expected=expected, observed=observed, span=replies[1].span)
    if exchange.peer_ended:
        return passed(f"{describe(exchange)}, then the end" if replies else describe(exchange))
    if len(replies) == 1 and replies[0].complete and exchange.ending is Ending.SILENT:
        return broken(exchange, message, expected=expected, observed=f"{describe(exchange)}, and the connection open")
    return unclear(describe(exchange))
