"""One run of a program we started: its output, how it ended, and the end of everything it left behind.

What the program is (a server, on some port) is `launch`'s business.  This module expects the worst of it:
programs that ignore SIGTERM, make themselves daemons, leave children behind, or print without end.
It carries no part of an RFC.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from conformance import process_table

PAUSE = 0.02  # between two looks at the process table
UNSTOPPABLE = 10.0  # seconds after which even SIGKILL has failed
KEPT_OUTPUT = 64 * 1024
MARK = "HTTP_CONFORMANCE_LAUNCH"


class Tail:
    """The last part of an output without end, addressed by the number of bytes that came before."""

    def __init__(self, limit: int = KEPT_OUTPUT) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._total = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """How many bytes have come so far."""
        return self._total

    def feed(self, data: bytes) -> None:
        """Add `data`, forgetting what is older than the limit."""
        with self._lock:
            self._kept += data
            self._total += len(data)
            del self._kept[: -self._limit]

    def since(self, mark: int) -> str:
        """What came after the first `mark` bytes, as far as it is still kept."""
        with self._lock:
            begin = max(0, mark - (self._total - len(self._kept)))
            return self._kept[begin:].decode("utf-8", "replace")


class Child:
    """A program running in a session of its own, with its output going to a `Tail`."""

    def __init__(self, words: Sequence[str], *, cwd: Path | None, env: Mapping[str, str], tail: Tail) -> None:
        mark = uuid.uuid4().hex
        self._mark = f"{MARK}={mark}".encode("ascii")
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=cwd,
            env={**env, MARK: mark},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=_drain, args=(self._process.stdout, tail), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process that the command became; also the number of its group and of its session."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """What that process ended with, a negative number for a signal; `None` while it runs."""
        if self._process.returncode is not None or not hasattr(os, "waitid"):
            return self._process.poll()
        # Look without reaping: see `end`.
        state = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if state is None:
            return None
        return state.si_status if state.si_code == os.CLD_EXITED else -state.si_status

    def family(self) -> frozenset[int]:
        """Every living process that is ours: the session's, and those that left it but kept our mark."""
        found = process_table.members(self.pid, self._mark)
        if found is not None:
            # A daemon on its way forks and ends; one that does so between listing and reading is not seen.
            return found or process_table.members(self.pid, self._mark) or found
        return frozenset({self.pid}) if self.exit_code is None else frozenset()

    def holds(self, inode: int) -> bool:
        """Whether the socket with this inode is open in one of our processes."""
        return process_table.holds(self.family(), inode)

    def end(self, patience: float) -> None:
        """End the program and whatever it started: politely, then by force."""
        # The first process is not reaped before the end, so that its number, which is the group's and the
        # session's too, cannot pass to a stranger meanwhile.
        _signal(self.family() or {-self.pid}, signal.SIGTERM)
        self._await_end(patience)
        deadline = time.monotonic() + UNSTOPPABLE
        while True:
            # The whole group at once, so that it cannot outrun us by forking; and whoever left the group.
            _signal(self.family() | {-self.pid}, signal.SIGKILL)
            if self._await_end(PAUSE):
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"process {self.pid} cannot be stopped; does another user own it?")
        self._process.wait()
        self.drain()

    def drain(self) -> None:
        """Let what a dead program printed arrive.

        Bounded, because a process that left the session and cleared its environment may hold the pipe open.
        """
        self._reader.join(timeout=1.0)

    def _await_end(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while self.family():
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        return True


def ending(code: int) -> str:
    """How a process ended, in words: `exited with code 1`, `was killed by SIGSEGV`."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {-code}"


def _signal(targets: Iterable[int], number: signal.Signals) -> None:
    for target in targets:  # a negative number stands for a whole group
        try:
            os.kill(target, number)
        except (ProcessLookupError, PermissionError):  # ended by itself, or became another user's
            continue


def _drain(stream: IO[bytes], tail: Tail) -> None:
    """Read to the end whatever comes, so that a server that prints much is never held up by a full pipe."""
    with stream:
        while data := stream.read(65536):
            tail.feed(data)
