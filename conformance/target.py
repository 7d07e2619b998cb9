"""The live target: plays probes on the wire, notices when the server dies, charges the death to the exchange that
caused it, and brings the server back where the suite started it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from conformance.evidence import NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.launch import LaunchError
from conformance.probe import Probe, Receive, Send, compose
from conformance.rule import Risk
from conformance.wire import Patience, Wire

RETRIES = 2
REVIVAL_WAIT = 2.0
OUTPUT_WAIT = 0.05


class Process(Protocol):
    """What the target needs of a server that the suite started; ``host`` and ``port`` may change by a restart."""

    host: str
    port: int

    def restart(self) -> None:
        """End it if need be and start it again; returns when it listens, raises LaunchError if it does not."""

    def output_mark(self) -> int:
        """A position in its output."""

    def output_since(self, mark: int) -> str:
        """What it has printed since."""


class Target:
    """A server to play probes against. One that has never answered anything is not said to have died."""

    def __init__(
        self,
        host: str,
        port: int,
        authority: str,
        patience: Patience,
        process: Process | None,
        own_root: Path | None = None,
    ) -> None:
        self.own_root = own_root
        """The folder that it serves, where that was made for this run, so that a file in it may be changed."""
        self.wire = Wire(host, port, patience)
        self.patience = patience
        self.process = process
        self._answered = False
        self._gone: Exchange | None = None
        self._pulse = Probe((Send(compose("GET", "/", [("Host", authority)])), Receive(1)))
        self._felt = False  # whether the pulse is one that was answered: there are servers that fail on / alone

    def play(self, probe: Probe) -> Exchange:
        """Play ``probe`` with the quick patience; raises NoEvidence once the server is gone for good."""
        return self._guarded(probe, None)

    def confirm(self, probe: Probe) -> Exchange:
        """Play ``probe`` again with the full patience."""
        return self._guarded(probe, self.patience.full)

    def strike(self, probe: Probe, meanwhile: Callable[[], None] | None = None) -> Exchange:
        """Play ``probe`` once with the quick patience, and look after nothing; ``meanwhile`` as in Wire.play."""
        return self.wire.play(probe, meanwhile=meanwhile)

    def _guarded(self, probe: Probe, patience: float | None) -> Exchange:
        if self._gone is not None:
            raise NoEvidence("the server stopped answering earlier in the run", self._gone)
        mark = self.process.output_mark() if self.process else 0
        exchange = self._patiently(probe, patience)
        if self._answered and (probe.risk >= Risk.MALFORMED or not exchange.received):
            exchange = self._examined(exchange, doubt=patience is None)
        self._answered = self._answered or bool(exchange.received)
        if exchange.received and not self._felt and _is_plain(probe):
            self._pulse, self._felt = probe, True
        return self._with_output(exchange, mark)

    def _patiently(self, probe: Probe, patience: float | None) -> Exchange:
        """Play; once more where a reset ate the reply to a harmless request, or where nobody listens just now."""
        exchange = self.wire.play(probe, patience=patience)
        for _ in range(RETRIES):
            lost = exchange.ending is Ending.RESET and not exchange.transcript.complete
            ate = lost and probe.risk <= Risk.UNUSUAL and not exchange.received
            if not ate and not (exchange.ending is Ending.REFUSED and self.revive()):
                break
            exchange = self.wire.play(probe, patience=patience)
        return exchange

    def _examined(self, exchange: Exchange, *, doubt: bool) -> Exchange:
        """After a risky probe, or one without an answer: does a plain GET still draw octets?

        A good request that has drawn nothing may have met a server that was dead before: in ``doubt`` it is played
        once more.
        """
        if exchange.probe == self._pulse or self._has_pulse():
            return exchange
        killed = replace(exchange, killed=True)
        if not self.revive():
            self._gone = killed
        elif doubt and not exchange.received and exchange.probe.risk < Risk.MALFORMED:
            again = self.wire.play(exchange.probe)
            if self._has_pulse():
                return again
            if not self.revive():
                self._gone = killed
        return killed

    def _has_pulse(self) -> bool:
        if self.wire.play(self._pulse).received:
            return True
        return bool(self.wire.play(self._pulse, patience=self.patience.full).received)

    def revive(self) -> bool:
        """Bring the server back: start it again if it is ours, otherwise wait whether somebody else does."""
        if self.process is not None:
            try:
                self.process.restart()
            except LaunchError:
                return False
            self.wire.host, self.wire.port = self.process.host, self.process.port
            return True
        return _until(lambda: bool(self.wire.play(self._pulse, patience=1.0).received), REVIVAL_WAIT)

    def _with_output(self, exchange: Exchange, mark: int) -> Exchange:
        if self.process is None:
            return exchange
        if exchange.killed or not exchange.received:
            time.sleep(OUTPUT_WAIT)  # a traceback is written after the connection has ended
        return replace(exchange, server_output=self.process.output_since(mark))


def _is_plain(probe: Probe) -> bool:
    """Whether it is one GET and its reply, and nothing else."""
    return probe.risk is Risk.ORDINARY and probe.methods == ("GET",) and [*map(type, probe.actions)] == [Send, Receive]


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
