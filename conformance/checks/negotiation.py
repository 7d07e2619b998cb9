"""Negotiation by media type (RFC 9110 §12.4 and §12.5.1, RFC 2616 §14.1): what Accept may and may not do to a reply.

A server may ignore the field altogether. If it reads it, it must not refuse what the client finds acceptable, nor fail
at what it cannot fulfil. Charsets, languages and codings are in modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import MEDIA_TYPE
from conformance.predicates import absent, first_of, served, unharmed
from conformance.rule import Risk
from conformance.verdict import Judgement

REFUSED = (400, 406)
PAGE_OR_406 = "or 406 (RFC 9110 §12.4.1 and §15.5.7)"
ALL_FIELDS = (("Accept", "*/*"), ("Accept-Charset", "*"), ("Accept-Language", "*"))
PREMISES = ("field.unknown-ignored",)
BASE = ("negotiation.accept-empty-tolerated",)
"""A server that any Accept throws off balance has that one fault."""

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept: {}\r\n\r\n"
PAGE = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"
NOT_ACCEPTABLE = "HTTP/1.1 406 Not Acceptable\r\nContent-Length: 0\r\n\r\n"
BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
CRASH = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def page_target(evidence: Evidence) -> str:
    """An HTML page with a plain name if one is served, else another file, else the root."""
    page = evidence.site.page("html", lambda p: p.plain)
    return page.target if page is not None and served(evidence.get(page.target)) else static_target(evidence)


def _media_type(control: Exchange) -> str:
    """Type and subtype as the server names them, "" where it does not."""
    value = control.response.value("content-type") if control.response else None
    match = re.match(MEDIA_TYPE, value or "")
    return f"{match['type']}/{match['subtype']}" if match else ""


def _accepting(
    evidence: Evidence, value: str, message: str, faults: Collection[int] = REFUSED, lawful: str = ""
) -> Judgement:
    """Judge a GET with Accept; ``TYPE`` and ``MAJOR`` in its value stand for what the page is by its control.

    The control accepts everything, so that what any Accept does to a server shows in no more than one rule.
    """
    target = page_target(evidence)
    control = evidence.get(target, () if value == "*/*" else [("Accept", "*/*")])
    media_type = _media_type(control)
    if served(control) and not media_type and ("TYPE" in value or "MAJOR" in value):
        return absent("the page is sent without a media type")
    value = value.replace("TYPE", media_type).replace("MAJOR", media_type.partition("/")[0])
    return unharmed(evidence.get(target, [("Accept", value)]), control, message, faults, lawful=lawful)


@check(
    "negotiation.absent-field-no-preference",
    statement="A request without Accept, Accept-Charset or Accept-Language is served like one that accepts everything.",
    why="A field that is not there excludes nothing. Scripts and simple clients send none of them.",
    hint="Treat a missing field as */* or *: no 406, and no KeyError when you look it up.",
    example=(REQUEST.replace("Accept: {}\r\n", ""), PAGE, NOT_ACCEPTABLE),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def absent_field(evidence: Evidence) -> Judgement:
    target = page_target(evidence)
    control = evidence.get(target, ALL_FIELDS[:1])
    judgements = [unharmed(evidence.get(target), control, "A request without Accept is refused.", REFUSED)]
    for left_out in ALL_FIELDS:
        fields = [field for field in ALL_FIELDS if field != left_out]
        message = f"A request without {left_out[0]} is refused."
        judgements.append(unharmed(evidence.get(target, fields), evidence.get(target, ALL_FIELDS), message, REFUSED))
    return first_of(judgements)


@check(
    "negotiation.accept-empty-tolerated",
    statement="An empty Accept is no error.",
    why="The field is a list, and a list may have no members.",
    hint="Check that there is something to split before you index into it.",
    example=(REQUEST.format(""), PAGE, CRASH),
    requires=("field.empty-value-accepted",),
    risk=Risk.UNUSUAL,
    dispute="Both grammars let the list be empty (RFC 2616 §14.1, RFC 9110 §12.5.1); other lists of RFC 2616 need a "
    "member, which is why some parsers refuse an empty value. What an empty Accept means is not said: 406 passes.",
)
def accept_empty(evidence: Evidence) -> Judgement:
    target = page_target(evidence)
    exchange = evidence.get(target, [("Accept", "")])
    return unharmed(exchange, evidence.get(target), "An empty Accept is an error.", (400,))


@check(
    "negotiation.q-default-one",
    statement="A media type in Accept without a q is fully acceptable.",
    why="Most clients write no q at all; without one the weight is 1.",
    hint="Let the weight be 1 where the parameter q is missing, not 0.",
    example=(REQUEST.format("text/html"), PAGE, NOT_ACCEPTABLE),
    requires=BASE,
    risk=Risk.UNUSUAL,
)
def q_default(evidence: Evidence) -> Judgement:
    return _accepting(evidence, "TYPE", "The page's own media type without a q is not accepted.")


@check(
    "negotiation.media-range-wildcard-matches",
    statement="In Accept, */* matches every media type and type/* every subtype of that type.",
    why="curl sends */*, and browsers do so for images and scripts: they would get nothing.",
    hint="Compare type and subtype one by one, and let * equal anything.",
    example=(REQUEST.format("text/*"), PAGE, NOT_ACCEPTABLE),
    requires=(*BASE, "negotiation.q-default-one"),
    risk=Risk.UNUSUAL,
)
def wildcards(evidence: Evidence) -> Judgement:
    return first_of(
        _accepting(evidence, value, f"{value.replace('MAJOR', 'type')} in Accept does not match the page's type.")
        for value in ("MAJOR/*", "*/*")
    )


@check(
    "negotiation.most-specific-range-wins",
    statement="Of the media ranges that match a type, the most specific one decides.",
    why="This is how a client says: this type, and nothing else.",
    hint="Look for type/subtype first, then for type/*, and for */* last; take the q of the first that you find.",
    example=(REQUEST.format("*/*;q=0, text/html"), PAGE, NOT_ACCEPTABLE),
    requires=("negotiation.q-default-one", "negotiation.qvalue-grammar-read"),
    risk=Risk.UNUSUAL,
)
def specific_wins(evidence: Evidence) -> Judgement:
    message = "*/* with q=0 overrides the page's own media type."
    return _accepting(evidence, "*/*;q=0, TYPE", message)


@check(
    "negotiation.qvalue-grammar-read",
    statement="A q is read as a number from 0 to 1 with up to three decimals.",
    why="Clients write 1.000 as well as 1, and 0.123; none of them is an error.",
    hint="Read q with float() or a decimal type, and do not expect a certain number of digits.",
    example=(REQUEST.format("text/html;q=0.123, */*;q=1.000"), PAGE, CRASH),
    requires=BASE,
    risk=Risk.UNUSUAL,
)
def qvalue_grammar(evidence: Evidence) -> Judgement:
    return _accepting(evidence, "text/html;q=0.123, */*;q=1.000", "A q with three decimals is not understood.")


@check(
    "negotiation.q-name-case-insensitive",
    statement="The parameter q is recognised in either case.",
    why="Names of parameters know no case; Q=0.5 is the same weight as q=0.5.",
    hint="Lower the parameter's name before you compare it with q.",
    example=(REQUEST.format("text/html;Q=0.5"), PAGE, NOT_ACCEPTABLE),
    requires=("negotiation.qvalue-grammar-read",),
    risk=Risk.UNUSUAL,
)
def q_case(evidence: Evidence) -> Judgement:
    return _accepting(evidence, "TYPE;Q=0.5", "Q in capitals is not taken for the weight.")


@check(
    "negotiation.accept-extension-tolerated",
    statement="Parameters after the q in Accept do no harm.",
    why="RFC 2616 has extensions there. Later they became parameters of the type, which may make the type unacceptable "
    "but not the request faulty.",
    hint="Split the parameters at semicolons, take q, and do not fail at names that you do not know.",
    example=(REQUEST.format("text/html;q=0.5;ext=x"), PAGE, CRASH),
    requires=("negotiation.qvalue-grammar-read",),
    risk=Risk.UNUSUAL,
    dispute="What follows q is an extension by RFC 2616 §14.1, and a parameter of the media type by RFC 9110 §12.5.1, "
    "which the page then lacks. So the page and 406 are both right, 400 is not.",
)
def accept_extension(evidence: Evidence) -> Judgement:
    message = "A parameter after the q in Accept is taken for an error."
    return _accepting(
        evidence, "TYPE;q=0.5;ext=x", message, (400,), "or 406 (RFC 9110 §12.5.1: ext belongs to the type)"
    )


@check(
    "negotiation.unacceptable-406-or-ignored",
    statement="If nothing that could be sent is acceptable, the answer is 406 or the page itself.",
    why="The client asked for what is not there; that is no failure of the server.",
    hint="If you read Accept at all, foresee the case that nothing fits: send the page all the same, or 406.",
    example=(REQUEST.format("application/x-none"), NOT_ACCEPTABLE, CRASH),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="Some test suites demand 406. RFC 2616 §14.1 advises it, and §10.4.7 lets the page be sent all the same; "
    "RFC 9110 §12.4.1 names both. Any reply but a failure of the server is accepted, as the file may be missing in "
    "that type: 404.",
)
def unacceptable(evidence: Evidence) -> Judgement:
    message = "Accept with only an unknown type makes the server fail."
    return _accepting(evidence, "application/x-none", message, (), PAGE_OR_406)
