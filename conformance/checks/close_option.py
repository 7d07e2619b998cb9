"""The close option of the Connection field (RFC 9112 §9.6, RFC 9110 §7.6.1; RFC 2616 §8.1.2.1, §14.10).

A server that closes after every reply keeps most of these rules without knowing them, which is lawful.
"""

from __future__ import annotations

from conformance.check import check
from conformance.connections import CLOSE, closing, document, is_http10, says_close, to_the_end
from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import absent, answered, broken, describe, first_of, passed, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\nConnection: close\r\n\r\n"
PLAIN = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
CLOSED, OPEN = f"{REPLY} (and the connection closes)", f"{REPLY} (and the connection stays open)"


def _ends(exchange: Exchange, message: str) -> Judgement:
    """Whether the server ended the connection after its reply."""
    if not answered(exchange):
        return unclear(f"no reply: {describe(exchange)}")
    if exchange.peer_ended:
        return passed()
    if exchange.ending is not Ending.SILENT:
        return unclear("the reply did not end")
    return broken(
        exchange,
        message,
        expected="the end of the connection, soon after the reply",
        observed=f"still open after {exchange.waited:.1f} s",
    )


@check(
    "connection.close-request-honoured",
    statement="After the reply to a request with Connection: close the server closes the connection.",
    why="Such a client reads to the end of the connection, and hangs if that does not come.",
    hint="Look for close in the request's Connection field, and close the socket after the reply if it is there.",
    example=(REQUEST, CLOSED, OPEN),
    requires=("framing.length-or-close",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9112 §9.6 demands the close; in RFC 2616 §14.10 the field only says that the connection should "
    "not be thought persistent. It is judged by the weaker of the two unless one of them is chosen. A "
    "close within seconds will do.",
)
def close_honoured(evidence: Evidence) -> Judgement:
    message = "The connection stays open although the request asked to close it."
    return _ends(closing(evidence, document(evidence)), message)


@check(
    "connection.close-echoed",
    statement="The reply to a request with Connection: close has Connection: close too.",
    why="Both sides then agree that this is the last reply.",
    hint='Add "Connection: close" to the reply if you are going to close the connection.',
    example=(REQUEST, CLOSED, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok (and the connection closes)"),
    requires=("connection.close-request-honoured", "connection.no-persistence-sends-close"),
    risk=Risk.UNUSUAL,
    dispute="Only RFC 9112 §9.6 advises it; RFC 2616 §14.10 has the option in every message of those who never "
    "persist. It is therefore a warning.",
)
def close_echoed(evidence: Evidence) -> Judgement:
    exchange = closing(evidence, document(evidence))
    response = exchange.response
    if response is None or response.status is None:
        return unclear(f"no reply: {describe(exchange)}")
    if is_http10(response):
        return absent("replies are of HTTP/1.0, which closes without saying so")
    if says_close(response):
        return passed()
    field = response.field("connection")
    return broken(
        exchange,
        "The last reply on the connection does not say so.",
        expected="Connection: close",
        observed=f"Connection: {field.value}" if field else "no Connection field",
        span=field.span if field else None,
    )


@check(
    "connection.nothing-after-close-request",
    statement="A request that follows one with Connection: close on the same connection is not answered.",
    why="The client has said that it sends no more; what still comes may be rubbish, or smuggled.",
    hint="Once a request with close is answered throw the rest of the input away.",
    example=(f"{REQUEST}{PLAIN}", CLOSED, f"{REPLY}{REPLY}"),
    requires=("connection.close-request-honoured", "connection.nothing-after-own-close"),
    risk=Risk.UNUSUAL,
    dispute="No answer at all is accepted: the request that is left unread may make TCP reset the connection, and "
    "the reset may destroy the first reply on its way (RFC 9112 §9.6).",
)
def nothing_after_close_request(evidence: Evidence) -> Judgement:
    target = document(evidence)
    exchange = evidence.pipeline(evidence.request(target, CLOSE), evidence.request(target))
    if exchange.peer_ended and not exchange.received:
        return passed("neither request was answered: the second, left unread, may have cost the reply (RFC 9112 §9.6)")
    if not answered(exchange):
        return unclear(f"no reply: {describe(exchange)}")
    return _one_reply(exchange, "A request after the one with Connection: close was answered.")


def _one_reply(exchange: Exchange, message: str) -> Judgement:
    if len(exchange.responses) == 1:
        return passed()
    return broken(
        exchange,
        message,
        expected="one reply, then the end of the connection",
        observed=f"{len(exchange.responses)} replies",
        span=exchange.responses[1].span,
    )


@check(
    "connection.own-close-honoured",
    statement="After a reply with Connection: close the server does close the connection.",
    why="A client that waits for the announced end hangs.",
    hint='Close the socket after every reply in which you wrote "Connection: close", or do not write it.',
    example=(PLAIN, CLOSED, OPEN),
    requires=("framing.length-or-close",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9112 §9.6 demands that the announced close comes, RFC 2616 §14.10 advises it. Servers close in "
    "stages, and not at once: whoever counts milliseconds accuses them falsely.",
)
def own_close_honoured(evidence: Evidence) -> Judgement:
    message = "The reply says Connection: close, but the connection stays open."
    trials = [_ends(to_the_end(evidence, exchange), message) for exchange, _ in _closing_answers(evidence)]
    return first_of(trials) if trials else absent("no reply says Connection: close unasked")


def _closing_answers(evidence: Evidence) -> list[Answer]:
    """A reply of each status that announces the end though nobody asked for it."""
    by_status: dict[int | None, Answer] = {}
    for exchange, response in evidence.answers:
        if says_close(response):
            by_status.setdefault(response.status, (exchange, response))
    return list(by_status.values())


@check(
    "connection.nothing-after-own-close",
    statement="After a reply with Connection: close no further request on that connection is answered.",
    why="The client has been told that the connection is over; a reply that still comes belongs to nothing.",
    hint="After a reply with Connection: close stop parsing input, and close.",
    example=(f"{PLAIN}{PLAIN}", CLOSED, f"{REPLY}{REPLY}"),
    requires=("connection.own-close-honoured",),
    risk=Risk.UNUSUAL,
)
def nothing_after_own_close(evidence: Evidence) -> Judgement:
    following = evidence.request(document(evidence))
    firsts = [exchange.probe.sent for exchange, _ in _closing_answers(evidence)]
    old = evidence.request(document(evidence), version="HTTP/1.0")
    message = "A request was answered after a reply that said Connection: close."
    trials = [
        _one_reply(exchange, message)
        for exchange in [evidence.pipeline(first, following) for first in dict.fromkeys([*firsts, old])]
        if exchange.responses and says_close(exchange.responses[0])
    ]
    return first_of(trials) if trials else absent("no reply says Connection: close unasked")


def _understood(evidence: Evidence, value: str) -> Judgement:
    """Whether the close option is found in a Connection field of this value."""
    exchange = evidence.get(document(evidence), [("Connection", value)], to_end=True)
    return _ends(exchange, f"The connection stays open after Connection: {value}.")


@check(
    "connection.options-case-insensitive",
    also=("field.literals-case-insensitive",),
    statement="The close option is recognised in any letter case.",
    why="Clients write Close as well as close.",
    hint="Compare the option in lower case: value.lower().",
    example=(REQUEST.replace("close", "Close"), CLOSED, OPEN),
    needs=("persistent",),
    requires=("connection.close-request-honoured",),
    risk=Risk.UNUSUAL,
)
def options_case(evidence: Evidence) -> Judgement:
    return first_of(_understood(evidence, value) for value in ("Close", "CLOSE"))


@check(
    "connection.option-list-parsed",
    statement="The Connection field is read as a list of options parted by commas.",
    why="Clients name other options beside close.",
    hint='Split the value at commas and look at each part: "close" in [o.strip().lower() for o in value.split(",")].',
    example=(REQUEST.replace("close", "foo, close"), CLOSED, OPEN),
    needs=("persistent",),
    requires=("connection.close-request-honoured",),
    risk=Risk.UNUSUAL,
)
def option_list(evidence: Evidence) -> Judgement:
    return _understood(evidence, "foo, close")
