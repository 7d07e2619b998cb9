"""Checks: a rule and the small function that judges it, side by side; the decorator that binds them.

A check asks ``evidence`` for exchanges and returns a judgement. It is deterministic: the same exchanges give the same
judgement, which is why recorded runs can be judged again. It never touches a socket, a clock or a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from conformance.evidence import Evidence
from conformance.requirements import Requirement, groups, levels_of, requirements, sections_of
from conformance.rule import Example, Level, Risk, Rule, Spec
from conformance.verdict import Judgement

Judge: TypeAlias = Callable[[Evidence], Judgement]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule with its judge."""

    rule: Rule
    judge: Judge


CATALOGUE: dict[str, Check] = {}
"""Every check by the id of its rule, in the order of definition; filled by importing :mod:`conformance.checks`."""


def check(
    id: str,
    *,
    statement: str,
    why: str,
    hint: str,
    example: tuple[str, str, str],
    also: Sequence[str] = (),
    rows: Sequence[str] | None = None,
    needs: Sequence[str] = (),
    requires: Sequence[str] = (),
    permitted_by: Spec | None = None,
    risk: Risk = Risk.ORDINARY,
    step: int | None = None,
    dispute: str = "",
) -> Callable[[Judge], Judge]:
    """Declare a rule on the function that judges it.

    It covers the requirement rows of the group named like it, and of the groups in ``also``; ``rows`` names single
    rows instead. Level, sections and step follow from the rows (``step`` overrides). ``example`` is a request, a good
    and a bad answer; ``dispute`` says what people disagree about, and what is accepted therefore. Raises ValueError for
    an id declared twice or one that covers nothing.
    """
    covered = _covered(id, also, rows)
    if id in CATALOGUE or not covered:
        raise ValueError(f"rule {id} is declared twice" if id in CATALOGUE else f"rule {id} covers no requirement")
    judged = [row for row in covered if row.observable == "yes"] or covered
    steps = [row.step for row in judged if row.step is not None]
    rule = Rule(
        id=id,
        statement=statement,
        why=why,
        hint=hint,
        example=Example(*example),
        levels=levels_of(judged),
        rfc=sections_of(covered),
        step=step if step is not None else min(steps, default=None),
        covers=tuple(row.id for row in covered),
        needs=tuple(needs),
        requires=tuple(requires),
        permitted_by=permitted_by,
        risk=risk,
        dispute=dispute,
    )

    def bind(judge: Judge) -> Judge:
        CATALOGUE[id] = Check(rule, judge)
        return judge

    return bind


def _covered(id: str, also: Sequence[str], rows: Sequence[str] | None) -> list[Requirement]:
    if rows is not None:
        return [requirements()[row] for row in rows]
    return [
        row
        for group in (id, *also)
        for row in groups().get(group, ())
        if row.observable != "no" and row.level is not Level.MAY
    ]
