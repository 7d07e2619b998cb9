"""Request bodies as programs see them: CONTENT_LENGTH, CONTENT_TYPE, standard input (RFC 3875 §4.1.2, §4.1.3, §4.2).

A server may refuse POST: what is judged is what it does pass on.
"""

from __future__ import annotations

import re
from dataclasses import replace

from conformance.check import check
from conformance.checks.cgi_programs import (
    BODY,
    BODY_TYPE,
    ECHO,
    Post,
    of_gateways,
    post,
    program,
    report_in,
    run,
    wrong,
)
from conformance.evidence import Evidence
from conformance.predicates import absent, blocked, broken, passed, refused
from conformance.probe import Pause, Probe, Receive, Send, compose
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
POST = (
    "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\n"
    "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)
NO_POST = "the program was not run for POST, which a server may refuse"
OR_REFUSED = ", or the POST refused (RFC 3875 §4.3.4, RFC 9110 §15.5)"
PNG = b"\x89PNG\r\n\x1a\n"
LARGE = (PNG + bytes(range(256)) * 16 + b"0123456789abcde\n" * 8192)[:135_168]  # more than a pipe holds
FITTING = ("", "image/png", "application/octet-stream")


@check(
    "cgi-env.content-length-iff-body",
    also=("cgi-env.content-length-digits",),
    statement="CONTENT_LENGTH is the number of octets in the request body, in digits, and it is empty or unset if "
    "there is no body.",
    why="A program reads exactly so many octets; without the number it reads nothing or waits for ever.",
    hint="Set CONTENT_LENGTH to str(len(body)) if the request has a body, and leave it out otherwise.",
    example=(POST, 'CONTENT_LENGTH is "5"', "CONTENT_LENGTH is not set"),
    dispute='lighttpd says "0" for a GET, by RFC 3875 §4.1.2 the sign of a body; by RFC 9112 §6.3 such a request '
    "has a body of no octets. As no program is misled it is a warning; other values fail.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def content_length(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if plain.environment.get("CONTENT_LENGTH"):
        message = "CONTENT_LENGTH is set although the request has no body."
        judgement = wrong(plain, "CONTENT_LENGTH", message, expected="empty or unset (both RFC 3875 §4.1.2)")
        harmless = plain.environment["CONTENT_LENGTH"] == "0"
        return replace(judgement, verdict=Verdict.WARNING) if harmless else judgement
    posted = post(evidence)
    length = posted.report.get("content_length") if posted.report else None
    if posted.report is None:
        return passed(NO_POST)
    if length == str(len(BODY)):
        return passed()
    message = "CONTENT_LENGTH is not the length of the body."
    return broken(
        posted.exchange,
        message,
        expected=f'"{len(BODY)}" (RFC 3875 §4.1.2){OR_REFUSED}',
        observed=f"CONTENT_LENGTH is {length!r}",
    )


@check(
    "cgi-env.content-type-from-field",
    statement="CONTENT_TYPE is the value of the request's Content-Type field with its parameters.",
    why="A form cannot be read without it: the boundary of a file upload stands in a parameter.",
    hint="Copy the whole value of Content-Type into CONTENT_TYPE (without HTTP_ before the name).",
    example=(POST, 'CONTENT_TYPE is "text/plain"', "CONTENT_TYPE is not set"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def content_type(evidence: Evidence) -> Judgement:
    posted = post(evidence)
    if posted.report is None:
        return absent(NO_POST)
    value = posted.report.get("content_type")
    if isinstance(value, str) and _without_space(value) == _without_space(BODY_TYPE):
        return passed()
    message = "CONTENT_TYPE is not the type of the body."
    return broken(
        posted.exchange,
        message,
        expected=f"{BODY_TYPE} (RFC 3875 §4.1.3){OR_REFUSED}",
        observed=f"CONTENT_TYPE is {value!r}",
    )


def _without_space(media_type: str) -> str:
    return re.sub(r"\s+", "", media_type).lower()


@check(
    "cgi-env.content-type-not-invented",
    statement="CONTENT_TYPE is unset or empty for a request that names no type, or it is a type that fits the body.",
    why="A program takes CONTENT_TYPE for what the client said, and reads a picture as text if that is made up.",
    hint="Set CONTENT_TYPE only if there is a Content-Type field; text/plain, as e-mail parsers assume, is no default.",
    example=("GET /cgi/environment.py" + HOST, "CONTENT_TYPE is not set", 'CONTENT_TYPE is "text/plain"'),
    dispute="A server may work out the type of a body that came without one (RFC 3875 §4.1.3), so a type that fits "
    "is accepted. A constant text/plain, as http.server gives, is no such thing.",
    needs=("cgi",),
    requires=("cgi-env.no-variable-of-earlier-request",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def type_not_invented(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    message = "CONTENT_TYPE names a type that nobody has said."
    if plain.environment.get("CONTENT_TYPE"):
        return wrong(
            plain, "CONTENT_TYPE", message, expected="empty or unset (both RFC 3875 §4.1.3), as there is no body"
        )
    untyped = _in_pieces(evidence) if post(evidence).report is not None else None
    if untyped is None or untyped.report is None:
        return passed("seen on GET alone, as the program was not run for a POST without Content-Type")
    value = untyped.report.get("content_type") or ""
    if value.partition(";")[0].strip().lower() in FITTING:
        return passed()
    expected = f"empty, unset, or a type that fits the PNG picture in the body (all RFC 3875 §4.1.3){OR_REFUSED}"
    return broken(untyped.exchange, message, expected=expected, observed=f"CONTENT_TYPE is {value!r}")


@check(
    "cgi-input.body-on-stdin",
    also=("post.content-processed",),
    statement="The body of a POST request stands on the program's standard input.",
    why="That is where programs read forms and uploads from.",
    hint="Read Content-Length octets from the socket and give them to the program: subprocess.run(…, input=body).",
    example=(POST, '"hello" on standard input', "an empty standard input"),
    dispute="A server may refuse methods for programs (RFC 3875 §4.3.4): 405, 411, 413 or 501 to the POST shows "
    "nothing.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def body_on_stdin(evidence: Evidence) -> Judgement:
    posted = post(evidence)
    if posted.report is None:
        return absent(NO_POST)
    if posted.report.get("content_length") != str(len(BODY)):
        return blocked("cgi-env.content-length-iff-body", "the program was not told how much to read")
    if posted.body == BODY:
        return passed()
    message = "The program did not find the body on its standard input."
    observed = f"{posted.body[:40]!r} on standard input"
    return broken(posted.exchange, message, expected=f"{BODY!r} (RFC 3875 §4.2){OR_REFUSED}", observed=observed)


@check(
    "cgi-input.whole-body-available",
    statement="A program can read every octet of the body, however long it is, in however many pieces it came.",
    why="recv() gives what has come so far; who calls it once cuts every upload that is larger than a packet.",
    hint="Call recv() until Content-Length octets have come, keep them as bytes, and write them to the program while "
    "its output is read (communicate() does both).",
    example=(POST.replace("5", "135168"), "135168 octets on standard input", "4096 octets on standard input"),
    needs=("cgi",),
    requires=("cgi-input.body-on-stdin",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def whole_body(evidence: Evidence) -> Judgement:
    if post(evidence).report is None:
        return absent(NO_POST)
    sent = _in_pieces(evidence)
    if sent.report is None and sent.exchange.status is not None and refused(sent.exchange):
        return absent("such a body is refused")
    if sent.body == LARGE:
        return passed()
    message = "The program could not read the whole body."
    octets = f"{len(sent.body)} octets" + (", but others" if len(sent.body) == len(LARGE) else "")
    observed = octets if sent.report is not None else None
    return broken(
        sent.exchange, message, expected=f"the same {len(LARGE)} octets (RFC 3875 §4.2){OR_REFUSED}", observed=observed
    )


def _in_pieces(evidence: Evidence) -> Post:
    """A large picture without a type, the first part in the packet of the head, the rest in pieces."""
    fields = [("Host", evidence.site.authority), ("Content-Length", str(len(LARGE)))]
    data = compose("POST", program(evidence, ECHO) or "/", fields, body=LARGE)
    pieces = (data[:1000], data[1000:5000], data[5000:100_000], data[100_000:])
    script = [action for piece in pieces for action in (Send(piece), Pause(0.03))][:-1]
    exchange = evidence.play(Probe((*script, Receive(1)), ("POST",), Risk.UNUSUAL))
    return Post(exchange, report_in(exchange.response))
