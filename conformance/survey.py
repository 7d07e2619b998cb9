"""The survey: what a target is found to offer, looked at before anything risky is sent, and remembered.

It asks and never judges: which premises fail, which capabilities are absent and why, what the course asks beyond the
RFCs and is not to be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from conformance.capabilities import CAPABILITIES
from conformance.evidence import Evidence, NoEvidence
from conformance.milestones import MILESTONES
from conformance.premises import SILENCE, Gap, foundation, reads_requests


class Survey:
    """What ``evidence`` shows; milestones up to the course's step ``last`` (None: all).

    Capabilities in ``assume`` count as present and those in ``without`` as absent, whatever is seen.
    """

    def __init__(
        self, evidence: Evidence, last: int | None, assume: Sequence[str] = (), without: Sequence[str] = ()
    ) -> None:
        self._evidence = evidence
        self._last = last or max(MILESTONES)
        self._said = dict.fromkeys(assume, "") | dict.fromkeys(without, "said to be absent by --without")

    def look(self) -> None:
        """Ask for all of it now, anew if it was asked for before."""
        for name in ("capabilities", "missing"):
            self.__dict__.pop(name, None)
        _ = self.capabilities, self.missing

    @cached_property
    def gap(self) -> Gap | None:
        """The premise that keeps every rule from being judged, if one fails."""
        try:
            return foundation(self._evidence)
        except NoEvidence as gone:
            return Gap(SILENCE if gone.killer else None, str(gone))

    @cached_property
    def alike(self) -> Gap | None:
        """What keeps rules on requests from being judged; raises NoEvidence if the target is gone."""
        return reads_requests(self._evidence)

    @cached_property
    def capabilities(self) -> dict[str, str]:
        """Capability to the reason why it is absent, "" where it is present; nothing is known behind a gap."""
        if self.gap:
            return {}
        found = {name: self._reason(test) for name, test in CAPABILITIES.items() if name not in self._said}
        return {name: (found | self._said)[name] for name in CAPABILITIES}

    @cached_property
    def missing(self) -> dict[int, tuple[str, ...]]:
        """Course step to what the course asks there and the target does not show, in words."""
        steps = {step: tests for step, tests in MILESTONES.items() if step <= self._last}
        if self.gap:
            return {step: tuple(tests) for step, tests in steps.items()}
        seen = {step: {words: self._reason(test) for words, test in tests.items()} for step, tests in steps.items()}
        return {
            step: tuple(f"{words} ({reason})" for words, reason in found.items() if reason)
            for step, found in seen.items()
        }

    def _reason(self, test: Callable[[Evidence], str]) -> str:
        try:
            return test(self._evidence)
        except NoEvidence as gone:
            return str(gone)
