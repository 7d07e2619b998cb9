"""Where the logs go: `-` or nothing is the stream that the server was started with, anything else a file's path.

Each worker opens the access log itself, unbuffered and for appending, so lines of several workers stay whole.  The
error log is descriptor 2, so that also what Python or a program says there lands in it.
"""

from __future__ import annotations

import os
import stat
import sys
import traceback
from contextlib import suppress
from typing import BinaryIO

from reference_server.config import Service

STANDARD_OUTPUT = 1
STANDARD_ERROR = 2


class CannotOpen(Exception):
    """A log cannot be written; the message says which and why."""


def open_access_log(name: str | None) -> BinaryIO | None:
    if name is None:
        return None
    if name == "-":
        return open(STANDARD_OUTPUT, "ab", buffering=0, closefd=False)
    return open(open_appending(name), "ab", buffering=0)


def check(service: Service) -> None:
    """Find out now, not in a worker, whether the logs can be opened."""
    for name in (service.access_log, service.error_log):
        if name not in (None, "-"):
            os.close(open_appending(name))


def open_appending(path: str) -> int:
    """Without waiting, as a named pipe would have us do until somebody reads it."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    except OSError as error:
        why = "nobody reads this pipe" if is_pipe(path) else error.strerror
        raise CannotOpen(f"cannot open {path!r}: {why}") from None
    os.set_blocking(file, True)
    return file


def is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


class Errors:
    """Descriptor 2, which can be pointed to a file and back."""

    def __init__(self) -> None:
        self._original = os.dup(STANDARD_ERROR)

    def go_to(self, name: str | None) -> None:
        flush()
        if name in (None, "-"):
            os.dup2(self._original, STANDARD_ERROR)
            return
        file = open_appending(name)
        os.dup2(file, STANDARD_ERROR)
        os.close(file)

    def close(self) -> None:
        self.go_to(None)
        self.stay()

    def stay(self) -> None:
        """Forget where it pointed to at first, as a worker does."""
        os.close(self._original)


def stand_in_for_missing() -> None:
    """If a standard stream is closed, the next socket or file would get its number, and complaints be written there."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


# Whoever reads a stream may go away, and that is no reason to stop serving.


def say(message: str) -> None:
    """What whoever runs the server should know."""
    with suppress(OSError):
        print(f"reference_server: {message}", file=sys.stderr, flush=True)


def report(error: BaseException) -> None:
    """A fault of the server's own, with the way to it."""
    with suppress(OSError):
        traceback.print_exception(error, file=sys.stderr)


def announce(message: str) -> None:
    """What whoever started the server waits for."""
    with suppress(OSError):
        print(message, flush=True)


def flush() -> None:
    """Leave nothing in memory that a copy of this process would write again."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
