"""Expect: 100-continue (RFC 9110 §10.1.1 and §15.2, RFC 2616 §8.2.3 and §14.20).

The client holds the content of a POST back until something is said. A final status is always as good as a 100: who has
GET alone answers 405 at once.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import speaks_only_10, static_target
from conformance.connections import says_close
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import echo
from conformance.predicates import absent, answered, broken, describe, first_of, passed, served, stays_open, unclear
from conformance.probe import AwaitAny, Probe, Receive, Send
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import NEW, NO_FILE, Step, holds, put, restore

AT_ONCE = "expect.100-or-final"
BODY = b"hello"
LENGTH = ("Content-Length", str(len(BODY)))
EXPECT = ("Expect", "100-continue")
NO_MATCH = ("If-Match", '"no-such-tag-7f3a"')
ONLY_10 = "the server speaks HTTP/1.0, which has no 100"

HEAD = "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n"
FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def posted_to(evidence: Evidence) -> list[str]:
    """What may be posted to: the throwaway file, or the root for want of it, and the program that reads its input."""
    page, program = evidence.site.throwaway, echo(evidence)
    return [page.target if page else "/", *([program] if program else [])]


def head_of(evidence: Evidence, target: str, *, value: str = EXPECT[1], version: str = "HTTP/1.1") -> Send:
    return Send(evidence.request(target, [("Expect", value), LENGTH], method="POST", version=version))


def _held(evidence: Evidence, target: str, value: str = EXPECT[1]) -> Exchange:
    """The content is never sent."""
    return evidence.play(Probe((head_of(evidence, target, value=value), Receive(1)), ("POST",), Risk.ABORT))


def interim(exchange: Exchange) -> list[Response]:
    """Every 100 that came."""
    announced = [r for final in exchange.responses for r in final.interim] + list(exchange.transcript.interim)
    return [response for response in announced if response.status == 100]


@check(
    AT_ONCE,
    also=("expect.no-wait-for-body",),
    statement="A client that waits for a 100 before it sends its content gets one, or a final status, at once.",
    why="Both sides wait for each other otherwise; curl gives up after a second with each upload.",
    hint='Look at Expect before you read the body: send "HTTP/1.1 100 Continue" and an empty line first.',
    example=(HEAD, CONTINUE, "(nothing until the body comes)"),
    risk=Risk.ABORT,
    dispute="Clients do not wait for ever (RFC 9110 §10.1.1), so servers that never say 100 work somehow. Both RFCs "
    "forbid to wait for the content all the same. An error or a success at once is as good as 100.",
)
def at_once(evidence: Evidence) -> Judgement:
    if speaks_only_10(evidence):
        return absent(ONLY_10)
    return first_of(_answered_at_once(evidence, target) for target in posted_to(evidence))


def _answered_at_once(evidence: Evidence, target: str, value: str = EXPECT[1]) -> Judgement:
    if interim(evidence.expecting(target, value=value)):
        return passed("status 100")
    held = _held(evidence, target, value)
    if answered(held) or held.peer_ended:
        return passed(describe(held))
    whole = evidence.get(target, [LENGTH], method="POST", body=BODY)
    if not answered(whole):
        return unclear(f"a POST whose content comes at once is not answered either: {describe(whole)}")
    return broken(
        held,
        "The server waits for the content, and the client waits for its 100.",
        expected="100 or a final status (RFC 9110 §10.1.1), or a close (RFC 9112 §9.5), before the content comes",
    )


@check(
    "expect.value-case-insensitive",
    statement="Expect: 100-Continue means the same as 100-continue.",
    why="The client waits in vain if its spelling is not known.",
    hint="Compare the value of Expect in lower case.",
    example=(HEAD.replace("100-c", "100-C"), CONTINUE, "HTTP/1.1 417 Expectation Failed\r\n…"),
    requires=(AT_ONCE,),
    risk=Risk.ABORT,
)
def without_case(evidence: Evidence) -> Judgement:
    if speaks_only_10(evidence):
        return absent(ONLY_10)
    return first_of(_spelled(evidence, target, "100-Continue") for target in posted_to(evidence))


def _spelled(evidence: Evidence, target: str, value: str) -> Judgement:
    usual, odd = evidence.expecting(target), evidence.expecting(target, value=value)
    if odd.status == 417 and usual.status != 417:
        expected = f"{describe(usual)}, as for Expect: {EXPECT[1]} (RFC 9110 §10.1.1)"
        return broken(odd, f"Expect: {value} is not known.", expected=expected)
    return _answered_at_once(evidence, target, value) if interim(usual) else passed(describe(odd))


@check(
    "expect.final-after-100",
    statement="After a 100 and the content a final status comes.",
    why="100 only says that the client may go on; what became of the request is still to be told.",
    hint="Go on to read the body and to answer after you have sent 100.",
    example=(HEAD + "hello", CONTINUE + FINAL, CONTINUE + "(and nothing more)"),
    risk=Risk.UNUSUAL,
)
def final_follows(evidence: Evidence) -> Judgement:
    told = [exchange for target in posted_to(evidence) if interim(exchange := evidence.expecting(target))]
    for exchange in told:
        if not exchange.responses and not exchange.peer_ended:
            return broken(
                exchange,
                "Nothing follows a 100, though the content has been sent.",
                expected="a final status, or the end of the connection (RFC 9110 §10.1.1)",
                observed=f"100, and then nothing for {exchange.waited:.1f} s",
                span=interim(exchange)[-1].span,
            )
    return passed() if told else absent("no POST with Expect: 100-continue draws a 100")


@check(
    "expect.early-final-close-told",
    statement="Who answers before the content has come says whether he closes; if not, he reads the content.",
    why="The content of the one request would be taken for the next.",
    hint='Add "Connection: close" to such a reply and close, or read as many octets as Content-Length says.',
    example=(
        HEAD + "hello",
        "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n…",
        "HTTP/1.1 405 Method Not Allowed\r\n… (and the connection closes)",
    ),
    requires=(AT_ONCE, "framing.length-or-close"),
    risk=Risk.UNUSUAL,
)
def close_told(evidence: Evidence) -> Judgement:
    if speaks_only_10(evidence) or not stays_open(evidence):
        return absent("the server closes the connection after each reply")
    early = [target for target in posted_to(evidence) if not interim(evidence.expecting(target))]
    return first_of(_told_whether(evidence, target) for target in early) if early else absent("every POST draws 100")


def _told_whether(evidence: Evidence, target: str) -> Judgement:
    following = evidence.request(static_target(evidence))
    script = (head_of(evidence, target), Receive(1), Send(BODY), Send(following), Receive(2))
    exchange = evidence.play(Probe(script, ("POST", "GET"), Risk.UNUSUAL))
    control = evidence.get(static_target(evidence))
    if exchange.response is None or not served(control):
        return unclear(describe(exchange))
    if says_close(exchange.response):
        return passed("the reply says that the connection closes")
    later = [response.status for response in exchange.responses[1:]]
    if later == [control.status]:
        return passed("the content is read, and the next request is answered")
    return broken(
        exchange,
        "A reply came before the content, without a word on closing, and the next request was not answered.",
        expected="Connection: close in the first reply, or the content read and the next request answered (RFC 9110 "
        "§10.1.1)",
        observed=f"{describe(exchange)}, then {f'status {later[0]}' if later else exchange.ending}",
    )


@check(
    "expect.early-final-no-action",
    statement="A request that is refused before its content has come is not carried out.",
    why="The client believes that nothing has happened, and sends it again.",
    hint="Do nothing more with a request once you have answered it with an error, but read its content away.",
    example=(
        'PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nIf-Match: "x"\r\nExpect: 100-continue\r\n'
        "Content-Length: 3\r\n\r\nnew",
        "HTTP/1.1 412 Precondition Failed\r\n… (and the file is as before)",
        "HTTP/1.1 412 Precondition Failed\r\n… (and the file is new)",
    ),
    requires=(AT_ONCE, "error.411-only-without-length"),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §8.2.3, read literally, forbids to act on a request whenever 100 is skipped; RFC 9110 §10.1.1 "
    "speaks of an immediate success as well. So only a request that was refused is judged.",
)
def no_action(evidence: Evidence) -> Judgement:
    page = evidence.site.throwaway
    if page is None:
        return absent(NO_FILE)
    request = put("refused", NEW, NO_MATCH, EXPECT).request(evidence, page)
    look = Step("then").request(evidence, page)
    head = request.removesuffix(NEW)
    script = (Send(head), AwaitAny(), Send(NEW), Receive(1), Send(look), Receive(2))
    before = evidence.get(page.target, [("X-Before", "a refusal")])
    exchange = evidence.play(Probe(script, ("PUT", "GET"), Risk.UNUSUAL))
    then = evidence.get(page.target, [("X-After", "a refusal")])
    if not holds(then, page.content):
        restore(evidence, page, "a refusal")
    early = exchange.status is not None and 400 <= exchange.status < 500 and not interim(exchange)
    if not early or exchange.ending is Ending.RESET:
        return absent(f"such a PUT is not refused before its content comes: {describe(exchange)}")
    if holds(before, NEW):
        return unclear("what is put here stood there before")
    if not holds(then, NEW):
        return passed(describe(exchange))
    return broken(
        exchange,
        "A PUT was carried out although it was refused before its content came.",
        expected="the old content by a GET then (RFC 2616 §8.2.3)",
        observed=f"{describe(exchange)}, and a GET then gives what was put",
    )
