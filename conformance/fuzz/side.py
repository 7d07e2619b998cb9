"""One of two servers that are compared: it plays examples, and is measured by its own answers to good requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from conformance.evidence import NoEvidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz.example import Example
from conformance.fuzz.message import Request
from conformance.fuzz.outcomes import Answer, Outcome, Step
from conformance.fuzz.player import Gone, Player
from conformance.fuzz.properties import Controls
from conformance.fuzz.standing import GLANCE, LOOKS
from conformance.predicates import OVERLOADED
from conformance.probe import AwaitEnd, Pause, Probe, Receive, Send
from conformance.response import Response

MORE = 0.02
"""Seconds in which more answers may come than were asked for, where no other request may be on the connection."""
TIMED_OUT = 408
NOT_OFFERED = (501, 505)
"""Statuses of class 5 that are refusals (RFC 9110 §15.6.2, §15.6.6)."""


Owes: TypeAlias = Callable[[str], bool]
"""Whether what a rule asks, by its id, can be asked of a server."""


@dataclass
class Side:
    """One of the two servers: plays examples, and tells outcomes.

    ``name`` is what notes call it.
    """

    player: Player
    name: str
    owes: Owes
    played: int = 0
    _steps: dict[tuple[bytes, int], Step] = field(default_factory=dict)
    _closes: bool | None = None
    _begun: tuple[Exchange, bool] | None = None  # the first plain answer, and whether its content stays

    def __post_init__(self) -> None:
        self.controls = Controls(self._patiently)

    def play(self, example: Example) -> Exchange:
        """Play quickly; a server that does not accept connections is brought back first. Raises Gone."""
        probe = self.probe(example)
        self.played += 1
        exchange = self.player.strike(probe)
        if exchange.ending is Ending.REFUSED:
            if not self.player.revive():
                raise self._gone()
            exchange = self.player.strike(probe)
        return exchange

    def confirm(self, example: Example) -> Exchange:
        """Play with the full patience, and look whether the server lives. Raises Gone."""
        self.played += 1
        return self._patiently(self.probe(example))

    def check(self, plain: Request, looks: int = LOOKS) -> None:
        """Raise Gone if ``plain``, a good request, is not answered each time as it was when it was first asked: what
        is seen then need not come of the example by which it is seen.
        """
        if self._begun is None:
            self._begun = self.controls.answer(plain), self.controls.steady(plain, "content", _content)
        (first, steady), until = self._begun, time.monotonic() + GLANCE
        for _ in range(looks):
            exchange = self._plainly(plain)
            if not _as_before(exchange, first, steady):
                page = plain.target.decode("latin-1")
                raise Gone(f"{self.name} does not answer each plain GET of {page} as it did at first")
            if time.monotonic() > until:
                break

    def _plainly(self, plain: Request) -> Exchange:
        """The exchange of a good request; waited for with the full patience if it does not come at once."""
        probe = Probe((Send(plain.data), Receive(1)))
        exchange = self.player.strike(probe)
        hasty = exchange.response is None or not exchange.response.complete
        return self._patiently(probe) if hasty else exchange

    def _patiently(self, probe: Probe) -> Exchange:
        try:
            return self.player.confirm(probe)
        except NoEvidence as gone:
            raise self._gone() from gone

    def _gone(self) -> Gone:
        return Gone(f"{self.name} is dead, and nobody brought it back")

    def probe(self, example: Example) -> Probe:
        """What is played: to the end of the connection where the last request asks for it, and it comes."""
        probe = example.probe
        if example.mutation.alone:
            return replace(probe, actions=(*probe.actions, Pause(MORE)))
        if not example.after or not self._ends(example.after[-1]):
            return probe
        return replace(probe, actions=(*probe.actions[:-1], AwaitEnd()))

    def outcome(self, example: Example, exchange: Exchange) -> Outcome:
        """What the server made of ``example``."""
        step = self._step(example, exchange)
        if example.after and self._usual(example) not in (Step.IN_STEP, Step.CLOSED):
            step = Step.UNTOLD
        return Outcome(self._answer(example, exchange), step)

    def _ends(self, closing: Request) -> bool:
        if self._closes is None:
            probe = self.controls.answer(closing).probe
            self._closes = self._patiently(replace(probe, actions=(*probe.actions[:-1], AwaitEnd()))).peer_ended
        return self._closes

    # -- the answer ------------------------------------------------------------------------------------------------

    def _answer(self, example: Example, exchange: Exchange) -> Answer:
        if exchange.killed:
            return Answer.DIED
        response = exchange.response
        if response is None:
            return _unanswered(example, exchange)
        if response.status is None:
            return Answer.BARE
        control = self.controls.answer(example.plain).response
        if response.status in OVERLOADED or control is None or control.status in (None, 400):
            return Answer.UNTOLD
        if not response.ok and response.status == control.status:
            return Answer.UNTOLD
        return self._served(example, response, control) if response.ok else _unserved(response.status)

    def _served(self, example: Example, response: Response, control: Response) -> Answer:
        if response.status == 206 and control.status != 206:
            return Answer.PARTIAL
        if not control.ok or not response.complete:
            return Answer.PLAIN
        asked = (example.request.method, example.request.content) == (example.plain.method, example.plain.content)
        same = response.status == control.status and response.body == control.body
        return (
            Answer.OTHER
            if asked and not same and self.controls.steady(example.plain, "content", _content)
            else Answer.PLAIN
        )

    # -- the requests behind it ------------------------------------------------------------------------------------

    def _usual(self, example: Example) -> Step:
        """What becomes of the same requests behind the plain one."""
        key = example.plain.data, len(example.after)
        if key not in self._steps:
            usual = replace(example, request=example.plain, cuts=(), pauses=False)
            self._steps[key] = self._step(usual, self.confirm(usual))
        return self._steps[key]

    def _step(self, example: Example, exchange: Exchange) -> Step:
        answers = exchange.responses
        if exchange.killed or any(answer.status in OVERLOADED for answer in answers):
            return Step.UNTOLD
        start, end = exchange.transcript.trailing
        if start < end:
            return Step.LOST
        if len(answers) > 1:
            return self._behind(example, exchange)
        waited = not exchange.peer_ended or any(answer.status == TIMED_OUT for answer in answers)
        if not waited:
            return Step.CLOSED
        if example.after:
            return Step.WAITING
        return Step.ALONE if answers else Step.UNTOLD

    def _behind(self, example: Example, exchange: Exchange) -> Step:
        """The step where more than one answer came."""
        controls = [self.controls.answer(request).response for request in example.after]
        behind = exchange.responses[1:]
        if len(behind) > len(controls) or not all(map(_alike, behind, controls)):
            refused = len(behind) == 1 and not behind[0].ok and (exchange.peer_ended or not controls)
            return Step.BROKEN if refused else Step.LOST
        if len(behind) == len(controls):
            return Step.IN_STEP
        if not exchange.peer_ended:
            return Step.LOST
        return Step.UNTOLD if _alike(controls[0], controls[-1]) else Step.CLOSED


def _as_before(exchange: Exchange, first: Exchange, steady: bool) -> bool:
    """Whether a plain request is answered as the first one was; of content that is not steady nothing is asked."""
    answer, before = exchange.response, first.response
    if answer is None or before is None:
        return answer is before
    if answer.status in OVERLOADED:
        return True
    more = _surplus(exchange) and not _surplus(first)
    return not more and (_alike(answer, before) if steady else answer.status == before.status)


def _surplus(exchange: Exchange) -> bool:
    """Whether more came than was asked for."""
    start, end = exchange.transcript.trailing
    return len(exchange.responses) > 1 or start < end


def _alike(one: Response | None, other: Response | None) -> bool:
    """Whether two answers have the same status and content."""
    return one is not None and other is not None and _content(one) == _content(other)


def _content(response: Response) -> tuple[int | None, bytes]:
    return response.status, response.body


def _unanswered(example: Example, exchange: Exchange) -> Answer:
    """What it means that no response came at all."""
    if exchange.received:
        return Answer.BARE
    match exchange.ending:
        case Ending.CLOSED:
            return Answer.REFUSED
        case Ending.RESET:  # octets that nobody read make a reset, which may have eaten an answer
            return Answer.UNTOLD if len(example.data) > len(example.request.head) else Answer.REFUSED
        case Ending.REFUSED:
            return Answer.DIED
        case _:
            return Answer.SILENT


def _unserved(status: int) -> Answer:
    """What a status means that is not of class 2."""
    if status == TIMED_OUT:
        return Answer.SILENT
    if status == 304:
        return Answer.NOT_MODIFIED
    if status < 400:
        return Answer.REDIRECTED
    return Answer.REFUSED if status < 500 or status in NOT_OFFERED else Answer.FAILED
