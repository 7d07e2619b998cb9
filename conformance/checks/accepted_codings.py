"""Negotiation by content coding (RFC 9110 §12.5.3, RFC 2616 §14.3): what Accept-Encoding may and may not do to a reply.

A server may send everything uncoded. What it codes, the client must have accepted.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.negotiation import (
    BAD_REQUEST,
    CRASH,
    NOT_ACCEPTABLE,
    PAGE,
    PAGE_OR_406,
    PREMISES,
    REFUSED,
    page_target,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, first_of, passed, served, unclear, unharmed
from conformance.response import Field
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement, Verdict

BASE = ("coding.identity-acceptable-by-default",)
"""A server that any Accept-Encoding throws off balance has that one fault."""

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Encoding: {}\r\n\r\n"
CODED = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n…"


def _coding(exchange: Exchange) -> Field | None:
    """The Content-Encoding field that tells of a coding."""
    response = exchange.response
    coded = response is not None and any(token != "identity" for token in response.tokens("content-encoding"))
    return response.field("content-encoding") if response is not None and coded else None


def _harmless(
    evidence: Evidence, value: str, message: str, faults: tuple[int, ...] = REFUSED, lawful: str = ""
) -> Judgement:
    target = page_target(evidence)
    exchange = evidence.get(target, [("Accept-Encoding", value)])
    return unharmed(exchange, evidence.get(target), message, faults, lawful=lawful)


def _uncoded(evidence: Evidence, value: str, message: str) -> Judgement:
    """Judge a GET that must draw a reply, and one without a coding."""
    target = page_target(evidence)
    if _coding(evidence.get(target)) is not None:
        return absent("the page comes coded also where nothing is asked for")
    judgement = _harmless(evidence, value, message)
    exchange = evidence.get(target, [("Accept-Encoding", value)])
    field = _coding(exchange)
    if judgement.verdict is not Verdict.PASS or field is None:
        return judgement
    return broken(
        exchange,
        "The reply has a coding that the client did not accept.",
        expected="no Content-Encoding (RFC 9110 §12.5.3, RFC 2616 §14.3)",
        observed=f"Content-Encoding: {field.value}",
        span=field.span,
    )


@check(
    "coding.identity-acceptable-by-default",
    statement="A reply without coding is acceptable unless Accept-Encoding excludes it by name or with *;q=0.",
    why="Every browser sends gzip here and takes the plain page all the same.",
    hint="If you do not compress, ignore Accept-Encoding and send the page as it is.",
    example=(REQUEST.format("gzip"), PAGE, NOT_ACCEPTABLE),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def identity_acceptable(evidence: Evidence) -> Judgement:
    target = page_target(evidence)
    exchange = evidence.get(target, [("Accept-Encoding", "gzip")])
    return unharmed(exchange, evidence.get(target), "A request with Accept-Encoding: gzip is refused.", REFUSED)


@check(
    "coding.no-listed-match-sent-uncoded",
    statement="If the server has none of the codings in Accept-Encoding, it sends the page without one.",
    why="A client that does not know gzip shows rubbish for a zipped page.",
    hint="Compress only if the list has the very coding that you use; otherwise send the plain page with 200.",
    example=(REQUEST.format("x-none"), PAGE, CODED),
    requires=BASE,
    risk=Risk.UNUSUAL,
)
def no_listed_match(evidence: Evidence) -> Judgement:
    return _uncoded(evidence, "x-none", "Accept-Encoding with only an unknown coding makes the request fail.")


@check(
    "coding.star-matches-unlisted",
    statement="* in Accept-Encoding stands for any coding; it is no coding itself.",
    why="No client can undo a coding called *, and one that takes anything must not be refused.",
    hint="Take * as leave to send any coding or none; never copy the field's value into Content-Encoding.",
    example=(REQUEST.format("*"), PAGE, CODED.replace("gzip", "*")),
    requires=BASE,
    risk=Risk.UNUSUAL,
)
def star(evidence: Evidence) -> Judgement:
    judgement = _harmless(evidence, "*", "* in Accept-Encoding is not understood.")
    exchange = evidence.get(page_target(evidence), [("Accept-Encoding", "*")])
    field = _coding(exchange)
    if judgement.verdict is not Verdict.PASS or field is None or "*" not in field.value:
        return judgement
    return broken(
        exchange,
        "* is named as the coding of the reply.",
        expected="no Content-Encoding, or one that names a coding (RFC 9110 §12.5.3)",
        observed=f"Content-Encoding: {field.value}",
        span=field.span,
    )


@check(
    "coding.empty-accept-encoding-no-coding",
    statement="An empty Accept-Encoding asks for a reply without any coding.",
    why="The client lists what it can undo, and the list is empty.",
    hint="Tell an empty field from a missing one, and compress for neither.",
    example=(REQUEST.format(""), PAGE, BAD_REQUEST),
    requires=(*BASE, "field.empty-value-accepted"),
    risk=Risk.UNUSUAL,
)
def empty(evidence: Evidence) -> Judgement:
    return _uncoded(evidence, "", "An empty Accept-Encoding is an error.")


@check(
    "coding.identity-refused-406-or-ignored",
    statement="If no coding is left, not even none, the answer is 406 or the page all the same.",
    why="The client excludes everything; that is no failure of the server.",
    hint="Foresee the case that nothing fits: send the plain page, or 406.",
    example=(REQUEST.format("identity;q=0, *;q=0"), NOT_ACCEPTABLE, CRASH),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.3 advises 406. RFC 9110 §12.4.1 lets the server send 406 or go on as if the field were "
    "absent, as nearly all do. Any reply but a failure of the server is accepted.",
)
def identity_refused(evidence: Evidence) -> Judgement:
    message = "Accept-Encoding that leaves nothing makes the server fail."
    return _harmless(evidence, "identity;q=0, *;q=0", message, (), PAGE_OR_406)


@check(
    "coding.absent-prefer-identity",
    statement="Without Accept-Encoding the page is sent without a coding if there is such a form of it.",
    why="A client that does not speak of codings may not know any.",
    hint="Compress only if the request has Accept-Encoding.",
    example=(REQUEST.replace("Accept-Encoding: {}\r\n", ""), PAGE, CODED),
    needs=("static-files",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.3 advises the plain form where the client names no coding; by RFC 9110 §12.5.3 any coding is "
    "then acceptable. Judged if RFC 2616 alone is asked.",
)
def absent_field(evidence: Evidence) -> Judgement:
    target = page_target(evidence)
    return first_of(_coded_unasked(evidence, target, fields) for fields in ([], [("Accept", "*/*")]))


def _coded_unasked(evidence: Evidence, target: str, fields: list[tuple[str, str]]) -> Judgement:
    exchange = evidence.get(target, fields)
    if not served(exchange):
        return unclear(f"the page was not served: {describe(exchange)}")
    field = _coding(exchange)
    if field is None:
        return passed()
    if _coding(evidence.get(target, [("Accept-Encoding", "identity")])) is not None:
        return absent("the page comes in a coded form only")
    return broken(
        exchange,
        "The reply is coded although the request names no coding.",
        expected="no Content-Encoding",
        observed=f"Content-Encoding: {field.value}",
        span=field.span,
    )
