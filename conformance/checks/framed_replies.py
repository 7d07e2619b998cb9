"""Transfer codings and lengths where replies rarely have them (RFC 9112 §6.1, RFC 9110 §8.6; RFC 2616 §3.6, RFC 3875
§6.3.4): chunks beside other codings, interim and empty replies, programs that print framing fields themselves.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_printers import of_printers, prints
from conformance.checks.cgi_programs import program
from conformance.checks.request_bodies import following
from conformance.checks.transfer_coding import coded_answers
from conformance.connections import first_response, generated, target_of, to_the_end
from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import echo
from conformance.predicates import absent, broken, describe, each, found, passed, refused, unclear
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
ASKED = "GET /page.py HTTP/1.1\r\nHost: localhost:50000\r\nTE: gzip\r\nConnection: TE\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
GZIP = [("TE", "gzip"), ("Connection", "TE")]
NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n"
TEN = "0123456789"


def codings(response: Response) -> list[str]:
    """The transfer codings in order, without parameters; identity is none."""
    names = [member.partition(";")[0].strip() for member in response.tokens("transfer-encoding")]
    return [name for name in names if name != "identity"]


def _coded(evidence: Evidence) -> list[Answer]:
    """Every reply of the survey that has a transfer coding, and one to a client that can read gzip."""
    asked = [evidence.get(target_of(exchange), GZIP) for exchange in generated(evidence)[:1]]
    return [(x, r) for x, r in (*coded_answers(evidence), *first_response(asked)) if codings(r)]


@check(
    "chunked.applied-once",
    statement="Transfer-Encoding names chunked once at most, also if a program has printed that field.",
    why="A client takes off as many codings as are named; what is chunked twice, or said to be, cannot be read.",
    hint="Leave the program's own Transfer-Encoding out of the reply when you send chunks.",
    example=(REQUEST, GOOD, GOOD.replace("chunked", "chunked, chunked")),
    risk=Risk.UNUSUAL,
)
def applied_once(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("transfer-encoding")
        if codings(response).count("chunked") < 2 or field is None:
            return None
        return found(
            exchange,
            "The reply is said to be chunked more than once.",
            expected="chunked once (RFC 9112 §6.1), or an error such as 502 (RFC 9110 §15.6.3)",
            observed=", ".join(codings(response)),
            span=field.span,
        )

    answers = [*_coded(evidence), *first_response(_chunking_program(evidence))]
    return each(answers, test, "") if answers else absent("no reply has a transfer coding")


def _chunking_program(evidence: Evidence) -> list[Exchange]:
    """A program that says that it sends chunks, and does."""
    if program(evidence, "reply.py") is None:
        return []
    lines = ("Content-Type: text/plain", "Transfer-Encoding: chunked")
    return [evidence.get(prints(evidence, *lines, body="5\r\nhello\r\n0\r\n\r\n"))]


@check(
    "chunked.last-coding-sent",
    statement="Where chunked is one of several transfer codings of a reply, it is the last.",
    why="The chunks tell where the reply ends; below another coding nobody sees them.",
    hint='Compress first and cut the result into chunks: "Transfer-Encoding: gzip, chunked".',
    example=(ASKED, GOOD.replace("chunked", "gzip, chunked"), GOOD.replace("chunked", "chunked, gzip")),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §3.6 wants chunked last wherever it is used; by RFC 9112 §6.1 a reply may have another coding "
    "last if it ends with the connection. So a breach counts by RFC 2616 alone.",
)
def chunked_last(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        names, field = codings(response), response.field("transfer-encoding")
        if "chunked" not in names or names[-1] == "chunked" or field is None:
            return None
        message = "Chunked is not the last of the transfer codings."
        expected = "chunked at the end (RFC 2616 §3.6), or not at all"
        return found(exchange, message, expected=expected, observed=", ".join(names), span=field.span)

    answers = _coded(evidence)
    return each(answers, test, "") if answers else absent("no reply has a transfer coding")


@check(
    "framing.coded-reply-chunked-or-close",
    statement="A reply in another transfer coding ends in chunks, or with the connection.",
    why="Compressed octets do not tell a client where they end.",
    hint='Send "Transfer-Encoding: gzip, chunked", or close the connection after the reply.',
    example=(ASKED, GOOD.replace("chunked", "gzip, chunked"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n…"),
    risk=Risk.UNUSUAL,
)
def coded_reply_ends(evidence: Evidence) -> Judgement:
    other = [(x, r) for x, r in _coded(evidence) if set(codings(r)) != {"chunked"}]
    for exchange, response in other:
        if codings(response)[-1] == "chunked":
            continue
        whole = exchange if exchange.peer_ended else to_the_end(evidence, exchange)
        if whole.ending is Ending.SILENT:
            message = "The reply has a transfer coding that does not tell where it ends, and the connection stays open."
            expected = "chunked as the last coding, or the end of the connection (RFC 9112 §6.1)"
            return broken(whole, message, expected=expected, observed=f"{codings(response)[-1]} as the last coding")
    return passed() if other else absent("no reply has another transfer coding than chunked")


def _without_content(evidence: Evidence) -> list[Answer]:
    """Interim replies, and those with status 204, where the server gives any."""
    expecting = evidence.expecting(echo(evidence) or "/")
    interim = [(expecting, r) for final in expecting.responses for r in final.interim]
    empty = []
    if program(evidence, "reply.py") is not None:
        empty = first_response([evidence.get(prints(evidence, "Status: 204 No Content"))])
    return [*interim, *((x, r) for x, r in empty if r.status == 204)]


def _none_has(evidence: Evidence, name: str, message: str, section: str) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field(name)
        if field is None:
            return None
        observed = f"status {response.status} with {field.name}: {field.value}"
        return found(exchange, message, expected=f"no {field.name} ({section})", observed=observed, span=field.span)

    answers = _without_content(evidence)
    return each(answers, test, "") if answers else absent("no reply is an interim one or has status 204")


@check(
    "framing.no-te-field-in-1xx-204",
    statement="Interim replies and those with status 204 have no Transfer-Encoding.",
    why="They have no body that could be coded; a client that believes the field waits for chunks.",
    hint="For 1xx and 204 send the head alone, without the fields that describe a body.",
    example=(
        REQUEST,
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def no_coding_without_content(evidence: Evidence) -> Judgement:
    return _none_has(evidence, "transfer-encoding", "A reply without a body has a transfer coding.", "RFC 9112 §6.1")


@check(
    "framing.no-content-length-in-1xx-204",
    statement="Interim replies and those with status 204 have no Content-Length, not even 0.",
    why="They never have a body, so there is nothing to count; some clients wait for what is announced.",
    hint="Leave Content-Length out if the status is 1xx or 204.",
    example=(REQUEST, NO_CONTENT, NO_CONTENT.replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")),
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="Content-Length: 0 with 204 was lawful in RFC 2616 and is still common; RFC 9110 §8.6 forbids any length "
    "there. So a breach counts by RFC 9110 alone.",
)
def no_length_without_content(evidence: Evidence) -> Judgement:
    return _none_has(evidence, "content-length", "A reply without a body has a Content-Length.", "RFC 9110 §8.6")


@check(
    "framing.script-length-checked",
    statement="A program that announces more octets than it prints does not put the connection out of step.",
    why="A client believes the number, and swallows the next reply as the rest of this one.",
    hint="Count the program's output yourself and send that number; or close the connection after the reply.",
    example=(
        f"{REQUEST}{REQUEST}",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789HTTP/1.1 200 OK\r\n…",
    ),
    needs=("cgi",),
    requires=(
        "status-line.first-octets",
        "status-line.element-order",
    ),
    risk=Risk.UNUSUAL,
    dispute="A server that passes output on as it comes learns too late that the number was wrong, and RFC 9110 §8.6 "
    "forbids only what is known to be. So it is judged just whether the connection is in step afterwards; a close is "
    "enough.",
)
@of_printers
def script_length(evidence: Evidence) -> Judgement:
    target = prints(evidence, "Content-Type: text/plain", f"Content-Length: {3 * len(TEN)}", body=TEN)
    exchange = evidence.pipeline(evidence.request(target), following(evidence))
    first = exchange.response
    if first is None or refused(exchange):
        return passed(describe(exchange)) if refused(exchange) else unclear(describe(exchange))
    later = exchange.received.find(b"HTTP/1.", first.head_end)
    waits = exchange.ending is Ending.SILENT and not first.complete
    if later < 0 and not waits:
        return passed("closes the connection") if exchange.peer_ended else unclear(describe(exchange))
    if first.complete and later == first.span[1]:
        return passed()
    return broken(
        exchange,
        "The length that a program announced is passed on, although it printed less.",
        expected="the true length or chunks (RFC 3875 §6.3.4), an error, or the end of the connection (RFC 9112 §6.3)",
        observed="a reply without end" if later < 0 else "the next reply inside of this one",
        span=(later, later + 8) if later >= 0 else None,
    )
