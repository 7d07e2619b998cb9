"""Cache directives in requests (RFC 2616 §14.9.6 and §14.32, RFC 9111 §5.2.3): unknown ones do no harm."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.predicates import unharmed
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n{}\r\n\r\n"
PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
PREMISES = ("field.unknown-ignored",)


def _harmless(evidence: Evidence, name: str, value: str) -> Judgement:
    message = f"An unknown directive in {name} is taken for an error."
    target = static_target(evidence)
    return unharmed(evidence.get(target, [(name, value)]), evidence.get(target), message, (400,))


@check(
    "caching.unknown-directives-ignored",
    statement="Directives in Cache-Control that the server does not know are ignored.",
    why="New directives are invented for caches; a server that knows none of them still has the page.",
    hint="Ignore Cache-Control in requests, or skip what you do not know without failing at its =value.",
    example=(REQUEST.format('Cache-Control: foo=bar, community="x"'), PAGE, BAD_REQUEST),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def unknown_directives(evidence: Evidence) -> Judgement:
    return _harmless(evidence, "Cache-Control", 'foo=bar, community="x"')


@check(
    "caching.unknown-pragma-ignored",
    statement="Pragmas that the server does not know are ignored.",
    why="A pragma speaks to whom it concerns, and to nobody else.",
    hint="Ignore Pragma in requests.",
    example=(REQUEST.format("Pragma: foo=bar, x"), PAGE, BAD_REQUEST),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def unknown_pragma(evidence: Evidence) -> Judgement:
    return _harmless(evidence, "Pragma", "foo=bar, x")
