"""Outcomes: what a server made of an example, put so that two servers can be compared.

What may differ between lawful servers for no reason is not looked at: reason phrases, error pages, fields, which status
of class 4, a refusal or a close (RFC 9112 §9.5). How an outcome is told from an exchange is said in :mod:`.side`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What became of the request in question, in words that go on after the name of a server."""

    PLAIN = "serves it like the plain request"
    OTHER = "serves other content than for the plain request"
    PARTIAL = "serves a part"
    NOT_MODIFIED = "answers that nothing has changed"
    REDIRECTED = "redirects"
    REFUSED = "refuses it"
    FAILED = "fails"
    BARE = "sends octets that are no HTTP response"
    SILENT = "says nothing"
    DIED = "dies of it"
    UNTOLD = "does what tells nothing"  # as to the plain request, which it does not serve, or overloaded


class Step(StrEnum):
    """What became of the good requests behind it."""

    IN_STEP = "answers the good requests behind it"
    CLOSED = "ends the connection behind it"
    LOST = "sends what is no good answer to what is behind it"
    BROKEN = "refuses what is behind it and ends the connection"
    WAITING = "waits for more"
    ALONE = "answers once"
    UNTOLD = "cannot be told to be in step"


TAKEN = frozenset({Answer.PLAIN, Answer.OTHER, Answer.PARTIAL, Answer.NOT_MODIFIED})
"""The request was taken for a good one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one server made of an example."""

    answer: Answer
    step: Step

    @property
    def sealed(self) -> bool:
        """Whether nothing of what it read can be taken for another request: it did not serve, and it closed."""
        return self.step is Step.CLOSED and self.answer in (Answer.REFUSED, Answer.UNTOLD)
