"""Rules as pytest items: the collector of the checks' file, an item for each rule, and what pytest reports of it.

Pytest knows three outcomes and the suite eight verdicts; the tables here say how the one is told by the other.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from conformance.check import Check
from conformance.errors import ConformanceError, UsageError
from conformance.report.finding import one_line
from conformance.report.visible import safe
from conformance.verdict import Deviation, Result, Verdict

if TYPE_CHECKING:
    from conformance.plugin.run import RuleRun

RUN: pytest.StashKey[RuleRun] = pytest.StashKey()
"""The run in which rules are judged; absent where no server is known."""

NO_SERVER = "no server to judge: name one with --server-url or --server-command"
VERDICT = "conformance_verdict"
"""The attribute of a pytest report that holds the verdict."""
OUTCOMES: dict[Verdict, Any] = {
    Verdict.PASS: "passed",
    Verdict.WARNING: "passed",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "failed",
}
"""Pytest's outcome for a verdict; all others count as skipped."""
STATUS: dict[Verdict, tuple[str, str, tuple[str, dict[str, bool]]]] = {
    Verdict.WARNING: ("warned", "W", ("WARNING", {"yellow": True})),
    Verdict.NOT_APPLICABLE: ("not applicable", "n", ("NOT APPLICABLE", {"light": True})),
    Verdict.BLOCKED: ("blocked", "b", ("BLOCKED", {"yellow": True})),
    Verdict.INCONCLUSIVE: ("inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})),
    Verdict.ERROR: ("error", "E", ("ERROR", {"red": True})),
}
"""What pytest counts, prints while running and prints with -v, where its own words do not do."""


class RuleFile(pytest.File):
    """Collects an item for each selected rule, and one for the generated requests."""

    def collect(self) -> Iterator[SuiteItem]:
        """The items in the order of judging, or a skip that says why there are none."""
        run = self.config.stash.get(RUN, None)
        if run is None:
            pytest.skip(NO_SERVER)
        try:
            checks = run.collect()
        except UsageError as error:
            pytest.exit(str(error), returncode=error.exit_code)
        for order, check in enumerate(checks):
            yield RuleItem.of(self, run, check, order)
        if run.fuzzing:
            yield FuzzItem.last(self, run, len(checks))


class SuiteItem(pytest.Item):
    """An item of ours, the ``order``-th of them."""

    run: RuleRun
    order: int

    def setup(self) -> None:
        """The first item starts the server or finds it; without one the whole pytest run ends."""
        try:
            self.run.start()
        except ConformanceError as error:
            pytest.exit(str(error), returncode=error.exit_code)

    @abstractmethod
    def dress(self, report: pytest.TestReport) -> None:
        """Give the report of what the item did its outcome."""


class RuleItem(SuiteItem):
    """One rule."""

    check: Check
    result: Result | None

    @classmethod
    def of(cls, parent: RuleFile, run: RuleRun, check: Check, order: int) -> RuleItem:
        """The item of ``check``; pytest wants items to be made by its own constructor."""
        item: RuleItem = cls.from_parent(parent, name=check.rule.id)
        item.run, item.check, item.order, item.result = run, check, order, None
        return item

    def runtest(self) -> None:
        """Judge; the verdict becomes pytest's when the report is made."""
        self.result = self.run.judge(self.check)
        self.user_properties += [("level", self.result.level.value), ("verdict", self.result.verdict.value)]

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the item is from. There is no line; a bare id would have its dots taken for those of a class."""
        return self.path, None, f"rule {self.name}"

    def dress(self, report: pytest.TestReport) -> None:
        """Give the report of the judging its verdict."""
        if self.result is None:
            return
        verdict, deviation = self.result.verdict, self.result.deviation
        vars(report)[VERDICT] = verdict
        if deviation is Deviation.KNOWN:
            _dress_as_xfailed(report, self.result)
            return
        report.outcome = "failed" if deviation is Deviation.GONE else OUTCOMES.get(verdict, "skipped")
        if report.outcome == "failed":
            report.longrepr = self.run.explain(self.result)
        elif report.outcome == "skipped":
            unconfirmed = "known failure, could not be confirmed: " if deviation is Deviation.UNCONFIRMED else ""
            report.longrepr = (str(self.path), 1, unconfirmed + (safe(self.result.reason) or str(verdict)))


class FuzzItem(SuiteItem):
    """The generated requests, after all rules; it fails with the rules that they show to be broken."""

    broken: list[Result]

    @classmethod
    def last(cls, parent: RuleFile, run: RuleRun, order: int) -> FuzzItem:
        """The item behind the others."""
        item: FuzzItem = cls.from_parent(parent, name="fuzz")
        item.run, item.order, item.broken = run, order, []
        return item

    def runtest(self) -> None:
        """Play; what is found changes the results of rules."""
        self.broken = [result for result in self.run.fuzz() if result.verdict in (Verdict.FAIL, Verdict.WARNING)]

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the item is from."""
        return self.path, None, "generated requests"

    def dress(self, report: pytest.TestReport) -> None:
        """Failed if a rule is broken that counts, warned if only others are."""
        counting = [result for result in self.broken if result.verdict is Verdict.FAIL and result.deviation is None]
        verdict = Verdict.FAIL if counting else Verdict.WARNING if self.broken else Verdict.PASS
        vars(report)[VERDICT] = verdict
        report.outcome = OUTCOMES[verdict]
        if counting:
            report.longrepr = "\n".join(one_line(result) for result in counting)


def _dress_as_xfailed(report: pytest.TestReport, result: Result) -> None:
    """The way in which pytest itself tells an expected failure."""
    report.outcome = "skipped"
    report.longrepr = one_line(result)
    vars(report)["wasxfail"] = safe(result.declared or "") or "known failure"
