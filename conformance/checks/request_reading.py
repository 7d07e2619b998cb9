"""Requests as a whole (RFC 9110 §5.3, §9.3.1 and §15, RFC 2616 §5.1): when they are complete, how often answered."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.controls import CLOSE, static_target
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    broken,
    describe,
    first_of,
    passed,
    served,
    stays_open,
    treated_alike,
    unclear,
)
from conformance.probe import AwaitEnd, Pause, Probe, Receive, Send
from conformance.response import Framing, Span
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

SEGMENT_GAP = 0.03
OCTET_GAP = 0.002
HEAD_GAP = 0.25
OK = "HTTP/1.1 200 OK\r\n…"
HEAD = re.compile(rb"HTTP/1\.[01] [1-5]\d\d[^\r\n]*\r?\n(?:[!-9;-~]+:[^\r\n]*\r?\n)*\r?\n")


def _with(lines: str) -> str:
    return f"GET / HTTP/1.1\r\n{lines}\r\n\r\n"


@check(
    "message.request-in-segments",
    also=("request-line.valid-accepted",),
    statement="A well-formed request is understood in whatever pieces the network delivers it.",
    why="TCP may cut a request anywhere; what one recv() gives is not a request.",
    hint='Call recv() in a loop and collect until b"\\r\\n\\r\\n" has come, before you look at the request line.',
    example=(
        "GET / HT (a moment later) TP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 400 Bad Request\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def in_segments(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    data = evidence.request(target)
    line = data.index(b"\r\n")
    segments = _cut(data, (line // 2, line + 4, len(data) - 3, len(data) - 1))
    single = [data[n : n + 1] for n in range(len(data))]
    return first_of(
        _pieced_together(evidence.play(probe), control, is_file(evidence, control))
        for probe in (_dripped(segments, SEGMENT_GAP), _dripped(single, OCTET_GAP))
    )


def _cut(data: bytes, places: tuple[int, ...]) -> list[bytes]:
    return [data[start:stop] for start, stop in zip((0, *places), (*places, len(data)), strict=True)]


def _dripped(pieces: list[bytes], gap: float) -> Probe:
    script = [action for piece in pieces for action in (Send(piece), Pause(gap))]
    return Probe((*script[:-1], Receive(1)), ("GET",), Risk.UNUSUAL)


def _pieced_together(exchange: Exchange, control: Exchange, same_body: bool) -> Judgement:
    if exchange.status == 408:
        return unclear("the server took the pieces for a slow client")
    return treated_alike(exchange, control, "The request is not understood if it arrives in pieces.", body=same_body)


@check(
    "message.no-reply-before-head-complete",
    statement="A request is not answered with success before its whole head has come.",
    why="The lines still to come may change what is asked for: a Host, a condition, a length.",
    hint="Read until the empty line before you answer, even if the request line tells you enough.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\n (the empty line a moment later)",
        "HTTP/1.1 200 OK\r\n… (after the empty line)",
        "HTTP/1.1 200 OK\r\n… (before it)",
    ),
    requires=("message.request-in-segments",),
    dispute="RFC 9110 §7.5 lets a reply come before the request is complete, §5.3 forbids to act on it before its "
    "head is. So an early error passes, an early success does not.",
    risk=Risk.UNUSUAL,
)
def waits_for_head(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    data = evidence.request(target)
    script = (Send(data[:-2]), Pause(HEAD_GAP), Send(data[-2:]), Receive(1))
    exchange = evidence.play(Probe(script, ("GET",), Risk.UNUSUAL))
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if not served(exchange):
        return unclear(f"a request that paused was not served: {describe(exchange)}")
    # The rest is sent no sooner than HEAD_GAP after the first octets, which are sent after the connection is made.
    if exchange.chunks[0].at < HEAD_GAP:
        return broken(
            exchange,
            "The reply came before the request's head was complete.",
            expected="no success before the empty line (RFC 9110 §5.3); an error may come early (RFC 9110 §7.5)",
            observed=f"{describe(exchange)}, {exchange.chunks[0].at:.2f} s after the connection was made",
        )
    return passed()


@check(
    "message.one-final-reply-per-request",
    statement="Each request draws exactly one final reply.",
    why="A second one is taken for the answer to the client's next request.",
    hint="Look for a handler that goes on after an error page, or an except branch that sends a second reply.",
    example=(
        _with("Host: localhost:50000\r\nConnection: close"),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Internal Server Error\r\n…",
    ),
)
def one_final_reply(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    content = page.content if page else b""
    alone = [evidence.get(target, [CLOSE], to_end=True) for target in ("/", static_target(evidence))]
    for exchange in (*alone, evidence.get(MISSING)):
        if len(exchange.responses) > 1:
            return _too_many(exchange, exchange.responses[1].span, 1)
        second = _second_head(exchange, content)
        if second is not None:
            return _too_many(exchange, second, 1)
    if stays_open(evidence):
        script = (Send(evidence.request("/")), Receive(1), Send(evidence.request("/", [CLOSE])), AwaitEnd())
        exchange = evidence.play(Probe(script, ("GET", "GET"), Risk.UNUSUAL))
        if len(exchange.responses) > 2:
            return _too_many(exchange, exchange.responses[2].span, 2)
    return passed() if evidence.ordinary_answers else unclear("no answer came")


def _second_head(exchange: Exchange, content: bytes) -> Span | None:
    """Where a whole head stands at the start of the body, or where the known page breaks off; a page may hold one."""
    response = exchange.response
    head = HEAD.search(response.body) if response else None
    if response is None or head is None or response.framing is Framing.CHUNKED:
        return None
    before = response.body[: head.start()]
    if not content.startswith(before) or content[head.start() :].startswith(head[0]):
        return None
    return response.head_end + head.start(), response.head_end + head.end()


def _too_many(exchange: Exchange, span: Span, asked: int) -> Judgement:
    return broken(
        exchange,
        "More final replies came than requests were sent.",
        expected=f"{asked} status line{'s' * (asked > 1)}",
        observed="another one",
        span=span,
    )


@check(
    "message.undefined-body-ignored",
    statement="A body in a GET, which means nothing there, is ignored or refused in good order.",
    why="The body belongs to the message all the same: who leaves it unread takes it for the next request.",
    hint="Read as many octets as Content-Length says after the head, and throw them away; or answer 400 and close.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 5\r\n\r\nhello",
        OK,
        "HTTP/1.1 500 Internal Server Error\r\n…",
    ),
    dispute="RFC 2616 §4.3 advises to ignore the body, RFC 9110 §9.3.1 lets a server refuse the request and "
    "close. So the page and any refusal of class 4 pass; a close without a reply may be such a refusal, "
    "and proves nothing.",
    risk=Risk.UNUSUAL,
)
def undefined_body(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    exchange = evidence.get(target, [("Content-Length", "5")], body=b"hello")
    if exchange.peer_ended and not exchange.received and not exchange.killed:
        return unclear("the connection was closed without a reply, which a refusal may look like")
    if exchange.status is not None and 400 <= exchange.status <= 499:
        return passed(describe(exchange)) if served(control) else unclear("the control was not served")
    message = "A GET with a body is not answered like one without."
    return treated_alike(exchange, control, message, lawful="a refusal of class 4, or a close (RFC 9110 §9.3.1)")
