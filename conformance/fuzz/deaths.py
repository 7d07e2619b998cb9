"""Deaths: whether the server lives and is well, and what has killed it if not.

Life is looked after now and then, and after each request that draws nothing or is left unfinished. When the server is
found dead, it is brought back, and the examples since it last lived are halved until one is left: the killer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from conformance.exchange import Ending, Exchange
from conformance.fuzz.deck import Deck
from conformance.fuzz.example import Example, Mutation
from conformance.fuzz.manner import bare
from conformance.fuzz.plainest import plainest
from conformance.fuzz.player import Gone
from conformance.fuzz.properties import Breach, aftermath
from conformance.fuzz.shrinking import Shrinking
from conformance.fuzz.standing import Catch, Standing
from conformance.predicates import found
from conformance.probe import Probe, Receive, Send

DEATH = "robustness.survives-garbage"
"""The rule that a death breaks."""
PULSE = 32
"""So many examples are played at most before somebody looks whether the server lives."""
REVIVALS = 2
"""So often is it brought back at once: what a dying server still answers is not trusted."""
TRIES = 24
"""So many tries to shrink what kills the server, which has to be brought back after each success."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an example came from: it is the one of this number of the deck."""

    deck: Deck
    number: int


class Deaths:
    """Who looks after the server during a hunt; ``killer`` is what it has died of, until that is told."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.killer: Catch | None = None
        self.deadly: set[Mutation] = set()
        """Those that are not to be played any more."""
        self._unexamined: list[tuple[Example, Turn | None]] = []

    def note(self, example: Example, turn: Turn | None, exchange: Exchange) -> None:
        """Remember what was played just now, and examine the server if nothing came, or if it is time to; also if a
        request was left unfinished, of which something may lie about for the next client.
        """
        self._unexamined.append((example, turn))
        if len(self._unexamined) >= PULSE or not exchange.received or not example.finished:
            self.examine()

    def told(self) -> Iterator[Catch]:
        """The catch of what the server has died of, if it has and nobody knows yet."""
        killer, self.killer = self.killer, None
        if killer is not None and killer.breach.rule not in self.standing.settled:
            self.standing.settled.add(killer.breach.rule)
            yield killer

    def examine(self) -> None:
        """Look whether the server lives and is well; if not, bring it back and find :attr:`killer`. Raises Gone."""
        suspects, self._unexamined = self._unexamined, []
        if not suspects or (illness := self._illness()) is None:
            return
        last, _ = suspects[-1]
        self.deadly.add(last.mutation)
        message = f"{illness.finding.message} One of {len(suspects)} requests has done it; this was the last."
        exchange = replace(self.standing.player.strike(last.probe), killed=_fatal(illness))
        expected = illness.finding.expected
        self.killer = Catch(Breach(illness.rule, found(exchange, message, expected=expected)), last)
        self.bring_back()
        if illness.rule in self.standing.settled:
            return
        convicted = self._convict(suspects)
        if convicted is None:
            self.killer = replace(self.killer, plays=2)
        else:
            self.killer = self._shrunk(illness, *convicted)
            self.deadly.add(self.killer.example.mutation)

    def _illness(self) -> Breach | None:
        """What is wrong with the server at the moment: it does not answer, or not as it did."""
        player = self.standing.player
        plain = bare(self.standing.ground)[0]
        pulse = player.strike(Probe((Send(plain.data), Receive(1))))
        if not pulse.received and pulse.ending is not Ending.SILENT:
            pulse = player.strike(pulse.probe)  # it may have been about to die
        if not pulse.received and pulse.ending is not Ending.REFUSED:  # where nobody listens, it would be brought back
            pulse = player.confirm(pulse.probe)
        if not pulse.received:
            return Breach(DEATH, found(pulse, "The server died.", expected="a server that lives on"))
        return aftermath(pulse, plain, self.standing.controls)

    def bring_back(self) -> None:
        """Until it answers as it did. Raises Gone."""
        for _ in range(REVIVALS):
            if not self.standing.player.revive():
                raise Gone("the server died, and nobody brought it back")
            if self._illness() is None:
                return
        raise Gone("the server does not answer plain requests any more as it did")

    def harms(self, examples: Iterable[Example]) -> Exchange | None:
        """The last exchange, if the server is not well after these ``examples``; it is brought back."""
        exchange = None
        for example in examples:
            exchange = self.standing.play(example.probe)
        if self._illness() is None:
            return None
        self.bring_back()
        return exchange

    def _convict(self, suspects: list[tuple[Example, Turn | None]]) -> tuple[Example, Turn | None] | None:
        """The one example that kills by itself, found by halving; None if none does."""
        if self.harms([suspects[-1][0]]):
            return suspects[-1]
        if not self.harms(example for example, _ in suspects):
            return None
        while len(suspects) > 1:
            half = len(suspects) // 2
            late = suspects[half:]
            suspects = late if self.harms(example for example, _ in late) else suspects[:half]
        return suspects[0] if self.harms([suspects[0][0]]) else None

    def _shrunk(self, illness: Breach, killer: Example, turn: Turn | None) -> Catch:
        """The smallest example that harms as ``killer`` does, within a budget: each success costs a new start."""
        exchange = self.standing.player.strike(killer.probe)
        self.bring_back()
        shrinking = Shrinking(killer, exchange, lambda each: self.harms([each]), TRIES, lambda: self.standing.in_time)
        if turn is not None:
            self._shrink(turn, killer, shrinking)
        shrinking.tries += TRIES // 2
        plainest(shrinking.smallest[1], shrinking.fails, TRIES, self.standing.ground.pages[0])
        exchange, smallest = shrinking.smallest
        message = "The server dies of this request." if _fatal(illness) else illness.finding.message
        finding = found(replace(exchange, killed=_fatal(illness)), message, expected=illness.finding.expected)
        return Catch(Breach(illness.rule, finding), smallest, 2, 2)

    @staticmethod
    def _shrink(turn: Turn, killer: Example, shrinking: Shrinking[Exchange]) -> None:
        """By the simplest example of the mutation, or else by Hypothesis, which begins with one that is simpler still:
        that is not worth a death.
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


def _fatal(illness: Breach) -> bool:
    """Whether the server is dead or deaf, not merely confused."""
    return not illness.finding.exchange.received
