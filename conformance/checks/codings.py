"""Content codings in replies (RFC 9110 §8.4; RFC 2616 §3.5, §14.11): the grammar of the label, its name, its truth."""

from __future__ import annotations

import zlib

from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_values, not_tokens, own_answers, page_of, value_finding
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import coded
from conformance.grammar import is_token, list_members
from conformance.predicates import absent, each, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.txt HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Encoding: gzip\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b…"
REGISTRY_STATE = "November 2026"
REGISTERED_WORDS = "aes128gcm br compress dcb dcz deflate exi gzip identity pack200-gzip x-compress x-gzip zstd"
REGISTERED = frozenset(REGISTERED_WORDS.split())
# Words that people put there and that are no codings whatever the registry says: charsets, transfer and mail terms.
NEVER_WORDS = (
    "utf-8 utf8 utf-16 ascii us-ascii iso-8859-1 latin1 latin-1 windows-1251 windows-1252 cp1251 koi8-r none "
    "null binary 7bit 8bit base64 quoted-printable plain text chunked"
)
NEVER = frozenset(NEVER_WORDS.split())
COMPRESSED = b"\x1f\x9d"
"""What the UNIX program compress writes first."""


def _bad(value: str) -> str:
    return f"HTTP/1.1 200 OK\r\nContent-Encoding: {value}\r\n\r\nplain text"


@check(
    "coding.content-encoding-grammar",
    statement="Content-Encoding is a comma list of coding names.",
    why="A client that cannot read the list cannot undo the codings.",
    hint='Write the bare name: "Content-Encoding: gzip".',
    example=(REQUEST, GOOD, _bad("gzip; q=1")),
    risk=Risk.UNUSUAL,
)
def grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        _coded(evidence),
        ("content-encoding",),
        not_tokens,
        "Content-Encoding holds what is no coding name.",
        "names of codings parted by commas",
    )


@check(
    "coding.label-matches-body",
    statement="Content-Encoding names only codings that the body really has.",
    why="The client undoes what the field says: a plain page labelled gzip cannot be shown.",
    hint="Set Content-Encoding only where you compress. A charset belongs into Content-Type.",
    example=(REQUEST, GOOD, _bad("gzip")),
    also=("coding.compress-format",),
    risk=Risk.UNUSUAL,
)
def label_matches_body(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("content-encoding")
        if field is None or _fits(evidence, exchange, response) is not False:
            return None
        return value_finding(
            exchange,
            field,
            "The body does not have the coding that is named.",
            "a body in that coding, or no such field",
        )

    labelled = [(x, r) for x, r in _coded(evidence) if _names(r) and r.body and r.complete and r.status == 200]
    if not labelled:
        return absent("no reply carries a Content-Encoding")
    if all(_fits(evidence, x, r) is None for x, r in labelled):
        return unclear("the codings used are not known here")
    return each(labelled, test, "")


@check(
    "coding.only-registered-codings",
    statement="Only registered content codings are used.",
    why="No client can undo a coding that only the server knows.",
    hint="Use gzip, deflate, br or zstd, and only where the client's Accept-Encoding has it.",
    example=(REQUEST, GOOD, _bad("lzma")),
    risk=Risk.UNUSUAL,
)
def only_registered(evidence: Evidence) -> Judgement:
    return judge_values(
        _coded(evidence),
        ("content-encoding",),
        lambda value: any(is_token(n) and n not in REGISTERED | NEVER for n in _members(value)),
        f"The coding is not in the registry (as of {REGISTRY_STATE}).",
        "a registered coding, such as gzip",
    )


@check(
    "coding.no-identity-in-content-encoding",
    statement="The word identity does not stand in Content-Encoding.",
    why="It says that nothing was done, and some clients refuse what they cannot decode.",
    hint="Leave Content-Encoding out where the body is not coded.",
    example=(REQUEST, GOOD, _bad("identity")),
    risk=Risk.UNUSUAL,
)
def no_identity(evidence: Evidence) -> Judgement:
    return judge_values(
        _coded(evidence),
        ("content-encoding",),
        lambda value: "identity" in _members(value),
        "Content-Encoding says identity.",
        "no Content-Encoding on a body that is not coded",
    )


def _coded(evidence: Evidence) -> list[Answer]:
    """The survey, and pages for clients that take gzip or compress: the root, a document, a text that comes coded."""
    document = evidence.site.page("html", lambda p: p.plain) or evidence.site.document
    asked = [evidence.get("/", [("Accept-Encoding", "gzip")])]
    if document is not None:
        asked += [evidence.get(document.target, [("Accept-Encoding", coding)]) for coding in ("gzip", "compress")]
    text = coded(evidence)
    if text is not None:
        asked.append(evidence.get(text, [("Accept-Encoding", "gzip")]))
    return own_answers(
        evidence, [*ended_heads(evidence), *((x, r) for x in asked for r in x.responses[:1] if r.status_line)]
    )


def _members(value: str) -> list[str]:
    return [member.lower() for member in list_members(value) if member]


def _names(response: Response) -> list[str]:
    return [name for field in response.all("content-encoding") for name in _members(field.value)]


def _fits(evidence: Evidence, exchange: Exchange, response: Response) -> bool | None:
    """Whether the body has the codings that are named; None if that cannot be told."""
    names = [name for name in _names(response) if name != "identity"]
    if not NEVER.isdisjoint(names):
        return False
    if not names or not all(is_token(name) for name in names):
        return None  # told by other rules
    body: bytes | None = response.body
    for name in reversed(names):
        if name in ("compress", "x-compress"):
            return None if (body or b"").startswith(COMPRESSED) else False  # LZW is not undone here
        if name not in ("gzip", "x-gzip", "deflate"):
            page = page_of(evidence, exchange)
            return False if page is not None and page.content == body else None
        body = inflated(body or b"", name)
        if body is None:
            return False
    return True


def inflated(body: bytes, coding: str) -> bytes | None:
    """The octets without a coding, of all members of a gzip file; None if they do not have it, trailer included."""
    done = b""
    while body:
        reader = zlib.decompressobj(zlib.MAX_WBITS if coding == "deflate" else zlib.MAX_WBITS | 16)
        try:
            done += reader.decompress(body)
        except zlib.error:
            return None
        if not reader.eof:
            return None
        body = reader.unused_data
    return done
