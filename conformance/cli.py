"""The command line, ``python -m conformance``: judge a server or a recorded run, look up the rules and what they cover.

It parses, calls and prints; what is printed is made in :mod:`conformance.report`. Exit codes: 0 kept,
1 broken, 2 usage, 3 unreachable, 4 fault of the suite, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from conformance import __version__, checks, coverage
from conformance.errors import ConformanceError, UsageError
from conformance.options import BY_NAME, KEPT, SETTINGS, Options, read_options
from conformance.report import coverage as traceability
from conformance.report.catalogue import explanation, export, near, table
from conformance.report.finding import Painter, Tone, plain
from conformance.report.live import LiveReport
from conformance.report.record import Report, exit_code
from conformance.report.terminal import end_report
from conformance.session import Session
from conformance.termination import as_interrupt

INTERRUPTED = 130
JUDGING = ("step", "level", "spec", "rule", "report", "known_failures", "assume", "without")
COLOURS = {Tone.GOOD: "32", Tone.BAD: "31", Tone.WARNING: "33", Tone.STRONG: "1", Tone.FAINT: "2"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code. Only argparse's own complaints exit, with 2."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without "§" is no reason to die
    try:
        code: int = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except ConformanceError as error:
        print(f"{_parser().prog}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Judge an HTTP/1.1 server by the bytes that it sends."
    )
    parser.add_argument("--version", action="version", version=f"http-conformance {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="judge a server", allow_abbrev=False)
    run.add_argument("server_url", metavar="URL", nargs="?", help=BY_NAME["server_url"].help)
    _add_settings(run, [setting.name for setting in SETTINGS if setting.name != "server_url"])
    run.set_defaults(command=_run)

    judge = commands.add_parser("judge", help="judge a recorded run again, without its server", allow_abbrev=False)
    judge.add_argument("file", metavar="FILE", type=Path, help="what --evidence wrote")
    _add_settings(judge, JUDGING)
    judge.set_defaults(command=_judge)

    rules = commands.add_parser("rules", help="list all rules")
    rules.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    rules.set_defaults(command=_rules)

    explain = commands.add_parser("explain", help="tell all about one rule")
    explain.add_argument("id", metavar="ID", help="the id of a rule, such as status-line.crlf")
    explain.set_defaults(command=_explain)

    covered = commands.add_parser("coverage", help="tell which requirements of the RFCs the rules answer for")
    covered.add_argument("--open", action="store_true", help="list the open rows by group")
    covered.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: table")
    covered.set_defaults(command=_coverage)
    return parser


def _add_settings(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    for name in names:
        setting = BY_NAME[name]
        action = "append" if setting.repeatable else "store"
        parser.add_argument(setting.short_flag, dest=name, action=action, metavar=setting.metavar, help=setting.help)


def _options(arguments: argparse.Namespace) -> Options:
    given = {setting.name: getattr(arguments, setting.name, None) for setting in SETTINGS}
    return read_options({name: value for name, value in given.items() if value is not None})


def _run(arguments: argparse.Namespace) -> int:
    if arguments.fuzz_failures is None:
        arguments.fuzz_failures = KEPT
    options = _options(arguments)
    if options.server_url is None and options.server_command is None:
        raise UsageError("no server to judge: give its URL, or --command to start one")
    return _play(Session(options), options)


def _judge(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    return _play(Session(options, recorded=arguments.file), options)


def _play(session: Session, options: Options) -> int:
    """Judge every check, keep the report on disk up to date, print the end report."""
    live = LiveReport(options, session.report)
    code = INTERRUPTED
    report: Report | None = None
    try:
        with as_interrupt(), session:
            code = _judge_all(session, live)
            report = session.report()
            _print(end_report(report, options, shutil.get_terminal_size().columns, _painter(sys.stdout)))
    except ConformanceError as error:
        code = error.exit_code
        raise
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    finally:
        live.finish(code, report)
    return code


def _judge_all(session: Session, live: LiveReport) -> int:
    """Judge every check; returns the exit code. An interrupt ends the judging, not the run."""
    try:
        for number, check in enumerate(session.checks, 1):
            _progress(f"{number}/{len(session.checks)} {check.rule.id}")
            session.judge(check)
            live.update()
        if session.options.fuzz:
            _progress(f"playing {session.options.fuzz} generated requests")
        for _ in session.fuzz():
            live.update()
        if session.options.against is not None:
            _progress(f"comparing with {session.options.against}")
        for _ in session.compare():
            live.update()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _progress("")
    return exit_code(session.report())


def _progress(text: str) -> None:
    """One line that is written over and over, on a terminal only."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width]:{width}}\r", end="", file=sys.stderr, flush=True)


def _rules(arguments: argparse.Namespace) -> int:
    chapters = {title: [check.rule for check in listed] for title, listed in checks.chapters().items()}
    if arguments.format == "json":
        print(json.dumps(export(rule for rules in chapters.values() for rule in rules), indent=1, ensure_ascii=False))
    else:
        _print(table(chapters, shutil.get_terminal_size().columns, _painter(sys.stdout)))
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    catalogue = checks.load()
    if arguments.id not in catalogue:
        similar = near(arguments.id, catalogue)
        meant = f"; did you mean {', '.join(similar)}?" if similar else "; `rules` lists them all"
        raise UsageError(f"no rule {arguments.id!r}{meant}")
    rule = catalogue[arguments.id].rule
    _print(explanation(rule, shutil.get_terminal_size().columns, _painter(sys.stdout)))
    return 0


def _coverage(arguments: argparse.Namespace) -> int:
    """Exits with 1 as long as a row that must have an answer is open."""
    answered = coverage.answers(check.rule for check in checks.load().values())
    shown = [each for each in answered if each.answer is coverage.Answer.OPEN] if arguments.open else answered
    if arguments.format == "json":
        print(json.dumps(traceability.export(shown), indent=1, ensure_ascii=False))
    elif arguments.format == "markdown":
        _print(traceability.page(shown))
    else:
        _print(traceability.open_groups(shown) if arguments.open else traceability.summary(shown))
    return 1 if coverage.owing(answered) else 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _painter(stream: TextIO) -> Painter:
    """Colours for a terminal whose user has not declined them."""
    if not stream.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return plain
    return lambda text, tone: f"\x1b[{COLOURS[tone]}m{text}\x1b[0m" if text else text
