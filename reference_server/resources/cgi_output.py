"""The output of a program behind its head: passed on as it comes, or thrown away (RFC 3875 6.4)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from reference_server.resources.process import Incomplete, OutOfTime, Program


class ProgramOutput(Iterator[bytes]):
    """The body, piece by piece; `close` must be called, whether it was read to its end or not.

    What a program says by its exit status is its own affair: a document is complete when the output ends.  One that a
    signal struck down, however, had no say in where its output ended, and its reply has to stay visibly incomplete.
    """

    def __init__(self, program: Program, first: bytes, on_end: Callable[[Program], None]) -> None:
        self.program = program
        self._first = first
        self._on_end = on_end

    def __next__(self) -> bytes:
        self.program.renew()
        data, self._first = self._first or self.program.read(), b""
        if data:
            return data
        if self.program.was_struck_down():
            raise Incomplete
        raise StopIteration

    def close(self) -> None:
        self.program.close()
        self._on_end(self.program)


def drain(program: Program) -> None:
    """Read what nobody will get, so that the program can finish its work, within its time."""
    with contextlib.suppress(OutOfTime):
        while program.read():
            pass
