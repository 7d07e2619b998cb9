"""The judge: plays an example, looks at all properties of its answer, and says which rule is broken, if one is."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from conformance.exchange import Ending
from conformance.fuzz.deaths import PULSE, Deaths
from conformance.fuzz.example import Example
from conformance.fuzz.killers import Turn
from conformance.fuzz.properties import UPSETTING, Breach, Case, breaches
from conformance.fuzz.standing import SEGMENTS, Standing

SILENCES = 3
"""So many silences are confirmed with the full patience; if all of them stay silent, the quick one is trusted."""


class Judge:
    """Judges one example after another; rules that are settled are passed over."""

    def __init__(self, standing: Standing, deaths: Deaths) -> None:
        self.standing = standing
        self.deaths = deaths
        self._recent: deque[Example] = deque(maxlen=PULSE)
        self._silences = SILENCES

    def judge(self, example: Example, turn: Turn | None = None) -> Breach | None:
        """Play ``example`` and return the first breach of a rule that is not settled. Raises Gone."""
        if self.is_idle(example):
            return None
        exchange = self.standing.play(example.probe)
        self.deaths.note(example, turn, exchange)  # at once: whatever else is asked might bring a dead server back
        if self.deaths.killer is not None:
            return None
        case = Case(example, exchange, self.standing.controls, tuple(self._recent))
        self._recent.append(example)
        breach = self._worst(case)
        if breach is not None and exchange.ending is Ending.SILENT and self._silences > 0:
            if not self.standing.in_time:
                return None
            breach = self._confirmed(case)
        if breach is not None and example.cuts:
            breach = self._of_pieces(case, breach)
        return breach

    def is_idle(self, example: Example) -> bool:
        """Whether ``example`` can prove nothing: it is in pieces, and the server is known not to put them together."""
        return bool(example.cuts) and SEGMENTS in self.standing.known

    def _confirmed(self, case: Case) -> Breach | None:
        """What is wrong when all patience is had with a silence."""
        exchange = self.standing.player.confirm(case.example.probe)
        self._silences = self._silences - 1 if exchange.ending is Ending.SILENT else SILENCES
        return self._worst(replace(case, exchange=exchange))

    def _of_pieces(self, case: Case, breach: Breach) -> Breach | None:
        """The breach of a request in pieces: another rule's, if the same octets in one piece are answered well."""
        strike = self.standing.player.strike
        whole = replace(case.example, cuts=())
        again = self._worst(replace(case, example=whole, exchange=strike(whole.probe)))
        if again is not None and again.rule == breach.rule:
            return breach
        if self._worst(replace(case, exchange=strike(case.example.probe))) is None:
            return breach  # it comes and goes: the pieces have nothing to do with it
        return replace(breach, rule=SEGMENTS) if SEGMENTS not in self.standing.settled else None

    def _worst(self, case: Case) -> Breach | None:
        """The first breach that is news, unless what is known already has upset the reading."""
        for breach in breaches(case):
            if breach.rule not in self.standing.settled:
                return breach
            if breach.rule in UPSETTING:
                return None
        return None
