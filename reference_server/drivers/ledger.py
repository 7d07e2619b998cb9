"""The process groups of a worker's programs, in memory that its parent sees as well.

A worker that is killed cannot end its programs any more; its parent does, with what it finds here.  Only a program that
is being started at the very moment may be missing.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from contextlib import suppress

from reference_server.resources.process import Program

OCTETS = 4
# More programs at once than a worker may have (see `settings.server_table`).
PLACES = 1024
FREE = 0


class Ledger:
    """Made before the worker is.  The worker alone writes, and its parent reads when it is dead."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, OCTETS * PLACES)
        self._groups = memoryview(self._memory).cast("I")
        self._lock = threading.Lock()

    def replace(self, group: int, by: int) -> None:
        """Where there is no free place, a group is not noted."""
        with self._lock:
            place = next((place for place, held in enumerate(self._groups) if held == group), None)
            if place is not None:
                self._groups[place] = by

    def end_programs(self) -> None:
        for group in self._groups:
            if group != FREE:
                # It may have ended meanwhile, or run as somebody else.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)

    def close(self) -> None:
        self._groups.release()
        self._memory.close()


class Noted(set[Program]):
    """The programs that run (see `resources.site`), each with its entry in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def add(self, program: Program) -> None:
        super().add(program)
        self._ledger.replace(FREE, program.group)

    def discard(self, program: object) -> None:
        """Of one that was among them its entry goes too: the number may belong to another process soon."""
        if isinstance(program, Program) and program in self:
            super().discard(program)
            self._ledger.replace(program.group, FREE)
