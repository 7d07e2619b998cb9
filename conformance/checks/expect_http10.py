"""No 100 for clients of HTTP/1.0, whether they send Expect or not (RFC 9110 §10.1.1 and §15.2, RFC 2616 §8.2.3)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.expect import BODY, CONTINUE, FINAL, HEAD, LENGTH, head_of, interim, posted_to
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, first_of, passed, unclear
from conformance.probe import HalfClose, Probe, Receive, Send
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

OLD = HEAD.replace("HTTP/1.1", "HTTP/1.0")


@check(
    "expect.no-100-to-http10",
    statement="No 100 goes to a client of HTTP/1.0 that did not ask for it.",
    why="Such a client takes it for the reply.",
    hint="Send 100 only if the request has Expect: 100-continue and is of HTTP/1.1.",
    example=(OLD.replace("Expect: 100-continue\r\n", "") + "hello", FINAL, CONTINUE + FINAL),
    risk=Risk.ABORT,
)
def unasked_by_10(evidence: Evidence) -> Judgement:
    return first_of(_no_100(exchange) for target in posted_to(evidence) for exchange in _posts_of_10(evidence, target))


def _posts_of_10(evidence: Evidence, target: str) -> Iterator[Exchange]:
    yield evidence.get(target, [LENGTH], method="POST", version="HTTP/1.0", body=BODY)
    yield _ended(evidence, evidence.request(target, [LENGTH], method="POST", version="HTTP/1.0"))


def _ended(evidence: Evidence, head: bytes) -> Exchange:
    """A head whose content never comes, since the client ends its direction: nobody has to wait for anybody."""
    return evidence.play(Probe((Send(head), HalfClose(), Receive(1)), ("POST",), Risk.ABORT))


def _no_100(exchange: Exchange) -> Judgement:
    if interim(exchange):
        return broken(
            exchange,
            "A client of HTTP/1.0 is sent 100.",
            expected="a final status alone (RFC 2616 §8.2.3, RFC 9110 §15.2), or a close (RFC 9112 §9.5)",
            observed="status 100",
            span=interim(exchange)[0].span,
        )
    return passed() if exchange.responses else unclear(describe(exchange))


@check(
    "expect.ignored-in-http10",
    also=("status.no-1xx-to-http10",),
    statement="Expect: 100-continue means nothing in a request of HTTP/1.0.",
    why="The field may have come through a proxy that does not know it, and whose client does not know 100.",
    hint="Look at the version of the request before you look at Expect.",
    example=(OLD + "hello", FINAL, CONTINUE + FINAL),
    requires=("expect.no-100-to-http10",),
    risk=Risk.ABORT,
    dispute="Many servers look at the field and not at the version. RFC 2616 §8.2.3 forbids 100 to HTTP/1.0 only where "
    "it was not asked for, but §10.1 forbids every 1xx to HTTP/1.0, as does RFC 9110 §15.2; and RFC 9110 §10.1.1 has "
    "the field ignored.",
)
def ignored_of_10(evidence: Evidence) -> Judgement:
    return first_of(_ignored(evidence, target) for target in posted_to(evidence))


def _ignored(evidence: Evidence, target: str) -> Judgement:
    judged = _no_100(_ended(evidence, head_of(evidence, target, version="HTTP/1.0").data))
    if judged.finding is not None:
        return judged
    if interim(_ended(evidence, head_of(evidence, target).data)):
        return passed("100 comes to HTTP/1.1 alone")
    if judged.verdict is Verdict.PASS:
        return judged
    if not interim(evidence.expecting(target)):
        return absent("no POST with Expect: 100-continue draws a 100")
    return _no_100(evidence.expecting(target, version="HTTP/1.0"))  # it hangs up on who ends his direction
