"""Credentials (RFC 9110 §11.1, §11.4, §11.6.2; RFC 2616 §10.4.2, §14.8): what the right ones open, and the wrong ones.

The right ones are those that the operator gave. Wrong ones are sent twice and no more: a server may count them.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.check import check
from conformance.checks.challenges import answer, basic, offered, wrongly
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import guarded
from conformance.predicates import OVERLOADED, absent, broken, describe, first_of, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /guarded/page.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
WITH = "GET /guarded/page.txt HTTP/1.1\r\nHost: localhost:50000\r\nAuthorization: {}\r\n\r\n"
REFUSAL = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {}\r\nContent-Length: 0\r\n\r\n"
GOOD = REFUSAL.format('Basic realm="Notes"')
PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CRASH = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

WRONG_PASSWORD = {401: "RFC 9110 §11.4", 404: "RFC 9110 §15.5.4, if the page is to be hidden"}
UNREADABLE = WRONG_PASSWORD | {400: "RFC 9110 §15.5.1, as it cannot be decoded"}


@check(
    "auth.401-challenge-applicable",
    statement="A challenge names a scheme by which the page can really be had.",
    why="A client answers in the scheme that it is asked for; if only another one works, it never gets in.",
    hint="Challenge with the scheme that you check: Basic if you decode user and password from base64.",
    example=(REQUEST, GOOD, REFUSAL.format('Digest realm="Notes", nonce="1" (where only Basic is checked)')),
    needs=("authentication",),
    requires=("auth.401-has-challenge",),
    risk=Risk.UNUSUAL,
)
def challenge_applicable(evidence: Evidence) -> Judgement:
    target = guarded(evidence)
    if target is None or evidence.site.credentials is None:
        return absent("no credentials are given: see --credentials")
    challenges = [challenge for _, challenge in offered(evidence.get(target))]
    tried = [(c.scheme, x) for c in challenges if (x := answer(evidence, target, c)) is not None]
    if not tried:
        return absent("the schemes of the challenges are not spoken here")
    if any(exchange.status not in (401, None, *OVERLOADED) for _, exchange in tried):
        return passed()
    unasked = evidence.get(target, [basic(*evidence.site.credentials)])
    if "basic" in dict(tried) or not served(unasked):
        return unclear("the credentials are refused, and nobody can tell whether they are right")
    return broken(
        tried[0][1],
        "The scheme of the challenge does not open the page, another one does.",
        expected="the page, as with the same user and password in the Basic scheme",
        observed=f"{describe(tried[0][1])} for {tried[0][0].capitalize()}, {describe(unasked)} for Basic",
    )


@check(
    "auth.bad-credentials-401",
    statement="Credentials that are wrong or cannot be read draw 401 once more.",
    why="Only 401 makes a browser ask again; a user who mistyped would otherwise be stuck.",
    hint="Catch the error that base64 decoding raises, and treat it like a wrong password.",
    example=(WITH.format("Basic A"), GOOD, CRASH),
    needs=("authentication",),
    risk=Risk.UNUSUAL,
    dispute="lighttpd answers 400 to credentials that cannot be decoded, others 401. The field keeps to its grammar, "
    "so RFC 9110 §11.4 asks for 401; what stands in it is malformed, and for that there is 400 (§15.5.1). Both are "
    "accepted there, but not for a wrong password.",
)
def bad_credentials(evidence: Evidence) -> Judgement:
    def judge(exchange: Exchange, lawful: Mapping[int, str]) -> Judgement:
        if exchange.status in OVERLOADED or exchange.ending is Ending.SILENT:
            return unclear(f"the server counts, or lets whoever guesses wait: {describe(exchange)}")
        if exchange.status in lawful:
            return passed(describe(exchange))
        message = "Bad credentials do not draw 401, as no credentials do."
        return broken(exchange, message, expected=", ".join(f"{status} ({why})" for status, why in lawful.items()))

    exchanges = wrongly(evidence, guarded(evidence))
    return first_of(judge(*trial) for trial in zip(exchanges, (WRONG_PASSWORD, UNREADABLE), strict=False))


@check(
    "auth.scheme-case-insensitive",
    statement="The scheme of credentials is recognised in any letter case.",
    why="basic and BASIC name the same scheme as Basic, and there are clients that write so.",
    hint="Lower the first word of Authorization before you compare it.",
    example=(WITH.format("basic c3R1ZGVudDp4"), PAGE, GOOD),
    needs=("authentication", "credentials"),
    risk=Risk.UNUSUAL,
)
def scheme_case(evidence: Evidence) -> Judgement:
    return first_of(_in_case(evidence, scheme) for scheme in ("basic", "BASIC"))


def _in_case(evidence: Evidence, scheme: str) -> Judgement:
    target, credentials = guarded(evidence), evidence.site.credentials
    if target is None or credentials is None:
        return absent("no credentials are given: see --credentials")
    control = evidence.get(target, [basic(*credentials)])
    if not served(control):
        return absent(f"Basic does not open the page: {describe(control)}")
    exchange = evidence.get(target, [basic(*credentials, scheme)])
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == control.status:
        return passed()
    return broken(
        exchange, f"{scheme} is not taken for the scheme Basic.", expected=f"status {control.status}, as with Basic"
    )


@check(
    "auth.credentials-valid-in-realm",
    statement="Credentials that open one page are good for the other pages of the same realm.",
    why="The user typed a password for the realm; being asked again for each page drives him away.",
    hint="Check user and password against the same list wherever you name the same realm.",
    example=(WITH.format("Basic c3R1ZGVudDp4").replace("page.txt", "other.txt"), PAGE, GOOD),
    needs=("authentication", "credentials"),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.8 advises it; RFC 9110 §11.5 only tells clients what they may assume. A page that this user "
    "may not see is no breach: 403, or 401 for another realm, passes.",
)
def valid_in_realm(evidence: Evidence) -> Judgement:
    target, credentials = guarded(evidence), evidence.site.credentials
    if target is None or credentials is None or not served(evidence.get(target, [basic(*credentials)])):
        return absent("no credentials are given that open a page by Basic")
    realm = _realms(evidence.get(target))
    others = [page.target for page in evidence.site.guarded if page.plain]
    alike = [other for other in others[:4] if other != target and _realms(evidence.get(other)) & realm]
    if not alike:
        return absent("no second page of the same realm was found")
    exchange = evidence.get(alike[0], [basic(*credentials)])
    if exchange.status != 401 or not _realms(exchange) & realm:
        return passed()
    return broken(
        exchange,
        "Credentials that open one page of the realm are refused at another one.",
        expected="no 401 for the same realm (RFC 2616 §14.8); 403 if the user may not see the page (RFC 9110 §15.5.4)",
    )


def _realms(exchange: Exchange) -> set[str]:
    """The realms for which a 401 asks for Basic credentials."""
    if exchange.status != 401:
        return set()
    return {challenge.value("realm") or "" for _, challenge in offered(exchange) if challenge.scheme == "basic"}
