"""A session: one run of the selected checks against one target, or against the evidence of an earlier run.

It opens the target, orders the checks from harmless to deadly, has each judged (:mod:`.judging`), and plays the fuzz.
It knows nothing of pytest, of reports on paper or of how a probe is played.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance import archive, checks, opening
from conformance.check import CATALOGUE, Check
from conformance.errors import UnreachableError, UsageError
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending
from conformance.fuzz.campaign import Campaign, fuzzed
from conformance.fuzz.difference import Difference
from conformance.fuzz.memory import Memory
from conformance.judging import SURVIVAL, Judging
from conformance.known import read_known
from conformance.ladder import ladder
from conformance.options import Options
from conformance.probe import Probe
from conformance.report.record import Compared, Fuzz, Report
from conformance.report.record import Target as TargetRecord
from conformance.rival import Rival
from conformance.rule import Rule
from conformance.target import Target
from conformance.verdict import Judgement, Result, Verdict

UNDECIDED = (Verdict.PASS, Verdict.INCONCLUSIVE)
"""What generated requests may still show to be broken."""

BROKEN = (Verdict.FAIL, Verdict.WARNING)
"""Where nothing can be said of what rests on it."""


class Session:
    """Use as a context manager; then :meth:`judge` each of :attr:`checks`, in order, and take the :meth:`report`."""

    judging: Judging

    def __init__(self, options: Options, *, recorded: Path | None = None) -> None:
        self.options = options
        self.checks = _selected(options)
        self._known = read_known(options.known_failures, CATALOGUE) if options.known_failures is not None else {}
        self._recorded = recorded
        self._stack = ExitStack()
        self._target: Target | None = None
        self._fuzz: Fuzz | None = None
        self._memory = _memory(options) if recorded is None else None
        self._compared: Compared | None = None
        self._rival: Rival | None = None
        self._started = time.time()
        self._clock = time.monotonic()
        self._url = options.server_url or ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._recorded is not None:
                self._open_archive(self._recorded)
            else:
                self._open_target(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.options.evidence is not None and self._recorded is None:
                archive.write(self.options.evidence, self._url, self._started, self.evidence)
        finally:
            self._stack.close()

    # -- the target ------------------------------------------------------------------------------------------------

    def _open_archive(self, file: Path) -> None:
        record = archive.read(file)
        self._url, self._started = record.url, record.started
        self._look(Evidence(record.site, record.player, self.options.spec))

    def _open_target(self, stack: ExitStack) -> None:
        self._url, site, self._target = opening.open_target(self.options, stack)
        evidence = Evidence(site, self._target.play, self.options.spec)
        try:
            first = evidence.get("/")
        except NoEvidence as gone:
            raise UnreachableError(f"{self._url} cannot be reached: {gone}") from gone
        if first.ending is Ending.REFUSED:
            raise UnreachableError(f"nobody listens at {self._url}: start the server first, or check host and port")
        if self.options.against is not None:
            self._rival = Rival(self.options, stack)
        self._look(evidence)

    def _look(self, evidence: Evidence) -> None:
        confirm = self._target.confirm if self._target is not None else None
        self.judging = Judging(self.options, evidence, self._known, confirm)
        self.judging.look()

    # -- judging ---------------------------------------------------------------------------------------------------

    def judge(self, check: Check) -> Result:
        """The result for a rule, judged once. Never raises for what a check does: its faults are verdict ``error``."""
        return self.judging.judge(check)

    @property
    def evidence(self) -> Evidence:
        """What was exchanged with the target."""
        return self.judging.evidence

    @property
    def seen(self) -> Mapping[str, frozenset[Probe]]:
        """The probes that each rule's own check has looked at."""
        return self.judging.seen

    # -- the fuzz --------------------------------------------------------------------------------------------------

    @property
    def fuzzing(self) -> bool:
        """Whether there is anything to be shown by generated requests."""
        return self.options.fuzz > 0 and fuzzed({check.rule.id for check in self.checks})

    def fuzz(self) -> Iterator[Result]:
        """Play generated requests; yields the results that change. The rules must have been judged before."""
        results, survey = self.judging.results, self.judging.survey
        judged = (results[check.rule.id] for check in self.checks if check.rule.id in results)
        open_ones = (result.rule for result in judged if result.verdict in UNDECIDED)
        undecided = frozenset(rule.id for rule in open_ones if not rule.permitted(self.options.spec))
        if self._target is None or not self.options.fuzz or survey.gap or survey.alike:
            return
        if not fuzzed(undecided):
            return
        broken = frozenset(id for id, result in results.items() if result.verdict in BROKEN)
        blocked = frozenset(id for id, result in results.items() if result.verdict is Verdict.BLOCKED)
        campaign = Campaign(
            self.options, self.evidence, survey.capabilities, self._target, undecided, self._memory, broken, blocked
        )
        try:
            for breach in campaign.run():
                yield self.judging.record(CATALOGUE[breach.rule].rule, Judgement(Verdict.FAIL, finding=breach.finding))
        finally:
            self._fuzz = campaign.record()

    def compare(self) -> Iterator[Difference]:
        """Play generated requests on the target and on the one to compare it with; yields what differs."""
        if self._rival is None or self._target is None:
            return
        try:
            for difference in self._rival.compare(self.judging, self._target):
                self._compared = self._rival.record()
                yield difference
        finally:
            self._compared = self._rival.record()

    # -- the report ------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """What is known so far; rules that were not judged are "not-run"."""
        selected = {check.rule.id for check in self.checks}
        opened = hasattr(self, "judging")
        judged = self.judging.results if opened else {}
        results = tuple(
            judged.get(id) or self._not_run(check.rule) for id, check in CATALOGUE.items() if id in selected
        )
        return Report(
            target=self._target_record() if opened else TargetRecord(self._url, self.options.server_command, "", {}),
            started=self._started,
            duration=time.monotonic() - self._clock,
            spec=self.options.spec,
            level=self.options.level,
            step=self.options.step,
            results=results,
            ladder=ladder(results, self.judging.survey.missing if opened else {}),
            declared=frozenset(self._known),
            fuzz=self._fuzz,
            compared=self._compared,
        )

    def _not_run(self, rule: Rule) -> Result:
        return Result(rule, rule.level(self.options.spec), Verdict.NOT_RUN, declared=self._known.get(rule.id))

    def _target_record(self) -> TargetRecord:
        said = (exchange.response for exchange in self.evidence.exchanges.values())
        server = next((response.value("server") for response in said if response and response.field("server")), "")
        present = {name: reason or "present" for name, reason in self.judging.survey.capabilities.items()}
        return TargetRecord(self._url, self.options.server_command, server or "", present)


def _memory(options: Options) -> Memory | None:
    """What failed in earlier runs; raises UsageError before anything is judged if that cannot be read."""
    if not options.fuzz or options.fuzz_failures is None:
        return None
    return Memory(options.fuzz_failures, options.server_command or options.server_url or "")


def _selected(options: Options) -> tuple[Check, ...]:
    """The checks that the options name, harmless ones first, those that deaths are charged to last of their kind."""
    catalogue = checks.load()
    named = {name for name in options.rules if name in catalogue}
    globs = [glob for glob in options.rules if glob not in named]
    chosen = [
        check
        for id, check in catalogue.items()
        if (not options.rules or id in named or any(fnmatchcase(id, glob) for glob in globs))
        and (options.step is None or (check.rule.step is not None and check.rule.step <= options.step))
    ]
    if not chosen:
        raise UsageError(f"no rule matches {' '.join(options.rules) or 'the options'}: see python -m conformance rules")
    deadly = set(SURVIVAL.values())
    return tuple(sorted(chosen, key=lambda check: (check.rule.risk, check.rule.id in deadly)))
