from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from conformance import __version__
from conformance.errors import UsageError
from conformance.ladder import Rung
from conformance.options import Options
from conformance.report.document import OCTET_LIMIT, document, schema
from conformance.report.live import LiveReport
from conformance.report.record import Report, exit_code
from conformance.rule import Level
from conformance.tests.canned import REPLY, REQUEST, make_exchange, make_report, make_result
from conformance.verdict import Result, Verdict

ALL = [
    make_result(f"a.{verdict}", verdict, blocked_by="a.fail" if verdict is Verdict.BLOCKED else None)
    for verdict in Verdict
]
NOTHING_DECLARED = {"known_failures": 0, "unexpected_passes": 0, "unconfirmed": 0}
LADDER = (Rung(2, 3, 3, True), Rung(3, 1, 4, False, ("a refusal",)))


def checked(report: Report, options: Options | None = None, code: int | None = None) -> dict[str, Any]:
    """The document, after a round through JSON and the schema."""
    found: dict[str, Any] = json.loads(json.dumps(document(report, options or Options(), code)))
    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(found)
    return found


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_everything_is_in_it() -> None:
    found = checked(make_report(*ALL, ladder=LADDER), Options(rules=("a.*",), web_root=Path("www")), 4)
    assert found["suite"] == {"name": "http-conformance", "version": __version__}
    assert found["target"]["url"] == "http://localhost:50000"
    assert found["target"]["capabilities"] == {"cgi": "no *.py is run", "redirect": "present"}
    assert found["started"] == "2023-11-14T22:13:20.250+00:00"
    assert found["summary"] == {**{verdict.value: 1 for verdict in Verdict}, **NOTHING_DECLARED, "exit_code": 4}
    assert found["options"]["rules"] == ["a.*"]
    assert found["options"]["level"] == "must"
    assert [result["verdict"] for result in found["results"]] == [verdict.value for verdict in Verdict]
    assert found["ladder"]["3"] == {"passed": 1, "applicable": 4, "complete": False, "missing": ["a refusal"]}


def test_a_finding() -> None:
    result = make_result("a.b", Verdict.FAIL, span=(15, 16), exchange=make_exchange(server_output="boo\x1b"))
    finding = checked(make_report(result))["results"][0]["finding"]
    assert finding["sent"] == REQUEST.decode("latin-1")
    assert finding["received"] == REPLY.decode("latin-1")
    assert finding["received"][slice(*finding["span"])] == "\n"
    assert finding["reproduce"].endswith("| nc localhost 50000")
    assert finding["hint"] == "The hint of a.b."
    assert finding["server_output"] == "boo\x1b"
    assert finding["ending"] == "closed"


def test_a_rule_without_a_finding_has_null() -> None:
    assert checked(make_report(make_result("a.b", Verdict.PASS)))["results"][0]["finding"] is None


def test_every_octet_survives() -> None:
    data = bytes(range(256))
    result = make_result("a.b", Verdict.FAIL, exchange=make_exchange(data))
    assert checked(make_report(result))["results"][0]["finding"]["received"].encode("latin-1") == data


@pytest.mark.parametrize(
    ("span", "offset"),
    [
        ((10, 20), 0),
        ((OCTET_LIMIT - 1, OCTET_LIMIT), 0),
        ((0, 300_000), 0),
        ((200_000, 200_003), 200_000 - OCTET_LIMIT // 2),
        ((299_999, 300_000), 299_999 - OCTET_LIMIT // 2),
        ((300_000, 300_000), 300_000 - OCTET_LIMIT // 2),
    ],
)
def test_long_octets_are_cut_around_the_span(span: tuple[int, int], offset: int) -> None:
    data = b"".join(b"%07d\n" % n for n in range(37_500))
    result = make_result("a.b", Verdict.FAIL, exchange=make_exchange(data), span=span)
    finding = checked(make_report(result))["results"][0]["finding"]
    assert finding["received_length"] == len(data)
    assert finding["received_offset"] == offset
    assert len(finding["received"]) <= OCTET_LIMIT
    start, end = finding["span"]
    expected = data[slice(*span)].decode()
    assert finding["received"][start:end] == expected[: end - start]
    assert end - start == min(len(expected), OCTET_LIMIT - start)


def test_messages_that_json_or_a_terminal_would_choke_on_survive() -> None:
    result = make_result("a.b", Verdict.FAIL, message="\udc80\x1b\x00é")
    assert checked(make_report(result))["results"][0]["finding"]["message"] == "\udc80\x1b\x00é"


def test_declared_failures_are_counted_and_keep_their_verdicts() -> None:
    declared = [make_result(f"a.{verdict}", verdict, declared="ticket 17") for verdict in Verdict]
    found = checked(make_report(*declared, make_result("a.b", Verdict.FAIL)), Options(known_failures=Path("known.txt")))
    summary = found["summary"]
    assert (summary["known_failures"], summary["unexpected_passes"], summary["unconfirmed"]) == (2, 1, 3)
    assert summary["fail"] == 2
    assert found["options"]["known_failures"] == "known.txt"
    assert {result["verdict"]: result["deviation"] for result in found["results"][:-1]} == {
        "pass": "unexpected-pass",
        "fail": "known-failure",
        "warning": "known-failure",
        "not-applicable": "unconfirmed",
        "blocked": "unconfirmed",
        "inconclusive": "unconfirmed",
        "error": None,
        "not-run": None,
    }
    assert [found["results"][n]["declared"] for n in (0, -1)] == ["ticket 17", None]


# -- the exit code -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "level", "code"),
    [
        ([("pass", "MUST"), ("not-applicable", "MUST"), ("inconclusive", "MUST")], "MUST", 0),
        ([("pass", "MUST"), ("warning", "SHOULD")], "MUST", 0),
        ([("pass", "MUST"), ("fail", "MUST")], "MUST", 1),
        ([("pass", "MUST"), ("fail", "SHOULD")], "SHOULD", 1),
        ([("pass", "MUST"), ("fail", "MAY")], "SHOULD", 0),
        ([("pass", "MUST"), ("blocked", "MUST")], "MUST", 1),
        ([("pass", "MUST"), ("blocked", "SHOULD")], "MUST", 0),
        ([("fail", "MUST"), ("error", "MAY")], "MUST", 4),
        ([("pass", "MUST"), ("not-run", "MUST")], "MUST", 0),
        ([("not-applicable", "MUST")], "MUST", 0),
        ([("inconclusive", "MUST"), ("not-run", "MUST")], "MUST", 2),
        ([("not-run", "MUST")], "MUST", 2),
    ],
)
def test_the_exit_code(results: list[tuple[str, str]], level: str, code: int) -> None:
    made = [make_result(f"a.{n}", Verdict(v), level=Level(name)) for n, (v, name) in enumerate(results)]
    assert exit_code(make_report(*made, level=Level(level))) == code


@pytest.mark.parametrize(("root", "code"), [(Verdict.WARNING, 0), (Verdict.FAIL, 1)])
def test_what_a_warning_blocks_condemns_nobody(root: Verdict, code: int) -> None:
    level = Level.SHOULD if root is Verdict.WARNING else Level.MUST
    blocked = make_result("a.blocked", Verdict.BLOCKED, blocked_by="a.root")
    assert exit_code(make_report(make_result("a.root", root, level=level), blocked)) == code


@pytest.mark.parametrize(
    ("declared", "level", "code"),
    [
        (Verdict.FAIL, Level.MUST, 0),
        (Verdict.WARNING, Level.SHOULD, 0),
        (Verdict.PASS, Level.MUST, 1),
        (Verdict.PASS, Level.MAY, 1),
        (Verdict.BLOCKED, Level.MUST, 0),
        (Verdict.NOT_APPLICABLE, Level.MUST, 0),
        (Verdict.INCONCLUSIVE, Level.MUST, 0),
        (Verdict.ERROR, Level.MUST, 4),
    ],
)
def test_a_declaration_excuses_a_failure_and_must_be_true(declared: Verdict, level: Level, code: int) -> None:
    result = make_result("a.declared", declared, level=level, declared="")
    assert exit_code(make_report(make_result("a.b", Verdict.PASS), result)) == code


def test_a_declaration_excuses_no_other_failure_but_what_it_blocks() -> None:
    known = make_result("a.known", Verdict.FAIL, declared="")
    blocked = make_result("a.blocked", Verdict.BLOCKED, blocked_by="a.known")
    assert exit_code(make_report(known, blocked)) == 0
    assert exit_code(make_report(known, blocked, make_result("a.b", Verdict.FAIL))) == 1


# -- on disk -----------------------------------------------------------------------------------------------------------


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


def test_the_file_is_there_before_anything_is_judged_and_grows(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    results: list[Result] = [make_result("a.b", Verdict.NOT_RUN)]
    live = LiveReport(Options(report=folder), lambda: make_report(*results))
    assert read(folder)["results"][0]["verdict"] == "not-run"
    assert read(folder)["summary"]["exit_code"] is None
    results[:] = [make_result("a.b", Verdict.PASS)]
    live.update()
    live.finish(0, make_report(*results))
    assert read(folder)["results"][0]["verdict"] == "pass"
    assert read(folder)["summary"]["exit_code"] == 0
    assert [path.name for path in folder.iterdir()] == ["report.json"]


def test_a_run_that_breaks_off_keeps_what_was_known(tmp_path: Path) -> None:
    live = LiveReport(Options(report=tmp_path), lambda: make_report(make_result("a.b", Verdict.NOT_RUN)))
    live.finish(3)
    assert read(tmp_path)["summary"]["exit_code"] == 3


def test_writes_are_few(tmp_path: Path) -> None:
    taken: list[int] = []

    def take() -> Report:
        taken.append(1)
        return make_report(*ALL)

    live = LiveReport(Options(report=tmp_path), take)
    for _ in range(2000):
        live.update()
    assert len(taken) < 100


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    live = LiveReport(Options(), lambda: make_report(*ALL))
    live.update()
    live.finish(0, make_report(*ALL))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="no folder can be made there"):
        LiveReport(Options(report=tmp_path / "file"), lambda: make_report(*ALL))
