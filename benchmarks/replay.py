"""What the suite costs: a run on the reference server against a bare socket loop that replays the same octets.

``python -m benchmarks.replay [rounds]`` alternates both and prints the ratio of the best rounds, and how many rules are
judged in a second. Rules whose probes wait, or start programs, are left out of both: they would measure the clock and
the interpreter.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.check import CATALOGUE
from conformance.exchange import Exchange
from conformance.launch import Launched
from conformance.options import Options
from conformance.probe import AwaitAny, HalfClose, Pause, Send
from conformance.session import Session
from conformance.webroot import bundled, prepare
from fixtures import everything

SLOW = 0.02  # seconds: longer than the server takes for anything but a program, or a reply that has to be waited for
MOST = 262_144
PROGRAMS = ("cgi", "nph", "post", "expect", "chunked-replies")


def options(url: str, root: Path, rules: tuple[str, ...] = ()) -> Options:
    """A run against the reference with all that it can do, but for programs."""
    return Options(
        server_url=url,
        web_root=root,
        rules=rules,
        without=PROGRAMS,
        credentials=everything.CREDENTIALS,
        virtual_host=everything.VIRTUAL_HOST,
    )


def suite(url: str, root: Path, rules: tuple[str, ...]) -> tuple[float, list[Exchange]]:
    """Seconds for judging ``rules``, and the exchanges that were played."""
    start = time.perf_counter()
    with Session(options(url, root, rules)) as session:
        for check in session.checks:
            session.judge(check)
    return time.perf_counter() - start, list(session.evidence.exchanges.values())


def bare(port: int, exchanges: list[Exchange]) -> float:
    """Seconds for sending and receiving as many octets on as many connections, one after the other."""
    start = time.perf_counter()
    for exchange in exchanges:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            left = len(exchange.received)
            for action in exchange.probe.actions:
                if isinstance(action, Send):
                    connection.sendall(action.data)
                elif isinstance(action, HalfClose):
                    connection.shutdown(socket.SHUT_WR)
                elif isinstance(action, AwaitAny):
                    left -= len(connection.recv(MOST))
            while left > 0 and (data := connection.recv(MOST)):
                left -= len(data)
    return time.perf_counter() - start


def quick(url: str, root: Path) -> tuple[str, ...]:
    """The rules that ask for nothing slow, nor stand on one that does."""
    fast: dict[str, bool] = {}
    with Session(options(url, root)) as session:
        for check in session.checks:
            session.judge(check)
            seen = [session.evidence.exchanges[probe] for probe in session.seen.get(check.rule.id, ())]
            pauses = any(isinstance(action, Pause) for exchange in seen for action in exchange.probe.actions)
            fast[check.rule.id] = not pauses and all(exchange.ended < SLOW for exchange in seen)

    def stands(id: str) -> bool:
        return fast[id] and all(map(stands, CATALOGUE[id].rule.requires))

    return tuple(filter(stands, fast))


def main(rounds: int) -> None:
    """Measure and print."""
    with TemporaryDirectory() as scratch:
        root = prepare(bundled(), Path(scratch))
        with Launched(everything.command(), root=root) as server:
            url = f"http://{server.host}:{server.port}"
            rules = quick(url, root)
            ours: list[float] = []
            theirs: list[float] = []
            exchanges: list[Exchange] = []
            for _ in range(rounds):
                seconds, exchanges = suite(url, root, rules)
                ours.append(seconds)
                theirs.append(bare(server.port, exchanges))
    octets = sum(len(exchange.received) for exchange in exchanges)
    print(
        f"{len(rules)} rules, {len(exchanges)} exchanges, {octets} octets received; best of {rounds} alternating rounds"
    )
    print(f"suite / bare socket loop: {min(ours) / min(theirs):.2f}; {len(rules) / min(ours):.0f} rules a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
