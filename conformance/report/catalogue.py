"""The catalogue of rules shown: as JSON, as a table, and one rule explained. It reads nothing but package data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from conformance.probe import Probe, Receive, Send, octets
from conformance.report.finding import Painter, Tone, plain, wrapped
from conformance.report.reproduce import reproduce
from conformance.report.visible import safe
from conformance.requirements import requirements
from conformance.rule import Rule

BY_HAND = "http://localhost:50000"
MUTANTS = "mutants.json"


def export(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The rules as JSON-ready objects, in the order given."""
    broken_by = mutants()
    return [
        {
            "id": rule.id,
            "level": rule.level().value,
            "statement": rule.statement,
            "hint": rule.hint,
            "rfc": dict(rule.rfc),
            "step": rule.step,
            "dispute": rule.dispute,
            "needs": list(rule.needs),
            "covers": list(rule.covers),
            "mutants": broken_by.get(rule.id, []),
        }
        for rule in rules
    ]


@cache
def mutants() -> Mapping[str, list[str]]:
    """Rule to the names of the mutants of a good server that break it; a rule without one is left out."""
    file = files("conformance") / "data" / MUTANTS
    if not file.is_file():
        return {}
    found: dict[str, list[str]] = {}
    for name, mutant in sorted(json.loads(file.read_text("utf-8")).items()):
        for rule in mutant["breaks"]:
            found.setdefault(rule, []).append(name)
    return found


def table(chapters: Mapping[str, Sequence[Rule]], width: int, paint: Painter = plain) -> Iterator[str]:
    """The rules one to a line, by the title of their chapter: id, level, step and statement."""
    column = max((len(rule.id) for rules in chapters.values() for rule in rules), default=4)
    yield paint(f"{'rule':{column}}  level   step  statement", Tone.STRONG)
    for title, rules in chapters.items():
        yield ""
        yield paint(title, Tone.STRONG)
        for rule in rules:
            yield from _line(rule, column, width)
    yield ""
    yield f"{sum(map(len, chapters.values()))} rules"


def _line(rule: Rule, column: int, width: int) -> Iterator[str]:
    step = "-" if rule.step is None else str(rule.step)
    left = f"{rule.id:{column}}  {rule.level():6}  {step:>4}"
    if len(left) + 2 + len(rule.statement) <= width:
        yield f"{left}  {rule.statement}"
    else:
        yield left
        yield from wrapped("", rule.statement, width, indent=4)


def near(unknown: str, known: Iterable[str]) -> list[str]:
    """Ids that were perhaps meant."""
    ids = list(known)
    similar = get_close_matches(unknown, ids, n=5, cutoff=0.5)
    inside = [id for id in ids if unknown.lower() in id]
    return list(dict.fromkeys([*similar, *inside]))[:8]


def explanation(rule: Rule, width: int, paint: Painter = plain) -> Iterator[str]:
    """Everything there is to know of a rule."""
    yield paint(rule.id, Tone.STRONG)
    yield from wrapped("", rule.statement, width)
    yield ""
    yield from wrapped("level", _levels(rule), width)
    yield from wrapped("sections", rule.citation(), width)
    yield from wrapped("step", "beyond the course" if rule.step is None else f"{rule.step} of the course", width)
    yield from wrapped("why", rule.why, width)
    yield from wrapped("to do", rule.hint, width)
    if rule.dispute:
        yield from wrapped("disputed", rule.dispute, width)
    if rule.needs:
        yield from wrapped("needs", f"{', '.join(rule.needs)}; does not apply to a server without", width)
    if rule.requires:
        yield from wrapped("requires", f"{', '.join(rule.requires)}; blocked where that is broken", width)
    yield from _example(rule, paint)
    yield ""
    yield paint("Covers", Tone.STRONG)
    for id in rule.covers:
        row = requirements()[id]
        yield from wrapped("", f"{id} (RFC {row.rfc} §{row.section}, {row.level}): {row.statement}", width)
    broken_by = mutants().get(rule.id)
    if broken_by:
        yield ""
        yield from wrapped("", f"Proved able to fail by: {', '.join(broken_by)}", width, indent=0)


def _levels(rule: Rule) -> str:
    by_spec = ", ".join(f"{level} by RFC {spec}" for spec, level in rule.levels.items())
    lawful = f"; a breach is lawful by RFC {rule.permitted_by}" if rule.permitted_by else ""
    return by_spec + lawful


def _example(rule: Rule, paint: Painter) -> Iterator[str]:
    example = rule.example
    tones = {"Request": Tone.STRONG, "A good answer": Tone.GOOD, "A bad answer": Tone.BAD}
    for (heading, tone), text in zip(tones.items(), (example.request, example.good, example.bad), strict=True):
        yield ""
        yield paint(heading, tone)
        yield from (f"  {safe(line)}" for line in text.splitlines(keepends=True))
    try:
        probe = Probe((Send(octets(example.request)), Receive()))
    except UnicodeEncodeError:
        return  # shortened for reading, so it cannot be sent
    yield ""
    yield paint("By hand", Tone.STRONG)
    yield f"  {reproduce(probe, BY_HAND)}"
