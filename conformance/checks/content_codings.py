"""Coded replies (RFC 9110 §8.4; RFC 2616 §3.5, §7.2.1, §14.11): that the coding is declared, and what is inside.

A server need not code anything. Files that are stored compressed are their owner's: only the label is judged.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from conformance.check import check
from conformance.checks.codings import GOOD, REQUEST, inflated
from conformance.checks.field_values import page_of, value_finding
from conformance.checks.negotiation import page_target
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import coded
from conformance.grammar import MEDIA_TYPE
from conformance.predicates import absent, each, found
from conformance.response import Response
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Finding, Judgement

MAGIC = b"\x1f\x8b\x08"
GZIP = frozenset({"gzip", "x-gzip"})
GZIP_TYPES = {"application/gzip", "application/x-gzip", "application/x-tgz", "application/x-gtar-compressed"}
PLAIN = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n\x1f\x8b…"


@check(
    "coding.applied-coding-declared",
    statement="A text that is sent compressed says so in Content-Encoding.",
    why="Without the field the browser shows the compressed octets as they are.",
    hint="Wherever you compress, or send a compressed file in place of another, add Content-Encoding: gzip.",
    example=(REQUEST, GOOD, PLAIN),
    also=("coding.content-encoding-declared",),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def applied_declared(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        page = page_of(evidence, exchange)
        stored = page is None or page.content.startswith(MAGIC)
        if stored or not response.body.startswith(MAGIC) or _media_type(response) in GZIP_TYPES:
            return None
        if set(response.tokens("content-encoding")) - {"identity"}:
            return None  # whether the name is right is told by other rules
        return found(
            exchange,
            "The body is compressed and nothing says so.",
            expected="Content-Encoding: gzip (RFC 9110 §8.4), or the text as it is (RFC 9110 §12.5.3)",
            observed="a body in the format of gzip without Content-Encoding",
            span=(response.head_end, response.head_end + len(MAGIC)),
        )

    answers = [*_asked(evidence, "gzip"), *_asked(evidence, None)]
    return each(answers, test, "no text was sent")


@check(
    "coding.decoded-equals-original",
    statement="A compressed text is, once unpacked, the text as it is sent otherwise.",
    why="A coding changes the form on the way and nothing else; the user is to see the same page.",
    hint="Compress the bytes of the whole file, and compress again when the file has changed.",
    example=(REQUEST, GOOD, GOOD.replace("\x8b…", "\x8b… (half of the page)")),
    also=("coding.decoded-equals-plain",),
    needs=("content-coding",),
    risk=Risk.UNUSUAL,
)
def decoded_equals_original(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response) -> Finding | None:
        unpacked, page = _unpacked(exchange), page_of(evidence, exchange)
        if unpacked is None or page is None or unpacked == page.content:
            return None
        return found(
            exchange,
            "The unpacked body is not the text that is sent uncoded.",
            expected=f"the {len(page.content)} octets of {page.path!r}",
            observed=f"{len(unpacked)} octets that differ",
        )

    judged = [(x, r) for x, r in _coded(evidence) if _is_sent_as_stored(evidence, x)]
    return each(judged, test, "") if judged else absent("no text that is stored as it is sent comes coded")


@check(
    "coding.deflate-is-zlib",
    statement="A body labelled deflate is in the zlib format, with its header and checksum.",
    why="The name misleads: clients that keep to the text cannot unpack the bare deflate stream.",
    hint="Use zlib.compress(), not compressobj() with a negative window size; or offer gzip alone.",
    example=(
        REQUEST.replace("gzip", "deflate"),
        "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\x78\x9c…",
        "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\xcb\x48…",
    ),
    risk=Risk.UNUSUAL,
    dispute="Clients take the bare stream as well, and some servers send it (RFC 9110 §8.4.1.2 notes that); by "
    "RFC 9110 §8.4.1.2 and RFC 2616 §3.5 the name means the zlib format.",
)
def deflate_is_zlib(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if inflated(response.body, "deflate") is not None:
            return None
        return found(
            exchange,
            "The body is labelled deflate and is not in the zlib format.",
            expected="zlib data (RFC 1950)",
            observed="a bare deflate stream" if _is_raw(response.body) else "no zlib data",
            span=(response.head_end, response.head_end + 2),
        )

    labelled = [(x, r) for x, r in _asked(evidence, "deflate") if r.tokens("content-encoding") == ("deflate",)]
    return each(labelled, test, "") if labelled else absent("the server sends nothing as deflate")


@check(
    "coding.type-of-uncoded-data",
    statement="The Content-Type of a coded reply is the type of the text inside.",
    why="The browser undoes the coding first and then looks at the type: a page typed as an archive is downloaded.",
    hint="Choose Content-Type by the file that was asked for, and leave it when you compress.",
    example=(REQUEST, GOOD, GOOD.replace("OK\r\n", "OK\r\nContent-Type: application/gzip\r\n")),
    needs=("content-coding",),
    risk=Risk.UNUSUAL,
)
def type_of_uncoded(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field, page = response.field("content-type"), page_of(evidence, exchange)
        plain = evidence.get(page.target).response if page else None
        if field is None or plain is None or not _media_type(plain) or _media_type(plain) == _media_type(response):
            return None
        return value_finding(
            exchange,
            field,
            "The coded text has another media type than the plain one.",
            f"{_media_type(plain)}, as without a coding",
        )

    judged = [(x, r) for x, r in _coded(evidence) if _is_sent_as_stored(evidence, x)]
    return each(judged, test, "") if judged else absent("no text that is also sent plain comes coded")


@check(
    "coding.media-type-is-of-decoded-data",
    statement="An archive is labelled once: by its media type, or by Content-Encoding with the type of what is inside.",
    why="A client that is told twice unpacks twice, or stores an unpacked file under the name of an archive.",
    hint="Send .gz files as application/gzip without Content-Encoding.",
    example=(
        "GET /notes.txt.gz HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\n\r\n\x1f\x8b…",
        "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b…",
    ),
    needs=("static-files",),
    dispute="application/gzip with Content-Encoding: gzip is very common for .gz files, and true only of what was "
    "packed twice (RFC 9110 §8.4). No key word forbids it, so it is a warning.",
)
def type_of_archive(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("content-encoding")
        twice = (_unpacked(exchange) or b"").startswith(MAGIC)
        if field is None or twice or not GZIP.intersection(response.tokens("content-encoding")):
            return None
        if _media_type(response) not in GZIP_TYPES:
            return None
        return value_finding(
            exchange,
            field,
            "The archive is labelled twice.",
            "application/gzip alone (RFC 9110 §8.3), or gzip and the type of what is inside (RFC 9110 §8.4)",
        )

    page = evidence.site.page(None, lambda p: p.plain and p.content.startswith(MAGIC))
    if page is None:
        return absent("the document root holds no gzip file")
    exchange = evidence.get(page.target)
    served = [(exchange, r) for r in exchange.responses[:1] if r.ok]
    return each(served, test, "") if served else absent("gzip files are not served by their own names")


def _asked(evidence: Evidence, coding: str | None) -> Iterator[Answer]:
    """Whole successful replies with a page, with a text that has a compressed copy, and one that does come coded."""
    fields = [("Accept-Encoding", coding)] if coding is not None else []
    beside = evidence.site.page("text", lambda page: page.plain and bool(_copies(evidence, page)))
    for target in dict.fromkeys([page_target(evidence), beside.target if beside else None, coded(evidence)]):
        exchange = evidence.get(target, fields) if target is not None else None
        for response in exchange.responses[:1] if exchange else ():
            if exchange is not None and response.status == 200 and response.complete:
                yield exchange, response


def _coded(evidence: Evidence) -> list[Answer]:
    return [(x, r) for x, r in _asked(evidence, "gzip") if GZIP.issuperset(r.tokens("content-encoding") or ("none",))]


def _unpacked(exchange: Exchange) -> bytes | None:
    """The body without its coding; None if it does not have it, which another rule tells."""
    return inflated(exchange.response.body, "gzip") if exchange.response is not None else None


def _is_sent_as_stored(evidence: Evidence, exchange: Exchange) -> bool:
    """Whether the text is a file that comes uncoded as it is stored, with no stale compressed copy beside it."""
    page = page_of(evidence, exchange)
    plain = evidence.get(page.target).response if page is not None else None
    if page is None or plain is None or plain.body != page.content or plain.tokens("content-encoding"):
        return False
    return all(inflated(beside.content, "gzip") == page.content for beside in _copies(evidence, page))


def _copies(evidence: Evidence, page: Page) -> list[Page]:
    return [other for other in evidence.site.pages if other.path == f"{page.path}.gz"]


def _media_type(response: Response) -> str:
    match = re.match(MEDIA_TYPE, response.value("content-type") or "")
    return f"{match['type']}/{match['subtype']}".lower() if match else ""


def _is_raw(body: bytes) -> bool:
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        reader.decompress(body)
    except zlib.error:
        return False
    return reader.eof
