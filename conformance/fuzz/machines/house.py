"""The house: the server that scripts are played on, and what is known of it in one run of the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from conformance.fuzz.dialogue import Dialogue
from conformance.fuzz.example import Ground
from conformance.fuzz.health import OVERTIME
from conformance.fuzz.machines.changing import Changing
from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import Script
from conformance.fuzz.machines.stage import Play, Stage
from conformance.fuzz.player import Budget
from conformance.line import Line
from conformance.wire import Patience, Wire


class Player(Protocol):
    """What the machine needs of a target: see :class:`conformance.target.Target`."""

    wire: Wire
    patience: Patience

    def revive(self) -> bool:
        """Bring the server back; whether it is."""


@dataclass
class House:
    """Plays scripts on a server that may die; ``settled`` are rules of which nothing more is to be said."""

    player: Player
    ground: Ground
    budget: Budget
    settled: set[str] = field(default_factory=set)
    played: int = 0
    gone: bool = False
    fatal: Scene | None = None
    """The last death, which may have come while something else was looked into."""
    changing: Changing | None = None
    """The page that may be changed, if there is one."""
    tired: bool = False
    """Whether a silence has been proved: then nobody waits long for another."""
    repertoire: Repertoire = field(init=False)
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.budget.seconds

    def connect(self) -> Dialogue:
        """A new connection."""
        wire = self.player.wire
        return Dialogue(Line(wire.host, wire.port, self.player.patience.full))

    @property
    def late(self) -> bool:
        """Whether there is nothing more to be done."""
        return self.gone or time.monotonic() >= self.deadline

    @property
    def too_late(self) -> bool:
        """Whether not even what the server dies of is made smaller any more."""
        return self.gone or time.monotonic() >= self.deadline + OVERTIME

    def perform(self, script: Script, patience: float) -> Play:
        """Play a script on a server that lives; one that cannot be brought back ends the run."""
        played = self.stage.play(script, patience)
        if played.latency:
            self.player.patience.learn(played.latency)
        if played.dead and played.breach is not None:
            self.fatal = Scene(played.breach, script[: played.steps], self.repertoire)
        if played.dead and self.changing is not None:
            self.changing.forget()
        if played.dead and not self.player.revive():
            self.gone = True
        return played
