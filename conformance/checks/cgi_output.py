"""What a server makes of the output of a program (RFC 3875 §6.2.1, §6.3, §6.4): fields, Status, body.

Redirects are judged in :mod:`conformance.checks.cgi_redirects`, faulty output in :mod:`conformance.checks.cgi_errors`.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_programs import (
    ENVIRONMENT,
    MARK,
    PRINTED,
    REPLY,
    defects_of_all,
    of_gateways,
    of_printers,
    printed,
    prints,
    program,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, blocked, broken, found, passed, refused, unclear
from conformance.response import DefectKind, Framing
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = PRINTED[0]
SEVERAL_LINES = "several_lines.py"
SEVERAL_PARTS = "\none: 1\n\ntwo: 2\n\nthree"
ELSEWHERE = "http://other.example/x"


def _media_type(exchange: Exchange) -> str:
    value = exchange.response.value("content-type") if exchange.response else None
    return (value or "none").partition(";")[0].strip().lower()


@check(
    "cgi-output.header-fields-parsed",
    also=("cgi-output.lf-accepted-as-newline",),
    statement="The lines that a program prints before its first empty line become fields of the reply, not part of the "
    "page.",
    why="A program has no other way to say what its output is; shown in the page, its head is garbage.",
    hint="Split the output at the first empty line; on POSIX systems its lines end in LF alone.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nContent-Type: text/x-probe\r\n\r\nbody", "…\r\n\r\nContent-Type: text/x-…"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_printers
def fields_parsed(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, *PRINTED, body=MARK)
    body = exchange.response.body if exchange.response else b""
    if TYPE.encode() in body:
        at = exchange.received.find(TYPE.encode())
        message = "The head that the program printed stands in the page."
        return broken(exchange, message, expected="its lines as fields of the reply", span=(at, at + len(TYPE)))
    if _media_type(exchange) != "text/x-probe":
        message = "The type that the program printed is not the type of the reply."
        return broken(exchange, message, expected=TYPE, observed=f"Content-Type: {_media_type(exchange)}")
    return passed()


@check(
    "cgi-output.first-blank-line-splits",
    statement="The first empty line ends the head of a program's output; all that follows it is the body.",
    why="Split at a later empty line, the beginning of the page is lost.",
    hint='Split once, at the first empty line: output.partition(b"\\n\\n") gives the head and the whole body.',
    example=(REQUEST, "…\r\n\r\none\n\ntwo", "…\r\n\r\ntwo"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def first_blank_line(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, TYPE, body=SEVERAL_PARTS)
    if refused(exchange):  # some servers take no encoded line end in a query
        return absent(f"the query that makes {REPLY} print several lines is refused")
    body = exchange.response.body.replace(b"\r\n", b"\n") if exchange.response else b""
    if body.rstrip() == SEVERAL_PARTS.encode():
        return passed()
    message = "The body is not all that follows the first empty line of the output."
    return broken(exchange, message, expected=repr(SEVERAL_PARTS), observed=repr(body[:60].decode("latin-1")))


@check(
    "cgi-output.status-used",
    also=("cgi-output.any-registered-status-usable",),
    statement="The field Status in a program's output sets the status code of the reply, whichever code it is.",
    why="It is the only way in which a program can say that something is not there or went wrong.",
    hint="Look for Status in the program's head and put its three digits into the status line; 200 only without it.",
    example=(REQUEST, "HTTP/1.1 404 Not Here\r\n…", "HTTP/1.1 200 OK\r\nStatus: 404 Not Here\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def status_used(evidence: Evidence) -> Judgement:
    for line, status in (("Status: 404 Not Here", 404), ("Status: 451 x", 451)):
        exchange = printed(evidence, line, TYPE, body=MARK)
        if exchange.status != status:
            message = f'The program printed "{line}", and the reply has another status.'
            return broken(exchange, message, expected=f"status {status}")
    return passed()


@check(
    "cgi-output.header-order-free",
    statement="It does not matter in which order a program prints its fields.",
    why="Programs print Status where they learn it, often after the type.",
    hint="Collect all lines of the head first, then look for Status and Location among them.",
    example=(REQUEST, "HTTP/1.1 404 Not Here\r\n…", "HTTP/1.1 200 OK\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def order_free(evidence: Evidence) -> Judgement:
    for lines in (("Status: 404 Not Here", TYPE), (TYPE, "Status: 404 Not Here")):
        exchange = printed(evidence, *lines, body=MARK)
        if exchange.status != 404 or _media_type(exchange) != "text/x-probe":
            message = "Another order of the same fields makes another reply."
            observed = f"status {exchange.status}, {_media_type(exchange)} for {' | '.join(lines)}"
            return broken(exchange, message, expected="status 404, text/x-probe in any order", observed=observed)
    return passed()


@check(
    "cgi-output.field-name-case-ignored",
    statement="Field names in a program's output mean the same in any case.",
    why="Field names are compared without case everywhere in HTTP.",
    hint="Compare name.lower() with the names that you look for.",
    example=(REQUEST, "HTTP/1.1 404 X\r\nContent-Type: text/x-probe\r\n…", "HTTP/1.1 200 OK\r\nSTATUS: 404 X\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def name_case(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, "STATUS: 404 X", "content-TYPE: text/x-probe", body=MARK)
    if exchange.status == 404 and _media_type(exchange) == "text/x-probe":
        return passed()
    message = "A field of the program is not recognised in another case."
    observed = f"status {exchange.status}, type {_media_type(exchange)}"
    return broken(exchange, message, expected="status 404, type text/x-probe", observed=observed)


@check(
    "cgi-output.space-after-colon-optional",
    statement="A program may leave out the blank after the colon of a field.",
    why="The blank is decoration, in CGI as in HTTP.",
    hint='Split a line at ":" and strip the value; do not split at ": ".',
    example=(REQUEST, "Content-Type: text/x-probe", "HTTP/1.1 500 Internal Server Error"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def space_optional(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, "Status:404 X", TYPE.replace(" ", ""), body=MARK)
    if exchange.status == 404 and _media_type(exchange) == "text/x-probe":
        return passed()
    message = "Fields without a blank after the colon are not recognised."
    observed = f"status {exchange.status}, type {_media_type(exchange)}"
    return broken(exchange, message, expected="status 404, type text/x-probe", observed=observed)


@check(
    "cgi-output.empty-status-not-used",
    statement="A Status field without a value counts as not printed.",
    why="Put into the status line as it is, it makes a reply that no client can read.",
    hint="If the value of Status is empty, go on as if it were not there: 200.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP/1.1  \r\n…"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def empty_status(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, "Status:", TYPE, body=MARK)
    if exchange.status == 200 or (exchange.status is not None and 500 <= exchange.status <= 599):
        return passed()
    message = "An empty Status makes a reply with a strange status line."
    line = exchange.response.status_line if exchange.response else None
    return broken(exchange, message, expected="status 200, or 5xx", span=line.span if line else None)


@check(
    "cgi-output.protocol-fields-forwarded",
    statement="Fields that a program prints for the client, such as Cache-Control and Set-Cookie, are sent to it.",
    why="Without them programs can keep no session and cannot control caches.",
    hint="Copy every field but Status into the reply, each line of a repeated one, too.",
    example=(REQUEST, "Content-Language: tlh", "(the field is missing)"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def fields_forwarded(evidence: Evidence) -> Judgement:
    sent = (TYPE, "Cache-Control: no-store", "Content-Language: tlh", "Set-Cookie: a=b", "Set-Cookie: c=d")
    exchange = printed(evidence, *sent, body=MARK)
    response = exchange.response
    if response is None:
        return unclear("no answer came")
    for name, value in (("Cache-Control", "no-store"), ("Content-Language", "tlh")):
        if value not in response.tokens(name):
            message = f"The field {name} of the program is lost."
            observed = f"{name}: {response.value(name)}" if response.field(name) else f"no {name}"
            return broken(exchange, message, expected=f"{name}: {value}", observed=observed)
    cookies = [field.value for field in response.all("set-cookie")]
    if len(cookies) == 1:
        message = "Of the program's two Set-Cookie fields only one is sent."
        return broken(exchange, message, expected="both", observed=f"Set-Cookie: {cookies[0]}")
    return passed()


@check(
    "cgi-output.newline-translated",
    statement="The fields of a program go out with CR LF at the end of their lines, though it printed LF alone.",
    why="The lines of an HTTP head end in CR LF; print() writes LF.",
    hint='Take the program\'s head apart and write each field anew with "\\r\\n".',
    example=(REQUEST, "Content-Type: text/plain\\r\\n", "Content-Type: text/plain\\n"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def newline_translated(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, *PRINTED, body=MARK)
    defect = exchange.response.defect(DefectKind.LINE_END) if exchange.response else None
    if defect is None:
        return passed()
    if DefectKind.LINE_END in defects_of_all(evidence):
        return blocked("field.line-crlf", "lines of other replies end in LF, too")
    message = "A line of the reply's head ends as the program printed it."
    return broken(exchange, message, expected="CR LF", observed="LF alone", span=defect.span)


@check(
    "cgi-output.empty-body-allowed",
    statement="A program may print a head and no body: the reply is an empty page.",
    why="Not every program has something to say.",
    hint="Send Content-Length: 0 if nothing follows the empty line; that is no error.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 500 Internal Server Error\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def empty_body(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, TYPE)
    response = exchange.response
    if response is not None and response.ok and response.complete and not response.body.strip():
        return passed()
    return broken(exchange, "A program with an empty body makes no empty page.", expected="status 200 and no content")


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
        return found(exchange, "The page of a program is sent in chunks to an HTTP/1.0 client.", expected="no chunks")
    if response.framing is Framing.CLOSE and not exchange.peer_ended:
        message = "The page of a program has no end: no length, no chunks, and the connection stays open."
        return found(exchange, message, expected="Content-Length, chunks, or the end of the connection")
    return None
