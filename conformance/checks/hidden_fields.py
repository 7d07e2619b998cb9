"""Lines that one program takes for a field and another for a part of one (RFC 9112 §2.2, §5.2; RFC 2616 §2.2).

A folded line, a line that begins with a blank and a lone CR are refused or taken for blanks, but no field is found in
them. What shows it is a Host that is hidden there, where a request without Host is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.controls import (
    OR_ANOTHER,
    close_matters,
    closed_unanswered,
    request_of,
    static_target,
    turned_down,
)
from conformance.evidence import Evidence
from conformance.exchange import Ending
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    refused,
    served,
    unclear,
)
from conformance.probe import AwaitEnd, Probe, Send
from conformance.rule import Risk
from conformance.verdict import Judgement

BAD = "HTTP/1.1 400 Bad Request\r\n…"
OK = "HTTP/1.1 200 OK\r\n…"
REFUSED = f"400 (RFC 9112 §2.2), {OR_ANOTHER}"
FOLD_REFUSED = f"400 (RFC 9112 §5.2), {OR_ANOTHER}"
HOSTLESS = "a request without Host is served here, so that a hidden one shows nothing"


def _bare(evidence: Evidence, lines: bytes) -> bytes:
    """A GET with these lines, each with its line end, and no others."""
    return f"GET {static_target(evidence)} HTTP/1.1\r\n".encode("latin-1") + lines + b"\r\n"


def _host(evidence: Evidence) -> bytes:
    return f"Host: {evidence.site.authority}\r\n".encode("latin-1")


def _not_found_in(evidence: Evidence, lines: bytes, message: str, refusal: str = REFUSED) -> Judgement:
    """Judge a request whose only Host is hidden in ``lines``: it must be refused like one without Host."""
    target = static_target(evidence)
    if not served(evidence.get(target)):
        return unclear("the control request, with a Host, was not served")
    without = evidence.get(target, host=None)
    if not refused(without):
        return absent(HOSTLESS)
    exchange = evidence.raw(_bare(evidence, lines))
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if refused(exchange) or closed_unanswered(exchange):
        return passed(describe(exchange))
    if not answered(exchange):
        return unclear(f"the request was not answered: {describe(exchange)}")
    return broken(exchange, message, expected=f"{refusal}, as for any request without Host (RFC 9112 §3.2)")


@check(
    "message.bare-cr-rejected-or-space",
    statement="A CR without LF ends no line: the request is refused, or the CR counts as a space.",
    why="What is one line to a proxy would be two to the server, so that a field could be smuggled past the proxy.",
    hint='Split the head at "\\r\\n", not with splitlines(), which ends a line at a lone CR, too.',
    example=("GET / HTTP/1.1\r\nX-A: a\\rHost: localhost:50000\r\n\r\n", BAD, OK),
    dispute="Suites count only 400. RFC 9112 §2.2 lets a server take the CR for a space as well, or for a blank "
    "between the words of the request line (§3); to end a line at it is neither.",
    risk=Risk.MALFORMED,
)
def bare_cr(evidence: Evidence) -> Judgement:
    return _not_found_in(evidence, b"X-A: a\r" + _host(evidence), "A lone CR is taken for the end of a line.")


@check(
    "message.space-line-after-request-line",
    also=("message.space-led-lines-skipped-in-run",),
    statement="Lines that begin with a blank, right after the request line, are refused or wholly ignored.",
    why="Software that strips the blank finds a field where other software finds none.",
    hint="Do not strip lines before you look at their first character: where that is a blank, answer 400.",
    example=("GET / HTTP/1.1\r\n Host: localhost:50000\r\n\r\n", BAD, OK),
    dispute="RFC 9112 §2.2 leaves the choice between a refusal and skipping every such line; suites that demand "
    "400 accuse servers that skip them.",
    risk=Risk.MALFORMED,
)
def space_line(evidence: Evidence) -> Judgement:
    message = "A field is found in a line that begins with a blank, right after the request line."
    return first_of([_not_found_in(evidence, b" " + _host(evidence), message), _second_line(evidence)])


def _second_line(evidence: Evidence) -> Judgement:
    """A second such line has no effect either: it would make the server wait for a body."""
    first = evidence.raw(_bare(evidence, b" X: 1\r\n" + _host(evidence)))
    both = evidence.raw(_bare(evidence, b" X: 1\r\n Content-Length: 5\r\n" + _host(evidence)))
    if not served(evidence.get(static_target(evidence))) or not (answered(first) or first.peer_ended):
        return unclear(f"a single line led by a blank draws no reply: {describe(first)}")
    if answered(both) or both.peer_ended:
        return passed(describe(both))
    return broken(
        both,
        "The second of two lines that begin with a blank is taken for a field: the server waits for a body.",
        expected=f"{REFUSED}; or the page, without waiting for a body (RFC 9112 §2.2)",
    )


@check(
    "field.fold-refused-or-joined",
    also=("field.obs-fold-received",),
    statement="A field that is folded onto a second line is refused, or read as one value.",
    why="Folding was lawful once. Whoever takes the second line for a field of its own, or drops it, reads another "
    "request than his neighbour.",
    hint="When a line begins with a blank answer 400, or put it, after one space, behind the line before.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\nConnection:\r\n close\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n… (or 200, and the connection closes)",
        "HTTP/1.1 200 OK\r\n… (and the connection stays open)",
    ),
    dispute="RFC 2616 §2.2 takes the fold for a blank, RFC 9112 §5.2 leaves the choice between that and 400; "
    "suites demand the one or the other. Both pass, but not half of a field.",
    risk=Risk.MALFORMED,
)
def folded(evidence: Evidence) -> Judgement:
    hidden = b"X-A: one\r\n " + _host(evidence)
    message = "The second line of a folded field is taken for a field of its own."
    return first_of(
        [_not_found_in(evidence, hidden, message, FOLD_REFUSED), _folded_host(evidence), *_folded_close(evidence)]
    )


def _folded_host(evidence: Evidence) -> Judgement:
    control = evidence.get(static_target(evidence))
    lines = f"Host:\r\n {evidence.site.authority}\r\n".encode("latin-1")
    exchange = evidence.raw(_bare(evidence, lines))
    if served(exchange) and served(control):
        return passed("the folded value is read as one")
    message = "A folded Host leaves the request without a good answer."
    return turned_down(exchange, control, message, expected=f"{FOLD_REFUSED}; or the page (RFC 9112 §5.2)")


def _folded_close(evidence: Evidence) -> Iterator[Judgement]:
    """Where the server closes on demand only, and sees one behind several blanks, a folded one is refused or works."""
    target = static_target(evidence)
    spaced = evidence.get(target, [("Connection", "  close")], to_end=True)
    if not close_matters(evidence) or spaced.ending is not Ending.CLOSED:
        return
    data = request_of(evidence, f"GET {target} HTTP/1.1", ["Connection:", " close"])
    exchange = evidence.play(Probe((Send(data), AwaitEnd()), ("GET",), Risk.MALFORMED))
    if answered(exchange) and not refused(exchange) and exchange.ending is Ending.SILENT:
        yield broken(
            exchange,
            "The second line of a folded field is dropped.",
            expected=f"{FOLD_REFUSED}; or the page and a close, as with the value on one line (RFC 9112 §5.2)",
            observed="the page, and the connection stayed open",
        )
