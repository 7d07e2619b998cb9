"""Verdicts: what a check says, and what is reported of a rule in the end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from conformance.exchange import Exchange
from conformance.probe import Action
from conformance.rule import Level, Rule


class Verdict(StrEnum):
    """The outcome for one rule."""

    PASS = "pass"
    FAIL = "fail"
    WARNING = "warning"  # a SHOULD is broken
    NOT_APPLICABLE = "not-applicable"  # the server does not offer this, lawfully
    BLOCKED = "blocked"  # a premise failed; ``blocked_by`` names its rule
    INCONCLUSIVE = "inconclusive"  # what came proves nothing either way
    ERROR = "error"  # a fault of the suite
    NOT_RUN = "not-run"


class Deviation(StrEnum):
    """What became of a failure that was declared beforehand; see :mod:`conformance.known`."""

    KNOWN = "known-failure"  # still there, as declared
    GONE = "unexpected-pass"  # the rule is kept: the declaration is out of date
    UNCONFIRMED = "unconfirmed"  # the rule could not be judged, or does not apply


DEVIATIONS = {
    Verdict.FAIL: Deviation.KNOWN,
    Verdict.WARNING: Deviation.KNOWN,
    Verdict.PASS: Deviation.GONE,
    Verdict.NOT_APPLICABLE: Deviation.UNCONFIRMED,
    Verdict.BLOCKED: Deviation.UNCONFIRMED,
    Verdict.INCONCLUSIVE: Deviation.UNCONFIRMED,
}
"""An error of the suite stays what it is, and a rule that was not run says nothing."""


Company: TypeAlias = tuple[tuple[str, Action], ...]
"""What is done on several connections, each by its name, in order; one that sends nothing is opened by that."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a rule is broken: one sentence, what was expected, what was observed, and where in which exchange.

    ``span`` counts octets of ``exchange.received``; None if no octet is to blame (silence, a missing field). Where it
    takes more connections than that of ``exchange``, ``company`` is what is done on all of them.
    """

    message: str
    expected: str
    observed: str
    exchange: Exchange
    span: tuple[int, int] | None = None
    company: Company = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a check returns. Build it with the words of :mod:`conformance.predicates`."""

    verdict: Verdict
    reason: str = ""
    finding: Finding | None = None
    blocked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What is reported of a rule; ``level`` is its level under the generation that was judged by.

    ``declared`` is the reason given beforehand why the rule is broken, perhaps empty; None if nothing was declared.
    """

    rule: Rule
    level: Level
    verdict: Verdict
    reason: str = ""
    finding: Finding | None = None
    blocked_by: str | None = None
    declared: str | None = None

    @property
    def deviation(self) -> Deviation | None:
        """What became of the declaration; None if there is none, or if it was not put to the test."""
        return None if self.declared is None else DEVIATIONS.get(self.verdict)
