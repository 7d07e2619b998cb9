"""The plugin from outside: every test is a pytest run of its own, against a canned server and a canned catalogue."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import conformance
from conformance.tests.canned import canned_server
from conformance.tests.small import small, takes_odd_hosts, takes_odd_names
from conformance.webroot import bundled

pytest_plugins = "pytester"

CANNED = "from canned import install_canned_checks\ninstall_canned_checks()\n"
OWN_TEST = "def test_own():\n    assert True\n"
COUNTS = "*1 failed, 1 passed, 1 error, 1 blocked, 1 warned, 1 not applicable, 1 inconclusive in*"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with canned_server() as url:
        yield url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages in which the suite is installed, so that no checkout is around it."""
    folder = tmp_path_factory.mktemp("site")
    source = Path(conformance.__file__).parent
    leave_out = shutil.ignore_patterns("tests", "__pycache__", "_web")
    shutil.copytree(source, folder / "conformance", ignore=leave_out)
    shutil.copytree(bundled(), folder / "conformance" / "_web", ignore=leave_out)
    shutil.copy(source / "tests" / "canned.py", folder)
    return folder


class Project:
    """Somebody's folder, in which pytest is run with the plugin."""

    def __init__(self, pytester: pytest.Pytester, site: Path) -> None:
        self.path = pytester.path
        self.checks = site / "conformance" / "checks"
        self._pytester = pytester
        self.conftest(CANNED)

    def conftest(self, source: str) -> None:
        (self.path / "conftest.py").write_text(source)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def pytest(self, *arguments: str | Path) -> pytest.RunResult:
        strict = ("-W", "error", "--strict-markers", "-p", "conformance.plugin")
        return self._pytester.runpytest_subprocess(*strict, *arguments, timeout=120)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, site: Path) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("PYTEST_ADDOPTS", "CI", "BUILD_NUMBER", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)
    return Project(pytester, site)


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


def verdicts(folder: Path) -> dict[str, str]:
    return {result["rule"]: result["verdict"] for result in report(folder)["results"]}


# -- only the checks ---------------------------------------------------------------------------------------------------


def test_with_a_server_only_the_checks_run_and_each_verdict_has_its_letter(project: Project, server: str) -> None:
    project.write("test_own.py", "raise RuntimeError('imported')\n")
    result = project.pytest("--server-url", server, "--report", "out")
    assert result.ret == 4
    result.stdout.fnmatch_lines(
        [
            f"conformance: 7 rules, server {server}",
            "*test_rules.py .FbWn?E *",
            "*= HTTP conformance =*",
            "--- failed 1 of 1 *",
            "canned.fail (MUST)*",
            "  received  HTTP/1.1 200 OK\\n",
            " *  ^^",
            "*1 more rule could not be judged because of this (canned.blocked)",
            "--- warnings*",
            "--- ERRORS OF THE SUITE*",
            "*a fault of the check against 127.0.0.1",
            "7 rules: 1 passed, 1 failed, *",
            "FAILED *::canned.fail - The line ends in LF.",
            COUNTS,
        ]
    )
    shown = result.stdout.str()
    assert shown.count("try it") == 1
    assert shown.count("RuntimeError: a fault") == 2, "once explained, once in the short summary"
    assert "= FAILURES =" not in shown
    assert "= ERRORS =" not in shown
    assert result.stderr.str() == ""
    assert verdicts(project.path / "out")["canned.advice"] == "warning"


def test_words_instead_of_letters(project: Project, server: str) -> None:
    result = project.pytest("--server-url", server, "-v", "-p", "no:cacheprovider")
    words = {
        "pass": "PASSED",
        "fail": "FAILED",
        "blocked": "BLOCKED",
        "advice": "WARNING",
        "absent": "NOT APPLICABLE",
        "unclear": "INCONCLUSIVE",
        "error": "ERROR",
    }
    result.stdout.fnmatch_lines([f"*::canned.{name} {word} *" for name, word in words.items()])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--rule", "canned.pass"], 0),
        (["--rule", "canned.advice", "--level", "should"], 1),
        (["-k", "pass or absent", "-qq"], 0),
        (["-k", "fail or pass", "--no-summary"], 1),
    ],
)
def test_exit_codes(project: Project, server: str, arguments: list[str], code: int) -> None:
    assert project.pytest("--server-url", server, *arguments).ret == code


def test_known_failures_are_expected(project: Project, server: str) -> None:
    project.write("known.txt", "canned.fail  # ticket 17\ncanned.advice\ncanned.absent\n")
    arguments = ("--server-url", server, "--known-failures", "known.txt", "--rule", "canned.[!e]*", "--report", "out")
    result = project.pytest(*arguments, "-rxs", "--junitxml", "out.xml")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*test_rules.py .xbxn? *",
            "--- known failures: *",
            "  canned.fail: The line ends in LF. (declared: ticket 17)",
            "--- known failures that could not be confirmed *",
            "  canned.absent: not-applicable: the server has none",
            "6 rules: 1 passed, 1 failed, * (declared: 2 known failures, 1 not confirmed)",
            "XFAIL *::canned.fail - ticket 17",
            "*1 passed, *2 xfailed*",
        ]
    )
    assert "try it" not in result.stdout.str()
    assert verdicts(project.path / "out")["canned.fail"] == "fail"
    cases = {case.get("name"): case for case in ElementTree.parse(project.path / "out.xml").iter("testcase")}
    skipped = cases["canned.fail"].find("skipped")
    assert skipped is not None
    assert (skipped.get("type"), skipped.get("message")) == ("pytest.xfail", "ticket 17")


def test_a_known_failure_that_passes_fails_the_run(project: Project, server: str) -> None:
    project.write("known.txt", "canned.pass  # ticket 18\ncanned.fail\n")
    result = project.pytest("--server-url", server, "--known-failures", "known.txt", "--rule", "canned.[pf]*", "-v")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*::canned.pass FAILED *",
            "*::canned.fail XFAIL *",
            "--- UNEXPECTED PASSES*",
            "  canned.pass: unexpected pass: *known.txt (declared: ticket 18)",
            "FAILED *::canned.pass - unexpected pass: the rule is kept, remove its line from*",
            "*1 failed, 1 xfailed*",
        ]
    )


def test_the_first_failure_ends_the_run(project: Project, server: str) -> None:
    result = project.pytest("--server-url", server, "-x", "--report", "out")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["7 rules: 1 passed, 1 failed, 5 not run", "*stopping after 1 failures*"])
    assert verdicts(project.path / "out")["canned.blocked"] == "not-run"


def test_one_rule_by_its_node_id_and_other_items_are_deselected(project: Project, server: str) -> None:
    project.write("test_own.py", OWN_TEST)
    node = f"{project.checks / 'test_rules.py'}::canned.pass"
    result = project.pytest("--server-url", server, node, "test_own.py")
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=1)


def test_collecting_needs_no_server_and_writes_nothing(project: Project) -> None:
    result = project.pytest("--server-url", "http://127.0.0.1:1", "--co", "-q", "--report", "out")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::canned.pass", "*::canned.error", "7 tests collected*"])
    assert not (project.path / "out").exists()


def test_nobody_there(project: Project) -> None:
    result = project.pytest("--server-command", "false {port}", "--report", "out")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["conformance: the server could not be started: *"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert set(verdicts(project.path / "out").values()) == {"not-run"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--server-url", "http://127.0.0.1:1", "--rule", "nosuch.*"], "*no rule matches nosuch.*"),
        (["--server-url", "http://127.0.0.1:1", "-k", "nosuch"], "conformance: no rule is selected"),
        (["--server-url", "ftp://localhost"], "conformance: server url: *"),
        (["--server-url", ""], "conformance: server url: *"),
        (["--server-url", "http://127.0.0.1:1", "--step", "one"], "conformance: step: *"),
        (["--server-url", "http://127.0.0.1:1", "--known-failures", "no"], "conformance: known failures: no cannot *"),
        (["--pyargs", "conformance.checks"], "conformance: no server to judge*"),
        (["--server-url", "http://127.0.0.1:1", "--fuzz", "abc"], "conformance: fuzz: 'abc' is no number of requests*"),
        (["--server-url", "http://127.0.0.1:1", "--fuzz-failures", "."], "conformance: fuzz failures: . cannot be *"),
    ],
)
def test_mistakes_are_told_in_one_line_and_are_never_green(project: Project, arguments: list[str], told: str) -> None:
    result = project.pytest(*arguments)
    assert result.ret == 2
    assert any(fnmatch(line, told) for line in [*result.outlines, *result.errlines])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_an_installed_suite_is_found_by_its_name(project: Project, server: str) -> None:
    project.write("pytest.ini", "[pytest]\npython_files = check_*.py\n")
    result = project.pytest("--pyargs", "conformance.checks", "--server-url", server, "--rule", "canned.pass")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_findings_reach_a_junit_file(project: Project, server: str) -> None:
    project.pytest("--server-url", server, "--junitxml", "out.xml")
    cases = {case.get("name"): case for case in ElementTree.parse(project.path / "out.xml").iter("testcase")}
    failure = cases["canned.fail"].find("failure")
    assert failure is not None
    assert "try it" in (failure.text or "")
    skipped = cases["canned.absent"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "the server has none"


def test_the_order_of_judging_survives_a_shuffle(project: Project, server: str) -> None:
    project.conftest(CANNED + "def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    result = project.pytest("--server-url", server, "-v")
    result.stdout.fnmatch_lines(["*::canned.pass *", "*::canned.fail *", "*::canned.error *"])


def test_an_interrupt_reports_what_there_is(project: Project, server: str) -> None:
    hook = "def pytest_runtest_setup(item):\n    if item.name == 'canned.blocked':\n        raise KeyboardInterrupt\n"
    project.write("other_plugin.py", hook)
    result = project.pytest("-p", "other_plugin", "--server-url", server, "--report", "out")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["7 rules: 1 passed, 1 failed, 5 not run", "*KeyboardInterrupt*"])
    assert verdicts(project.path / "out")["canned.fail"] == "fail"


def test_being_asked_to_end_is_an_interrupt(project: Project, server: str) -> None:
    hook = (
        "import os, signal\ndef pytest_runtest_setup(item):\n"
        "    if item.name == 'canned.blocked':\n        os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    project.write("other_plugin.py", hook)
    result = project.pytest("-p", "other_plugin", "--server-url", server, "--report", "out")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["7 rules: 1 passed, 1 failed, 5 not run", "*KeyboardInterrupt*"])


def test_a_fault_beside_the_judging_is_no_verdict(project: Project, server: str) -> None:
    project.write("other_plugin.py", "def pytest_runtest_setup(item):\n    raise ValueError('a plugin broke')\n")
    result = project.pytest("-p", "other_plugin", "--server-url", server, "--rule", "canned.pass")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*= ERRORS =*", "*ValueError: a plugin broke"])


# -- configuration -----------------------------------------------------------------------------------------------------


def test_every_option_has_an_ini_twin_and_the_command_line_wins(project: Project, server: str) -> None:
    project.write(
        "pytest.ini",
        f"[pytest]\nserver_url = {server}\nstep = 7\nlevel = should\nspec = 9110\npatience = 3\n"
        "rule =\n    canned.pass\n    canned.advice\nreport = out\nknown_failures = known.txt\n",
    )
    project.write("known.txt", "canned.fail\n")
    (project.path / "below").mkdir()
    result = project.pytest("--rootdir", project.path, "-c", project.path / "pytest.ini", "--level", "must")
    assert result.ret == 0
    found = report(project.path / "out")
    assert found["options"] == {
        "step": 7,
        "level": "must",
        "spec": "9110",
        "rules": ["canned.pass", "canned.advice"],
        "web_root": None,
        "known_failures": str(project.path / "known.txt"),
        "patience": 3.0,
        "fuzz": 300,
        "fuzz_seed": "0",
        "against": None,
    }


def test_the_plugin_may_be_loaded_in_every_way_at_once(
    project: Project, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    installed = project.path / "some_suite-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: some-suite\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[pytest11]\nconformance.plugin = conformance.plugin\n")
    project.conftest(CANNED + "pytest_plugins = ['conformance.plugin']\n")
    assert project.pytest("--server-url", server, "--rule", "canned.pass").ret == 0


# -- the fuzz ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spoiled(project: Project) -> Iterator[tuple[str, ...]]:
    """Arguments: a server with a fault that only the fuzz sees, and the rules that it takes."""
    project.conftest("")
    (project.path / "web").mkdir()
    (project.path / "web" / "page.txt").write_text("ok")
    rules = ("--rule", "host.invalid-400", "--rule", "field.nontoken-name-400", "--fuzz-time", "300")
    with small(takes_odd_hosts) as server:
        yield ("--server-url", server.url, "--web-root", "web", "--patience", "1", *rules)


def test_the_fuzz_is_the_last_item_and_names_the_rules_that_it_breaks(
    project: Project, spoiled: tuple[str, ...]
) -> None:
    result = project.pytest(*spoiled, "--fuzz", "60", "--report", "out", "--junitxml", "out.xml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "conformance: 2 rules, server *",
            "*test_rules.py ..F *",
            "--- failed 1 of 1 *",
            "host.invalid-400 (MUST)*",
            "Fuzz: * generated requests in * s: 1 rule broken (--fuzz 60 --fuzz-seed 0)",
            "host.invalid-400, shown by: octets beyond ASCII in Host",
            "2 rules: 1 passed, 1 failed",
            "FAILED *::fuzz - host.invalid-400: A request with a fault*",
            "*1 failed, 2 passed*",
        ]
    )
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert verdicts(project.path / "out")["host.invalid-400"] == "fail"
    cases = [case.get("name") for case in ElementTree.parse(project.path / "out.xml").iter("testcase")]
    assert cases[-1] == "fuzz"
    [failure] = ElementTree.parse(project.path / "out.xml").iter("failure")
    assert "host.invalid-400: A request with a fault" in (failure.text or "")
    assert (project.path / ".conformance" / "fuzz-failures.json").exists()
    assert not (project.path / ".hypothesis").exists()


def test_a_rule_below_the_level_is_a_warning_of_the_fuzz(project: Project, spoiled: tuple[str, ...]) -> None:
    with small(takes_odd_names) as server:
        result = project.pytest(*spoiled, "--server-url", server.url, "--fuzz", "60")
        strictly = project.pytest(*spoiled, "--server-url", server.url, "--fuzz", "60", "--level", "should")
    assert (result.ret, strictly.ret) == (0, 1)
    result.stdout.fnmatch_lines(["*test_rules.py ..W *", "*2 passed, 1 warned*"])
    strictly.stdout.fnmatch_lines(["*test_rules.py ..F *"])


def test_the_fuzz_can_be_chosen_left_out_and_stopped(project: Project, spoiled: tuple[str, ...]) -> None:
    none = project.pytest(*spoiled, "--fuzz", "0")
    assert none.ret == 0
    none.assert_outcomes(passed=2)
    alone = project.pytest(*spoiled, "--fuzz", "60", "-k", "fuzz", "--co", "-q")
    alone.stdout.fnmatch_lines(["*::fuzz", "1/3 tests collected*"])
    without = project.pytest(*spoiled, "--fuzz", "60", "-k", "not fuzz")
    assert without.ret == 0
    assert "Fuzz:" not in without.stdout.str()


def test_the_first_failure_stops_before_the_fuzz(project: Project, spoiled: tuple[str, ...]) -> None:
    with small(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as server:
        result = project.pytest(*spoiled, "--server-url", server.url, "-x")
    assert result.ret == 1
    assert "Fuzz:" not in result.stdout.str()


def test_the_ini_file_sets_the_fuzz_too(project: Project, spoiled: tuple[str, ...]) -> None:
    project.write("pytest.ini", "[pytest]\nfuzz = 60\nfuzz_seed = week 3\nfuzz_failures = kept.json\n")
    result = project.pytest(*spoiled)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Fuzz: *(--fuzz 60 --fuzz-seed 'week 3')"])
    assert (project.path / "kept.json").exists()
    assert not (project.path / ".conformance").exists()


# -- beside a project's own tests --------------------------------------------------------------------------------------


def embedding(server: str) -> str:
    """A conftest that names a server of its own."""
    return CANNED + f"def pytest_conformance_target():\n    return {{'server_url': '{server}'}}\n"


def test_without_a_server_the_own_tests_run_undisturbed(project: Project) -> None:
    project.write("test_own.py", OWN_TEST)
    result = project.pytest()
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("conformance:*")
    result.stdout.no_fnmatch_line("*HTTP conformance*")


def test_nothing_is_imported_before_it_is_needed(project: Project) -> None:
    project.conftest("")
    project.write(
        "test_own.py",
        "import sys\ndef test_own():\n"
        "    assert not {'conformance.session', 'conformance.checks', 'hypothesis'} & set(sys.modules)\n",
    )
    assert project.pytest().ret == 0


def test_a_project_may_name_its_own_server(project: Project, server: str) -> None:
    project.conftest(embedding(server))
    project.write("test_own.py", OWN_TEST)
    result = project.pytest("test_own.py", "--pyargs", "conformance.checks", "--rule", "canned.[pa]*")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_own.py . *", "*test_rules.py .Wn *", "*2 passed, 1 warned, 1 not applicable*"])


def test_the_exit_code_is_pytests_own_beside_other_tests(project: Project, server: str) -> None:
    project.conftest(embedding(server))
    project.write("test_own.py", OWN_TEST)
    assert project.pytest("test_own.py", "--pyargs", "conformance.checks").ret == 1
    assert project.pytest("--pyargs", "conformance.checks").ret == 4


def test_the_users_server_goes_before_the_projects(project: Project, server: str) -> None:
    project.conftest(embedding("http://127.0.0.1:1"))
    project.write("test_own.py", OWN_TEST)
    result = project.pytest("--server-url", server, "--rule", "canned.pass")
    result.assert_outcomes(passed=1)


def test_checks_that_are_met_without_a_server_say_why_they_do_not_run(project: Project) -> None:
    result = project.pytest(project.checks, "-rs", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["SKIPPED*no server to judge*"])
