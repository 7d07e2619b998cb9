"""A million requests of every kind, and whether the server is as small afterwards: `python -m benchmarks.soak`.

Between the loads come clients that break off, with broken requests and without.  After each cycle, when every
connection is gone, memory, descriptors and processes are counted; the first cycle fills the caches and does not count.
Exit status: 0 nothing has grown, 1 something has, 2 nothing could be measured.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import folder, load, processes, servers

LOADS = (
    *(each for each in load.LOADS if each.core or each.connections == 1000),
    load.Load("program", f"/{folder.PROGRAM}", 8),
)
BROKEN = (
    b"",
    b"GET /" + folder.SMALL[0].encode() + b" HT",
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it",
    b"GET /" + folder.LARGE[0].encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /" + folder.PROGRAM.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n",
)
BROKEN_ROUNDS = 30
LEAST_CYCLES = 7
# Pools of memory breathe by some hundred KiB; a leak of two octets per request is above this after a million.
ALLOWED_KIB = 1024
SETTLING_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at rest after a cycle."""

    requests: int
    kib: int
    descriptors: int
    processes: int


def take(pid: int, requests: int) -> Sample:
    members = processes.family(pid)
    memory = sum(map(processes.resident_kib, members))
    return Sample(requests, memory, sum(map(processes.descriptors, members)), len(members))


def settled(pid: int, requests: int, before: Sample) -> Sample:
    """The sample once the connections of the last load are gone, or after all the patience for that."""
    deadline = time.monotonic() + SETTLING_SECONDS
    sample = take(pid, requests)
    while time.monotonic() < deadline and (
        sample.descriptors > before.descriptors or sample.processes > before.processes
    ):
        time.sleep(0.2)
        sample = take(pid, requests)
    return sample


def break_off(port: int) -> None:
    """Clients that say `BROKEN`, and go without a word, half of them with a reset."""
    reset = struct.pack("ii", 1, 0)
    for number in range(BROKEN_ROUNDS):
        for octets in BROKEN:
            with socket.create_connection(("127.0.0.1", port), 10) as connection:
                connection.sendall(octets)
                if number % 2:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)


def cycles(server: servers.Running, wanted: int, core: int) -> Iterator[Sample]:
    """A sample after each cycle, until enough requests and enough cycles have been."""
    requests = done = 0
    rest = take(server.pid, 0)
    offers = {each: load.offer(server.port, each) for each in LOADS}
    for each in (each for each, offered in offers.items() if offered is None):
        print(f"left out, for the server does otherwise: {each.key}", flush=True)
    while requests < wanted or done < LEAST_CYCLES:
        for each, offered in offers.items():
            if offered is not None:
                requests += load.wrk(server.port, each, offered, 1, core)["requests"]
        break_off(server.port)
        done += 1
        yield settled(server.pid, requests, rest)


def growth(samples: list[Sample]) -> list[str]:
    """What has grown from the first third of the samples to the last, warm-up left out."""
    counted = samples[1:]
    third = max(1, len(counted) // 3)
    early, late = counted[:third], counted[-third:]
    found = []
    kib = statistics.median(each.kib for each in late) - statistics.median(each.kib for each in early)
    if kib > ALLOWED_KIB:
        each = kib * 1024 / (late[-1].requests - early[0].requests)
        found.append(f"memory has grown by {kib:.0f} KiB, {each:.1f} octets for each request")
    for name in ("descriptors", "processes"):
        least, last = min(getattr(each, name) for each in early), min(getattr(each, name) for each in late)
        if last > least:
            found.append(f"{name} have grown from {least} to {last}")
    return found


def soak(wanted: int, root: Path, scratch: Path, options: list[str]) -> list[Sample]:
    """Run and print."""
    server_core, load_core = processes.two_cores()
    server = servers.Server("soak", lambda place: servers.reference(place, *options))
    samples = []
    print(f"{'requests':>10} {'KiB':>8} {'descriptors':>12} {'processes':>10}")
    with servers.running(server, root, scratch, server_core) as started:
        serving = processes.family(started.pid)
        for sample in cycles(started, wanted, load_core):
            samples.append(sample)
            print(
                f"{sample.requests:>10,} {sample.kib:>8,} {sample.descriptors:>12} {sample.processes:>10}", flush=True
            )
        if set(serving) - set(processes.family(started.pid)) or any(map(processes.is_zombie, serving)):
            raise processes.Unmeasurable("a process of the server has died, which would hide what had grown")
    return samples


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1_000_000, help="at least so many (default: %(default)s)")
    parser.add_argument("options", nargs="*", help="options for the server, after --")
    options = parser.parse_args()
    try:
        processes.require("wrk", "taskset")
        processes.raise_descriptors()
        with folder.prepared() as (root, scratch):
            samples = soak(options.requests, root, scratch, options.options)
    except processes.Unmeasurable as reason:
        print(reason, file=sys.stderr)
        return 2
    found = growth(samples)
    print("\n".join(found) or "nothing has grown")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
