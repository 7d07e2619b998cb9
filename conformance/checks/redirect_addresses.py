"""The address in a redirect, where it names a host (RFC 9110 §4.2, RFC 2616 §3.2.2), and the note for people beside it.

A relative Location is lawful and passes all of this. Where a redirect leads is judged in ``redirects``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from conformance.check import check
from conformance.checks.redirects import GOOD, NO_REDIRECT, REDIRECTS, REQUEST, redirections
from conformance.connections import target_of
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import links, resolved
from conformance.grammar import URI_REFERENCE
from conformance.predicates import absent, each, found, passed
from conformance.response import Field, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

WITH_HOST = re.compile(r"(?:(?P<scheme>https?):)?//(?P<authority>[^/?#]*)", re.IGNORECASE)
HTTP = re.compile(r"http:", re.IGNORECASE)
HOST_AND_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")
USERINFO = "visitor:secret@"
NO_NAME = "no redirect names a host"
OLD = "GET /images HTTP/1.0\r\n\r\n"
NOTED = (301, 302, 303, 307)


def _authority(value: str) -> str | None:
    """Host and port, and what else there is, of a reference that names them."""
    match = WITH_HOST.match(value)
    return match["authority"] if match else None


def _folder(evidence: Evidence) -> str:
    return f"/{evidence.site.folder}"


def _locations(
    answers: Iterable[Answer], test: Callable[[Field], bool], message: str, expected: str, nothing: str
) -> Judgement:
    """Judge the Location of each redirect; those that are no URI at all belong to another rule."""

    def judge(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("location")
        if field is None or not URI_REFERENCE.fullmatch(field.value) or not test(field):
            return None
        observed = f"Location: {field.value}"
        return found(exchange, message, expected=expected, observed=observed, span=field.value_span)

    redirected = [(x, response) for x, response in answers if response.status in REDIRECTS]
    return each(redirected, judge, "") if redirected else passed(nothing)


@check(
    "redirect.location-absolute-http-syntax",
    statement="A Location that begins with http: goes on with //, the host, perhaps a colon and a port, then the path.",
    why="In http://localhost:8080images/ the port is no number, and http:/images/ names no host: browsers guess.",
    hint='Join the parts with their marks: "http://" + host + path, where the path begins with a slash; or send the '
    "path alone.",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: http://localhost:50000images/\r\n…"),
    needs=("redirect",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.30 wants a whole address; a relative one is lawful since RFC 7231, and is accepted.",
)
def absolute_syntax(evidence: Evidence) -> Judgement:
    def malformed(field: Field) -> bool:
        if not HTTP.match(field.value):
            return False
        authority = _authority(field.value)
        return authority is None or not HOST_AND_PORT.fullmatch(authority.rpartition("@")[2])

    message, expected = (
        "The absolute address in Location is malformed.",
        "http://host/path or http://host:port/path (RFC 9110 §4.2.1), or a path (RFC 9110 §10.2.2)",
    )
    return _locations(redirections(evidence), malformed, message, expected, NO_REDIRECT)


@check(
    "redirect.location-host-not-empty",
    statement="No address in Location has an empty host.",
    why="http:///images/ leads nowhere; clients have to refuse it.",
    hint="If the request has no Host, or an empty one, send the path alone, or put your own name into the address.",
    example=(OLD, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: http:///images/\r\n…"),
    needs=("redirect",),
    risk=Risk.UNUSUAL,
)
def host_not_empty(evidence: Evidence) -> Judgement:
    target = _folder(evidence)
    nameless = [
        evidence.get(target, version="HTTP/1.0", host=None),
        evidence.get(target, [("Host", "")], host=None),
    ]
    answers = [(x, x.response) for x in nameless if x.response is not None]

    def empty(field: Field) -> bool:
        match = WITH_HOST.match(field.value)
        return (
            bool(match and match["scheme"])
            and re.match(r"(?:[^@]*@)?(?::|\Z)", _authority(field.value) or "") is not None
        )

    message, expected = (
        "The redirect leads to an empty host.",
        "a path or a host with a name (RFC 9110 §10.2.2), or 400 (RFC 9112 §3.2)",
    )
    return _locations([*redirections(evidence), *answers], empty, message, expected, NO_NAME)


@check(
    "redirect.location-no-userinfo",
    statement="No address in Location has a user name before an @.",
    why="http://bank.example@evil.example/ leads to evil.example: the part before the @ is there to deceive.",
    hint="Refuse a Host with an @ in it with 400, and build addresses from your own name and port.",
    example=(
        REQUEST.replace("Host: ", f"Host: {USERINFO}"),
        "HTTP/1.1 400 Bad Request\r\n…",
        f"HTTP/1.1 301 Moved Permanently\r\nLocation: http://{USERINFO}localhost:50000/images/\r\n…",
    ),
    needs=("redirect",),
    risk=Risk.MALFORMED,
)
def no_userinfo(evidence: Evidence) -> Judgement:
    exchange = evidence.get(_folder(evidence), host=USERINFO + evidence.site.authority, risk=Risk.MALFORMED)
    answers = [(exchange, exchange.response)] if exchange.response is not None else []

    def named(field: Field) -> bool:
        return "@" in (_authority(field.value) or "")

    message, expected = (
        "The redirect leads to an address with a user name in it.",
        "400 (RFC 9112 §3.2), or a Location without it (RFC 9110 §4.2.4)",
    )
    return _locations([*redirections(evidence), *answers], named, message, expected, NO_NAME)


@check(
    "redirect.location-host-not-ip",
    statement="A redirect for a client that asked by a host name does not lead to a bare IP address.",
    why="The address may change, and the site's name, its cookies and its certificate are lost.",
    hint="Send the path alone, or build the address from the request's Host.",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1:50000/images/\r\n…"),
    needs=("redirect",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §3.2.2 advises against addresses in numbers; RFC 9110 says nothing. It is reported by RFC "
    "2616 alone.",
)
def host_not_ip(evidence: Evidence) -> Judgement:
    exchange = evidence.get(_folder(evidence), host=f"localhost:{evidence.site.port}")
    answers = [(exchange, exchange.response)] if exchange.response is not None else []

    def numeric(field: Field) -> bool:
        host = re.sub(r":\d*\Z", "", (_authority(field.value) or "").rpartition("@")[2]).strip("[]")
        try:
            return bool(host and ip_address(host))
        except ValueError:
            return False

    message, expected = (
        "The redirect turns a host name into an IP address.",
        "a path (RFC 9110 §10.2.2), or an address with a host name",
    )
    return _locations(answers, numeric, message, expected, NO_NAME)


@check(
    "redirect.hypertext-note",
    statement="A redirect has a short page with a link to the new address.",
    why="Whoever's client does not follow redirects by itself can click.",
    hint='Send a line of HTML such as <a href="/images/">moved</a> as the body.',
    example=(REQUEST, GOOD.replace("…", '\r\n<a href="/images/">moved</a>'), GOOD.replace("…", "\r\n")),
    needs=("redirect",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §10.3.2 to §10.3.8 advise the note; RFC 9110 §15.4.2 only says that it is usual. It is "
    "reported by RFC 2616 alone.",
)
def hypertext_note(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        location, target = response.value("location"), target_of(exchange)
        if not location or not response.complete:
            return None
        goals = {resolved(target, link) for link in links(response.body)}
        if resolved(target, location) in goals:
            return None
        return found(
            exchange,
            "The page of a redirect has no link to the new address.",
            expected=f"a link to {location} in the body",
            observed=f"links to {', '.join(sorted(goals))}" if goals else "no link",
        )

    noted = [(x, response) for x, response in redirections(evidence) if response.status in NOTED]
    return each(noted, test, "") if noted else absent("no request draws 301, 302, 303 or 307")
