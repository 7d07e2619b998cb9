"""Traceability: what becomes of every requirement row. It is covered by rules, waived with a reason, or still open.

Waivers stand in ``data/waivers.tsv``, one line for a row or for all rows of a group: the kind, what carries the demand
in its stead (``see``, for what is redundant) and a reason. This module judges no server and prints nothing; it says
how much of the RFCs 2616, 9110, 9112, 3875 and 3986 the catalogue answers for (:mod:`conformance.report.coverage`
shows it).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from conformance.requirements import Requirement, groups, requirements
from conformance.rule import Level, Rule


class Answer(StrEnum):
    """What becomes of a row."""

    COVERED = "covered"
    WAIVED = "waived"
    OPEN = "open"


class Kind(StrEnum):
    """Why no rule answers for a row."""

    PERMISSION = "permission"
    EXPLANATION = "explanation"
    NOT_ON_THE_WIRE = "not on the wire"
    UNDECIDABLE = "undecidable"
    EITHER_LAWFUL = "either way lawful"
    OTHER_ROLE = "not for origin servers"
    NEVER_UNASKED = "never sent unasked"
    OTHER_TRANSPORT = "needs TLS"
    REDUNDANT = "redundant"


MEANING: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PERMISSION: "the text allows something; whatever a server does, it breaks nothing",
        Kind.EXPLANATION: "a definition, an explanation or advice without a key word; no behaviour is demanded",
        Kind.NOT_ON_THE_WIRE: "inside the server, in its configuration or its papers; no octet shows it",
        Kind.UNDECIDABLE: "turns on intent, taste, truth or circumstances that no client can know",
        Kind.EITHER_LAWFUL: "what one text demands another allows to be left undone, so that nothing can fail",
        Kind.OTHER_ROLE: "binds a client, a cache, a gateway, an author or a program, not the server that is judged",
        Kind.NEVER_UNASKED: "about something that origin servers do not send and that no request provokes",
        Kind.OTHER_TRANSPORT: "of connections secured by TLS; the suite speaks HTTP over plain TCP",
        Kind.REDUNDANT: "another rule or row carries the same demand at the level at which it binds",
    }
)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a row, or every row of a group, needs no rule; ``see`` names the rule or row that makes it redundant."""

    subject: str
    kind: Kind
    see: str
    reason: str

    @property
    def rows(self) -> tuple[Requirement, ...]:
        """The rows that it speaks of; none if there is no such row or group."""
        row = requirements().get(self.subject)
        return (row,) if row is not None else groups().get(self.subject, ())


@dataclass(frozen=True, slots=True)
class Answered:
    """A row with its answer."""

    row: Requirement
    rules: tuple[str, ...]
    waiver: Waiver | None

    @property
    def answer(self) -> Answer:
        """A rule counts for more than a waiver."""
        if self.rules:
            return Answer.COVERED
        return Answer.OPEN if self.waiver is None else Answer.WAIVED

    @property
    def owed(self) -> bool:
        """True for a row that must not stay open: what every client sees, and each MUST that some can see."""
        return self.row.observable == "yes" or (self.row.observable == "partly" and self.row.level is Level.MUST)


@cache
def waivers() -> Sequence[Waiver]:
    """All waivers in the order of their table."""
    text = (files("conformance") / "data" / "waivers.tsv").read_text("utf-8")
    lines = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Waiver(line["subject"], Kind(line["kind"]), line["see"], line["reason"]) for line in lines)


def answers(rules: Iterable[Rule]) -> list[Answered]:
    """Every row of the table with its answer, in the order of the table."""
    covering: dict[str, list[str]] = {}
    for rule in rules:
        for id in rule.covers:
            covering.setdefault(id, []).append(rule.id)
    waived = {row.id: waiver for waiver in waivers() for row in waiver.rows}
    return [Answered(row, tuple(covering.get(row.id, ())), waived.get(row.id)) for row in requirements().values()]


def owing(answered: Iterable[Answered]) -> list[Answered]:
    """The open rows that must not stay open."""
    return [each for each in answered if each.answer is Answer.OPEN and each.owed]


def tally(answered: Iterable[Answered]) -> Mapping[tuple[Level, str, Answer], int]:
    """How many rows of each level and visibility have which answer."""
    return Counter((each.row.level, each.row.observable, each.answer) for each in answered)
