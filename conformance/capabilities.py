"""What the target offers, found out by lawful requests. A rule whose capability is absent does not apply."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote, urljoin, urlsplit

from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.site import MISSING, Page

MEDIA_TYPES = {"html": "text/html", "text": "text/plain", "png": "image/png", "jpeg": "image/jpeg"}
HREF = re.compile(rb"""<a\b[^>]*?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
SOURCE_LINE = 12
PROGRAMS_TRIED = 3


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
    return len(mark) >= SOURCE_LINE and mark in exchange.received


def _files(evidence: Evidence) -> str:
    pages = [page for kind in MEDIA_TYPES if (page := evidence.site.page(kind, lambda p: p.plain))]
    got = [evidence.get(page.target).response for page in pages]
    exact = [r for page, r in zip(pages, got, strict=True) if r and r.ok and page.content.strip() == r.body.strip()]
    if len(exact) < min(2, len(pages)):
        return "the files of the document root do not come back with their own octets"
    return "" if exact else "the document root holds no plain file"


def _html_listing(evidence: Evidence) -> str:
    folder = evidence.site.folder
    if folder is None:
        return "the document root has no folder to list"
    target, exchange = listing(evidence, folder)
    response = exchange.response
    if response is None or not response.ok:
        return f"GET {target} gives no page"
    names = set(evidence.site.entries(folder))
    led = {unquote(resolved(target, link)).strip("/").rpartition("/")[2] for link in links(response.body)}
    return "" if names & led else f"GET {target} gives no HTML page with links to what the folder holds"


def _text_listing(evidence: Evidence) -> str:
    folder = evidence.site.folder
    if folder is None:
        return "the document root has no folder to list"
    for target in (f"/{folder}", f"/{folder}/"):
        response = follow(evidence, target).response
        names = [name.encode() for name in evidence.site.entries(folder)]
        if response is not None and response.ok and all(name in response.body for name in names):
            return ""
    return f"GET /{folder} does not list the names in that folder"


def _redirect(evidence: Evidence) -> str:
    folder = evidence.site.folder
    if folder is None:
        return "the document root has no folder"
    status = evidence.get(f"/{folder}").status
    return "" if status in (301, 302, 303, 307, 308) else "a folder without its slash is not redirected"


def _programs(evidence: Evidence) -> str:
    pages = [page for page in evidence.site.pages if page.kind == "program" and page.plain]
    pages.sort(key=lambda page: (page.path.count("/"), len(page.content)))
    reason = "the document root holds no *.py program"
    for page in pages[:PROGRAMS_TRIED]:
        reason = _not_run(evidence, page)
        if not reason:
            break
    return reason


def _not_run(evidence: Evidence, page: Page) -> str:
    exchange = evidence.get(page.target)
    if exchange.response is None or not exchange.response.ok:
        return f"GET {page.target} gives no page"
    if shows_source(exchange, page):
        return f"GET {page.target} gives the program's text: *.py is not run here"
    bodies = {other.body for target in ("/", MISSING) if (other := evidence.get(target).response)}
    echo = exchange.response.body.replace(page.target.encode(), MISSING.encode())
    alike = exchange.response.body in bodies or echo in bodies
    return f"GET {page.target} gives what other targets give" if alike else ""


def _the_time(evidence: Evidence) -> str:
    response = evidence.get("/the_time").response
    other = evidence.get(MISSING).response
    if response is None or not response.ok or not re.search(rb"\d{1,2}:\d\d", response.body):
        return "GET /the_time gives no page with the time"
    return "GET /the_time gives what a missing page gives" if other and other.body == response.body else ""


def _missing(evidence: Evidence) -> str:
    status = evidence.get(MISSING).status
    return "" if status == 404 else "a file that is not there does not get 404"


def _reads_method(evidence: Evidence) -> str:
    exchange = evidence.get("/", method="BREW")
    return "" if exchange.status is not None and exchange.status >= 400 else "an invented method is not refused"


def _media_types(evidence: Evidence) -> str:
    for kind, wanted in MEDIA_TYPES.items():
        page = evidence.site.page(kind, lambda p: p.plain)
        if page is not None:
            response = evidence.get(page.target).response
            sent = (response.value("content-type") or "") if response else ""
            if sent.partition(";")[0].strip().lower() != wanted:
                return f"{page.target} is not sent as {wanted}"
    return ""


def _persistent(evidence: Evidence) -> str:
    request = evidence.request("/")
    two = len(evidence.sequence(request, request).responses) == 2
    return "" if two else "the server closes the connection after each reply"


def _any_field(*names: str) -> Callable[[Evidence], str]:
    def sought(evidence: Evidence) -> str:
        sent = any(response.field(name) for _, response in evidence.answers for name in names)
        return "" if sent else f"no reply carries {' or '.join(names)}"

    return sought


CAPABILITIES: dict[str, Callable[[Evidence], str]] = {
    "static-files": _files,
    "listing": _html_listing,
    "redirect": _redirect,
    "cgi": _programs,
    "persistent": _persistent,
    "etag": _any_field("ETag"),
    "last-modified": _any_field("Last-Modified"),
    "cache-headers": _any_field("Cache-Control", "Expires"),
    "content-language": _any_field("Content-Language"),
}
"""Capability to the test for it, which returns the reason why it is absent, or nothing if it is there."""

MILESTONES: dict[int, dict[str, Callable[[Evidence], str]]] = {
    2: {},
    3: {"a refusal of methods that it does not know": _reads_method},
    4: {
        "files from the folder": _files,
        "a listing of a folder": _text_listing,
        "404 for a missing file": _missing,
    },
    5: {"the media types of .html .txt .png .jpeg": _media_types},
    6: {"a folder listing as HTML with links": _html_listing, "a page with the time at /the_time": _the_time},
    7: {"*.py files that are run": _programs},
}
"""Course step to what the course asks for there beyond the RFCs, in words, and the test for it."""
