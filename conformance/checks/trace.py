"""TRACE (RFC 9110 §9.3.8, RFC 9112 §10.1, RFC 2616 §9.8) where it is not refused, which is lawful and usual."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, passed, same_answer, served, status_span
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

MARK = ("X-Traced", "7f3a9c")
SECRETS = (("Authorization", "Basic c2VjcmV0OnNlY3JldA=="), ("Cookie", "session=9c7f3a"))

REQUEST = "TRACE /file.html HTTP/1.1\r\nHost: localhost:50000\r\nX-Traced: 1\r\n\r\n"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\n…\r\n\r\n"
GOOD = HEAD + REQUEST


def _traced(evidence: Evidence) -> tuple[Exchange, Response] | Judgement:
    """The successful answer to a TRACE with a field of its own and two that are secret."""
    exchange = evidence.get(static_target(evidence), [MARK, *SECRETS], method="TRACE")
    response = exchange.response
    if response is None or not served(exchange):
        return absent(f"TRACE is refused: {describe(exchange)}")
    return exchange, response


@check(
    "trace.reflects-request",
    statement="A success to TRACE has the request, as it arrived, for its body.",
    why="The client wants to see what became of its request on the way.",
    hint="Refuse TRACE with 405 or 501 as other methods that you do not have.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n…\r\n\r\n<html>…"),
    requires=("method.standard-semantics-kept",),
    risk=Risk.UNUSUAL,
)
def reflects(evidence: Evidence) -> Judgement:
    answer = _traced(evidence)
    if isinstance(answer, Judgement):
        return answer
    exchange, response = answer
    line = f"TRACE {static_target(evidence)} HTTP/1.1".encode()
    if response.status == 200 and line in response.body and MARK[1].encode() in response.body:
        return passed()
    page = same_answer(exchange, evidence.get(static_target(evidence)))
    return broken(
        exchange,
        "TRACE is answered with success, but not with the request.",
        expected="405, 501 or another refusal (RFC 9110 §9.1); or 200 and the request line and the fields as its body "
        "(RFC 9110 §9.3.8)",
        observed="the page, as for GET" if page else f"status {response.status} without the whole request",
        span=status_span(response),
    )


@check(
    "trace.message-http",
    statement="The answer to TRACE is of the type message/http.",
    why="A browser that takes it for HTML runs what somebody has written into the request.",
    hint="Send Content-Type: message/http with the answer to TRACE, or refuse TRACE.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n…\r\n\r\n" + REQUEST),
    requires=("trace.reflects-request",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.8 asks for this type; for RFC 9110 §9.3.8 it is one way among others. So a breach counts by "
    "RFC 2616 alone.",
)
def typed(evidence: Evidence) -> Judgement:
    answer = _traced(evidence)
    if isinstance(answer, Judgement):
        return answer
    exchange, response = answer
    field = response.field("content-type")
    if field is not None and field.value.partition(";")[0].strip().lower() == "message/http":
        return passed()
    return broken(
        exchange,
        "The answer to TRACE is of another type than message/http.",
        expected="Content-Type: message/http (RFC 2616 §9.8)",
        observed=f"Content-Type: {field.value}" if field else "no Content-Type",
        span=field.span if field else status_span(response),
    )


@check(
    "trace.excludes-sensitive",
    statement="The answer to TRACE leaves out passwords and cookies.",
    why="A script on a page could read in it what the browser hides from scripts.",
    hint="Leave Authorization and Cookie out of what TRACE sends back, or refuse TRACE.",
    example=(REQUEST.replace("X-Traced: 1", "Cookie: id=1"), HEAD + REQUEST, HEAD + "…\r\nCookie: id=1\r\n\r\n"),
    requires=("trace.reflects-request",),
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.8 wants the entire request sent back; RFC 9110 §9.3.8 wants secrets left out. So a breach "
    "counts by RFC 9110 alone.",
)
def nothing_secret(evidence: Evidence) -> Judgement:
    answer = _traced(evidence)
    if isinstance(answer, Judgement):
        return answer
    exchange, response = answer
    for name, value in SECRETS:
        if value.encode() in response.body:
            return broken(
                exchange,
                f"TRACE sends {name} back.",
                expected=f"the request without {name} (RFC 9110 §9.3.8); or a refusal",
                observed=f"{name}: {value}",
            )
    return passed()
