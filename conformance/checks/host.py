"""Host (RFC 9112 §3.2, RFC 9110 §7.2, RFC 2616 §14.23): that it must be there, and that good values are taken."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import CLOSED_UNANSWERED, closed_unanswered, speaks_only_10, static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
    unclear,
)
from conformance.rule import Risk
from conformance.verdict import Judgement

STRANGERS = ("example.invalid", "EXAMPLE.invalid:8080")  # whose form trips nobody up
FOREIGN = ("{name}", "{name}:", "127.0.0.1", "[::1]:{port}", *STRANGERS)


@check(
    "host.missing-400",
    statement="A request of HTTP/1.1 without a Host field gets 400.",
    why="Host tells which of the sites at one address is meant; since HTTP/1.1 no client may leave it out.",
    hint="After reading the fields: if the version is HTTP/1.1 and there is no host among them, answer 400.",
    example=("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n…", "HTTP/1.1 200 OK\r\n…"),
    risk=Risk.UNUSUAL,
)
def missing_400(evidence: Evidence) -> Judgement:
    control = evidence.get("/")
    exchange = evidence.get("/", host=None)
    if not answered(control) or control.status == 400:
        return unclear(f"the same request with Host is no better answered: {describe(control)}")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == 400:
        return passed()
    if speaks_only_10(evidence):
        return absent("the server speaks HTTP/1.0, where Host is no duty")
    return broken(exchange, "A request of HTTP/1.1 without Host is not refused with 400.", expected="status 400")


@check(
    "host.valid-value-accepted",
    statement="Every well-formed Host is understood: a name or an address, with a port or without.",
    why="Clients write the port if it is not 80, and addresses of IPv6 in brackets; one that trips over them is deaf.",
    hint='Do not split the value at ":"; a server with a single site may ignore the value.',
    example=(
        "GET / HTTP/1.1\r\nHost: [::1]:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n… (or 400, 404, 421, a redirect)",
        "(the connection closes)",
    ),
    risk=Risk.UNUSUAL,
)
def valid_value_accepted(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    site = evidence.site
    name = f"[{site.host}]" if ":" in site.host else site.host
    values = [value.format(name=name, port=site.port) for value in FOREIGN]
    tried = {value: evidence.get(target, host=value) for value in values}
    if not served(control):
        alone = tried[name]
        if served(alone) and control.status is not None and control.status == 400:
            return broken(control, "A Host with a port is refused.", expected=f"status {alone.status}, as without")
        return unclear(f"the control request was not served: {describe(control)}")
    shut = all(closed_unanswered(tried[value]) for value in STRANGERS)
    return first_of(_some_answer(value, exchange, shut) for value, exchange in tried.items())


def _some_answer(value: str, exchange: Exchange, shut: bool) -> Judgement:
    """``shut`` tells that the server hangs up on every foreign name, so that a close says nothing of the form."""
    if shut and closed_unanswered(exchange):
        return unclear(f"{CLOSED_UNANSWERED}, as for every foreign name")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if answered(exchange) and exchange.status != 500:
        return passed()
    return broken(
        exchange,
        f"The well-formed 'Host: {value}' leaves the request without a good answer.",
        expected="the page; or 400, 404, 421 or a redirect, because the name may be foreign",
    )
