"""Deaths: whether the server lives and is well, and what has killed it if not.

Life is looked after now and then, and after each request that draws nothing or is left unfinished. When the server is
found dead, it is brought back, and its killer is looked for among what was played since it last lived.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from conformance.exchange import Exchange
from conformance.fuzz.example import Example, Mutation
from conformance.fuzz.health import DEATH, Health, is_fatal
from conformance.fuzz.killers import Search, Suspect, Turn
from conformance.fuzz.properties import Breach
from conformance.fuzz.standing import Catch, Standing
from conformance.predicates import found

PULSE = 32
"""So many examples are played at most before somebody looks whether the server lives."""
EARLIER = 256
"""So many examples are remembered after which the server lived: it may have died of several, or a while later."""
LINGER = 1.0
"""So many seconds later a server may die, if nothing is found that it dies of at once."""


class Deaths:
    """Who looks after the server during a hunt; ``killer`` is what it has died of, until that is told."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.killer: Catch | None = None
        self.deadly: set[Mutation] = set()
        """Those that are not to be played any more."""
        self._health = Health(standing)
        self._unexamined: list[Suspect] = []
        self._earlier: deque[tuple[float, Suspect]] = deque(maxlen=EARLIER)
        """What was played before, and when it was known that the server lived after it."""

    def note(self, example: Example, turn: Turn | None, exchange: Exchange) -> None:
        """Remember what was played just now, and examine the server if nothing came, or if it is time to; also if a
        request was left unfinished, of which something may lie about for the next client. Raises Gone.
        """
        self._unexamined.append((example, turn))
        if len(self._unexamined) >= PULSE or not exchange.received or not example.finished:
            self.examine()

    def told(self) -> Iterator[Catch]:
        """The catch of what the server has died of, if it has and nobody knows yet."""
        killer, self.killer = self.killer, None
        if killer is not None and killer.breach.rule not in self.standing.settled:
            self.standing.settled |= {killer.breach.rule, DEATH}  # what else it dies of may be the same
            yield killer

    def examine(self) -> None:
        """Look whether the server lives and is well; if not, bring it back and find :attr:`killer`. Raises Gone."""
        suspects, self._unexamined = self._unexamined, []
        illness = self._health.illness() if suspects else None
        if illness is None:
            self._earlier.extend((time.monotonic(), suspect) for suspect in suspects)
            return
        earlier = [suspect for _, suspect in self._earlier]
        lately = sum(lived > time.monotonic() - LINGER for lived, _ in self._earlier)
        self._earlier.clear()
        last, _ = suspects[-1]
        self.deadly.add(last.mutation)
        message = f"{illness.finding.message} One of {len(suspects)} requests has done it; this was the last."
        exchange = replace(self.standing.player.strike(last.probe), killed=is_fatal(illness))
        self.killer = Catch(Breach(illness.rule, found(exchange, message, expected=illness.finding.expected)), last)
        self._health.bring_back()
        if illness.rule in self.standing.settled:
            return
        caught = self._searched(Search(self._health, illness), [*earlier, *suspects], len(suspects), lately)
        if caught is None:
            self.killer = replace(self.killer, plays=2)
        else:
            self.killer = caught
            self.deadly.add(caught.example.mutation)

    def _searched(self, search: Search, suspects: list[Suspect], unexamined: int, lately: int) -> Catch | None:
        """The killer: one of the ``unexamined``, several of all ``suspects`` together, or one that was played
        ``lately`` and of which the server dies a little later.
        """
        caught = search.alone(suspects[-unexamined:]) or search.together(example for example, _ in suspects)
        if caught is not None:
            return caught
        self._health.linger = LINGER
        try:
            return search.alone(suspects[-unexamined - lately :])
        finally:
            self._health.linger = 0.0
