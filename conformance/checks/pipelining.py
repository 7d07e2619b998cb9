"""Requests sent one after another without waiting for replies (RFC 9112 §9.3.2, RFC 2616 §8.1.2.2).

A server may close the connection after any reply; what is answered must be answered in order, and nothing that came
in the same packet may be forgotten on a connection that stays open.
"""

from __future__ import annotations

from conformance.check import check
from conformance.connections import says_close
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import OVERLOADED, absent, broken, describe, passed, served, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement

FIRST = "GET /a.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
SECOND = "GET /b.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
A = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
B = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"
KINDS = ("text", "html", "png", "jpeg")


def _controls(evidence: Evidence) -> list[Exchange]:
    """One GET each, alone, of up to three files that come with their own octets, no two alike."""
    pages = [page for kind in KINDS if (page := evidence.site.page(kind, lambda p: p.plain))]
    tried = [(page, evidence.get(page.target)) for page in pages]
    exact = [x for page, x in tried if served(x) and x.response and x.response.body == page.content]
    return exact[:3]


def _together(evidence: Evidence, controls: list[Exchange]) -> Exchange:
    """The same requests in one write on one connection."""
    return evidence.pipeline(*(control.probe.sent for control in controls))


@check(
    "pipelining.responses-in-order",
    statement="Requests that come together are answered in the order in which they came.",
    why="A reply does not say which request it belongs to: only its place does.",
    hint="Answer one request of a connection after the other; threads may take connections, but not single requests.",
    example=(FIRST + SECOND, A + B, B + A),
    needs=("persistent", "static-files"),
    requires=("connection.persistence-supported",),
    risk=Risk.UNUSUAL,
)
def responses_in_order(evidence: Evidence) -> Judgement:
    controls = _controls(evidence)
    if len(controls) < 2:
        return absent("there are no two files to ask for at once")
    exchange = _together(evidence, controls)
    whole = [response for response in exchange.responses if response.complete]
    for place, (reply, control) in enumerate(zip(whole, controls, strict=False)):
        if _answers(reply, control):
            continue
        other = next((n for n, x in enumerate(controls) if _answers(reply, x)), None)
        if other is None and (control.response is None or reply.status != control.response.status):
            return unclear(f"reply {place + 1} has status {reply.status}, so it shows nothing of the order")
        return broken(
            exchange,
            "The replies do not come in the order of the requests.",
            expected="each reply in its turn (RFC 9112 §9.3.2), or the end of the connection (RFC 9112 §9.5)",
            observed=f"reply {place + 1} is that to request {other + 1}"
            if other is not None
            else f"reply {place + 1} holds other octets than the file of request {place + 1}",
            span=reply.span,
        )
    if len(whole) > 1:
        return passed(f"{len(whole)} of {len(controls)} requests answered, in order")
    return absent(f"no two requests that came together were answered: {describe(exchange)}")


def _answers(reply: Response, control: Exchange) -> bool:
    wanted = control.response
    return wanted is not None and (reply.status, reply.body) == (wanted.status, wanted.body)


@check(
    "pipelining.requests-not-lost",
    statement="A request that comes in the same packet as the one before it is answered too, or the connection ends.",
    why="The client has sent it and waits; a server that waits as well makes both wait for ever.",
    hint="Keep what recv() gave you beyond the end of the first request: it is the beginning of the next one.",
    example=(FIRST + SECOND, A + B, f"{A} (and then nothing)"),
    needs=("persistent", "static-files"),
    requires=("connection.persistence-supported",),
    risk=Risk.UNUSUAL,
)
def requests_not_lost(evidence: Evidence) -> Judgement:
    controls = _controls(evidence)
    if len(controls) < 2:
        return absent("there are no two files to ask for at once")
    exchange = _together(evidence, controls)
    replies = exchange.responses
    if len(replies) >= len(controls):
        return passed()
    if exchange.peer_ended:
        return passed(f"the connection ended after {len(replies)} of {len(controls)} replies")
    last = replies[-1] if replies else None
    if last is None or not last.complete or last.status in OVERLOADED or exchange.ending is not Ending.SILENT:
        return unclear(describe(exchange))
    if any(map(says_close, replies)):
        return unclear("a reply said that the connection ends, and it did not")
    return broken(
        exchange,
        "Requests that came together with another one are not answered.",
        expected="a reply to each (RFC 9112 §9.3.2), or the end of the connection (RFC 9112 §9.5)",
        observed=f"{len(replies)} replies to {len(controls)} requests, and the connection stays open",
    )
