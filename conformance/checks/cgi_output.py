"""What a server makes of the head of a program's output (RFC 3875 §6.2.1, §6.3, §7.2): fields and Status.

What follows the head is judged in :mod:`conformance.checks.cgi_documents`, redirects in
:mod:`conformance.checks.cgi_redirects`, faulty output in :mod:`conformance.checks.cgi_errors`.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, of_printers, printed
from conformance.checks.cgi_programs import MARK
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import broken, describe, passed, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = PRINTED[0]
PARAMETER = 'p="Q r"'
FORWARDED = (
    f"{TYPE}; {PARAMETER}",
    "Cache-Control: no-store",
    "Content-Language: tlh",
    "Set-Cookie: a=b",
    "Set-Cookie: c=d",
)


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
    "cgi-output.status-used",
    also=("cgi-output.any-registered-status-usable",),
    statement="The field Status in a program's output sets the status code of the reply, whichever code it is.",
    why="It is the only way in which a program can say that something is not there or went wrong.",
    hint="Look for Status in the program's head and put its three digits into the status line; 200 only without it.",
    example=(REQUEST, "HTTP/1.1 404 Not Here\r\n…", "HTTP/1.1 200 OK\r\nStatus: 404 Not Here\r\n…"),
    dispute="http.server has sent its status line before it reads the output, and says so in its manual. RFC 3875 "
    "§6.3.3 has no key word for the server, but defines Status as the code of the reply.",
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
    dispute="RFC 3875 §6.3 takes an empty value as not sent, so 200; it also breaks the grammar of Status, so "
    "Apache says 500 and lighttpd 502. Both are accepted, an empty code in the status line is not.",
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def empty_status(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, "Status:", TYPE, body=MARK)
    if exchange.status == 200 or (exchange.status is not None and 500 <= exchange.status <= 599):
        return passed(describe(exchange))
    message = "An empty Status makes a reply with a strange status line."
    line = exchange.response.status_line if exchange.response else None
    return broken(
        exchange,
        message,
        expected="status 200 (RFC 3875 §6.3), or 5xx (RFC 9110 §15.6)",
        span=line.span if line else None,
    )


@check(
    "cgi-output.protocol-fields-forwarded",
    statement="Fields that a program prints for the client, such as Cache-Control and Set-Cookie, are sent to it.",
    why="Without them programs can keep no session and cannot control caches.",
    hint="Copy every field but Status into the reply, each line of a repeated one, too.",
    example=(REQUEST, "Content-Language: tlh", "(the field is missing)"),
    dispute="RFC 3875 §6.3.4 has fields that HTTP defines sent on; fields of no standard and those about the "
    "connection may be dropped, so they are not tried.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def fields_forwarded(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, *FORWARDED, body=MARK)
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
    "cgi-output.content-type-unmodified",
    statement="The type that a program prints is sent with its parameters.",
    why="What a type means may stand in a parameter: the boundary of a multipart page, the profile of a feed.",
    hint="Copy the whole value of Content-Type, also what follows the semicolon.",
    example=(REQUEST, 'Content-Type: text/x-probe; p="Q r"', "Content-Type: text/x-probe"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def type_unmodified(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, *FORWARDED, body=MARK)
    field = exchange.response.field("content-type") if exchange.response else None
    kept = re.search(r';\s*p\s*=\s*"Q r"\s*(;|$)', field.value, re.IGNORECASE) if field else None
    if kept and _media_type(exchange) == "text/x-probe":
        return passed()
    message = "The type that the program printed has lost its parameter."
    observed = f"Content-Type: {field.value}" if field else "no Content-Type"
    return broken(
        exchange,
        message,
        expected=f"{FORWARDED[0]}, perhaps with a charset added (RFC 3875 §6.3.1)",
        observed=observed,
        span=field.value_span if field else None,
    )
