"""Scenes: scripts that show a breach, and what proves it.

That another client suffers from one that vanishes is harder to prove than the rest: a server may end a connection at
any time (RFC 9112 §9.5), and after a request whose content it has not read it has to (§9.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.fuzz.machines.judgement import ABORT
from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.script import NEW, Script, text
from conformance.fuzz.machines.stage import GIVEN, VANISHING
from conformance.fuzz.machines.together import together
from conformance.fuzz.properties import Breach

HAUNTED = (
    *("connection.persistence-supported", "error.400-only-for-bad-requests", "message.request-in-segments"),
    GIVEN,
)
"""What seems to be broken where a request is not answered as it is when it comes alone."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A failure: the breach, the smallest script that shows it, and how many of so many plays of it failed."""

    breach: Breach
    script: Script
    repertoire: Repertoire
    failures: int = 1
    plays: int = 1

    @property
    def steady(self) -> bool:
        """Whether the same script fails every time."""
        return self.failures == self.plays

    @property
    def certain(self) -> bool:
        """Whether it is proved: by failing again, or by a server that stays dead. What fails once in several times, as
        the clients' octets meet the server in this order or that one, would be a lottery.

        A connection may end for reasons of its own: only where it does each time, another client is the cause.
        """
        if of_vanishing(self):
            return self.steady and self.plays > 1
        return self.failures > 1 or (self.fatal and self.steady)

    @property
    def fatal(self) -> bool:
        """Whether the server was dead after it."""
        return self.breach.finding.exchange.killed

    @property
    def haunting(self) -> bool:
        """Whether a good request is answered badly beside another connection, whatever has become of that."""
        several = len({step.line for step in self.script} - {"", NEW}) > 1
        return several and not self.fatal and self.breach.rule in HAUNTED

    @property
    def shown(self) -> Scene:
        """As it is told: with all its connections, and by one rule, whatever the others have done to the request."""
        rule, finding = self.breach.rule, self.breach.finding
        if self.haunting:
            rule = GIVEN
            finding = replace(finding, message=f"{finding.message} What another client sends makes the difference.")
        finding = replace(finding, company=together(self.script, self.repertoire))
        return replace(self, breach=Breach(rule, finding))

    @property
    def steps(self) -> str:
        """The script in words."""
        return text(self.script, self.repertoire)


def of_vanishing(scene: Scene) -> bool:
    """Whether one client is said to suffer from another one's vanishing, though the server lives."""
    return scene.breach.rule == ABORT and not scene.fatal


def without_vanishing(script: Script) -> Script:
    """The same, but everybody stays."""
    return tuple(step for step in script if step.verb not in VANISHING)
