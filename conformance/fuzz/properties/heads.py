"""HEAD mirrors GET (RFC 9110 §9.3.2, §8.6; RFC 2616 §9.4): the status, and the fields that describe the page.

Fields may be left out of a reply to HEAD; those that are there tell what GET would tell. A server that refuses HEAD
breaks one rule, and no other one here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from conformance.exchange import Exchange
from conformance.fuzz.example import Fate
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Breach, Case, usable
from conformance.predicates import found, served, status_span
from conformance.response import Response
from conformance.verdict import Finding

MIRRORED = {
    "Content-Length": "head.content-length-as-get",
    "Content-Type": "head.content-type-same",
    "ETag": "head.same-fields",
    "Last-Modified": "head.same-fields",
}
UNSUPPORTED = (405, 501)
PARTIAL = (206, 416)


def mirrored(case: Case) -> Iterator[Breach]:
    """A HEAD that must be served is answered as the same GET, without its body."""
    request, head = case.example.request, case.answer
    if request.method != b"HEAD" or case.example.fate is Fate.REFUSED or head is None or not usable(head):
        return
    twin = replace(request, method=b"GET").without(b"Range").without(b"If-Range")
    control = case.controls.answer(twin)
    get = control.response
    if get is None or not usable(get):
        return
    if head.status in UNSUPPORTED:
        if served(control):
            yield _status(case, "head.supported", "HEAD is not supported.", head, get)
    elif head.status != get.status:
        yield from _other_status(case, twin, head, get)
    elif head.status == 200:
        yield from _other_fields(case, twin, head)


def _other_status(case: Case, twin: Request, head: Response, get: Response) -> Iterator[Breach]:
    ranged = b"range" in case.example.request.head.lower() and head.status in PARTIAL
    fails = get.status is None or get.status >= 500  # a program may fail over the content, which HEAD need not make
    if ranged or fails or case.example.fate is not Fate.SERVED:
        return
    if case.controls.steady(twin, "status", lambda response: response.status):
        yield _status(case, "head.same-status-as-get", "HEAD and GET have different statuses.", head, get)


def _status(case: Case, rule: str, message: str, head: Response, get: Response) -> Breach:
    expected = f"status {get.status}, as for GET (RFC 9110 §9.3.2)"
    return Breach(rule, _found(case.exchange, message, expected, f"status {head.status}", status_span(head)))


def _other_fields(case: Case, twin: Request, head: Response) -> Iterator[Breach]:
    for name, rule in MIRRORED.items():
        field = head.field(name)
        get = case.controls.answer(twin).response
        other = get.field(name) if get is not None else None
        if field is None or other is None or _meaning(name, head) == _meaning(name, get):
            continue
        if case.controls.steady(twin, name, partial(_meaning, name)):
            message = f"HEAD and GET have different {name} fields."
            yield Breach(rule, _found(case.exchange, message, f"{other.value}, as for GET", field.value, field.span))


def _meaning(name: str, response: Response | None) -> str | None:
    value = response.value(name) if response is not None else None
    return None if value is None else value.replace(" ", "").lower() if name == "Content-Type" else value


def _found(exchange: Exchange, message: str, expected: str, observed: str, span: tuple[int, int] | None) -> Finding:
    return found(exchange, message, expected=expected, observed=observed, span=span)
