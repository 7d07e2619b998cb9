"""The grammar of single fields of replies (RFC 9110 §8, §10.2.1, §12.5.5, §14.3; RFC 2616 §3.10, §3.11, §14).

Validators are judged as far as they can be by looking at them; what they do is the matter of conditional requests.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.clock import Clock, Reading, is_local, read_clock
from conformance.checks.date_form import DateFault, date_faults
from conformance.checks.field_values import (
    allow_answers,
    ended_heads,
    is_commented,
    judge_values,
    not_tokens,
    own_answers,
    value_finding,
)
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import ENTITY_TAG, ENTITY_TAG_2616, LANGUAGE_TAG, format_date, list_members, parse_date
from conformance.predicates import absent, each, unclear
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GRACE = 2.0  # seconds between a file's time and the reply's, where two clocks are read


def _reply(line: str) -> str:
    return f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n"


@check(
    "language.content-language-grammar",
    statement="Content-Language is a comma list of language tags: parts of one to eight letters or digits.",
    why="A tag that cannot be read is no help to screen readers and translators.",
    hint="Write en-US, not en_US and not English (United States).",
    example=(REQUEST, _reply("Content-Language: en-US"), _reply("Content-Language: en_US")),
    dispute="RFC 2616 §3.10 knows letters only and names of ISO lists; today's tags (RFC 9110 §8.5.1) have digits "
    "as well. The wider grammar is accepted, and no list of languages is asked.",
)
def content_language(evidence: Evidence) -> Judgement:
    named = evidence.site.page(None, lambda page: page.plain and page.name.endswith(".html.en"))
    translated = [(x, x.response) for x in [evidence.get(named.target)] if x.response] if named else []
    return judge_values(
        [*ended_heads(evidence), *translated],
        ("content-language",),
        lambda value: any(tag and not LANGUAGE_TAG.fullmatch(tag) for tag in list_members(value)),
        "Content-Language holds what is no language tag.",
        "tags such as en or en-US",
    )


@check(
    "validator.etag-syntax",
    statement="ETag is one opaque string in double quotes, with W/ before it if it is weak.",
    why="The quotes are part of the tag: without them clients send back something else, and nothing ever matches.",
    hint="Write the quotes into the value: f'\"{tag}\"'; no blanks inside.",
    example=(REQUEST, _reply('ETag: "5f3a-1b2"'), _reply("ETag: 5f3a-1b2")),
    needs=("etag",),
    dispute="Blanks and quotes with a backslash inside the tag are lawful by RFC 2616 §3.11 and not by RFC 9110 "
    "§8.8.3: either grammar is accepted unless one is chosen.",
)
def etag_syntax(evidence: Evidence) -> Judgement:
    patterns = {Spec.RFC2616: [ENTITY_TAG_2616], Spec.RFC9110: [ENTITY_TAG]}
    allowed = patterns.get(evidence.spec, [ENTITY_TAG, ENTITY_TAG_2616])
    return judge_values(
        own_answers(evidence),
        ("etag",),
        lambda value: not any(pattern.fullmatch(value) for pattern in allowed),
        "ETag is no quoted string.",
        'one tag in double quotes, such as "5f3a-1b2" or W/"5f3a-1b2"',
    )


@check(
    "validator.last-modified-syntax",
    statement="Last-Modified is one date in the form that HTTP has for dates.",
    why="Clients send it back as a condition; what is no date there is ignored, and the page is sent anew.",
    hint="Format the file's time as you format Date: os.stat(…).st_mtime into the fixed form, in GMT.",
    example=(
        REQUEST,
        _reply("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"),
        _reply("Last-Modified: 784111777"),
    ),
    needs=("last-modified",),
)
def last_modified_syntax(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("last-modified",),
        # What is wrong in one part of the date is told by that part's rule.
        lambda value: DateFault.FORM in date_faults(value) and not is_commented("last-modified", value),
        "Last-Modified is no date.",
        "a date such as Sun, 06 Nov 1994 08:49:37 GMT",
    )


@check(
    "validator.last-modified-not-after-date",
    statement="Last-Modified is not later than the reply itself.",
    why="A page cannot have changed in the future: a client would hold an old copy for new until then.",
    hint="Use GMT for the file's time, and send the time of the reply where the file's lies ahead of it.",
    example=(
        REQUEST,
        _reply("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: Sat, 05 Nov 1994 10:00:00 GMT"),
        _reply("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: Sun, 06 Nov 1994 11:49:37 GMT"),
    ),
    needs=("last-modified",),
    risk=Risk.UNUSUAL,
    dispute="A file may truly bear a time to come; RFC 9110 §8.8.2.1 and RFC 2616 §14.29 want the time of the "
    "reply then. Two seconds are granted where two clocks are compared.",
)
def last_modified_not_after_date(evidence: Evidence) -> Judgement:
    dated = [(x, r) for x, r in own_answers(evidence) if parse_date(r.value("last-modified") or "") is not None]
    if not dated:
        return absent("no reply has a readable Last-Modified")
    clock = read_clock(evidence)
    trusted = isinstance(clock, Reading) and clock.clock is Clock.RIGHT
    if not trusted and not is_local(evidence):
        return unclear("without a Date that runs right there is nothing to compare with on another machine")

    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("last-modified")
        changed = parse_date(field.value) if field else None
        made = _made((exchange, response), trusted=trusted)
        if field is None or changed is None or changed <= made:
            return None
        return value_finding(
            exchange,
            field,
            "Last-Modified lies in the future.",
            f"no later than the reply, which was made at {format_date(made)}",
        )

    return each(dated, test, "")


def _made(answer: Answer, *, trusted: bool) -> float:
    """When the reply was made: by its Date if that clock is right, otherwise by when it came."""
    exchange, response = answer
    date = parse_date(response.value("date") or "") if trusted else None
    if date is not None:
        return date
    return exchange.began + (exchange.chunks[0].at if exchange.chunks else exchange.ended) + GRACE


@check(
    "range.accept-ranges-syntax",
    statement="Accept-Ranges is a comma list of range units, or the word none.",
    why="Download programs look for the exact word bytes before they ask for a part.",
    hint='Write "Accept-Ranges: bytes", or leave the field out.',
    example=(REQUEST, _reply("Accept-Ranges: bytes"), _reply("Accept-Ranges: bytes=0-")),
    dispute="Of all lists this one still needs a member in RFC 9110 §14.3, so that an empty value is a fault by "
    "both generations.",
)
def accept_ranges(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("accept-ranges",),
        lambda value: not any(list_members(value)) or not_tokens(value),
        "Accept-Ranges is no list of range units.",
        "bytes, or none (RFC 9110 §14.3)",
    )


@check(
    "method.allow-grammar",
    statement="Allow is a comma list of methods; it may be empty.",
    why="Clients split it at commas to learn what they may do.",
    hint='Write ", ".join(methods), not the Python list itself and not blanks alone.',
    example=(
        "DELETE / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: ['GET', 'HEAD']\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
    dispute="An empty Allow is lawful (RFC 9110 §10.2.1, RFC 2616 §14.7): it says that no method is allowed. "
    "Whether the list is true is judged elsewhere.",
)
def allow_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        allow_answers(evidence),
        ("allow",),
        not_tokens,
        "Allow is no comma list of methods.",
        "methods parted by commas, such as GET, HEAD; or nothing (RFC 9110 §10.2.1)",
    )


@check(
    "negotiation.vary-grammar",
    statement="Vary is a comma list of field names, or an asterisk.",
    why="A cache that cannot read it serves one visitor's version to all, or keeps none.",
    hint='Write the bare names: "Vary: Accept-Encoding, Accept-Language".',
    example=(REQUEST, _reply("Vary: Accept-Encoding"), _reply("Vary: Accept-Encoding: gzip")),
    dispute="RFC 2616 §14.44 has the asterisk alone, RFC 9110 §12.5.5 takes it as a member of the list: *, Accept "
    "is accepted.",
)
def vary_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("vary",),
        not_tokens,
        "Vary is no comma list of field names.",
        "field names parted by commas, or * (RFC 9110 §12.5.5)",
    )
