"""The parent of the workers: opens the sockets, starts processes, replaces those that die, reloads, ends them all.

It serves nobody itself, so whatever a request does to a worker, the service goes on.  Signals:

    SIGTERM, SIGINT    stop: replies under way get their grace; a second one kills at once
    SIGHUP, SIGUSR1    read the configuration again, and open the logs again

A reload replaces the workers.  New ones accept from the very sockets of the old ones before these are told to retire,
so at no moment is a connection refused; an old one ends when its last reply is sent.  A configuration with an error is
reported and changes nothing.
"""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable
from contextlib import closing

from reference_server.config import ConfigError, Service
from reference_server.drivers import descriptors, logs, worker
from reference_server.drivers.crew import CannotStart, Crew
from reference_server.drivers.listening import CannotListen, Listeners, url_of
from reference_server.drivers.signals import Order, Signals
from reference_server.drivers.worker import Worker

FAILED = 1
USAGE_ERROR = 2
FOREVER = float("inf")
# What a worker may need beyond the grace, to end its programs.
LAST_SECONDS = 3.0


def run(load: Callable[[], Service]) -> int:
    """Serve what `load` says until a signal ends it; the exit code.  For the main thread only."""
    logs.stand_in_for_missing()
    try:
        service = load()
        logs.check(service)
    except (ConfigError, logs.CannotOpen) as error:
        logs.say(str(error))
        return USAGE_ERROR
    descriptors.raise_limit()
    with closing(logs.Errors()) as errors, Signals() as signals, closing(Supervisor(load, errors, signals)) as parent:
        try:
            parent.change_to(service)
        except (CannotListen, CannotStart, logs.CannotOpen) as error:
            logs.say(str(error))
            return FAILED if isinstance(error, CannotStart) else USAGE_ERROR
        return parent.supervise()


class Supervisor:
    """One crew at work, and what is left of earlier ones."""

    def __init__(self, load: Callable[[], Service], errors: logs.Errors, signals: Signals) -> None:
        self._load = load
        self._errors = errors
        self._signals = signals
        self._crew: Crew | None = None
        self._listeners = Listeners()
        self._retired: set[Worker] = set()
        self._stopping = False
        self._kill_at = FOREVER
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals.inbox, selectors.EVENT_READ, None)

    def close(self) -> None:
        self._selector.close()
        self._listeners.close_unless_in(Listeners())

    # Changing the configuration

    def change_to(self, service: Service) -> None:
        """Have `service` served by new workers; if that is impossible, all stays as it was."""
        before = self._listeners
        listeners = before.changed_to(service.listen, service.config.backlog)
        try:
            self._errors.go_to(service.error_log)
            crew = Crew(service, listeners, lambda: self._shed(listeners))
            crew.start()
        except (CannotStart, logs.CannotOpen):
            listeners.close_unless_in(before)
            self._errors.go_to(None if self._crew is None else self._crew.service.error_log)
            raise
        self._promote(crew)

    def _promote(self, crew: Crew) -> None:
        before, self._listeners = self._listeners, crew.listeners
        before.close_unless_in(self._listeners)
        for each in crew.workers.values():
            self._watch(each)
        if self._crew is not None:
            for each in self._crew.dissolve():
                each.retire()
                self._retired.add(each)
        self._crew = crew
        for listener in self._listeners.sockets:
            if listener not in before.sockets:
                logs.announce(f"Serving {crew.service.sites[0].root} on {url_of(listener)}")

    def _shed(self, kept: Listeners) -> None:
        """In a new child: let go of what only the parent needs."""
        self._selector.close()
        self._signals.close()
        self._errors.stay()
        self._listeners.close_unless_in(kept)
        for each in self._everybody():
            each.channel.close()

    def _reload(self) -> None:
        try:
            service = self._load()
            logs.check(service)
            self.change_to(service)
        except Exception as error:  # whatever it is, there is a service to go on with
            logs.say(f"the configuration stays as it was: {error}")
        else:
            logs.say(f"the configuration was read again; {service.workers} new workers serve it")

    # Waiting

    def supervise(self) -> int:
        """Until there is nobody left to look after."""
        while self._everybody() or not self._stopping:
            heard = self._selector.select(self._patience())
            # First of all: a signal may be the reason why workers die.
            self._obey(self._signals.take())
            for key, _ in heard:
                if key.data is not None:
                    self._hear(key.data)
            self._act_in_time()
        return 0

    def _everybody(self) -> list[Worker]:
        return [*self._retired, *(self._crew.workers.values() if self._crew is not None else ())]

    def _patience(self) -> float | None:
        due = self._kill_at if self._crew is None or self._stopping else self._crew.next_due()
        return None if due == FOREVER else max(due - time.monotonic(), 0)

    def _watch(self, each: Worker) -> None:
        self._selector.register(each.channel, selectors.EVENT_READ, each)

    def _hear(self, each: Worker) -> None:
        """Word from a worker, or that it is dead."""
        if worker.told(each.channel):
            return
        self._selector.unregister(each.channel)
        how = each.ending()
        if each in self._retired:
            self._retired.remove(each)
        elif self._crew is not None:
            self._crew.lost(each)
            if not self._stopping:
                logs.say(f"worker {each.pid} {how}; another takes its place")

    def _act_in_time(self) -> None:
        if self._crew is not None and not self._stopping:
            for each in self._crew.replace():
                self._watch(each)
        if time.monotonic() >= self._kill_at:
            self._kill_all()

    def _obey(self, orders: list[Order]) -> None:
        for order in orders:
            if order is Order.STOP:
                self._stop()
            elif not self._stopping:
                self._reload()

    # The end

    def _stop(self) -> None:
        """The first time with grace; who says it again does not want to wait."""
        if self._stopping or self._crew is None:
            self._kill_all()
            return
        self._stopping = True
        for each in self._everybody():
            each.stop()
        self._kill_at = time.monotonic() + self._crew.service.config.timeouts.grace + LAST_SECONDS

    def _kill_all(self) -> None:
        self._kill_at = FOREVER
        for each in self._everybody():
            each.signal(signal.SIGKILL)
