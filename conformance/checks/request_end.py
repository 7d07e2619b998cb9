"""Where a request ends, as far as a server that wants no content must care (RFC 9112 §6.3, §9.3; RFC 2616 §4.3)."""

from __future__ import annotations

from conformance.check import check
from conformance.connections import document
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import broken, describe, first_of, passed, served, stays_open, unclear
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

PLAIN = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
POST = "POST / HTTP/1.1\r\nHost: localhost:50000\r\n"
REFUSED = "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n"
BODY_SIZE = 1000


def _post_targets(evidence: Evidence) -> list[str]:
    """Where a POST harms nobody: the file made for it, or nothing; and the program that reads what it is sent."""
    site = evidence.site
    made = [page.target for page in site.pages if page.plain and page.name in ("throwaway.txt", "echo_body.py")]
    return made or [MISSING]


@check(
    "framing.no-length-no-body",
    statement="A request without Content-Length and Transfer-Encoding has no body, and none is waited for.",
    why="A server that reads until the client closes, while the client waits for the reply, hangs for ever.",
    hint="Read a body only if Content-Length or Transfer-Encoding says that there is one; otherwise answer at once.",
    example=(f"{POST}\r\n", REFUSED, "(nothing, for ever)"),
    risk=Risk.UNUSUAL,
    dispute="Some suites fail a 411 here. A server may insist on a length (RFC 9112 §6.3 allows it for a body, and "
    "nobody says that it may not ask where there is none): any answer and any close are accepted, only silence is not.",
)
def no_length_no_body(evidence: Evidence) -> Judgement:
    if not served(evidence.get(document(evidence))):
        return unclear("no page was served")
    return first_of(_at_once(evidence.get(target, method="POST")) for target in _post_targets(evidence))


def _at_once(exchange: Exchange) -> Judgement:
    if exchange.responses or exchange.peer_ended:
        return passed(describe(exchange))
    if exchange.ending is not Ending.SILENT or exchange.killed:
        return unclear(describe(exchange))
    return broken(
        exchange,
        "A POST that announces no body is left without an answer.",
        expected="a 2xx (RFC 9110 §9.3.3), 411 (RFC 9112 §6.3), 405 or 501 (RFC 9110 §9.1) or any other final reply, "
        "or the end of the connection (RFC 9112 §9.5)",
    )


@check(
    "framing.read-body-or-close",
    also=("chunked.request-body-read-or-close", "framing.body-independent-of-method"),
    statement="The server reads the whole body of a request, or closes the connection after its reply.",
    why="A body left unread is taken for the next request; that is how requests are smuggled.",
    hint="Read Content-Length octets, or all chunks, before you go on to the next request, whatever the method; or "
    "close.",
    example=(
        f"{POST}Content-Length: 5\r\n\r\nhello{PLAIN}",
        f"{REFUSED}HTTP/1.1 200 OK\r\n…",
        f"{REFUSED}HTTP/1.1 501 Not Implemented\r\n… (for helloGET)",
    ),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §4.3 only advises to read the body, RFC 9112 §9.3 demands it of who keeps the connection. A "
    "refusal, a close and a reset are accepted (RFC 9110 §9.3.1), also if they eat the reply.",
)
def read_body_or_close(evidence: Evidence) -> Judgement:
    target = document(evidence)
    control = evidence.get(target)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    hidden = evidence.request(MISSING)
    chunked = [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")]
    firsts = [
        _with_body(evidence, "GET", target, b"hello"),
        evidence.request(target, chunked, body=b"5\r\nhello\r\n0\r\n\r\n"),
    ]
    for place in _post_targets(evidence):
        firsts += [_with_body(evidence, "POST", place, body) for body in (b"x" * BODY_SIZE, hidden)]
    following = evidence.request(target)
    return first_of(_in_step(evidence, evidence.sequence(first, following), control) for first in firsts)


def _with_body(evidence: Evidence, method: str, target: str, body: bytes) -> bytes:
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    return evidence.request(target, fields, method=method, body=body)


def _in_step(evidence: Evidence, exchange: Exchange, control: Exchange) -> Judgement:
    """Whether the second reply is the one to the second request, if there is one."""
    replies = exchange.responses
    expected = "the right reply to the next request, or the end of the connection (RFC 9112 §9.3)"
    message = "The body of the first request is not read off the connection."
    wanted = control.responses[0]
    if len(replies) > 1:
        if replies[1].status == wanted.status and replies[1].body == wanted.body and len(replies) == 2:
            return passed()
        observed = f"status {replies[1].status} where {wanted.status} was due"
        return broken(exchange, message, expected=expected, observed=observed, span=replies[1].span)
    if exchange.peer_ended:
        return passed("closes the connection")
    if len(replies) == 1 and replies[0].complete and exchange.ending is Ending.SILENT and stays_open(evidence):
        return broken(exchange, message, expected=expected, observed="the next request was never answered")
    return unclear(describe(exchange))
