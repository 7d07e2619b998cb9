"""A process that serves: what it does between its birth and its end, and what its parent knows of it.

Between the two there is a socket.  The worker says on it when it accepts connections, the parent tells it to retire,
and each learns of the other's death from its end, however that came about.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

from reference_server.config import Service
from reference_server.drivers import logs
from reference_server.drivers.descriptors import within_limit
from reference_server.drivers.ledger import Ledger, Noted
from reference_server.drivers.server import Server
from reference_server.drivers.share import Seat

READY = b"ready"
RETIRE = b"retire"

# A terminal sends these to all its processes, but it is the parent who decides.
PARENTS_OWN = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
# No signal may be lost, or reach the wrong handler, while a process becomes two.
HELD_BACK = (*PARENTS_OWN, signal.SIGTERM)


@dataclass(eq=False, slots=True)
class Worker:
    """What the parent knows; `retire` lets replies under way take their time, `stop` sets them a limit."""

    pid: int
    place: int
    channel: socket.socket
    ledger: Ledger
    born: float = field(default_factory=time.monotonic)

    def retire(self) -> None:
        # An error means that it is dead, which the channel tells the parent anyway.
        with suppress(OSError):
            self.channel.send(RETIRE)

    def signal(self, number: signal.Signals) -> None:
        """Until `ending` has been called the number cannot belong to another process."""
        os.kill(self.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)

    def ending(self) -> str:
        """Take the dead one off the process table, end what it leaves behind, and say how it ended."""
        self.channel.close()
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.ledger.end_programs()
        self.ledger.close()
        if code >= 0:
            return f"ended with code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:  # a real-time signal has no name
            return f"was killed by signal {-code}"


def spawn(place: int, work: Callable[[socket.socket, Ledger], None]) -> Worker:
    """A new process that does `work`, given its end of the channel and its ledger, and nothing else."""
    ours, theirs = socket.socketpair()
    ledger = Ledger()
    logs.flush()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        pid = os.fork()
        if pid == 0:
            ours.close()
            live(partial(work, theirs, ledger))
    except OSError:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Worker(pid, place, ours, ledger)


def live(work: Callable[[], None]) -> NoReturn:
    """The child's whole life: it never returns to what its parent was doing."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number in PARENTS_OWN:
            # A handler, not SIG_IGN: programs would inherit that.
            signal.signal(number, do_nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
        work()
        status = 0
    except OSError as error:
        logs.say(f"a worker cannot work: {error}")
    except BaseException as error:
        logs.report(error)
    finally:
        logs.flush()
        os._exit(status)


def do_nothing(_number: int, _frame: object) -> None:
    """A signal that is meant for the parent."""


def serve(
    service: Service, listeners: Sequence[socket.socket], seat: Seat, channel: socket.socket, ledger: Ledger
) -> None:
    """Serve until told otherwise."""
    log = logs.open_access_log(service.access_log)
    config = within_limit(service.config)
    server = Server(service.sites, config=config, access_log=log, listeners=listeners, seat=seat)
    for site in server.sites.all:
        site.running = Noted(ledger)
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.stop())
    threading.Thread(target=obey, args=(channel, server), name="parent", daemon=True).start()
    server.call_in_loop(lambda: tell_parent(channel))
    server.run()


def tell_parent(channel: socket.socket) -> None:
    # An error means that it is dead, which `obey` notices.
    with suppress(OSError):
        channel.send(READY)


def obey(channel: socket.socket, server: Server) -> None:
    """Wait for the parent's word, or its death: nobody would stop a worker without a parent."""
    while told(channel) == RETIRE:
        server.retire()
    server.stop()


def told(channel: socket.socket) -> bytes:
    try:
        return channel.recv(len(RETIRE))
    except OSError:  # it died and left something unread
        return b""
