"""Judging: from a rule's check to its result, in the light of all that is known of the target.

It holds the premises, confirms silences, and puts down to another rule what that one is to blame for. It neither
chooses the rules nor opens the target.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from conformance.check import CATALOGUE, Check
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.options import Options
from conformance.predicates import OVERLOADED, broken
from conformance.premises import FIRST_READING_STEP, SILENCE, unreadable
from conformance.probe import Probe
from conformance.rule import Risk, Rule
from conformance.survey import Survey
from conformance.verdict import Finding, Judgement, Result, Verdict

SURVIVAL = {Risk.MALFORMED: "robustness.survives-garbage", Risk.ABORT: "connection.survives-client-abort"}
"""The rules to which deaths are charged, by the risk of the probe that killed."""

HASTY = (Verdict.FAIL, Verdict.INCONCLUSIVE)
"""What may come of a silence that was too short."""

DOUBTFUL = (Verdict.FAIL, Verdict.WARNING, Verdict.INCONCLUSIVE)
"""What may come of a request that was turned away as one too many."""

CONFIRMATIONS = 3
"""So many silences are confirmed with the full patience; if all of them stay silent, the quick patience is trusted."""


class Judging:
    """Judges each rule once on ``evidence``.

    ``known`` are the reasons of the failures that were declared beforehand, by rule. ``confirm`` plays a probe once
    more with the full patience; without it, on a recorded run, a silence is taken as it is.
    """

    def __init__(
        self,
        options: Options,
        evidence: Evidence,
        known: Mapping[str, str],
        confirm: Callable[[Probe], Exchange] | None,
    ) -> None:
        self.options = options
        self.evidence = evidence
        self.results: dict[str, Result] = {}
        self.seen: dict[str, frozenset[Probe]] = {}
        """The probes that each rule's own check has looked at."""
        self._known = known
        self._confirm = confirm
        self._permitted: set[str] = set()  # broken, but lawfully by one generation
        self._killers: dict[Probe, str] = {}
        self._confirmations = self._shown = CONFIRMATIONS
        self._repeats: dict[Probe, int] = {}
        self.survey = Survey(evidence, options.step, options.assume, options.without)

    def look(self) -> None:
        """Survey the target. A capability must not be missed because a program was slow to start: silences are
        confirmed, and then all is looked at again."""
        self.survey.look()
        if self.survey.gap is None and self._confirm_silences():
            self.survey.look()

    def judge(self, check: Check) -> Result:
        """The result for a rule, judged once. Never raises for what a check does: its faults are verdict ``error``."""
        id = check.rule.id
        if id not in self.results:
            self.record(check.rule, self._judgement(check))
        return self.results[id]

    def record(self, rule: Rule, judgement: Judgement) -> Result:
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
        self.results[rule.id] = result
        return result

    def _judgement(self, check: Check) -> Judgement:
        try:
            obstacle = self.obstacle(check)
            return obstacle if obstacle is not None else self._judged(check)
        except NoEvidence as gone:
            return self._without_evidence(check, gone)
        except Exception:
            return Judgement(Verdict.ERROR, traceback.format_exc())

    def obstacle(self, check: Check) -> Judgement | None:
        """Why the rule cannot be judged or does not apply; None if it can. Judges the rules that it rests on."""
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
                why = premise.reason if premise.verdict is Verdict.BLOCKED else premise.rule.statement
                return Judgement(Verdict.BLOCKED, why, blocked_by=premise.blocked_by or id)
        return None

    def _judged(self, check: Check) -> Judgement:
        with self._charging(check):
            judgement = check.judge(self.evidence)
            while (judgement.verdict in HASTY and self._confirm_silences(judgement.finding)) or (
                judgement.verdict in DOUBTFUL and self._ask_again()
            ):
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

    def _confirm_silences(self, finding: Finding | None = None) -> bool:
        """Play again, with the full patience, what was given up on early; whether anything was played.

        The silence that ``finding`` shows has an account of its own: there are servers that take their time over
        nothing but a close. Either is full again as soon as one silence was a mistake.
        """
        if self._confirm is None:
            return False
        played = False
        for exchange in self._consulted():
            hasty = exchange.ending is Ending.SILENT and exchange.waited < self.options.patience
            shown = finding is not None and finding.exchange.probe == exchange.probe
            if hasty and not exchange.killed and (self._shown if shown else self._confirmations) > 0:
                again = self._confirm(exchange.probe)
                self.evidence.exchanges[exchange.probe] = again
                silent = again.ending is Ending.SILENT
                if shown:
                    self._shown = self._shown - 1 if silent else CONFIRMATIONS
                else:
                    self._confirmations = self._confirmations - 1 if silent else CONFIRMATIONS
                played = True
        return played

    def _ask_again(self) -> bool:
        """Play again what was turned away by a server that had too much to do; whether anything was played."""
        if self._confirm is None:
            return False
        played = False
        for exchange in self._consulted():
            probe, times = exchange.probe, self._repeats.get(exchange.probe, 0)
            busy = any(response.status in OVERLOADED for response in exchange.responses)
            if busy and not exchange.killed and times < CONFIRMATIONS:
                self._repeats[probe] = times + 1
                self.evidence.exchanges[probe] = self._confirm(probe)
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
