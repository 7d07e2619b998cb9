"""The rival: a second server that is asked the same generated requests as the target, to find where the two differ."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from conformance import opening
from conformance.errors import UnreachableError
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending
from conformance.fuzz import ground, mutations
from conformance.fuzz.campaign import budget
from conformance.fuzz.difference import Difference, ranked
from conformance.fuzz.differential import Comparison
from conformance.fuzz.player import Player
from conformance.fuzz.twins import NothingInCommon
from conformance.options import Options
from conformance.report.record import Compared
from conformance.survey import Survey


class Rival:
    """The server at ``options.against``; what is opened ends with ``stack``. Raises UnreachableError, UsageError."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self._options = options
        apart = replace(options, server_url=options.against, server_command=None)
        self.url, site, self._target = opening.open_target(apart, stack)
        self._evidence = Evidence(site, self._target.play, options.spec)
        try:
            first = self._evidence.get("/")
        except NoEvidence as gone:
            raise UnreachableError(f"{self.url} cannot be reached: {gone}") from gone
        if first.ending is Ending.REFUSED:
            raise UnreachableError(f"nobody listens at {self.url}, the server to compare with: start it first")
        self._began = 0.0
        self._comparison: Comparison | None = None
        self._found: list[Difference] = []
        self._note = ""

    def compare(self, evidence: Evidence, survey: Survey, player: Player) -> Iterator[Difference]:
        """Every difference from the target that ``player`` plays against, as it is found."""
        self._began = time.monotonic()
        own = Survey(self._evidence, self._options.step)
        try:
            one = ground.survey(evidence, survey.capabilities)
            other = ground.survey(self._evidence, own.capabilities)
            if one is None or other is None:
                self._note = "one of the two serves no page that requests could be made for"
                return
            self._comparison = Comparison(player, self._target, one, other, budget(self._options))
            for difference in self._comparison.run(mutations.load().values()):
                self._found.append(difference)
                yield difference
            self._note = self._comparison.note
        except (NoEvidence, NothingInCommon) as nothing:
            self._note = str(nothing)

    def record(self) -> Compared:
        """What there is to report of it, the most dangerous difference first."""
        played = self._comparison.played if self._comparison is not None else 0
        seconds = time.monotonic() - self._began if self._began else 0.0
        return Compared(self.url, played, seconds, tuple(ranked(self._found)), self._note)
