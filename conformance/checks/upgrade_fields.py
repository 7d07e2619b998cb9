"""The field Upgrade in replies (RFC 9110 §7.8 and §15.5.22, RFC 2616 §14.42): to plain requests and to offers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.check import check
from conformance.checks.upgrade import GOOD, LINE, REQUEST, named, offered
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import TOKEN
from conformance.predicates import absent, each, found, status_span
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

PROTOCOLS = re.compile(rf"[ \t,]*(?:{TOKEN}(?:/{TOKEN})?[ \t]*(?:,[ \t,]*|$))*")


def _answers(evidence: Evidence) -> Iterator[Answer]:
    """The survey's replies, and those to the offers."""
    yield from evidence.answers
    for _, exchange in offered(evidence):
        yield from ((exchange, response) for response in exchange.responses[:1])


@check(
    "upgrade.426-has-upgrade",
    statement="A 426 names in Upgrade the protocols that would do.",
    why="The client is told to change its protocol and must know to which.",
    hint="Add Upgrade with the names of your protocols to the 426.",
    example=(
        REQUEST,
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n…",
        "HTTP/1.1 426 Upgrade Required\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def required_named(evidence: Evidence) -> Judgement:
    required = [(exchange, response) for exchange, response in _answers(evidence) if response.status == 426]
    if not required:
        return absent("no request was answered with 426")

    def test(exchange: Exchange, response: Response) -> Finding | None:
        message, expected = "A 426 does not say which protocol would do.", "an Upgrade field with its name (RFC 9110 "
        "§7.8)"
        return None if named(response) else found(exchange, message, expected=expected, span=status_span(response))

    return each(required, test, "")


def _with_upgrade(evidence: Evidence) -> list[Answer]:
    return [(exchange, response) for exchange, response in _answers(evidence) if response.field("upgrade")]


@check(
    "upgrade.field-grammar",
    statement="Upgrade is a list of protocol names, each perhaps with a slash and a version.",
    why="A client looks in it for the names that it knows.",
    hint='Write "Upgrade: websocket" or "Upgrade: h2c, foo/1.2".',
    example=(REQUEST, GOOD, LINE + "Connection: Upgrade\r\nUpgrade: yes please!\r\n\r\n"),
    risk=Risk.UNUSUAL,
    dispute="An empty list, and empty members in one, are outside of RFC 2616 §14.42 and inside of RFC 9110 §5.6.1: "
    "they are let pass.",
)
def grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = next((field for field in response.all("upgrade") if not PROTOCOLS.fullmatch(field.value)), None)
        if field is None:
            return None
        message = "The value of Upgrade is no list of protocols."
        expected = "name or name/version, parted by commas (RFC 9110 §7.8)"
        return found(exchange, message, expected=expected, observed=field.value, span=field.value_span)

    answers = _with_upgrade(evidence)
    return each(answers, test, "") if answers else absent("no reply has an Upgrade field")


@check(
    "upgrade.listed-in-connection",
    statement="A reply with Upgrade has the option upgrade in Connection.",
    why="A proxy would otherwise pass the offer on to somebody whom it does not concern.",
    hint='Add "Connection: Upgrade" wherever you send Upgrade.',
    example=(REQUEST, GOOD, LINE + "Upgrade: websocket\r\n\r\n"),
    risk=Risk.UNUSUAL,
)
def listed(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("upgrade")
        if field is None or "upgrade" in response.tokens("connection"):
            return None
        observed = f"Connection: {response.value('connection')}" if response.field("connection") else "no Connection"
        message = "A reply has Upgrade and does not list it in Connection."
        expected = "Connection: Upgrade (RFC 9110 §7.8), or no Upgrade"
        return found(exchange, message, expected=expected, observed=observed, span=field.span)

    answers = _with_upgrade(evidence)
    return each(answers, test, "") if answers else absent("no reply has an Upgrade field")
