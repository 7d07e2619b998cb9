"""Cache-Control and Expires in replies (RFC 2616 §14.9, §14.21; RFC 9111 §5.2, §5.3): their grammar.

What a program sets is left to the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.check import check
from conformance.checks.date_form import DateFault, date_faults
from conformance.checks.field_values import is_commented, judge_values, own_answers
from conformance.evidence import Evidence
from conformance.grammar import QUOTED, TOKEN, list_members
from conformance.rule import Spec
from conformance.verdict import Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3600\r\n\r\n"
# Blanks beside the equals sign were lawful in RFC 2616, so they are not held against anybody.
DIRECTIVE = re.compile(rf"(?P<name>{TOKEN})(?:[ \t]*=[ \t]*(?P<argument>{TOKEN}|{QUOTED}))?")
SECONDS = ("max-age", "s-maxage")
VALUELESS = ("public", "no-store", "no-transform", "must-revalidate", "proxy-revalidate")


def _bad(value: str) -> str:
    return f"HTTP/1.1 200 OK\r\nCache-Control: {value}\r\n\r\n"


def _directives(value: str) -> Iterator[tuple[str, str | None]]:
    """Name in lower case and argument of each directive that can be read."""
    for member in list_members(value):
        read = DIRECTIVE.fullmatch(member)
        if read:
            yield read["name"].lower(), read["argument"]


@check(
    "caching.cache-control-grammar",
    statement="Cache-Control is a comma list of directives: a word, or a word, an equals sign and a value.",
    why="A cache that cannot read the directives falls back to guessing how long a page is fresh.",
    hint='Part directives with commas and write "max-age=3600", without a colon.',
    example=(REQUEST, GOOD, _bad("max-age: 3600; public")),
    needs=("cache-headers",),
    dispute="Blanks beside the equals sign were lawful in RFC 2616 §2.1, and RFC 9111 §5.2 has no room for them: "
    "they are accepted. So are empty lists and empty members, which have rules of their own.",
)
def cache_control_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("cache-control",),
        lambda value: any(member and not DIRECTIVE.fullmatch(member) for member in list_members(value)),
        "Cache-Control holds what is no directive.",
        "directives parted by commas: name, or name=value",
    )


@check(
    "caching.max-age-delta-seconds",
    also=("field.delta-seconds-digits",),
    statement="max-age and s-maxage carry a whole number of seconds.",
    why="A cache takes any other value for no age at all.",
    hint="Write the seconds as digits: one hour is max-age=3600.",
    example=(REQUEST, GOOD, _bad("max-age=1h")),
    needs=("cache-headers",),
    dispute="RFC 9111 §5.2.2.1 forbids quotes round the number, RFC 2616 §14.9 does not know them: they are a "
    "fault by RFC 9110 and 9111 alone.",
)
def max_age_seconds(evidence: Evidence) -> Judgement:
    quotable = evidence.spec is not Spec.RFC9110  # quotes were not ruled out before RFC 7234

    def wrong(value: str) -> bool:
        return any(not _is_seconds(argument, quotable) for name, argument in _directives(value) if name in SECONDS)

    return judge_values(
        own_answers(evidence),
        ("cache-control",),
        wrong,
        "An age is no number of seconds.",
        "digits, as in max-age=3600",
    )


def _is_seconds(argument: str | None, quotable: bool) -> bool:
    bare = argument.strip('"') if argument and quotable else argument
    return bare is not None and re.fullmatch(r"[0-9]+", bare) is not None


@check(
    "caching.field-name-arguments-quoted",
    statement="Field names behind private= and no-cache= stand in double quotes.",
    why="Without quotes a second name, behind a comma, would be a directive of its own.",
    hint='Write no-cache="Set-Cookie".',
    example=(REQUEST, _bad('no-cache="Set-Cookie"'), _bad("no-cache=Set-Cookie")),
    needs=("cache-headers",),
)
def field_names_quoted(evidence: Evidence) -> Judgement:
    def wrong(value: str) -> bool:
        arguments = [argument for name, argument in _directives(value) if name in ("private", "no-cache")]
        return any(argument is not None and not argument.startswith('"') for argument in arguments)

    return judge_values(
        own_answers(evidence),
        ("cache-control",),
        wrong,
        "Field names in Cache-Control stand without quotes.",
        "field names in double quotes",
    )


@check(
    "caching.valueless-directives",
    statement="public, no-store, no-transform, must-revalidate and proxy-revalidate have no value.",
    why="Caches compare the whole directive: with a value it is one that they do not know.",
    hint='Write "must-revalidate", not "must-revalidate=true".',
    example=(REQUEST, _bad("must-revalidate"), _bad("must-revalidate=true")),
    needs=("cache-headers",),
)
def valueless_directives(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("cache-control",),
        lambda value: any(argument is not None for name, argument in _directives(value) if name in VALUELESS),
        "A directive that has no value is given one.",
        "the bare word",
    )


@check(
    "caching.expires-is-http-date",
    statement="Expires is a date in the form that HTTP has for dates.",
    why="Caches read 0 and other words as already past, by mercy; a strict one drops the field.",
    hint="Send a date in the past for a page that is not to be kept, or Cache-Control: no-cache instead.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nExpires: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "HTTP/1.1 200 OK\r\nExpires: 0\r\n\r\n",
    ),
    needs=("cache-headers",),
    dispute="Expires: 0 and -1 are common, and caches have to read them as past (RFC 9111 §5.3, RFC 2616 §14.21). "
    "That is mercy for the reader: who sends them sends no date. What a program sets is not judged.",
)
def expires_is_date(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("expires",),
        # What is wrong in one part of the date is told by that part's rule.
        lambda value: DateFault.FORM in date_faults(value) and not is_commented("expires", value),
        "Expires is no date.",
        "a date such as Sun, 06 Nov 1994 08:49:37 GMT",
    )
