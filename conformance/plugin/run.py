"""A pytest run in which rules are judged: the suite's session inside pytest's, the end report, the exit code.

The judging is done by :class:`conformance.session.Session`; what is printed is made in :mod:`conformance.report`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from conformance.check import Check
from conformance.errors import ConformanceError, UsageError
from conformance.options import Options
from conformance.plugin.items import STATUS, VERDICT, SuiteItem
from conformance.report.finding import Tone, explain
from conformance.report.live import LiveReport
from conformance.report.record import FAULTY, Report, exit_code
from conformance.report.terminal import end_report, out_of_date, tally
from conformance.report.visible import safe
from conformance.session import Session
from conformance.termination import as_interrupt
from conformance.verdict import Deviation, Result, Verdict

T = TypeVar("T")
EXPLAINED_WIDTH = 100
BRIEF = -2
MARKUP = {
    Tone.GOOD: {"green": True},
    Tone.BAD: {"red": True},
    Tone.WARNING: {"yellow": True},
    Tone.STRONG: {"bold": True},
    Tone.FAINT: {"light": True},
}


class RuleRun:
    """The plugin object of such a run; ``only`` tells that nothing but rules is wanted."""

    def __init__(self, options: Options, *, only: bool) -> None:
        """Where nothing but rules is wanted, select them at once; raises UsageError if there are none."""
        self._options = options
        self._only = only
        self._session = Session(options) if only else None
        self._collected = False
        self._crashed = False
        self._live: LiveReport | None = None
        self._open: ExitStack | None = None
        self._report: Report | None = None
        self._complaint: ConformanceError | None = None
        self._hidden: dict[str, list[Any]] = {}

    @property
    def session(self) -> Session:
        """The suite's session; raises UsageError if the options select nothing."""
        if self._session is None:
            self._session = Session(self._options)
        return self._session

    # -- judging ---------------------------------------------------------------------------------------------------

    def collect(self) -> tuple[Check, ...]:
        """The rules in the order of judging; raises UsageError if there are none."""
        self._collected = True
        return self.session.checks

    def start(self) -> None:
        """Start or find the server, once; raises ConformanceError if there is none."""
        if self._open is not None:
            return
        self._live = LiveReport(self._options, self.session.report)
        try:
            with ExitStack() as stack:
                stack.enter_context(as_interrupt())
                stack.enter_context(self.session)
                self._open = stack.pop_all()
        except ConformanceError as error:
            self._live.finish(error.exit_code)
            raise

    def judge(self, check: Check) -> Result:
        """Judge a rule and keep the report on disk up to date."""
        result = self.session.judge(check)
        if self._live is not None:
            self._live.update()
        return result

    @property
    def fuzzing(self) -> bool:
        """Whether generated requests are to be played."""
        return self._options.against is not None or self.session.fuzzing

    def fuzz(self) -> Iterator[Result]:
        """Play the generated requests, on two servers if there is one to compare with; yields what changes."""
        yield from self._updating(self.session.fuzz())
        for _ in self._updating(self.session.compare()):
            continue

    def _updating(self, found: Iterable[T]) -> Iterator[T]:
        """What is found; the report on disk is kept up to date meanwhile."""
        for each in found:
            if self._live is not None:
                self._live.update()
            yield each

    def explain(self, result: Result) -> str:
        """The text of a failed item; its first line goes into pytest's short summary."""
        if result.deviation is Deviation.GONE:
            return out_of_date(self._options)
        if result.finding is None:
            reason = result.reason.strip() or result.rule.statement
            return f"{safe(reason.splitlines()[-1])}\n\n{reason}"
        lines = explain(result, self.session.report().target.url, EXPLAINED_WIDTH)
        return "\n".join([safe(result.finding.message), "", *lines])

    # -- pytest's hooks --------------------------------------------------------------------------------------------

    def pytest_report_header(self) -> str | None:
        """Say what is judged, where nothing else is asked."""
        if not self._only:
            return None
        server = self._options.server_url or self._options.server_command or ""
        return f"conformance: {len(self.session.checks)} rules, server {safe(server)}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Drop what is no rule where only rules are wanted; undo any shuffling of the rules."""
        rules = sorted((item for item in items if isinstance(item, SuiteItem)), key=lambda item: item.order)
        others = [item for item in items if not isinstance(item, SuiteItem)]
        if self._only and others:
            config.hook.pytest_deselected(items=others)
            items[:] = rules
        ordered = iter(rules)
        items[:] = [next(ordered) if isinstance(item, SuiteItem) else item for item in items]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Start where nothing but rules runs; without a server there is no loop to run."""
        if self._only and session.items and not session.config.option.collectonly:
            try:
                self.start()
            except ConformanceError as error:
                self._complain(error)
                return True
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn verdicts into pytest's outcomes; whatever else fails in an item of ours is a fault of the suite."""
        report = yield
        if isinstance(item, SuiteItem):
            if report.failed:
                self._crashed = True
            elif call.when == "call":
                item.dress(report)
        return report

    def pytest_report_teststatus(self, report: Any) -> Any:
        """The letter and the word of a verdict; pytest has its own for expected failures."""
        if "wasxfail" in vars(report):
            return None
        return STATUS.get(vars(report).get(VERDICT, Verdict.PASS))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Stop the server, write the last report, set the exit code where nothing but rules ran."""
        if self._open is not None:
            self._report = self.session.report()
        code = self._code(session, exitstatus)
        try:
            self._close()
            if self._live is not None and self._report is not None:
                self._live.finish(code, self._report)
        except ConformanceError as error:
            self._complain(error)
        session.exitstatus = code if self._complaint is None else self._complaint.exit_code
        self._hide(session.config)

    def pytest_unconfigure(self) -> None:
        """Stop the server even if pytest broke off."""
        self._close()

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Print the end report, between pytest's own sections and its short summary."""
        for category, reports in self._hidden.items():
            if reports:
                terminalreporter.stats.setdefault(category, []).extend(reports)
        if self._report is not None and not config.option.no_summary:
            terminalreporter.section("HTTP conformance")
            for line in self._lines(self._report, config):
                terminalreporter.write_line(line)
        if self._complaint is not None:
            for line in f"conformance: {self._complaint}".splitlines():
                terminalreporter.write_line(safe(line), red=True)

    # -- the end ---------------------------------------------------------------------------------------------------

    def _code(self, session: pytest.Session, status: int) -> int:
        """The exit code by the suite's own table where nothing but rules ran; pytest's otherwise."""
        if status == pytest.ExitCode.NO_TESTS_COLLECTED and (self._only or self._collected):
            self._complain(UsageError("no rule is selected"))
            return status
        ours = all(isinstance(item, SuiteItem) for item in session.items)
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or not ours:
            return status
        if self._crashed:
            return FAULTY
        return status if self._report is None else exit_code(self._report)

    def _complain(self, error: ConformanceError) -> None:
        """Remember what kept the run from its end; the first complaint counts."""
        self._complaint = self._complaint or error

    def _close(self) -> None:
        if self._open is not None:
            stack, self._open = self._open, None
            stack.close()

    def _hide(self, config: pytest.Config) -> None:
        """Keep findings out of pytest's own sections, which come first: the end report shows them, once."""
        terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        for category in ("failed", "error"):
            reports = terminal.stats.get(category, []) if terminal is not None else []
            self._hidden[category] = [report for report in reports if VERDICT in vars(report)]
            reports[:] = [report for report in reports if VERDICT not in vars(report)]

    def _lines(self, report: Report, config: pytest.Config) -> Iterable[str]:
        writer = config.get_terminal_writer()

        def paint(text: str, tone: Tone) -> str:
            return writer.markup(text, **MARKUP[tone]) if text else text

        if config.get_verbosity() <= BRIEF:
            return [tally(report, paint)]
        return end_report(report, self._options, writer.fullwidth, paint)
