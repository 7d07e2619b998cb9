"""The health of the server during a hunt: whether it lives and answers as it did, and which requests harm it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from conformance.exchange import Ending, Exchange
from conformance.fuzz.example import Example
from conformance.fuzz.manner import bare
from conformance.fuzz.player import Gone
from conformance.fuzz.properties import Breach, aftermath
from conformance.fuzz.standing import Standing
from conformance.predicates import OVERLOADED, found
from conformance.probe import Pause, Probe, Receive, Send

DEATH = "robustness.survives-garbage"
"""The rule that a death breaks."""
REVIVALS = 2
"""So often is it brought back at once: what a dying server still answers is not trusted."""
TURNED_AWAY = 4
"""So often is a plain request repeated that is turned away as one too many."""
LOOK = 0.05
"""So many seconds pass between two looks at a server that may be about to die."""
OVERTIME = 10.0
"""So many seconds more than the user grants are taken, at most, to find out what has killed the server."""


class Health:
    """Who looks whether the server lives. ``linger`` is for how many seconds a death is waited for after its cause."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.linger = 0.0

    def illness(self, *, sure: bool = True, after: float = 0.0) -> Breach | None:
        """What is wrong with the server ``after`` so many seconds: it does not answer, or not as it did. Only who has
        to be ``sure`` waits for it with all patience.
        """
        player = self.standing.player
        plain = bare(self.standing.ground)[0]
        pause = (Pause(after),) if after else ()
        pulse = player.strike(Probe((*pause, Send(plain.data), Receive(1))))
        if not pulse.received and pulse.ending is not Ending.SILENT:
            pulse = player.strike(pulse.probe)  # it may have been about to die
        if not pulse.received and pulse.ending is not Ending.REFUSED:  # where nobody listens, it would be brought back
            pulse = player.confirm(pulse.probe) if sure else player.strike(pulse.probe)
        if not pulse.received:
            return Breach(DEATH, found(pulse, "The server died.", expected="a server that lives on"))
        for _ in range(TURNED_AWAY):  # who has too much to do may turn away anybody (RFC 9110 §15.6.4)
            if pulse.status not in OVERLOADED:
                break
            pulse = player.strike(pulse.probe)
        return None if self.standing.wavering else aftermath(pulse, plain, self.standing.controls)

    def bring_back(self) -> None:
        """Until it answers as it did. Raises Gone."""
        for _ in range(REVIVALS):
            if not self.standing.player.revive():
                raise Gone("the server died, and nobody brought it back")
            if self.illness() is None:
                return
        raise Gone("the server does not answer plain requests any more as it did")

    def harms(self, examples: Iterable[Example], *, anew: bool = False) -> Exchange | None:
        """The last exchange, if the server is not well after these ``examples``; it is brought back. Started ``anew``,
        it has forgotten what came before. Raises Gone.
        """
        exchange = None
        if anew:
            self.bring_back()
        for example in examples:
            exchange = self.standing.play(example.probe)
        illness = self.illness(sure=False)
        until = time.monotonic() + self.linger
        while illness is None and time.monotonic() < until:
            illness = self.illness(sure=False, after=LOOK)
        if illness is None:
            return None
        self.bring_back()
        return exchange

    @property
    def granted(self) -> bool:
        """Whether it may still be looked for what has killed the server."""
        return self.standing.time_left > -OVERTIME


def is_fatal(illness: Breach) -> bool:
    """Whether the server is dead or deaf, not merely confused."""
    return not illness.finding.exchange.received
