"""What the suite costs: a run on the reference server against a bare socket loop that replays the same octets.

``python benchmarks/replay.py [rounds]`` alternates both and prints the ratio of the best rounds. Rules whose probes
wait on purpose, or that start programs, are left out of both: they would measure the clock and the interpreter.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance import checks
from conformance.exchange import Exchange
from conformance.launch import Launched
from conformance.options import Options
from conformance.probe import Pause
from conformance.session import Session
from conformance.webroot import bundled, prepare

COMMAND = f"{sys.executable} -m reference_server {{root}} --port {{port}}"


def suite(url: str, root: Path, rules: tuple[str, ...]) -> tuple[float, list[Exchange]]:
    """Seconds for judging ``rules``, and the exchanges that were played."""
    start = time.perf_counter()
    with Session(Options(server_url=url, web_root=root, rules=rules)) as session:
        for check in session.checks:
            session.judge(check)
    return time.perf_counter() - start, list(session.evidence.exchanges.values())


def bare(port: int, exchanges: list[Exchange]) -> float:
    """Seconds for sending and receiving as many octets on as many connections, one after the other."""
    start = time.perf_counter()
    for exchange in exchanges:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(exchange.probe.sent)
            left = len(exchange.received)
            while left > 0 and (data := connection.recv(262_144)):
                left -= len(data)
    return time.perf_counter() - start


def quick(root: Path, url: str) -> tuple[str, ...]:
    """The rules that ask for nothing slow."""
    chosen = []
    for id, check in checks.load().items():
        if "cgi" not in check.rule.needs:
            _, exchanges = suite(url, root, (id,))
            slow = (
                any(isinstance(a, Pause) for x in exchanges for a in x.probe.actions)
                or max(x.ended for x in exchanges) > 0.1
            )
            if not slow:
                chosen.append(id)
    return tuple(chosen)


def main(rounds: int) -> None:
    """Measure and print."""
    with TemporaryDirectory() as scratch:
        root = prepare(bundled(), Path(scratch))
        with Launched(COMMAND, root=root) as server:
            url = f"http://{server.host}:{server.port}"
            rules = quick(root, url)
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
    print(f"suite / bare socket loop: {min(ours) / min(theirs):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
