"""Media types (RFC 9110 §8.3.1, RFC 2616 §3.7): grammar and names in replies, their case in Accept, lines of text.

Whether the type is true of the body is the matter of :mod:`conformance.checks.content`.
"""

from __future__ import annotations

import re

from conformance import exemplars
from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_values, own_answers, value_finding
from conformance.checks.media_type_form import TypeFault, read_media_type
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, each_field, first_of, passed, treated_alike
from conformance.response import Field, Response
from conformance.rule import Risk, Spec
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
REGISTERED_TOP_WORDS = "application audio example font haptics image message model multipart text video"
REGISTERED_TOP = frozenset(REGISTERED_TOP_WORDS.split())
# Names in wide use that the registry does not have (state of 2026); what is in neither list is not judged.
UNREGISTERED_WORDS = (
    "text/htm text/js text/json text/jpeg text/jpg text/png text/image text/file text/text text/unknown "
    "text/ascii text/python text/py text/yaml text/jsx text/less text/typescript text/calender text/pdf "
    "text/svg text/ico image/jpg image/pjpeg image/svg image/ico image/icon image/file application/html "
    "application/htm application/text application/txt application/css application/js application/image "
    "application/jpeg application/jpg application/png application/unknown application/binary "
    "application/download application/force-download application/file application/python application/py "
    "application/tar application/rss+xml audio/mp3 audio/wav audio/wave audio/midi video/avi font/eot font/svg"
)
UNREGISTERED = frozenset(UNREGISTERED_WORDS.split())


def _bad(value: str) -> str:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {value}\r\n\r\n"


def _judge(evidence: Evidence, fault: TypeFault, message: str, expected: str) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("content-type",),
        lambda value: fault in read_media_type(value).faults,
        message,
        expected,
    )


@check(
    "media-type.grammar",
    statement="Content-Type is a type, a slash and a subtype; parameters follow behind semicolons.",
    why="A browser that cannot read the type guesses, and guessing differs between browsers.",
    hint='Write "text/html", not "html" or ".html", and put a semicolon before "charset=utf-8".',
    example=(REQUEST, GOOD, _bad("html")),
    dispute="A semicolon without a parameter, as in text/html;, is no media type by RFC 2616 §3.7, and one by RFC "
    "9110 §5.6.6: it is accepted.",
)
def grammar(evidence: Evidence) -> Judgement:
    return _judge(evidence, TypeFault.GRAMMAR, "Content-Type is no media type.", "type/subtype, such as text/html")


@check(
    "media-type.no-space-round-slash",
    statement="No blank stands beside the slash of a media type.",
    why="With a blank there the type is two words, of which clients know neither.",
    hint='Write "text/html" in one piece.',
    example=(REQUEST, GOOD, _bad("text / html")),
)
def no_space_round_slash(evidence: Evidence) -> Judgement:
    return _judge(evidence, TypeFault.SLASH, "A blank stands beside the slash.", "type/subtype in one piece")


@check(
    "media-type.no-space-round-equals",
    statement="No blank stands beside the equals sign of a parameter.",
    why="Parsers that follow the grammar drop such a parameter, and the page is shown in the wrong charset.",
    hint='Write "charset=utf-8" in one piece.',
    example=(REQUEST, GOOD, _bad("text/html; charset = utf-8")),
)
def no_space_round_equals(evidence: Evidence) -> Judgement:
    return _judge(evidence, TypeFault.EQUALS, "A blank stands beside the equals sign.", "name=value in one piece")


@check(
    "media-type.parameter-grammar",
    also=("field.parameter-specials-quoted", "field.quoted-string-closed"),
    statement="A parameter of a media type is a name, an equals sign and a value.",
    why="A bare word behind the semicolon says nothing: the charset is not found.",
    hint='Write "text/html; charset=utf-8", not "text/html; utf-8".',
    example=(REQUEST, GOOD, _bad("text/html; utf-8")),
)
def parameter_grammar(evidence: Evidence) -> Judgement:
    return _judge(
        evidence, TypeFault.PARAMETER, "A parameter of Content-Type is not name=value.", "name=value after a semicolon"
    )


@check(
    "media-type.registered",
    statement="Media types are used by their registered names.",
    why="Clients know the names in IANA's registry; image/jpg works only where somebody was lenient.",
    hint='Look the name up: "image/jpeg", "text/javascript", "application/octet-stream" for what you do not know.',
    example=(REQUEST, GOOD, _bad("image/jpg")),
    dispute="Registration is advised in RFC 2616 §3.7, and names in wide use are missing from the registry. Only "
    "names that are known to have a registered counterpart are reported, and x- names.",
)
def registered(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        kind = read_media_type(field.value)
        if not kind.name or not _is_unregistered(kind.name, kind.main):
            return None
        return value_finding(
            exchange, field, f"{kind.name} is not in the registry of media types.", "a name that IANA has registered"
        )

    return each_field(own_answers(evidence), ("content-type",), test)


def _is_unregistered(name: str, main: str) -> bool:
    subtype = name.partition("/")[2]
    return name in UNREGISTERED or main not in REGISTERED_TOP or subtype.startswith("x-")


@check(
    "media-type.type-case-insensitive",
    statement="Media types in Accept are matched without regard to case.",
    why="Types, subtypes and parameter names know no case: TEXT/HTML accepts the same pages as text/html.",
    hint="Turn the types in Accept into lower case before you compare them with those of your files.",
    example=(
        REQUEST.replace("\r\n\r\n", "\r\nAccept: TEXT/HTML\r\n\r\n"),
        GOOD,
        "HTTP/1.1 406 Not Acceptable\r\nContent-Length: 0\r\n\r\n",
    ),
    requires=("field.unknown-ignored",),
    risk=Risk.UNUSUAL,
)
def any_case(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    asked = [] if page is None else [(page.target, _type_of(evidence, page.target))]
    chosen = exemplars.by_type(evidence)
    if chosen is not None:
        asked += [(chosen, name) for name in ("text/html", "text/plain")]
    known = [_either_case(evidence, target, name) for target, name in asked if name]
    return first_of(known) if known else absent("no file is sent with a media type")


def _type_of(evidence: Evidence, target: str) -> str:
    response = evidence.get(target).response
    return read_media_type(response.value("content-type") or "").name if response is not None and response.ok else ""


def _either_case(evidence: Evidence, target: str, name: str) -> Judgement:
    """A type that the target can come as, asked for in small letters and in capitals."""
    control, exchange = evidence.get(target, [("Accept", name)]), evidence.get(target, [("Accept", name.upper())])
    message = "The media type in Accept counts in one case only."
    judgement = treated_alike(exchange, control, message)
    one, other = control.response, exchange.response
    if judgement.verdict is not Verdict.PASS or one is None or other is None:
        return judgement
    wanted, given = one.field("content-type"), other.field("content-type")
    if wanted is None or given is None or wanted.value == given.value:
        return judgement
    observed = f"Content-Type: {given.value}"
    return broken(exchange, message, expected=f"Content-Type: {wanted.value}", observed=observed, span=given.span)


@check(
    "media-type.text-line-breaks-consistent",
    statement="The lines of a text end alike: all with CRLF, all with LF, or all with CR.",
    why="A program that takes the first line's end for that of all lines reads the rest as one line.",
    hint="Choose one line end for the pages that your server makes, templates and rows alike.",
    example=(REQUEST, f"{GOOD}<ul>\n<li>a\n</ul>\n", f"{GOOD}<ul>\r\n<li>a\n</ul>\r\n"),
    permitted_by=Spec.RFC9110,
    dispute="RFC 2616 §3.7.1 wants one kind of line end in a text; the newer RFCs leave it to the media type. It "
    "is reported by RFC 2616 alone, and only of pages that the server makes itself.",
)
def one_line_end(evidence: Evidence) -> Judgement:
    folder = evidence.site.folder
    made = [evidence.get(MISSING), *([exemplars.listing(evidence, folder)[1]] if folder is not None else [])]
    judged = False
    for exchange in made:
        response = exchange.response
        if response is None or read_media_type(response.value("content-type") or "").main != "text":
            continue
        judged = True
        kinds = dict.fromkeys(re.findall(rb"\r\n|\r|\n", response.body))
        if len(kinds) > 1 and not response.field("content-encoding"):
            message, lawful = (
                "The lines of a page end in different ways.",
                "CRLF, LF or CR, and one of them only (RFC 2616 §3.7.1)",
            )
            observed = " and ".join({b"\r\n": "CRLF", b"\n": "LF", b"\r": "CR"}[kind] for kind in kinds)
            return broken(exchange, message, expected=lawful, observed=observed)
    return passed() if judged else absent("no page that the server makes is a text")
