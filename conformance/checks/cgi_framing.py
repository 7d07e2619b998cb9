"""Where the page of a program ends, and fields of which there may be but one (RFC 3875 §6.2.1, §6.2.4, §6.3.4, RFC 9110
§8.6): the server, not the program, answers for what goes over the wire.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, REPLY, of_printers, printed, prints
from conformance.checks.cgi_programs import ENVIRONMENT, MARK, of_gateways, program
from conformance.connections import document, surplus
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, found, passed, refused
from conformance.response import Framing
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = PRINTED[0]
SEVERAL_LINES = "several_lines.py"
ELSEWHERE = "http://other.example/x"
CONSISTENT = (
    "the true length or the first three octets (RFC 9110 §8.6), chunks (RFC 9112 §7.1), the end of the connection "
    "(RFC 9112 §6.3), or 5xx (RFC 9110 §15.6)"
)
ENDS_10 = "Content-Length (RFC 9112 §6.2) or the end of the connection (RFC 9112 §6.3)"
CONFLICTING = ("Date: Thu, 01 Jan 1970 00:00:00 GMT", "Server: program/1")


@check(
    "cgi-output.malformed-content-length-not-sent",
    statement="A Content-Length that a program prints and that is no number is not sent.",
    why="Clients read +9 in different ways, or give the reply up; what follows is then taken for another reply.",
    hint="Count the octets of the document yourself and send that number, whatever the program says.",
    example=(REQUEST, "Content-Length: 9", "Content-Length: +9"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed", "cgi-output.newline-translated"),
    risk=Risk.UNUSUAL,
)
@of_printers
def malformed_length(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, f"Content-Length: +{len(MARK)}", TYPE, body=MARK)
    for field in exchange.response.all("content-length") if exchange.response else ():
        if not re.fullmatch(r"[0-9]+", field.value):
            message = "The reply has the Content-Length that the program printed, which is no number."
            expected = f"Content-Length: {len(MARK)} or none (both RFC 9110 §8.6), or 5xx (RFC 9110 §15.6)"
            observed = f"Content-Length: {field.value}"
            return broken(exchange, message, expected=expected, observed=observed, span=field.value_span)
    return passed()


@check(
    "cgi-output.wrong-content-length-not-sent",
    statement="A program that prints more than the Content-Length that it announced does not spoil the next reply.",
    why="The client takes what is left over for the beginning of the next reply: it gets pages that nobody sent.",
    hint="Count the octets of the document yourself, or close the connection after the reply.",
    example=(REQUEST, "Content-Length: 9\r\n\r\nmark-7f3a", "Content-Length: 3\r\n\r\nmark-7f3aHTTP/1.1 200 OK…"),
    dispute="RFC 9110 §8.6 forbids to pass on a length known to be wrong; a server that streams learns it too late. "
    "So only more octets than announced on a connection that goes on counts.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed", "status-line.first-octets"),
    risk=Risk.UNUSUAL,
)
@of_printers
def wrong_length(evidence: Evidence) -> Judgement:
    exchange = _overruled(evidence)
    if exchange.response is None:
        return passed("no reply that could be taken for another")
    left, span = surplus(exchange)
    goes_on = span[1] < len(exchange.received) or not exchange.peer_ended
    if not left.strip() or not goes_on:
        return passed(describe(exchange) if not left.strip() else "the connection ends after the reply")
    message = "More octets of a document were sent than its Content-Length says, and the connection goes on."
    return broken(exchange, message, expected=CONSISTENT, observed=f"{len(left)} octets too many", span=span)


def _overruled(evidence: Evidence) -> Exchange:
    """A program that announces too short a length, and fields of the server's own; then a plain GET."""
    asked = evidence.request(prints(evidence, "Content-Length: 3", *CONFLICTING, TYPE, body=MARK))
    return evidence.sequence(asked, evidence.request(document(evidence)))


@check(
    "cgi-output.field-conflicts-resolved",
    statement="If a program prints fields that the server writes too, such as Date and Server, each is sent once.",
    why="Of two dates a client can believe only one, and nobody knows which.",
    hint="Before you add a field of your own, see whether the program has printed it; send one of the two.",
    example=(REQUEST, "Server: MyServer/0.7", "Server: MyServer/0.7\r\nServer: program/1"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed", "cgi-output.newline-translated", "field.singletons-not-repeated"),
    risk=Risk.UNUSUAL,
)
@of_printers
def conflicts_resolved(evidence: Evidence) -> Judgement:
    exchange = _overruled(evidence)
    if exchange.response is None or refused(exchange):
        return absent("output with such fields is refused")
    for name in ("Date", "Server"):
        fields = exchange.response.all(name)
        if len(fields) > 1:
            message = f"The reply has two {name} fields: the program's and the server's."
            observed = " and ".join(field.value for field in fields)
            return broken(exchange, message, expected=f"one {name}, whichever", observed=observed, span=fields[1].span)
    return passed()


@check(
    "cgi-output.framed-for-http-version",
    statement="The page of a program that prints no length ends in a way that the client's HTTP version knows.",
    why="Without a length, chunks or the end of the connection a client waits for more until it gives up.",
    hint="Collect the output and send its length, or close the connection after it; chunks are for HTTP/1.1 only.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "(no length, and the connection stays open)"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def framed(evidence: Evidence) -> Judgement:
    targets = [program(evidence, SEVERAL_LINES) or program(evidence, ENVIRONMENT)]
    if program(evidence, REPLY):
        targets.append(prints(evidence, "Status: 303 See Other", f"Location: {ELSEWHERE}", TYPE, body=MARK))
    for target in filter(None, targets):
        old = evidence.get(target, [("Connection", "keep-alive")], version="HTTP/1.0")
        for exchange in (evidence.get(target), old):
            finding = _endless(exchange)
            if finding is not None:
                return Judgement(Verdict.FAIL, finding=finding)
    return passed()


def _endless(exchange: Exchange) -> Finding | None:
    """The end of the page is not to be told: nothing marks it, or chunks do for a client that knows none."""
    response = exchange.response
    if response is None:
        return None
    old = re.match(rb"[^\r\n]* HTTP/1\.0\r\n", exchange.probe.sent) is not None
    if response.framing is Framing.CHUNKED and old:
        return found(exchange, "The page of a program is sent in chunks to an HTTP/1.0 client.", expected=ENDS_10)
    if response.framing is Framing.CLOSE and not exchange.peer_ended:
        message = "The page of a program has no end: no length, no chunks, and the connection stays open."
        return found(exchange, message, expected=f"{ENDS_10}, or chunks (RFC 9112 §7.1)")
    return None
