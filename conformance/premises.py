"""Premises: what must hold of a target before anything else can be said of it.

If one fails, a single rule says so and everything else is blocked by it: a server that never answers has one fault,
not two hundred, and earns nothing for the requests that it did not refuse because it refused to talk at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.response import DefectKind
from conformance.site import MISSING
from conformance.writing import throwaway_put

SILENCE = "message.response-given"
GIBBERISH = "message.response-structure"
NO_CODE = "status-line.code-three-digits"
NO_CLASS = "status.class-1-to-5"
ENDLESS = "framing.length-or-close"
NO_SUCCESS = "get.supported"
ALL_ALIKE = "method.standard-semantics-kept"
TUNNEL_PAGE = "connect.not-answered-as-get"
FIRST_READING_STEP = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """A premise that does not hold: the rule that says so (None: nobody's fault) and why nothing else is judged."""

    rule: str | None
    reason: str


def foundation(evidence: Evidence) -> Gap | None:
    """What keeps every rule from being judged, from three plain GET requests."""
    tried = evidence.baseline
    if not any(exchange.received for exchange in tried):
        return Gap(SILENCE, "the server answers no plain GET")
    if all(exchange.ending is Ending.FLOOD for exchange in tried) or not any(map(_headed, tried)):
        headed = any(map(_headed, tried)) and any(exchange.status for exchange in tried)
        return Gap(ENDLESS if headed else SILENCE, "no reply to a plain GET ever ends")
    if not any(exchange.response and exchange.response.status_line for exchange in tried):
        return Gap(GIBBERISH, "no reply to a plain GET is an HTTP response")
    if all(exchange.status is None for exchange in tried):
        return Gap(NO_CODE, "no reply to a plain GET has a status code")
    if any(exchange.response and exchange.response.ok for exchange in tried):
        return None
    guarded = {301, 302, 303, 307, 308, 401, 403, 404, 410, 421, 429, 503}
    if any(exchange.status in guarded for exchange in tried):
        return Gap(None, "no page could be fetched: is --web-root the folder that this server serves?")
    return Gap(NO_SUCCESS, "no plain GET succeeds, so no refusal proves anything")


def unreadable(exchange: Exchange) -> list[str]:
    """The rules to which it may be due that the status of an answer cannot be told."""
    response = exchange.response
    if response is None or (response.status is not None and 100 <= response.status <= 599):
        return []
    if response.status_line is None:
        return [GIBBERISH]
    return [NO_CODE] if response.status is None else [NO_CLASS]


def _headed(exchange: Exchange) -> bool:
    """Whether more than a part of a head came, or the server has at least ended what it began."""
    response = exchange.response
    if response is None or exchange.peer_ended:
        return exchange.peer_ended
    return response.complete or bool(response.body) or not response.defect(DefectKind.NO_EMPTY_LINE)


def reads_requests(evidence: Evidence) -> Gap | None:
    """What keeps rules on requests from being judged: a server that answers everything alike has read nothing."""
    put = throwaway_put(evidence)
    last = put if put is not None else connect(evidence)
    tried = [evidence.get("/"), evidence.get(MISSING), evidence.get("/", method="BREW"), last]
    looks = {_look(exchange) for exchange in tried}
    if len(looks) > 1 or None in looks:
        return None
    rule = ALL_ALIKE if put is not None else TUNNEL_PAGE
    return Gap(rule, "the server answers every request alike, so nothing shows that it reads them")


def connect(evidence: Evidence) -> Exchange:
    """CONNECT to a name that does not exist (RFC 9110 §9.3.6)."""
    return evidence.get("example.invalid:443", method="CONNECT", host="example.invalid:443")


def _look(exchange: Exchange) -> tuple[int | None, bytes] | None:
    """Status and body, with all digits alike: a page may tell the time."""
    response = exchange.response
    return (response.status, re.sub(rb"\d", b"0", response.body)) if response else None
