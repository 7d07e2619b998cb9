"""Bad requests (RFC 9112 §2.2, RFC 9110 §15.5.1, RFC 2616 §10.4.1): that they get 400, and that good ones do not."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import NOT_HTTP, TARGET_REFUSAL, static_target, turned_down
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import answered, broken, describe, first_of, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

OK = "HTTP/1.1 200 OK\r\n…"
BAD = "HTTP/1.1 400 Bad Request\r\n…"
BROWSER = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Cookie", 'seen=1; theme="dark mode"'),
    ("Sec-Fetch-Mode", "navigate"),
    ("Priority", "u=0, i"),
]


def _with(lines: str) -> str:
    return f"GET / HTTP/1.1\r\n{lines}\r\n\r\n"


@check(
    "error.malformed-request-400",
    statement="Octets that fit no grammar of a request get status 400.",
    why="The client learns that it was not understood; silence lets it wait, and success would be a lie.",
    hint="Put the parsing into try/except, and answer 400 with a short page and a close if it fails.",
    example=("(((\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n…", "HTTP/1.1 200 OK\r\n…"),
    dispute="Suites often count only 400, or take it for an obligation. RFC 9112 §2.2 advises 400 and a close; "
    "another refusal, or the close alone, tells the client as much and passes.",
    risk=Risk.MALFORMED,
)
def malformed_400(evidence: Evidence) -> Judgement:
    return turned_down(
        evidence.raw(NOT_HTTP),
        evidence.get(static_target(evidence)),
        "Octets that are no request are not refused.",
        also=(300, 301, 302, 303, 307, 308, 501, 505),
        expected=TARGET_REFUSAL,
    )


@check(
    "error.malformed-request-close",
    statement="After octets that are no request the connection is closed.",
    why="Nobody knows where the next request begins; whoever reads on may answer a request that a proxy never saw.",
    hint="Close the connection after every 400 that your parser gives.",
    example=(
        "(((\r\n\r\nGET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n… (and the end)",
        "HTTP/1.1 400 Bad Request\r\n…HTTP/1.1 200 OK\r\n…",
    ),
    requires=("error.malformed-request-400",),
    dispute="Some servers go on, since they believe to know where the next request begins. RFC 9112 §2.2 advises "
    "to close; it is advice, so that an open connection is a warning.",
    risk=Risk.MALFORMED,
)
def malformed_close(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    if not served(evidence.get(target)):
        return unclear("the control request was not served")
    exchange = evidence.raw(NOT_HTTP + evidence.request(target), count=2)
    expected = "the end of the connection after at most one reply"
    if len(exchange.responses) > 1 or served(exchange):
        last = exchange.responses[-1]
        return broken(
            exchange,
            "The server went on to answer what followed a malformed request.",
            expected=expected,
            observed=f"{len(exchange.responses)} replies, the last with status {last.status}",
            span=last.status_line.span if last.status_line else None,
        )
    if exchange.peer_ended:
        return passed(f"{describe(exchange)}, and the end of the connection")
    return broken(
        exchange,
        "The connection stays open after a malformed request.",
        expected=expected,
        observed=f"{describe(exchange)}, and no end",
    )


@check(
    "error.400-only-for-bad-requests",
    statement="A well-formed request does not get status 400.",
    why="400 tells the client to change its request, and there is nothing to change.",
    hint="Look for what your parser took offence at: a tab, a small letter, a field that you have not seen before.",
    example=(_with("hOsT: localhost:50000\r\nX-Foo:\tbar\r\nCookie: seen=1"), OK, BAD),
    requires=(
        "field.names-case-insensitive",
        "field.whitespace-around-value-ignored",
        "field.only-first-colon-splits",
        "field.unknown-ignored",
    ),
    dispute="Whether a server likes a request is its own affair, and 403 or 404 would pass. 400 says that the "
    "request is at fault (RFC 9110 §15.5.1, RFC 2616 §10.4.1), which a well-formed one is not.",
    risk=Risk.UNUSUAL,
)
def not_400(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    odd = [f"hOsT: {evidence.site.authority}", "X-Foo:\tbar", "Invented-Field: 1"]
    data = "\r\n".join([f"GET {target} HTTP/1.1", *odd]).encode("latin-1") + b"\r\n\r\n"
    tried = (evidence.raw(data, risk=Risk.UNUSUAL), evidence.get(target, BROWSER))
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    return first_of(_not_400(exchange, control) for exchange in tried)


def _not_400(exchange: Exchange, control: Exchange) -> Judgement:
    if exchange.status == 400:
        return broken(
            exchange,
            "A well-formed request is called a bad one.",
            expected=f"status {control.status}, as for the control request; any other but 400 (RFC 9110 §15.5.1)",
        )
    return passed(describe(exchange)) if answered(exchange) else unclear(f"no status came: {describe(exchange)}")
