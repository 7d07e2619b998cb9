"""What a second worker costs and how evenly two share the work: CPU time of each, and per request against one worker.

No process is bound to a core here: with two workers and the load there are more of them than cores may be.  Whether
requests grow in number is therefore not asked, only what each costs.
"""

from __future__ import annotations

import functools
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import load, processes, servers

LOADS = tuple(
    load.Load(name, load.SMALL, mode=mode) for name, mode in (("kept", load.Mode.KEPT), ("closed", load.Mode.CLOSED))
)
SECONDS = 2


def offered() -> bool:
    """Whether the server's command line knows of workers."""
    asked = [sys.executable, "-m", "reference_server", "--help"]
    return "--workers" in subprocess.run(asked, cwd=servers.PROJECT, capture_output=True, text=True, check=True).stdout


def with_workers(number: int) -> servers.Server:
    command = functools.partial(_command, number)
    return servers.Server(f"{number} workers", command)


def _command(number: int, place: servers.Place) -> list[str]:
    return servers.reference(place, "--workers", str(number))


def cost(server: servers.Running, each: load.Load) -> tuple[float, list[float]]:
    """Microseconds of CPU time per request, and how many seconds each worker has used."""
    members = processes.family(server.pid)
    before = {pid: processes.cpu_seconds(pid) for pid in members}
    figures = load.measure(server, each, SECONDS, None)
    if figures is None:
        raise processes.Unmeasurable(f"the server does not do {each.name}")
    spent = {pid: processes.cpu_seconds(pid) - before[pid] for pid in members}
    working = [spent[pid] for pid in members if pid != server.pid or len(members) == 1]
    return 1e6 / figures.per_cpu_second, working


def measure(root: Path, scratch: Path, rounds: int) -> dict[str, Any]:
    """By load: the median cost of a request with two workers against one, and the lesser worker's share of time."""
    if not offered():
        return {}
    result = {}
    with (
        servers.running(with_workers(1), root, scratch, None) as one,
        servers.running(with_workers(2), root, scratch, None) as two,
    ):
        for each in LOADS:
            runs = [(cost(one, each), cost(two, each)) for _ in range(rounds)]
            result[each.name] = {
                "cost_ratio": statistics.median(pair[0] / single[0] for single, pair in runs),
                "lesser_share": statistics.median(min(pair[1]) / sum(pair[1]) for _, pair in runs),
                "workers": len(runs[0][1][1]),
            }
    return result
