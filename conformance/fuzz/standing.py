"""The standing of a run: the server, what is known of it so far, and what may still be asked of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from conformance.exchange import Ending, Exchange
from conformance.fuzz.example import Example, Ground
from conformance.fuzz.manner import bare, files
from conformance.fuzz.player import Budget, Player
from conformance.fuzz.properties import Breach, Controls
from conformance.probe import Probe, Receive, Send

SEGMENTS = "message.request-in-segments"
"""The rule that is broken where it matters how the octets of a request are cut into pieces."""
LOOKS = 24
"""So many plain GETs tell whether a server answers them all alike."""
GLANCE = 3.0
"""For so many seconds it is looked at, at most."""
COMPANY = ("connection.persistence-supported", "pipelining.requests-not-lost", "pipelining.responses-in-order")
"""Where one of these rules is broken, each request in question stays alone on its connection."""


@dataclass(frozen=True, slots=True)
class Catch:
    """A failure: the breach, the smallest example of it, and how many of so many plays of these octets failed."""

    breach: Breach
    example: Example
    failures: int = 1
    plays: int = 1

    @property
    def steady(self) -> bool:
        """Whether the same octets fail every time."""
        return self.failures == self.plays

    @property
    def certain(self) -> bool:
        """Whether it is proved: by octets that came, by failing again, or by the end of a server that stays dead.

        One silence proves nothing, nor does a death that does not happen again, nor what does not come again of the
        same pieces: how they reach the server is not for us to say.
        """
        exchange = self.breach.finding.exchange
        shown = bool(exchange.received) and (self.steady or not self.example.cuts)
        return self.failures > 1 or shown or (exchange.killed and self.steady)


class Standing:
    """What all parts of one hunt share; ``settled`` are rules that nothing more is to be said of, and grow by what is
    caught, ``broken`` are those that were known before to be broken.
    """

    def __init__(
        self, player: Player, ground: Ground, budget: Budget, settled: Iterable[str], broken: Iterable[str]
    ) -> None:
        self.player = player
        self.ground = ground
        self.budget = budget
        self.settled = set(settled)
        self.played = 0
        self.meanwhile: Callable[[], None] | None = None
        """What there is to do while the server works."""
        self.controls = Controls(player.confirm, hasty=player.strike)
        self.controls.answer(bare(ground)[0])  # while the server is well
        self.wavering = ""
        """What a server does that answers plain requests in one way and then in another; empty while it does not."""
        self._begun = frozenset(self.settled)  # rules that nobody has asked about are among them
        self._broken = frozenset(broken)
        self._deadline = time.monotonic() + budget.seconds

    def play(self, probe: Probe) -> Exchange:
        """Play, and count it."""
        self.played += 1
        return self.player.strike(probe, self.meanwhile)

    def wavers(self) -> bool:
        """Whether plain GETs, one like the other, are answered in more than one way, but most of them in one: then
        what fails now and then has nothing to do with the request by which it was seen.
        """
        plain = files(self.ground)[0]
        probe, until = Probe((Send(plain.data), Receive(1))), time.monotonic() + GLANCE
        seen: Counter[object] = Counter()
        while not self.wavering and seen.total() < LOOKS and time.monotonic() < until:
            exchange = self.player.strike(probe)
            if exchange.ending is Ending.REFUSED:
                break  # it is dead
            answer = exchange.response
            seen[answer and (answer.status, answer.value("content-type"), answer.body)] += 1
        usual = max(seen.values(), default=0)
        if seen.total() // 3 <= usual < seen.total():
            page, others = plain.target.decode("latin-1"), seen.total() - usual
            self.wavering = f"{others} of {seen.total()} plain GETs of {page} were not answered like the others"
        return bool(self.wavering)

    @property
    def known(self) -> frozenset[str]:
        """The rules that are known to be broken, or to rest on such."""
        return self._broken | (self.settled - self._begun)

    @property
    def lonely(self) -> bool:
        """Whether requests get a connection each, because it is known that several on one go wrong."""
        return not self.known.isdisjoint(COMPANY)

    def adapted(self, example: Example) -> Example:
        """The example as it is played."""
        return replace(example, before=(), after=()) if self.lonely else example

    @property
    def time_left(self) -> float:
        """In seconds."""
        return self._deadline - time.monotonic()

    @property
    def in_time(self) -> bool:
        """Whether time is left."""
        return self.time_left > 0
