"""The version of a request (RFC 9112 §2.3, RFC 9110 §6.2, RFC 2616 §3.1) and what the server makes of it."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.controls import request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.fuzz.judge import told_apart
from conformance.predicates import (
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    status_span,
    treated_alike,
    unclear,
)
from conformance.rule import Risk
from conformance.verdict import Judgement

MALFORMED = ("HTTP/1", "HTTP/1.1.1", "HTTP/11")


@check(
    "version.sent-highest-own",
    statement="The status line names the server's own highest version, whatever minor version the client has.",
    why="The version in a reply says what the server can do, not what the client asked with; clients remember it.",
    hint='Write "HTTP/1.1" into every status line; do not copy the version of the request.',
    example=(
        "GET / HTTP/1.0\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n…",
        "HTTP/1.0 200 OK\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def sent_highest_own(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    usual = evidence.get(target).response
    older = evidence.get(target, version="HTTP/1.0")
    if usual is None or usual.version != "HTTP/1.1":
        return absent("the server does not answer in HTTP/1.1")
    if older.response is None or older.response.version not in ("HTTP/1.1", "HTTP/1.0"):
        return unclear(f"nothing shows in the answer to HTTP/1.0: {describe(older)}")
    if older.response.version == "HTTP/1.1":
        return passed()
    return broken(
        older,
        "The server calls itself HTTP/1.0 where the client does.",
        expected="HTTP/1.1, the version that this server says it has in other replies",
        observed=older.response.version,
        span=status_span(older.response),
    )


@check(
    "version.higher-minor-served",
    statement="A request with a higher minor version is served as one of the highest version that the server knows.",
    why="A new minor version changes nothing that an old server could not read; refusing it breaks future clients.",
    hint="Compare only the major number: whatever begins with HTTP/1. is served like HTTP/1.1.",
    example=(
        "GET / HTTP/1.2\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 505 HTTP Version Not Supported\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def higher_minor_served(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return treated_alike(
        evidence.get(target, version="HTTP/1.2"),
        evidence.get(target),
        "A request of version HTTP/1.2 is not served like one of HTTP/1.1.",
    )


@check(
    "version.sent-not-above-own",
    statement="The server never claims a version above its own, even if the client comes with one.",
    why="A client that reads HTTP/9.9 may go on in a protocol that the server does not speak.",
    hint='Write "HTTP/1.1" into every status line; do not copy the version of the request.',
    example=(
        "GET / HTTP/9.9\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 505 HTTP Version Not Supported\r\n…",
        "HTTP/9.9 200 OK\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def sent_not_above_own(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    tried = [evidence.get(target, version=version) for version in ("HTTP/1.7", "HTTP/9.9")]
    for exchange in tried:
        response = exchange.response
        said = re.fullmatch(r"HTTP/(\d+)\.(\d+)", response.version) if response else None
        if response is not None and said is not None and (int(said[1]), int(said[2])) > (1, 1):
            return broken(
                exchange,
                "The server claims a version that it cannot have.",
                expected="HTTP/1.1 or HTTP/1.0",
                observed=response.version,
                span=status_span(response),
            )
    return passed() if any(map(answered, tried)) else unclear("no such request was answered")


@check(
    "version.malformed-refused",
    statement="A request whose version is not HTTP/, digit, dot, digit is refused.",
    why="What a server accepts by guessing, the next program on the way may read otherwise.",
    hint="Match the third word of the request line against HTTP/[0-9]\\.[0-9] as a whole and answer 400 if it differs; "
    "do not use float().",
    example=(
        "GET / HTTP/1.1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n…",
    ),
    requires=("error.malformed-request-400", "request-line.malformed-rejected"),
    risk=Risk.MALFORMED,
)
def malformed_refused(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    judgement = first_of(
        turned_down(
            evidence.raw(request_of(evidence, f"GET {target} {version}")),
            evidence.get(target),
            f"A request of version {version} is not refused.",
        )
        for version in MALFORMED
    )
    return told_apart(judgement, evidence, "a broken version")
