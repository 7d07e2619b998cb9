"""One final reply for each request, in the order of the requests, on a connection that is not left hanging
(RFC 9110 §15, RFC 9112 §9.2 to §9.6).

How many replies malformed octets may draw is judged only where it is certain: what was meant as one request is not
always seen as one. A server may close after any reply.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.controls import REFUSAL
from conformance.connections import says_close
from conformance.exchange import Ending, Exchange
from conformance.fuzz.example import Fate
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Breach, Case, usable, well_named
from conformance.predicates import OVERLOADED, found
from conformance.response import Response

CLOSED_EARLY = "a reply to each in its turn (RFC 9112 §9.3.2), or the end of the connection (RFC 9112 §9.5)"
TIMED_OUT = 408
TOLD_BY_CLOSE = "no further reply on this connection, and its end (RFC 9112 §9.6)"


def answered(case: Case) -> Iterator[Breach]:
    """A finished request is answered, or the connection ends."""
    exchange, example = case.exchange, case.example
    if exchange.ending not in (Ending.SILENT, Ending.FLOOD) or any(map(_excused, exchange.responses)):
        return
    if len(exchange.responses) < len(example.before):
        message = "A good request is not answered once another one comes in the same packet."
        yield Breach("pipelining.requests-not-lost", found(exchange, message, expected=CLOSED_EARLY))
    elif case.answer is None and example.finished:
        if example.fate is not Fate.SERVED:
            message = f"A finished request ({case.name}) draws neither a response nor a close."
            expects = [value.strip(b" \t").lower() for value in well_named(example.request, b"expect")]
            lawful = "expect.final-after-100" if expects == [b"100-continue"] else "robustness.survives-garbage"
            own = example.fate is Fate.REFUSED or example.mutation.rule.startswith("limits.")
            rule = example.mutation.rule if own else lawful
            yield Breach(rule, found(exchange, message, expected=REFUSAL))
        elif case.control.response is not None:
            yield _left_waiting(case)


def _left_waiting(case: Case) -> Breach:
    """A good request without an answer: by its change, unless the plain one waits as well behind the same requests."""
    example, exchange = case.example, case.exchange
    if example.before or example.after:
        control = case.controls.sequence(*example.before, example.plain, *example.after)
        if len(control.responses) <= len(example.before) and control.ending is Ending.SILENT:
            message = "A good request is not answered beside another one in the same packet."
            bodies = any(request.body for request in example.before)
            rule = "framing.read-body-or-close" if bodies else "pipelining.requests-not-lost"
            return Breach(rule, found(exchange, message, expected=CLOSED_EARLY))
    message = f"A good request ({case.name}) draws neither a response nor a close, and the plain one does."
    head = example.request.method == b"HEAD" != example.plain.method
    rule = "head.supported" if head else example.mutation.rule
    return Breach(rule, found(exchange, message, expected=_as(case.control)))


def _excused(response: Response) -> bool:
    """Whether a server that has sent this reply may leave the next request alone."""
    return says_close(response) or not usable(response) or response.status == 101 or response.method == "CONNECT"


def _as(control: Exchange) -> str:
    return f"status {control.status}, as to the plain request"


def counted(case: Case) -> Iterator[Breach]:
    """Good requests draw one final reply each while the connection lasts."""
    example, exchange = case.example, case.exchange
    if example.fate is not Fate.SERVED:
        return
    replies = [reply for reply in exchange.responses if reply.status != TIMED_OUT]
    if len(replies) > len(example.requests):
        extra = replies[len(example.requests)]
        message = f"{len(replies)} final replies answer {len(example.requests)} good requests ({case.name})."
        finding = found(
            exchange,
            message,
            expected="one final reply for each request (RFC 9110 §15, RFC 9112 §9.2)",
            observed=f"one of status {extra.status} too many",
            span=extra.span,
        )
        yield Breach(_blamed(case, "message.one-final-reply-per-request"), finding)
    waiting = exchange.ending is Ending.SILENT and len(example.before) < len(replies) < len(example.requests)
    if waiting and not any(map(_excused, replies)):
        message = f"A request behind a good one ({case.name}) is not answered, and the connection stays open."
        observed = f"{len(replies)} replies to {len(example.requests)} requests"
        finding = found(exchange, message, expected=CLOSED_EARLY, observed=observed)
        yield Breach(_blamed(case, "pipelining.requests-not-lost"), finding)


def _blamed(case: Case, rule: str) -> str:
    """``rule``, or that on bodies, if the plain request has the same trouble in this company; else the change's own."""
    example, plain = case.example, case.example.plain
    if plain.body and _left(case):
        return "framing.read-body-or-close"
    control = case.controls.sequence(*example.before, plain, *example.after)
    replies = [reply for reply in control.responses if reply.status != TIMED_OUT]
    if len(replies) == len(example.requests) or control.peer_ended:
        return example.mutation.rule
    return "framing.read-body-or-close" if plain.body else rule


def _left(case: Case) -> bool:
    """Whether the plain request's own body is taken for another request, as the reply behind it shows."""
    plain = case.example.plain
    following = Request(b"GET", plain.target, tuple(line for line in plain.fields if line.name.lower() == b"host"))
    replies, wanted = case.controls.sequence(plain, following).responses, case.controls.answer(following).response
    return len(replies) > 1 and wanted is not None and not _same(replies[1], wanted)


def ordered(case: Case) -> Iterator[Breach]:
    """The good requests round the one in question are answered as if they were alone."""
    example, exchange = case.example, case.exchange
    certain = example.fate is Fate.SERVED
    for index, (request, reply) in enumerate(zip(example.requests, exchange.responses, strict=False)):
        if index == len(example.before):
            if not certain:
                return
            continue
        control = case.controls.answer(request)
        wanted = control.response
        if wanted is None or not usable(wanted) or not usable(reply) or _same(reply, wanted):
            continue
        if not certain and not reply.ok:
            return  # a refusal of all that came in the packet
        if not case.controls.steady(request, "answer", lambda response: (response.status, response.body)):
            continue
        finding = found(
            exchange,
            f"A plain request in the company of another ({case.name}) is not answered as it is alone.",
            expected=f"status {wanted.status} with its {len(wanted.body)} octets; {CLOSED_EARLY}",
            observed=f"reply {index + 1} has status {reply.status} and {len(reply.body)} octets",
            span=reply.span,
        )
        yield Breach(_misplaced(case, index), finding)
        return


def _same(reply: Response, wanted: Response) -> bool:
    return reply.status == wanted.status and reply.body == wanted.body


def _misplaced(case: Case, index: int) -> str:
    """Why a plain request beside the one in question goes wrong: the change, or what stood there before it.

    A refusal in front of it is the change's own, too: some read a whole packet before they answer any of it.
    """
    example = case.example
    ahead = index < len(example.before)
    if ahead and case.exchange.responses[index].ok:
        return "pipelining.responses-in-order"
    control = case.controls.sequence(*example.before, example.plain, *example.after)
    wanted = case.controls.answer(example.requests[index]).response
    unanswered = len(control.responses) <= index
    right = not unanswered and wanted is not None and _same(control.responses[index], wanted)
    if right or (unanswered and control.ending is not Ending.SILENT):
        return example.mutation.rule
    return "framing.read-body-or-close" if example.plain.body and not ahead else "pipelining.responses-in-order"


def closed(case: Case) -> Iterator[Breach]:
    """Nothing is answered behind a reply, or a request, that has said close, nor behind what leaves no safe way on."""
    replies, example = case.exchange.responses, case.example
    for index in range(len(replies) - 1):
        reply, following = replies[index], replies[index + 1]
        if not reply.complete or reply.status is None or following.status in (None, TIMED_OUT, *OVERLOADED):
            return
        if says_close(reply):
            message = "A request is answered behind a reply that has said close."
            yield _answered_on(case, "connection.nothing-after-own-close", message, following)
            return
        if index == len(example.before) and following.ok:
            yield from _unsafe(case, reply, following)


def _unsafe(case: Case, reply: Response, following: Response) -> Iterator[Breach]:
    request, rule = case.example.request, case.example.mutation.rule
    codings = [value.strip(b" \t").lower() for value in well_named(request, b"transfer-encoding")]
    options = [value.strip(b" \t").lower() for value in well_named(request, b"connection")]
    if case.example.fate is Fate.SERVED and options == [b"close"]:
        message = "A request is answered behind one that has said Connection: close."
        yield _answered_on(case, "connection.nothing-after-close-request", message, following)
    elif codings == [b"chunked"] and request.version == b"HTTP/1.0":
        message = "The connection goes on after a request of HTTP/1.0 with Transfer-Encoding."
        yield _answered_on(case, "framing.http10-te-close", message, following)
    elif codings == [b"chunked"] and len(well_named(request, b"content-length")) == 1:
        message = "The connection goes on after a request with both Transfer-Encoding and Content-Length."
        yield _answered_on(case, "framing.te-and-cl-close", message, following)
    elif case.example.fate is Fate.REFUSED and reply.status is not None and reply.status >= 400 and rule in CLOSES:
        message = f"The connection goes on after a request whose end nobody knows ({case.name})."
        yield _answered_on(case, CLOSES[rule], message, following)


CLOSES = {
    "framing.invalid-content-length-400": "framing.invalid-content-length-close",
    "framing.invalid-content-length-close": "framing.invalid-content-length-close",
    "framing.conflicting-content-lengths-400": "framing.invalid-content-length-close",
    "framing.te-not-chunked-last-400": "framing.te-not-chunked-last-close",
    "framing.te-not-chunked-last-close": "framing.te-not-chunked-last-close",
}
"""Faults after whose refusal the connection has to be closed (RFC 9112 §6.3), and the rule that says so."""


def _answered_on(case: Case, rule: str, message: str, following: Response) -> Breach:
    observed = f"another reply, of status {following.status}"
    return Breach(rule, found(case.exchange, message, expected=TOLD_BY_CLOSE, observed=observed, span=following.span))
