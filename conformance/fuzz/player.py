"""Players: what the fuzz needs of a live server, and how much may be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from conformance.exchange import Exchange
from conformance.probe import Probe


class Player(Protocol):
    """A live server; :class:`conformance.target.Target` is one."""

    def strike(self, probe: Probe, meanwhile: Callable[[], None] | None = None) -> Exchange:
        """Play once with the quick patience, and look after nothing; ``meanwhile`` may be called while it works."""

    def confirm(self, probe: Probe) -> Exchange:
        """Play with the full patience."""

    def revive(self) -> bool:
        """Bring the server back; whether it is there."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many ``examples``, by which ``seed``, for how many ``seconds``; and how many tries to shrink a failure."""

    examples: int
    seed: str = "0"
    seconds: float = 60.0
    shrinking: int = 300


class Gone(Exception):
    """The server is dead, and nobody brings it back."""
