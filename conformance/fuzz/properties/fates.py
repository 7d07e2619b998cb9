"""What must be refused is not served; what must be served is served as the plain request is.

A refusal, or a difference, proves something only beside a plain request that is served. Servers protect themselves
from what is large or too much (RFC 9110 §15.5.14, §15.5.15), and change their pages as they like.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from conformance.checks.controls import REFUSAL, TARGET_REFUSAL
from conformance.checks.representation import GUARDED
from conformance.exchange import Ending
from conformance.exemplars import resolved
from conformance.fuzz.example import Fate
from conformance.fuzz.properties.case import Breach, Case, usable
from conformance.predicates import OVERLOADED, found, served, status_span
from conformance.response import Response
from conformance.verdict import Finding

LARGE = 4000
MANY = 10
SEGMENTS = "message.request-in-segments"
SELF_PROTECTION = (413, 414, 431)
BY_LOCATION = (301, 302, 303, 307, 308)
TARGET_AREAS = ("target.", "request-line.", "security.")
"""Rules on targets, which may be put right by a redirect (RFC 9112 §3)."""

SELECTIVE = (
    *(b"\nrange", b"\nif-", b"\naccept", b"\nexpect", b"\nupgrade", b"\nte:", b"\nauthorization", b"\ncookie"),
    *(b"\nuser-agent", b"\nreferer", b"\nfrom:"),
)
"""Beginnings of fields by which a client asks for another answer than the plain one, or tells whom it is for."""

ASPECTS: dict[str, Callable[[Response], object]] = {
    "body": lambda response: response.body,
    "Content-Type": lambda response: (response.value("content-type") or "").replace(" ", "").lower(),
    "ETag": lambda response: response.value("etag"),
}


def refused(case: Case) -> Iterator[Breach]:
    """What must be refused is neither served nor, but for its target, redirected."""
    answer, example = case.answer, case.example
    if example.fate is not Fate.REFUSED or answer is None or answer.status is None or not served(case.control):
        return
    if example.after and len(case.exchange.responses) < len(example.requests):
        return  # it may be the answer to the good request behind
    by_target = example.mutation.rule.startswith(TARGET_AREAS)
    elsewhere = BY_LOCATION if by_target else (301,)
    if answer.ok or answer.status == 500 or (300 <= answer.status <= 399 and answer.status not in elsewhere):
        done = "is served" if answer.ok else "makes the server fail" if answer.status == 500 else "is not refused"
        message = f"A request with a fault ({case.name}) {done}."
        expected = TARGET_REFUSAL if by_target else REFUSAL
        finding = found(case.exchange, message, expected=expected, observed=_seen(answer), span=status_span(answer))
        yield Breach(example.mutation.rule, finding)
    elif answer.status >= 400:
        yield from _smuggled(case)


def _smuggled(case: Case) -> Iterator[Breach]:
    """Behind a refused request no more is served than the good requests that follow it."""
    behind = case.exchange.responses[len(case.example.before) + 1 :]
    good = [reply for reply in behind if reply.ok]
    if len(good) > len(case.example.after):
        message = f"A part of a refused request ({case.name}) is served as a request of its own."
        expected = "the whole body read, or the end of the connection (RFC 9112 §9.3)"
        finding = found(case.exchange, message, expected=expected, observed=_seen(good[-1]), span=good[-1].span)
        yield Breach("framing.read-body-or-close", finding)


def _seen(response: Response) -> str:
    return f"status {response.status}"


def alike(case: Case) -> Iterator[Breach]:
    """What must be served is answered as the plain request is."""
    example, control = case.example, case.control
    wanted = control.response
    if example.fate is not Fate.SERVED or wanted is None or not usable(wanted):
        return
    answer = case.answer
    if answer is None:
        yield from _closed_upon(case)
    elif answer.status is not None and not _protects(case, answer) and not _put_right(case, answer):
        if _differs(case, answer, wanted):
            yield from _other_status(case, answer)
        else:
            yield from _other_content(case, answer)


def _protects(case: Case, answer: Response) -> bool:
    """Whether the status shows no more than that the server protects itself."""
    request = case.example.request
    large = len(request.data) > LARGE
    many = len(request.fields) > MANY and answer.status == 431
    return answer.status in OVERLOADED or many or (large and answer.status in SELF_PROTECTION)


def _put_right(case: Case, answer: Response) -> bool:
    """Whether another spelling of a target is redirected to the plain one (RFC 9110 §4.2.3), or refused by policy."""
    plain, location = case.example.plain.target, answer.value("location")
    if plain == case.example.request.target or answer.status in GUARDED:
        return plain != case.example.request.target
    if answer.status not in BY_LOCATION or location is None:
        return False
    return unquote_to_bytes(resolved(plain.decode("latin-1"), location)) == unquote_to_bytes(plain.partition(b"?")[0])


def _closed_upon(case: Case) -> Iterator[Breach]:
    """A good request that is alone draws an answer; a reset, or what is large or has a needless body, tells nothing."""
    example, exchange = case.example, case.exchange
    needless = example.request.method in (b"GET", b"HEAD") and example.request.body
    if example.before or needless or exchange.ending is not Ending.CLOSED or exchange.received:
        return
    if served(case.control) and len(example.request.data) <= LARGE:
        message = f"A good request ({case.name}) draws a close, and the plain one is served."
        expected = f"status {case.control.status}, as to the plain request"
        finding = found(exchange, message, expected=expected)
        for breach in _breach(case, finding):
            head = example.request.method == b"HEAD" != example.plain.method and breach.rule != SEGMENTS
            yield Breach("head.supported", finding) if head else breach


def _breach(case: Case, finding: Finding) -> Iterator[Breach]:
    """Put down to the change, unless the plain request goes the same way in this company; or to the pieces."""
    example, index = case.example, len(case.example.before)
    if len(example.requests) > 1:
        replies = case.controls.sequence(*example.before, example.plain, *example.after).responses
        reply = replies[index] if index < len(replies) else None
        if (reply and (reply.status, reply.body)) == (case.answer and (case.answer.status, case.answer.body)):
            return
    whole = case.controls.answer(example.request).response if example.cuts else None
    wanted = case.control.response
    in_pieces = whole is not None and wanted is not None and usable(whole) and not _differs(case, whole, wanted)
    yield Breach(SEGMENTS if in_pieces else example.mutation.rule, finding)


def _asks_otherwise(case: Case) -> bool:
    """Whether the request has a field that asks for another answer, and the plain one has not."""
    head, plain = case.example.request.head.lower(), case.example.plain.head.lower()
    return any(mark in head and mark not in plain for mark in SELECTIVE)


def _differs(case: Case, answer: Response, wanted: Response) -> bool:
    """Whether the statuses tell two treatments: which success it is counts for GET alone, and which refusal never."""
    one, other = answer.status or 0, wanted.status or 0
    request, plain = case.example.request, case.example.plain
    if one == other or (one in (101, 206, 304, 406, 412, 416, 417) and _asks_otherwise(case)):
        return False
    if request.method != plain.method:
        return request.method != b"HEAD" and one == 400  # whether another method is liked is no question of form
    if one < 300 and other < 300:
        return plain.method == b"GET"
    if other >= 400:
        return one == 500 or (one < 400 and other != 400)  # whom the plain one displeases is not this rule's matter
    return one // 100 != other // 100


def _other_status(case: Case, answer: Response) -> Iterator[Breach]:
    fresh = case.controls.afresh(case.example.plain).response
    if fresh is None or not usable(fresh) or not _differs(case, answer, fresh):
        return
    message = f"A good request ({case.name}) is not answered as the plain one is."
    expected = f"status {fresh.status}, as to the plain request"
    finding = found(case.exchange, message, expected=expected, observed=_seen(answer), span=status_span(answer))
    yield from _breach(case, finding)


def _other_content(case: Case, answer: Response) -> Iterator[Breach]:
    request, plain, wanted = case.example.request, case.example.plain, case.control.response
    if wanted is None or not answer.complete or answer.status != wanted.status or not (answer.ok and wanted.ok):
        return
    same_request = request.method == plain.method and request.content == plain.content
    if not same_request or _asks_otherwise(case) or _coded(answer) != _coded(wanted):
        return
    for aspect, look in ASPECTS.items():
        if look(answer) != look(wanted) and case.controls.steady(plain, aspect, look):
            fresh = case.control.response
            if fresh is None or look(answer) == look(fresh) or (aspect != "Content-Type" and _echoed(case, answer)):
                continue
            message = f"A good request ({case.name}) is answered by another {aspect} than the plain one."
            observed = f"{len(answer.body)} octets" if aspect == "body" else str(answer.value(aspect))
            expected = f"the {len(fresh.body)} octets" if aspect == "body" else str(fresh.value(aspect))
            expected += " that the plain request draws"
            finding = found(case.exchange, message, expected=expected, observed=observed, span=answer.span)
            yield Breach(case.example.mutation.rule, finding)
            return


def _coded(response: Response) -> tuple[str, ...]:
    return response.tokens("content-encoding")


def _echoed(case: Case, answer: Response) -> bool:
    """Whether the page shows the target, which was another one."""
    target = case.example.request.target
    if target == case.example.plain.target:
        return False
    written = target.decode("latin-1")
    shown = {target, unquote_to_bytes(target), html.escape(written).encode("latin-1", "replace")}
    return any(each in answer.body for each in shown if each != b"/")
