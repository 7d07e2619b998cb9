"""Statuses that answer nothing that was asked (RFC 9110 §15): what a plain GET cannot draw from an origin server.

The survey's plain requests carry no Range, no condition, no Expect, no Upgrade. What such a status means where it was
asked for is judged elsewhere. The last rule is of the same kind: it asks who demands a length that is there.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.checks.representation import OF_A_PAGE
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import echo
from conformance.predicates import answered, broken, each, found, passed, status_span, unclear
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement
from conformance.writing import throwaway_put

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FITTING = f"{OF_A_PAGE}, 404 (RFC 9110 §15.5.5), or 5xx (RFC 9110 §15.6)"
NOT_411 = (
    "2xx (RFC 9110 §15.3), 404 (RFC 9110 §15.5.5), 405 (RFC 9110 §15.5.6), 501 (RFC 9110 §15.6.2), "
    "or any other status but 411"
)
NOTHING = "no plain GET was answered"


def _never(evidence: Evidence, status: int, message: str, expected: str) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.status != status:
            return None
        return found(exchange, message, expected=expected, span=status_span(response))

    return each(evidence.ordinary_answers, test, NOTHING)


@check(
    "status.1xx-never-final",
    statement="A status of class 1 is followed by a final one.",
    why="A client goes on waiting after a 100: the page that follows it is never shown.",
    hint="Answer with 200 and the page; 1xx are only announcements.",
    example=(REQUEST, GOOD, "HTTP/1.1 100 Continue\r\n\r\n(and nothing more)"),
)
def no_1xx_final(evidence: Evidence) -> Judgement:
    for exchange in evidence.ordinary:
        interim = exchange.transcript.interim
        followed = exchange.response is not None and exchange.response.status_line is not None
        if interim and not followed and exchange.ending is not Ending.RESET:
            return broken(
                exchange,
                "An interim status is all the answer there is.",
                expected="a final response, such as 200, after it",
                observed=f"status {interim[-1].status} and no final response",
                span=status_span(interim[-1]),
            )
    return passed() if evidence.ordinary_answers else unclear(NOTHING)


@check(
    "expect.no-100-without-expectation",
    statement="No 100 is sent to a request that did not ask for it.",
    why="Old clients do not know interim responses and take the 100 for the answer.",
    hint="Send 100 (Continue) only if the request has Expect: 100-continue and a body.",
    example=(REQUEST, GOOD, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    permitted_by=Spec.RFC9110,
    dispute="RFC 2616 §8.2.3 advises against an unasked 100; RFC 9110 §15.2 makes every client able to skip it. "
    "It is reported by RFC 2616 alone.",
)
def no_unasked_100(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        unasked = next((interim for interim in response.interim if interim.status == 100), None)
        if unasked is None:
            return None
        return found(
            exchange,
            "A 100 came before the final response though the request has no Expect.",
            expected="the final response at once",
            observed=f"status 100, then {response.status}",
            span=status_span(unasked),
        )

    return each(evidence.ordinary_answers, test, NOTHING)


@check(
    "upgrade.no-101-unasked",
    statement="101 answers only a request that asked to switch protocols.",
    why="After a 101 the client would have to speak a protocol that it never named.",
    hint="Look for an Upgrade field before you answer 101; without one serve the page, or answer 426.",
    example=(REQUEST, GOOD, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
)
def no_unasked_101(evidence: Evidence) -> Judgement:
    return _never(
        evidence,
        101,
        "101 answers a request without Upgrade.",
        "a final status; 426 if the protocol has to be another (RFC 9110 §15.5.22)",
    )


@check(
    "range.206-only-if-asked",
    statement="206 answers only a request with a Range field.",
    why="A client that asked for the whole may take a part for it.",
    hint="Answer 200 with the whole file unless the request has a Range field.",
    example=(REQUEST, GOOD, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\n\r\nok"),
)
def no_unasked_206(evidence: Evidence) -> Judgement:
    return _never(
        evidence, 206, "206 answers a request without Range.", "200 with the whole representation (RFC 9110 §15.3.1)"
    )


@check(
    "conditional.304-only-if-asked",
    statement="304 answers only a conditional request.",
    why="A client without a copy of the page gets nothing to show.",
    hint="Answer 304 only to If-None-Match or If-Modified-Since; do not remember who has been here before.",
    example=(REQUEST, GOOD, 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'),
)
def no_unasked_304(evidence: Evidence) -> Judgement:
    return _never(
        evidence, 304, "304 answers a request without a condition.", "200 with the representation (RFC 9110 §15.3.1)"
    )


@check(
    "status.407-only-from-proxy",
    statement="407 comes from proxies; an origin server that wants a password says 401.",
    why="Browsers ask for the proxy's password then, and send it to the wrong party.",
    hint="Answer 401 with WWW-Authenticate.",
    example=(
        REQUEST,
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
    ),
)
def no_407(evidence: Evidence) -> Judgement:
    return _never(
        evidence,
        407,
        "407 answers a request that was sent to no proxy.",
        "401, if a password is wanted (RFC 9110 §15.5.2)",
    )


@check(
    "conditional.412-only-if-asked",
    statement="412 answers only a request with a precondition.",
    why="The client has set no condition that could have failed.",
    hint="Answer 412 only if If-Match, If-Unmodified-Since or If-None-Match fails; for other errors use 400, 403, 409.",
    example=(REQUEST, GOOD, "HTTP/1.1 412 Precondition Failed\r\n\r\n"),
)
def no_unasked_412(evidence: Evidence) -> Judgement:
    return _never(evidence, 412, "412 answers a request without a precondition.", FITTING)


@check(
    "expect.417-only-if-asked",
    statement="417 answers only a request with an Expect field.",
    why="The client has expected nothing that could not be met.",
    hint="Use 400 for requests that you cannot read, and 417 only for an Expect that you do not know.",
    example=(REQUEST, GOOD, "HTTP/1.1 417 Expectation Failed\r\n\r\n"),
)
def no_unasked_417(evidence: Evidence) -> Judgement:
    return _never(evidence, 417, "417 answers a request without Expect.", FITTING)


@check(
    "version.505-only-other-major",
    statement="505 refuses another major version of HTTP, never HTTP/1.1.",
    why="A client that is refused HTTP/1.1 has no version left to try.",
    hint="Compare the part of the version before the dot, as a number: 1 is yours.",
    example=(REQUEST, GOOD, "HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n"),
    dispute="RFC 2616 §10.5.6 speaks of the version, RFC 9110 §15.6.6 of the major version. Only 505 to HTTP/1.1 "
    "itself is judged here.",
)
def no_505(evidence: Evidence) -> Judgement:
    return _never(evidence, 505, "505 answers an HTTP/1.1 request.", FITTING)


@check(
    "error.411-only-without-length",
    statement="411 asks for a Content-Length; a request that has one does not get it.",
    why="The client has done already what 411 asks for, so it can do nothing more.",
    hint="Find the field by its name in any letter case, and use 405 or 501 if it is the method that you refuse.",
    example=(
        "POST / HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n… (or 2xx, 404, 501)",
        "HTTP/1.1 411 Length Required\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
    dispute="411 may answer a chunked POST (RFC 9112 §6.3). Only 411 to a request that has its Content-Length "
    "contradicts itself.",
)
def no_411(evidence: Evidence) -> Judgement:
    fields = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    tried = [
        evidence.get(echo(evidence) or MISSING, fields, method="POST", body=b"hello"),
        evidence.get(static_target(evidence), fields[1:], body=b"hello"),
        throwaway_put(evidence),
    ]
    exchanges = [exchange for exchange in tried if exchange is not None]
    for exchange in exchanges:
        if exchange.status == 411:
            span = status_span(exchange.responses[0])
            return broken(exchange, "411 answers a request that has a length.", expected=NOT_411, span=span)
    return passed() if any(map(answered, exchanges)) else unclear("no request with a body was answered")
