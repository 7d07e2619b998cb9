"""Vary (RFC 9110 §12.5.5; RFC 2616 §13.6, §14.44): a reply that a cache may keep names the fields that chose it.

RFC 9110 lets an origin leave the field out where that serves caching better, so a breach is no more than a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import by_language, by_type, coded
from conformance.predicates import absent, broken, first_of, passed, status_span
from conformance.probe import Fields
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\nAccept-Encoding: gzip\r\n\r\n"
CODED = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{}\r\n\x1f\x8b…"
UNKEPT = re.compile(r"(?:no-store|private|no-cache|(?:s-)?max-?age=\"?0+\"?)")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True, slots=True)
class Trial:
    """One target asked for twice, with different values of one field; no value leaves the field out."""

    target: str
    name: str
    values: tuple[str | None, str | None]

    def exchange(self, evidence: Evidence, value: str | None, *more: tuple[str, str]) -> Exchange:
        """The GET with this value."""
        fields: Fields = [*([(self.name, value)] if value is not None else []), *more]
        return evidence.get(self.target, fields)


@check(
    "negotiation.vary-on-cacheable-negotiated",
    statement="A reply that caches may keep names in Vary every request field that it was chosen by.",
    why="Without it a cache gives the compressed page to a client that cannot unpack it, or the German one to all.",
    hint="Send Vary: Accept-Encoding with every reply that could have been compressed, with the plain ones too.",
    example=(REQUEST, CODED.format("Vary: Accept-Encoding\r\n"), CODED.format("")),
    also=("negotiation.vary-list-complete",),
    needs=("http-1.1",),
    risk=Risk.UNUSUAL,
    dispute="nginx compresses without Vary unless told. RFC 9110 §12.5.5 and RFC 2616 §13.6 advise to send it, and RFC "
    "9110 lets an origin leave it out for the sake of caching: a warning, and none where caches may not reuse the "
    "reply anyway.",
)
def vary(evidence: Evidence) -> Judgement:
    judged = [_judged(evidence, trial) for trial in _trials(evidence)]
    told = [judgement for judgement in judged if judgement is not None]
    return first_of(told) if told else absent("no reply that a cache may keep was seen to depend on a request field")


def _trials(evidence: Evidence) -> Iterator[Trial]:
    page = static_target(evidence)
    for target in dict.fromkeys([page, coded(evidence) or page]):
        yield Trial(target, "Accept-Encoding", ("gzip", None))
    yield Trial(page, "User-Agent", (BROWSER, None))
    yield Trial(page, "Cookie", ("conformance=1", None))
    yield Trial(by_language(evidence) or page, "Accept-Language", ("en", "de"))
    typed = by_type(evidence)
    if typed is not None:
        yield Trial(typed, "Accept", ("text/plain", "text/html"))


def _judged(evidence: Evidence, trial: Trial) -> Judgement | None:
    """None where the field makes no difference, or nothing that is kept."""
    exchanges = [trial.exchange(evidence, value) for value in trial.values]
    kept = [(x, x.response) for x in exchanges if x.response is not None and _may_be_kept(x.response)]
    if len(kept) < 2 or _look(kept[0][1]) == _look(kept[1][1]):
        return None
    repeated = trial.exchange(evidence, trial.values[0], ("From", "conformance@example.com")).response
    if repeated is None or _look(repeated) != _look(kept[0][1]):
        return None  # the page changes by itself
    for exchange, response in kept:
        if not {trial.name.lower(), "*"}.intersection(response.tokens("vary")):
            given = response.field("vary")
            return broken(
                exchange,
                f"The reply depends on {trial.name}, and Vary does not say so.",
                expected=f"Vary with {trial.name} among its names, or * (RFC 9110 §12.5.5), in all variants",
                observed=f"Vary: {given.value}" if given else "no Vary",
                span=given.value_span if given and given.value else status_span(response),
            )
    return passed()


def _look(response: Response) -> tuple[bytes, tuple[str, ...]]:
    return response.body, response.tokens("content-encoding")


def _may_be_kept(response: Response) -> bool:
    """Whether caches may use the reply again without asking."""
    limited = any(UNKEPT.fullmatch(directive) for directive in response.tokens("cache-control"))
    return response.status == 200 and response.complete and not limited
