"""Negotiation by charset and language (RFC 9110 §12.5.2 and §12.5.4, RFC 2616 §14.2 and §14.4).

A server may ignore both fields. If it reads them, it must not refuse what the client finds acceptable.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.negotiation import (
    CRASH,
    NOT_ACCEPTABLE,
    PAGE,
    PAGE_OR_406,
    PREMISES,
    REFUSED,
    page_target,
)
from conformance.evidence import Evidence
from conformance.predicates import unharmed
from conformance.rule import Risk
from conformance.verdict import Judgement

CHARSET = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Charset: {}\r\n\r\n"
LANGUAGE = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Language: {}\r\n\r\n"


def _accepting_charset(
    evidence: Evidence, value: str, message: str, faults: tuple[int, ...], lawful: str = ""
) -> Judgement:
    page = evidence.site.document
    target = page.target if page is not None else "/"
    exchange = evidence.get(target, [("Accept-Charset", value)])
    return unharmed(exchange, evidence.get(target), message, faults, lawful=lawful)


def _accepting_language(evidence: Evidence, value: str, message: str) -> Judgement:
    target = page_target(evidence)
    return unharmed(evidence.get(target, [("Accept-Language", value)]), evidence.get(target), message, REFUSED)


@check(
    "charset.star-matches-unmentioned",
    statement="* in Accept-Charset stands for every charset that is not named beside it.",
    why="With it the client accepts whatever charset the page has.",
    hint="Ignore Accept-Charset, as nearly all servers do, or let * match every charset.",
    example=(CHARSET.format("x-none, *"), PAGE, NOT_ACCEPTABLE),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def charset_star(evidence: Evidence) -> Judgement:
    return _accepting_charset(evidence, "x-none, *", "* in Accept-Charset does not match the page's charset.", REFUSED)


@check(
    "charset.unacceptable-406-or-ignored",
    statement="If no acceptable charset can be sent, the answer is 406 or the page as it is.",
    why="The client asked for what is not there; that is no failure of the server.",
    hint="Do not look an unknown charset up without catching the error; or ignore Accept-Charset.",
    example=(CHARSET.format("x-none, *;q=0"), NOT_ACCEPTABLE, CRASH),
    requires=("charset.star-matches-unmentioned",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.2 advises 406 and allows the page; RFC 9110 §12.4.1 names both, and deprecates the field. "
    "Any reply but a failure of the server is accepted.",
)
def charset_unacceptable(evidence: Evidence) -> Judgement:
    message = "Accept-Charset with only an unknown charset makes the server fail."
    return _accepting_charset(evidence, "x-none, *;q=0", message, (), PAGE_OR_406)


@check(
    "language.star-matches-unmentioned",
    statement="* in Accept-Language stands for every language that is not named beside it.",
    why="With it the client prefers a language but accepts any.",
    hint="Ignore Accept-Language, or let * match every language.",
    example=(LANGUAGE.format("tlh, *"), PAGE, NOT_ACCEPTABLE),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.4 defines the star; RFC 9110 §12.5.4 leaves the scheme of matching to RFC 4647, in which it "
    "matches any language as well. No scheme makes a page unacceptable to a client that sends the star.",
)
def language_star(evidence: Evidence) -> Judgement:
    return _accepting_language(evidence, "tlh, *", "* in Accept-Language does not match the page's language.")


@check(
    "language.q-above-zero-acceptable",
    statement="A language with any q above 0 is acceptable.",
    why="A small q means: rather something else, but better this than nothing.",
    hint="Do not round q; only 0 excludes.",
    example=(LANGUAGE.format("*;q=0.001"), PAGE, NOT_ACCEPTABLE),
    requires=("language.star-matches-unmentioned",),
    risk=Risk.UNUSUAL,
)
def language_small_q(evidence: Evidence) -> Judgement:
    return _accepting_language(evidence, "*;q=0.001", "A language with a small q is refused.")
