"""The requirement rows that the rules cover: the denominator of the catalogue (``data/requirements.tsv``)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from conformance.rule import Level, Spec


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of an RFC that binds an origin server, in our own words."""

    id: str
    rfc: str
    section: str
    level: Level
    statement: str
    observable: str
    needs: str
    step: int | None
    group: str
    modern: str

    @property
    def own(self) -> set[Spec]:
        """The generations whose text the row is from; RFC 3875 and 3986 go with both."""
        if self.rfc == "2616":
            return {Spec.RFC2616}
        return {Spec.RFC9110} if self.rfc.startswith("911") else {Spec.RFC2616, Spec.RFC9110}

    @property
    def kin(self) -> set[Spec]:
        """The generations that ask the same in other words: RFC 2616 what is restated, 9110 what was not dropped."""
        if self.rfc == "2616":
            return set() if "dropped" in self.modern else {Spec.RFC9110}
        return {Spec.RFC2616} if "restates 2616" in self.modern else set()


@cache
def requirements() -> Mapping[str, Requirement]:
    """All rows by id, in the order of the table."""
    text = (files("conformance") / "data" / "requirements.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return MappingProxyType({row["id"]: _requirement(row) for row in rows})


def _requirement(row: dict[str, str]) -> Requirement:
    step = row["step"].strip()
    return Requirement(
        id=row["id"],
        rfc=row["rfc"],
        section=row["section"],
        level=Level(row["level"]),
        statement=row["statement"],
        observable=row["observable"],
        needs=row["needs"],
        step=int(step) if step.isdigit() else None,
        group=row["group"],
        modern=row["modern"],
    )


@cache
def groups() -> Mapping[str, tuple[Requirement, ...]]:
    """Rows that make the same demand, by the name of their group."""
    found: dict[str, list[Requirement]] = {}
    for row in requirements().values():
        found.setdefault(row.group, []).append(row)
    return MappingProxyType({name: tuple(rows) for name, rows in found.items()})


def levels_of(rows: Iterable[Requirement]) -> dict[Spec, Level]:
    """The strictest level among the rows of each generation, or among what it restates; one that asks nothing of the
    kind is left out."""
    rows = tuple(rows)
    found: dict[Spec, Level] = {}
    for spec in (Spec.RFC2616, Spec.RFC9110):
        levels = [row.level for row in rows if spec in row.own] or [row.level for row in rows if spec in row.kin]
        if levels:
            found[spec] = max(levels, key=lambda level: level.rank)
    return found


def sections_of(rows: Iterable[Requirement]) -> dict[str, str]:
    """RFC number to its sections, older RFC first: ``{"2616": "6.1", "9112": "2.1, 4"}``."""
    found: dict[str, list[str]] = {}
    for row in rows:
        sections = found.setdefault(row.rfc, [])
        if row.section not in sections:
            sections.append(row.section)
    return {number: ", ".join(found[number]) for number in sorted(found)}
