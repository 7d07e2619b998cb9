"""One worker of the reference server with a sampler inside: `python -m benchmarks.sampled OUTPUT FOLDER PORT LOG`.

A timer of CPU time interrupts the server some hundred times a second and notes where it is: unlike a tracing profiler
that neither slows calls down nor makes small functions look dear.  The kernel's part counts for the calling line.
"""

from __future__ import annotations

import collections
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import reference_server
from reference_server.drivers import logs

INTERVAL = 0.001


class Samples:
    """How often each line and each function was the innermost, and how often each function was on the stack."""

    def __init__(self) -> None:
        self.taken = 0
        self.lines: collections.Counter[str] = collections.Counter()
        self.inner: collections.Counter[str] = collections.Counter()
        self.total: collections.Counter[str] = collections.Counter()

    def take(self, _number: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self.taken += 1
        self.lines[f"{place(frame)}:{frame.f_lineno}"] += 1
        self.inner[place(frame)] += 1
        stack = set()
        above: FrameType | None = frame
        while above is not None:
            stack.add(place(above))
            above = above.f_back
        self.total.update(stack)

    def as_json(self) -> str:
        times = os.times()
        return json.dumps(
            {
                "taken": self.taken,
                "user": times.user,
                "system": times.system,
                "lines": self.lines,
                "inner": self.inner,
                "total": self.total,
            }
        )


def place(frame: FrameType) -> str:
    """`drivers/client.py Client.read`, with the path as short as it is clear."""
    folder, _, file = frame.f_code.co_filename.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file} {frame.f_code.co_qualname}"


def main(output: str, root: str, port: str, log: str) -> None:
    """Serve until SIGTERM, then write what was sampled."""
    samples = Samples()
    server = reference_server.serve(root, port=int(port), access_log=logs.open_access_log(log))
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.stop())
    signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    server.run()
    signal.setitimer(signal.ITIMER_PROF, 0)
    Path(output).write_text(samples.as_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
