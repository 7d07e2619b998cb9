"""Sessions against small servers: premises, silences, deaths, evidence that is judged again."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import conformance
from conformance import checks
from conformance.check import Check
from conformance.errors import UnreachableError, UsageError
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.judging import SURVIVAL, Judging
from conformance.options import Options
from conformance.predicates import answered, broken, passed, unclear
from conformance.premises import SILENCE
from conformance.probe import Probe
from conformance.rule import Example, Level, Risk, Rule, Spec
from conformance.session import Session
from conformance.site import Site
from conformance.survey import Survey
from conformance.verdict import Judgement, Verdict

PAGE = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
ABSENT = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"

Reply = Callable[[bytes], bytes | None]


def decent(request: bytes) -> bytes:
    return PAGE if request.startswith((b"GET / ", b"GET /page.txt ")) else ABSENT


@contextmanager
def server(reply: Reply) -> Iterator[str]:
    """One connection after the other; ``reply`` returns the octets to send, None ends the server for good."""

    def serve() -> None:
        with listener, suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    request = connection.recv(65536)
                    octets = reply(request) if request else b""
                    if octets is None:
                        return
                    connection.sendall(octets)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.txt").write_text("ok")
    return tmp_path / "web"


def rule(id: str = "x.y", *, risk: Risk = Risk.UNUSUAL, permitted_by: Spec | None = None, **levels: Level) -> Rule:
    return Rule(
        id=id,
        statement="A rule of the tests.",
        why="For the tests.",
        hint="Nothing to do.",
        example=Example("a", "b", "c"),
        levels={Spec(name[-4:]): level for name, level in levels.items()} or {Spec.RFC9110: Level.MUST},
        rfc={},
        step=2,
        covers=(),
        risk=risk,
        permitted_by=permitted_by,
    )


def wants_answer(target: str) -> Callable[[Evidence], Judgement]:
    return lambda evidence: passed() if answered(evidence.get(target, risk=Risk.UNUSUAL)) else unclear("no answer")


def must_answer(target: str, risk: Risk = Risk.UNUSUAL) -> Callable[[Evidence], Judgement]:
    def judge(evidence: Evidence) -> Judgement:
        exchange = evidence.get(target, risk=risk)
        return passed() if answered(exchange) else broken(exchange, "no answer", expected="an answer")

    return judge


def options(url: str, root: Path, **more: Any) -> Options:
    return Options(server_url=url, web_root=root, patience=1.0, **more)


@pytest.mark.parametrize("check", [must_answer, wants_answer])
def test_a_hasty_silence_is_confirmed_with_the_full_patience(
    root: Path, check: Callable[[str], Callable[[Evidence], Judgement]]
) -> None:
    def reply(request: bytes) -> bytes:
        if b"/slow" in request:
            time.sleep(0.6)  # longer than the quick patience for such a fast server, shorter than the full one
        return decent(request)

    with server(reply) as url, Session(options(url, root)) as session:
        result = session.judge(Check(rule(), check("/slow")))
        exchange = session.evidence.get("/slow", risk=Risk.UNUSUAL)
    assert result.verdict is Verdict.PASS
    assert exchange.status == 404


def test_a_silence_that_is_shown_is_confirmed_whatever_else_stays_silent(root: Path) -> None:
    """A close that takes its time, beside connections that lawfully stay open: those do not use up the patience."""

    def late(evidence: Evidence, target: str) -> Judgement:
        for number in range(5):
            evidence.get(f"/for-ever?{target}{number}", risk=Risk.UNUSUAL)
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        return passed() if answered(exchange) else broken(exchange, "no answer", expected="an answer")

    def confirm(probe: Probe) -> Exchange:
        if b"/for-ever" in probe.sent:
            return Exchange(probe, (), Ending.SILENT, 0.0, 0.0, waited=5.0)
        return Exchange(probe, (Chunk(0.0, PAGE),), Ending.CLOSED, 0.0, 0.0)

    def hasty(probe: Probe) -> Exchange:
        if b"/for-ever" in probe.sent or b"/late" in probe.sent:
            return Exchange(probe, (), Ending.SILENT, 0.0, 0.0, waited=0.3)
        return Exchange(probe, (Chunk(0.0, decent(probe.sent)),), Ending.CLOSED, 0.0, 0.0)

    judging = Judging(options("http://h", root), Evidence(Site("h", 80, "web", (), (), ()), hasty), {}, confirm)
    judging.look()
    for number in range(6):
        result = judging.judge(Check(rule(f"x.late-{number}"), partial(late, target=f"/late-{number}")))
        assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(("busy", "verdict"), [(2, Verdict.PASS), (99, Verdict.FAIL)])
def test_what_is_turned_away_is_asked_again(root: Path, busy: int, verdict: Verdict) -> None:
    asked: list[bytes] = []

    def reply(request: bytes) -> bytes:
        asked.append(request)
        turned_away = b"/odd" in request and sum(b"/odd" in each for each in asked) <= busy
        return decent(request).replace(b"404 Not Found", b"503 Busy") if turned_away else decent(request)

    def judge(evidence: Evidence) -> Judgement:
        exchange = evidence.get("/odd", risk=Risk.UNUSUAL)
        return passed() if exchange.status == 404 else broken(exchange, "no 404", expected="404")

    with server(reply) as url, Session(options(url, root)) as session:
        assert session.judge(Check(rule(), judge)).verdict is verdict
    assert sum(b"/odd" in each for each in asked) <= 5


def test_a_death_is_charged_to_the_rule_for_deaths_and_blocks_the_rest(root: Path) -> None:
    def reply(request: bytes) -> bytes | None:
        return None if b"/deadly" in request else decent(request)

    deadly = Check(rule("x.deadly", risk=Risk.MALFORMED), must_answer("/deadly", Risk.MALFORMED))
    after = Check(rule("x.after", risk=Risk.MALFORMED), must_answer("/after", Risk.MALFORMED))
    with server(reply) as url, Session(options(url, root)) as session:
        first, second = session.judge(deadly), session.judge(after)
        killed = session.evidence.get("/deadly", risk=Risk.MALFORMED)
    assert killed.killed
    for result in (first, second):
        assert (result.verdict, result.blocked_by) == (Verdict.BLOCKED, SURVIVAL[Risk.MALFORMED])


def test_a_valid_request_that_kills_is_its_own_rules_finding(root: Path) -> None:
    def reply(request: bytes) -> bytes | None:
        return None if b"/deadly" in request else decent(request)

    with server(reply) as url, Session(options(url, root)) as session:
        first = session.judge(Check(rule("x.deadly"), must_answer("/deadly")))
        second = session.judge(Check(rule("x.after"), must_answer("/after")))
    assert first.verdict is Verdict.FAIL
    assert (second.verdict, second.blocked_by) == (Verdict.BLOCKED, "x.deadly")


def test_a_server_of_ours_is_started_again_after_its_death(tmp_path: Path, root: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(
        "import socket, sys\n"
        "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    c, _ = s.accept()\n"
        "    if b'deadly' in c.recv(65536): raise SystemExit('I die of this')\n"
        f"    c.sendall({PAGE!r}); c.close()\n"
    )
    command = f"{sys.executable} {program} {{port}}"
    with Session(Options(server_command=command, web_root=root, patience=1.0)) as session:
        session.judge(Check(rule("x.deadly"), must_answer("/deadly")))
        result = session.judge(Check(rule("x.after"), must_answer("/after")))
        killed = session.evidence.get("/deadly", risk=Risk.UNUSUAL)
    assert killed.killed
    assert "I die of this" in killed.server_output
    assert result.verdict is Verdict.PASS


def test_a_fault_of_a_check_is_an_error_and_no_verdict_on_the_server(root: Path) -> None:
    def judge(_: Evidence) -> Judgement:
        raise ZeroDivisionError("our own fault")

    with server(decent) as url, Session(options(url, root)) as session:
        result = session.judge(Check(rule(), judge))
    assert result.verdict is Verdict.ERROR
    assert "our own fault" in result.reason


def fails(evidence: Evidence) -> Judgement:
    return broken(evidence.get("/"), "broken", expected="something else")


@pytest.mark.parametrize(
    ("level", "spec", "expected"),
    [
        (Level.MUST, Spec.BOTH, Verdict.WARNING),
        (Level.MUST, Spec.RFC2616, Verdict.WARNING),
        (Level.MUST, Spec.RFC9110, Verdict.FAIL),
        (Level.SHOULD, Spec.BOTH, Verdict.FAIL),
    ],
)
def test_the_level_follows_the_generation(level: Level, spec: Spec, expected: Verdict, root: Path) -> None:
    mixed = rule(rfc_2616=Level.SHOULD, rfc_9110=Level.MUST)
    with server(decent) as url, Session(options(url, root, level=level, spec=spec)) as session:
        assert session.judge(Check(mixed, fails)).verdict is expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [(Spec.BOTH, Verdict.NOT_APPLICABLE), (Spec.RFC2616, Verdict.NOT_APPLICABLE), (Spec.RFC9110, Verdict.FAIL)],
)
def test_what_one_generation_permits_is_no_breach_unless_the_other_is_chosen(
    spec: Spec, expected: Verdict, root: Path
) -> None:
    with server(decent) as url, Session(options(url, root, spec=spec)) as session:
        result = session.judge(Check(rule(permitted_by=Spec.RFC2616), fails))
    assert result.verdict is expected


def test_what_the_chosen_generation_does_not_ask_is_not_judged(root: Path) -> None:
    with server(decent) as url, Session(options(url, root, spec=Spec.RFC2616)) as session:
        result = session.judge(Check(rule(rfc_9110=Level.MUST), fails))
    assert (result.verdict, result.reason) == (Verdict.NOT_APPLICABLE, "RFC 2616 does not ask this")


def test_recorded_evidence_is_judged_alike_without_the_server(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "run.json"
    with server(decent) as url:
        live = conformance.run(url, web_root=root, patience=1.0, evidence=file, rules=["status-line.*", "date.*"])
    with Session(Options(rules=("status-line.*", "date.*")), recorded=file) as session:
        again = [session.judge(check) for check in session.checks]
    assert {r.rule.id: r.verdict for r in again} == {r.rule.id: r.verdict for r in live.results}


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "http-conformance-evidence/1"}', "[1]"])
def test_damaged_evidence_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    with pytest.raises(UsageError, match="evidence"), Session(Options(), recorded=file):
        pass


def test_nobody_listens(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError, match="nobody listens"), Session(options(f"http://localhost:{port}", root)):
        pass


def test_selecting_nothing_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no rule matches"):
        Session(Options(rules=("no-such-rule",)))


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with server(decent) as url, pytest.raises(UsageError, match="--web-root"), Session(options(url, tmp_path / "no")):
        pass


def test_checks_come_from_harmless_to_deadly() -> None:
    order = [check.rule.risk for check in Session(Options()).checks]
    assert order == sorted(order)
    assert len(order) == len(checks.load())


def test_a_silent_server_has_one_fault(root: Path) -> None:
    with server(lambda _: b"") as url, Session(options(url, root)) as session:
        verdicts = {session.judge(check).verdict for check in session.checks if check.rule.id != SILENCE}
        assert session.judge(checks.load()[SILENCE]).verdict is Verdict.FAIL
        report = session.report()
    assert verdicts == {Verdict.BLOCKED}
    assert not any(rung.passed or rung.complete for rung in report.ladder)


def test_what_is_blocked_through_another_rule_says_what_is_behind_it() -> None:
    catalogue = checks.load()
    last, between, first = next(
        (last, between, first)
        for last, check in catalogue.items()
        for between in check.rule.requires[:1]
        for first in catalogue[between].rule.requires[:1]
        if not catalogue[first].rule.requires
    )
    judging = Judging(Options(), cast(Evidence, None), {}, None)
    judging.survey = cast(Survey, SimpleNamespace(gap=None, alike=None, capabilities=defaultdict(str)))
    judging.record(catalogue[first].rule, Judgement(Verdict.FAIL))
    for id in (between, last):
        obstacle = judging.obstacle(catalogue[id])
        assert obstacle is not None
        assert (obstacle.verdict, obstacle.blocked_by) == (Verdict.BLOCKED, first)
        assert obstacle.reason == catalogue[first].rule.statement
