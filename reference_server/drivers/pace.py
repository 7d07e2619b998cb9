"""How long a client may take over what it is doing: a limit for each step, and a least rate for what is long.

Holds one moment, the `deadline`, in seconds of the monotonic clock; the event loop looks at it now and then.
"""

from __future__ import annotations

from enum import Enum

from reference_server.config import Config
from reference_server.http1.connection import Connection

FOREVER = float("inf")
LAST_LINGER_SECONDS = 0.25


class Part(Enum):
    """What of a request has begun to arrive and is not complete."""

    NONE = "nothing"
    HEAD = "its head"
    BODY = "its body"


def part_in(core: Connection) -> Part:
    if not core.in_message:
        return Part.NONE
    return Part.HEAD if core.in_head else Part.BODY


class Pace:
    """Each method is called when its name happens, or goes on; `octets` count the request's part, or the reply."""

    __slots__ = ("_octets", "_part", "_rates", "_started", "_timeouts", "deadline")

    def __init__(self, config: Config, now: float) -> None:
        self._timeouts = config.timeouts
        self._rates = config.rates
        self._part = Part.NONE
        self._started = now
        self._octets = 0
        self.deadline = now + config.timeouts.idle

    def arrived(self, octets: int) -> None:
        self._octets += octets

    def answering(self) -> None:
        """Whoever makes the reply has a time limit of its own."""
        self._part = Part.NONE
        self.deadline = FOREVER

    def reading(self, core: Connection, now: float, draining: bool) -> None:
        """Idle between requests; one limit for a whole head; for a body from piece to piece, and for the average."""
        part = part_in(core)
        if part is not self._part:
            self._part, self._started, self._octets = part, now, 0
        match part:
            case Part.NONE:
                self.deadline = now + (self._timeouts.linger if draining else self._timeouts.idle)
            case Part.HEAD:
                self.deadline = self._started + self._timeouts.head
            case Part.BODY:
                self.deadline = self._in_time(now, self._octets, self._rates.body) + self._timeouts.body

    def begin_sending(self, now: float) -> None:
        self._part, self._started = Part.NONE, now
        self.deadline = now + self._timeouts.write

    def sending(self, now: float, octets: int) -> None:
        """The client took something: a limit to the next time, and for the average of all `octets` so far."""
        self.deadline = self._in_time(now, octets, self._rates.write) + self._timeouts.write

    def _in_time(self, now: float, octets: int, rate: int) -> float:
        """Now, or the earlier moment at which so many octets were due; a rate of 0 makes none due."""
        return min(now, self._started + octets / rate) if rate else now

    def starved(self, now: float) -> None:
        """It is not the client who keeps us waiting."""
        self._started = now
        self.deadline = FOREVER

    def idle(self, now: float) -> None:
        self.deadline = now + self._timeouts.idle

    def lingering(self, now: float) -> None:
        self.deadline = now + self._timeouts.linger

    def hurry(self, now: float, seconds: float) -> None:
        self.deadline = min(self.deadline, now + seconds)
