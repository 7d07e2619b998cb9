"""The rival: a second server that is asked the same generated requests as the target, to find where the two differ."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from conformance import opening
from conformance.check import CATALOGUE
from conformance.errors import UnreachableError
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz import ground, mutations
from conformance.fuzz.campaign import budget
from conformance.fuzz.difference import Blame, Difference, ranked
from conformance.fuzz.differential import Comparison
from conformance.fuzz.example import Ground
from conformance.fuzz.player import Player
from conformance.fuzz.side import Owes
from conformance.fuzz.twins import NothingInCommon
from conformance.judging import Judging
from conformance.options import Options
from conformance.probe import Probe
from conformance.report.record import Compared
from conformance.verdict import Verdict

SPARED = (Verdict.NOT_APPLICABLE, Verdict.BLOCKED)
"""Who does not owe what a rule asks, or whose fault is another one, is not wrong by that rule."""


class Rival:
    """The server at ``options.against``; what is opened ends with ``stack``. Raises UnreachableError, UsageError."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        apart = replace(options, server_url=options.against, server_command=None, assume=(), without=())
        self.url, site, self._target = opening.open_target(apart, stack)
        self._budget = budget(options)
        self._deadline: float | None = None
        self._judging = Judging(apart, Evidence(site, self._play, options.spec), {}, None)
        try:
            first = self._judging.evidence.get("/")
        except NoEvidence as gone:
            raise UnreachableError(f"{self.url} cannot be reached: {gone}") from gone
        if first.ending is Ending.REFUSED:
            raise UnreachableError(f"nobody listens at {self.url}, the server to compare with: start it first")
        self._began = 0.0
        self._comparison: Comparison | None = None
        self._found: list[Difference] = []
        self._note = ""

    def compare(self, judging: Judging, player: Player) -> Iterator[Difference]:
        """Every difference from the target that ``judging`` has judged and ``player`` plays against, as it is found."""
        self._began = time.monotonic()
        self._deadline = self._began + self._budget.seconds
        try:
            grounds = _ground(Blame.FIRST, judging), _ground(Blame.SECOND, self._judging)
            self._deadline = None  # the comparison has its own
            owes = _owes(judging), _owes(self._judging)
            self._comparison = Comparison(player, self._target, *grounds, self._budget, owes)
        except NothingInCommon as nothing:
            self._note = str(nothing)
            return
        for difference in self._comparison.run(mutations.load().values()):
            self._found.append(difference)
            yield difference

    def record(self) -> Compared:
        """What there is to report of it, the most dangerous difference first."""
        seconds = time.monotonic() - self._began if self._began else 0.0
        played, note = (self._comparison.played, self._comparison.note) if self._comparison else (0, self._note)
        return Compared(self.url, played, seconds, tuple(ranked(self._found)), note)

    def _play(self, probe: Probe) -> Exchange:
        """Play while there is time to look what the server offers."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise NoEvidence(f"it has not shown what it offers within {self._budget.seconds:g} s")
        return self._target.play(probe)


def _ground(which: Blame, judging: Judging) -> Ground:
    """What examples can be made of; raises NothingInCommon, which says of whom, where they cannot be."""
    gap = judging.survey.gap
    reason = gap.reason if gap is not None else "it serves no page that requests could be made for"
    try:
        found = None if gap is not None else ground.survey(judging.evidence, judging.survey.capabilities)
    except NoEvidence as gone:
        found, reason = None, str(gone)
    if found is None:
        raise NothingInCommon(f"{which} server cannot be compared: {reason}")
    return found


def _owes(judging: Judging) -> Owes:
    """Whether the server owes what a rule asks, by what its own check says."""
    return lambda rule: judging.judge(CATALOGUE[rule]).verdict not in SPARED
