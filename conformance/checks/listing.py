"""Links in the listing of a folder (RFC 3986 §2, §3.3, §4.2): they are URIs that the server makes.

A link is judged by where it leads to, as a browser resolves it, and not by following it: what the server makes of the
request is for ``percent_encoding``. HTML allows more in a link than a URI does, so raw letters beyond ASCII pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from html import unescape
from urllib.parse import quote, unquote_to_bytes

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import HREF, listing, resolved
from conformance.predicates import absent, broken, passed, served
from conformance.response import Span
from conformance.verdict import Judgement

REQUEST = "GET /names/ HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
LOWER_TRIPLET = re.compile(r"%(?:[a-f][0-9A-Fa-f]|[0-9A-F][a-f])")
UNRESERVED_TRIPLET = re.compile(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|5[Ff]|6[1-9A-Fa-f]|7[0-9Aa]|7[Ee])")
UNUSUAL = '"<>[]\\^`{}|*$'  # no ampersand: what it begins is a question of HTML, not of the URI
NOTHING = "no listed name asks for this"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as written (``raw``, without its quotes), what it means as HTML, and where it stands in the reply."""

    raw: str
    value: str
    span: Span


@dataclass(frozen=True)
class Page:
    """The listing of a folder; ``base`` is its address, ``names`` what the folder holds."""

    base: str
    exchange: Exchange
    names: tuple[str, ...]
    links: tuple[Link, ...]
    text: str

    def led_to(self, link: Link) -> str | None:
        """The entry that a browser reaches by the link; None if it leads elsewhere."""
        try:
            path = resolved(self.base, link.value.replace("\\", "/"))
        except ValueError:
            return None
        octets = unquote_to_bytes(path.encode("utf-8", "surrogateescape")).rstrip(b"/")
        return next((name for name in self.names if octets == (self.base + name).encode()), None)

    def shows(self, name: str) -> bool:
        """Whether the page mentions the name at all, as text or in any link."""
        return name in self.text or quote(name) in self.text


def pages(evidence: Evidence) -> Iterator[Page]:
    """The listings of the root and of the folders that hold files with odd names, if they can be had."""
    odd = {page.path.rpartition("/")[0] for page in evidence.site.pages if not page.plain}
    for folder in ("", *sorted(odd - {""})):
        if quote(folder) != folder:
            continue
        base, exchange = listing(evidence, folder)
        body = exchange.response.body if exchange.response else b""
        written = any(page.content == body for page in evidence.site.pages)  # an index that somebody else has written
        if served(exchange) and not written:
            yield _read(base, exchange, tuple(evidence.site.entries(folder)))


def _read(base: str, exchange: Exchange, names: tuple[str, ...]) -> Page:
    body = exchange.response.body if exchange.response else b""
    start = max(exchange.received.find(body), 0)
    links = []
    for match in HREF.finditer(body):
        raw = match[1].strip(b"\"'").decode("utf-8", "surrogateescape")
        links.append(Link(raw, unescape(raw), (start + match.start(1), start + match.end(1))))
    return Page(base, exchange, names, tuple(links), unescape(body.decode("utf-8", "replace")))


def every_link(evidence: Evidence, fault: re.Pattern[str], message: str, expected: str) -> Judgement:
    """Judge that no link to an entry of a folder holds what ``fault`` describes."""
    judged = False
    for page in pages(evidence):
        for link in page.links:
            if page.led_to(link) is None:
                continue
            judged = True
            if fault.search(link.raw):
                return broken(page.exchange, message, expected=expected, observed=f"href {link.raw!r}", span=link.span)
    return passed() if judged else absent(NOTHING)


def every_name(
    evidence: Evidence, odd: str, raw: str, expected: Callable[[str], str], *, besides: str = ""
) -> Judgement:
    """Judge that each listed name with a character of ``odd`` (all others plain or in ``besides``) has a link to it.

    ``raw`` are characters that no link may hold as they are.
    """
    judged = False
    for page in pages(evidence):
        for name in filter(page.shows, page.names):
            rest = name.translate(dict.fromkeys(map(ord, odd)))
            if rest == name or quote(rest, safe=besides) != rest:
                continue
            judged = True
            link = next((link for link in page.links if page.led_to(link) == name), None)
            if link is None or any(mark in link.raw for mark in raw):
                return _misleading(page, name, link, expected(name))
    return passed() if judged else absent(NOTHING)


def _misleading(page: Page, name: str, link: Link | None, expected: str) -> Judgement:
    by_name = {one.value.rpartition("/")[2]: one for one in page.links}
    near = link or next((by_name[close] for close in get_close_matches(name, by_name, 1)), None)
    return broken(
        page.exchange,
        f"The link for {name!r} is no URI." if link else f"No link leads to the file {name!r}.",
        expected=f"a link such as href={expected!r}",
        observed=f"href {near.raw!r}" if near else "no link that resembles it",
        span=near.span if near else None,
    )


@check(
    "listing.href-percent-uppercase",
    statement="The hex digits of escapes in the server's links are capitals.",
    why="Capitals are the normal form, so that caches and crawlers see one address and not two.",
    hint="urllib.parse.quote() writes capitals; in a format string of your own use %02X.",
    example=(REQUEST, '<a href="caf%C3%A9.txt">', '<a href="caf%c3%a9.txt">'),
    needs=("listing",),
    dispute="Small hex digits mean the same; RFC 3986 §2.1 advises capitals for consistency: a warning.",
)
def href_uppercase(evidence: Evidence) -> Judgement:
    message = "A link holds an escape with small hex digits."
    return every_link(evidence, LOWER_TRIPLET, message, "capitals, such as %C3")


@check(
    "listing.href-unreserved-plain",
    statement="Letters, digits and - . _ ~ are not escaped in the server's links.",
    why="They mean the same escaped and plain, and the plain form is the normal one.",
    hint="Use urllib.parse.quote(), which leaves them alone.",
    example=(REQUEST, '<a href="~a-b_c.txt">', '<a href="%7Ea%2Db%5Fc.txt">'),
    needs=("listing",),
)
def href_unreserved(evidence: Evidence) -> Judgement:
    return every_link(
        evidence, UNRESERVED_TRIPLET, "A link holds a needless escape.", "letters, digits and -._~ as they are"
    )


@check(
    "listing.href-space-encoded",
    also=("target.produced-not-double-encoded",),
    statement="A blank in a name is %20 in the link.",
    why="A raw blank ends the address in many clients, and + means a plus sign in a path.",
    hint="Write href with urllib.parse.quote(name); not with quote_plus(), and not the bare name.",
    example=(REQUEST, '<a href="a%20b.txt">', "<a href=a b.txt>"),
    needs=("listing",),
)
def href_space(evidence: Evidence) -> Judgement:
    return every_name(evidence, " ", " ", quote)


@check(
    "listing.href-percent-as-25",
    statement="A percent sign in a name is %25 in the link.",
    why="A raw percent sign begins an escape, so 100%.txt breaks the link and %41.txt leads to A.txt.",
    hint="Write href with urllib.parse.quote(name), once.",
    example=(REQUEST, '<a href="100%25.txt">', '<a href="100%.txt">'),
    needs=("listing",),
    requires=("listing.href-space-encoded",),
)
def href_percent(evidence: Evidence) -> Judgement:
    judgement = every_name(evidence, "%", "", quote)
    if judgement.finding is not None:
        return judgement
    alone = re.compile(r"%(?![0-9A-Fa-f]{2})")
    raw = every_link(evidence, alone, "A link holds a percent sign that escapes nothing.", "%25 for the sign itself")
    return raw if raw.finding is not None else judgement


@check(
    "listing.href-reserved-encoded",
    statement="A question mark or a hash sign in a name is escaped in the link.",
    why="Raw, they end the path: the browser asks for another file.",
    hint="Write href with urllib.parse.quote(name).",
    example=(REQUEST, '<a href="a%3Fb.txt">', '<a href="a?b.txt">'),
    needs=("listing",),
    requires=("listing.href-space-encoded",),
)
def href_reserved(evidence: Evidence) -> Judgement:
    return every_name(evidence, "?#", "", quote)


@check(
    "listing.href-valid-uri",
    statement="Whatever characters a name holds, its link leads to the file, and holds no raw quote, < or >.",
    why="A raw quote ends the attribute: the link breaks, and a name can smuggle markup into the page.",
    hint="First urllib.parse.quote(name), then html.escape() on all that goes into the page.",
    example=(REQUEST, '<a href="quote%22.txt">', '<a href="quote".txt">'),
    needs=("listing",),
    requires=("listing.href-space-encoded",),
    dispute="HTML allows more in a link than RFC 3986 §2 does: raw letters beyond ASCII are accepted. Judged is "
    "where a browser is led, and that the link holds no quote, < or >.",
)
def href_valid(evidence: Evidence) -> Judgement:
    return every_name(evidence, UNUSUAL, '"<>', quote)


@check(
    "listing.href-colon-first-segment",
    statement="A relative link does not begin with a name that holds a colon.",
    why='href="a:b.txt" is read as the scheme "a", and leads nowhere.',
    hint='Begin the link with "./" or with "/", or write the colon as %3A.',
    example=(REQUEST, '<a href="./a:b.txt">', '<a href="a:b.txt">'),
    needs=("listing",),
    requires=("listing.href-space-encoded",),
)
def href_colon(evidence: Evidence) -> Judgement:
    return every_name(evidence, ":", "", lambda name: f"./{name}")
