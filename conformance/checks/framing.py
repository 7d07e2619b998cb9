"""Where a reply ends (RFC 9112 §6.2, §6.3, §9.3; RFC 2616 §4.3, §4.4, §14.13): by its length or with the connection.

What the number in Content-Length is worth is in ``content_length``; transfer codings are in ``transfer_coding`` and
``chunked``, replies to HEAD in ``head``.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.connections import document, first_response, generated, known_content, target_of
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import broken, each, each_field, found, passed, served, unclear
from conformance.response import DefectKind, Field, Framing, Response
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOTHING = "no answer had a head"


@check(
    "framing.length-or-close",
    statement="The end of every reply can be told: by a length, chunks, or the end of the connection.",
    why="A browser that cannot tell the end spins for ever.",
    hint="Send Content-Length with every reply, with errors and redirects too, or close the connection after it.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n\r\nok (and the connection stays open)",
    ),
    dispute="Some suites want a length or chunks, or the word close, in every reply. A reply without them that ends "
    "with the connection is lawful (RFC 9112 §6.3, RFC 2616 §4.4) and is only advised against, by another rule.",
)
def length_or_close(evidence: Evidence) -> Judgement:
    endless = all(exchange.ending is Ending.FLOOD for exchange in evidence.baseline)

    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.complete or response.defect(DefectKind.NO_EMPTY_LINE) or response.status is None:
            return None
        if exchange.ending is Ending.FLOOD and (endless or response.framing is not Framing.LENGTH):
            page = known_content(evidence.site, target_of(exchange))
            if page is not None and page.startswith(response.body):
                return None  # only slow: we stopped reading before the page was over
            return found(
                exchange,
                "The reply does not end.",
                expected="a body that ends (RFC 9112 §6.3)",
                observed=f"{len(exchange.received)} octets, and still more",
            )
        if exchange.ending is Ending.SILENT and response.framing is Framing.CLOSE and not _lengths(response):
            return found(
                exchange,
                "The reply has no length, and the connection stays open after it.",
                expected="Content-Length, chunked coding, or the end of the connection (RFC 9112 §6.3)",
                observed=f"neither, and the connection was open {exchange.waited:.1f} s after the last octet",
            )
        return None

    tried = evidence.baseline if endless else (*evidence.ordinary, *evidence.refusals)  # each flood takes seconds
    return each(((x, r) for x in tried for r in x.responses if r.status_line), test, NOTHING)


@check(
    "framing.content-length-grammar",
    statement="Content-Length is a number in decimal digits and nothing else.",
    why="The client cuts the body where this number says; what it cannot read is no reply.",
    hint="Write str(len(body)) with body as octets, and nothing after it.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Length: 12 bytes\r\n…",
    ),
)
def content_length_grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        if re.fullmatch("[0-9]+", field.value):
            return None
        return found(
            exchange,
            "Content-Length is not a number.",
            expected="decimal digits (RFC 9110 §8.6)",
            observed=repr(field.value),
            span=field.span,
        )

    return each_field(evidence.answers, {"content-length"}, test)


def _lengths(response: Response) -> tuple[Field, ...]:
    return response.all("content-length")


@check(
    "framing.content-length-sent-if-known",
    also=("framing.delimited-not-by-close",),
    statement="A reply whose size is known beforehand, such as a file, has Content-Length or chunked coding.",
    why="If only the end of the connection marks the end of the page, a client cannot tell a whole page from half of "
    "one, and every page costs a connection.",
    hint="Add Content-Length with the number of octets of the file: len() of the bytes, or os.path.getsize().",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok"),
    requires=("framing.length-or-close",),
)
def content_length_sent(evidence: Evidence) -> Judgement:
    exchange = evidence.get(document(evidence))
    response = exchange.response
    if response is None or not served(exchange) or response.defect(DefectKind.NO_EMPTY_LINE):
        return unclear("no static page was served")
    if response.framing is not Framing.CLOSE or _lengths(response):
        return passed()
    return broken(
        exchange,
        "The page has no length; only the end of the connection shows where it ends.",
        expected="Content-Length (RFC 9110 §8.6), or Transfer-Encoding: chunked (RFC 9112 §6.3)",
        observed="neither",
    )


@check(
    "framing.no-length-with-transfer-coding",
    statement="A reply with Transfer-Encoding has no Content-Length.",
    why="Two statements about one length disagree sooner or later; proxies and clients that follow different ones are "
    "how replies are smuggled.",
    hint="Where you send chunks leave Content-Length out, also if a CGI program printed one.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n…",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n…",
    ),
)
def no_length_with_coding(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        codings, lengths = response.all("transfer-encoding"), _lengths(response)
        if not codings or not lengths:
            return None
        return found(
            exchange,
            "The reply has both Transfer-Encoding and Content-Length.",
            expected="one of the two (RFC 9112 §6.2)",
            observed="both",
            span=lengths[0].span,
        )

    answers = [*evidence.answers, *first_response([*generated(evidence), *_announcing_programs(evidence)])]
    return each(answers, test, NOTHING)


def _announcing_programs(evidence: Evidence) -> list[Exchange]:
    """A program that announces the length of its own output, if the folder has the one that prints what it is told."""
    page = evidence.site.page("program", lambda p: p.plain and p.name == "reply.py")
    query = "?type=text/plain&header=Content-Length:5&body=hello"
    return [evidence.get(page.target + query)] if page else []
