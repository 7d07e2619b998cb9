"""The version of a request (RFC 9112 §2.3, RFC 9110 §6.2, RFC 2616 §3.1) and what the server makes of it."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.controls import request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.fuzz.within_checks import told_apart
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
    status_span,
    treated_alike,
    unclear,
)
from conformance.rule import Risk, Spec
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
    dispute="Several servers (lighttpd, Caddy, Twisted, aiohttp, gunicorn) write the version of the client into "
    "the reply, and hold that this is polite. RFC 9110 §6.2 and RFC 2616 §3.1 advise the server's own "
    "version in every reply; both are served by every client, so that it is advice only.",
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
        expected="HTTP/1.1, the version that this server says it has in other replies (RFC 9110 §6.2)",
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
    dispute="Some suites and servers want 505 for HTTP/1.2. RFC 9110 §15.6.6 ties 505 to the major version, and "
    "§6.2 advises to serve a higher minor one; it is advice, so a refusal is a warning.",
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
    dispute="Whether HTTP/9.9 is served or refused with 505 is the server's choice (RFC 9110 §6.2), and so is a "
    "close; only a version in the reply that the server cannot have is wrong.",
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
                expected="HTTP/1.1 or HTTP/1.0 (RFC 9110 §6.2), with whatever status, such as 505 (§15.6.6)",
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
    dispute="People quarrel over 400 or 505. A version that does not fit the grammar makes a malformed request, "
    "for which RFC 9112 §2.2 advises 400; 505 (RFC 9110 §15.6.6) tells the client as much. HTTP/1.10 and "
    "HTTP/01.1 are lawful in RFC 2616 §3.1, so they are not tried.",
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


@check(
    "version.lower-case-name-refused",
    statement="A request whose version is not written with the capitals HTTP is refused.",
    why="The name is fixed, letter for letter: a filter that refuses http/1.1 does not see what you serve.",
    hint='Compare with "HTTP/" as it is; do not change the case of the request line.',
    example=(
        "GET / http/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n…",
    ),
    requires=("version.malformed-refused",),
    permitted_by=Spec.RFC2616,
    dispute="RFC 2616 §2.1 compares the name without regard to case, RFC 9112 §2.3 with it. So a breach counts "
    "only by RFC 9112.",
    risk=Risk.MALFORMED,
)
def lower_case_refused(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange = evidence.raw(request_of(evidence, f"GET {target} http/1.1"))
    return turned_down(exchange, evidence.get(target), "A request of version http/1.1 is not refused.")


@check(
    "version.505-explains",
    statement="A reply with 505 has a body that says what is the matter.",
    why="The client has to learn which versions the server speaks, since it cannot guess them.",
    hint="Send a short page with every error, also with this one.",
    example=(
        "GET / HTTP/9.9\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 505 HTTP Version Not Supported\r\n…\r\n\r\nI speak HTTP/1.1 and HTTP/1.0.",
        "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def explained_505(evidence: Evidence) -> Judgement:
    exchange = evidence.get(static_target(evidence), version="HTTP/9.9")
    if exchange.status != 505 or exchange.response is None:
        return absent("HTTP/9.9 draws no 505")
    if exchange.response.body.strip():
        return passed("505 with a body")
    message = "A 505 does not say which versions are spoken."
    return broken(exchange, message, expected="a body with an explanation", observed="an empty body")


@check(
    "version.http10-request-served",
    rows=("2616-19.6-understand-http10",),
    statement="The shortest request of HTTP/1.0, a line and an empty one, is answered.",
    why="It is what people type by hand; it has no fields at all, so that the empty line comes at once.",
    hint='Look for "\\r\\n\\r\\n" from the end of the request line on, not from the first field on.',
    example=("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n… (or 400, 426, 505)", "(no reply)"),
    dispute="RFC 9112 §3.3 lets a server refuse what has no Host, or take its default name, and RFC 9110 §15.6.6 "
    "lets it refuse a version. So any answer passes that is not a failure of the server.",
    risk=Risk.UNUSUAL,
)
def http10_served(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    exchange = evidence.raw(f"GET {target} HTTP/1.0\r\n\r\n".encode("latin-1"), risk=Risk.UNUSUAL)
    if not served(control) or exchange.status in OVERLOADED:
        return unclear(f"the control request was not served: {describe(control)}")
    if (exchange.status is not None and exchange.status < 500) or exchange.status == 505:
        return passed(describe(exchange))
    return broken(
        exchange,
        "A request of HTTP/1.0 without fields is not answered.",
        expected="the page (RFC 2616 §19.6), 400 (RFC 9112 §3.3), 505 (RFC 9110 §15.6.6), or another reply below 500",
    )
