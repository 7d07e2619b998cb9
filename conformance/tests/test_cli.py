from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import conformance
from conformance import checks
from conformance.check import Check
from conformance.cli import main
from conformance.exchange import Exchange
from conformance.fuzz.difference import Difference
from conformance.fuzz.differential import Comparison
from conformance.fuzz.example import Mutation
from conformance.probe import Probe
from conformance.report.catalogue import explanation
from conformance.report.record import exit_code
from conformance.session import Session
from conformance.target import Target
from conformance.tests.canned import canned_catalogue, canned_server
from conformance.tests.small import Answer, small, strict, takes_odd_hosts
from conformance.verdict import Deviation, Result


@pytest.fixture
def catalogue() -> Iterator[None]:
    with canned_catalogue():
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with canned_server() as url:
        yield url


def summary(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "report.json").read_text("utf-8"))["summary"]
    return found


@pytest.mark.usefixtures("catalogue")
class TestRun:
    def test_every_verdict_is_reported(self, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", server, "--report", str(tmp_path)]) == 4
        shown = capsys.readouterr().out
        assert "7 rules: 1 passed, 1 failed, 1 in error, 1 warned, 1 blocked, 1 inconclusive, 1 not applicable" in shown
        assert "canned.fail (MUST)" in shown
        assert "1 more rule could not be judged because of this (canned.blocked)" in shown
        assert "RuntimeError: a fault of the check" in shown
        assert "\x1b" not in shown
        assert summary(tmp_path)["exit_code"] == 4
        assert summary(tmp_path)["warning"] == 1

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["--rule", "canned.pass"], 0),
            (["--rule", "canned.pass", "--rule", "canned.advice"], 0),
            (["--rule", "canned.advice", "--level", "should"], 1),
            (["--rule", "canned.f*"], 1),
            (["--rule", "canned.unclear"], 2),
            (["--rule", "canned.nosuch"], 2),
        ],
    )
    def test_exit_codes(self, server: str, arguments: list[str], code: int) -> None:
        assert main(["run", server, *arguments]) == code

    @pytest.mark.parametrize(
        ("declared", "selected", "code"),
        [
            ("canned.fail # ticket 17", "canned.[pfb]*", 0),
            ("canned.fail\ncanned.blocked\n", "canned.[pfb]*", 0),
            ("# nothing\n", "canned.[pfb]*", 1),
            ("canned.fail\ncanned.pass\n", "canned.[pfb]*", 1),
            ("canned.advice\ncanned.absent\n", "canned.a*", 0),
            ("canned.fail\n", "canned.p*", 0),
            ("canned.fail\n", "canned.b*", 0),
            ("canned.pass\n", "canned.b*", 1),
            ("canned.error\n", "canned.e*", 4),
        ],
    )
    def test_known_failures(self, server: str, tmp_path: Path, declared: str, selected: str, code: int) -> None:
        file = tmp_path / "known.txt"
        file.write_text(declared)
        assert main(["run", server, "--rule", selected, "--known-failures", str(file)]) == code

    def test_a_mistake_in_the_known_failures_ends_the_run_before_it_begins(
        self, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "known.txt"
        file.write_text("canned.fial\n")
        assert main(["run", server, "--known-failures", str(file)]) == 2
        assert f"known failures: {file}:1: no rule 'canned.fial'; did you mean canned.fail" in capsys.readouterr().err

    def test_a_recorded_run_excuses_known_failures_too(self, server: str, tmp_path: Path) -> None:
        (tmp_path / "known.txt").write_text("canned.fail\n")
        main(["run", server, "--evidence", str(tmp_path / "run.json")])
        judge = ["judge", str(tmp_path / "run.json"), "--rule", "canned.[pf]*"]
        assert main(judge) == 1
        assert main([*judge, "--known-failures", str(tmp_path / "known.txt")]) == 0

    def test_a_program_may_declare_them(self, server: str, tmp_path: Path) -> None:
        (tmp_path / "known.txt").write_text("canned.fail  # ticket 17\n")
        report = conformance.run(server, rules=["canned.[pf]*"], known_failures=tmp_path / "known.txt")
        declared = {result.rule.id: (result.declared, result.deviation) for result in report.results}
        assert declared == {"canned.pass": (None, None), "canned.fail": ("ticket 17", Deviation.KNOWN)}
        assert exit_code(report) == 0

    def test_a_recorded_run_is_judged_alike(
        self, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "run.json"
        main(["run", server, "--evidence", str(file), "--rule", "canned.[pf]*"])
        live = capsys.readouterr().out
        assert main(["judge", str(file), "--rule", "canned.[pf]*"]) == 1
        again = capsys.readouterr().out
        assert live.partition("---")[2] == again.partition("---")[2]

    def test_an_interrupt_reports_what_there_is(
        self, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        judge = Session.judge

        def interrupted(self: Session, check: Check) -> Result:
            if check is self.checks[1]:
                raise KeyboardInterrupt
            return judge(self, check)

        monkeypatch.setattr(Session, "judge", interrupted)
        assert main(["run", server, "--report", str(tmp_path)]) == 130
        assert "1 passed, 6 not run" in capsys.readouterr().out
        assert summary(tmp_path)["not-run"] == 6

    def test_being_asked_to_end_reports_what_there_is(
        self, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, judge = signal.getsignal(signal.SIGTERM), Session.judge

        def asked_to_end(self: Session, check: Check) -> Result:
            if check is self.checks[1]:
                os.kill(os.getpid(), signal.SIGTERM)
            return judge(self, check)

        monkeypatch.setattr(Session, "judge", asked_to_end)
        assert main(["run", server, "--report", str(tmp_path)]) == 130
        assert summary(tmp_path)["not-run"] == 6
        assert signal.getsignal(signal.SIGTERM) is before

    def test_a_server_that_is_not_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "--command", "false {port}", "--report", str(tmp_path)]) == 3
        assert "could not be started" in capsys.readouterr().err
        assert summary(tmp_path) == {**dict.fromkeys(summary(tmp_path), 0), "not-run": 7, "exit_code": 3}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "no server to judge"),
        (["run", "https://localhost"], "server url: 'https://localhost' is no plain HTTP URL"),
        (["run", "localhost:1", "--step", "9"], "step: '9' is no step"),
        (["run", "localhost:1", "--fuzz", "abc"], "fuzz: 'abc' is no number of requests: give 0 or more"),
        (["run", "localhost:1", "--fuzz=-1"], "fuzz: '-1' is no number of requests: give 0 or more"),
        (["run", "localhost:1", "--fuzz-time", "0"], "fuzz time: '0' is no time: give a number of seconds above 0"),
        (
            ["run", "localhost:1", "--fuzz-failures", "/"],
            "fuzz failures: / cannot be read (Is a directory): name a file",
        ),
        (["run", "localhost:1", "--against", "http://localhost:x"], "against: 'http://localhost:x' is no server URL"),
        (["run", "localhost:1", "--against", "localhost:2", "--fuzz", "0"], "leave out the 0 for fuzz"),
        (["judge", "/no/such/file"], "no evidence in /no/such/file"),
        (["explain", "status-line.crfl"], "did you mean status-line.crlf"),
        (["explain", "zzz"], "`rules` lists them all"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert told in captured.err


def test_a_second_server_that_is_not_there(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", server, "--against", "http://127.0.0.1:1", "--fuzz", "1"]) == 3
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "nobody listens at http://127.0.0.1:1, the server to compare with: start it first" in captured.err


def closes(_: bytes) -> bytes:
    return b""


def babbles(_: bytes) -> bytes:
    return b"garbage\n"


class TestFuzz:
    """The default that only the command line and pytest have; what is found is tested in test_fuzz_campaign.py."""

    def run(self, url: str, root: Path, *more: str) -> int:
        rule = ("--rule", "host.invalid-400", "--patience", "1")
        return main(["run", url, "--web-root", str(root), *rule, "--fuzz", "60", "--fuzz-time", "300", *more])

    @pytest.fixture(autouse=True)
    def _folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "web").mkdir()
        (tmp_path / "web" / "page.txt").write_text("ok")
        monkeypatch.chdir(tmp_path)

    def test_failures_are_kept_where_it_was_started_and_out_of_version_control(self, tmp_path: Path) -> None:
        with small(takes_odd_hosts) as server:
            assert self.run(server.url, tmp_path / "web") == 1
        kept = tmp_path / ".conformance"
        assert {path.name for path in kept.iterdir()} == {".gitignore", "fuzz-failures.json"}
        assert (kept / ".gitignore").read_text().splitlines()[-1] == "*"

    def test_they_are_kept_nowhere_if_that_is_asked(self, tmp_path: Path) -> None:
        with small(takes_odd_hosts) as server:
            assert self.run(server.url, tmp_path / "web", "--fuzz-failures", "") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["web"]

    def test_nothing_is_made_where_nothing_fails(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with small() as server:
            assert self.run(server.url, tmp_path / "web") == 0
        assert [path.name for path in tmp_path.iterdir()] == ["web"]
        assert "nothing found (--fuzz 60 --fuzz-seed 0)" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("answer", "code", "left"), [(strict, 0, {"web"}), (takes_odd_hosts, 1, {"web", ".conformance"})]
    )
    def test_a_program_of_its_own_leaves_no_more(
        self, answer: Callable[[bytes], bytes], code: int, left: set[str], tmp_path: Path
    ) -> None:
        rule = ("--rule", "host.invalid-400", "--patience", "1", "--fuzz", "60", "--fuzz-time", "300")
        with small(answer) as server:
            line = [sys.executable, "-m", "conformance", "run", server.url, "--web-root", "web", *rule]
            assert subprocess.run(line, check=False, capture_output=True, timeout=300).returncode == code
        assert {path.name for path in tmp_path.iterdir()} == left

    def test_a_recording_is_not_fuzzed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with small() as server:
            self.run(server.url, tmp_path / "web", "--evidence", "run.json")
        capsys.readouterr()
        assert main(["judge", "run.json", "--rule", "host.invalid-400"]) == 0
        assert "Fuzz" not in capsys.readouterr().out

    def test_an_interrupt_tells_what_was_played(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        strike, played = Target.strike, list[Probe]()

        def interrupted(self: Target, probe: Probe, *rest: Any) -> Exchange:
            played.append(probe)
            if len(played) == 20:
                raise KeyboardInterrupt
            return strike(self, probe, *rest)

        monkeypatch.setattr(Target, "strike", interrupted)
        with small() as server:
            assert self.run(server.url, tmp_path / "web") == 130
        assert "Fuzz: " in capsys.readouterr().out

    def test_two_servers_are_compared(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with small() as one, small(takes_odd_hosts) as other:
            assert self.run(one.url, tmp_path / "web", "--against", other.url) == 0
        shown = capsys.readouterr().out
        assert "Compared by " in shown
        assert other.url in shown

    @pytest.mark.parametrize(
        ("first", "second", "why"),
        [
            (strict, closes, "the second server cannot be compared: the server answers no plain GET"),
            (closes, strict, "the first server cannot be compared: the server answers no plain GET"),
            (strict, babbles, "the second server cannot be compared: no reply to a plain GET is an HTTP response"),
        ],
    )
    def test_what_cannot_be_compared_is_told(
        self, first: Answer, second: Answer, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with small(first) as one, small(second) as other:
            self.run(one.url, tmp_path / "web", "--against", other.url)
        shown = " ".join(capsys.readouterr().out.split())
        assert f"Nothing was compared. {why}" in shown

    def test_a_second_server_has_no_more_time_than_is_granted(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with small() as one, small() as other:
            assert self.run(one.url, tmp_path / "web", "--against", other.url, "--fuzz-time", "0.001") == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "the second server cannot be compared: it has not shown what it offers within 0.001 s" in shown

    def test_an_interrupt_keeps_the_differences(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(self: Comparison, mutations: Iterable[Mutation]) -> Iterator[Difference]:
            yield from islice(run(self, mutations), 1)
            raise KeyboardInterrupt

        run = Comparison.run
        monkeypatch.setattr(Comparison, "run", interrupted)
        with small() as one, small(takes_odd_hosts) as other:
            assert self.run(one.url, tmp_path / "web", "--against", other.url, "--fuzz", "600") == 130
        shown = capsys.readouterr().out
        assert "--- difference 1 of 1" in shown
        assert "not all were played: the run was broken off" in shown


@pytest.mark.parametrize("arguments", [[], ["run", "--nosuch"], ["rules", "--format", "xml"], ["run", "--rul", "x"]])
def test_what_cannot_be_parsed_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_rules_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [rule["id"] for rule in listed] == list(checks.load())
    keys = {"id", "level", "statement", "hint", "rfc", "step", "dispute", "needs", "covers", "mutants"}
    assert all(rule.keys() == keys for rule in listed)


def test_rules_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    shown = capsys.readouterr().out
    assert all(rule in shown for rule in checks.load())


def test_every_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for id, check in checks.load().items():
        shown = "\n".join(explanation(check.rule, 80))
        assert all(part in shown for part in (id, "A good answer", "A bad answer", check.rule.covers[0]))
    assert main(["explain", id]) == 0
    assert shown in capsys.readouterr().out


def test_the_module_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "--version"], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("http-conformance ")


def test_a_reader_who_leaves_early_is_no_error() -> None:
    line = f"{sys.executable} -m conformance rules --format json | head -c 1"
    done = subprocess.run(["sh", "-c", line], check=False, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[", "")
