"""One run of a program: its input fed, its output read, its time limited.

Used in a thread of its own (see `drivers.offload`), so it may wait, but never longer than the deadline.
The program leads a process group, so that whatever it started dies with it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

READ_SIZE = 64 * 1024
# How long a wait lasts before looking whether the run was abandoned meanwhile.
SLICE_MS = 250
EXIT_PATIENCE = 1.0


class OutOfTime(Exception):
    """The program did not finish within its time."""


class Program:
    """`read` gives output until it is empty; `close` must be called, and ends the program if need be."""

    def __init__(
        self,
        arguments: Sequence[bytes],
        folder: bytes,
        environment: Mapping[bytes, bytes],
        content: bytes,
        seconds: float,
    ) -> None:
        self._deadline = time.monotonic() + seconds
        self._pending = memoryview(content)
        self._abandoned = threading.Event()
        self._ended = False
        self._process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        if content:
            self._poll.register(self._stdin, select.POLLOUT)
        else:
            self._stdin.close()

    def read(self) -> bytes:
        """The next piece of output, empty at its end; input is fed on the way (RFC 3875 4.2)."""
        while True:
            if self._abandoned.is_set() or time.monotonic() >= self._deadline:
                raise OutOfTime
            remaining = int((self._deadline - time.monotonic()) * 1000) + 1
            for fd, _events in self._poll.poll(min(SLICE_MS, max(remaining, 1))):
                if fd != self._stdout.fileno():
                    self._write_input()
                elif (data := self._read_output()) is not None:
                    return data

    def _read_output(self) -> bytes | None:
        """None if there was nothing to read after all."""
        data: bytes | None = self._stdout.read(READ_SIZE)
        self._ended = data == b""
        return data

    def _write_input(self) -> None:
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

    def abandon(self) -> None:
        """Nobody wants the output any more; may be called from another thread."""
        self._abandoned.set()

    def close(self) -> None:
        """Release the pipes; a program that has not ended by itself is killed with its group."""
        if self._stdout.closed:
            return
        self._stdin.close()
        self._stdout.close()
        if self._process.returncode is not None:
            return
        if self._ended:
            try:
                self._process.wait(EXIT_PATIENCE)
            except subprocess.TimeoutExpired:
                self._kill()
        else:
            self._kill()

    def _kill(self) -> None:
        # The leader is not reaped yet, so the group's number cannot belong to anybody else.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
