"""Rules: what the RFCs say, as data.

A rule carries no logic. Its RFC sections, level and course step are derived from the requirement rows that it covers
(:mod:`conformance.requirements`), so that no section number is typed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Level(StrEnum):
    """How strongly a requirement binds (RFC 2119); a prohibition has the level of its positive form."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    @property
    def rank(self) -> int:
        """0 for MAY up to 2 for MUST."""
        return ("MAY", "SHOULD", "MUST").index(self.value)


class Spec(StrEnum):
    """The generation of the specifications that a target is judged by."""

    RFC2616 = "2616"
    RFC9110 = "9110"
    BOTH = "both"


class Risk(IntEnum):
    """How likely a probe is to harm a weak server; harmless rules are judged first."""

    ORDINARY = 0  # plain GET requests
    UNUSUAL = 1  # valid, but rarely seen: other methods, odd fields, odd targets, pauses
    MALFORMED = 2  # octets that break the grammar
    ABORT = 3  # clients that vanish


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange by hand: a request, a good answer and a bad one (text, ``\\r\\n`` for real line ends)."""

    request: str
    good: str
    bad: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One observable demand on an origin server.

    ``levels`` maps a generation ("2616", "9110") to its level there; ``permitted_by`` names the generation whose text
    permits what this rule forbids, if any. ``needs`` names the capabilities without which the rule does not apply,
    ``requires`` the rules without which it cannot be judged. ``dispute`` tells what people disagree about and what is
    accepted therefore, where they do.
    """

    id: str
    statement: str
    why: str
    hint: str
    example: Example
    levels: Mapping[Spec, Level]
    rfc: Mapping[str, str]
    step: int | None
    covers: tuple[str, ...]
    needs: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    permitted_by: Spec | None = None
    risk: Risk = Risk.ORDINARY
    dispute: str = ""

    def level(self, spec: Spec = Spec.BOTH) -> Level:
        """The level under ``spec``; where the generations differ, ``both`` takes the weaker one."""
        if spec is not Spec.BOTH and spec in self.levels:
            return self.levels[spec]
        return min(self.levels.values(), key=lambda level: level.rank)

    def asked(self, spec: Spec) -> bool:
        """Whether ``spec`` asks this at all; ``both`` asks what either does."""
        return spec is Spec.BOTH or spec in self.levels

    def permitted(self, spec: Spec) -> bool:
        """Whether a breach is lawful under ``spec`` because one of its generations permits it."""
        return self.permitted_by is not None and spec in (Spec.BOTH, self.permitted_by)

    def citation(self) -> str:
        """The sections, as ``RFC 2616 §6.1, RFC 9112 §4``."""
        return ", ".join(f"RFC {number} §{section}" for number, section in self.rfc.items())
