"""Differences: in what two servers differ on an example, how dangerous that is, and which of them is wrong.

Lawful differences count as well: where requests pass through one server to another, two readings of the same octets
are a danger by themselves, most of all where they do not agree where a request ends (RFC 9112 §11.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from conformance.exchange import Exchange
from conformance.fuzz.example import Example, Fate, Mutation
from conformance.fuzz.outcomes import TAKEN, Answer, Outcome, Step
from conformance.fuzz.properties import Case, breaches
from conformance.fuzz.side import Side
from conformance.predicates import served

Nature: TypeAlias = tuple[str, tuple[object, ...]]


class Kind(StrEnum):
    """In what two servers differ, the most dangerous first."""

    FRAMING = "where the request ends"
    MEANING = "what is asked for"
    ACCEPTANCE = "whether the request is good"
    FAILURE = "who fails"
    SILENCE = "who waits"
    HANDLING = "how it is answered"


class Blame(StrEnum):
    """Which of the two is wrong by the RFCs, as far as that can be told from this example."""

    NOBODY = "nobody"
    FIRST = "the first"
    SECOND = "the second"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class View:
    """One server's side of a difference: the example as it got it, what happened, and what it comes to."""

    example: Example
    exchange: Exchange
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """The smallest example of a mutation on which two servers differ in one ``kind`` of way."""

    kind: Kind
    one: View
    other: View
    wrong: tuple[str, str]
    """The ids of the rules that the first and the second surely break by this, "" where nothing proves that."""
    also: list[str] = field(default_factory=list, compare=False)
    """The names of other mutations that come to the same."""

    @property
    def mutation(self) -> Mutation:
        """What was done to a good request."""
        return self.one.example.mutation

    @property
    def blame(self) -> Blame:
        """Who is wrong."""
        first, second = self.wrong
        if first and second:
            return Blame.BOTH
        return Blame.FIRST if first else Blame.SECOND if second else Blame.NOBODY

    @property
    def nature(self) -> Nature:
        """Whose fault it is, and what each of them does: where that is the same, it is the same difference."""
        return self.mutation.rule, nature(self.kind, self.one.outcome, self.other.outcome)

    @property
    def sentence(self) -> str:
        """What each of them does."""
        one, other = self.one.outcome, self.other.outcome
        behind = self.kind is Kind.FRAMING
        return f"The first {_words(one, behind)}; the second {_words(other, behind)}."


def nature(kind: Kind, one: Outcome, other: Outcome) -> tuple[object, ...]:
    """The kind and what each of them does, as far as that belongs to it."""
    return (kind, one.step, other.step) if kind is Kind.FRAMING else (kind, one.answer, other.answer)


def _words(outcome: Outcome, behind: bool) -> str:
    """What a server does; with what becomes of the requests ``behind``."""
    if not behind or outcome.answer is Answer.SILENT:
        return outcome.answer.value
    return f"{outcome.answer} and {outcome.step}"


def ranked(differences: Iterable[Difference]) -> list[Difference]:
    """The most dangerous first; among equals those in which somebody is wrong, then the shortest."""
    order = list(Kind)
    return sorted(
        differences,
        key=lambda found: (order.index(found.kind), found.blame is Blame.NOBODY, len(found.one.example.data)),
    )


def difference(one: Outcome, other: Outcome, *, finished: bool) -> Kind | None:
    """In what two outcomes differ, if in anything that matters."""
    if _out_of_step(one, other):
        return Kind.FRAMING
    answers = {one.answer, other.answer}
    if len(answers) == 1 or Answer.UNTOLD in answers:
        return None
    if answers & {Answer.DIED, Answer.FAILED}:
        return Kind.FAILURE
    if Answer.SILENT in answers:
        return Kind.SILENCE if finished else None
    if Answer.REFUSED in answers and answers & TAKEN:
        return Kind.ACCEPTANCE
    return Kind.MEANING if answers == {Answer.PLAIN, Answer.OTHER} else Kind.HANDLING


def _out_of_step(one: Outcome, other: Outcome) -> bool:
    """Whether the two disagree where a request ends.

    Who refuses and closes cannot be led astray, but the other one can.
    """
    steps = {one.step, other.step}
    if len(steps) == 1 or Step.UNTOLD in steps:
        return False
    if Step.LOST in steps:
        lost, sound = (one, other) if one.step is Step.LOST else (other, one)
        return lost.answer in TAKEN or not sound.sealed
    return Step.IN_STEP in steps and Step.CLOSED not in steps


def faults(kind: Kind, sides: tuple[Side, Side], views: tuple[View, View]) -> tuple[str, str]:
    """The rule that each of the two breaks, by what the RFCs say of the request; "" for none."""
    first, second = (_fault(kind, side, view) for side, view in zip(sides, views, strict=True))
    return first, second


def _fault(kind: Kind, side: Side, view: View) -> str:
    """What a server is surely wrong by: it dies, or breaks a rule that it owes and that has to do with the kind."""
    outcome, mutation = view.outcome, view.example.mutation
    if outcome.answer is Answer.DIED:
        return mutation.rule
    lost = kind is Kind.FRAMING and outcome.step in (Step.LOST, Step.BROKEN)
    silent = kind is Kind.SILENCE and outcome.answer is Answer.SILENT
    broken = [breach.rule for breach in breaches(Case(view.example, view.exchange, side.controls))]
    if lost and mutation.fate is Fate.SERVED and served(side.controls.answer(view.example.plain)):
        broken.append(mutation.rule)
    telling = sorted((id for id in broken if lost or silent or id == mutation.rule), key=mutation.rule.__ne__)
    return next(filter(side.owes, telling), "")
