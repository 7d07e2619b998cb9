"""The report as a JSON document; ``report.schema.json`` beside this module is its contract. Pure, no I/O.

Octets stand in it as the characters of ISO-8859-1, so that an offset counts octets and characters alike.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from conformance import __version__
from conformance.ladder import Rung
from conformance.options import Options
from conformance.report.record import Compared, Fuzz, Report, counts, deviations
from conformance.report.reproduce import reproduce
from conformance.verdict import Deviation, Finding, Result

SCHEMA = "http-conformance-report/1"
OCTET_LIMIT = 65_536
OUTPUT_LIMIT = 16_384


def document(report: Report, options: Options, code: int | None = None) -> dict[str, Any]:
    """Everything that is known of the run, ready for :mod:`json`; ``code`` is None while it goes on."""
    target, declared = report.target, deviations(report)
    return {
        "schema": SCHEMA,
        "suite": {"name": "http-conformance", "version": __version__},
        "target": {
            "url": target.url,
            "command": target.command,
            "server": target.server,
            "capabilities": dict(target.capabilities),
        },
        "started": datetime.fromtimestamp(report.started, UTC).isoformat(timespec="milliseconds"),
        "duration": round(report.duration, 3),
        "summary": {
            **{verdict.value: n for verdict, n in counts(report).items()},
            "known_failures": declared[Deviation.KNOWN],
            "unexpected_passes": declared[Deviation.GONE],
            "unconfirmed": declared[Deviation.UNCONFIRMED],
            "exit_code": code,
        },
        "options": _options(report, options),
        "results": [_result(result, target.url) for result in report.results],
        "ladder": _ladder(report.ladder),
        "fuzz": None if report.fuzz is None else _fuzz(report.fuzz, target.url),
        "compared": None if report.compared is None else _compared(report.compared, target.url),
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every document keeps."""
    text = (files("conformance") / "report" / "report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _options(report: Report, options: Options) -> dict[str, Any]:
    return {
        "step": report.step,
        "level": report.level.value.lower(),
        "spec": report.spec.value,
        "rules": list(options.rules),
        "web_root": None if options.web_root is None else str(options.web_root),
        "known_failures": None if options.known_failures is None else str(options.known_failures),
        "patience": options.patience,
        "fuzz": options.fuzz,
        "fuzz_seed": options.fuzz_seed,
        "against": options.against,
    }


def _ladder(rungs: Sequence[Rung]) -> dict[str, Any]:
    return {
        str(rung.step): {
            "passed": rung.passed,
            "applicable": rung.applicable,
            "complete": rung.complete,
            "missing": list(rung.missing),
        }
        for rung in rungs
    }


def _fuzz(fuzz: Fuzz, url: str) -> dict[str, Any]:
    return {
        "examples": fuzz.examples,
        "seed": fuzz.seed,
        "played": fuzz.played,
        "seconds": round(fuzz.seconds, 3),
        "note": fuzz.note,
        "caught": [
            {
                "rule": caught.rule,
                "change": caught.change,
                "message": caught.message,
                "sent": caught.probe.sent[:OCTET_LIMIT].decode("latin-1"),
                "reproduce": reproduce(caught.probe, url, caught.company),
                "failures": caught.failures,
                "plays": caught.plays,
                "proved": caught.proved,
            }
            for caught in fuzz.caught
        ],
    }


def _compared(compared: Compared, url: str) -> dict[str, Any]:
    return {
        "url": compared.url,
        "played": compared.played,
        "seconds": round(compared.seconds, 3),
        "note": compared.note,
        "differences": [
            {
                "kind": difference.kind.value,
                "message": difference.sentence,
                "change": difference.mutation.name,
                "rule": difference.mutation.rule,
                "fate": difference.mutation.fate.value,
                "wrong": difference.blame.value,
                "broken": [id for id in dict.fromkeys(difference.wrong) if id],
                "sent": difference.one.exchange.probe.sent[:OCTET_LIMIT].decode("latin-1"),
                "reproduce": [
                    reproduce(view.exchange.probe, address)
                    for view, address in ((difference.one, url), (difference.other, compared.url))
                ],
            }
            for difference in compared.differences
        ],
    }


def _result(result: Result, url: str) -> dict[str, Any]:
    rule = result.rule
    return {
        "rule": rule.id,
        "level": result.level.value,
        "step": rule.step,
        "covers": list(rule.covers),
        "verdict": result.verdict.value,
        "blocked_by": result.blocked_by,
        "declared": result.declared,
        "deviation": None if result.deviation is None else result.deviation.value,
        "reason": result.reason,
        "finding": None if result.finding is None else _finding(result, result.finding, url),
    }


def _finding(result: Result, finding: Finding, url: str) -> dict[str, Any]:
    exchange = finding.exchange
    offset = _offset(finding.span)
    received = exchange.received[offset : offset + OCTET_LIMIT]
    return {
        "message": finding.message,
        "expected": finding.expected,
        "observed": finding.observed,
        "hint": result.rule.hint,
        "sent": exchange.probe.sent[:OCTET_LIMIT].decode("latin-1"),
        "sent_length": len(exchange.probe.sent),
        "received": received.decode("latin-1"),
        "received_offset": offset,
        "received_length": len(exchange.received),
        "span": None if finding.span is None else [min(at - offset, len(received)) for at in finding.span],
        "ending": exchange.ending.value,
        "reproduce": reproduce(exchange.probe, url, finding.company),
        "server_output": exchange.server_output[-OUTPUT_LIMIT:],
    }


def _offset(span: tuple[int, int] | None) -> int:
    """Where the octets that are shown begin: at the start, unless the span lies too far behind it."""
    if span is None or span[1] <= OCTET_LIMIT:
        return 0
    return max(0, span[0] - OCTET_LIMIT // 2)
