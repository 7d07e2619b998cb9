"""POST (RFC 9110 §9.3.3; RFC 2616 §9.5): what a resource may answer that has processed what it was sent.

No POST of the suite is meant to make anything; what a server says that it has made is taken at its word.
"""

from __future__ import annotations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import echo
from conformance.predicates import absent, broken, describe, passed, served, status_span, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = (
    "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\n"
    "Content-Type: text/plain\r\nContent-Length: 5\r\n{}\r\nhello"
)
FIELDS = (("Content-Type", "text/plain"), ("Content-Length", "5"))
BODY = b"hello"
EXPECTED = (
    "201 with Location (RFC 9110 §9.3.3), or 200 or 204 where nothing was made (RFC 9110 §15.3.1, RFC 9110 §15.3.5)"
)
NOTHING_MADE = "no POST is answered with 201"
OF_GET = {206: "part of a page", 304: "that a copy is still fresh", 416: "that a range lies beyond the end"}


def _posted(evidence: Evidence, *fields: tuple[str, str]) -> list[Exchange]:
    """A POST to a program that reads it, and one to the file that is made to be changed."""
    throwaway = evidence.site.throwaway
    targets = [target for target in (echo(evidence), throwaway.target if throwaway else None) if target]
    return [evidence.get(target, (*FIELDS, *fields), method="POST", body=BODY) for target in targets]


@check(
    "post.created-201-location",
    statement="A 201 to a POST tells in Location where the new resource is.",
    why="Whoever has made something wants to find it again; without an address nobody can.",
    hint="Send Location with the path of what was made, or answer 200 or 204 if nothing was.",
    example=(
        REQUEST.format(""),
        "HTTP/1.1 201 Created\r\nLocation: /notes/7\r\n…",
        "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
    dispute="Some want Location in every 201. RFC 9110 §9.3.3 advises it for POST; a 201 to PUT without one means "
    "the target itself (RFC 9110 §15.3.2). So only POST is judged here.",
)
def created_location(evidence: Evidence) -> Judgement:
    made = [exchange for exchange in _posted(evidence) if exchange.status == 201]
    for exchange in made:
        if not exchange.responses[0].value("location"):
            message = "A POST has made a new resource, and the reply does not say where it is."
            span = status_span(exchange.responses[0])
            return broken(exchange, message, expected=EXPECTED, span=span)
    return passed() if made else absent(NOTHING_MADE)


@check(
    "post.created-describes",
    statement="A 201 to a POST has a body that says what has become of the request.",
    why="A person who sent a form sees an empty window and sends it again.",
    hint="Write a short page with a link to what was made.",
    example=(
        REQUEST.format(""),
        "HTTP/1.1 201 Created\r\nLocation: /notes/7\r\nContent-Length: 42\r\n\r\n<a href=/notes/7>Your note</a>",
        "HTTP/1.1 201 Created\r\nLocation: /notes/7\r\nContent-Length: 0\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def created_described(evidence: Evidence) -> Judgement:
    made = [exchange for exchange in _posted(evidence) if exchange.status == 201]
    for exchange in made:
        if not exchange.responses[0].body.strip():
            message = "A POST has made a new resource, and the reply says nothing of it."
            return broken(exchange, message, expected="a body that describes what was made and refers to it")
    return passed() if made else absent(NOTHING_MADE)


@check(
    "post.no-206-304-416",
    statement="Neither a Range nor a condition makes a POST be answered with 206, 304 or 416.",
    why="These codes speak of a page that the client wants to have or has; a POST asks for something to be done.",
    hint="Look at Range and send 304 only if the method is GET (for 304 also HEAD); a false condition gives 412.",
    example=(
        REQUEST.format("Range: bytes=0-0\r\n"),
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/5\r\n…",
    ),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §9.3.3 says so without a key word; the key words stand at the fields: Range counts for GET "
    "only (RFC 9110 §14.2), and a false If-None-Match gives 412 (RFC 9110 §13.1.2). Ignoring the fields "
    "and 412 are both accepted.",
)
def no_codes_of_get(evidence: Evidence) -> Judgement:
    judged = False
    for n, control in enumerate(_posted(evidence)):
        if not served(control):
            continue
        judged = True
        exchange = _posted(evidence, ("Range", "bytes=0-0"), ("If-None-Match", "*"))[n]
        if exchange.status in OF_GET:
            message = f"A POST is answered with {OF_GET[exchange.status]}."
            expected = f"status {control.status} as without these fields (RFC 9110 §14.2), or 412 (RFC 9110 §13.1.2)"
            return broken(exchange, message, expected=expected, span=status_span(exchange.responses[0]))
        if exchange.status is None:
            return unclear(f"a POST with Range and If-None-Match: {describe(exchange)}")
    return passed() if judged else absent("no POST is answered with success")
