"""Whether a connection outlives a reply, and whether the server says so (RFC 9112 §9.3, §9.6; RFC 2616 §8.1, §14.10).

The close option in requests and replies is judged in ``close_option``. A server that closes after every reply is lawful
as long as it says so; replies of HTTP/1.0 need not say anything.
"""

from __future__ import annotations

from conformance.check import check
from conformance.connections import document, ended_after_reply, is_http10, says_close, twice, usual_targets
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    blocked,
    broken,
    describe,
    found,
    passed,
    served,
    unclear,
)
from conformance.response import DefectKind, Response
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SILENT_CLOSE = f"{REPLY} (and the connection closes)"
SAID_CLOSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok (and the connection closes)"


@check(
    "connection.persistence-supported",
    statement="A connection on which HTTP/1.1 is spoken stays open after a reply and serves further requests.",
    why="A page with twenty pictures needs one connection instead of twenty-one.",
    hint="After a reply go back to reading the next request from the same socket; or close, and say so with "
    '"Connection: close".',
    example=(f"{REQUEST}{REQUEST}", f"{REPLY}{REPLY}", f"{REPLY} (and the second request is never answered)"),
    risk=Risk.UNUSUAL,
    requires=("message.empty-line-ends-header-section",),
    dispute="Some suites fail every server that closes. The advice to persist is for both sides in RFC 9112 §9.3, "
    "but either may close at any time (RFC 9112 §9.5): closing is accepted, and only an open connection "
    "that is no longer served is reported.",
)
def persistence_supported(evidence: Evidence) -> Judgement:
    exchange = twice(evidence, document(evidence))
    if not exchange.responses or not exchange.responses[0].complete:
        return unclear(f"the first request was not answered in full: {describe(exchange)}")
    first = exchange.responses[0]
    if says_close(first):
        return passed("the reply says that the connection closes (RFC 9112 §9.3)")  # whether it does, others tell
    if exchange.peer_ended and len(exchange.responses) == 1:
        told = is_http10(first)
        return passed("closes after a reply of HTTP/1.0") if told else absent("the connection closes after a reply")
    if len(exchange.responses) > 1 and exchange.responses[1].status == first.status:
        return passed("the second request on the connection was answered like the first")
    if len(exchange.responses) > 1 and exchange.responses[1].status in OVERLOADED:
        return unclear(f"the server was overloaded: status {exchange.responses[1].status}")
    if exchange.transcript.trailing[0] != exchange.transcript.trailing[1]:
        return unclear("octets outside of replies put the connection out of step")
    return broken(
        exchange,
        "The connection stays open, but the second request on it is not served.",
        expected=f"status {first.status} each time (RFC 9112 §9.3), or the end of the connection (RFC 9112 §9.5)",
        observed="no second reply"
        if len(exchange.responses) == 1
        else f"status {exchange.responses[1].status} for the second",
    )


@check(
    "connection.no-persistence-sends-close",
    statement="A server that closes after every reply says so in each: Connection: close.",
    why="Without notice the client sends its next request into a connection that is about to end.",
    hint='Add the line "Connection: close" to every reply if you close the socket after it.',
    example=(REQUEST, SAID_CLOSE, SILENT_CLOSE),
    risk=Risk.UNUSUAL,
)
def no_persistence_says_close(evidence: Evidence) -> Judgement:
    tried = [twice(evidence, target) for target in usual_targets(evidence) if target != MISSING]
    closed = [x for x in tried if _ended_in_http11(x)]
    if len(closed) < len(tried):
        return absent("not every reply is followed by the end of the connection, or replies are of HTTP/1.0")
    finding = next((f for x in closed if (f := _unannounced(x)) is not None), None)
    return Judgement(Verdict.FAIL, finding=finding) if finding else passed("closes and says so")


@check(
    "connection.close-announced",
    statement="A reply after which the server closes the connection says Connection: close.",
    why="The client knows then that its next request needs a new connection.",
    hint='Add "Connection: close" to the replies after which you close, error pages too.',
    example=("GET /missing HTTP/1.1\r\nHost: localhost:50000\r\n\r\n", SAID_CLOSE, SILENT_CLOSE),
    requires=("connection.no-persistence-sends-close",),
    risk=Risk.UNUSUAL,
)
def close_announced(evidence: Evidence) -> Judgement:
    tried = [twice(evidence, target) for target in usual_targets(evidence)]
    closed = [x for x in tried if _ended_in_http11(x)]
    finding = next((f for x in closed if (f := _unannounced(x)) is not None), None)
    if finding is not None:
        return Judgement(Verdict.FAIL, finding=finding)
    return passed() if closed else absent("no connection was closed after a reply of HTTP/1.1")


def _ended_in_http11(exchange: Exchange) -> bool:
    return ended_after_reply(exchange) and exchange.status is not None and not is_http10(exchange.responses[0])


def _unannounced(exchange: Exchange) -> Finding | None:
    response = exchange.responses[0]
    if says_close(response):
        return None
    field = response.field("connection")
    return found(
        exchange,
        "The connection is closed after the reply, which does not say so.",
        expected="Connection: close",
        observed=f"Connection: {field.value}" if field else "no Connection field",
        span=field.span if field else _head_span(response),
    )


def _head_span(response: Response) -> tuple[int, int] | None:
    """The empty line: where the field is missing."""
    return None if response.defect(DefectKind.NO_EMPTY_LINE) else (response.lines[-1].span[0], response.head_end)


@check(
    "connection.http10-closes-by-default",
    statement="After the reply to an HTTP/1.0 request without keep-alive the server closes the connection.",
    why="An HTTP/1.0 client reads to the end of the connection, and waits for ever if that does not come.",
    hint="If the request line says HTTP/1.0 and no Connection: keep-alive was sent, close the socket after the reply.",
    example=(
        "GET / HTTP/1.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok (and the connection closes)",
        f"{REPLY} (and the connection stays open)",
    ),
    requires=("framing.length-or-close",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9112 §9.3 demands the close; RFC 2616 §8.1.2.1 only wants no persistence to be assumed. It is "
    "judged by the weaker of the two unless one of them is chosen.",
)
def http10_closes(evidence: Evidence) -> Judgement:
    exchange = evidence.get(document(evidence), version="HTTP/1.0", to_end=True)
    if not answered(exchange):
        return unclear(f"HTTP/1.0 was not answered: {describe(exchange)}")
    if exchange.ending is not Ending.SILENT:
        return passed() if exchange.peer_ended else unclear("the reply did not end")
    return broken(
        exchange,
        "The connection stays open after the reply to an HTTP/1.0 request.",
        expected="the end of the connection",
        observed=f"still open after {exchange.waited:.1f} s",
    )


@check(
    "connection.answers-at-least-one",
    statement="Every connection on which a request comes gets at least one reply.",
    why="A connection that just closes tells the client nothing: it will try again.",
    hint="Catch the exceptions of your request handler and answer with 500, 404 or 501 before closing the socket.",
    example=(
        "FOO / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 501 Not Implemented\r\n…",
        "(the connection closes)",
    ),
    requires=("message.response-given",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §8.1.4 advises an answer on every connection; RFC 9112 §9.5 has dropped that and allows a "
    "close at any time. So this is a warning, and not asked by RFC 9110 and 9112 alone.",
)
def answers_one(evidence: Evidence) -> Judgement:
    tried = [evidence.get("/"), evidence.get(MISSING), evidence.get("/", method="FOO")]
    for exchange in tried:
        if exchange.received or exchange.ending not in (Ending.CLOSED, Ending.SILENT):
            continue
        if exchange is tried[2] and not answered(evidence.get("/", method="BREW")):
            return blocked("method.unknown-501", "methods that the server does not know draw no answer")
        return broken(exchange, "A well-formed request was not answered.", expected="any final reply")
    if all(answered(exchange) for exchange in tried):
        return passed()
    return unclear("a reset may have destroyed a reply" if served(tried[0]) else "no page was served")
