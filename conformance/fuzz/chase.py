"""The chase: from the first example that fails to the plainest one that fails in the same way.

Hypothesis shrinks what it has drawn; then other mutations are tried that may say the same more plainly, and at last
whatever the failure does not need is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from conformance.exchange import Ending
from conformance.fuzz.deck import Deck, Fits
from conformance.fuzz.example import Base, Example, Fate, Mutation
from conformance.fuzz.judge import Judge
from conformance.fuzz.plainest import plainest
from conformance.fuzz.properties import Breach
from conformance.fuzz.shrinking import Shrinking
from conformance.fuzz.standing import COMPANY, SEGMENTS, Catch

DELIVERY = (SEGMENTS, *COMPANY)
"""Rules that are broken by how good requests are sent, whatever they say."""
REPEATS = 3
"""So often is the smallest example played again, to tell whether it fails each time."""
WARY = 4
"""So many times more often, if the server is known not to be steady."""
PLAINER_TRIES = 40
"""So many tries to leave out what a failure does not need."""
CAUSE_TRIES = 40
"""So many tries to see the same failure by a plainer mutation."""


def _silent(breach: Breach) -> bool:
    """Whether what is wrong is that nothing came."""
    return breach.finding.exchange.ending is Ending.SILENT


def _beyond(breach: Breach, example: Example) -> bool:
    """Whether a reply came that nobody waits for: there are more than requests."""
    return len(breach.finding.exchange.responses) > len(example.requests)


@dataclass(frozen=True)
class Chase:
    """Makes catches of failures; ``deck`` is that of the hunt, and a mutation of it has to fit."""

    judge: Judge
    deck: Deck
    fits: Fits

    def shrunk(self, deck: Deck, number: int, example: Example, breach: Breach) -> tuple[Breach, Example]:
        """The smallest failure of the rule: the simplest example of all, or what Hypothesis makes of this one."""
        standing, late = self.judge.standing, _beyond(breach, example)

        def look(smaller: Example) -> Breach | None:
            return self._same(smaller, breach.rule)

        def waiting(smaller: Example) -> Example:
            return replace(smaller, pauses=True) if late and not smaller.cuts else smaller

        shrinking = Shrinking(waiting(example), breach, look, standing.budget.shrinking, lambda: standing.in_time)
        simplest = deck.simplest(example.mutation)
        if simplest is not None:
            shrinking.fails(waiting(simplest))
        first = shrinking.smallest
        deck.shrink(number, lambda smaller: shrinking.attempt(waiting(smaller)), self.fits)
        return min(first, shrinking.smallest, key=lambda failure: len(failure[1].data))

    def caught(self, breach: Breach, example: Example) -> Catch:
        """The catch, after playing the example some times more, and plainer ones of its kind."""
        breach, example = self._plainer_cause(breach, example)
        breach, example = self._plainest(breach, example)
        repeats = REPEATS * (WARY if self.judge.standing.wavering else 1)
        failures = plays = 1
        for _ in range(repeats):
            again = self._same(example, breach.rule)
            if again is None and _silent(breach) and not self.judge.standing.in_time:
                break  # nobody has waited for it
            plays += 1
            failures += again is not None
        self.judge.standing.settled.add(breach.rule)
        return Catch(breach, example, failures, plays)

    def _plainer_cause(self, breach: Breach, example: Example) -> tuple[Breach, Example]:
        """The failure by the pieces alone, or by a mutation that says it in fewer octets, if there is one."""
        for cause, tries in self._causes(example, breach.rule):
            failure = self._first(cause, tries)
            if failure is None:
                continue
            if cause.rule in DELIVERY or len(failure[1].data) < len(example.data):
                self.judge.standing.settled |= {breach.rule} - {failure[0].rule}
                return failure
        return breach, example

    def _first(self, cause: Mutation, tries: int) -> tuple[Breach, Example] | None:
        """The first failure by one mutation, shrunk: the simplest example of all is tried, and then others."""
        deck = replace(self.deck, mutations=(cause,))
        simple = deck.simplest(cause)
        breach = self.judge.judge(simple) if simple is not None else None
        if simple is not None and breach is not None:
            return self.shrunk(deck, 0, simple, breach)
        for number, example in islice(deck.examples(self.fits), tries - 1):
            if self.judge.deaths.killer is not None or not self.judge.standing.in_time:
                return None
            breach = self.judge.judge(example, None)
            if breach is not None:
                return self.shrunk(deck, number, example, breach)
        return None

    def _causes(self, example: Example, rule: str) -> Iterator[tuple[Mutation, int]]:
        """Mutations of which one may say it more plainly, and how many tries each is worth.

        They are the delivery alone, the change without a body, others of its rule, and HEAD alone where the ``rule``
        that is broken is on HEAD.
        """
        mutation = example.mutation
        company = bool(example.before or example.after) and mutation.fate is Fate.SERVED
        for each in self.deck.mutations:
            cut = bool(example.cuts) and each.rule == SEGMENTS and each.base in (Base.PLAIN, mutation.base)
            row = company and each.rule in COMPANY
            bare = mutation.base is not Base.PLAIN and each.base is Base.PLAIN and each.rule == mutation.rule
            delivery = mutation.rule not in DELIVERY and (cut or row)
            if each == mutation or not self.fits(each):
                continue
            head = example.request.method == b"HEAD" and each.rule.startswith("head.") and rule.startswith("head.")
            if delivery or bare or head:
                yield each, CAUSE_TRIES
            elif (each.rule, each.fate, each.base) == (mutation.rule, mutation.fate, mutation.base):
                yield each, 1  # the simplest of its kind

    def _plainest(self, breach: Breach, example: Example) -> tuple[Breach, Example]:
        """The failure without what it does not need."""
        rule, page = breach.rule, self.judge.standing.ground.pages[0]

        def look(plainer: Example) -> Breach | None:
            seen = self._same(plainer, rule)
            fewer = len(plainer.requests) < len(shrinking.smallest[1].requests)
            return None if seen is not None and fewer and _beyond(seen, plainer) else seen  # it was seen by chance

        shrinking = Shrinking(example, breach, look, PLAINER_TRIES)
        if example.cuts and not example.pauses:
            shrinking.fails(replace(example, pauses=True))  # without pauses, pieces may arrive as one
        plainest(shrinking.smallest[1], shrinking.fails, PLAINER_TRIES, page)
        return shrinking.smallest

    def _same(self, example: Example, rule: str) -> Breach | None:
        """The breach of this rule, if the example shows it."""
        breach = self.judge.judge(example)
        return breach if breach is not None and breach.rule == rule else None
