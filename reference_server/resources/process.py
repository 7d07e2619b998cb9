"""One run of a program: its input fed, its output read, its complaints passed on, its time limited.

Used in a thread of its own (see `drivers.offload`), so it may wait, but never for longer than the time limit, which
counts from the last `renew`: a program may work for hours as long as it says something now and then (RFC 3875 6.1).

The program leads a session and process group of its own, so that what it started dies with it when it is stopped.  It
gets three descriptors and no other, default signal actions, and an end of file behind its input.  If this process is
killed, its parent ends the program (see `drivers.ledger`).  If both are, it ends when it next reads (end of file) or
writes (broken pipe); one that does neither goes on.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import IO

from reference_server.resources.program_errors import ErrorLines

READ_SIZE = 64 * 1024
# How long a wait lasts before looking whether the run was abandoned meanwhile.
SLICE_SECONDS = 0.25
# Output usually ends because the program does; only then can be told how.
EXIT_PATIENCE = 0.25

ABANDONED: ContextVar[threading.Event | None] = ContextVar("ABANDONED", default=None)
"""What tells the programs started in this thread that nobody waits for them any more."""


class Incomplete(Exception):
    """The output breaks off: the program was stopped, or struck down by a signal."""


class OutOfTime(Incomplete):
    """The program did not answer in time, or nobody waits for the answer any more."""


class Program:
    """`read` gives output until it is empty; `close` must be called, and ends the program if need be.

    `errors` gets what it writes to its standard error, and hears what went wrong with it.
    """

    def __init__(
        self,
        arguments: Sequence[bytes],
        folder: bytes,
        environment: Mapping[bytes, bytes],
        content: bytes,
        seconds: float,
    ) -> None:
        self.errors = ErrorLines(arguments[0])
        self._seconds = seconds
        self._pending = memoryview(content)
        self._abandoned = ABANDONED.get() or threading.Event()
        self._ended = self._closed = False
        self._process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE if content else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = self._process.stdin, self._process.stdout, self._process.stderr
        self._poll = select.poll()
        self._watch(self._stdout, select.POLLIN)
        self._watch(self._stderr, select.POLLIN)
        if self._stdin is not None:
            self._watch(self._stdin, select.POLLOUT)
        forbid_core_dumps(self._process.pid)
        self.renew()

    def _watch(self, pipe: IO[bytes], events: int) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._poll.register(pipe, events)

    @property
    def group(self) -> int:
        """The number of its process group."""
        return self._process.pid

    def renew(self) -> None:
        """The time limit begins anew."""
        self._deadline = time.monotonic() + self._seconds

    def abandon(self) -> None:
        """Nobody wants the output any more; may be called from another thread."""
        self._abandoned.set()

    def read(self) -> bytes:
        """The next piece of output, empty at its end; input is fed on the way (RFC 3875 4.2)."""
        while True:
            if self._overdue():
                raise self._out_of_time()
            remaining = max(self._deadline - time.monotonic(), 0)
            for fd, _events in self._poll.poll(int(min(SLICE_SECONDS, remaining) * 1000) + 1):
                if fd == self._stderr.fileno():
                    self._read_errors()
                elif fd != self._stdout.fileno():
                    self._write_input()
                elif (data := read_some(self._stdout)) is not None:
                    self._ended = not data
                    return data

    def was_struck_down(self) -> bool:
        """Whether a signal ended it; asked at the end of the output, which may lack its last part then."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(EXIT_PATIENCE)
            if status < 0:
                self.errors.note(f"it was ended by signal {-status}")
                return True
        return False

    def _overdue(self) -> bool:
        return self._abandoned.is_set() or time.monotonic() >= self._deadline

    def _out_of_time(self) -> OutOfTime:
        if not self._abandoned.is_set():
            self.errors.note("it was stopped, as it said nothing for too long")
        return OutOfTime()

    def _read_errors(self) -> None:
        data = read_some(self._stderr)
        if data == b"":
            self._poll.unregister(self._stderr)
        self.errors.feed(data or b"")

    def _write_input(self) -> None:
        assert self._stdin is not None
        try:
            self._pending = self._pending[os.write(self._stdin.fileno(), self._pending[:READ_SIZE]) :]
        except BrokenPipeError:
            # The program does not care for its input; that is its right (RFC 3875 4.2).
            self._pending = self._pending[:0]
        except BlockingIOError:
            return
        if not self._pending:
            self._poll.unregister(self._stdin)
            self._stdin.close()

    def close(self) -> None:
        """Release everything; a program that still had something to say is killed with its group.

        One that has closed its output may work on until its time is over.
        """
        if self._closed:
            return
        self._closed = True
        if self._stdin is not None:
            self._stdin.close()
        self._stdout.close()
        if not (self._ended and self._ends_by_itself()):
            self._kill()
        self.errors.feed(read_some(self._stderr) or b"")
        self.errors.close()
        self._stderr.close()

    def _ends_by_itself(self) -> bool:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(SLICE_SECONDS)
                return True
            if self._overdue():
                return False
            self.errors.feed(read_some(self._stderr) or b"")

    def _kill(self) -> None:
        # The leader is not reaped yet, so the group's number cannot belong to anybody else.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def read_some(pipe: IO[bytes]) -> bytes | None:
    """What a pipe holds; empty at its end, None if there is nothing yet."""
    try:
        return os.read(pipe.fileno(), READ_SIZE)
    except BlockingIOError:
        return None


def forbid_core_dumps(pid: int) -> None:
    """A dump of memory would be written to the folder that is being served."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
