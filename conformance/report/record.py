"""The record of a run, from which every report is made, and what all of them ask of it. Pure, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.fuzz.difference import Difference
from conformance.ladder import Rung
from conformance.probe import Probe
from conformance.rule import Level, Spec
from conformance.verdict import Company, Deviation, Result, Verdict

KEPT, BROKEN, NOTHING_JUDGED, FAULTY = 0, 1, 2, 4
UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Target:
    """What was judged.

    ``server`` is its Server field; ``capabilities`` maps each to "present" or to the reason why it is absent.
    """

    url: str
    command: str | None = None
    server: str = ""
    capabilities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caught:
    """What the fuzz caught: the rule that is broken, by what change to a good request, and the probe that shows it.

    ``failures`` of ``plays`` of these octets failed; ``proved`` is false for a silence that did not happen again.
    """

    rule: str
    change: str
    probe: Probe
    message: str
    failures: int
    plays: int
    proved: bool
    company: Company = ()


@dataclass(frozen=True, slots=True)
class Fuzz:
    """The generated requests of a run: how many were asked for and played, by which seed, in how many seconds.

    ``note`` tells what cut it short, if anything did.
    """

    examples: int
    played: int
    seed: str
    seconds: float
    caught: tuple[Caught, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """How the target compares with the server at ``url``: the differences, the most dangerous first."""

    url: str
    played: int
    seconds: float
    differences: tuple[Difference, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One run, ``started`` at so many seconds since the epoch; ``results`` in catalogue order.

    ``declared`` are all rules that were declared as broken, selected or not.
    """

    target: Target
    started: float
    duration: float
    spec: Spec
    level: Level
    step: int | None
    results: tuple[Result, ...]
    ladder: tuple[Rung, ...]
    declared: frozenset[str] = frozenset()
    fuzz: Fuzz | None = None
    compared: Compared | None = None


def counts(report: Report) -> dict[Verdict, int]:
    """How many rules got each verdict, all verdicts named."""
    seen = Counter(result.verdict for result in report.results)
    return {verdict: seen[verdict] for verdict in Verdict}


def deviations(report: Report) -> dict[Deviation, int]:
    """What became of the declared failures, all outcomes named."""
    seen = Counter(result.deviation for result in report.results)
    return {deviation: seen[deviation] for deviation in Deviation}


def exit_code(report: Report) -> int:
    """4 if the suite itself failed; 1 if a rule that counts is broken or a MUST is blocked; 0 otherwise.

    What is blocked by a mere warning or by a known failure condemns nobody. Nor does a failure that was declared, but
    the declaration must be true: a rule that is kept after all is a 1. A run in which no rule at all could be decided
    is not green: it is 2, as if nothing had been selected.
    """
    if any(result.verdict is Verdict.ERROR for result in report.results):
        return FAULTY
    if all(result.verdict in UNDECIDED for result in report.results):
        return NOTHING_JUDGED
    by_id = {result.rule.id: result for result in report.results}
    return BROKEN if any(_condemns(result, report, by_id) for result in report.results) else KEPT


def _condemns(result: Result, report: Report, by_id: Mapping[str, Result]) -> bool:
    if result.deviation is not None:
        return result.deviation is Deviation.GONE
    if result.verdict is Verdict.BLOCKED:
        return result.level is Level.MUST and not _excuses(_root(result, by_id), report, by_id)
    return result.verdict is Verdict.FAIL and result.level.rank >= report.level.rank


def _excuses(id: str, report: Report, by_id: Mapping[str, Result]) -> bool:
    """Whether what the rule blocks condemns nobody; that it blocks proves a rule that was not selected to be broken."""
    if id not in by_id:
        return id in report.declared
    return by_id[id].verdict is Verdict.WARNING or by_id[id].deviation is Deviation.KNOWN


def roots(report: Report) -> dict[str, list[Result]]:
    """Blocked results by their root: the first rule in the chain of ``blocked_by`` that is not blocked.

    The root is "" where no rule is named.
    """
    by_id = {result.rule.id: result for result in report.results}
    found: dict[str, list[Result]] = {}
    for result in report.results:
        if result.verdict is Verdict.BLOCKED:
            found.setdefault(_root(result, by_id), []).append(result)
    return found


def _root(result: Result, by_id: Mapping[str, Result]) -> str:
    passed = {result.rule.id}
    while result.blocked_by is not None and result.blocked_by not in passed:
        passed.add(result.blocked_by)
        following = by_id.get(result.blocked_by)
        if following is None or following.verdict is not Verdict.BLOCKED:
            return result.blocked_by
        result = following
    return ""
