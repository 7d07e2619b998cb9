"""Statuses that say what follows the head: 1xx, 204 and 205 nothing, 300 a list (RFC 9110 §15.2, §15.3.5, §15.4.1).

304 is judged among the conditional requests, what programs print beyond their head among the faults of programs.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, REPLY, prints
from conformance.checks.cgi_programs import MARK, program
from conformance.checks.put import REMOVED, REPLACED
from conformance.connections import NEXT_REPLY, document, surplus
from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import by_language, by_type, echo
from conformance.predicates import absent, broken, each, found, passed, served, stays_open, unclear
from conformance.response import DefectKind, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement
from conformance.writing import play, trial

NEXT = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EXPECTING = (
    "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
)
PROGRAM = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
CHOICES = "GET /note HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
UNREAD = (DefectKind.OCTETS_BEFORE, DefectKind.NO_STATUS_LINE)


def expectation(evidence: Evidence) -> Exchange:
    """A POST that waits for a 100 before it sends its body."""
    return evidence.expecting(echo(evidence) or "/")


@check(
    "status.1xx-no-body",
    rows=(
        "2616-4.3-1xx-no-body",
        "2616-10.1-1xx-ends-after-headers",
        "9110-15.2-1xx-no-content",
        "9112-6.3-204-304-1xx-no-body",
    ),
    statement="An interim reply, such as 100, ends with its empty line; the next octets are another status line.",
    why="Whatever else follows is taken for the status line of the real reply.",
    hint='Send exactly "HTTP/1.1 100 Continue" and an empty line, past the function that adds lengths and pages.',
    example=(
        EXPECTING,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 100 Continue\r\nContent-Length: 8\r\n\r\nContinueHTTP/1.1 200 OK\r\n…",
    ),
    needs=("expect",),
    requires=("status-line.first-octets",),
    risk=Risk.UNUSUAL,
)
def interim_without_body(evidence: Evidence) -> Judgement:
    exchange = expectation(evidence)
    response = exchange.response
    if response is None or not response.interim:
        return absent("no interim reply came")
    defect = response.defect(*UNREAD)
    if defect is None:
        return passed()
    return broken(
        exchange,
        f"Octets follow the head of the {response.interim[-1].status} reply.",
        expected="a status line right after the empty line",
        observed=f"{exchange.received[defect.span[0] : defect.span[1]][:40]!r}",
        span=defect.span,
    )


@check(
    "status.204-no-body",
    rows=(
        "2616-4.3-204-no-body",
        "2616-10.2.5-204-no-body",
        "9110-6.4.1-content-iff-allowed",
        "9110-15.3.5-204-no-content",
        "9112-6.3-204-304-1xx-no-body",
    ),
    statement="A 204 reply ends with its empty line.",
    why="Clients look for the next reply right behind it; a page, or the last chunk of none, puts them out of step.",
    hint="For status 204 send the head alone: no page, no chunk, whatever else your code does for every reply.",
    example=(
        PROGRAM + NEXT,
        "HTTP/1.1 204 No Content\r\n\r\n" + PAGE,
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PAGE,
    ),
    requires=("status-line.first-octets",),
    risk=Risk.UNUSUAL,
    dispute="A Content-Length in a 204 is lawful by RFC 2616 if it is 0, and none is by RFC 9110 §8.6; here only "
    "octets behind the head count.",
)
def no_content(evidence: Evidence) -> Judgement:
    judged = False
    for exchange in _candidates(evidence):
        last = exchange.responses[-1] if exchange.responses else None
        judged = judged or any(response.status == 204 for response in exchange.responses)
        begin, end = exchange.transcript.trailing
        if last is None or last.status != 204 or not exchange.received[begin:end].strip(b"\r\n"):
            continue  # empty lines between replies are the business of another rule
        following = NEXT_REPLY.search(exchange.received, begin)
        end = following.start() if following else end
        return broken(
            exchange,
            "Octets follow the head of a 204 reply.",
            expected="the next status line, or the end of the connection (RFC 9112 §6.3)",
            observed=f"{end - begin} octets before it",
            span=(begin, end),
        )
    return passed() if judged else absent("no request draws 204")


def _candidates(evidence: Evidence) -> Iterator[Exchange]:
    """Requests apt to draw 204, with others behind them: OPTIONS, a program that asks for it, PUT and DELETE."""
    plain = evidence.request(document(evidence))
    options = evidence.request(document(evidence), method="OPTIONS")
    yield evidence.sequence(options, plain, methods=("OPTIONS", "GET"))
    if program(evidence, REPLY) is not None:
        yield evidence.sequence(evidence.request(prints(evidence, "Status: 204 No Content")), plain)
    tried = trial(evidence) if stays_open(evidence) else None
    if tried is not None and served(tried.put) and tried.put.status != 202:
        yield play(evidence, tried.page, REPLACED).exchange
        yield play(evidence, tried.page, REMOVED).exchange


@check(
    "status.205-no-content",
    statement="A 205 reply has an empty body, and says so.",
    why="205 means: clear the form and show no new page; a client that finds a page there has no place for it.",
    hint='For status 205 drop the body and send "Content-Length: 0".',
    example=(
        PROGRAM,
        "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\nbody",
    ),
    needs=("cgi",),
    requires=("cgi-output.status-used", "message.empty-line-ends-header-section", "status-line.first-octets"),
    risk=Risk.UNUSUAL,
    dispute="Unlike 204 a 205 is framed like any other reply: Content-Length: 0, an empty chunked body and a "
    "close are accepted. Where a program prints more, the server has to mend it (RFC 3875 §6.2.1).",
)
def reset_content(evidence: Evidence) -> Judgement:
    if program(evidence, REPLY) is None:
        return absent(f"the document root holds no {REPLY}, the program that prints what it is asked for")
    request = evidence.request(prints(evidence, "Status: 205 Reset Content", PRINTED[0], body=MARK))
    exchange = evidence.sequence(request, evidence.request(document(evidence)))
    response = exchange.response
    if response is None or response.status != 205:
        return absent("no program can make a 205")
    extra, span = surplus(exchange)
    if response.body or extra.strip(b"\r\n"):
        begin, end = (response.head_end, response.span[1]) if response.body else span
        return broken(
            exchange,
            "A 205 reply has a body.",
            expected="none: Content-Length: 0, an empty chunked body, or the end of the connection (RFC 9112 §6.3)",
            observed=f"{end - begin} octets",
            span=(begin, end),
        )
    if not response.complete and exchange.ending is Ending.SILENT:
        return broken(
            exchange,
            "A 205 reply does not say that its body is empty.",
            expected="Content-Length: 0, an empty chunked body, or the end of the connection (RFC 9112 §6.3)",
            observed=f"neither, and the connection was open {exchange.waited:.1f} s after it",
        )
    return passed() if response.complete else unclear("the reply broke off")


@check(
    "status.300-lists-choices",
    statement="A 300 reply has a body that lists what can be chosen from.",
    why="The client asks its user to choose; without a list there is nothing to show.",
    hint="Send a page with a link to each variant, or choose one yourself and answer 200.",
    example=(
        CHOICES,
        'HTTP/1.1 300 Multiple Choices\r\n…\r\n\r\n<a href="note.txt">text</a> <a href="note.html">HTML</a>',
        "HTTP/1.1 300 Multiple Choices\r\nContent-Length: 0\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def choices_listed(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.body or not response.complete or exchange.received[response.head_end :]:
            return None
        return found(exchange, "A 300 reply has no body.", expected="a list of the variants", observed="an empty body")

    offered = [(x, response) for x, response in _negotiated(evidence) if response.status == 300]
    return each(offered, test, "") if offered else absent("no request draws 300")


def _negotiated(evidence: Evidence) -> Iterator[Answer]:
    """Replies in which a server might leave the choice to the client."""
    yield from evidence.ordinary_answers
    for target in (by_language(evidence), by_type(evidence)):
        exchange = evidence.get(target) if target else None
        if exchange is not None and exchange.response is not None:
            yield exchange, exchange.response
