"""The version in replies, compared with each other (RFC 9112 §2.3). Its spelling is judged in ``status_line``."""

from __future__ import annotations

from conformance.check import check
from conformance.connections import is_http10
from conformance.evidence import Evidence
from conformance.predicates import absent, broken, passed, status_span, unclear
from conformance.site import MISSING
from conformance.verdict import Judgement


@check(
    "version.no-downgrade-without-cause",
    statement="A server of HTTP/1.1 does not answer a plain HTTP/1.1 request with HTTP/1.0.",
    why="The version tells what the server understands; a client that reads 1.0 stops to use the connection again.",
    hint='Write "HTTP/1.1" in every status line; look for another place where a reply is made, such as error pages.',
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.0 200 OK\r\n… (where other replies say HTTP/1.1)",
    ),
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
