"""What reaches a program on its standard input, and what must not (RFC 3875 §4.2, RFC 9112 §7.1.2, RFC 9110 §6.5.1).

That a body in chunks arrives is judged in ``chunked_requests``, one with a length among the rules on variables.
"""

from __future__ import annotations

import gzip

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, of_gateways, post, program, report_in
from conformance.checks.chunked_requests import HEAD, NO_POST, posted_in
from conformance.checks.request_bodies import CHUNKED, HELLO, TEXT
from conformance.evidence import Evidence
from conformance.exemplars import nph
from conformance.predicates import absent, broken, describe, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

ODD = b"a=1&b=%41+\xe9\x00\r\n\r\n\n\xff"
BEFORE = b"42 octets and the request body: "


@check(
    "cgi-input.nph-body-unaltered",
    statement="A program that writes its whole reply itself is given the body octet for octet as the client sent it.",
    why="Such programs do without the server's help on purpose; decoded or repaired input is not what they ask for.",
    hint="Hand the octets on as they came: no decode(), no strip(), no change of line ends.",
    example=(
        "POST /cgi/nph-reply.py HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 5\r\n\r\na%41\r\n",
        "a%41\\r\\n on standard input",
        "aA\\n on standard input",
    ),
    needs=("nph",),
    requires=(
        "cgi-input.body-on-stdin",
        "cgi-input.whole-body-available",
    ),
    risk=Risk.UNUSUAL,
)
def nph_body(evidence: Evidence) -> Judgement:
    target = nph(evidence) or "/"
    fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(ODD)))]
    exchange = evidence.get(target, fields, method="POST", body=ODD)
    if not served(exchange) or BEFORE not in exchange.responses[0].body:
        return unclear(f"the program does not tell what it was given: {describe(exchange)}")
    given = exchange.responses[0].body.partition(BEFORE)[2].removesuffix(b"\n")
    if given == ODD:
        return passed()
    message = "The body was changed on its way to the program."
    return broken(exchange, message, expected=f"{ODD!r} (RFC 3875 §4.2)", observed=repr(given))


@check(
    "cgi-input.undecodable-body-refused",
    statement="A body in a transfer coding that the server cannot take off is refused; the program is not run.",
    why="The program would take compressed octets for its data, and cannot even know that they are.",
    hint='Go on only if Transfer-Encoding is "chunked"; answer 501 to every other coding.',
    example=(
        f"{HEAD}gzip, chunked\r\n\r\n…",
        "HTTP/1.1 501 Not Implemented\r\n…",
        "HTTP/1.1 200 OK\r\n… (the program has read \\x1f\\x8b\\x08…)",
    ),
    needs=("cgi",),
    requires=("chunked.request-decoded",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def undecodable_refused(evidence: Evidence) -> Judgement:
    if post(evidence).body != b"hello":
        return absent(NO_POST)
    packed = gzip.compress(b"hello", mtime=0)
    sent = posted_in(evidence, "gzip, chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed))
    if sent.report is None or sent.body == b"hello":
        return passed(describe(sent.exchange) if sent.report is None else "decodes gzip")
    return broken(
        sent.exchange,
        "A program is run although its input could not be decoded.",
        expected="501 (RFC 9112 §6.1) or another refusal, or the decoded body (RFC 3875 §4.2)",
        observed=f"the program was run with {sent.body[:40]!r} on standard input",
    )


MERGED = {
    "HTTP_X_PROBE_TRAILER": ("X-Probe-Trailer", "probe-7f3a"),
    "HTTP_HOST": ("Host", "probe-7f3a.example"),
}
"""Fields that no sentence allows to be merged into the head, by the variable in which they would show."""


@check(
    "trailer.not-merged-into-headers",
    statement="What comes in the trailer of a request is not treated as if it had stood in its head.",
    why="Proxies look at heads: a Host or a password in a trailer has passed all of them unseen.",
    hint="Throw trailer fields away, or keep them apart from the fields of the head.",
    example=(
        f"{HEAD}chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n".replace("echo_body", "environment"),
        "HTTP_X_T is not set",
        'HTTP_X_T is "1"',
    ),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def trailer_not_merged(evidence: Evidence) -> Judgement:
    target = program(evidence, ENVIRONMENT) or "/"
    runs = 0
    for variable, (name, value) in MERGED.items():
        body = HELLO.removesuffix(b"\r\n") + f"{name}: {value}\r\n\r\n".encode()
        exchange = evidence.get(target, [TEXT, CHUNKED], method="POST", body=body)
        report = report_in(exchange.response)
        runs += report is not None
        if report is not None and value in str(report.get("environment", {}).get(variable, "")):
            message = "A field from the trailer was given to the program as one of the head."
            expected = f"no {value} in {variable} (RFC 9112 §7.1.2), or a refusal"
            return broken(exchange, message, expected=expected, observed=f"{variable} has it")
    return passed() if runs else absent("no program is run for a chunked request with a trailer")
