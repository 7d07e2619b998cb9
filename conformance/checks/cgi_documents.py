"""The document that a program prints (RFC 3875 §6.2, §6.3.1, §6.4): its octets and its type.

Where it ends on the wire is judged in :mod:`conformance.checks.cgi_framing`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, REPLY, of_printers, printed
from conformance.checks.cgi_programs import MARK
from conformance.checks.representation import difference
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, passed, refused
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = PRINTED[0]
BINARY = "Content-Type: application/octet-stream"
SEVERAL_PARTS = b"\none: 1\n\ntwo: 2\n\nthree"
OCTETS = b"\r\n" + bytes(range(256)) + b"\n\r\r\n "
NO_SUCH_QUERY = f"the query that makes {REPLY} print line ends and other octets is refused"  # as by lighttpd
PAGE = f"<!DOCTYPE html><title>{MARK}</title><p>{MARK}</p>"
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
OF_PROGRAMS = ("text/x-python", "application/x-python", "application/x-python-code", "text/x-script.python")


def _type(exchange: Exchange) -> str:
    value = exchange.response.value("content-type") if exchange.response else None
    return (value or "").partition(";")[0].strip().lower()


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
    exchange = printed(evidence, BINARY, body=SEVERAL_PARTS + OCTETS)
    if refused(exchange):
        return absent(NO_SUCH_QUERY)
    body = exchange.response.body.replace(b"\r\n", b"\n") if exchange.response else b""
    if body.startswith(SEVERAL_PARTS):
        return passed()
    message = "The body is not all that follows the first empty line of the output."
    return broken(exchange, message, expected=repr(SEVERAL_PARTS), observed=repr(body[:60]))


@check(
    "cgi-output.body-unmodified",
    statement="The document that a program prints reaches the client octet for octet.",
    why="A picture that went through a text string, or whose line ends were changed, is broken.",
    hint="Read the program's output as bytes (no text=True, no strip()) and send it as it is.",
    example=(REQUEST, "…\r\n\r\none\\r\\ntwo\\n\\xff", "…\r\n\r\none\\ntwo\\n?"),
    dispute="RFC 3875 §3.1 lets a server transform documents as a service, so §6.4 is but advice. lighttpd refuses "
    "the query by which the program is told what to print, and is not judged.",
    needs=("cgi",),
    requires=("cgi-output.first-blank-line-splits", "cgi-env.query-string-set"),
    risk=Risk.UNUSUAL,
)
@of_printers
def body_unmodified(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, BINARY, body=SEVERAL_PARTS + OCTETS)
    if refused(exchange):
        return absent(NO_SUCH_QUERY)
    wanted = SEVERAL_PARTS + OCTETS
    if exchange.response is not None and exchange.response.body == wanted:
        return passed()
    message = "The document is not what the program printed."
    observed, span = difference(exchange, wanted)
    return broken(exchange, message, expected=f"the same {len(wanted)} octets", observed=observed, span=span)


@check(
    "cgi-output.missing-type-not-guessed",
    statement="If a program prints no Content-Type, the server does not make one up from the document or from a name.",
    why="Only the program knows what it prints; a guess turns a text that somebody typed into a page with scripts.",
    hint="Send no Content-Type, one that is always the same, or 500; guess from names for files only.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html>…", "Content-Type: text/x-python (the type of reply.py)"),
    dispute="A fixed default type determines nothing and is accepted (RFC 3875 §6.3.1). Apache gives the type of "
    "the program's own file name, which is a guess: a warning.",
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def type_not_guessed(evidence: Evidence) -> Judgement:
    page = printed(evidence, "Status: 200 OK", body=PAGE)
    message = "A document that the program gave no type has been given one."
    if _type(page) in OF_PROGRAMS:
        expected = "no Content-Type (RFC 3875 §6.3.1), or 5xx (RFC 9110 §15.6)"
        return broken(page, message, expected=expected, observed=f"{_type(page)}, the type of the program itself")
    if _type(page) != "text/html" or refused(page):
        return passed(f"{describe(page)}, type: {_type(page) or 'none'}")
    picture = printed(evidence, "Status: 200 OK", body=PICTURE)
    if _type(picture) == "text/html" or refused(picture):
        return passed("the same type is given to every document without one")
    expected = "no Content-Type, or the same one for every document (RFC 3875 §6.3.1), or 5xx (RFC 9110 §15.6)"
    observed = f"text/html for a page and {_type(picture) or 'none'} for a picture"
    return broken(page, message, expected=expected, observed=observed)


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
