"""The request line as the server reads it (RFC 9112 §2.2 and §3, RFC 2616 §4.1 and §5.1): good, bad, long and late ones."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    broken,
    describe,
    first_of,
    passed,
    served,
    treated_alike,
    unclear,
)
from conformance.probe import Pause, Probe, Receive, Send
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

SEGMENT_GAP = 0.03
OCTET_GAP = 0.002
HEAD_GAP = 0.25
LINE_LENGTH = 8000


@check(
    "robustness.leading-empty-line-ignored",
    statement="An empty line before the request line is ignored.",
    why="Old clients send one CRLF too many after a body, and the next request on the connection then begins with it.",
    hint="Skip empty lines while you wait for the request line, instead of splitting the empty one.",
    example=(
        "\r\nGET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 400 Bad Request\r\n…",
    ),
    risk=Risk.MALFORMED,
)
def leading_empty_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return treated_alike(
        evidence.raw(b"\r\n" + evidence.request(target)),
        evidence.get(target),
        "A request after one empty line is not served.",
    )


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
        _pieced_together(evidence.play(probe), control)
        for probe in (_dripped(segments, SEGMENT_GAP), _dripped(single, OCTET_GAP))
    )


def _cut(data: bytes, places: tuple[int, ...]) -> list[bytes]:
    return [data[start:stop] for start, stop in zip((0, *places), (*places, len(data)), strict=True)]


def _dripped(pieces: list[bytes], gap: float) -> Probe:
    script = [action for piece in pieces for action in (Send(piece), Pause(gap))]
    return Probe((*script[:-1], Receive(1)), ("GET",), Risk.UNUSUAL)


def _pieced_together(exchange: Exchange, control: Exchange) -> Judgement:
    if exchange.status == 408:
        return unclear("the server took the pieces for a slow client")
    return treated_alike(
        exchange, control, "The request is not understood if it arrives in pieces.", body=True
    )


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
            expected="no reply before the empty line",
            observed=f"{describe(exchange)}, {exchange.chunks[0].at:.2f} s after the connection was made",
        )
    return passed()


@check(
    "error.malformed-request-400",
    statement="Octets that fit no grammar of a request get status 400.",
    why="The client learns that it was not understood; silence lets it wait, and success would be a lie.",
    hint="Put the parsing into try/except, and answer 400 with a short page and a close if it fails.",
    example=("(((\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n…", "HTTP/1.1 200 OK\r\n…"),
    risk=Risk.MALFORMED,
)
def malformed_400(evidence: Evidence) -> Judgement:
    return turned_down(
        evidence.raw(b"(((\r\n\r\n"),
        evidence.get(static_target(evidence)),
        "Octets that are no request are not refused.",
        also=(300, 301, 302, 303, 307, 308, 501, 505),
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
    risk=Risk.MALFORMED,
)
def malformed_close(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    if not served(evidence.get(target)):
        return unclear("the control request was not served")
    exchange = evidence.raw(b"(((\r\n\r\n" + evidence.request(target), count=2)
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
        return passed()
    return broken(
        exchange,
        "The connection stays open after a malformed request.",
        expected=expected,
        observed=f"{describe(exchange)}, and no end",
    )


@check(
    "request-line.malformed-rejected",
    statement="A first line that is not method, space, target, space, version is refused.",
    why="A server that serves it has guessed, and a proxy in front of it may have guessed otherwise.",
    hint="Split the line at single spaces, demand three words, check each, and answer 400 otherwise.",
    example=(
        "GET / HTTP/1.1 extra\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n…",
    ),
    requires=("error.malformed-request-400",),
    risk=Risk.MALFORMED,
)
def malformed_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    lines = (f"GET {target} HTTP/1.1 extra", "GARBAGE", f"GET {target} FTP/1.0")
    return first_of(
        turned_down(
            evidence.raw(request_of(evidence, line)),
            evidence.get(target),
            f"The malformed request line {line!r} is not refused.",
        )
        for line in lines
    )


@check(
    "request-line.whitespace-in-target-400-301",
    also=("request-line.no-autocorrect",),
    statement="A request line with a blank in its target is refused or redirected, not repaired and served.",
    why="Programs that read the line differently then see different requests; this has been used to slip past filters.",
    hint="Do not join the middle words to a path, and do not take the second word alone: answer 400.",
    example=(
        "GET /a b.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n… (the content of 'a b.txt')",
    ),
    requires=("request-line.malformed-rejected",),
    risk=Risk.MALFORMED,
)
def blank_in_target(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    trials = [(f"{target} b.txt", target)]
    page = evidence.site.page(where=_blank_name)
    if page is not None:
        trials.insert(0, (f"/{page.path}", page.target))
    return first_of(
        turned_down(
            evidence.raw(request_of(evidence, f"GET {written} HTTP/1.1")),
            evidence.get(control),
            f"The target {written!r}, with its blank, is served.",
            also=(301, 302, 303, 307, 308, 501, 505),
        )
        for written, control in trials
    )


def _blank_name(page: Page) -> bool:
    return " " in page.path and page.target == "/" + page.path.replace(" ", "%20") and page.kind != "program"


@check(
    "limits.request-line-8000",
    also=("limits.uri-8000",),
    statement="A request line, and a target, of 8000 octets are handled.",
    why="Forms with GET and long links are that long; a shorter limit breaks them.",
    hint="Do not cut the request at the size of one recv(1024) or recv(4096): read on until the empty line.",
    example=(
        "GET /?q=aaa… (8000 octets) HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 414 URI Too Long\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def long_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(f"{target}?q=a")
    around = len("GET  HTTP/1.1")
    return first_of(
        _long(evidence, target, length, control) for length in (LINE_LENGTH - around, LINE_LENGTH)
    )


def _long(evidence: Evidence, target: str, length: int, control: Exchange) -> Judgement:
    start = f"{target}?q="
    exchange = evidence.get(start + "a" * (length - len(start)), risk=Risk.UNUSUAL)
    return treated_alike(exchange, control, f"A target of {length} octets is not handled.")
