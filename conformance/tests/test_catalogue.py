"""Sanity of the catalogue: what every rule owes its reader, and that no row of the course is forgotten."""

from __future__ import annotations

import re

import pytest

from conformance import checks
from conformance.capabilities import CAPABILITIES
from conformance.check import Check
from conformance.judging import SURVIVAL
from conformance.premises import ALL_ALIKE, ENDLESS, GIBBERISH, NO_CODE, NO_SUCCESS, SILENCE, TUNNEL_PAGE
from conformance.requirements import requirements
from conformance.rule import Level

CATALOGUE = checks.load()
MODAL = re.compile(r"\b(MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED)\b")


@pytest.fixture(params=CATALOGUE.values(), ids=lambda check: check.rule.id)
def check(request: pytest.FixtureRequest) -> Check:
    found = request.param
    assert isinstance(found, Check)
    return found


def test_ids_are_semantic(check: Check) -> None:
    assert re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+", check.rule.id)
    assert len(check.rule.id) <= 60


def test_texts_are_short_plain_and_end_like_sentences(check: Check) -> None:
    rule = check.rule
    for text, limit in ((rule.statement, 200), (rule.why, 320), (rule.hint, 320)):
        assert text == text.strip()
        assert 10 < len(text) <= limit, text
        assert text.endswith("."), text
        assert not MODAL.search(text), text
    assert all((rule.example.request, rule.example.good, rule.example.bad))
    assert rule.example.good != rule.example.bad


def test_premises_exist_and_do_not_go_in_circles(check: Check) -> None:
    seen: set[str] = set()
    waiting = list(check.rule.requires)
    while waiting:
        id = waiting.pop()
        assert id != check.rule.id
        if id not in seen:
            seen.add(id)
            waiting += CATALOGUE[id].rule.requires


def test_capabilities_are_known(check: Check) -> None:
    assert set(check.rule.needs) <= set(CAPABILITIES)


def test_a_rule_is_not_judged_before_its_step_by_its_premises(check: Check) -> None:
    step = check.rule.step or 99
    assert all((CATALOGUE[id].rule.step or 99) <= step for id in check.rule.requires)


def test_each_row_of_the_course_is_covered() -> None:
    rows = {
        row.id
        for row in requirements().values()
        if row.step is not None and row.observable == "yes" and row.level is not Level.MAY
    }
    covered = {row for found in CATALOGUE.values() for row in found.rule.covers}
    assert sorted(rows - covered) == []


def test_rules_cover_rows_that_exist_and_can_be_seen() -> None:
    rows = requirements()
    unseen = [id for check in CATALOGUE.values() for id in check.rule.covers if rows[id].observable == "no"]
    assert unseen == []


def test_the_rules_that_premises_name_exist() -> None:
    roots = {SILENCE, GIBBERISH, NO_CODE, ENDLESS, NO_SUCCESS, ALL_ALIKE, TUNNEL_PAGE, *SURVIVAL.values()}
    assert roots <= set(CATALOGUE)


def test_titles_do_not_repeat() -> None:
    statements = [check.rule.statement for check in CATALOGUE.values()]
    assert len(statements) == len(set(statements))
