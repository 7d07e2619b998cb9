"""Exemplars: what of the target is suited to be asked for when a rule needs a page of some kind, and how it is found.

Each function asks by lawful requests that every check may repeat at no cost.
"""

from __future__ import annotations

import re
from base64 import b64encode
from html import unescape
from urllib.parse import urljoin, urlsplit

from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.probe import Fields
from conformance.site import Page

HREF = re.compile(rb"""<a\b[^>]*?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
SOURCE_LINE = 12
TEXTS_TRIED = 3
AGAIN = (("X-Again", "1"),)
NPH_STATUS = (203, b"Said by the program itself")


def unsteady(evidence: Evidence, target: str, name: str, fields: Fields = ()) -> bool:
    """Whether a field of the reply has another value when the same is asked for once more.

    A tag may hold the time of the reply, and a page made on request has been modified just now: lawful both (RFC 9110
    §8.8.1, §8.8.2.1).
    """
    once, again = (evidence.get(target, [*fields, *more]).response for more in ((), AGAIN))
    return once is not None and again is not None and once.value(name) != again.value(name)


def links(body: bytes) -> list[str]:
    """The targets of the links of an HTML page, as written but for character references."""
    return [unescape(match.strip(b"\"'").decode("utf-8", "surrogateescape")) for match in HREF.findall(body)]


def resolved(base: str, link: str) -> str:
    """The path that a browser asks for when it follows ``link`` on the page ``base``; percent-encoding kept.

    It is empty for a link that is no URI reference.
    """
    try:
        return urlsplit(urljoin(f"http://host{base}", link)).path
    except ValueError:
        return ""


def follow(evidence: Evidence, target: str) -> Exchange:
    """GET ``target``, following at most three redirects on the same server."""
    exchange = evidence.get(target)
    for _ in range(3):
        response = exchange.response
        location = response.value("location") if response else None
        following = resolved(target, location) if location else ""
        if response is None or response.status not in (301, 302, 303, 307, 308) or not following:
            return exchange
        target = following
        exchange = evidence.get(target)
    return exchange


def listing(evidence: Evidence, folder: str) -> tuple[str, Exchange]:
    """The target and the exchange of a folder's own page, after redirects ("" is the root)."""
    target = f"/{folder}/" if folder else "/"
    return target, follow(evidence, target)


def source_of(page: Page) -> bytes:
    """A line of a program that its output does not hold: its longest one."""
    return max((line.strip() for line in page.content.splitlines()), key=len, default=b"")


def shows_source(exchange: Exchange, page: Page) -> bool:
    """Whether the reply holds the program's own text."""
    mark = source_of(page)
    return len(mark) >= SOURCE_LINE and mark in exchange.shown


def echo(evidence: Evidence) -> str | None:
    """The target of the program that gives back what it is sent."""
    return next((p.target for p in evidence.site.pages if p.name == "echo_body.py" and p.plain), None)


def nph(evidence: Evidence) -> str | None:
    """The target of a program that writes its whole reply itself, and whose status line arrives as it is written.

    A server that knows no such programs may read the code in that line, and write the line anew.
    """
    targets = [p.target for p in evidence.site.pages if p.name == "nph-reply.py" and p.plain]
    answers = [(target, evidence.get(target).response) for target in targets]
    return next((target for target, reply in answers if reply and (reply.status, reply.reason) == NPH_STATUS), None)


def guarded(evidence: Evidence) -> str | None:
    """The target of a page that draws 401 without credentials."""
    pages = [page for page in evidence.site.guarded if page.kind != "program" and page.plain]
    return next((page.target for page in pages if evidence.get(page.target).status == 401), None)


def basic(credentials: tuple[str, str]) -> tuple[str, str]:
    """The field that carries user and password (RFC 7617 §2)."""
    return "Authorization", "Basic " + b64encode(":".join(credentials).encode()).decode()


def by_language(evidence: Evidence) -> str | None:
    """A target that is answered in the language that Accept-Language prefers."""
    for target in _stems(evidence, ".en"):
        bodies = [evidence.get(target, [("Accept-Language", tag)]).response for tag in ("en", "de")]
        if all(r and r.ok for r in bodies) and len({r.body for r in bodies if r}) == 2:
            return target
    return None


def by_type(evidence: Evidence) -> str | None:
    """A target that is answered as the media type that Accept prefers."""
    for target in _stems(evidence, ".txt"):
        answers = [evidence.get(target, [("Accept", name)]).response for name in ("text/plain", "text/html")]
        if all(r and r.ok for r in answers) and len({r.body for r in answers if r}) == 2:
            return target
    return None


def _stems(evidence: Evidence, suffix: str) -> list[str]:
    """Targets without ``suffix`` of the pages that have a sibling with another suffix, and no page of their own."""
    pages = {page.target for page in evidence.site.pages if page.plain}
    stems = [target.removesuffix(suffix) for target in sorted(pages) if target.endswith(suffix)]
    return [s for s in stems if s not in pages and sum(t.startswith(f"{s}.") for t in pages) > 1]


def coded(evidence: Evidence) -> str | None:
    """The target of a text that is sent compressed by gzip to those who accept that."""
    texts = [p for p in evidence.site.pages if p.plain and p.kind in ("text", "html") and p != evidence.site.throwaway]
    beside = [p for p in texts if any(other.path == f"{p.path}.gz" for other in evidence.site.pages)]
    longest = sorted(texts, key=lambda page: len(page.content), reverse=True)
    for page in [*beside, *longest][:TEXTS_TRIED]:
        response = evidence.get(page.target, [("Accept-Encoding", "gzip")]).response
        if response and response.ok and (response.value("content-encoding") or "").lower() == "gzip":
            return page.target
    return None
