"""Challenges (RFC 9110 §11, §15.5.2; RFC 2616 §10.4.2, §11, §14.47): that a 401 has one, and how it is written."""

from __future__ import annotations

from collections.abc import Callable

from conformance.check import check
from conformance.checks.challenges import PARAMETER, answer, offered, read_challenges, wrongly
from conformance.checks.field_values import own_answers, value_finding
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import guarded
from conformance.grammar import list_members
from conformance.predicates import absent, each, each_field, found, status_span
from conformance.response import Field, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /guarded/page.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
REFUSAL = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {}\r\nContent-Length: 0\r\n\r\n"
GOOD = REFUSAL.format('Basic realm="Notes"')
BASE = ("auth.401-has-challenge",)


@check(
    "auth.401-has-challenge",
    statement="A 401 says in WWW-Authenticate how the client can prove who it is.",
    why="Without a challenge no browser asks for a password: the user sees an error and has nowhere to type.",
    hint='Send WWW-Authenticate: Basic realm="Notes" with every 401; if a form logs users in, send 403 or a redirect.',
    example=(REQUEST, GOOD, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    risk=Risk.UNUSUAL,
)
def has_challenge(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if any(field.value for field in response.all("www-authenticate")):
            return None
        empty = response.field("www-authenticate")
        return found(
            exchange,
            "A 401 comes without a challenge.",
            expected="a WWW-Authenticate field with at least one challenge",
            observed="an empty WWW-Authenticate" if empty else "status 401 without WWW-Authenticate",
            span=empty.span if empty else status_span(response),
        )

    refusals = _refusals(evidence)
    return each(refusals, test, "") if refusals else absent("no GET draws 401")


@check(
    "auth.challenge-grammar",
    statement="A challenge is a scheme, alone or followed by its parameters or one word of data.",
    why="Clients look for the scheme first; what they cannot read they do not answer.",
    hint='Write Basic realm="Notes": the scheme, a blank, then name="value" parted by commas.',
    example=(REQUEST, GOOD, REFUSAL.format('Basic: realm="Notes"')),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="RFC 2617, to which RFC 2616 §11 refers, wants a parameter in each challenge; Negotiate and NTLM come "
    "without. RFC 9110 §11.3 allows that, and it passes. Blanks round the equals sign pass as well (BWS, RFC 9110 "
    "§5.6.3).",
)
def challenge_grammar(evidence: Evidence) -> Judgement:
    return _challenge_lines(
        evidence,
        lambda field: bool(read_challenges(field.value).unread) or not any(list_members(field.value)),
        "WWW-Authenticate holds what is no challenge.",
        "scheme, alone or followed by one word or by name=value pairs parted by commas",
    )


@check(
    "auth.param-once-per-challenge",
    statement="No parameter stands twice in one challenge.",
    why="Of two values one client takes the first, another the last.",
    hint="Write each parameter once; a second realm needs a second challenge with its own scheme.",
    example=(REQUEST, GOOD, REFUSAL.format('Basic realm="Notes", realm="Letters"')),
    requires=BASE,
    risk=Risk.UNUSUAL,
)
def parameter_once(evidence: Evidence) -> Judgement:
    def twice(field: Field) -> bool:
        named = [[name for name, _ in challenge.parameters] for challenge in read_challenges(field.value).read]
        return any(len(set(names)) < len(names) for names in named)

    return _challenge_lines(evidence, twice, "A parameter stands twice in a challenge.", "each parameter once")


@check(
    "auth.realm-quoted",
    statement="The realm is written in double quotes.",
    why="Old clients read nothing else, and a realm with a blank would end at the blank.",
    hint='Write realm="Notes".',
    example=(REQUEST, GOOD, REFUSAL.format("Basic realm=Notes")),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="Clients read a bare word as well. RFC 9110 §11.5 asks senders for the quotes, for the sake of old "
    "clients; so did RFC 2617, to which RFC 2616 §11 refers.",
)
def realm_quoted(evidence: Evidence) -> Judgement:
    def bare(field: Field) -> bool:
        pairs = [pair for challenge in read_challenges(field.value).read for pair in challenge.parameters]
        return any(name == "realm" and not value.startswith('"') for name, value in pairs)

    return _challenge_lines(evidence, bare, "The realm stands without quotes.", 'realm="..."')


@check(
    "auth.authentication-info-grammar",
    statement="Authentication-Info is a comma list of name=value pairs.",
    why="A client checks by it that it talks to the right server; it cannot check what it cannot read.",
    hint='Write rspauth="...", qop=auth and the like, or leave the field out.',
    example=(
        REQUEST,
        'HTTP/1.1 200 OK\r\nAuthentication-Info: nextnonce="8f2"\r\n\r\n',
        "HTTP/1.1 200 OK\r\nAuthentication-Info: logged in as student\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def authentication_info(evidence: Evidence) -> Judgement:
    message, expected = "Authentication-Info holds what is no parameter.", "name=value pairs parted by commas"

    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        members = [member for member in list_members(field.value) if member]
        right = all(PARAMETER.fullmatch(member) for member in members)
        return None if right else value_finding(exchange, field, message, expected)

    return each_field([*own_answers(evidence), *_admitted(evidence)], ("authentication-info",), test)


def _admitted(evidence: Evidence) -> list[Answer]:
    """The replies to the operator's credentials, in the schemes that the server asks for."""
    target = guarded(evidence)
    if target is None:
        return []
    tried = [
        exchange
        for _, challenge in offered(evidence.get(target))
        if (exchange := answer(evidence, target, challenge)) is not None
    ]
    return [(exchange, response) for exchange in tried for response in exchange.responses[:1] if response.status_line]


def _refusals(evidence: Evidence) -> list[Answer]:
    """The 401 of the guarded page, without credentials and with bad ones, and of the survey."""
    target = guarded(evidence)
    asked = [evidence.get(target), *wrongly(evidence, target)] if target is not None else []
    heard = {exchange.probe: (exchange, response) for exchange in asked for response in exchange.responses[:1]}
    heard |= {exchange.probe: (exchange, response) for exchange, response in own_answers(evidence)}
    return [(exchange, response) for exchange, response in heard.values() if response.status == 401]


def _challenge_lines(evidence: Evidence, wrong: Callable[[Field], bool], message: str, expected: str) -> Judgement:
    """A rule on each WWW-Authenticate line of a 401 that is not empty."""

    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        return value_finding(exchange, field, message, expected) if field.value and wrong(field) else None

    judgement = each_field(_refusals(evidence), ("www-authenticate",), test)
    return judgement if judgement.verdict is not Verdict.NOT_APPLICABLE else absent("no 401 carries a challenge")
