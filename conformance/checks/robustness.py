"""Robustness (RFC 9110 §2.3, RFC 2616 §8.1.4): whatever a client does, the next one is served.

Deaths of the server by malformed or broken-off probes of any rule are charged here.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance import oracle
from conformance.check import check
from conformance.checks.controls import NOT_HTTP
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz.within_checks import disorder, disorderly, explore
from conformance.predicates import broken, passed, unclear
from conformance.probe import Abort, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

GARBAGE = (
    bytes(range(256)),
    b"\0" * 64,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200, 256)),  # a TLS client has the wrong port
    b"GET",
    b" ",
    b"\r\n" * 40 + b"?",
    b"GET / HTTP/1.1\r\n:\r\n: ",
    b"GET /" + b"%" * 300 + b" HTTP/1.1",
    b"GET / HTTP/1.1\r\n" + b"X" * 70_000,
    b"A" * 100_000,
)
HALF = b"GET / HTTP/1.1\r\nHost: half"
READING = 0.02
MANY = 16  # pipelined requests, so that a reply is under way when the reset comes


@check(
    "robustness.survives-garbage",
    statement="Malformed octets draw a response or a close, and the server goes on to serve the next client.",
    why="Anybody can send anything to an open port; one such client must not shut out all others, or be left waiting.",
    hint="Put try/except round the handling of each connection, answer 400 there, and limit how much you read.",
    example=(
        "\\x00\\x01\\x02… (and then, on a new connection, GET / HTTP/1.1)",
        "HTTP/1.1 400 Bad Request\r\n… (and then HTTP/1.1 200 OK)",
        "(the server has ended)",
    ),
    risk=Risk.MALFORMED,
)
def survives_garbage(evidence: Evidence) -> Judgement:
    # An empty line ends each, lest a server wait for more, and see in our close a client that vanished.
    own = (Probe((Send(data + b"\r\n\r\n"), Receive(1)), ("GET",), Risk.MALFORMED) for data in GARBAGE)
    message = "The server did not survive malformed octets."
    judgement = _survived(evidence, Risk.MALFORMED, own, message)
    if judgement.verdict is not Verdict.PASS or not _orderly(evidence):
        return judgement
    finding = explore(evidence, disorder)
    if finding is None:
        return judgement
    return _death(finding.exchange, message) if finding.exchange.killed else Judgement(Verdict.FAIL, finding=finding)


def _orderly(evidence: Evidence) -> bool:
    """Whether good requests, and the simplest bad one, are answered in good form: otherwise others say so."""
    bad = evidence.raw(NOT_HTTP)
    return disorderly(bad, "everything") is None and not any(
        oracle.opinion(exchange).refusal for exchange in (*evidence.ordinary, *evidence.refusals)
    )


@check(
    "connection.survives-client-abort",
    statement="A client that vanishes, at whatever moment, does not keep the server from serving the next.",
    why="Users close tabs and networks fail; that is no error of the server, and must not end it.",
    hint='Stop reading when recv() gives b"", and catch OSError round everything that reads or sends.',
    example=(
        "GET / HTTP/1.1\r\nHost: loc (and a reset; then, on a new connection, GET / HTTP/1.1)",
        "(nothing, and then HTTP/1.1 200 OK)",
        "(the server has ended: ConnectionResetError)",
    ),
    risk=Risk.ABORT,
)
def survives_abort(evidence: Evidence) -> Judgement:
    large = max(
        (page for page in evidence.site.pages if page.plain and page.kind != "program"),
        key=lambda page: len(page.content),
        default=None,
    )
    whole = Send(evidence.request(large.target if large else "/"))
    scripts = (
        (),
        (Send(HALF), HalfClose(), AwaitEnd()),
        (Send(HALF), Abort()),
        (Send(whole.data * MANY), Abort()),
        (whole, Abort()),
        (whole, Pause(READING), Abort()),
        (Send(evidence.request("/")), Receive(1), Abort()),
    )
    own = (Probe(script, ("GET",), Risk.ABORT) for script in scripts)
    return _survived(evidence, Risk.ABORT, own, "The server did not survive a client that vanished.")


def _survived(evidence: Evidence, risk: Risk, own: Iterable[Probe], message: str) -> Judgement:
    """No exchange of this risk may have killed the server, whichever rule asked for it; nor may our own probes."""
    for exchange in list(evidence.exchanges.values()):
        if exchange.killed and exchange.probe.risk is risk:
            return _death(exchange, message)
    for probe in own:
        exchange = evidence.play(probe)
        if exchange.killed:
            return _death(exchange, message)
    return passed() if evidence.ordinary_answers else unclear("no plain GET is answered anyhow")


def _death(exchange: Exchange, message: str) -> Judgement:
    return broken(
        exchange,
        message,
        expected="an answer (RFC 9112 §2.2) or a close (RFC 9112 §9.5), and a server that answers a plain GET again",
        observed="a server that is dead or deaf afterwards",
    )
