"""The version in replies (RFC 9112 §2.3, RFC 2616 §3.1): how it is written, and that it is the same in all."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.connections import is_http10
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, each, found, passed, status_span, status_text, unclear
from conformance.response import Response
from conformance.rule import Spec
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOTHING = "no answer had a status line"


@check(
    "version.sent-format",
    statement="The version in the status line is written HTTP/, one digit, a dot, one digit.",
    why="Clients compare these eight octets; anything else is not recognised as HTTP.",
    hint='Write exactly "HTTP/1.1" at the start of the status line.',
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP:/1.1 200 OK\r\n…"),
    requires=("status-line.element-order",),
    dispute="RFC 2616 §3.1 lets each number have several digits, RFC 9112 §2.3 only one. So HTTP/1.10 counts as a "
    "breach only if a server is judged by RFC 9110 and 9112 alone.",
)
def version_format(evidence: Evidence) -> Judgement:
    # RFC 2616 §3.1 allows several digits; leading zeros have a rule of their own.
    numbers = r"\d\.\d|0\d+\.\d+|\d+\.0\d+" if evidence.spec is Spec.RFC9110 else r"\d+\.\d+"

    def test(exchange: Exchange, response: Response) -> Finding | None:
        if re.match(rf"\s*HTTP/({numbers})([ \t]|$)", status_text(response), re.IGNORECASE):
            return None
        return found(
            exchange,
            "The version is not written as HTTP/digit.digit.",
            expected="HTTP/1.1",
            observed=response.version or status_text(response),
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "version.sent-name-capitals",
    statement="The name HTTP in the status line is written in capitals.",
    why="The name of the protocol is compared with its case since RFC 7230.",
    hint='Write "HTTP", not "http".',
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "http/1.1 200 OK\r\n…"),
    permitted_by=Spec.RFC2616,
    dispute="In RFC 2616 quoted words of the grammar know no case (§2.1); RFC 9112 §2.3 fixes the capitals. So a "
    "breach counts only by RFC 9112.",
)
def version_capitals(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        name = re.match(r"\s*(https?)\b", status_text(response), re.IGNORECASE)
        if name is None or name[1] == name[1].upper():
            return None
        return found(
            exchange,
            "The protocol's name is not in capitals.",
            expected="HTTP",
            observed=name[1],
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "version.sent-no-leading-zeros",
    statement="The version in the status line has no leading zeros.",
    why="HTTP/01.1 matches no client's grammar.",
    hint="Write the numbers of the version as they are, one digit each.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP/01.1 200 OK\r\n…"),
)
def version_zeros(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if not re.match(r"\s*HTTP/(0\d+\.\d+|\d+\.0\d+)", status_text(response), re.IGNORECASE):
            return None
        return found(
            exchange,
            "The version has a leading zero.",
            expected="HTTP/1.1",
            observed=response.version,
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "version.no-downgrade-without-cause",
    statement="A server of HTTP/1.1 does not answer a plain HTTP/1.1 request with HTTP/1.0.",
    why="The version tells what the server understands; a client that reads 1.0 stops to use the connection again.",
    hint='Write "HTTP/1.1" in every status line; look for another place where a reply is made, such as error pages.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.0 200 OK\r\n… (where other replies say HTTP/1.1)",
    ),
    dispute="Some servers say HTTP/1.0 in their replies to requests that they cannot read. RFC 9112 §2.3 allows "
    "that where the client seems to be faulty, so that only replies to sound requests are looked at.",
)
def no_downgrade(evidence: Evidence) -> Judgement:
    if not evidence.answers:
        return unclear("no answer had a head")
    if not any(response.version.endswith("1.1") for _, response in evidence.answers):
        return absent("no reply says HTTP/1.1")
    # A client whose request looks wrong may be given the older version (RFC 9110 §6.2): no other method, Host is there.
    sound = {exchange.probe for exchange in (*evidence.ordinary, evidence.get(MISSING))}
    for exchange, response in [(x, r) for x, r in evidence.answers if x.probe in sound]:
        if is_http10(response) and not response.field("transfer-encoding"):  # that has a rule of its own
            return broken(
                exchange,
                "The reply says HTTP/1.0 although the server speaks HTTP/1.1.",
                expected="HTTP/1.1, as in other replies",
                observed=response.version,
                span=status_span(response),
            )
    return passed()
