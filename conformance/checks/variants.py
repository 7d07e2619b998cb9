"""Pages that exist in several variants (RFC 9110 §8.5.1, §12.4.2, §12.5.1; RFC 2616 §3.10, §14.1, §14.14).

What is asked here is asked only of servers that are seen to choose: a target that comes in two languages, or as two
media types, as the request prefers. A server need not choose at all.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import by_language, by_type
from conformance.grammar import MEDIA_TYPE
from conformance.predicates import absent, broken, describe, each, first_of, found, passed, same_answer, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

LANGUAGE = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Language: {}\r\n\r\n"
TYPE = "GET /note HTTP/1.1\r\nHost: localhost:50000\r\nAccept: {}\r\n\r\n"
VARIANT = "HTTP/1.1 200 OK\r\nContent-Language: {}\r\nContent-Location: page.html.{}\r\n\r\n…"
TYPED = "HTTP/1.1 200 OK\r\nContent-Type: {}\r\n\r\n…"
TAGS = ("en", "de")
TYPES = ("text/plain", "text/html")


@check(
    "language.tags-case-insensitive",
    statement="Language tags in a request are recognised in any letter case.",
    why="Clients write en-GB, en-gb and EN; it is the same language.",
    hint="Lower the tags in Accept-Language, and what you compare them with.",
    example=(LANGUAGE.format("DE"), VARIANT.format("de", "de"), VARIANT.format("en", "en")),
    needs=("language-variants",),
    risk=Risk.UNUSUAL,
)
def tags_case(evidence: Evidence) -> Judgement:
    target = by_language(evidence) or "/"
    return first_of(_tag_in_capitals(evidence, target, tag) for tag in TAGS)


def _tag_in_capitals(evidence: Evidence, target: str, tag: str) -> Judgement:
    unasked, control, exchange = (
        evidence.get(target, fields) for fields in ([], [("Accept-Language", tag)], [("Accept-Language", tag.upper())])
    )
    if same_answer(unasked, control):
        return unclear(f"{tag} is what comes unasked")
    if same_answer(exchange, control):
        return passed()
    return broken(
        exchange,
        "A language tag in capitals does not choose what the same tag in small letters chooses.",
        expected=f"the variant that comes for {tag}",
        observed="the variant that comes unasked" if same_answer(exchange, unasked) else describe(exchange),
    )


@check(
    "negotiation.highest-q-type-preferred",
    statement="Of two media types that the client accepts, the one with the greater q is sent.",
    why="That is what q is for: the client takes the other one only if it must.",
    hint="Choose the variant with the greatest weight, not the first one in the field.",
    example=(TYPE.format("text/plain;q=0.2, text/html"), TYPED.format("text/html"), TYPED.format("text/plain")),
    needs=("type-variants",),
    risk=Risk.UNUSUAL,
    dispute="Weights are preferences (RFC 9110 §12.4.2, RFC 2616 §14.1): no text forbids to send the other type, so a "
    "warning, and only where the server is seen to choose by Accept.",
)
def highest_q(evidence: Evidence) -> Judgement:
    return first_of(
        _preferred(evidence, f"{less};q=0.2, {more}", more, less, "The type with the smaller q is sent.")
        for less, more in (TYPES, TYPES[::-1])
    )


@check(
    "negotiation.q-anywhere-is-weight",
    statement="A parameter q in Accept is the weight also where another parameter follows it.",
    why="Some clients write q before the parameters of the type.",
    hint="Take q out of the parameters by its name, wherever it stands.",
    example=(
        TYPE.format("text/plain;q=0.1;charset=utf-8, text/html;q=0.5"),
        TYPED.format("text/html"),
        TYPED.format("text/plain"),
    ),
    needs=("type-variants",),
    requires=("negotiation.highest-q-type-preferred", "negotiation.accept-extension-tolerated"),
    risk=Risk.UNUSUAL,
    dispute="By RFC 2616 §14.1 what follows q is an extension, and q is the weight as well; RFC 9110 §12.5.1 advises "
    "to find q wherever it stands. Servers that read it only at the end take the type for fully wanted, or for another "
    "type.",
)
def q_anywhere(evidence: Evidence) -> Judgement:
    message = "A q that is not the last parameter is not taken for the weight."
    return first_of(
        _preferred(evidence, f"{less};q=0.1;{_parameter(evidence, less)}, {more};q=0.5", more, less, message)
        for less, more in (TYPES, TYPES[::-1])
    )


def _variant(evidence: Evidence, accept: str) -> Exchange:
    return evidence.get(by_type(evidence) or "/", [("Accept", accept)])


def _preferred(evidence: Evidence, accept: str, more: str, less: str, message: str) -> Judgement:
    exchange = _variant(evidence, accept)
    if same_answer(exchange, _variant(evidence, more)):
        return passed()
    if not same_answer(exchange, _variant(evidence, less)):
        return unclear(f"neither of the two variants came: {describe(exchange)}")
    return broken(exchange, message, expected=f"the variant of type {more}", observed=f"the variant of type {less}")


def _parameter(evidence: Evidence, name: str) -> str:
    """A parameter that the variant's own type has, or else an invented one."""
    response = _variant(evidence, name).response
    match = re.match(MEDIA_TYPE, (response.value("content-type") or "") if response else "")
    return (match["parameters"].strip("; \t") if match else "") or "level=1"


@check(
    "negotiation.content-location-of-variant",
    statement="A variant that has an address of its own comes with that address in Content-Location.",
    why="The client can bookmark, or send on, exactly what the user saw.",
    hint="Where you choose a file for the client, name that file in Content-Location.",
    example=(LANGUAGE.format("de"), VARIANT.format("de", "de"), "HTTP/1.1 200 OK\r\nContent-Language: de\r\n\r\n…"),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.14 advises it; RFC 9110 §8.7 describes the field without asking for it, so only RFC 2616 "
    "counts.",
)
def content_location(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.field("content-location"):
            return None
        return found(
            exchange,
            "The variant has an address of its own, and the reply does not name it.",
            expected="a Content-Location field",
            observed="no Content-Location",
        )

    spoken, typed = by_language(evidence), by_type(evidence)
    asked = [evidence.get(spoken, [("Accept-Language", tag)]) for tag in TAGS] if spoken else []
    asked += [_variant(evidence, name) for name in TYPES] if typed else []
    files = {page.content for page in evidence.site.pages}
    chosen = [(x, r) for x in asked for r in x.responses[:1] if r.ok and r.body in files]
    return each(chosen, test, "") if chosen else absent("the server chooses between no variants that are files")
