"""The waivers are honest, and the page that shows them is up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance import checks
from conformance.cli import main
from conformance.coverage import MEANING, Answer, Answered, Kind, Waiver, answers, owing, waivers
from conformance.report.coverage import PAGE, open_groups, page, summary
from conformance.requirements import requirements
from conformance.rule import Level

CATALOGUE = checks.load()
ANSWERED = answers(check.rule for check in CATALOGUE.values())
DOCS = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"


def seen_on(waiver: Waiver, observable: str, levels: set[Level]) -> list[str]:
    return [row.id for row in waiver.rows if row.observable == observable and row.level in levels]


def test_a_waiver_speaks_of_rows_that_no_rule_covers() -> None:
    covered = {id for check in CATALOGUE.values() for id in check.rule.covers}
    assert [waiver.subject for waiver in waivers() if not waiver.rows] == []
    assert [row.id for waiver in waivers() for row in waiver.rows if row.id in covered] == []


def test_a_reason_is_a_sentence() -> None:
    sentence = re.compile(r"[A-Z]\S* \S.{10,214}\S\.")
    assert [waiver.reason for waiver in waivers() if not sentence.fullmatch(waiver.reason)] == []


def test_what_is_redundant_names_what_carries_the_demand() -> None:
    waived = {row.id for waiver in waivers() for row in waiver.rows}
    carriers = (set(requirements()) - waived) | set(CATALOGUE)
    for waiver in waivers():
        assert bool(waiver.see) == (waiver.kind is Kind.REDUNDANT), waiver.subject
        assert not waiver.see or waiver.see in carriers, f"{waiver.subject}: {waiver.see} is unknown or waived itself"


def test_what_clients_can_see_is_not_waived_away() -> None:
    """A MUST that shows on some servers, a SHOULD that shows on any: a rule is owed, unless another one judges it."""
    own = [waiver for waiver in waivers() if waiver.kind not in (Kind.REDUNDANT, Kind.OTHER_TRANSPORT)]
    assert [id for waiver in own for id in seen_on(waiver, "yes", {Level.MUST, Level.SHOULD})] == []
    assert [id for waiver in own for id in seen_on(waiver, "partly", {Level.MUST})] == []


def test_no_row_is_waived_twice() -> None:
    rows = [row.id for waiver in waivers() for row in waiver.rows]
    assert sorted({id for id in rows if rows.count(id) > 1}) == []


def test_each_row_has_one_answer() -> None:
    assert [each.row.id for each in ANSWERED] == list(requirements())
    assert all(each.waiver is None for each in ANSWERED if each.answer is Answer.COVERED)


def test_what_no_client_can_see_is_not_left_open() -> None:
    unseen = [each.row.id for each in ANSWERED if each.row.observable == "no" and each.answer is Answer.OPEN]
    assert unseen == []


def test_every_kind_has_a_meaning() -> None:
    assert set(MEANING) == set(Kind)


def test_a_row_that_loses_its_rule_is_owed() -> None:
    row = requirements()["2616-1.4-response-per-request"]
    assert owing([Answered(row, (), None)])
    assert not owing([Answered(row, ("message.response-given",), None)])


def test_the_page_is_up_to_date() -> None:
    assert DOCS.read_text("utf-8").splitlines() == list(page(ANSWERED)), f"make it anew: {PAGE}"


class TestCommand:
    CODE = 1 if owing(ANSWERED) else 0

    def test_the_summary_counts_every_row(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["coverage"]) == self.CODE
        shown = capsys.readouterr().out.splitlines()
        assert shown == list(summary(ANSWERED))
        total = next(line for line in shown if line.startswith("all"))
        assert sum(map(int, total.split()[1:])) == len(requirements())

    def test_the_open_rows_stand_under_their_groups(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["coverage", "--open"]) == self.CODE
        assert capsys.readouterr().out.splitlines() == list(open_groups(ANSWERED))

    def test_json_has_every_row(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["coverage", "--format", "json"]) == self.CODE
        rows = json.loads(capsys.readouterr().out)
        assert [row["row"] for row in rows] == list(requirements())
        assert all(bool(row["rules"]) == (row["answer"] == "covered") for row in rows)
        assert all((row["waiver"] is not None) == (row["answer"] == "waived") for row in rows)

    def test_open_rows_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["coverage", "--open", "--format", "json"])
        assert {row["answer"] for row in json.loads(capsys.readouterr().out)} <= {"open"}

    def test_markdown_is_the_page(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["coverage", "--format", "markdown"]) == self.CODE
        assert capsys.readouterr().out.splitlines() == list(page(ANSWERED))

    def test_nothing_owed_exits_with_zero(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conformance.coverage.owing", lambda answered: list(answered)[:0])
        assert main(["coverage"]) == 0
