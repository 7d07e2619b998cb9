"""The workers of one configuration: all started together, each replaced when it dies, all retired together."""

from __future__ import annotations

import selectors
import signal
import socket
import time
from collections.abc import Callable
from functools import partial

from reference_server.config import Service
from reference_server.drivers import logs, worker
from reference_server.drivers.ledger import Ledger
from reference_server.drivers.listening import Listeners
from reference_server.drivers.share import Share
from reference_server.drivers.worker import Worker, spawn

# How long a new worker may take until it accepts connections.
START_SECONDS = 30.0
# A worker that dies younger than this would only die again: the next one waits, and ever longer.
INFANT_SECONDS = 1.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0


class CannotStart(Exception):
    """The first workers of a configuration do not come to work."""


class Crew:
    """`shed` is called in each new process, which has no business with what its parent holds open."""

    def __init__(self, service: Service, listeners: Listeners, shed: Callable[[], None]) -> None:
        self.service = service
        self.listeners = listeners
        self.workers: dict[int, Worker] = {}
        self._share = Share(service.workers)
        self._shed = shed
        self._due: dict[int, float] = {}
        self._infant_deaths: dict[int, int] = {}

    def start(self) -> None:
        """Return when all workers accept connections; if one of them does not, there are none."""
        try:
            for place in range(self.service.workers):
                self._fill(place)
            self._await_ready()
        except (CannotStart, OSError) as error:
            for each in self.workers.values():
                each.signal(signal.SIGKILL)
                each.ending()
            raise CannotStart(str(error)) from None

    def _fill(self, place: int) -> Worker:
        born = self.workers[place] = spawn(place, partial(self._work, place))
        return born

    def _work(self, place: int, channel: socket.socket, ledger: Ledger) -> None:
        """In the child."""
        self._shed()
        self.close_channels()
        worker.serve(self.service, self.listeners.sockets, self._share.mine(place), channel, ledger)

    def close_channels(self) -> None:
        """In a child: else a sibling would not notice that the parent is dead."""
        for sibling in self.workers.values():
            sibling.channel.close()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with selectors.DefaultSelector() as waiting:
            for each in self.workers.values():
                waiting.register(each.channel, selectors.EVENT_READ, each.channel)
            while waiting.get_map():
                heard = waiting.select(max(deadline - time.monotonic(), 0))
                if not heard:
                    raise CannotStart("the workers are not ready in time")
                for key, _ in heard:
                    if worker.told(key.data) != worker.READY:
                        raise CannotStart("a worker died at its start")
                    waiting.unregister(key.data)

    def lost(self, dead: Worker) -> None:
        """Its place is free, and somebody will have to fill it."""
        del self.workers[dead.place]
        self._share.vacate(dead.place)
        now = time.monotonic()
        deaths = self._infant_deaths.get(dead.place, 0) + 1 if now - dead.born < INFANT_SECONDS else 0
        self._infant_deaths[dead.place] = deaths
        self._due[dead.place] = now + (min(FIRST_PAUSE * 2**deaths, LONGEST_PAUSE) if deaths else 0)

    def next_due(self) -> float:
        """The moment at which `replace` has something to do."""
        return min(self._due.values(), default=float("inf"))

    def replace(self) -> list[Worker]:
        """Fill the places whose time has come."""
        now = time.monotonic()
        due = [place for place, moment in self._due.items() if moment <= now]
        born = []
        for place in due:
            try:
                born.append(self._fill(place))
                del self._due[place]
            except OSError as error:
                logs.say(f"cannot start a worker: {error.strerror}")
                self._due[place] = now + LONGEST_PAUSE
        return born

    def dissolve(self) -> list[Worker]:
        """Fill no place any more; who is left is somebody else's business."""
        self._due.clear()
        self._share.close()
        return list(self.workers.values())
