"""CONNECT (RFC 9110 §9.3.6 and §8.6, RFC 9112 §6.1): how it is refused, and what an answer to it does not carry.

That no page answers it is ``connect.not-answered-as-get``. No origin server need have this method.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, first_of, passed, served, unclear
from conformance.premises import TUNNEL_PAGE, connect
from conformance.rule import Risk
from conformance.verdict import Judgement

BAD_PORTS = ("example.invalid:", "example.invalid:99999", "example.invalid:x")
REQUEST = "CONNECT example.invalid:443 HTTP/1.1\r\nHost: example.invalid:443\r\n\r\n"


@check(
    "connect.2xx-no-framing-fields",
    also=("connect.no-content-length-in-2xx", "connect.no-te-field-in-2xx"),
    statement="A success to CONNECT has neither Content-Length nor Transfer-Encoding.",
    why="After it there is no body, but the tunnel.",
    hint="Refuse CONNECT with 405 or 501, as every method that you do not have.",
    example=(REQUEST, "HTTP/1.1 501 Not Implemented\r\n…", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    requires=(TUNNEL_PAGE,),
    risk=Risk.UNUSUAL,
)
def no_framing_fields(evidence: Evidence) -> Judgement:
    exchange = connect(evidence)
    response = exchange.response
    if response is None or not response.ok:
        return absent(f"CONNECT is refused: {describe(exchange)}")
    for name in ("content-length", "transfer-encoding"):
        field = response.field(name)
        if field is not None:
            return broken(
                exchange,
                f"A success to CONNECT has {field.name}.",
                expected="neither Content-Length nor Transfer-Encoding (RFC 9110 §9.3.6); or a refusal (RFC 9110 §9.1)",
                observed=f"{field.name}: {field.value}",
                span=field.span,
            )
    return passed()


@check(
    "connect.bad-port-rejected",
    statement="CONNECT to an empty or invalid port is refused.",
    why="There is nothing that a tunnel could lead to.",
    hint="Refuse CONNECT with 405 or 501, or with 400 where the target has no good port.",
    example=(
        "CONNECT example.invalid:99999 HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n\r\n",
    ),
    requires=(TUNNEL_PAGE, "connect.2xx-no-framing-fields"),
    risk=Risk.MALFORMED,
)
def bad_port(evidence: Evidence) -> Judgement:
    if not served(evidence.get(static_target(evidence))):
        return unclear("no plain GET was served")
    return first_of(
        _refused(evidence.get(target, method="CONNECT", risk=Risk.MALFORMED), target) for target in BAD_PORTS
    )


def _refused(exchange: Exchange, target: str) -> Judgement:
    if exchange.peer_ended and exchange.status is None and not exchange.killed:
        return passed("the connection was closed without a reply")
    if exchange.status is not None and not served(exchange):
        return passed(describe(exchange))
    expected = "400 or another refusal (RFC 9110 §9.3.6), or a close (RFC 9112 §9.5)"
    return broken(exchange, f"CONNECT {target} is not refused.", expected=expected)
