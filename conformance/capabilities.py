"""What the target offers, found out by lawful requests. A rule whose capability is absent does not apply."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from conformance.evidence import WRITTEN, Evidence
from conformance.exemplars import (
    basic,
    by_language,
    by_type,
    coded,
    echo,
    guarded,
    links,
    listing,
    nph,
    resolved,
    shows_source,
)
from conformance.response import Framing
from conformance.site import GUARDED, MEDIA_TYPES, MISSING, Page

PROGRAMS_TRIED = 3


def files_offered(evidence: Evidence) -> str:
    pages = [page for kind in MEDIA_TYPES if (page := evidence.site.page(kind, lambda p: p.plain))]
    got = [evidence.get(page.target).response for page in pages]
    exact = [r for page, r in zip(pages, got, strict=True) if r and r.ok and page.content.strip() == r.body.strip()]
    if len(exact) < min(2, len(pages)):
        return "the files of the document root do not come back with their own octets"
    return "" if exact else "the document root holds no plain file"


def listing_offered(evidence: Evidence) -> str:
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


def _redirect(evidence: Evidence) -> str:
    folder = evidence.site.folder
    if folder is None:
        return "the document root has no folder"
    status = evidence.get(f"/{folder}").status
    return "" if status in (301, 302, 303, 307, 308) else "a folder without its slash is not redirected"


def programs_offered(evidence: Evidence) -> str:
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
    if exchange.response.tokens("content-encoding") not in ((), ("identity",)):
        return f"GET {page.target} comes in a content coding, which nobody has asked for"
    if shows_source(exchange, page):
        return f"GET {page.target} gives the program's text: *.py is not run here"
    bodies = {other.body for target in ("/", MISSING) if (other := evidence.get(target).response)}
    echo = exchange.response.body.replace(page.target.encode(), MISSING.encode())
    alike = exchange.response.body in bodies or echo in bodies
    return f"GET {page.target} gives what other targets give" if alike else ""


def _persistent(evidence: Evidence) -> str:
    # A page that is made for each request may end by a close where a file does not.
    pages = ("/", *(page.target for page in (evidence.site.document,) if page is not None))
    requests = (evidence.request(target) for target in pages)
    two = any(len(evidence.sequence(request, request).responses) == 2 for request in requests)
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


def _put(evidence: Evidence) -> str:
    answers = evidence.rewrite()
    if answers is None:
        return "the document root holds no throwaway.txt, or the server closes the connection after each reply"
    put, written = answers
    return "" if put.ok and written.body == WRITTEN else "PUT does not change the file that is made for it"


def _delete(evidence: Evidence) -> str:
    answers = evidence.remove()
    if answers is None:
        return "PUT cannot bring a file back, so none is deleted"
    delete, gone = answers
    return "" if delete.ok and gone.status in (404, 410) else "DELETE does not remove the file that is made for it"


def _post(evidence: Evidence) -> str:
    target = echo(evidence)
    if target is None:
        return "the document root holds no program echo_body.py"
    fields = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    response = evidence.get(target, fields, method="POST", body=b"hello").response
    return "" if response and response.ok and b"hello" in response.body else "a program does not get the body of a POST"


def _authentication(evidence: Evidence) -> str:
    return "" if guarded(evidence) else f"no page below /{GUARDED}/ asks for credentials"


def _credentials(evidence: Evidence) -> str:
    target, known = guarded(evidence), evidence.site.credentials
    if target is None or known is None:
        return "no credentials were given (--credentials), or no page asks for them"
    response = evidence.get(target, [basic(known)]).response
    return "" if response and response.ok else "the credentials that were given open no page"


def _by_language(evidence: Evidence) -> str:
    return "" if by_language(evidence) else "no page comes in the language that Accept-Language prefers"


def _by_type(evidence: Evidence) -> str:
    return "" if by_type(evidence) else "no page comes as the media type that Accept prefers"


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
    response = evidence.expecting(target).response
    seen = response.interim if response else ()
    return "" if any(r.status == 100 for r in seen) else "Expect: 100-continue draws no 100"


def _options(evidence: Evidence) -> str:
    response = evidence.get("/", method="OPTIONS").response
    return "" if response and response.ok else "OPTIONS is not answered with success"


def _trace(evidence: Evidence) -> str:
    response = evidence.get("/", method="TRACE").response
    return "" if response and response.ok and b"TRACE / HTTP/1.1" in response.body else "TRACE is not served"


def _nph(evidence: Evidence) -> str:
    return "" if nph(evidence) else "no program nph-*.py may write its whole reply itself"


def _virtual_hosts(evidence: Evidence) -> str:
    name = evidence.site.virtual_host
    if name is None:
        return "no second site was named (--virtual-host)"
    one, other = evidence.get("/").response, evidence.get("/", host=name).response
    return "" if one and other and other.ok and one.body != other.body else f"Host: {name} chooses no other site"


def _http11(evidence: Evidence) -> str:
    page = evidence.site.document
    response = evidence.get(page.target if page else "/").response
    spoken = response.version if response else ""
    return "the server says HTTP/1.0, and owes only what that knows" if spoken == "HTTP/1.0" else ""


CAPABILITIES: dict[str, Callable[[Evidence], str]] = {
    "http-1.1": _http11,
    "static-files": files_offered,
    "listing": listing_offered,
    "redirect": _redirect,
    "cgi": programs_offered,
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
    "put": _put,
    "delete": _delete,
    "post": _post,
    "expect": _expect,
    "nph": _nph,
    "authentication": _authentication,
    "credentials": _credentials,
    "virtual-hosts": _virtual_hosts,
}
"""Capability to the test for it, which returns the reason why it is absent, or nothing if it is there."""
