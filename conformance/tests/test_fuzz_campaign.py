"""The fuzz as a user meets it: whole runs against a small server that is spoiled in one way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import conformance
from conformance.errors import UsageError
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz import memory
from conformance.fuzz.campaign import UNREAD, Campaign
from conformance.fuzz.example import Ground
from conformance.fuzz.hunt import Hunt
from conformance.fuzz.memory import Memory
from conformance.fuzz.mutations import load
from conformance.fuzz.player import Gone
from conformance.fuzz.standing import SEGMENTS, Catch
from conformance.opening import open_target
from conformance.options import Options
from conformance.probe import Probe
from conformance.report.record import Caught, Fuzz, Report, exit_code
from conformance.report.terminal import end_report
from conformance.target import Target
from conformance.tests import small as servers
from conformance.tests.small import Answer, Small, small
from conformance.verdict import Verdict

HOST, NAME, DEATH = "host.invalid-400", "field.nontoken-name-400", "robustness.survives-garbage"
PROGRAM = Path(servers.__file__)
ODD_HOST = b"GET /page.txt HTTP/1.1\r\nHost: a\x80b\r\n\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.txt").write_bytes(servers.PAGES[b"/page.txt"])
    return tmp_path / "web"


def fuzzed(server: Small | str, root: Path, *rules: str, fuzz: int = 60, **more: object) -> Report:
    url = server if isinstance(server, str) else server.url
    chosen = rules or (HOST, NAME, DEATH)
    return conformance.run(url, web_root=root, rules=chosen, patience=1.0, fuzz=fuzz, fuzz_time=300.0, **more)  # type: ignore[arg-type]  # test shorthand


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.rule.id: result.verdict for result in report.results}


def record(report: Report) -> Fuzz:
    assert report.fuzz is not None
    return report.fuzz


def only_catch(report: Report) -> Caught:
    [caught] = record(report).caught
    return caught


def shown(report: Report, width: int = 100) -> str:
    return "\n".join(end_report(report, Options(), width))


# -- what it finds -----------------------------------------------------------------------------------------------------


def test_nothing_is_found_of_a_strict_server(root: Path) -> None:
    with small() as server:
        report = fuzzed(server, root)
    assert set(verdicts(report).values()) == {Verdict.PASS}
    assert (exit_code(report), record(report).caught, record(report).note) == (0, (), "")
    assert record(report).played >= 60


def test_a_fault_that_no_check_sees_is_the_finding_of_its_rule(root: Path) -> None:
    with small(servers.takes_odd_hosts) as server:
        unseen, seen = fuzzed(server, root, fuzz=0), fuzzed(server, root)
    assert set(verdicts(unseen).values()) == {Verdict.PASS}
    assert unseen.fuzz is None
    assert verdicts(seen) == {HOST: Verdict.FAIL, NAME: Verdict.PASS, DEATH: Verdict.PASS}
    assert (exit_code(unseen), exit_code(seen)) == (0, 1)
    [finding] = [result.finding for result in seen.results if result.finding]
    assert finding.exchange.probe.sent == ODD_HOST
    assert only_catch(seen).failures == only_catch(seen).plays


def test_what_breaks_a_should_is_a_warning_whose_octets_are_shown(root: Path) -> None:
    with small(servers.takes_odd_names) as server:
        report = fuzzed(server, root)
    assert verdicts(report) == {HOST: Verdict.PASS, NAME: Verdict.WARNING, DEATH: Verdict.PASS}
    assert exit_code(report) == 0
    assert "try it    { printf 'GET /page.txt HTTP/1.1\\r\\nHost: 127." in shown(report)


def test_a_rule_that_its_own_check_has_broken_is_not_told_again(root: Path) -> None:
    with small(lambda head: servers.strict(re.sub(rb"Host: [^\r\n]*", b"Host: a", head))) as server:
        report = fuzzed(server, root, HOST)
    assert verdicts(report) == {HOST: Verdict.FAIL}
    assert report.fuzz is None


def test_no_requests_in_pieces_where_a_check_has_found_that_they_are_answered_too_early(root: Path) -> None:
    with small() as server, ExitStack() as stack:
        options = Options(server_url=server.url, web_root=root, fuzz=1)
        _, site, target = open_target(options, stack)
        evidence = Evidence(site, target.play)
        campaign = Campaign(options, evidence, {}, target, frozenset({HOST}), broken=frozenset({UNREAD}))
        assert list(campaign.run()) == []
    assert campaign._hunt is not None
    assert SEGMENTS in campaign._hunt.standing.known


# -- the seed and the budget -------------------------------------------------------------------------------------------


def struck(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the hunt sends from now on."""
    played: list[bytes] = []
    strike = Target.strike

    def noting(self: Target, probe: Probe, meanwhile: Callable[[], None] | None = None) -> Exchange:
        played.append(probe.sent)
        return strike(self, probe, meanwhile)

    monkeypatch.setattr(Target, "strike", noting)
    return played


def test_the_seed_decides_what_is_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = struck(monkeypatch)
    asked: list[list[bytes]] = []
    with small() as server:
        for seed in ("week 3", "week 3", "week 4"):
            played.clear()
            fuzzed(server, root, HOST, fuzz_seed=seed)
            asked.append(list(played))
    assert asked[0] == asked[1] != asked[2]


def test_the_requests_are_the_same_whatever_is_wrong_with_a_server(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = struck(monkeypatch)
    asked: list[list[bytes]] = []
    for answer in (servers.strict, servers.takes_odd_names):
        played.clear()
        with small(answer) as server:
            fuzzed(server, root, HOST, NAME)
            asked.append([each.replace(server.url.removeprefix("http://").encode(), b"h") for each in played])
    of_hosts = [{each for each in played if b"Host: h\r\n" not in each} for played in asked]
    assert len(of_hosts[0]) > 10
    assert of_hosts[0] <= of_hosts[1]


def test_the_time_that_is_granted_is_kept(root: Path) -> None:
    with small() as server:
        report = conformance.run(server.url, web_root=root, rules=[HOST], fuzz=1_000_000, fuzz_time=0.3)
    assert record(report).played < 1_000_000
    assert record(report).note.startswith("not all were played: time was up after ")
    assert record(report).note in shown(report)


# -- what failed is kept -----------------------------------------------------------------------------------------------


def kept(file: Path) -> dict[str, list[str]]:
    return {target: [entry["rule"] for entry in entries] for target, entries in json.loads(file.read_text()).items()}


def test_what_failed_is_played_first_the_next_time_and_forgotten_once_it_holds(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept.json"
    with small(servers.takes_odd_hosts) as server:
        fuzzed(server, root, HOST, fuzz_failures=file)
        assert kept(file) == {server.url: [HOST]}
        played = struck(monkeypatch)
        again = fuzzed(server, root, HOST, fuzz=1, fuzz_seed="other", fuzz_failures=file)
        assert (played[0], only_catch(again).probe.sent) == (ODD_HOST, ODD_HOST)
        server.answer = servers.strict
        assert verdicts(fuzzed(server, root, HOST, fuzz_failures=file)) == {HOST: Verdict.PASS}
    assert kept(file) == {}


def test_what_is_not_asked_about_stays_kept(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with small(servers.takes_odd_hosts) as server:
        fuzzed(server, root, HOST, fuzz_failures=file)
        fuzzed(server, root, NAME, fuzz_failures=file)
        assert kept(file) == {server.url: [HOST]}


PERSISTENT = "connection.persistence-supported"
HEADED = [
    {"verb": "open", "line": "A"},
    {"verb": "send", "line": "A", "pieces": ["HEAD /page.txt", "GET /page.txt"]},
    {"verb": "read", "line": "A"},
]


def confused_by_head() -> Answer:
    """On the same connection, the GET behind a HEAD is answered with something else."""
    connection = threading.local()

    def answer(head: bytes) -> bytes:
        before, connection.last = getattr(connection, "last", b""), head
        confused = before.startswith(b"HEAD") and head.startswith(b"GET")
        return servers.reply(b"200 OK", b"other", b"Content-Type: text/plain") if confused else servers.strict(head)

    return answer


def test_a_script_that_failed_is_kept_and_played_first_the_next_time(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with small(confused_by_head()) as server:
        found = fuzzed(server, root, HOST, PERSISTENT, fuzz=500, fuzz_failures=file)
        assert [caught.rule for caught in record(found).caught] == [PERSISTENT]
        assert json.loads(file.read_text()) == {server.url: [{"rule": PERSISTENT, "script": HEADED}]}
        again = fuzzed(server, root, HOST, PERSISTENT, fuzz=1, fuzz_seed="other", fuzz_failures=file)
        assert only_catch(again).change == only_catch(found).change
        fuzzed(server, root, HOST, fuzz=1, fuzz_failures=file)
        assert kept(file) == {server.url: [PERSISTENT]}  # nobody asked about it
        server.answer = servers.strict
        held = fuzzed(server, root, HOST, PERSISTENT, fuzz=1, fuzz_failures=file)
    assert verdicts(held) == {HOST: Verdict.PASS, PERSISTENT: Verdict.PASS}
    assert kept(file) == {}


def test_a_script_is_played_again_before_the_hunt(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_: Hunt) -> Iterator[Catch]:
        raise Gone("the hunt is over before it begins")

    monkeypatch.setattr(Hunt, "run", ended)
    file = tmp_path / "kept.json"
    with small(confused_by_head()) as server:
        file.write_text(json.dumps({server.url: [{"rule": PERSISTENT, "script": HEADED}]}))
        report = fuzzed(server, root, HOST, PERSISTENT, fuzz_failures=file)
    assert only_catch(report).rule == PERSISTENT
    assert record(report).note == "not all were played: the hunt is over before it begins"
    assert kept(file) == {server.url: [PERSISTENT]}


def test_a_script_of_requests_that_are_unknown_is_forgotten(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    script = [{"verb": "open", "line": "A"}, {"verb": "send", "line": "A", "pieces": ["GET /gone"]}]
    with small() as server:
        file.write_text(json.dumps({server.url: [{"rule": PERSISTENT, "script": script}]}))
        report = fuzzed(server, root, HOST, PERSISTENT, fuzz=1, fuzz_failures=file)
    assert (record(report).caught, record(report).note) == ((), "")
    assert kept(file) == {}


@pytest.mark.parametrize("step", [{"verb": "shout"}, {"verb": "visit", "line": "N"}, {}, "open A"])
def test_a_damaged_script_is_told_and_the_run_goes_on(root: Path, tmp_path: Path, step: object) -> None:
    file = tmp_path / "kept.json"
    with small() as server:
        file.write_text(json.dumps({server.url: [{"rule": PERSISTENT, "script": [step]}]}))
        report = fuzzed(server, root, HOST, PERSISTENT, fuzz=1, fuzz_failures=file)
    assert set(verdicts(report).values()) == {Verdict.PASS}
    assert "is damaged" in record(report).note
    assert "remove it" in record(report).note


def test_a_program_that_calls_the_suite_finds_nothing_in_its_folder(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with small(servers.takes_odd_hosts) as server:
        fuzzed(server, root, HOST)
    assert [path.name for path in tmp_path.iterdir()] == ["web"]


def test_a_place_that_cannot_be_written_is_told_in_the_report(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(memory, "_make_folder", refuse)
    file = tmp_path / "kept.json"
    with small(servers.takes_odd_hosts) as server:
        report = fuzzed(server, root, HOST, fuzz_failures=file)
    assert verdicts(report) == {HOST: Verdict.FAIL}
    assert record(report).note == f"the fuzz's failures cannot be kept in {file}: Read-only file system"


def test_what_is_no_memory_ends_the_run_before_it_begins(root: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no JSON")
    for place, told in ((tmp_path, "Is a directory"), (tmp_path / "text", "does not hold any")):
        with pytest.raises(UsageError, match=f"^fuzz failures: .*{told}"):
            fuzzed("http://127.0.0.1:1", root, fuzz_failures=place)


def test_what_is_damaged_deeper_is_told_and_the_run_goes_on(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with small() as server:
        file.write_text(json.dumps({server.url: [{"rule": HOST, "mutation": "nothing"}]}))
        report = fuzzed(server, root, HOST, fuzz_failures=file)
    assert verdicts(report) == {HOST: Verdict.PASS}
    assert "is damaged" in record(report).note
    assert kept(file) == {}


def test_our_own_folder_keeps_itself_out_of_version_control(tmp_path: Path) -> None:
    example = Memory(tmp_path / "none", "x").recall(Ground(b"h:80"), load())
    assert example == []
    for folder, ignored in ((".conformance", True), ("mine", False)):
        keeper = Memory(tmp_path / folder / "failures.json", "x")
        (tmp_path / "other.json").write_text(json.dumps({"x": [{"rule": "a", "mutation": "b"}]}))
        keeper.keep([], Ground(b"h:80"))  # nothing to keep: nothing is made
        assert not (tmp_path / folder).exists()
        memory._make_folder(tmp_path / folder)
        assert (tmp_path / folder / ".gitignore").exists() is ignored


# -- deaths ------------------------------------------------------------------------------------------------------------


def test_a_server_of_ours_is_started_again_and_its_killer_is_named(root: Path) -> None:
    command = f"{sys.executable} {PROGRAM} {{port}} dies_of_odd_hosts"
    rules = (HOST, NAME, DEATH)
    report = conformance.run(server_command=command, web_root=root, rules=rules, patience=1.0, fuzz=60, fuzz_time=300.0)
    assert verdicts(report) == {HOST: Verdict.PASS, NAME: Verdict.PASS, DEATH: Verdict.WARNING}
    assert re.fullmatch(
        rb"GET /page.txt HTTP/1.1\r\nHost: [^\r]*[\x80-\xff][^\r]*\r\n\r\n", only_catch(report).probe.sent
    )
    assert only_catch(report).message == "The server dies of this request."
    assert record(report).note == ""


@contextmanager
def nobodys(fault: str) -> Iterator[str]:
    """The URL of a server that nobody starts again."""
    with subprocess.Popen([sys.executable, PROGRAM, "0", fault], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_the_run_ends_in_order_when_a_server_dies_for_good(root: Path) -> None:
    with nobodys("dies_of_odd_hosts") as url:
        report = fuzzed(url, root, HOST, DEATH, fuzz=200)
    assert verdicts(report) == {HOST: Verdict.PASS, DEATH: Verdict.WARNING}
    assert record(report).note == "not all were played: the server died, and nobody brought it back"
    assert re.search(rb"Host: [^\r]*[\x80-\xff]", only_catch(report).probe.sent)
    assert record(report).played < 200


# -- servers that are not well -----------------------------------------------------------------------------------------


def test_a_server_that_is_wrong_every_second_time_is_called_unsteady(root: Path) -> None:
    with small(servers.every_second_time()) as server:
        report = fuzzed(server, root, HOST)
    caught = only_catch(report)
    assert caught.failures < caught.plays
    assert f"(unsteady: {caught.failures} of {caught.plays} times)" in shown(report)


@pytest.mark.parametrize("answer", [servers.slowly, servers.takes_odd_hosts])
def test_a_slow_server_is_judged_like_any_other(root: Path, answer: Answer) -> None:
    with small(answer, drop=None if answer is servers.slowly else 16) as server:
        report = fuzzed(server, root, HOST, fuzz=30)
    assert only_catch(report).rule == HOST


@pytest.mark.parametrize("answer", [servers.floods, servers.lies])
def test_a_hostile_server_gets_its_finding_and_no_hold_of_the_report(root: Path, answer: Answer) -> None:
    rules = ("message.empty-line-ends-header-section", "error.malformed-request-400", HOST, DEATH)
    with small(answer) as server:
        report = fuzzed(server, root, *rules)
    assert record(report).caught
    for width in (80, 120):
        lines = shown(report, width).splitlines()
        assert all(line.isprintable() for line in lines)
        assert not any(line.startswith("--- 600 rules") for line in lines)
        assert sum(len(line) for line in lines) < 20_000


# -- the strategies by themselves --------------------------------------------------------------------------------------


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    """It is the Python block of docs/fuzzing.md, against a server that reads its requests and one that does not."""
    page = (PROGRAM.parents[2] / "docs" / "fuzzing.md").read_text("utf-8")
    source = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "test_mine.py").write_text(source)
    for answer, told in ((servers.strict, "2 passed"), (servers.careless, "1 failed, 1 passed")):
        with small(answer) as server:
            environment = {**os.environ, "SERVER": server.url, "PYTHONPATH": str(PROGRAM.parents[2])}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--hypothesis-seed=0",
                "test_mine.py",
            ]
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=300
            )
        assert told in done.stdout, done.stdout + done.stderr
