"""What the reports say of the fuzz, over records made by hand: to read in a terminal of any width, and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from conformance.options import Options
from conformance.probe import Action, HalfClose, Pause, Probe, Receive, Send
from conformance.report.document import OCTET_LIMIT, document, schema
from conformance.report.finding import Tone, plain
from conformance.report.fuzzed import fuzz_lines
from conformance.report.record import Caught, Fuzz
from conformance.report.terminal import end_report
from conformance.tests.canned import REQUEST, URL, make_report, make_result
from conformance.verdict import Verdict

WIDTHS = pytest.mark.parametrize("width", [80, 120])


def caught(*actions: Action, failures: int = 4, plays: int = 4, proved: bool = True, message: str = "") -> Caught:
    probe = Probe(actions or (Send(REQUEST), Receive(1)))
    return Caught("a.b", "a fourth word", probe, message or "It is served.", failures, plays, proved)


def shown(*catches: Caught, width: int = 100, note: str = "") -> list[str]:
    fuzz = Fuzz(200, 1234, "week 3", 2.04, catches, note)
    return list(fuzz_lines(fuzz, URL, width, plain))


def test_a_run_without_a_catch_is_one_line() -> None:
    [line, empty] = shown()
    assert line == "Fuzz: 1,234 generated requests in 2.0 s: nothing found (--fuzz 200 --fuzz-seed 'week 3')"
    assert empty == ""
    assert shown(width=80)[:2] == [line.partition(" (")[0], "  (--fuzz 200 --fuzz-seed 'week 3')"]


def test_a_catch_is_told_by_rule_and_change_with_what_to_send() -> None:
    assert ": 1 rule broken (" in shown(caught())[0]
    assert shown(caught())[1:] == [
        "a.b, shown by: a fourth word",
        "  It is served.",
        "  sent      GET / HTTP/1.1\\r\\n",
        "            Host: localhost:50000\\r\\n",
        "            \\r\\n",
        "  try it    { printf 'GET / HTTP/1.1\\r\\nHost: localhost:50000\\r\\n\\r\\n'; sleep 1; } | nc localhost 50000",
        "",
    ]


def test_where_nothing_was_played_nothing_is_said_to_have_been_looked_for() -> None:
    lines = list(fuzz_lines(Fuzz(300, 0, "0", 0.0, note="the server is dead"), "http://h", 100, plain))
    assert "nothing was tried" in lines[0]
    assert "nothing found" not in "".join(lines)


def test_several_are_counted() -> None:
    assert shown(caught(), caught(proved=False), caught())[0].count(": 2 rules broken (") == 1


def test_what_fails_at_times_is_called_unsteady() -> None:
    assert shown(caught(failures=3))[1] == "a.b, shown by: a fourth word (unsteady: 3 of 4 times)"


def test_what_was_seen_once_proves_nothing_and_is_shown_all_the_same() -> None:
    lines = shown(caught(failures=1, proved=False))
    assert ": nothing found (" in lines[0]
    assert lines[1].startswith("  seen once and not again: It is served. It proves nothing")
    assert "  sent      GET / HTTP/1.1\\r\\n" in lines


def test_what_nobody_had_time_to_try_again_is_not_called_unsteady() -> None:
    lines = shown(caught(failures=1, plays=1, proved=False))
    assert lines[1].startswith("  seen once, and time was up before it could be tried again: It is served.")
    assert "not steady" not in "".join(lines)


def test_the_pieces_of_a_request_are_told_apart() -> None:
    lines = shown(caught(Send(b"GET"), Pause(0.01), Send(b" /"), HalfClose(), Receive(1)))
    said = [line[12:] for line in lines[3:7]]
    assert said == ["GET", "(nothing for 0.01 s)", " /", "(ends its direction of the connection)"]


@WIDTHS
def test_huge_requests_are_cut_where_it_is_said(width: int) -> None:
    lines = shown(caught(Send(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"), Receive(1)), width=width)
    assert len(lines) < 20
    assert any("octets left out" in line for line in lines)
    assert any(line.startswith("  try it ") and len(line) < 300 for line in lines)


@WIDTHS
def test_all_but_the_command_fits_the_terminal(width: int) -> None:
    long = caught(Send(bytes(range(256)) * 4), Receive(1), message="It is said at length. " * 12)
    for line in shown(long, replace(long, proved=False), width=width, note="time was up, " * 20):
        assert len(line) <= width or line.startswith("  try it ")


def test_nothing_foreign_reaches_the_terminal() -> None:
    hostile = caught(Send(b"\x1b[2J\r\n\x9b"), Receive(1), message="\x1b[2J\nfailed 0 of 0")
    lines = shown(hostile, note="\x07\x1b[1A")
    assert all(line.isprintable() for line in lines)


def test_the_outcome_is_painted_by_what_it_is() -> None:
    painted: dict[str, Tone] = {}

    def paint(text: str, tone: Tone) -> str:
        painted[text] = tone
        return text

    for catches in ((), (caught(),)):
        list(fuzz_lines(Fuzz(1, 1, "0", 1.0, catches), URL, 100, paint))
    assert (painted["nothing found"], painted["1 rule broken"]) == (Tone.GOOD, Tone.BAD)


def test_it_stands_behind_the_rules_and_before_the_tally() -> None:
    report = replace(make_report(make_result("a.b", Verdict.WARNING)), fuzz=Fuzz(200, 200, "0", 1.0, (caught(),)))
    lines = list(end_report(report, Options(), 100))
    order = [
        next(n for n, line in enumerate(lines) if line.startswith(start)) for start in ("--- w", "Fuzz:", "1 rule")
    ]
    assert order == sorted(order)


# -- as JSON -----------------------------------------------------------------------------------------------------------


def as_json(fuzz: Fuzz | None) -> Any:
    report = replace(make_report(make_result("a.b", Verdict.PASS)), fuzz=fuzz)
    found = json.loads(json.dumps(document(report, Options(), 0)))
    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(found)
    return found["fuzz"]


def test_a_run_that_was_not_fuzzed_has_null() -> None:
    assert as_json(None) is None


def test_all_that_is_known_of_the_fuzz_is_in_the_document() -> None:
    found = as_json(Fuzz(200, 203, "week 3", 1.23456, (caught(failures=3), caught(proved=False)), "time was up"))
    assert (found["examples"], found["played"], found["seed"]) == (200, 203, "week 3")
    assert (found["seconds"], found["note"]) == (1.235, "time was up")
    first, second = found["caught"]
    assert first["sent"] == REQUEST.decode()
    assert first["reproduce"].endswith("| nc localhost 50000")
    assert (first["failures"], first["plays"], first["proved"], second["proved"]) == (3, 4, True, False)


def test_octets_survive_and_are_cut_at_the_same_length_as_others() -> None:
    data = bytes(range(256)) * 300
    [found] = as_json(Fuzz(1, 1, "0", 1.0, (caught(Send(data), Receive(1)),)))["caught"]
    assert found["sent"].encode("latin-1") == data[:OCTET_LIMIT]
