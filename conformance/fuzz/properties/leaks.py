"""Nothing of one example shows in the answer to another, and after anything the next plain GET is served
(RFC 9110 §2.3, §3.1, §3.3: each request stands for itself, and an answer is that to its request).

Examples carry secrets: words that occur nowhere else. A page that has been changed by a request may show them for ever
after, and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.exchange import Exchange
from conformance.fuzz.example import Example
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Breach, Case, Controls
from conformance.predicates import found, served
from conformance.site import MISSING

SECRET = re.compile(rb"zq[a-z]{10}")
LEAK = "get.returns-target-representation"
"""A rule on what an answer is made of: there is none on what it must not be made of."""
WRITING = (b"PUT", b"POST", b"PATCH", b"DELETE")
AFTERMATH = "robustness.survives-garbage"


def private(case: Case) -> Iterator[Breach]:
    """No octet of another connection's request is in the answer."""
    if not case.recent or b"zq" not in case.exchange.received:
        return
    own = case.example.data
    for match in SECRET.finditer(case.exchange.received):
        if match[0] in own:
            continue
        source = next((each for each in case.recent if match[0] in each.data), None)
        if source is not None and not _is_stored(match[0], source):
            message = "The answer to one client holds octets that another client has sent."
            yield _told(case.exchange, match, message, "a request that came before on another connection")
            return


def retold(case: Case) -> Iterator[Breach]:
    """A word of its own is not told to the next client, who asks for the page, or for what is not there."""
    example = case.example
    words = {word for word in SECRET.findall(example.data) if not _is_stored(word, example)}
    if not words:
        return
    host = tuple(line for line in example.plain.fields if line.name == b"Host")
    for target in (MISSING.encode("latin-1"), example.plain.target.partition(b"?")[0]):
        exchange = case.controls.afresh(Request(b"GET", target, host))
        if match := next((each for each in SECRET.finditer(exchange.received) if each[0] in words), None):
            message = f"The next client, who asks for {target.decode('latin-1')}, is told octets of this request."
            yield _told(exchange, match, message, "the request that came just before on another connection")
            return


def _told(exchange: Exchange, match: re.Match[bytes], message: str, source: str) -> Breach:
    expected = "an answer made of the target and of its own request alone (RFC 9110 §3.1, §3.4)"
    observed = f"{match[0].decode()}, from {source}"
    return Breach(LEAK, found(exchange, message, expected=expected, observed=observed, span=match.span()))


def _is_stored(secret: bytes, source: Example) -> bool:
    """Whether a page may lawfully hold it, because a request was meant to change a page."""
    return any(
        secret in request.data and (request.method in WRITING or secret in request.method)
        for request in source.requests
    )


def aftermath(pulse: Exchange, request: Request, controls: Controls) -> Breach | None:
    """What a plain ``request`` that was played after an example, the ``pulse``, shows: it is served as ever."""
    control = controls.answer(request)
    if not served(control) or (pulse.response is not None and pulse.status == control.status):
        return None
    if pulse.response is not None and (pulse.status == 429 or pulse.response.field("retry-after")):
        return None  # the server says itself that there were too many, and for how long
    expected = f"status {control.status}, as before (RFC 9110 §2.3)"
    message = "A plain GET is not served any more after what was sent before."
    return Breach(AFTERMATH, found(pulse, message, expected=expected))
