"""Field lines that break the grammar (RFC 9112 §2.2, §5.1; RFC 9110 §5.5): refused, not guessed at.

A mere breach of the grammar is to be answered with 400, if possible; a blank before the colon, and NUL or CR in a
value, have been used to smuggle requests, so that serving them as they are is forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, program, report_in, run
from conformance.checks.controls import OR_ANOTHER, closed_unanswered, request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import OVERLOADED, broken, describe, first_of, passed, served, unclear
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

BAD = "HTTP/1.1 400 Bad Request\r\n…"
OK = "HTTP/1.1 200 OK\r\n…"
REFUSED = f"400 (RFC 9110 §5.5), {OR_ANOTHER}"
SKIPPED = (
    "Most suites call this an obligation, and some servers skip the line. RFC 9112 §2.2 advises 400 for what breaks "
    "the grammar, so that serving it is a warning, and any refusal passes."
)
SPACED = f"{REFUSED}; or a space in the place of the mark (RFC 9110 §5.5)"


def _with(lines: str) -> str:
    return f"GET / HTTP/1.1\r\nHost: localhost:50000\r\n{lines}\r\n\r\n"


def _refused(evidence: Evidence, line: str | bytes, message: str) -> Judgement:
    """Judge a GET with one bad line after its Host, beside the plain GET."""
    target = static_target(evidence)
    exchange = evidence.raw(request_of(evidence, f"GET {target} HTTP/1.1", [line]))
    return turned_down(exchange, evidence.get(target), message)


@check(
    "field.line-without-colon-400",
    statement="A request with a line among its fields that has no colon is refused.",
    why="Nobody knows what the line was meant to be; whoever skips it may skip what another program obeys.",
    hint='Test that ":" is in each line of the head, and answer 400 if it is not.',
    example=(_with("foo"), BAD, OK),
    requires=("error.malformed-request-400",),
    dispute=SKIPPED,
    risk=Risk.MALFORMED,
)
def without_colon(evidence: Evidence) -> Judgement:
    return _refused(evidence, "foo", "A line without a colon among the fields is not refused.")


@check(
    "field.empty-name-400",
    statement="A request with a field line that begins with the colon is refused.",
    why="A field without a name means nothing, and programs disagree on what to do with it.",
    hint="Test that the name before the colon is not empty, and answer 400 if it is.",
    example=(_with(": x"), BAD, OK),
    requires=("error.malformed-request-400",),
    dispute=SKIPPED,
    risk=Risk.MALFORMED,
)
def empty_name(evidence: Evidence) -> Judgement:
    return _refused(evidence, ": x", "A field without a name is not refused.")


@check(
    "field.nontoken-name-400",
    statement="A request with a field name of other characters than a token may have is refused.",
    why="X(A) and X_A become the same variable for a program, so that one can be passed off as the other.",
    hint="Match each name against [!#$%&'*+.^_`|~0-9A-Za-z-]+ and answer 400 if it does not fit.",
    example=(_with("X(A): 1"), BAD, OK),
    requires=("error.malformed-request-400",),
    dispute="Some servers leave such a field out and serve the request. RFC 9112 §2.2 advises 400 for what breaks "
    "the grammar, so that serving it is a warning, and any refusal passes.",
    risk=Risk.MALFORMED,
)
def nontoken_name(evidence: Evidence) -> Judgement:
    message = "A field name with a character that no name may have is not refused."
    return first_of(_refused(evidence, line, message) for line in ("X(A): 1", b"X\0A: 1"))


@check(
    "field.space-before-colon-400",
    statement="A request with a blank between a field name and its colon is refused with 400.",
    why="Some programs strip the blank and some do not, so that a filter in front of the server can be deceived.",
    hint="Do not strip the name: where it ends in a blank, answer 400.",
    example=(_with("X-A : 1"), BAD, OK),
    permitted_by=Spec.RFC2616,
    dispute="RFC 2616 §2.1 allows blanks between a name and its colon, RFC 9112 §5.1 wants 400 for them. So a "
    "breach counts only by RFC 9112; any refusal passes.",
    risk=Risk.MALFORMED,
)
def space_before_colon(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    line = f"GET {target} HTTP/1.1\r\n"
    tried = [evidence.raw(request_of(evidence, line.rstrip(), [odd])) for odd in ("X-A : 1", "X-A\t: 1")]
    tried.append(evidence.raw(f"{line}Host : {evidence.site.authority}\r\n\r\n".encode("latin-1")))
    message = "A blank between a field name and its colon is not refused."
    expected = f"400 (RFC 9112 §5.1), {OR_ANOTHER}"
    return first_of(turned_down(exchange, control, message, also=(), expected=expected) for exchange in tried)


@check(
    "field.nul-cr-in-value-rejected",
    statement="NUL or a lone CR in a field value gets the request refused, or counts as a space.",
    why="C programs end a string at NUL and others a line at CR: a value that is cut there passes every filter.",
    hint="Look for \\0 and \\r in each value before you use it, and answer 400.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost\\x00:50000\r\n\r\n",
        BAD,
        "HTTP/1.1 200 OK\r\n… (for the part before the NUL)",
    ),
    permitted_by=Spec.RFC2616,
    dispute="Suites count only 400. RFC 9110 §5.5 leaves the choice between a refusal and a space in place of the "
    "mark; RFC 2616 §5.2 lets a server with one site ignore Host altogether. So a breach counts only by "
    "RFC 9110.",
    risk=Risk.MALFORMED,
)
def nul_or_cr(evidence: Evidence) -> Judgement:
    if not served(evidence.get(static_target(evidence))):
        return unclear("the control request was not served")
    marks = (b"\0", b"\r")
    unread = [_unread(evidence, b"X-A: a" + mark + b"b") for mark in marks]
    return first_of([*unread, *_in_host(evidence, marks), *_seen_by_program(evidence)])


def _unread(evidence: Evidence, line: bytes) -> Judgement:
    """A field that the server has no use for: whatever it does but to fail is right."""
    target = static_target(evidence)
    exchange = evidence.raw(request_of(evidence, f"GET {target} HTTP/1.1", [line]))
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if closed_unanswered(exchange) or (exchange.status is not None and exchange.status < 500):
        return passed(describe(exchange))
    mark = "NUL" if b"\0" in line else "a lone CR"
    return broken(exchange, f"A field value with {mark} leaves the request without a good answer.", expected=SPACED)


def _in_host(evidence: Evidence, marks: tuple[bytes, ...]) -> Iterator[Judgement]:
    """With a space in its place a Host is invalid: where that shows, it must show for the mark, too."""
    target = static_target(evidence)
    control = evidence.get(target)
    if not _refuses(evidence.get(target, host="a b")):
        return
    name = evidence.site.authority.encode("latin-1")
    for mark in marks:
        data = f"GET {target} HTTP/1.1\r\nHost: ".encode("latin-1") + name + mark + b"x\r\n\r\n"
        message = "A Host with NUL or CR in it is taken for a good one."
        yield turned_down(evidence.raw(data), control, message, also=(501, 505), expected=REFUSED)


def _refuses(exchange: Exchange) -> bool:
    return exchange.status is not None and 400 <= exchange.status <= 499


def _seen_by_program(evidence: Evidence) -> Iterator[Judgement]:
    """A program shows what became of the value."""
    target = program(evidence, ENVIRONMENT)
    if target is None or not run(evidence).ran:
        return
    exchange = evidence.raw(request_of(evidence, f"GET {target} HTTP/1.1", [b"X-A: a\0b"]))
    report = report_in(exchange.response)
    value = report["environment"].get("HTTP_X_A") if report else None
    if value is not None and value != "a b":
        yield broken(
            exchange,
            "A field value is cut at NUL, or loses it.",
            expected=f"{SPACED}: HTTP_X_A='a b'",
            observed=f"HTTP_X_A={value!r}",
        )
