"""The ladder: how far up the course's steps a server has come. Pure over results and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.rule import Level
from conformance.verdict import Result, Verdict


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: how many of its MUST rules hold, of those that apply; ``missing`` is what the course asks beyond."""

    step: int
    passed: int
    applicable: int
    complete: bool
    missing: tuple[str, ...] = ()


def ladder(results: Iterable[Result], missing: Mapping[int, tuple[str, ...]]) -> tuple[Rung, ...]:
    """A rung for each step in ``missing``. A rung is complete if all its MUST rules that apply hold and nothing that
    the course asks for is missing; rules that could not be judged count as not passed."""
    by_step: dict[int, list[Result]] = {step: [] for step in missing}
    for result in results:
        if result.rule.step in by_step and result.level is Level.MUST:
            by_step[result.rule.step].append(result)
    return tuple(_rung(step, by_step[step], missing[step]) for step in sorted(by_step))


def _rung(step: int, results: list[Result], missing: tuple[str, ...]) -> Rung:
    applicable = [result for result in results if result.verdict is not Verdict.NOT_APPLICABLE]
    passed = sum(1 for result in applicable if result.verdict is Verdict.PASS)
    return Rung(step, passed, len(applicable), bool(applicable) and passed == len(applicable) and not missing, missing)
