"""Redirects that a server makes itself, usually for a folder without its slash (RFC 9110 §10.2.2, RFC 2616 §14.30).

No request forces a redirect: what is judged is the Location of one that came. Redirects by programs: rules on CGI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit

from conformance.check import check
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import resolved
from conformance.grammar import URI_REFERENCE
from conformance.predicates import absent, broken, each, found, passed, served, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.site import Site
from conformance.verdict import Finding, Judgement

REDIRECTS = (301, 302, 303, 307, 308)
REQUEST = "GET /images HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 301 Moved Permanently\r\nLocation: /images/\r\n…"
NO_REDIRECT = "no request was redirected"
BARE_FOLDER = (
    "it leads to the folder, which is not shown: 403 and 404 are lawful there (RFC 9110 §15.5.4, RFC 9110 §15.5.5)"
)
ODD_QUERY = "?q=%20%C3%A9%22"


def folder_targets(site: Site) -> Iterator[str]:
    """Folders without their slash; the odd ones tempt the server to copy decoded octets into Location."""
    if site.folder is None:
        return
    yield f"/{site.folder}"
    yield f"/{site.folder}{ODD_QUERY}"
    yield f"/a%20b/../{site.folder}"
    yield from ("/" + target for target in map(quote, site.folders) if "%" in target)


def redirections(evidence: Evidence) -> list[Answer]:
    """Every redirect among the replies for folders without their slash."""
    tried = [evidence.get(target, risk=Risk.UNUSUAL) for target in folder_targets(evidence.site)]
    return [(x, response) for x in tried for response in x.responses if response.status in REDIRECTS]


@check(
    "redirect.location-present",
    statement="A redirect says in its Location field where to go.",
    why="Browsers follow the field; a link in the page is of no use to a program.",
    hint="Send a Location field with every 301, 302, 303, 307 and 308.",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\n\r\nIt is <a href=/images/>here</a>."),
    needs=("redirect",),
    dispute="RFC 9110 §15.4 takes Location for granted without a key word for some codes, RFC 2616 §10.3 advises "
    "it: a warning. 300 and 304 are not looked at.",
)
def location_present(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.value("location"):
            return None
        return found(
            exchange,
            "The redirect does not say where to go.",
            expected="a Location field with a URI reference",
            observed="no Location" if response.value("location") is None else "an empty Location",
        )

    return each(redirections(evidence), test, NO_REDIRECT)


@check(
    "redirect.location-single",
    statement="A redirect has one Location field.",
    why="Of two addresses a client takes either, or refuses the reply.",
    hint="Find the two places in your code that write Location, and keep one.",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: /images/\r\nLocation: /\r\n…"),
    needs=("redirect",),
)
def location_single(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        fields = response.all("location")
        if len(fields) < 2:
            return None
        return found(
            exchange,
            "The redirect has more than one Location field.",
            expected="one Location field",
            observed=f"{len(fields)} of them",
            span=fields[1].span,
        )

    return each(redirections(evidence), test, NO_REDIRECT)


@check(
    "redirect.location-uri-syntax",
    statement="Location holds a URI: no blanks, no raw octets beyond ASCII, and % only before two hex digits.",
    why="A blank or a raw letter in a header ends the address too early in some clients and is garbled in others.",
    hint="Write the path as it came in the request, still encoded, or encode it again with urllib.parse.quote().",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: /my images/\r\n…"),
    needs=("redirect",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.30 wants a whole address, RFC 9110 §10.2.2 takes any reference: relative ones are accepted.",
)
def location_syntax(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("location")
        if field is None or not field.value or URI_REFERENCE.fullmatch(field.value):
            return None
        return found(
            exchange,
            "The Location of a redirect is no URI.",
            expected="URI characters, all others percent-encoded",
            observed=field.value,
            span=_bad_octet(field.value, field.value_span),
        )

    return each(redirections(evidence), test, NO_REDIRECT)


def _bad_octet(value: str, span: tuple[int, int]) -> tuple[int, int]:
    bad = re.search(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]#%]|%(?![0-9A-Fa-f]{2})", value)
    return span if bad is None else (span[0] + bad.start(), span[0] + bad.end())


@check(
    "redirect.location-leads-to-target",
    statement="The Location of a redirect leads to something that is there.",
    why="A redirect to a missing page is worse than none: the user sees an error for an address that he never typed.",
    hint="Make Location from the whole path of the request plus the slash, encoded once, with the query behind it.",
    example=(REQUEST, GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: images/images/\r\n…"),
    needs=("redirect",),
    dispute="A server that shows no folders may redirect to the form with a slash and answer 403 or 404 there: "
    "that is accepted. A wrong port may be the fault of a mapping: another host or port is not followed.",
)
def location_leads(evidence: Evidence) -> Judgement:
    target = f"/{evidence.site.folder}"
    exchange = evidence.get(target)
    location = exchange.response.value("location") if exchange.response else None
    if not location or not URI_REFERENCE.fullmatch(location):
        return absent("the redirect has no Location that could be followed")
    if not served(evidence.get(target + "/")):
        natural = resolved(target, location) == f"{target}/"
        return passed(BARE_FOLDER) if natural else unclear(f"the control request {target}/ was not served")
    try:
        goal = urlsplit(urljoin(f"http://{evidence.site.authority}{target}", location))
    except ValueError:
        return unclear(f"Location cannot be followed: {location}")
    if goal.netloc.lower() != evidence.site.authority.lower():
        return passed(f"Location leads to another host or port: {location}")
    reached = evidence.get((goal.path or "/") + (f"?{goal.query}" if goal.query else ""))
    status = reached.status
    if status is None or status in (400, 404, 410) or (status >= 500 and status != 503):
        field = exchange.response.field("location") if exchange.response else None
        return broken(
            exchange,
            "The redirect leads to an address that does not work.",
            expected=f"a Location such as {target}/",
            observed=f"Location: {location}, where a GET draws status {status}",
            span=field.span if field else None,
        )
    return passed(f"Location: {location}, where a GET draws status {status}")


@check(
    "redirect.location-not-double-slash",
    statement="A redirect made from the path does not begin with two slashes.",
    why="//dir/ is no path but the address of a host named dir: anybody could send your visitors elsewhere.",
    hint="Strip all leading slashes but one before you write the path into Location.",
    example=(REQUEST.replace(" /", " //"), GOOD, "HTTP/1.1 301 Moved Permanently\r\nLocation: //images/\r\n…"),
    needs=("redirect",),
    risk=Risk.UNUSUAL,
    dispute="By its grammar such a Location is a lawful reference to another host (RFC 3986 §4.2). But it was made of "
    "a path of this host, and a path without a host before it cannot begin so (RFC 3986 §3.3): the visitor is sent "
    "elsewhere. Redirects to one slash, 200 and refusals are accepted.",
)
def location_not_double_slash(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("location")
        if field is None or not field.value.startswith("//"):
            return None
        return found(
            exchange,
            "The redirect leads to another host.",
            expected="a path with one slash before it (RFC 3986 §4.2), or http:// and this host (RFC 9110 §10.2.2)",
            observed=field.value,
            span=field.value_span,
        )

    targets = (f"//{evidence.site.folder}", f"//evil.example/%2e%2e/{evidence.site.folder}", "//evil.example/%2e%2e")
    tried = [evidence.get(target, risk=Risk.UNUSUAL) for target in targets]
    redirected = [(x, response) for x in tried for response in x.responses if response.status in REDIRECTS]
    return each(redirected, test, "") if redirected else passed("such a target is not redirected")
