"""What the fuzz costs: generated requests against the reference server, and a bare socket loop that replays them.

``python -m benchmarks.fuzz [examples] [rounds]`` pins this process to one core and the server to another one, where
there are two, alternates both, and prints requests a second of the best rounds and the ratio. Mutations that wait
between the pieces of a request are left out: they would measure the clock.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz import ground, mutations
from conformance.fuzz.example import Ground
from conformance.fuzz.hunt import Hunt
from conformance.fuzz.player import Budget
from conformance.fuzz.valid import pauses
from conformance.launch import Launched
from conformance.probe import HalfClose, Probe, Send
from conformance.site import read_site
from conformance.survey import Survey
from conformance.target import Target
from conformance.webroot import bundled, prepare
from conformance.wire import Patience
from fixtures import everything

MOST = 262_144


class Recording(Target):
    """A target that remembers what was played and how many octets came."""

    played: list[tuple[Probe, int]]

    def strike(self, probe: Probe, meanwhile: Callable[[], None] | None = None) -> Exchange:
        """Play, and write it down."""
        exchange = super().strike(probe, meanwhile)
        self.played.append((probe, len(exchange.received)))
        return exchange


@contextmanager
def reference() -> Iterator[tuple[Recording, Ground]]:
    """The reference server on the last core, with what can be asked of it; this process stays on the first."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # what is started inherits it
    try:
        with TemporaryDirectory() as scratch:
            root = prepare(bundled(), Path(scratch))
            with Launched(everything.command(), root=root) as server:
                os.sched_setaffinity(0, {cores[0]})
                site = read_site(root, server.host, server.port)
                target = Recording(server.host, server.port, site.authority, Patience(5.0), None)
                evidence = Evidence(site, target.play)
                found = ground.survey(evidence, Survey(evidence, None).capabilities)
                if found is None:
                    raise SystemExit("the reference server serves no page")
                yield target, found
    finally:
        os.sched_setaffinity(0, set(cores))


def fuzz(target: Recording, found: Ground, count: int, seed: int) -> tuple[float, int]:
    """Seconds for ``count`` examples, and how many findings there were."""
    target.played = []
    unhurried = [each for each in mutations.load().values() if not pauses(each)]
    hunt = Hunt(target, found, Budget(count, str(seed), seconds=3600.0), unhurried)
    start = time.perf_counter()
    findings = list(hunt.run())
    return time.perf_counter() - start, len(findings)


def bare(target: Recording) -> float:
    """Seconds for sending and receiving as many octets on as many connections, one after the other."""
    start = time.perf_counter()
    for probe, left in target.played:
        with socket.create_connection((target.wire.host, target.wire.port)) as connection:
            for action in probe.actions:
                if isinstance(action, Send):
                    connection.sendall(action.data)
                elif isinstance(action, HalfClose):
                    connection.shutdown(socket.SHUT_WR)
            while left > 0 and (data := connection.recv(MOST)):
                left -= len(data)
    return time.perf_counter() - start


def main(count: int, rounds: int) -> None:
    """Measure and print."""
    with reference() as (target, found):
        rates: list[float] = []
        loops: list[float] = []
        for seed in range(rounds):
            seconds, findings = fuzz(target, found, count, seed)
            rates.append(len(target.played) / seconds)
            loops.append(len(target.played) / bare(target))
            print(f"round {seed + 1}: {rates[-1]:.0f} a second, bare loop {loops[-1]:.0f}, {findings} findings")
    print(f"best: {max(rates):.0f} requests a second on one core; bare loop / fuzz: {max(loops) / max(rates):.2f}")


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:], *("5000", "3")[len(sys.argv) - 1 :])))
