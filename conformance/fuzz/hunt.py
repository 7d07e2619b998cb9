"""The hunt: examples are played one after another; a wrong answer is shrunk, and a death is put down to its killer.

The mutations take turns, those that must be served first and those that must be refused last. Each example depends on
the seed and its number alone, so that one server is asked the same as another one, whatever was found before. Life is
looked after now and then, and after each request that is left unfinished: when the server is found dead, the examples
since it last lived are halved until one is left.
"""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisWarning

from conformance.exchange import Ending, Exchange
from conformance.fuzz import dice
from conformance.fuzz.example import Base, Example, Fate, Ground, Mutation
from conformance.fuzz.manner import bare
from conformance.fuzz.plainest import plainest
from conformance.fuzz.properties import UPSETTING, Breach, Case, Controls, aftermath, breaches
from conformance.fuzz.valid import examples
from conformance.predicates import found
from conformance.probe import Probe, Receive, Send

DEATH = "robustness.survives-garbage"
"""The rule that a death breaks."""
SEGMENTS = "message.request-in-segments"
"""The rule that is broken where it matters how the octets of a request are cut into pieces."""
COMPANY = ("connection.persistence-supported", "pipelining.requests-not-lost", "pipelining.responses-in-order")
"""Where one of these rules is broken, each request in question stays alone on its connection."""
PULSE = 32
"""So many examples are played at most before somebody looks whether the server lives."""
DELIVERY = (SEGMENTS, *COMPANY)
"""Rules that are broken by how good requests are sent, whatever they say."""
STRETCH = 1000
"""So many examples are drawn at once at most: Hypothesis draws all that it was told to, also when time is up."""
REPEATS = 3
"""So often is the smallest example played again, to tell whether it fails each time."""
SILENCES = 3
"""So many silences are confirmed with the full patience; if all of them stay silent, the quick one is trusted."""
REVIVALS = 2
"""So often is it brought back at once: what a dying server still answers is not trusted."""
PLAINER_TRIES = 40
"""So many tries to leave out what a failure does not need."""
CAUSE_TRIES = 40
"""So many tries to see the same failure by a plainer mutation."""
DEADLY_TRIES = 24
"""So many tries to shrink what kills the server, which has to be brought back after each success."""


class Player(Protocol):
    """What the hunt needs of a live server; :class:`conformance.target.Target` is one."""

    def strike(self, probe: Probe) -> Exchange:
        """Play once with the quick patience, and look after nothing."""

    def confirm(self, probe: Probe) -> Exchange:
        """Play with the full patience."""

    def revive(self) -> bool:
        """Bring the server back; whether it is there."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many ``examples``, by which ``seed``, for how many ``seconds``; and how many tries to shrink a failure."""

    examples: int
    seed: str = "0"
    seconds: float = 60.0
    shrinking: int = 300


@dataclass(frozen=True, slots=True)
class Catch:
    """A failure: the breach, the smallest example of it, and how many of so many plays of these octets failed."""

    breach: Breach
    example: Example
    failures: int = 1
    plays: int = 1

    @property
    def steady(self) -> bool:
        """Whether the same octets fail every time."""
        return self.failures == self.plays

    @property
    def certain(self) -> bool:
        """Whether it is proved: by octets that came, by failing again, or by the end of a server that stays dead.

        One silence proves nothing, nor does a death that does not happen again.
        """
        exchange = self.breach.finding.exchange
        return self.failures > 1 or bool(exchange.received) or (exchange.killed and self.steady)


class Gone(Exception):
    """The server is dead, and nobody brings it back."""


class _Wrong(Exception):
    """Tells Hypothesis that an example was answered wrongly."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an example came from: the ``number``-th of those that are made by ``deck`` in turn."""

    deck: tuple[Mutation, ...]
    number: int


class Hunt:
    """One run of the fuzz; ``settled`` are rules that nothing more is to be said of, and grow by what is caught.

    ``broken`` are those that were known before to be broken.
    """

    def __init__(
        self,
        player: Player,
        ground: Ground,
        budget: Budget,
        settled: Iterable[str] = (),
        broken: Iterable[str] = (),
    ) -> None:
        self.player = player
        self.ground = ground
        self.budget = budget
        self.settled = set(settled)
        self._begun = frozenset(self.settled)  # rules that nobody has asked about are among them
        self.broken = frozenset(broken)
        self.controls = Controls(player.confirm)
        self.controls.answer(bare(ground)[0])  # while the server is well
        self.played = 0
        self.killer: Catch | None = None
        self._deadline = time.monotonic() + budget.seconds
        self._unexamined: list[tuple[Example, Turn | None]] = []
        self._recent: deque[Example] = deque(maxlen=PULSE)
        self._silences = SILENCES
        self._deadly: set[Mutation] = set()
        self._catalogue: tuple[Mutation, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """The rules that are known to be broken, or to rest on such."""
        return self.broken | (self.settled - self._begun)

    @property
    def lonely(self) -> bool:
        """Whether requests get a connection each, because it is known that several on one go wrong."""
        return not self.known.isdisjoint(COMPANY)

    @property
    def time_left(self) -> float:
        """In seconds."""
        return self._deadline - time.monotonic()

    @property
    def in_time(self) -> bool:
        """Whether time is left."""
        return self.time_left > 0

    def again(self, kept: Iterable[Example]) -> Iterator[Catch]:
        """Play the failures of an earlier run; yields those that still fail. Raises Gone."""
        for example in kept:
            breach = self.judge(example, None)
            self.examine()
            if breach is not None and self.killer is None:
                yield self._caught(breach, example)
            yield from self.deaths()

    def run(self, mutations: Iterable[Mutation], fits: Callable[[Mutation], bool] = lambda _: True) -> Iterator[Catch]:
        """Hunt by all of ``mutations`` that fit; a rule is caught once at most. Raises Gone.

        Those that do not fit take their turns all the same, without being played: the examples stay the same.
        """
        every = self._catalogue = tuple(mutations)
        decks = [deck for fate in Fate if (deck := tuple(each for each in every if each.fate is fate))]
        whole = sum(fits(mutation) for deck in decks for mutation in deck)
        for deck in decks:
            share = round(self.budget.examples * sum(map(fits, deck)) / max(1, whole))
            yield from self._explore(deck, share, fits)
        self.examine()
        yield from self.deaths()

    def _explore(self, deck: tuple[Mutation, ...], count: int, fits: Callable[[Mutation], bool]) -> Iterator[Catch]:
        """Examples by ``deck`` until ``count`` are played; after each catch it goes on without that rule."""
        number = 0
        while count > 0 and self.in_time and (fitting := sum(fits(each) and self._open(each) for each in deck)):
            chase = _Chase(self, Turn(deck, number), count, lambda mutation: fits(mutation) and self._open(mutation))
            self.draw(chase.turn, min(STRETCH, 1 + -(-count * len(deck) // fitting)), chase.attempt, chase.fits)
            count -= chase.explored
            number = chase.following
            if chase.first is None and not chase.died:
                last = dice.dealt()
                if last is None:
                    return  # there is but one example, and no choice
                number = max(number, 1 + last)  # those of mutations that do not fit are behind us, too
            if chase.first is not None:
                yield self._caught(*chase.smallest)
            yield from self.deaths()

    def _open(self, mutation: Mutation) -> bool:
        judged = mutation.rule in self.settled or not self.known.isdisjoint(mutation.needs)
        return not judged and mutation not in self._deadly

    def judge(self, example: Example, turn: Turn | None) -> Breach | None:
        """Play ``example`` and return the first breach of a rule that is not settled.

        Pieces prove nothing to who is known not to put them together.
        """
        if example.cuts and SEGMENTS in self.known:
            return None
        exchange = self.player.strike(example.probe)
        self.played += 1
        self._unexamined.append((example, turn))
        case = Case(example, exchange, self.controls, tuple(self._recent))
        self._recent.append(example)
        if not exchange.received:
            self.examine()  # before anything else is asked: that might bring a dead server back unseen
            if self.killer is not None:
                return None
        breach = self._worst(case)
        if breach is not None and exchange.ending is Ending.SILENT and self._silences > 0:
            if not self.in_time:
                return None
            exchange = self.player.confirm(example.probe)
            self._silences -= exchange.ending is Ending.SILENT
            breach = self._worst(replace(case, exchange=exchange))
        if breach is not None and example.cuts:
            breach = self._of_pieces(case, breach)
        if len(self._unexamined) >= PULSE or not exchange.received or not example.finished:
            self.examine()
        return breach

    def _of_pieces(self, case: Case, breach: Breach) -> Breach | None:
        """The breach of a request in pieces: another rule's, if the same octets in one piece are answered well."""
        whole = replace(case.example, cuts=())
        again = self._worst(replace(case, example=whole, exchange=self.player.strike(whole.probe)))
        if again is not None and again.rule == breach.rule:
            return breach
        if self._worst(replace(case, exchange=self.player.strike(case.example.probe))) is None:
            return breach  # it comes and goes: the pieces have nothing to do with it
        return replace(breach, rule=SEGMENTS) if SEGMENTS not in self.settled else None

    def _worst(self, case: Case) -> Breach | None:
        """The first breach that is news, unless what is known already has upset the reading."""
        for breach in breaches(case):
            if breach.rule not in self.settled:
                return breach
            if breach.rule in UPSETTING:
                return None
        return None

    def draw(
        self,
        turn: Turn,
        count: int,
        action: Callable[[Example], None],
        fits: Callable[[Mutation], bool] = lambda _: True,
    ) -> None:
        """Do ``action`` to ``count`` examples; once it has raised _Wrong, to smaller ones, until none raises."""
        dice.deal(f"{self.budget.seed}:{turn.deck[0].fate}", turn.number)
        made = [examples(mutation, self.ground) if fits(mutation) else st.none() for mutation in turn.deck]

        @settings(
            max_examples=1 + count,  # the simplest one of all comes before those that are dealt
            database=None,
            derandomize=True,  # what is shrunk, too, ends the same way every time
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            backend=dice.BACKEND,
        )
        @given(st.integers(0, len(made) - 1).flatmap(made.__getitem__))
        def attempt(example: Example | None) -> None:
            if example is not None and not gone:
                try:
                    action(replace(example, before=(), after=()) if lonely else example)
                except Gone as error:
                    gone.append(error)

        gone: list[Gone] = []
        lonely = self.lonely
        with suppress(_Wrong, Flaky), warnings.catch_warnings():  # what is not steady is told by playing it again
            warnings.simplefilter("ignore", HypothesisWarning)  # of large examples, which are meant to be large
            attempt()
        if gone:
            raise gone[0]

    def _caught(self, breach: Breach, example: Example) -> Catch:
        """The catch, after playing the example some times more, and plainer ones of its kind."""
        breach, example = self._plainest(breach, example)
        failures = 1 + sum(self._fails(example, breach.rule) for _ in range(REPEATS))
        self.settled.add(breach.rule)
        return Catch(breach, example, failures, 1 + REPEATS)

    def _plainest(self, breach: Breach, example: Example) -> tuple[Breach, Example]:
        """The failure in its plainest form; by a request in pieces alone, if it is the pieces that it comes from."""
        for cause, tries in self._causes(example):
            chase = _Chase(self, Turn((cause,), 0), tries, self._open)
            self.draw(chase.turn, tries, chase.attempt)
            if chase.first is None:
                continue
            if cause.rule in DELIVERY or len(chase.smallest[1].data) < len(example.data):
                self.settled |= {breach.rule} - {chase.smallest[0].rule}
                breach, example = chase.smallest
                break

        def fails(plainer: Example) -> bool:
            nonlocal breach
            other = self.judge(plainer, None)
            if other is None or other.rule != breach.rule:
                return False
            breach = other
            return True

        paused = replace(example, pauses=True)  # without pauses, pieces may arrive as one
        if example.cuts and not example.pauses and fails(paused):
            example = paused
        return breach, plainest(example, fails, PLAINER_TRIES)

    def _causes(self, example: Example) -> Iterator[tuple[Mutation, int]]:
        """Mutations of which one may say it more plainly, and how many tries each is worth.

        They are the delivery alone, the change without a body, and others of its rule.
        """
        mutation = example.mutation
        company = bool(example.before or example.after) and mutation.fate is Fate.SERVED
        for each in self._catalogue:
            cut = bool(example.cuts) and each.rule == SEGMENTS and each.base in (Base.PLAIN, mutation.base)
            row = company and each.rule in COMPANY
            bare = mutation.base is not Base.PLAIN and each.base is Base.PLAIN and each.rule == mutation.rule
            delivery = mutation.rule not in DELIVERY and (cut or row)
            if each == mutation or not self._open(each):
                continue
            if delivery or bare:
                yield each, CAUSE_TRIES
            elif (each.rule, each.fate, each.base) == (mutation.rule, mutation.fate, mutation.base):
                yield each, 1  # the simplest of its kind

    def _fails(self, example: Example, rule: str) -> bool:
        breach = self.judge(example, None)
        return breach is not None and breach.rule == rule

    # -- deaths ----------------------------------------------------------------------------------------------------

    def examine(self) -> None:
        """Look whether the server lives and is well; if not, bring it back and find :attr:`killer`. Raises Gone."""
        suspects, self._unexamined = self._unexamined, []
        if not suspects or (illness := self._illness()) is None:
            return
        last, _ = suspects[-1]
        self._deadly.add(last.mutation)
        message = f"{illness.finding.message} One of {len(suspects)} requests has done it; this was the last."
        exchange = replace(self.player.strike(last.probe), killed=_fatal(illness))
        expected = illness.finding.expected
        self.killer = Catch(Breach(illness.rule, found(exchange, message, expected=expected)), last)
        self._bring_back()
        if illness.rule in self.settled:
            return
        convicted = self._convict(suspects)
        if convicted is None:
            self.killer = replace(self.killer, plays=2)
        else:
            self.killer = self._shrunk(illness, *convicted)
            self._deadly.add(self.killer.example.mutation)

    def deaths(self) -> Iterator[Catch]:
        """The catch of what the server has died of, if it has and nobody knows yet."""
        killer, self.killer = self.killer, None
        if killer is not None and killer.breach.rule not in self.settled:
            self.settled.add(killer.breach.rule)
            yield killer

    def _illness(self) -> Breach | None:
        """What is wrong with the server at the moment: it does not answer, or not as it did."""
        plain = bare(self.ground)[0]
        pulse = self.player.strike(Probe((Send(plain.data), Receive(1))))
        if not pulse.received and pulse.ending is not Ending.SILENT:
            pulse = self.player.strike(pulse.probe)  # it may have been about to die
        if not pulse.received and pulse.ending is not Ending.REFUSED:  # where nobody listens, it would be brought back
            pulse = self.player.confirm(pulse.probe)
        if not pulse.received:
            return Breach(DEATH, found(pulse, "The server died.", expected="a server that lives on"))
        return aftermath(pulse, plain, self.controls)

    def _bring_back(self) -> None:
        for _ in range(REVIVALS):
            if not self.player.revive():
                raise Gone("the server died, and nobody brought it back")
            if self._illness() is None:
                return
        raise Gone("the server does not answer plain requests any more as it did")

    def _harms(self, examples: Iterable[Example]) -> Exchange | None:
        """The last exchange, if the server is not well after these ``examples``; it is brought back."""
        exchange = None
        for example in examples:
            exchange = self.player.strike(example.probe)
            self.played += 1
        if self._illness() is None:
            return None
        self._bring_back()
        return exchange

    def _convict(self, suspects: list[tuple[Example, Turn | None]]) -> tuple[Example, Turn | None] | None:
        """The one example that kills by itself, found by halving; None if none does."""
        if self._harms([suspects[-1][0]]):
            return suspects[-1]
        if not self._harms(example for example, _ in suspects):
            return None
        while len(suspects) > 1:
            half = len(suspects) // 2
            late = suspects[half:]
            suspects = late if self._harms(example for example, _ in late) else suspects[:half]
        return suspects[0] if self._harms([suspects[0][0]]) else None

    def _shrunk(self, illness: Breach, example: Example, turn: Turn | None) -> Catch:
        """The smallest example that harms as ``example`` does, within a budget: each success costs a new start."""
        smallest, exchange = example, self.player.strike(example.probe)
        self._bring_back()
        tried: dict[Probe, Exchange | None] = {}
        left, met = DEADLY_TRIES, False

        def harms(smaller: Example) -> bool:
            nonlocal smallest, exchange, left
            if smaller.probe not in tried:
                if left == 0 or not self.in_time:
                    return False
                left -= 1
                tried[smaller.probe] = exchange if smaller.probe == example.probe else self._harms([smaller])
            died = tried[smaller.probe]
            if died is not None:
                smallest, exchange = smaller, died
            return died is not None

        def attempt(smaller: Example) -> None:
            nonlocal met
            met = met or smaller.probe == example.probe
            if met and harms(smaller):
                raise _Wrong

        if turn is not None:
            self.draw(turn, 1, attempt)
        left += DEADLY_TRIES // 2
        plainest(smallest, harms, DEADLY_TRIES)
        message = "The server dies of this request." if _fatal(illness) else illness.finding.message
        finding = found(replace(exchange, killed=_fatal(illness)), message, expected=illness.finding.expected)
        return Catch(Breach(illness.rule, finding), smallest, 2, 2)


class _Chase:
    """One exploration, up to its first failure, and the smaller failures after it."""

    def __init__(self, hunt: Hunt, turn: Turn, count: int, fits: Callable[[Mutation], bool]) -> None:
        self.hunt = hunt
        self.turn = turn
        self.count = count
        self.fits = fits
        self.following = turn.number
        self.explored = 0
        self.died = False
        self.first: Breach | None = None
        self.smallest: tuple[Breach, Example]
        self._left = hunt.budget.shrinking
        self._tried: dict[tuple[str, Probe], Breach | None] = {}

    def attempt(self, example: Example) -> None:
        """Play and judge; raises _Wrong for a failure, and then for each smaller one of the same rule."""
        breach = self._smaller(example) if self.first is not None else self._next(example)
        if breach is not None and self.first is not None and breach.rule == self.first.rule:
            self.smallest = breach, example
            raise _Wrong

    def _next(self, example: Example) -> Breach | None:
        """The breach of one more example; None once the server has died: that comes first."""
        number = dice.dealt()
        if self.died or self.explored == self.count or not self.hunt.in_time:
            return None
        self.explored += 1
        if number is None:  # the simplest of all, which comes before those that are dealt
            number = self.turn.number
        else:
            self.following = number + 1
        breach = self.hunt.judge(example, replace(self.turn, number=number))
        self.died = self.hunt.killer is not None
        if self.died:
            return None
        self.first = self._tried[example.mutation.name, example.probe] = breach
        return breach

    def _smaller(self, example: Example) -> Breach | None:
        """The breach of a smaller example; remembered, so that Hypothesis sees one outcome of one example."""
        key = example.mutation.name, example.probe  # what is a fault of one mutation may be none of another
        if key not in self._tried:
            if self._left == 0 or not self.hunt.in_time:
                return None
            self._left -= 1
            self._tried[key] = self.hunt.judge(example, None)
        return self._tried[key]


def _fatal(illness: Breach) -> bool:
    """Whether the server is dead or deaf, not merely confused."""
    return not illness.finding.exchange.received
