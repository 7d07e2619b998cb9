"""The comparison: `python -m benchmarks.compare` measures every server and rewrites tables and picture.

Each round puts every load on the servers in turn, in the reverse order every other round, so that whatever else slows
the machine down slows neighbours alike; what counts is the median of the rounds' ratios to nginx.  The reference server
and nginx are measured under all loads, the others under the core ones and in fewer rounds.  `--quick` and `--load` are
for those who work on the server: they leave the others out and write nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import http.client
import json
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import folder, load, picture, processes, servers, tables, workers

RESULTS = Path(__file__).with_name("results.json")
BROKEN = (OSError, http.client.HTTPException, subprocess.CalledProcessError, processes.Unmeasurable)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; the others take part in the first `other_rounds` rounds for `other_seconds` each."""

    loads: tuple[load.Load, ...]
    rounds: int
    seconds: int
    other_rounds: int
    other_seconds: int = 1


FULL = Plan(load.LOADS, rounds=5, seconds=2, other_rounds=2)
QUICK = Plan(tuple(each for each in load.LOADS if each.core), rounds=3, seconds=1, other_rounds=0)


@dataclass(slots=True)
class Comparison:
    """The servers, all started, and what has been measured."""

    main: tuple[servers.Running, ...]
    others: tuple[servers.Running, ...]
    load_core: int
    figures: dict[str, dict[str, list[dict[str, float] | None]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def measure(self, server: servers.Running, each: load.Load, seconds: int) -> None:
        """Note the figures; a server that breaks under a load is said to, and the others go on."""
        figures = None
        try:
            figures = load.measure(server, each, seconds, self.load_core)
        except BROKEN as error:
            self.failures.append(f"{server.server.name}, {each.key}: {error!r}")
            print(self.failures[-1], file=sys.stderr)
        rounds = self.figures.setdefault(each.key, {}).setdefault(server.server.name, [])
        rounds.append(figures.as_json() if figures else None)

    def round(self, number: int, plan: Plan) -> None:
        """Every load once on every server whose turn it is."""
        for each in plan.loads:
            for server in self.main if number % 2 == 0 else reversed(self.main):
                self.measure(server, each, plan.seconds)
            for server in self.others if each.core and number < plan.other_rounds else ():
                self.measure(server, each, plan.other_seconds)
            ours, nginx = (self.figures[each.key][server.server.name][-1] for server in self.main)
            if ours and nginx:
                rates = [figures["per_cpu_second"] for figures in (ours, nginx)]
                print(f"  {each.key:40} {rates[0]:9.0f} {rates[1]:9.0f} {rates[0] / rates[1]:6.2f}", flush=True)


def environment() -> dict[str, str]:
    """What the absolute figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": models[0] if models else platform.machine(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def run(plan: Plan) -> dict[str, Any]:
    """Start everything, measure everything, and say it as JSON would."""
    server_core, load_core = processes.two_cores()
    others = servers.available() if plan.other_rounds else ()
    with folder.prepared() as (root, scratch), contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(servers.running(server, root, scratch, server_core))
            for server in (servers.OURS, servers.NGINX_SERVER, *others)
        ]
        comparison = Comparison(tuple(started[:2]), tuple(started[2:]), load_core)
        for number in range(plan.rounds):
            print(f"round {number + 1} of {plan.rounds}: per CPU-second ours, nginx's, ratio", flush=True)
            comparison.round(number, plan)
    with folder.prepared() as (root, scratch):
        shared = workers.measure(root, scratch, rounds=min(plan.rounds, 3))
    return {
        "environment": environment(),
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "other_rounds": plan.other_rounds},
        "servers": {server.name: servers.version(server) for server in (servers.OURS, servers.NGINX_SERVER, *others)},
        "loads": [{"name": each.name, "connections": each.connections, "core": each.core} for each in plan.loads],
        "figures": comparison.figures,
        "workers": shared,
        "failures": comparison.failures,
    }


def plan_of(options: argparse.Namespace) -> Plan:
    """What to measure by the command line."""
    if options.load is None:
        return QUICK if options.quick else FULL
    loads = tuple(each for each in load.LOADS if each.key.startswith(options.load))
    if not loads:
        raise processes.Unmeasurable("no such load; these there are:\n" + "\n".join(each.key for each in load.LOADS))
    return dataclasses.replace(QUICK, loads=loads)


def write(results: dict[str, Any]) -> None:
    """The figures, and what is made of them."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    picture.write(results)
    tables.write(results)


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two minutes instead of twelve: nginx and core loads only")
    parser.add_argument("--load", metavar="NAME", help="nginx only, and only the loads whose names begin so")
    options = parser.parse_args()
    try:
        processes.require("wrk", "nginx", "taskset")
        processes.raise_descriptors()
        plan = plan_of(options)
        results = run(plan)
    except processes.Unmeasurable as reason:
        print(reason, file=sys.stderr)
        return 2
    print(tables.full(results))
    if plan is FULL:
        write(results)
    return 1 if results["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
