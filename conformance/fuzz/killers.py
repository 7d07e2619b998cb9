"""Killers: from the requests that were played before a death to the one that the server dies of, or to the few.

The suspects are halved and played again on a server that is brought back after each success, so tries are dear.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from conformance.exchange import Exchange
from conformance.fuzz.deck import Deck
from conformance.fuzz.example import Example, Fate
from conformance.fuzz.health import Health, is_fatal
from conformance.fuzz.plainest import plainest
from conformance.fuzz.properties import Breach
from conformance.fuzz.shrinking import Shrinking
from conformance.fuzz.standing import Catch
from conformance.predicates import found
from conformance.report.visible import visible

SEVERAL = 3
TOLD = 240
"""Of several requests that kill together, so many are told beside the last one, and so many octets of each."""
LOST = "pipelining.requests-not-lost"
"""The rule that is broken by who dies of good requests that come together."""
TRIES = 24
"""So many tries to shrink what kills the server."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an example came from: it is the one of this number of the deck."""

    deck: Deck
    number: int


Suspect: TypeAlias = tuple[Example, Turn | None]


@dataclass(frozen=True)
class Search:
    """The search for what has caused ``illness``."""

    health: Health
    illness: Breach

    def alone(self, suspects: list[Suspect]) -> Catch | None:
        """The catch of the one example that harms by itself, made smaller; None if none does. Raises Gone."""
        convicted = self._convicted(suspects)
        return None if convicted is None else self._shrunk(*convicted)

    def together(self, suspects: Iterable[Example]) -> Catch | None:
        """The catch of the fewest examples that harm one after another; None if they do not harm again. Raises Gone.

        The last one is shown, the others are told.
        """
        fewest = self._fewest(list(suspects))
        exchange = self.health.harms(fewest, anew=True) if fewest else None
        if exchange is None:
            return None
        *before, last = fewest
        good = all(example.fate is Fate.SERVED for example in before)
        told = "; ".join(visible(example.data[:TOLD]) for example in before[-SEVERAL:])
        many = f"It takes {len(fewest)} requests, or fewer, each on its own connection"
        more = f" {many}; before this one: {told}"
        return self._catch(exchange, last, "of this request after others", more, good=good)

    def _convicted(self, suspects: list[Suspect]) -> Suspect | None:
        """The one that harms by itself, found by halving."""
        harms = self.health.harms
        if harms([suspects[-1][0]], anew=self.health.linger > 0):  # of what was played before it might die just now
            return suspects[-1]
        if not self.health.granted or not harms(example for example, _ in suspects):
            return None
        while len(suspects) > 1 and self.health.granted:
            half = len(suspects) // 2
            late = suspects[half:]
            suspects = late if harms(example for example, _ in late) else suspects[:half]
        return suspects[0] if len(suspects) == 1 and harms([suspects[0][0]], anew=True) else None

    def _fewest(self, suspects: list[Example]) -> list[Example]:
        """Those that are left when none can be left out; none if they do not harm together."""
        health = self.health
        if not health.granted or not health.harms(suspects, anew=True):
            return []
        size = len(suspects) // 2
        while size:
            for start in range(len(suspects) - size, -1, -size):
                fewer = suspects[:start] + suspects[start + size :]
                if fewer and health.granted and health.harms(fewer, anew=True):
                    suspects = fewer
            size //= 2
        return suspects

    def _shrunk(self, killer: Example, turn: Turn | None) -> Catch:
        """The smallest example that harms as ``killer`` does, within a budget."""
        standing = self.health.standing
        exchange = standing.player.strike(killer.probe)
        self.health.bring_back()
        shrinking = Shrinking(killer, exchange, lambda each: self.health.harms([each]), TRIES, lambda: standing.in_time)
        if turn is not None:
            _shrink(turn, killer, shrinking)
        shrinking.tries += TRIES // 2
        plainest(shrinking.smallest[1], shrinking.fails, TRIES, standing.ground.pages[0])
        return self._catch(*shrinking.smallest, "of this request")

    def _catch(self, exchange: Exchange, example: Example, cause: str, more: str = "", *, good: bool = True) -> Catch:
        """What is told of an example that was seen to harm twice; ``good`` are those that it takes besides."""
        illness, fatal = self.illness, is_fatal(self.illness)
        rule = self._rule(example) if fatal and good and example.fate is Fate.SERVED else illness.rule
        message = f"The server dies {cause}." if fatal else illness.finding.message
        finding = found(replace(exchange, killed=fatal), message + more, expected=illness.finding.expected)
        return Catch(Breach(rule, finding), example, 2, 2)

    def _rule(self, example: Example) -> str:
        """Who dies of a good request has not answered it as it must be."""
        rule = LOST if example.before or example.after else example.mutation.rule
        return self.illness.rule if rule in self.health.standing.settled else rule


def _shrink(turn: Turn, killer: Example, shrinking: Shrinking[Exchange]) -> None:
    """By the simplest example of the mutation, or else by Hypothesis, which begins with one that is simpler still: that
    is not worth a death.
    """
    met = False

    def attempt(smaller: Example) -> None:
        nonlocal met
        met = met or smaller.probe == killer.probe
        if met:
            shrinking.attempt(smaller)

    simplest = turn.deck.simplest(killer.mutation)
    if simplest is None or not shrinking.fails(simplest):
        turn.deck.shrink(turn.number, attempt)
