"""A session: one run of the selected checks against one target, or against the evidence of an earlier run.

It orders the checks from harmless to deadly, holds the premises, confirms silences and turns judgements into results.
It knows nothing of pytest, of reports on paper or of how a probe is played.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance import archive, checks, opening
from conformance.check import CATALOGUE, Check
from conformance.errors import UnreachableError, UsageError
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz.campaign import Campaign, fuzzed
from conformance.fuzz.difference import Difference
from conformance.fuzz.memory import Memory
from conformance.known import read_known
from conformance.ladder import ladder
from conformance.options import Options
from conformance.predicates import broken
from conformance.premises import FIRST_READING_STEP, SILENCE, unreadable
from conformance.probe import Probe
from conformance.report.record import Compared, Fuzz, Report
from conformance.report.record import Target as TargetRecord
from conformance.rival import Rival
from conformance.rule import Risk, Rule
from conformance.survey import Survey
from conformance.target import Target
from conformance.verdict import Judgement, Result, Verdict

SURVIVAL = {Risk.MALFORMED: "robustness.survives-garbage", Risk.ABORT: "connection.survives-client-abort"}
"""The rules to which deaths are charged, by the risk of the probe that killed."""

UNDECIDED = (Verdict.PASS, Verdict.INCONCLUSIVE)
"""What generated requests may still show to be broken."""

BROKEN = (Verdict.FAIL, Verdict.WARNING)
"""Where nothing can be said of what rests on it."""

CONFIRMATIONS = 3
"""So many silences are confirmed with the full patience; if all of them stay silent, the quick patience is trusted."""


class Session:
    """Use as a context manager; then :meth:`judge` each of :attr:`checks`, in order, and take the :meth:`report`."""

    evidence: Evidence
    survey: Survey

    def __init__(self, options: Options, *, recorded: Path | None = None) -> None:
        self.options = options
        self.checks = _selected(options)
        self._known = read_known(options.known_failures, CATALOGUE) if options.known_failures is not None else {}
        self._recorded = recorded
        self._stack = ExitStack()
        self._target: Target | None = None
        self.seen: dict[str, frozenset[Probe]] = {}
        """The probes that each rule's own check has looked at."""
        self._results: dict[str, Result] = {}
        self._permitted: set[str] = set()  # broken, but lawfully by one generation
        self._killers: dict[Probe, str] = {}
        self._confirmations = CONFIRMATIONS
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
        self.evidence = Evidence(record.site, record.player, self.options.spec)
        self._look()

    def _open_target(self, stack: ExitStack) -> None:
        self._url, site, self._target = opening.open_target(self.options, stack)
        self.evidence = Evidence(site, self._target.play, self.options.spec)
        try:
            first = self.evidence.get("/")
        except NoEvidence as gone:
            raise UnreachableError(f"{self._url} cannot be reached: {gone}") from gone
        if first.ending is Ending.REFUSED:
            raise UnreachableError(f"nobody listens at {self._url}: start the server first, or check host and port")
        if self.options.against is not None:
            self._rival = Rival(self.options, stack)
        self._look()

    def _look(self) -> None:
        """Survey the target. A capability must not be missed because a program was slow to start: silences are
        confirmed, and then all is looked at again."""
        self.survey = Survey(self.evidence, self.options.step, self.options.assume, self.options.without)
        self.survey.look()
        if self.survey.gap is None and self._confirm_silences():
            self.survey.look()

    # -- judging ---------------------------------------------------------------------------------------------------

    def judge(self, check: Check) -> Result:
        """The result for a rule, judged once. Never raises for what a check does: its faults are verdict ``error``."""
        id = check.rule.id
        if id not in self._results:
            self._record(check.rule, self._judgement(check))
        return self._results[id]

    def _record(self, rule: Rule, judgement: Judgement) -> Result:
        """Turn what is said of ``rule`` into its result, by the level and the generation that count here."""
        level = rule.level(self.options.spec)
        verdict = judgement.verdict
        if verdict is Verdict.FAIL and rule.permitted(self.options.spec):
            self._permitted.add(rule.id)
            judgement = replace(judgement, reason=f"lawful by RFC {rule.permitted_by}", finding=None)
            verdict = Verdict.NOT_APPLICABLE
        elif verdict is Verdict.FAIL and level.rank < self.options.level.rank:
            verdict = Verdict.WARNING
        known = self._known.get(rule.id)
        result = Result(rule, level, verdict, judgement.reason, judgement.finding, judgement.blocked_by, known)
        self._results[rule.id] = result
        return result

    def _judgement(self, check: Check) -> Judgement:
        try:
            obstacle = self._obstacle(check)
            return obstacle if obstacle is not None else self._judged(check)
        except NoEvidence as gone:
            return self._without_evidence(check, gone)
        except Exception:
            return Judgement(Verdict.ERROR, traceback.format_exc())

    def _obstacle(self, check: Check) -> Judgement | None:
        """Why the rule cannot be judged or does not apply; None if it can."""
        rule = check.rule
        if not rule.asked(self.options.spec) and rule.id not in SURVIVAL.values():  # deaths must be told in any case
            return Judgement(Verdict.NOT_APPLICABLE, f"RFC {self.options.spec.value} does not ask this")
        gap = self.survey.gap
        if gap is None and (rule.step is None or rule.step >= FIRST_READING_STEP):
            gap = self.survey.alike
        if gap is not None and gap.rule != rule.id:
            verdict = Verdict.BLOCKED if gap.rule else Verdict.INCONCLUSIVE
            return Judgement(verdict, gap.reason, blocked_by=gap.rule)
        if gap is not None:
            return None  # this is the rule that says so
        for name in rule.needs:
            reason = self.survey.capabilities[name]
            if reason:
                return Judgement(Verdict.NOT_APPLICABLE, reason)
        for id in rule.requires:
            premise = self.judge(CATALOGUE[id])
            if id in self._permitted:
                return Judgement(Verdict.NOT_APPLICABLE, f"{id}: {premise.reason}")
            if premise.verdict in (Verdict.FAIL, Verdict.WARNING, Verdict.BLOCKED):
                return Judgement(Verdict.BLOCKED, premise.rule.statement, blocked_by=premise.blocked_by or id)
        return None

    def _judged(self, check: Check) -> Judgement:
        with self._charging(check):
            judgement = check.judge(self.evidence)
            if judgement.verdict is Verdict.FAIL and self._confirm_silences():
                judgement = check.judge(self.evidence)
        return self._traced(check.rule, judgement)

    def _traced(self, rule: Rule, judgement: Judgement) -> Judgement:
        """Put a finding down to the rule that says what is really wrong with its exchange, if another one does."""
        if judgement.finding is None:
            return judgement
        exchange = judgement.finding.exchange
        by = SURVIVAL.get(exchange.probe.risk) if exchange.killed else None
        if by is not None and by != rule.id:
            return Judgement(Verdict.BLOCKED, "the server died or went deaf of this request", blocked_by=by)
        for id in unreadable(exchange):
            related = rule.id == id or rule.id in CATALOGUE[id].rule.requires
            if not related and self.judge(CATALOGUE[id]).verdict is Verdict.FAIL:
                return Judgement(Verdict.BLOCKED, "the status of the reply cannot be told", blocked_by=id)
        return judgement

    @contextmanager
    def _charging(self, check: Check) -> Iterator[None]:
        """Remember which rule's probe a server died of first."""
        self.evidence.consulted.clear()
        try:
            yield
        finally:
            self.seen[check.rule.id] = frozenset(self.evidence.consulted)
            for exchange in self._consulted():
                if exchange.killed:
                    self._killers.setdefault(exchange.probe, check.rule.id)

    def _consulted(self) -> list[Exchange]:
        return [self.evidence.exchanges[probe] for probe in self.evidence.consulted if probe in self.evidence.exchanges]

    def _confirm_silences(self) -> bool:
        """Play again, with the full patience, what was given up on early; whether anything was played."""
        if self._target is None:
            return False
        played = False
        for exchange in self._consulted():
            hasty = exchange.ending is Ending.SILENT and exchange.waited < self.options.patience
            if hasty and not exchange.killed and self._confirmations > 0:
                again = self._target.confirm(exchange.probe)
                self.evidence.exchanges[exchange.probe] = again
                self._confirmations -= again.ending is Ending.SILENT
                played = True
        return played

    def _without_evidence(self, check: Check, gone: NoEvidence) -> Judgement:
        """The target is gone: the finding of the rule that it died of, and a block for every other one."""
        if gone.killer is None:
            return Judgement(Verdict.INCONCLUSIVE, str(gone))
        probe = gone.killer.probe
        by = SURVIVAL.get(probe.risk) or self._killers.get(probe, SILENCE)
        if by == check.rule.id:
            return broken(
                gone.killer, "The server stopped answering after this request.", expected="a server that lives on"
            )
        return Judgement(Verdict.BLOCKED, str(gone), blocked_by=by)

    # -- the fuzz --------------------------------------------------------------------------------------------------

    @property
    def fuzzing(self) -> bool:
        """Whether there is anything to be shown by generated requests."""
        return self.options.fuzz > 0 and fuzzed({check.rule.id for check in self.checks})

    def fuzz(self) -> Iterator[Result]:
        """Play generated requests; yields the results that change. The rules must have been judged before."""
        judged = (self._results[check.rule.id] for check in self.checks if check.rule.id in self._results)
        open_ones = (result.rule for result in judged if result.verdict in UNDECIDED)
        undecided = frozenset(rule.id for rule in open_ones if not rule.permitted(self.options.spec))
        if self._target is None or not self.options.fuzz or self.survey.gap or self.survey.alike:
            return
        if not fuzzed(undecided):
            return
        capabilities = self.survey.capabilities
        broken = frozenset(id for id, result in self._results.items() if result.verdict in BROKEN)
        blocked = frozenset(id for id, result in self._results.items() if result.verdict is Verdict.BLOCKED)
        campaign = Campaign(
            self.options, self.evidence, capabilities, self._target, undecided, self._memory, broken, blocked
        )
        try:
            for breach in campaign.run():
                yield self._record(CATALOGUE[breach.rule].rule, Judgement(Verdict.FAIL, finding=breach.finding))
        finally:
            self._fuzz = campaign.record()

    def compare(self) -> Iterator[Difference]:
        """Play generated requests on the target and on the one to compare it with; yields what differs."""
        if self._rival is None or self._target is None or self.survey.gap:
            return
        yield from self._rival.compare(self.evidence, self.survey, self._target)
        self._compared = self._rival.record()

    # -- the report ------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """What is known so far; rules that were not judged are "not-run"."""
        selected = {check.rule.id for check in self.checks}
        results = tuple(
            self._results.get(id) or self._not_run(check.rule) for id, check in CATALOGUE.items() if id in selected
        )
        opened = hasattr(self, "survey")
        return Report(
            target=self._target_record() if opened else TargetRecord(self._url, self.options.server_command, "", {}),
            started=self._started,
            duration=time.monotonic() - self._clock,
            spec=self.options.spec,
            level=self.options.level,
            step=self.options.step,
            results=results,
            ladder=ladder(results, self.survey.missing if opened else {}),
            declared=frozenset(self._known),
            fuzz=self._fuzz,
            compared=self._compared,
        )

    def _not_run(self, rule: Rule) -> Result:
        return Result(rule, rule.level(self.options.spec), Verdict.NOT_RUN, declared=self._known.get(rule.id))

    def _target_record(self) -> TargetRecord:
        said = (exchange.response for exchange in self.evidence.exchanges.values())
        server = next((response.value("server") for response in said if response and response.field("server")), "")
        present = {name: reason or "present" for name, reason in self.survey.capabilities.items()}
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
