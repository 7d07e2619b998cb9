"""Traceability shown: the summary, what is open, JSON, and the page ``docs/coverage.md``. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from conformance.coverage import MEANING, Answer, Answered, owing, tally
from conformance.rule import Level

VISIBLE = ("yes", "partly", "no")
PAGE = "python -m conformance coverage --format markdown > docs/coverage.md"


def summary(answered: Sequence[Answered]) -> Iterator[str]:
    """Rows counted by level and by whether a client can see a violation."""
    yield f"{'level':8}{'seen':8}" + "".join(f"{answer.value:>9}" for answer in Answer)
    for level, seen, counts in _counts(answered):
        yield f"{level:8}{seen:8}" + "".join(f"{count:9}" for count in counts)
    yield ""
    yield _verdict(answered)


def _counts(answered: Sequence[Answered]) -> Iterator[tuple[str, str, list[int]]]:
    found = tally(answered)
    for level in Level:
        for seen in VISIBLE:
            yield level.value, seen, [found.get((level, seen, answer), 0) for answer in Answer]
    yield "all", "", [sum(each.answer is answer for each in answered) for answer in Answer]


def _verdict(answered: Sequence[Answered]) -> str:
    missing = len(owing(answered))
    if not missing:
        return "Every row that must have an answer has one."
    return f"{missing} open rows must have an answer: what any client can see, and each MUST that some can see."


def open_groups(answered: Iterable[Answered]) -> Iterator[str]:
    """The open rows under the names of their groups; a star marks those that must not stay open."""
    found: dict[str, list[Answered]] = {}
    for each in answered:
        if each.answer is Answer.OPEN:
            found.setdefault(each.row.group, []).append(each)
    for group in sorted(found):
        yield group
        for each in found[group]:
            mark = "*" if each.owed else " "
            yield f" {mark} {each.row.level:6} {each.row.observable:6} {each.row.id}: {each.row.statement}"


def export(answered: Iterable[Answered]) -> list[dict[str, Any]]:
    """The rows and their answers as JSON-ready objects."""
    return [_object(each) for each in answered]


def _object(each: Answered) -> dict[str, Any]:
    row, waiver = each.row, each.waiver if each.answer is Answer.WAIVED else None
    return {
        "row": row.id,
        "rfc": row.rfc,
        "section": row.section,
        "level": row.level.value,
        "observable": row.observable,
        "group": row.group,
        "answer": each.answer.value,
        "owed": each.owed,
        "rules": list(each.rules),
        "waiver": waiver and {"kind": waiver.kind.value, "see": waiver.see or None, "reason": waiver.reason},
    }


def page(answered: Sequence[Answered]) -> Iterator[str]:
    """The page: what it means, the summary, then row by row in the order of the RFCs' sections."""
    yield from _preface(answered)
    sections: dict[str, dict[str, list[Answered]]] = {}
    for each in answered:
        sections.setdefault(each.row.rfc, {}).setdefault(each.row.section, []).append(each)
    for rfc in sorted(sections, key=int):
        yield from ("", f"## RFC {rfc}")
        for section in sorted(sections[rfc], key=_numbers):
            yield from ("", f"### {rfc}, section {section}", "", "| row | level | seen | answer |", "|---|---|---|---|")
            for each in sections[rfc][section]:
                row = each.row
                yield f"| {row.id} | {row.level} | {row.observable} | {_cell(each)} |"


def _preface(answered: Sequence[Answered]) -> Iterator[str]:
    yield from ("# What becomes of every requirement", "")
    yield f"Made by `{PAGE}`; do not edit."
    yield ""
    yield "Every sentence found in the RFCs that speaks of an origin server is a row of"
    yield "`conformance/data/requirements.tsv`. A row is *covered* by rules, *waived* for a reason"
    yield "(`conformance/data/waivers.tsv`), or still *open*. *Seen* says whether a client that knows what is served"
    yield "can see a violation; *partly*: if the server offers what it takes."
    yield from ("", "| level | seen | covered | waived | open |", "|---|---|--:|--:|--:|")
    for level, seen, counts in _counts(answered):
        yield f"| {level} | {seen} | " + " | ".join(map(str, counts)) + " |"
    yield from ("", _verdict(answered), "", "Kinds of waivers:", "")
    yield from (f"- *{kind.value}*: {meaning}." for kind, meaning in MEANING.items())


def _numbers(section: str) -> list[tuple[int, int, str]]:
    """Sections in the order of their numbers, appendices (``C.1``) last."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in section.split(".")]


def _cell(each: Answered) -> str:
    if each.rules:
        return ", ".join(f"`{rule}`" for rule in each.rules)
    if each.waiver is None:
        return "**open**" if each.owed else "open"
    see = f" with `{each.waiver.see}`" if each.waiver.see else ""
    return f"*{each.waiver.kind.value}*{see}: {each.waiver.reason}".replace("|", "\\|")
