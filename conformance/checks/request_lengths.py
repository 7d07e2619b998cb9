"""Content-Length in requests: numbers that are none, that differ, that are huge, that are not kept (RFC 9112 §6.3,
RFC 9110 §8.6; RFC 2616 §4.4).

Faults are sent with GET, which every server has; a POST goes to the program that tells what it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.check import check
from conformance.checks.cgi_programs import ECHO, post, post_fields, program, report_in
from conformance.checks.controls import closed_unanswered, static_target, turned_down
from conformance.checks.request_bodies import (
    INVALID_LENGTH,
    TEXT,
    WORD,
    Way,
    ignores_lengths,
    is_like,
    next_answered,
    one_reply_then_end,
    with_lengths,
)
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import absent, advised, blocked, broken, describe, passed, refused, served, unclear
from conformance.probe import AwaitEnd, HalfClose, Probe, Send
from conformance.response import Response
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement, Verdict

HEAD = "GET / HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: "
POST = "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: "
PLAIN = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
REFUSED = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n…"
SERVED = "HTTP/1.1 200 OK\r\n…"
INVALID = (WORD, ["-1"], ["+5"], ["0x5"], ["5.0"], ["5 5"], ["5_0"])
EMPTY = [""]
"""No number either. But a list without members is one whose members are all the same, so some servers let it pass."""
CONFLICTING = (["5", "6"], ["6", "5"], ["5, 6"])
OUTCOMES = "400 and a close (RFC 9112 §6.3); 413 (RFC 9110 §15.5.14) or another 4xx, 501, or a close (RFC 9112 §9.5)"
LARGE = ("4294967301", "18446744073709551621")
"""2³² + 5 and 2⁶⁴ + 5."""


def _judged(evidence: Evidence, lengths: Iterable[str], message: str) -> Judgement:
    control = evidence.get(static_target(evidence))
    return turned_down(with_lengths(evidence, lengths), control, message, also=(501,), expected=OUTCOMES)


def _all_refused(evidence: Evidence, values: Iterable[Iterable[str]], message: str) -> Judgement:
    noted = passed()
    for lengths in values:
        judgement = _judged(evidence, lengths, message)
        if judgement.verdict is not Verdict.PASS:
            return judgement
        noted = judgement if judgement.reason else noted
    return noted


@check(
    INVALID_LENGTH,
    statement="A request whose Content-Length is not a number in decimal digits gets 400.",
    why="Nobody can tell where its body ends; who guesses reads on at another place than a proxy does.",
    hint="Test the value with re.fullmatch('[0-9]+', value) first: int() takes +5, -1, 5_0 and blanks as well.",
    example=(f"{HEAD}+5\r\n\r\nhello", REFUSED, SERVED),
    needs=("http-1.1",),
    risk=Risk.MALFORMED,
    dispute="Servers that give a page to GET never look at its length, and hold it harmless. RFC 9112 §6.3 makes no "
    "exception for methods. An empty value may be read as a list without members, which RFC 9110 §5.6.1 lets pass: a "
    "warning. RFC 2616 names no status for any of them.",
)
def invalid_length(evidence: Evidence) -> Judgement:
    judgement = _all_refused(evidence, INVALID, "A Content-Length that is no number is not refused.")
    if judgement.verdict is not Verdict.PASS:
        return judgement
    empty = _judged(evidence, EMPTY, "An empty Content-Length is not refused.")
    if empty.finding is None:
        return judgement
    return advised(empty.finding.exchange, empty.finding.message, expected=empty.finding.expected)


@check(
    "framing.conflicting-content-lengths-400",
    statement="A request with two different Content-Lengths, in two lines or in one, gets 400.",
    why="If a proxy believes the one and the server the other, the rest of the body becomes a request of its own.",
    hint="Collect all Content-Length fields; if there is more than one value, answer 400 and close.",
    example=(f"{HEAD}5\r\nContent-Length: 6\r\n\r\nhello", REFUSED, SERVED),
    needs=("http-1.1",),
    requires=("framing.read-body-or-close",),
    risk=Risk.MALFORMED,
    dispute="Some suites want equal lengths refused too, others accepted: RFC 9112 §6.3 lets a server do either, so "
    "they are not sent. RFC 2616 is silent on lengths that differ.",
)
def conflicting_lengths(evidence: Evidence) -> Judgement:
    if ignores_lengths(evidence):
        return blocked(INVALID_LENGTH, "Content-Length is not even looked at")
    return _all_refused(evidence, CONFLICTING, "Different values of Content-Length are not refused.")


@check(
    "framing.invalid-content-length-close",
    statement="After it has refused a Content-Length that is no number, or several that differ, the server closes the "
    "connection.",
    why="Where the body ends and the next request begins is not known, so whatever follows could be anything.",
    hint='Send "Connection: close" with that 400, and close.',
    example=(f"{HEAD}abc\r\n\r\n{PLAIN}", f"{REFUSED} (and the end)", f"HTTP/1.1 400 Bad Request\r\n…{SERVED}"),
    risk=Risk.MALFORMED,
)
def invalid_length_closes(evidence: Evidence) -> Judgement:
    message = "The server goes on after a Content-Length that cannot be read."
    sent = [with_lengths(evidence, lengths) for lengths in (*INVALID, *CONFLICTING)]
    judgement = absent("no Content-Length that cannot be read is refused")
    for exchange in sent:
        if refused(exchange) or closed_unanswered(exchange):
            judgement = one_reply_then_end(exchange, message, "RFC 9112 §6.3")
        if judgement.verdict is Verdict.FAIL:
            break
    return judgement


@check(
    "framing.large-content-length-no-overflow",
    statement="A huge Content-Length is a huge number, and never taken for a small one.",
    why="A number that wraps at 32 or 64 bits leaves the rest of the body to be read as the next request.",
    hint="Compare the number with a limit and answer 413 above it; keep it in a type that cannot wrap.",
    example=(f"{HEAD}18446744073709551621\r\n\r\nhello{PLAIN}", "HTTP/1.1 413 Content Too Large\r\n…", SERVED * 2),
    risk=Risk.MALFORMED,
)
def large_length(evidence: Evidence) -> Judgement:
    ways = [Way("GET", static_target(evidence)), Way("POST", _harmless(evidence))]
    usable = (w for w in ways if next_answered(evidence, w.send(evidence, [("Content-Length", "5")], b"hello")))
    way = next(usable, None)
    if way is None:
        return absent("no request with a body is followed by another on the same connection")
    for length in LARGE:
        exchange = way.send(evidence, [("Content-Length", length)], b"hello", Risk.MALFORMED)
        if next_answered(evidence, exchange):
            return broken(
                exchange,
                "A huge Content-Length was taken for 5.",
                expected="413 (RFC 9110 §15.5.14) or another refusal, a close, or waiting for more (RFC 9110 §8.6)",
                observed=f"a body of {length} octets was over after 5",
            )
    return passed()


def _harmless(evidence: Evidence) -> str:
    """Where a POST does no harm: the file that is made to be written to, or nothing."""
    page = evidence.site.throwaway
    return page.target if page else MISSING


@check(
    "framing.content-length-delimits-request-body",
    statement="Exactly as many octets as Content-Length says are the body; what follows is the next request.",
    why="The next request may come in the same packet; given to the program, it is lost and spoils the upload.",
    hint="Keep what recv() gave beyond Content-Length octets for the next request.",
    example=(
        f"{POST}5\r\n\r\nhello{PLAIN}",
        "HTTP/1.1 200 OK\r\n… (the program has read hello)HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 200 OK\r\n… (the program has read helloGET / HTTP/1.1)",
    ),
    needs=("cgi",),
    requires=("framing.read-body-or-close", "cgi-input.body-on-stdin"),
    risk=Risk.UNUSUAL,
)
def length_delimits(evidence: Evidence) -> Judgement:
    if post(evidence).body != b"hello":
        return absent("no program here is given the body of a POST")
    exchange = Way("POST", program(evidence, ECHO) or "/").send(evidence, post_fields()[1:], b"hello")
    report = report_in(exchange.response)
    expected = "hello for the program (RFC 9112 §6.3), and the next request answered or a close (RFC 9112 §9.3)"
    if report is not None and report.get("body_text") != "hello":
        message = "The program was given another body than the octets that Content-Length counts."
        return broken(exchange, message, expected=expected, observed=f"the program has read {report['body_text']!r}")
    control = evidence.get(static_target(evidence)).response
    second = exchange.responses[1] if len(exchange.responses) > 1 else None
    if second is not None and control is not None and not is_like(second, control):
        return _out_of_step(exchange, second, expected)
    return passed() if report is not None else unclear(f"the program was not run: {describe(exchange)}")


def _out_of_step(exchange: Exchange, second: Response, expected: str) -> Judgement:
    message = "The request right behind a body is not read from its beginning."
    return broken(exchange, message, expected=expected, observed=f"status {second.status}", span=second.span)


def _short(evidence: Evidence, announced: int, body: bytes) -> Exchange:
    """A POST of ``body`` to the program, or a GET where there is none, after which the client ends its direction."""
    target = program(evidence, ECHO)
    method, fields = ("POST" if target else "GET"), [TEXT, ("Content-Length", str(announced))]
    data = evidence.request(target or static_target(evidence), fields, method=method, body=body)
    return evidence.play(Probe((Send(data), HalfClose(), AwaitEnd()), (method,), Risk.ABORT))


@check(
    "framing.short-body-close",
    statement="If the client ends its direction before the whole body has come, the server closes the connection.",
    why="The rest will never come; a thread that waits for it is lost to everybody else.",
    hint='Leave the loop that reads the body when recv() gives b"".',
    example=(f"{POST}10\r\n\r\nhell (and the end of what the client sends)", REFUSED, "(nothing, for ever)"),
    risk=Risk.ABORT,
)
def short_body_closes(evidence: Evidence) -> Judgement:
    if not _short(evidence, 4, b"hell").peer_ended:
        return unclear("the server does not end the connection after a whole request either")
    exchange = _short(evidence, 10, b"hell")
    if exchange.ending is not Ending.SILENT:
        return passed(describe(exchange)) if exchange.peer_ended else unclear(describe(exchange))
    return broken(
        exchange,
        "The server goes on waiting for a body that cannot come any more.",
        expected="the end of the connection (RFC 9112 §6.3), perhaps after 400 or 408 (RFC 9112 §8)",
        observed=f"{describe(exchange)}, and the connection was still open {exchange.waited:.1f} s later",
    )


@check(
    "framing.short-body-incomplete",
    statement="A request whose body is shorter than announced when the client ends its direction is not carried out.",
    why="Half an upload would be stored, half an order taken, as if it were the whole.",
    hint="If fewer octets than Content-Length have come at the end, answer 400 and do not run the program.",
    example=(
        f"{POST}10\r\n\r\nhell (and the end of what the client sends)",
        REFUSED,
        "HTTP/1.1 200 OK\r\n… (the program has read hell)",
    ),
    needs=("cgi", "http-1.1"),
    requires=("cgi-input.body-on-stdin",),
    risk=Risk.ABORT,
    dispute="A server that passes input on as it comes has run the program before it knows. RFC 9112 §6.3 and §8 leave "
    "it a way out: it can still drop what the program has printed, and close.",
)
def short_body_incomplete(evidence: Evidence) -> Judgement:
    control = _short(evidence, 4, b"hell")
    if not served(control) or report_in(control.response) is None:
        return absent("no program is run for a POST after which the client ends its direction")
    exchange = _short(evidence, 10, b"hell")
    report = report_in(exchange.response)
    if report is None or refused(exchange):
        return passed(describe(exchange))
    return broken(
        exchange,
        "A program was run with half of its input, and its page sent as if nothing were wrong.",
        expected="400 or another error (RFC 9112 §8), or the end of the connection (RFC 9112 §6.3)",
        observed=f"{describe(exchange)} with what the program made of {report.get('body_text')!r}",
    )
