"""OPTIONS (RFC 9110 §9.3.7, RFC 9112 §3.2.4, RFC 2616 §9.2) where it is answered with success.

That its Allow is true is ``method.allow-lists-supported``.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import closed_unanswered, static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    advised,
    broken,
    describe,
    passed,
    same_answer,
    served,
    status_span,
    unclear,
)
from conformance.response import Framing, Response
from conformance.rule import Risk
from conformance.verdict import Judgement

NO_PAGE = "options.no-action-or-retrieval"
FEATURES = frozenset(
    (
        *("allow", "accept", "accept-charset", "accept-encoding", "accept-language", "accept-patch", "accept-post"),
        *("accept-ranges", "alt-svc", "dav", "link", "ms-author-via", "public", "upgrade"),
    )
)
"""Fields that tell what a resource offers; so do those that begin with "access-control-"."""

REQUEST = "OPTIONS /file.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nAllow: GET, HEAD, OPTIONS\r\nContent-Length: 0\r\n\r\n"


@check(
    NO_PAGE,
    also=("options.body-describes-options",),
    statement="OPTIONS tells what can be done with a page; it does not give the page.",
    why="A client that asks for options takes the body for a description of them.",
    hint="Do not let OPTIONS fall through to GET: answer 204 with Allow, or 405 or 501.",
    example=(REQUEST, "HTTP/1.1 204 No Content\r\nAllow: GET\r\n…", "HTTP/1.1 200 OK\r\n…"),
    requires=("method.standard-semantics-kept",),
    risk=Risk.UNUSUAL,
    dispute="OPTIONS is optional, and some servers give the page to whatever method comes. But who answers a standard "
    "method with success has to mean what it means (RFC 2616 §5.1.1, RFC 9110 §9.3.7), and that is not retrieval.",
)
def options_no_retrieval(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, method="OPTIONS"), evidence.get(target)
    if not served(control) or control.response is None or not control.response.body:
        return unclear("there is no page to compare with")
    if exchange.status is None or exchange.status in OVERLOADED:
        return unclear(describe(exchange))
    if not (served(exchange) and same_answer(exchange, control)):
        return passed(describe(exchange))
    expected = "success without the page (RFC 9110 §9.3.7); 405, 501 or another refusal (RFC 9110 §9.1)"
    return broken(exchange, "OPTIONS is answered with the page.", expected=expected)


@check(
    "options.asterisk-server-wide",
    statement="OPTIONS * asks about the server as a whole; * is the name of no file.",
    why="Clients send it to see whether a server is there and what it can do.",
    hint='Answer 200 with Content-Length: 0 to OPTIONS * before you make a path of the target "*"; or refuse it.',
    example=("OPTIONS * HTTP/1.1\r\nHost: localhost:50000\r\n\r\n", GOOD, "HTTP/1.1 404 Not Found\r\n…"),
    needs=("options",),
    requires=(NO_PAGE,),
    risk=Risk.UNUSUAL,
    dispute="Some suites want a 2xx. But OPTIONS is optional (RFC 9110 §9.1), so that a refusal is as good. 404 shows "
    "that * was taken for the name of a file; no section forbids the status, so it is no more than a warning.",
)
def asterisk(evidence: Evidence) -> Judgement:
    exchange = evidence.get("*", method="OPTIONS")
    pages = [evidence.get(target) for target in dict.fromkeys((static_target(evidence), "/"))]
    lawful = "success without a page (RFC 9110 §9.3.7); 400, 405, 501 or another refusal (RFC 9110 §9.1); or a close"
    if any(page.response and page.response.body and same_answer(exchange, page) for page in pages):
        return broken(exchange, "OPTIONS * is answered with a page.", expected=lawful)
    if exchange.status == 404:
        return advised(exchange, "OPTIONS * is taken for a question about a file called *.", expected=lawful)
    if closed_unanswered(exchange) or exchange.status in (501, *OVERLOADED):
        return passed(describe(exchange))
    if exchange.status is None or exchange.status >= 500:
        return broken(exchange, "OPTIONS * is not answered in good order.", expected=lawful)
    return passed(describe(exchange))


def _success(evidence: Evidence) -> tuple[Exchange, Response] | Judgement:
    """The successful answer to OPTIONS on a file."""
    exchange = evidence.get(static_target(evidence), method="OPTIONS")
    response = exchange.response
    if response is None or not response.ok:
        return absent(f"OPTIONS is refused: {describe(exchange)}")
    return exchange, response


@check(
    "options.feature-fields",
    statement="A success to OPTIONS has fields that tell what can be done with the page, such as Allow.",
    why="That is what the client has asked for.",
    hint='Add "Allow: GET, HEAD, OPTIONS", or whatever the page has, to the answer to OPTIONS.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    needs=("options",),
    requires=(NO_PAGE,),
    risk=Risk.UNUSUAL,
)
def features(evidence: Evidence) -> Judgement:
    answer = _success(evidence)
    if isinstance(answer, Judgement):
        return answer
    exchange, response = answer
    told = [field.name for field in response.fields if field.key in FEATURES or field.key.startswith("access-control-")]
    if told:
        return passed(", ".join(told))
    return broken(
        exchange,
        "The answer to OPTIONS tells of no option.",
        expected="Allow, or another field that tells what the page offers (RFC 9110 §9.3.7)",
        observed=f"status {response.status} without such a field",
        span=status_span(response),
    )


@check(
    "options.empty-content-length-0",
    statement="A 200 to OPTIONS that has no body says so: Content-Length is 0.",
    why="A client that is not told waits for a body until the connection ends.",
    hint='Add "Content-Length: 0" to the answer to OPTIONS, or answer 204.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nAllow: GET\r\n\r\n (and the connection stays open)"),
    needs=("options",),
    requires=(NO_PAGE,),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.2 asks for Content-Length: 0 by name; RFC 9110 §9.3.7 has dropped that. It is judged only "
    "whether the client can tell that there is no body, by whatever means.",
)
def empty_has_length(evidence: Evidence) -> Judgement:
    answer = _success(evidence)
    if isinstance(answer, Judgement):
        return answer
    exchange, response = answer
    if response.status == 204 or response.body or response.framing is not Framing.CLOSE or exchange.peer_ended:
        return passed()
    return broken(
        exchange,
        "The answer to OPTIONS has no body and does not say so.",
        expected="Content-Length: 0 (RFC 2616 §9.2); an empty chunked body, status 204 or the end of the connection "
        "(RFC 9112 §6.3)",
        observed=f"status {response.status} without Content-Length, and the connection stays open",
        span=response.span,
    )
