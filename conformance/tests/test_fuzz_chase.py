"""The chase with a judge whose verdicts are known beforehand: what counts as a play, and what may be left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz.chase import REPEATS, Chase
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.message import FieldLine
from conformance.fuzz.mutations import load
from conformance.fuzz.player import Budget
from conformance.fuzz.properties import Breach
from conformance.fuzz.valid import plains
from conformance.predicates import found

GROUND = Ground(b"h:80", (b"/page.txt", b"/"))
PLAIN = plains(GROUND)[0]
MUTATION = load()["a request in a body"]
RULE = MUTATION.rule


def breach(example: Example, ending: Ending, replies: int = 1) -> Breach:
    octets = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * replies
    exchange = Exchange(example.probe, (Chunk(0.0, octets),), ending, 0.0, 0.0)
    return Breach(RULE, found(exchange, "wrong", expected="right"))


def chase(judge: Callable[[Example], Breach | None], *, in_time: bool = True) -> Chase:
    standing: Any = SimpleNamespace(in_time=in_time, wavering=False, settled=set(), ground=GROUND, budget=Budget(1))
    deck: Any = SimpleNamespace(mutations=())

    def fits(_: Mutation) -> bool:
        return True

    return Chase(SimpleNamespace(judge=judge, standing=standing), deck, fits)  # type: ignore[arg-type]  # a stand-in


@pytest.mark.parametrize(
    ("in_time", "ending", "plays"),
    [(True, Ending.SILENT, 1 + REPEATS), (False, Ending.SILENT, 1), (False, Ending.CLOSED, 1 + REPEATS)],
)
def test_a_silence_that_nobody_waited_for_is_no_play(in_time: bool, ending: Ending, plays: int) -> None:
    """Otherwise what fails each time would be called unsteady once time is up."""
    example = Example(MUTATION, PLAIN, PLAIN)
    catch = chase(lambda _: None, in_time=in_time).caught(breach(example, ending), example)
    assert (catch.failures, catch.plays) == (1, plays)


@pytest.mark.parametrize(("replies", "left"), [(2, 1), (1, 0)])
def test_a_request_is_left_out_only_if_its_reply_does_not_show_the_failure(replies: int, left: int) -> None:
    """Nobody waits for more replies than there are requests."""
    example = Example(MUTATION, PLAIN, PLAIN, after=(PLAIN,))
    catch = chase(lambda smaller: breach(smaller, Ending.OURS, replies)).caught(breach(example, Ending.OURS), example)
    assert len(catch.example.after) == left


def test_a_reply_too_many_is_waited_for_while_it_is_chased() -> None:
    """It comes a moment late, or else it would be seen by chance, and the chase would end anywhere."""
    simplest, drawn = Example(MUTATION, PLAIN, PLAIN), Example(MUTATION, PLAIN.adding(FieldLine(b"X", b"y")), PLAIN)
    deck: Any = SimpleNamespace(mutations=(), simplest=lambda _: simplest, shrink=lambda *_: None)
    hunted = chase(lambda each: breach(each, Ending.OURS, 2) if each.pauses else None)
    assert hunted.shrunk(deck, 0, drawn, breach(drawn, Ending.OURS, 2))[1] == replace(simplest, pauses=True)
    assert hunted.shrunk(deck, 0, drawn, breach(drawn, Ending.OURS, 1))[1] == drawn
