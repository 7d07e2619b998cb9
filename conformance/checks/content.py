"""Whether replies say what they carry, and say it truly (RFC 9110 §8.3, RFC 2616 §7.2.1, §14.17).

The type of a file is its owner's to choose: only what the octets contradict is a fault. text/plain is true of any text.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.field_values import hiding_rule, own_answers, page_of, value_finding
from conformance.checks.media_type_form import MediaType, read_media_type
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, blocked, each, found, passed, status_span
from conformance.response import DefectKind, Response
from conformance.verdict import Finding, Judgement

REQUEST = "GET /picture.png HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG…"

TAG = re.compile(rb"<[A-Za-z!/?]")
SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "pdf": b"%PDF-"}
TRUE_NAMES = {
    "png": {"image/png", "image/apng", "image/x-png"},
    "jpeg": {"image/jpeg", "image/jpg", "image/pjpeg"},
    "gif": {"image/gif"},
    "pdf": {"application/pdf", "application/x-pdf"},
    "svg": {"image/svg+xml", "image/svg"},
}
HTML_NAMES = {"text/html", "application/xhtml+xml"}
NO_TEXT = {"image", "audio", "video", "font"}
TEXTUAL = {"text", "css", "script", "json"}
"""Kinds of files that are told by their names: their octets could be any text."""
DEFINITE = {"application/pdf", "application/json", "application/javascript", "application/xml", *HTML_NAMES}
"""Types with a form that can be told from the octets, besides those of the classes above."""


def kind_of(body: bytes) -> str | None:
    """What the octets are: a picture, a PDF, an HTML or SVG document, other text, or None."""
    for kind, mark in SIGNATURES.items():
        if body.startswith(mark):
            return kind
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:512].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in body[:2048]):
        return "svg"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "text" if b"\0" not in body and not TAG.search(body) else None


def contradicts(kind: str, media_type: MediaType) -> bool:
    """Whether octets of ``kind`` cannot be of this type."""
    name, main = media_type.name, media_type.main
    if name in TRUE_NAMES.get(kind, ()):
        return False
    if kind in SIGNATURES:
        return main == "text" or main in NO_TEXT or name in DEFINITE
    if kind == "text":
        return main in NO_TEXT or name in {"application/pdf", *HTML_NAMES}
    if kind == "html":
        return main in NO_TEXT or name in {"application/pdf", "application/json", "text/css", "text/javascript"}
    return main in NO_TEXT or name == "application/pdf"


@check(
    "media-type.content-type-sent",
    statement="A reply with a body names its media type in Content-Type.",
    why="Without it the browser guesses, and may show the source of a page or run what is only text.",
    hint="Send Content-Type with every body, with error pages too.",
    example=(
        "GET /missing HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<h1>Not found</h1>",
        "HTTP/1.1 404 Not Found\r\n\r\n<h1>Not found</h1>",
    ),
    dispute="RFC 9110 §8.3 wants the field unless the server does not know the type: files with an unknown ending "
    "may come without.",
)
def content_type_sent(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        return found(
            exchange,
            "The reply has a body but no Content-Type.",
            expected="a Content-Type field (RFC 9110 §8.3)",
            observed=f"status {response.status} with a body of {len(response.body)} octets and no Content-Type",
            span=status_span(response),
        )

    with_body = [
        (x, r) for x, r in own_answers(evidence, evidence.answers) if r.body and not _unknown_kind(evidence, x)
    ]
    lacking = [(x, r) for x, r in with_body if r.field("content-type") is None]
    surely = [(x, r) for x, r in lacking if hiding_rule(r) is None]
    if surely:
        return each(surely, test, "")
    if lacking:
        return blocked(hiding_rule(lacking[0][1]) or "", "the type may be in a line that is no field")
    return passed() if with_body else absent("no reply has a body")


def _unknown_kind(evidence: Evidence, exchange: Exchange) -> bool:
    """A file whose type the server need not know (RFC 9110 §8.3); of its own pages it knows it."""
    page = page_of(evidence, exchange)
    return page is not None and page.kind == "other"


@check(
    "media-type.content-type-true",
    statement="Content-Type names what the body really is.",
    why="A picture sent as text/html is shown as rubbish, and text sent as a picture is not shown at all.",
    hint="Choose the type by the end of the file's name, in any letter case: .png is image/png, .txt is text/plain.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n\x89PNG…"),
    needs=("static-files",),
    dispute="The type of a file is for its owner to choose, and text/plain is true of any text. Only what the "
    "octets disprove is a fault.",
)
def content_type_true(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("content-type")
        kind = _kind_sent(evidence, exchange, response)
        if field is None or kind is None:
            return None
        media_type = read_media_type(field.value)
        own = kind == "html" and not any(page.content == response.body for page in evidence.site.pages)
        if not (contradicts(kind, media_type) or (own and media_type.name == "text/plain")):
            return None
        return value_finding(
            exchange, field, f"The body is {_words(kind)}, but Content-Type says {media_type.name}.", _expected(kind)
        )

    # Only whole bodies show what they are.
    whole = [
        (x, r)
        for x, r in own_answers(evidence)
        if r.body and r.complete and r.field("content-encoding") is None and not r.defect(DefectKind.NO_EMPTY_LINE)
    ]
    judged = [(x, r) for x, r in whole if r.field("content-type") and _kind_sent(evidence, x, r)]
    return each(judged, test, "") if judged else absent("no reply with a Content-Type has a body that can be told")


def _kind_sent(evidence: Evidence, exchange: Exchange, response: Response) -> str | None:
    """By the octets. Of a file as it is stored the name counts as well: where the two differ nobody knows better."""
    kind = kind_of(response.body)
    page = page_of(evidence, exchange)
    if page is None or page.content.strip() != response.body.strip():
        return kind if kind != "text" else None  # a page of the server's own needs no tags to be HTML
    if page.kind == kind or (kind in (None, "text") and page.kind in TEXTUAL):
        return page.kind
    return kind if page.kind == "other" and kind != "text" else None


def _words(kind: str) -> str:
    names = {"html": "an HTML document", "text": "plain text", "script": "a script", "css": "a style sheet"}
    return names.get(kind, f"a {kind.upper()} file")


def _expected(kind: str) -> str:
    common = {"html": "text/html", "text": "text/plain", "css": "text/css", "script": "text/javascript"}
    if kind in TRUE_NAMES:
        return min(TRUE_NAMES[kind])
    return common.get(kind, "application/json")
