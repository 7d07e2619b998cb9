"""Which site a name leads to (RFC 9110 §4.2.1, §4.2.3; RFC 9112 §3.3; RFC 2616 §3.2.3, §5.2).

Nothing of it shows without a second site at the same address, whose name the user gives (``--virtual-host``).
"""

from __future__ import annotations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, first_of, passed, same_answer, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

NAMELESS = "no second site at this address was named (--virtual-host)"
OK = "HTTP/1.1 200 OK\r\n… (the page of other.example)"
FIRST = "HTTP/1.1 200 OK\r\n… (the page of the first site)"


def _request(host: str) -> str:
    return f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"


def _sites(evidence: Evidence) -> tuple[str, Exchange, Exchange] | Judgement:
    """The name of the other site, its root and the first site's, where both are served."""
    name = evidence.site.virtual_host
    if name is None:
        return absent(NAMELESS)
    other, first = evidence.get("/", host=name), evidence.get("/")
    if not served(other) or not served(first):
        return unclear(f"one of the two sites does not serve its root: {describe(other)}, {describe(first)}")
    return name, other, first


@check(
    "host.field-selects-site",
    statement="If several sites share an address, the Host field decides which one a path belongs to.",
    why="Most sites share their address with others: without Host nobody could tell them apart.",
    hint="Look up the site by the name in Host, before you look up the path in it.",
    example=(_request("other.example"), OK, FIRST),
    risk=Risk.UNUSUAL,
)
def selects_site(evidence: Evidence) -> Judgement:
    sites = _sites(evidence)
    if isinstance(sites, Judgement):
        return sites
    name, other, first = sites
    if not same_answer(other, first):
        return passed()
    message = f"The site that is named {name} is the same as that of any other name."
    return broken(other, message, expected=f"the root of {name}", observed="the root of the first site")


@check(
    "host.name-case-insensitive",
    statement="The name in Host leads to its site in any mixture of capitals and small letters.",
    why="Names of hosts know no case, and users type them as they like.",
    hint="Turn the name into small letters before you look it up.",
    example=(_request("OTHER.example"), OK, FIRST),
    needs=("virtual-hosts",),
    requires=("host.field-selects-site",),
    risk=Risk.UNUSUAL,
)
def name_case(evidence: Evidence) -> Judgement:
    sites = _sites(evidence)
    if isinstance(sites, Judgement):
        return sites
    name, other, _ = sites
    return first_of(_alike(evidence, spelling, other) for spelling in (name.upper(), name.title()))


@check(
    "host.default-port-equivalent",
    statement="A name without a port, with an empty port and with port 80 is the same name.",
    why="Port 80 is meant where http URLs name none, so that clients may write it or not.",
    hint="Take 80 for a missing or empty port before you compare; int('') fails.",
    example=(_request("other.example:80"), OK, FIRST),
    needs=("virtual-hosts",),
    requires=("host.field-selects-site",),
    dispute="An empty port means 80 as no port does (RFC 9110 §4.2.1, RFC 3986 §6.2.3), though some servers look "
    "such a name up letter by letter. On another port than 80 all three spellings name another origin, "
    "and may be refused as misdirected (RFC 9110 §7.4): that proves nothing.",
    risk=Risk.UNUSUAL,
)
def default_port(evidence: Evidence) -> Judgement:
    sites = _sites(evidence)
    if isinstance(sites, Judgement):
        return sites
    name, other, _ = sites
    if ":" in name:
        return absent("the second site was named with a port")
    strict = evidence.site.port == 80
    return first_of(_alike(evidence, f"{name}:{port}", other, strict=strict) for port in ("80", ""))


def _alike(evidence: Evidence, spelling: str, control: Exchange, *, strict: bool = True) -> Judgement:
    """The same site must answer; where not ``strict``, a refusal as misdirected is lawful (RFC 9110 §7.4)."""
    exchange = evidence.get("/", host=spelling)
    if same_answer(exchange, control):
        return passed()
    if not strict and not served(exchange):
        return unclear(f"'Host: {spelling}' is refused, as names port 80, which this is not: {describe(exchange)}")
    return broken(
        exchange,
        f"'Host: {spelling}' does not lead to the same site as the usual spelling.",
        expected="the same page",
        observed=describe(exchange) if exchange.status != control.status else "another page",
    )
