"""Age, Expires, Pragma and Warning in replies (RFC 2616 §14.6, §14.9.4, §14.21, §14.32, §14.46; RFC 9111 §5).

An origin server has little reason to send the first and the last; RFC 9111 has withdrawn Pragma in replies and Warning,
so that what is asked of them here is asked by RFC 2616 alone.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cache_control import DIRECTIVE, REQUEST
from conformance.checks.controls import static_target
from conformance.checks.field_values import judge_values, own_answers, value_finding
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import QUOTED, TOKEN, list_members, parse_date
from conformance.predicates import absent, broken, each_field, passed
from conformance.response import Field, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

YEAR = 366 * 86400
# The dates in quotes are judged by their form alone; all three forms of RFC 2616 §3.3.1 are dates.
AGENT = rf"(?:{TOKEN}|\[[0-9A-Fa-f:.]+\])(?::\d*)?"
WARNING = re.compile(rf'\d{{3}} {AGENT} {QUOTED}(?: "(?P<date>[A-Z][^"]+)")?')


def _good(line: str) -> str:
    return f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n"


@check(
    "caching.age-grammar",
    statement="Age is a whole number of seconds, not below 0.",
    why="A cache that cannot read the age takes an old page for a new one.",
    hint="Leave Age to caches; if you are one, send whole seconds as digits.",
    example=(REQUEST, _good("Age: 12"), _good("Age: 0.5")),
)
def age_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        own_answers(evidence),
        ("age",),
        lambda value: re.fullmatch(r"[0-9]+", value) is None,
        "Age is no whole number of seconds.",
        "digits, as in Age: 12",
    )


@check(
    "caching.no-cache-request-not-from-cache",
    statement="A request with no-cache is not answered from a stored reply.",
    why="The user pressed reload because what he saw was wrong; he is to get the page anew.",
    hint="Look for no-cache in Cache-Control and Pragma before you answer from a cache of replies.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\nCache-Control: no-cache\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nAge: 120\r\nContent-Length: 5\r\n\r\nhello",
    ),
    also=("caching.pragma-no-cache-as-no-cache",),
    requires=("caching.age-grammar",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.9.4 forbids the stored reply; RFC 9111 §5.2.1.4 advises only. It is reported by RFC "
    "2616 alone, and only where Age shows a cache of replies: a cache of files is none.",
)
def anew(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    for name in ("Cache-Control", "Pragma"):
        exchange = evidence.get(target, [(name, "no-cache")])
        if _age(exchange):
            return broken(
                exchange,
                f"{name}: no-cache is answered from a stored reply.",
                expected="a reply made for this request, so without an Age above 0",
                observed=f"Age: {_age(exchange)}",
            )
    if any(_age(evidence.get(target, fields)) is not None for fields in ([], [("Accept", "*/*")])):
        return passed()
    return absent("no reply has an Age, so that none is seen to come from a cache of replies")


def _age(exchange: Exchange) -> int | None:
    """The value of Age; None without one that can be read."""
    value = exchange.response.value("age") if exchange.response else None
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,10}", value) else None


@check(
    "caching.expires-within-one-year",
    statement="Expires is no more than a year ahead.",
    why="RFC 2616 set that bound for pages that never change; far dates overflow the clocks of some caches.",
    hint="For a page that never changes, send the date of today in one year.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Mon, 06 Nov 1995 08:49:37 GMT\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Fri, 31 Dec 2004 23:59:59 GMT\r\n\r\n",
    ),
    needs=("cache-headers",),
    requires=("caching.expires-is-http-date",),
    permitted_by=Spec.RFC9110,
    dispute="RFC 2616 §14.21 advises against more than a year; RFC 9111 §5.3 has lifted that. It is reported by "
    "RFC 2616 alone.",
)
def expires_within_year(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response, field: Field) -> Finding | None:
        until, date = parse_date(field.value), parse_date(response.value("date") or "")
        since = date if date is not None else exchange.began
        if until is None or until - since <= YEAR:
            return None
        return value_finding(exchange, field, "Expires is more than a year ahead.", "a date within a year of Date")

    return each_field(own_answers(evidence), ("expires",), test)


@check(
    "caching.pragma-grammar",
    statement="Pragma is a comma list of words, each alone or with an equals sign and a value.",
    why="Old caches look for the word no-cache in the list and for nothing else.",
    hint="Leave Pragma out of replies, or write Pragma: no-cache.",
    example=(REQUEST, _good("Pragma: no-cache"), _good("Pragma: no cache")),
    permitted_by=Spec.RFC9110,
    dispute="RFC 9111 §5.4 has withdrawn the field, which never had a meaning in replies. It is reported by RFC "
    "2616 §14.32 alone.",
)
def pragma_grammar(evidence: Evidence) -> Judgement:
    def wrong(value: str) -> bool:
        members = [member for member in list_members(value) if member]
        return not members or any(not DIRECTIVE.fullmatch(member) for member in members)

    return judge_values(
        own_answers(evidence),
        ("pragma",),
        wrong,
        "Pragma holds what is no directive.",
        "no-cache, or name=value, parted by commas",
    )


@check(
    "caching.warning-grammar",
    statement="Warning is a code of three digits, a name, a text in quotes and, if wanted, a date in quotes.",
    why="A client that does read warnings shows the text, and has to find it.",
    hint='Leave Warning out: it is obsolete. Its form is 199 - "Some text".',
    example=(REQUEST, _good('Warning: 299 - "Deprecated API"'), _good("Warning: deprecated API")),
    permitted_by=Spec.RFC9110,
    dispute="RFC 9111 §5.5 has withdrawn the field. It is reported by RFC 2616 §14.46 alone.",
)
def warning_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        _warned(evidence),
        ("warning",),
        lambda value: not any(_warnings(value)) or None in _warnings(value),
        "Warning holds what is no warning.",
        '299 - "some text"',
    )


@check(
    "caching.warn-date-in-http10",
    statement="In a reply of version HTTP/1.0 each warning has a date, and it is the one in Date.",
    why="Caches of HTTP/1.0 keep old warnings with new pages; the date tells which are stale.",
    hint="Leave Warning out: it is obsolete.",
    example=(
        REQUEST.replace("1.1", "1.0"),
        'HTTP/1.0 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nWarning: 199 - "x" "Sun, 06 Nov 1994 08:49:37 GMT"'
        "\r\n\r\n",
        'HTTP/1.0 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nWarning: 199 - "x"\r\n\r\n',
    ),
    requires=("caching.warning-grammar",),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 9111 §5.5 has withdrawn the field. It is reported by RFC 2616 §14.46 alone.",
)
def warn_date(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response, field: Field) -> Finding | None:
        dates = [match["date"] for match in _warnings(field.value) if match is not None]
        if all(date is not None and date == response.value("date") for date in dates):
            return None
        return value_finding(
            exchange, field, "A warning in a reply of version HTTP/1.0 lacks its date.", "the date of Date, in quotes"
        )

    old = [(x, r) for x, r in _warned(evidence) if r.version == "HTTP/1.0"]
    return each_field(old, ("warning",), test)


def _warned(evidence: Evidence) -> list[Answer]:
    """The survey, and a page for a client of HTTP/1.0."""
    exchange = evidence.get("/", version="HTTP/1.0")
    return [*own_answers(evidence), *((exchange, r) for r in exchange.responses[:1] if r.status_line is not None)]


def _warnings(value: str) -> list[re.Match[str] | None]:
    """Each member as a warning, None for one that is none."""
    return [WARNING.fullmatch(member) for member in list_members(value) if member]
