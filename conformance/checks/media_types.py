"""Content-Type in replies: its grammar, and whether the name is a registered one (RFC 9110 §8.3.1, RFC 2616 §3.7).

Whether the type is true of the body is the matter of :mod:`conformance.checks.content`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_values, own_answers, value_finding
from conformance.checks.media_type_form import TypeFault, read_media_type
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import each_field
from conformance.response import Field, Response
from conformance.verdict import Finding, Judgement

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
