"""Robustness (RFC 9110 §2.3, RFC 2616 §8.1.4): whatever a client does, the next one is served.

Deaths of the server by malformed or broken-off probes of any rule are charged here.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz.judge import disorder, explore, misjudged
from conformance.predicates import broken, passed, unclear
from conformance.probe import Abort, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

GARBAGE = (
    bytes(range(256)),
    b"\0" * 64 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200, 256)),  # a TLS client has the wrong port
    b"GET\r\n\r\n",
    b" \r\n\r\n",
    b"\r\n" * 40,
    b"GET / HTTP/1.1\r\n:\r\n: \r\n\r\n",
    b"GET /" + b"%" * 300 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X" * 70_000 + b"\r\n\r\n",
    b"A" * 100_000,
)
HALF = b"GET / HTTP/1.1\r\nHost: half"
READING = 0.02


@check(
    "robustness.orderly-answer-to-garbage",
    rows=("9110-2.3-parse-defensively",),
    statement="Whatever the request line holds, the answer is a response in good form or a close, and it comes.",
    why="An error reply without a status line, or none at all, tells the client nothing; it waits or breaks.",
    hint="Send every error through the function that makes your good replies, and catch what the parsing raises.",
    example=(
        "GET / HTTP/banana\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n…",
        "Bad request!",
    ),
    requires=("message.grammar-conformance", "error.malformed-request-400"),
    risk=Risk.MALFORMED,
)
def orderly_answer(evidence: Evidence) -> Judgement:
    finding = explore(evidence, disorder)
    return passed() if finding is None else Judgement(Verdict.FAIL, finding=finding)


@check(
    "request-line.near-misses-told-apart",
    rows=("2616-5.1-parse-request-line", "9112-3-request-line-single-sp"),
    statement="Good request lines are told from bad ones that differ in little.",
    why="The line between good and bad is where programs on the way disagree.",
    hint="Match method, target and version as a whole against their grammar, one after the other.",
    example=(
        "G@T / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n…",
    ),
    requires=(
        "robustness.orderly-answer-to-garbage",
        "request-line.malformed-rejected",
        "request-line.whitespace-in-target-400-301",
        "version.malformed-refused",
        "method.non-token-400",
        "target.no-leading-slash-rejected",
        "target.absolute-form-accepted",
        "target.origin-form-accepted",
        "field.names-case-insensitive",
        "field.whitespace-around-value-ignored",
        "field.unknown-ignored",
    ),
    risk=Risk.MALFORMED,
)
def near_misses(evidence: Evidence) -> Judgement:
    finding = explore(evidence, misjudged)
    return passed() if finding is None else Judgement(Verdict.FAIL, finding=finding)


@check(
    "robustness.survives-garbage",
    statement="Malformed octets do not keep the server from serving the next client.",
    why="Anybody can send anything to an open port; one such client must not shut out all others.",
    hint="Put try/except round the handling of each connection, and a limit on how much of a request is read.",
    example=(
        "\\x00\\x01\\x02… (and then, on a new connection, GET / HTTP/1.1)",
        "HTTP/1.1 400 Bad Request\r\n… (and then HTTP/1.1 200 OK)",
        "(the server has ended)",
    ),
    risk=Risk.MALFORMED,
)
def survives_garbage(evidence: Evidence) -> Judgement:
    own = (_to_end(data) for data in GARBAGE)
    return _survived(evidence, Risk.MALFORMED, own, "The server did not survive malformed octets.")


def _to_end(data: bytes) -> Probe:
    """Our end is closed, too, so that nobody waits for more."""
    return Probe((Send(data), HalfClose(), AwaitEnd()), ("GET",), Risk.MALFORMED)


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
        expected="an answer or a close, and a server that answers a plain GET afterwards",
        observed="a server that is dead or deaf afterwards",
    )
