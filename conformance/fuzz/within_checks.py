"""Generated requests within the checks of single rules: two examples of a mutation, the same in every run.

What counts as wrong is a function of an example and its exchange, :func:`disorder` or :func:`misjudged`. The fuzz
proper, by :mod:`conformance.fuzz.campaign`, tries many more and knows more ways to be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import TypeAlias

from hypothesis.strategies import SearchStrategy

from conformance import oracle
from conformance.checks.controls import REFUSAL, static_target
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz import mutations
from conformance.fuzz.deck import Deck, Wrong
from conformance.fuzz.example import Example, Fate, Ground, Mutation
from conformance.fuzz.message import FieldLine, Request
from conformance.grammar import VERSION
from conformance.predicates import OVERLOADED, found, served, status_span
from conformance.response import DefectKind, Response
from conformance.verdict import Finding, Judgement, Verdict

KINDS = (
    *("nothing", "a query", "a whole URL as target", "blanks round a value", "capitals in a field name"),
    *("an unknown field", "an unknown field with a short name", "octets beyond ASCII in a value"),
    *("an empty line before", "another version", "a broken version", "a fourth word", "a blank in the target"),
    *("one word only", "more blanks between the words", "blanks at the ends of the line"),
    *("a delimiter in the method", "control octets in the method", "octets beyond ASCII in the method"),
    *("an unknown method", "a long method", "a target without its slash", "octets outside the grammar of URIs"),
    *("broken percent-escapes", "escapes that are no UTF-8", "control octets in the target", "a CR inside the line"),
    *("a lone LF after the request line", "a long target", "many slashes and dots", "many fields"),
    *("a field line without sense", "octets at random"),
)
"""The names of the mutations that every run tries."""

WELL_FORMED = ("a query",)
"""May draw another page, or none, but is no bad request all the same."""

OTHERS = 1
"""So many examples of each mutation are played, beside the simplest."""

SHRINKING = 30
"""So many requests more are sent, at most, to find a smaller one that is answered as wrongly."""

Test: TypeAlias = Callable[[Example, Exchange], Finding | None]


class _Trial:
    def __init__(self, evidence: Evidence, test: Test) -> None:
        self.evidence = evidence
        self.test = test
        self.finding: Finding | None = None
        self.gone: NoEvidence | None = None
        self.budget = SHRINKING

    def attempt(self, example: Example) -> None:
        """Play and judge ``example``; raises Wrong if its answer is wrong."""
        exchange = self._exchange(example)
        finding = self.test(example, exchange) if exchange is not None else None
        if finding is not None:
            self.finding = finding
            if finding.exchange.killed:
                self.budget = 0  # a smaller one would have to kill the server again
            raise Wrong

    def _exchange(self, example: Example) -> Exchange | None:
        """The exchange of ``example``; None if it is not to be had, or not worth having any more."""
        if self.finding is not None and example.probe not in self.evidence.exchanges:
            if self.budget == 0:
                return None
            self.budget -= 1
        try:
            return self.evidence.play(example.probe)
        except NoEvidence as gone:
            self.gone = gone
            return None


def explore(evidence: Evidence, test: Test, names: Iterable[str] = KINDS) -> Finding | None:
    """The finding of the smallest example of the mutations of these names that ``test`` objects to, or None.

    Raises NoEvidence if examples could not be played, and nothing was found without them.
    """
    trial = _Trial(evidence, test)
    for name in names:
        deck = _deck(mutations.load()[name], evidence.site.authority, static_target(evidence))
        try:
            for example in _first(deck):
                trial.attempt(example)
        except Wrong:
            deck.shrink(0, trial.attempt)
            return trial.finding
    if trial.gone is not None:
        raise trial.gone
    return None


def told_apart(judgement: Judgement, evidence: Evidence, *names: str) -> Judgement:
    """What a check found with examples of its own; if it found nothing wrong, what generated ones of a kind show."""
    if judgement.verdict is not Verdict.PASS:
        return judgement
    finding = explore(evidence, misjudged, names)
    return judgement if finding is None else Judgement(Verdict.FAIL, finding=finding)


@cache
def _deck(mutation: Mutation, authority: str, target: str) -> Deck:
    """Examples made of the simplest GET of ``target``, each alone on its connection and whole."""
    ground = Ground(authority.encode("latin-1"), (target.encode("latin-1"),))
    plain = Request(b"GET", ground.pages[0], (FieldLine(b"Host", ground.authority),))

    def make(_: Mutation) -> SearchStrategy[Example]:
        return mutation.make(plain, ground).map(lambda request: Example(mutation, request, plain))

    return Deck((mutation,), make, mutation.name)


@cache
def _first(deck: Deck) -> tuple[Example, ...]:
    """The simplest and another one: always the same, and dear enough to be made once only."""
    simplest = deck.simplest(deck.mutations[0])
    others = (example for _, example in islice(deck.examples(), OTHERS))
    return (*others,) if simplest is None else (simplest, *others)


def disorder(example: Example, exchange: Exchange) -> Finding | None:
    """Every request is owed a response in good form or a close; silence only if it may look unfinished."""
    return disorderly(exchange, example.mutation.name, finished=example.finished)


def disorderly(exchange: Exchange, change: str, *, finished: bool = True) -> Finding | None:
    """What is wrong with the form of the answer to a request with this change, or that none comes."""
    expected = "400 (RFC 9112 §2.2), another response in good form (RFC 9110 §15), or a close (RFC 9112 §9.5)"
    message = f"A request ({change}) leaves the client without a good answer."
    response = exchange.response
    if exchange.killed:
        return found(exchange, message, expected=expected)
    if response is None:
        silent = exchange.ending in (Ending.SILENT, Ending.FLOOD) and finished
        return found(exchange, message, expected=expected) if silent else None
    defect = response.defect(DefectKind.NO_STATUS_LINE)
    if defect is not None:
        return found(exchange, message, expected=expected, observed="no status line", span=defect.span)
    if not response.complete:
        cut = exchange.ending is Ending.RESET
        return None if cut else found(exchange, message, expected=expected, observed="a reply that does not end")
    refusal = oracle.opinion(exchange).refusal if not _echoes_version(exchange, response) else None
    return found(exchange, message, expected=expected, observed=refusal) if refusal else None


def _echoes_version(exchange: Exchange, response: Response) -> bool:
    """Whether the reply has the client's odd version, which is a fault by itself (``version.sent-not-above-own``)."""
    asked = exchange.probe.sent.partition(b"\n")[0].split()[-1:]
    return asked == [response.version.encode("latin-1")] and not VERSION.fullmatch(response.version)


def misjudged(example: Example, exchange: Exchange) -> Finding | None:
    """Good requests are not called malformed, malformed ones are not served."""
    status, change = exchange.status, example.mutation.name
    if status in OVERLOADED or exchange.killed:
        return None
    if example.fate is Fate.REFUSED and served(exchange):
        return found(
            exchange,
            f"A request with a fault ({change}) is served.",
            expected=REFUSAL,
            span=status_span(exchange.responses[0]),
        )
    good = example.fate is Fate.SERVED or change in WELL_FORMED
    if good and (status is None or status == 400 or status >= 500):
        return found(
            exchange,
            f"A good request ({change}) is taken for a bad one.",
            expected="the page, or whatever else a good request may draw",
        )
    return None
