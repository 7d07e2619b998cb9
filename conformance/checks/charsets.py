"""The charset parameter of Content-Type (RFC 9110 §8.3.2; RFC 2616 §3.4, §14.17): its form, its name, its truth."""

from __future__ import annotations

import codecs

from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_values, own_answers, page_of, value_finding
from conformance.checks.media_type_form import TypeFault, read_media_type
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, each
from conformance.response import Response
from conformance.rule import Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ncaf\xc3\xa9"
# Labels in wide use that the registry does not have (state of 2026); what is in neither list is not judged.
UNREGISTERED_WORDS = (
    "utf8 utf_8 utf-8-sig utf8mb4 utf16 utf32 unicode ascii ansi latin-1 latin_1 iso8859-1 iso88591 "
    "iso-latin-1 8859-1 cp1250 cp1251 cp1252 win1251 win-1251 win1252 windows1251 windows1252 win koi8r koi8u "
    "sjis eucjp big-5 none binary auto default"
)
UNREGISTERED = frozenset(UNREGISTERED_WORDS.split())
DISPROVABLE = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
"""Charsets in which not every sequence of octets is text: label to the codec that reads it."""
LATIN1 = ("iso-8859-1", "latin1", "us-ascii")
"""The charset that RFC 2616 §3.7.1 takes for granted, and its subset."""


@check(
    "charset.token",
    statement="A charset parameter names something, with the characters of a token.",
    why="An empty or broken name is no name: the browser falls back to guessing.",
    hint='Write "charset=utf-8", or leave the parameter out.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=\r\n\r\nok"),
)
def token(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("content-type",),
        lambda value: TypeFault.CHARSET in read_media_type(value).faults,
        "The value of charset is no token.",
        "a charset's name, such as utf-8",
    )


@check(
    "charset.registered",
    statement="A charset is called by its registered name.",
    why="Browsers know the common aliases, other programs only the registry.",
    hint='The registered names have hyphens: "utf-8", "windows-1251", "iso-8859-1".',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf8\r\n\r\nok"),
)
def registered(evidence: Evidence) -> Judgement:
    if not any(_charset(response) for _, response in own_answers(evidence)):
        return absent("no reply names a charset")
    return judge_values(
        own_answers(evidence),
        ("content-type",),
        lambda value: (read_media_type(value).charset or "").lower() in UNREGISTERED,
        "The charset is not called by a registered name.",
        "a name from IANA's list of charsets, such as utf-8",
    )


@check(
    "charset.label-true",
    statement="The charset that is named is the one that the body is written in.",
    why="With the wrong name every letter beyond ASCII is shown as something else, or as nothing.",
    hint="Encode the pages that you make with the charset that you name; name none for files of others.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\ncaf\xc3\xa9"),
    needs=("static-files",),
)
def label_true(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("content-type")
        label = _charset(response)
        codec = DISPROVABLE.get(label or "")
        if field is None or codec is None or _decodes(response.body, codec):
            return None
        return value_finding(
            exchange,
            field,
            f"The body is not written in {label}.",
            "the charset of the body, or no charset at all (RFC 9110 §8.3.2)",
        )

    labelled = [(x, r) for x, r in _beyond_ascii(evidence) if r.body and _charset(r)]
    return each(labelled, test, "") if labelled else absent("no reply of known charset names one")


@check(
    "charset.non-latin1-labelled",
    statement="A text with letters beyond ISO-8859-1 names its charset.",
    why="By RFC 2616 a text without a label is ISO-8859-1: of UTF-8 the reader sees two signs for one letter.",
    hint='Send "Content-Type: text/plain; charset=utf-8" for texts that are UTF-8.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\ncaf\xc3\xa9"),
    needs=("static-files",),
    permitted_by=Spec.RFC9110,
    dispute="RFC 2616 §3.7.1 takes a text without charset for ISO-8859-1; RFC 9110 §8.3.2 knows no such default. "
    "It is reported by RFC 2616 alone.",
)
def non_latin1_labelled(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("content-type")
        label = _charset(response)
        if field is None or label not in (None, *LATIN1):
            return None
        return value_finding(exchange, field, "A text in UTF-8 does not say so.", "charset=utf-8 in Content-Type")

    texts = [evidence.site.page(kind, lambda p: p.plain and _is_utf8(p.content)) for kind in ("text", "html")]
    asked = [(text, evidence.get(text.target)) for text in texts if text is not None]
    sent = [(x, r) for text, x in asked for r in x.responses[:1] if r.ok and r.body == text.content and _is_text(r)]
    return each(sent, test, "") if sent else absent("no text with letters beyond ISO-8859-1 was sent as text")


def _is_utf8(content: bytes) -> bool:
    """Whether the text is UTF-8 and no other charset: it has letters beyond ASCII, and all are well-formed."""
    return not content.isascii() and _decodes(content, "utf-8")


def _is_text(response: Response) -> bool:
    return (response.value("content-type") or "").lower().startswith("text/")


def _beyond_ascii(evidence: Evidence) -> list[Answer]:
    """Whole bodies: of the survey, and of a text and a listing with letters beyond ASCII. None in unknown charsets."""
    text = evidence.site.page("text", lambda p: p.plain and not p.content.isascii() and _decodes(p.content, "utf-8"))
    folder = next((f for f in evidence.site.folders if _names_beyond_ascii(evidence, f)), None)
    targets = [*([text.target] if text else []), *([f"/{folder}/"] if folder else [])]
    asked = [evidence.get(target) for target in targets]
    answers = [*own_answers(evidence), *((x, r) for x in asked for r in x.responses[:1] if r.status_line)]
    return [(x, r) for x, r in answers if r.complete and r.field("content-encoding") is None and _known(evidence, x)]


def _names_beyond_ascii(evidence: Evidence, folder: str) -> bool:
    return folder.isascii() and " " not in folder and any(not n.isascii() for n in evidence.site.entries(folder))


def _known(evidence: Evidence, exchange: Exchange) -> bool:
    """A page of the server's own, or a file that is UTF-8."""
    page = page_of(evidence, exchange)
    return page is None or _decodes(page.content, "utf-8")


def _charset(response: Response) -> str | None:
    field = response.field("content-type")
    charset = read_media_type(field.value).charset if field else None
    return charset.lower() if charset else None


def _decodes(body: bytes, codec: str) -> bool:
    try:
        codecs.decode(body, codec)
    except UnicodeDecodeError:
        return False
    return True
