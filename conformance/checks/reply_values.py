"""Values that replies may hold, whichever field they stand in (RFC 9110 §5.6, §8.7, §10.2.3; RFC 2616 §2.1, §14.15).

Passive, but for what a Content-Location leads to. Nothing applies to a server that does not send such fields.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from hashlib import md5
from urllib.parse import urljoin, urlsplit

from conformance.check import check
from conformance.checks.date_form import DateFault, date_faults
from conformance.checks.field_values import asked, ended_heads, is_commented, judge_values, value_finding
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.exemplars import by_language, by_type, guarded
from conformance.grammar import QUOTED, URI_REFERENCE, list_members
from conformance.predicates import OVERLOADED, absent, broken, describe, each_field, first_of, passed, served, unclear
from conformance.response import Field, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
# Of the fields that RFC 2616 wants to have a member at least; Accept-Ranges has a rule of its own.
NOT_EMPTY = (
    *("cache-control", "connection", "content-encoding", "content-language", "trailer"),
    *("transfer-encoding", "upgrade", "vary", "via", "warning", "www-authenticate"),
)
DIGEST = re.compile(r"[A-Za-z0-9+/]{22}==")
BLANK_AT_EQUALS = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z][ \t]+=|=[ \t]+[!-~]")
NEEDLESS = re.compile(r'\\[^"\\]')
WITH_STRINGS = ("www-authenticate", "content-disposition", "content-type", "cache-control", "warning")


def _reply(line: str) -> str:
    return f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n"


def _more_answers(evidence: Evidence) -> list[Answer]:
    """The survey, a page that is negotiated by type or by language, and one that asks for a password."""
    targets = [by_type(evidence), by_language(evidence), guarded(evidence)]
    tried = [evidence.get(target) for target in targets if target is not None]
    return [*ended_heads(evidence), *((x, r) for x in tried for r in x.responses[:1] if r.status_line is not None)]


@check(
    "field.content-location-grammar",
    statement="Content-Location is one address, whole or relative, without fragment, blanks or raw letters.",
    why="Caches take it for the name of what they keep; what is no address is dropped, or garbled.",
    hint="Write the path percent-encoded with urllib.parse.quote(), and not the name in the file system.",
    example=(REQUEST, _reply("Content-Location: /page.html.en"), _reply("Content-Location: C:\\www\\page.html.en")),
)
def location_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        _more_answers(evidence),
        ("content-location",),
        lambda value: not value or "#" in value or not URI_REFERENCE.fullmatch(value),
        "Content-Location is no address.",
        "a path such as /page.html.en, or a whole URL, all odd characters percent-encoded",
    )


@check(
    "field.content-location-true",
    statement="A GET of what Content-Location names gives what came with it.",
    why="It tells the client where this very version can be had again; a wrong one leads to another page, or to none.",
    hint="Write the path from the root of the site, beginning with a slash, or relative to the target.",
    example=(REQUEST, _reply("Content-Location: /page.html.en"), _reply("Content-Location: /www/page.html.en")),
    requires=("field.content-location-grammar",),
    risk=Risk.UNUSUAL,
)
def location_true(evidence: Evidence) -> Judgement:
    located = {r.value("content-location"): (x, r) for x, r in _more_answers(evidence) if r.status == 200}
    trials = [_same_there(evidence, x, r, value) for value, (x, r) in located.items() if value]
    return first_of(trials) if trials else absent("no reply of status 200 names another address of its content")


def _same_there(evidence: Evidence, exchange: Exchange, response: Response, value: str) -> Judgement:
    try:
        goal = urlsplit(urljoin(f"http://{evidence.site.authority}{asked(exchange)}", value))
    except ValueError:
        return unclear(f"Content-Location cannot be followed: {value}")
    if goal.scheme != "http" or goal.netloc.lower() != evidence.site.authority.lower():
        return absent(f"Content-Location is on another host: {value}")
    there = evidence.get((goal.path or "/") + (f"?{goal.query}" if goal.query else ""))
    if there.status in (401, 403, *OVERLOADED):
        return unclear(f"what Content-Location names is kept back: {describe(there)}")
    if served(there) and there.response is not None and there.response.body == response.body:
        return passed()
    field = response.field("content-location")
    observed = "other content" if served(there) else f"{describe(there)} for {value}"
    message = "Content-Location does not lead to what came with it."
    span = field.value_span if field else None
    return broken(exchange, message, expected="the same octets at that address", observed=observed, span=span)


@check(
    "field.content-md5-grammar",
    statement="Content-MD5 is the base64 form of a digest: 22 characters and two equals signs.",
    why="Hexadecimal digits look like another digest to a client that decodes base64.",
    hint="base64.b64encode(hashlib.md5(body).digest()), not hexdigest().",
    example=(
        REQUEST,
        _reply("Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="),
        _reply("Content-MD5: 5d41402abc4b2a76b9719d911017c592"),
    ),
    permitted_by=Spec.RFC9110,
    dispute="The field has been dropped since RFC 7231. It is reported by RFC 2616 §14.15 alone.",
)
def md5_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("content-md5",),
        lambda value: not DIGEST.fullmatch(value),
        "Content-MD5 is not a digest in base64.",
        "22 characters of base64 and ==",
    )


@check(
    "field.content-md5-true",
    statement="Content-MD5 is the digest of the content, coded as it is sent, before chunked coding.",
    why="The client counts the digest anew, and throws away a page whose digest differs.",
    hint="Make the digest of the octets that you send: after compression, and without changing line ends.",
    example=(
        REQUEST,
        _reply("Content-MD5: XUFAKrxLKna5cZ2REBfFkg==") + "hello",
        _reply("Content-MD5: XUFAKrxLKna5cZ2REBfFkg==") + "hello\r\n",
    ),
    permitted_by=Spec.RFC9110,
    dispute="The field has been dropped since RFC 7231. It is reported by RFC 2616 §14.15 alone.",
)
def md5_true(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response, field: Field) -> Finding | None:
        right = b64encode(md5(response.body, usedforsecurity=False).digest()).decode()
        if response.status != 200 or not response.complete or field.value == right or _no_digest(field.value):
            return None
        return value_finding(exchange, field, "Content-MD5 is not the digest of the content.", right)

    return each_field(ended_heads(evidence), ("content-md5",), test)


def _no_digest(value: str) -> bool:
    try:
        return len(b64decode(value, validate=True)) != 16
    except Error:
        return True


@check(
    "field.retry-after-grammar",
    also=("field.delta-seconds-digits",),
    statement="Retry-After is a date, or a whole number of seconds in digits.",
    why="A client that cannot read it comes back at once, which is what the server wanted to prevent.",
    hint="Write the seconds as digits alone: Retry-After: 120.",
    example=(REQUEST, _reply("Retry-After: 120"), _reply("Retry-After: 2 minutes")),
)
def retry_after(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("retry-after",),
        _no_span_of_time,
        "Retry-After is neither a date nor a number of seconds.",
        "digits alone, or a date such as Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110 §10.2.3)",
    )


def _no_span_of_time(value: str) -> bool:
    """What is wrong in one part of a date is told by that part's rule."""
    if re.fullmatch(r"[0-9]+", value) or is_commented("retry-after", value):
        return False
    return DateFault.FORM in date_faults(value)


@check(
    "field.list-not-empty",
    statement="A list field is left out rather than sent without a member.",
    why="By the older grammar such a list has one member at least, so that old clients may refuse an empty one.",
    hint="Send Connection, Vary and the like only if there is something to say.",
    example=(REQUEST, _reply("Vary: Accept"), _reply("Vary:")),
    permitted_by=Spec.RFC9110,
    dispute="RFC 2616 §2.1 wants one member at least; in RFC 9110 §5.6.1 most of these lists may be empty. It is "
    "reported by RFC 2616 alone.",
)
def list_not_empty(evidence: Evidence) -> Judgement:
    return judge_values(
        _more_answers(evidence),
        NOT_EMPTY,
        lambda value: not any(list_members(value)),
        "A list field has no member.",
        "one member at least, or no such field",
    )


@check(
    "field.no-bws-sent",
    statement="No blank stands beside the equals sign of a parameter in a challenge.",
    why="Such blanks are to be read for the sake of old software, but no longer written; strict clients fail at them.",
    hint='Write realm="name" in one piece.',
    example=(REQUEST, _reply('WWW-Authenticate: Basic realm="x"'), _reply('WWW-Authenticate: Basic realm = "x"')),
    needs=("authentication",),
    permitted_by=Spec.RFC2616,
    dispute="RFC 2616 §2.1 lets blanks stand there; RFC 9110 §5.6.3 has them read, and no longer written. It is "
    "reported by RFC 9110 alone.",
)
def no_bad_blanks(evidence: Evidence) -> Judgement:
    return judge_values(
        _more_answers(evidence),
        ("www-authenticate",),
        lambda value: BLANK_AT_EQUALS.search(re.sub(QUOTED, "x", value)) is not None,
        "A blank stands beside the equals sign of a parameter.",
        'name="value" in one piece',
    )


@check(
    "field.no-needless-escapes",
    statement="In a quoted string only quotes and backslashes have a backslash before them.",
    why="It means nothing before other characters, and clients that do not know that show the backslash.",
    hint="Escape the backslash first and the quote then, and nothing else.",
    example=(
        REQUEST,
        _reply('WWW-Authenticate: Basic realm="a \\"b\\""'),
        _reply('WWW-Authenticate: Basic realm="a\\ b"'),
    ),
)
def no_needless_escapes(evidence: Evidence) -> Judgement:
    answers = _more_answers(evidence)
    if not any(_strings(response.fields) for _, response in answers):
        return absent("no reply holds a quoted string")

    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        if not any(NEEDLESS.search(re.sub(r'\\["\\]', "", text)) for text in _strings([field])):
            return None
        return value_finding(exchange, field, "A character is escaped that need not be.", 'backslashes before " and \\')

    return each_field(answers, WITH_STRINGS, test)


def _strings(fields: Iterable[Field]) -> list[str]:
    """The quoted strings in fields that may have some."""
    return [text for field in fields if field.key in WITH_STRINGS for text in re.findall(QUOTED, field.value)]
