from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.ladder import Rung, ladder
from conformance.options import Options
from conformance.report.record import Report
from conformance.report.terminal import climbed, end_report, tally
from conformance.rule import Level
from conformance.tests.canned import make_report, make_result
from conformance.verdict import Verdict


def text(report: Report, options: Options | None = None, width: int = 80) -> str:
    return "\n".join(end_report(report, options or Options(), width))


def test_a_clean_run_is_short() -> None:
    shown = text(make_report(make_result("a.b", Verdict.PASS), ladder=(Rung(2, 1, 1, True),)))
    assert shown.splitlines() == [
        "http://localhost:50000 (canned): 1 rule by RFC 2616 or 9110, in 1.5 s",
        "offered: redirect",
        "not offered, so not judged: cgi",
        "",
        "Ladder: step 2 complete",
        "  step 2  [####################] complete",
        "",
        "1 rule: 1 passed",
    ]


@pytest.mark.parametrize(
    ("rungs", "words"),
    [
        ([(2, 3, 3, True, ()), (3, 6, 8, False, ()), (4, 0, 2, False, ())], "step 2 complete; step 3: 6 of 8"),
        ([(2, 3, 3, True, ()), (3, 8, 8, True, ())], "step 3 complete"),
        ([(2, 0, 3, False, ())], "step 2: 0 of 3"),
        ([(2, 3, 3, True, ()), (3, 8, 8, False, ("x",))], "step 2 complete; step 3: 8 of 8; something is missing"),
        ([], ""),
    ],
)
def test_how_far_the_ladder_is_climbed(rungs: list[tuple[int, int, int, bool, tuple[str, ...]]], words: str) -> None:
    assert climbed([Rung(*rung) for rung in rungs]) == words


def test_a_server_that_is_stopped_again_must_be_started_to_try_a_command() -> None:
    report = make_report(make_result("a.b", Verdict.FAIL))
    assert "start it on port" not in text(report)
    launched = replace(report, target=replace(report.target, command="serve {port}"))
    assert "start it on port 50000" in text(launched, width=120)


def test_what_is_missing_of_a_step_is_named() -> None:
    shown = text(make_report(ladder=(Rung(6, 3, 3, False, ("an HTML listing with links", "a page with the time")),)))
    assert "not seen yet: an HTML listing with links, a page with the time" in shown


def test_the_ladder_is_left_out_where_rules_were_picked() -> None:
    assert "Ladder" not in text(make_report(ladder=(Rung(2, 1, 1, True),)), Options(rules=("a.*",)))


def test_root_causes_come_first_and_name_their_consequences() -> None:
    report = make_report(
        make_result("minor.fault", Verdict.FAIL),
        make_result("root.fault", Verdict.FAIL),
        *(make_result(f"far.{n}", Verdict.BLOCKED, blocked_by="near.0") for n in range(9)),
        make_result("near.0", Verdict.BLOCKED, blocked_by="root.fault"),
    )
    shown = text(report, width=120)
    assert shown.index("root.fault (MUST)") < shown.index("minor.fault (MUST)")
    assert "10 more rules could not be judged because of this" in shown
    assert "and 4 others" in shown
    assert shown.count("far.3") == 1
    assert "12 rules: 2 failed, 10 blocked" in shown


def test_what_is_blocked_by_no_failure_is_told_too() -> None:
    report = make_report(
        make_result("root.quiet", Verdict.INCONCLUSIVE, reason="silence"),
        make_result("a.b", Verdict.BLOCKED, blocked_by="root.quiet", reason="the server stopped answering"),
        make_result("a.c", Verdict.BLOCKED, reason="the server is gone"),
    )
    shown = text(report, width=120)
    assert "1 rule could not be judged because of root.quiet: the server stopped answering (a.b)" in shown
    assert "1 rule could not be judged because the server is gone (a.c)" in shown
    assert "  root.quiet: silence" in shown


def test_what_many_rules_cannot_tell_for_one_reason_is_told_once() -> None:
    none = [make_result(f"none.{number}", Verdict.INCONCLUSIVE, reason="no page") for number in range(9)]
    shown = text(make_report(*none, make_result("one.quiet", Verdict.INCONCLUSIVE, reason="silence")), width=200)
    assert "  9 rules: no page (none.0, none.1, none.2, none.3, none.4, none.5 and 3 others)" in shown
    assert shown.count("no page") == 1
    assert "  one.quiet: silence" in shown


def test_rules_that_block_each_other_do_not_hang() -> None:
    report = make_report(
        make_result("a.b", Verdict.BLOCKED, blocked_by="a.c"), make_result("a.c", Verdict.BLOCKED, blocked_by="a.b")
    )
    assert "2 rules could not be judged" in text(report)


def test_warnings_are_short_and_errors_stand_apart() -> None:
    report = make_report(
        make_result("a.fail", Verdict.FAIL),
        make_result("a.advice", Verdict.WARNING, level=Level.SHOULD),
        make_result("a.error", Verdict.ERROR, reason="Traceback\n  line\nValueError: \x1b[2Jx"),
    )
    shown = text(report)
    assert shown.index("a.fail (MUST)") < shown.index("a.advice (SHOULD)") < shown.index("ERRORS OF THE SUITE")
    assert "  ValueError: \\x1b[2Jx" in shown
    assert shown.count("try it") == 1


def test_a_warning_about_a_death_shows_what_kills() -> None:
    result = make_result("a.death", Verdict.WARNING, level=Level.SHOULD)
    assert result.finding is not None
    fatal = replace(result.finding, exchange=replace(result.finding.exchange, killed=True))
    shown = text(make_report(replace(result, finding=fatal)))
    assert shown.index("a.death (SHOULD)") < shown.index("sent") < shown.index("dead or deaf") < shown.index("try it")


def test_declared_failures_are_told_in_brief_and_what_is_wrong_with_them_aloud() -> None:
    report = make_report(
        make_result("a.news", Verdict.FAIL),
        make_result("a.fail", Verdict.FAIL, declared="ticket\x1b 17"),
        make_result("a.advice", Verdict.WARNING, declared=""),
        make_result("a.blocked", Verdict.BLOCKED, blocked_by="a.fail", reason="there is no line"),
        make_result("a.absent", Verdict.NOT_APPLICABLE, declared="", reason="the server has none"),
        make_result("a.unclear", Verdict.INCONCLUSIVE, declared="", reason="silence"),
        make_result("a.mended", Verdict.PASS, declared="ticket 18"),
    )
    lines = text(report, Options(known_failures=Path("known.txt")), width=120).splitlines()
    shown = "\n".join(lines)
    assert shown.count("try it") == 1
    assert "--- failed 1 of 1" in shown
    assert "  a.fail: a.fail is broken. (declared: ticket\\x1b 17)" in lines
    assert "  a.advice: a.advice is broken." in lines
    assert "--- warnings" not in shown
    assert "--- inconclusive" not in shown
    assert "1 rule could not be judged because of a.fail: there is no line (a.blocked)" in shown
    assert "  a.absent: not-applicable: the server has none" in lines
    assert "  a.unclear: inconclusive: silence" in lines
    kept = "unexpected pass: the rule is kept, remove its line from known.txt"
    assert f"  a.mended: {kept} (declared: ticket 18)" in lines
    assert lines[-1].endswith("(declared: 2 known failures, 1 unexpected pass, 2 not confirmed)")


def test_a_known_failure_keeps_its_step_incomplete() -> None:
    rungs = ladder([make_result("a.known", Verdict.FAIL, declared=""), make_result("a.b", Verdict.PASS)], {2: ()})
    assert rungs == (Rung(2, 1, 2, False),)


def test_names_of_rules_are_not_broken_at_hyphens() -> None:
    report = make_report(*(make_result(f"some-area.a-rather-long-name-{n}", Verdict.BLOCKED) for n in range(6)))
    shown = text(report)
    assert all(f"some-area.a-rather-long-name-{n}" in shown for n in range(6))


def test_the_tally_names_only_what_there_is() -> None:
    results = [make_result(f"a.{verdict}", verdict) for verdict in Verdict]
    assert tally(make_report(*results)) == (
        "8 rules: 1 passed, 1 failed, 1 in error, 1 warned, 1 blocked, 1 inconclusive, 1 not applicable, 1 not run"
    )
