"""What the target offers, found out by lawful requests. A rule whose capability is absent does not apply."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote, urljoin, urlsplit

from conformance.evidence import WRITTEN, Evidence
from conformance.exchange import Exchange
from conformance.probe import AwaitAny, Probe, Receive, Send
from conformance.response import Framing
from conformance.rule import Risk
from conformance.site import GUARDED, MISSING, Page

MEDIA_TYPES = {"html": "text/html", "text": "text/plain", "png": "image/png", "jpeg": "image/jpeg"}
HREF = re.compile(rb"""<a\b[^>]*?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
SOURCE_LINE = 12
PROGRAMS_TRIED = 3
TEXTS_TRIED = 3


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


def _ranges(evidence: Evidence) -> str:
    page = evidence.site.document
    if page is None:
        return "the document root holds no plain file"
    status = evidence.get(page.target, [("Range", "bytes=0-9")]).status
    return "" if status == 206 else "a GET with a Range gets no 206"


def _conditional(evidence: Evidence) -> str:
    page = evidence.site.document
    plain = evidence.get(page.target).response if page else None
    if page is None or plain is None:
        return "the document root holds no plain file"
    for validator, condition in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        value = plain.value(validator)
        if value and evidence.get(page.target, [(condition, value)]).status == 304:
            return ""
    return "no GET with the file's own validators gets 304"


def _writing(method: str) -> Callable[[Evidence], str]:
    """Whether PUT, or DELETE, does to the throwaway file what it says; the file is put back as it was."""

    def works(evidence: Evidence) -> str:
        answers = evidence.rewrite()
        if answers is None:
            return "the document root holds no throwaway.txt, or the server closes the connection after each reply"
        put, written, delete, gone, _restored = answers
        if method == "PUT":
            return "" if put.ok and written.body == WRITTEN else "PUT does not change the file that is made for it"
        return "" if delete.ok and gone.status in (404, 410) else "DELETE does not remove the file that is made for it"

    return works


def _post(evidence: Evidence) -> str:
    target = echo(evidence)
    if target is None:
        return "the document root holds no program echo_body.py"
    fields = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    response = evidence.get(target, fields, method="POST", body=b"hello").response
    return "" if response and response.ok and b"hello" in response.body else "a program does not get the body of a POST"


def echo(evidence: Evidence) -> str | None:
    """The target of the program that gives back what it is sent."""
    return next((p.target for p in evidence.site.pages if p.name == "echo_body.py" and p.plain), None)


def guarded(evidence: Evidence) -> str | None:
    """The target of a page that draws 401 without credentials."""
    pages = [page for page in evidence.site.guarded if page.kind != "program" and page.plain]
    return next((page.target for page in pages if evidence.get(page.target).status == 401), None)


def _authentication(evidence: Evidence) -> str:
    return "" if guarded(evidence) else f"no page below /{GUARDED}/ asks for credentials"


def basic(credentials: tuple[str, str]) -> tuple[str, str]:
    """The field that carries user and password (RFC 7617 §2)."""
    return "Authorization", "Basic " + b64encode(":".join(credentials).encode()).decode()


def _credentials(evidence: Evidence) -> str:
    target, known = guarded(evidence), evidence.site.credentials
    if target is None or known is None:
        return "no credentials were given (--credentials), or no page asks for them"
    response = evidence.get(target, [basic(known)]).response
    return "" if response and response.ok else "the credentials that were given open no page"


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


def _by_language(evidence: Evidence) -> str:
    return "" if by_language(evidence) else "no page comes in the language that Accept-Language prefers"


def _by_type(evidence: Evidence) -> str:
    return "" if by_type(evidence) else "no page comes as the media type that Accept prefers"


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


def _coding(evidence: Evidence) -> str:
    return "" if coded(evidence) else "no text comes compressed to those who accept gzip"


def _chunked(evidence: Evidence) -> str:
    seen = [response for _, response in evidence.answers]
    program = evidence.site.page("program", lambda page: page.plain)
    if program is not None and evidence.get(program.target).response:
        seen += evidence.get(program.target).responses
    return "" if any(r.framing is Framing.CHUNKED for r in seen) else "no reply is chunked"


def _expect(evidence: Evidence) -> str:
    target = echo(evidence) or "/"
    request = evidence.request(target, [("Expect", "100-continue"), ("Content-Length", "5")], method="POST")
    exchange = evidence.play(Probe((Send(request), AwaitAny(), Send(b"hello"), Receive(1)), ("POST",), Risk.UNUSUAL))
    seen = exchange.response.interim if exchange.response else ()
    return "" if any(r.status == 100 for r in seen) else "Expect: 100-continue draws no 100"


def _options(evidence: Evidence) -> str:
    response = evidence.get("/", method="OPTIONS").response
    return "" if response and response.ok else "OPTIONS is not answered with success"


def _trace(evidence: Evidence) -> str:
    response = evidence.get("/", method="TRACE").response
    return "" if response and response.ok and b"TRACE / HTTP/1.1" in response.body else "TRACE is not served"


def nph(evidence: Evidence) -> str | None:
    """The target of a program that writes its whole reply itself, and whose status line arrives."""
    targets = [p.target for p in evidence.site.pages if p.name == "nph-reply.py" and p.plain]
    return next((target for target in targets if evidence.get(target).status == 203), None)


def _nph(evidence: Evidence) -> str:
    return "" if nph(evidence) else "no program nph-*.py may write its whole reply itself"


def _virtual_hosts(evidence: Evidence) -> str:
    name = evidence.site.virtual_host
    if name is None:
        return "no second site was named (--virtual-host)"
    one, other = evidence.get("/").response, evidence.get("/", host=name).response
    return "" if one and other and other.ok and one.body != other.body else f"Host: {name} chooses no other site"


CAPABILITIES: dict[str, Callable[[Evidence], str]] = {
    "static-files": _files,
    "listing": _html_listing,
    "redirect": _redirect,
    "cgi": _programs,
    "persistent": _persistent,
    "etag": _any_field("ETag"),
    "last-modified": _any_field("Last-Modified"),
    "cache-headers": _any_field("Cache-Control", "Expires"),
    "ranges": _ranges,
    "conditional": _conditional,
    "language-variants": _by_language,
    "type-variants": _by_type,
    "content-coding": _coding,
    "chunked-replies": _chunked,
    "options": _options,
    "trace": _trace,
    "put": _writing("PUT"),
    "delete": _writing("DELETE"),
    "post": _post,
    "expect": _expect,
    "nph": _nph,
    "authentication": _authentication,
    "credentials": _credentials,
    "virtual-hosts": _virtual_hosts,
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
