"""Upgrade (RFC 9110 §7.8 and §15.2.2; RFC 2616 §10.1.2 and §14.42): offers to leave HTTP/1.1, and 101.

Any server may let such an offer pass, and most do: then little is to be judged. The offers name WebSocket, HTTP/2 and a
protocol that does not exist; what is spoken after a switch is not looked at but for its first octets.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, passed, status_span
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement

OPTION = ("Connection", "Upgrade")
WEBSOCKET = (("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw=="))
HTTP2 = (("HTTP2-Settings", "AAMAAABkAAQAAP__"),)
UNKNOWN = "foo/9"
OFFERS = {"websocket": WEBSOCKET, "h2c": HTTP2, UNKNOWN: ()}
NO_SWITCH = "no offer was answered with 101"

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
LINE = "HTTP/1.1 101 Switching Protocols\r\n"
GOOD = LINE + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def _offer(evidence: Evidence, name: str, *, version: str = "HTTP/1.1", spelled: str = "") -> Exchange:
    """A GET that offers this protocol."""
    fields = [("Upgrade", spelled or name), *OFFERS[name]]
    connection = ("Connection", ", ".join([OPTION[1], *(["HTTP2-Settings"] if OFFERS[name] == HTTP2 else [])]))
    return evidence.get(static_target(evidence), [connection, *fields], version=version)


def offered(evidence: Evidence) -> list[tuple[str, Exchange]]:
    return [(name, _offer(evidence, name)) for name in OFFERS]


def _switched(evidence: Evidence) -> list[tuple[str, Exchange]]:
    return [(name, exchange) for name, exchange in offered(evidence) if exchange.status == 101]


def named(response: Response) -> tuple[str, ...]:
    return response.tokens("upgrade")


@check(
    "upgrade.101-names-protocol",
    statement="A 101 names in Upgrade the protocol that is spoken from then on.",
    why="The client may have offered several.",
    hint="Add Upgrade with the name of the protocol to the 101.",
    example=(REQUEST, GOOD, LINE + "Connection: Upgrade\r\n\r\n"),
    risk=Risk.UNUSUAL,
)
def names_protocol(evidence: Evidence) -> Judgement:
    switched = _switched(evidence)
    for _, exchange in switched:
        if exchange.response is not None and not named(exchange.response):
            return broken(
                exchange,
                "A 101 does not say which protocol is spoken from then on.",
                expected="an Upgrade field with the name of a protocol (RFC 9110 §7.8)",
                observed="status 101 without one",
                span=status_span(exchange.response),
            )
    return passed() if switched else absent(NO_SWITCH)


@check(
    "upgrade.only-offered-protocol",
    statement="A server switches to no other protocol than the client has offered.",
    why="The client could not speak it.",
    hint="Look for the name of your protocol in the Upgrade field of the request before you switch to it.",
    example=(REQUEST.replace("websocket", "foo/9"), "HTTP/1.1 200 OK\r\n…", GOOD),
    requires=("upgrade.101-names-protocol",),
    risk=Risk.UNUSUAL,
)
def only_offered(evidence: Evidence) -> Judgement:
    for name, exchange in _switched(evidence):
        if exchange.response is not None and name not in named(exchange.response):
            field = exchange.response.field("upgrade")
            return broken(
                exchange,
                "The server switches to a protocol that the client has not offered.",
                expected=f"{name} (RFC 9110 §7.8), or the page without a switch",
                observed=f"Upgrade: {', '.join(named(exchange.response))}",
                span=field.span if field else None,
            )
    return passed()


@check(
    "upgrade.ignored-in-http10",
    statement="Upgrade means nothing in a request of HTTP/1.0.",
    why="It may have come through a proxy that does not know the field, and whose client cannot switch.",
    hint="Look at the version of the request before you look at Upgrade.",
    example=(REQUEST.replace("HTTP/1.1", "HTTP/1.0"), "HTTP/1.1 200 OK\r\n…", GOOD),
    risk=Risk.UNUSUAL,
)
def ignored_of_10(evidence: Evidence) -> Judgement:
    for name in OFFERS:
        exchange = _offer(evidence, name, version="HTTP/1.0")
        if exchange.status == 101:
            message, expected = "An offer of HTTP/1.0 is answered with 101.", "the page (RFC 9110 §7.8), or a refusal"
            return broken(exchange, message, expected=expected)
    return passed() if _switched(evidence) else absent(NO_SWITCH)


@check(
    "upgrade.names-case-insensitive",
    statement="The names of protocols are compared without their case: WebSocket is websocket.",
    why="Clients write the names in several ways.",
    hint="Compare the names in Upgrade in lower case.",
    example=(REQUEST.replace("websocket", "WebSocket"), GOOD, "HTTP/1.1 200 OK\r\n…"),
    risk=Risk.UNUSUAL,
)
def without_case(evidence: Evidence) -> Judgement:
    switched = [name for name, _ in _switched(evidence)]
    for name in switched:
        exchange = _offer(evidence, name, spelled=name.upper())
        if exchange.status != 101:
            message = f"{name} is switched to, and {name.upper()} is not."
            return broken(exchange, message, expected="101, as for the other spelling (RFC 9110 §7.8)")
    return passed() if switched else absent(NO_SWITCH)


@check(
    "upgrade.100-before-101",
    statement="To a client that waits for a 100 and offers a protocol, 100 comes before 101.",
    why="The content of the request must be sent before anything in the new protocol can be.",
    hint="Send 100, read the content, and then send 101.",
    example=(
        REQUEST.replace("GET", "POST").replace("\r\n\r\n", "\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
        "HTTP/1.1 100 Continue\r\n\r\n" + GOOD,
        GOOD,
    ),
    risk=Risk.UNUSUAL,
)
def continue_first(evidence: Evidence) -> Judgement:
    for name, fields in OFFERS.items():
        exchange = evidence.expecting("/", [OPTION, ("Upgrade", name), *fields])
        response = exchange.response
        if response is not None and response.status == 101:
            if any(interim.status == 100 for interim in response.interim):
                return passed()
            message = "101 comes to a client that still waits for its 100."
            expected = "100 before 101 (RFC 9110 §7.8); or no 101"
            return broken(exchange, message, expected=expected, span=status_span(response))
    return absent(NO_SWITCH)


@check(
    "upgrade.switch-at-empty-line",
    statement="The new protocol begins right behind the empty line that ends the 101.",
    why="Octets of HTTP/1.1 behind it mean something else in the new protocol, or nothing.",
    hint="Send no body and no second head after a 101.",
    example=(REQUEST, GOOD + "(and then WebSocket)", GOOD + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    risk=Risk.UNUSUAL,
)
def switch_at_once(evidence: Evidence) -> Judgement:
    switched = _switched(evidence)
    for _, exchange in switched:
        end = exchange.responses[0].head_end
        first = exchange.received[end:].lstrip()[:5].upper()
        if first.startswith((b"HTTP/", b"<")):
            return broken(
                exchange,
                "HTTP/1.1 goes on behind a 101.",
                expected="octets of the new protocol, or none yet (RFC 2616 §10.1.2)",
                observed="a second head or a page",
                span=(end, len(exchange.received)),
            )
    return passed() if switched else absent(NO_SWITCH)
