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
    lawful = "a refusal of another kind, such as 403 (RFC 9110 §15.5.4), would not be put down to the directive"
    return unharmed(evidence.get(target, [(name, value)]), evidence.get(target), message, (400,), lawful=lawful)


@check(
    "caching.unknown-directives-ignored",
    statement="Directives in Cache-Control that the server does not know are ignored.",
    why="New directives are invented for caches; a server that knows none of them still has the page.",
    hint="Ignore Cache-Control in requests, or skip what you do not know without failing at its =value.",
    example=(REQUEST.format('Cache-Control: foo=bar, community="x"'), PAGE, BAD_REQUEST),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.9.6 and RFC 9111 §5.2.3 speak of caches. For every other recipient the value is valid by "
    "its grammar (RFC 9111 §5.2) and may be skipped, so that 400, class 5 and silence count against it, and "
    "nothing else.",
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
    dispute="RFC 2616 §14.32 has a pragma ignored by those whom it does not concern; RFC 9111 §5.4 deprecates the "
    "field and says nothing of the kind. A breach is a warning.",
)
def unknown_pragma(evidence: Evidence) -> Judgement:
    return _harmless(evidence, "Pragma", "foo=bar, x")
