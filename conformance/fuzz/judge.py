"""The hunt: generated requests are played until one is answered wrongly, which is then shrunk within a small budget.

What counts as wrong is a function of an example and its exchange, :func:`disorder` or :func:`misjudged`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from conformance import oracle
from conformance.checks.controls import REFUSAL, static_target
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz.changes import CHANGES
from conformance.fuzz.strategies import Change, Example, Fate, requests
from conformance.predicates import OVERLOADED, found, served, status_span
from conformance.probe import Probe, Receive, Send
from conformance.response import DefectKind
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

EXAMPLES = 2
"""Of each kind of change: the simplest and another."""

SHRINKING = 30
"""So many requests more are sent, at most, to find a smaller one that is answered as wrongly."""

Test: TypeAlias = Callable[[Example, Exchange], Finding | None]


class _Wrong(Exception):
    """Tells Hypothesis that an example was answered wrongly."""


class _Hunt:
    def __init__(self, evidence: Evidence, test: Test) -> None:
        self.evidence = evidence
        self.test = test
        self.finding: Finding | None = None
        self.gone: NoEvidence | None = None
        self.budget = SHRINKING

    def attempt(self, example: Example) -> None:
        """Play and judge ``example``; raises _Wrong if its answer is wrong."""
        exchange = self._exchange(example)
        finding = self.test(example, exchange) if exchange is not None else None
        if finding is not None:
            self.finding = finding
            if finding.exchange.killed:
                self.budget = 0  # a smaller one would have to kill the server again
            raise _Wrong

    def _exchange(self, example: Example) -> Exchange | None:
        """The exchange of ``example``; None if it is not to be had, or not worth having any more."""
        risk = Risk.UNUSUAL if example.fate is Fate.ACCEPTED else Risk.MALFORMED
        probe = Probe((Send(example.data), Receive(1)), ("GET",), risk)
        if self.finding is not None and probe not in self.evidence.exchanges:
            if self.budget == 0:
                return None
            self.budget -= 1
        try:
            return self.evidence.play(probe)
        except NoEvidence as gone:
            self.gone = gone
            return None


def explore(evidence: Evidence, test: Test, changes: Iterable[Change] = CHANGES) -> Finding | None:
    """The finding of the smallest example with one of ``changes`` that ``test`` objects to, or None.

    Raises NoEvidence if examples could not be played, and nothing was found without them.
    """
    hunt = _Hunt(evidence, test)
    for change in changes:
        where = (change, evidence.site.authority, static_target(evidence))
        try:
            for example in _examples(*where):
                hunt.attempt(example)
        except _Wrong:
            with suppress(_Wrong):
                _draw(requests(*where), hunt.attempt)  # the same ones again, and on to smaller ones
            return hunt.finding
    if hunt.gone is not None:
        raise hunt.gone
    return None


def told_apart(judgement: Judgement, evidence: Evidence, *changes: str) -> Judgement:
    """What a check found with examples of its own; if it found nothing wrong, what generated ones of a kind show."""
    if judgement.verdict is not Verdict.PASS:
        return judgement
    named = {change.name: change for change in CHANGES}
    finding = explore(evidence, misjudged, [named[name] for name in changes])
    return judgement if finding is None else Judgement(Verdict.FAIL, finding=finding)


@cache
def _examples(change: Change, authority: str, target: str) -> tuple[Example, ...]:
    """The examples to begin with: always the same, and dear enough to be made once only."""
    made: list[Example] = []
    _draw(requests(change, authority, target), made.append)
    return tuple(made)


def _draw(examples: SearchStrategy[Example], action: Callable[[Example], None]) -> None:
    """Do ``action`` to some of ``examples``; if it raises, then to smaller ones until none raises any more."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def attempt(example: Example) -> None:
        action(example)

    attempt()


def disorder(example: Example, exchange: Exchange) -> Finding | None:
    """Every request is owed a response in good form or a close; silence only if it may look unfinished."""
    expected = "400 (RFC 9112 §2.2), another response in good form (RFC 9110 §15), or a close (RFC 9112 §9.5)"
    message = f"A request with {example.change} changed leaves the client without a good answer."
    response = exchange.response
    if exchange.killed:
        return found(exchange, message, expected=expected)
    if response is None:
        silent = exchange.ending in (Ending.SILENT, Ending.FLOOD) and example.finished
        return found(exchange, message, expected=expected) if silent else None
    defect = response.defect(DefectKind.NO_STATUS_LINE)
    if defect is not None:
        return found(exchange, message, expected=expected, observed="no status line", span=defect.span)
    if not response.complete:
        cut = exchange.ending is Ending.RESET
        return None if cut else found(exchange, message, expected=expected, observed="a reply that does not end")
    refusal = oracle.opinion(exchange).refusal
    return found(exchange, message, expected=expected, observed=refusal) if refusal else None


def misjudged(example: Example, exchange: Exchange) -> Finding | None:
    """Good requests are not called malformed, malformed ones are not served."""
    status = exchange.status
    if status in OVERLOADED or exchange.killed:
        return None
    if example.fate is Fate.REFUSED and served(exchange):
        return found(
            exchange,
            f"A request with a fault ({example.change}) is served.",
            expected=REFUSAL,
            span=status_span(exchange.responses[0]),
        )
    if example.fate is Fate.ACCEPTED and (status is None or status == 400 or status >= 500):
        return found(
            exchange,
            f"A good request ({example.change}) is taken for a bad one.",
            expected="the page, or whatever else a good request may draw",
        )
    return None
