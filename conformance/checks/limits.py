"""Limits (RFC 9110 §5.4, RFC 9112 §3, RFC 2616 §3.2.1): what is too large for a server is refused in good order.

No limit is prescribed, and none has to be there. Whoever closes with octets unread may lose the refusal on its way (RFC
9112 §9.6), so that a close proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, program, report_in, run
from conformance.checks.controls import CLOSE, OR_ANOTHER, close_matters, static_target
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import OVERLOADED, absent, answered, broken, describe, first_of, passed, served, unclear
from conformance.probe import Fields
from conformance.rule import Risk
from conformance.verdict import Judgement

LONG = 100_000
MANY = 10_000
SOME = 200
FORM = 64 * 1024
HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n"
TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large\r\n…"


@check(
    "limits.header-too-large-4xx",
    also=("limits.header-too-large-not-ignored",),
    statement="Fields that are larger, or more, than the server takes in are refused with a 4xx, not skipped.",
    why="A field that is passed over in silence may be the one that forbids what the server does next.",
    hint="Count the octets and lines of the head while you read it, and answer 431 when it is enough.",
    example=(
        f"GET /{HOST}X-Long: aaa… (100 000 octets)\r\n\r\n",
        TOO_LARGE,
        "HTTP/1.1 500 Internal Server Error\r\n…",
    ),
    dispute="No limit is prescribed. Who has one owes a 4xx (RFC 9110 §5.4), but a refusal may get lost where the "
    "connection is closed with octets unread (RFC 9112 §9.6), so that a close without a reply proves "
    "nothing.",
    risk=Risk.MALFORMED,
)
def header_too_large(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    large: tuple[Fields, ...] = ([("X-Long", "a" * LONG)], [(f"X-{n}", "v") for n in range(MANY)])
    tried = (evidence.get(target, fields, risk=Risk.MALFORMED) for fields in large)
    orderly = (_orderly(exchange, "A large head", "RFC 9110 §5.4") for exchange in tried)
    return first_of([*orderly, *_last_line_counts(evidence)])


def _orderly(exchange: Exchange, what: str, section: str) -> Judgement:
    """Served or refused with a 4xx, as ``section`` says; a close may have taken the refusal with it."""
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is not None and exchange.status < 500:
        return passed(describe(exchange))
    if exchange.status is None and exchange.peer_ended and not exchange.killed:
        return unclear(f"no refusal came through: {describe(exchange)}")
    return broken(exchange, f"{what} is not refused in good order.", expected=f"a 4xx ({section}), or the usual reply")


def _last_line_counts(evidence: Evidence) -> Iterator[Judgement]:
    """What stands behind many fields is read, too, where a close on demand can show it."""
    if not close_matters(evidence):
        return
    fields = [*((f"X-{n}", "v") for n in range(SOME)), CLOSE]
    exchange = evidence.get(static_target(evidence), fields, to_end=True, risk=Risk.MALFORMED)
    if served(exchange) and exchange.ending is Ending.SILENT:
        yield broken(
            exchange,
            f"The field after {SOME} others is ignored.",
            expected="a 4xx (RFC 9110 §5.4); or the page and a close, as the last field asks (RFC 9112 §9.6)",
            observed="the page, and the connection stayed open",
        )


@check(
    "limits.target-too-long-414",
    statement="A target that is longer than the server takes in gets 414.",
    why="The client learns what is wrong; a server that fails or falls silent looks as if it were down.",
    hint="Stop reading when the request line is too long, and answer 414; catch the OSError of open() for long names.",
    example=(
        f"GET /aaa… (100 000 octets){HOST}\r\n",
        "HTTP/1.1 414 URI Too Long\r\n…",
        "HTTP/1.1 500 Internal Server Error\r\n…",
    ),
    dispute="RFC 9112 §3 wants 414 where the target is longer than the server parses; a server with one limit for "
    "the whole head says 431 or 400, and one that reads it all 404. From outside these cannot be told "
    "apart, so that any 4xx passes, and a close proves nothing.",
    risk=Risk.MALFORMED,
)
def target_too_long(evidence: Evidence) -> Judgement:
    short = evidence.get("/" + "a" * 100)
    if not answered(short) or (short.status or 0) >= 500:
        return unclear(f"a target of 100 octets draws no good answer either: {describe(short)}")
    exchange = evidence.get("/" + "a" * LONG, risk=Risk.MALFORMED)
    return _orderly(exchange, "A target of 100 000 octets", "414 by RFC 9112 §3, or 431, 400, 404")


@check(
    "limits.get-form-uri-unbounded",
    statement="A long query reaches a program whole, or the request is refused.",
    why="A form that is cut short without a word saves half of what the user has written.",
    hint="Read the request line to its end; if it is too long for you answer 414 instead of cutting it.",
    example=(
        f"GET /cgi/environment.py?x=aaa… (65 536 octets){HOST}\r\n",
        "HTTP/1.1 414 URI Too Long\r\n…",
        "HTTP/1.1 200 OK\r\n… (QUERY_STRING has 8192 octets)",
    ),
    needs=("cgi",),
    dispute="RFC 2616 §3.2.1 wants servers of such forms to take URIs of any length, RFC 9110 §4.1 only names "
    "8000 octets as the least. So a refusal passes, and only a query that is cut in silence is a warning.",
    risk=Risk.MALFORMED,
)
def form_query(evidence: Evidence) -> Judgement:
    target = program(evidence, ENVIRONMENT)
    if target is None or not run(evidence, "?x=a").environment.get("QUERY_STRING"):
        return absent("no program shows the query")
    query = "x=" + "a" * FORM
    exchange = evidence.get(f"{target}?{query}", risk=Risk.MALFORMED)
    report = report_in(exchange.response)
    if report is None:
        return passed(f"refused: {describe(exchange)}") if not served(exchange) else unclear("the program did not run")
    told = report["environment"].get("QUERY_STRING", "")
    if told == query:
        return passed("the whole query")
    return broken(
        exchange,
        "A program gets a part of a long query.",
        expected=f"all {len(query)} octets of the query (RFC 2616 §3.2.1); 414 (RFC 9112 §3), or {OR_ANOTHER}",
        observed=f"{len(told)} octets",
    )
