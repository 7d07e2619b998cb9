"""From a script that fails to the smallest one that does: steps and requests are left out while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.script import NAMES, NEW, Script, Step, Verb


def reduce(script: Script, fails: Callable[[Script], Script | None]) -> Script:
    """The smallest script found; ``fails`` gives the part of a script that fails in the same way, if it does.

    At last it is tried with the first lines of all.
    """
    while True:
        smaller = next((found for each in _smaller(script) if (found := fails(each)) is not None), None)
        if smaller is None:
            fails(renamed(script))
            return script
        script = smaller


def apart(script: Script) -> Script:
    """The same requests one by one: each is sent when those before it on its line are answered."""
    made: list[Step] = []
    for step in script:
        if step.verb is Verb.SEND:
            for piece in step.pieces:
                made += (replace(step, pieces=(piece,)), Step(Verb.READ, step.line))
        else:
            made.append(step)
    return tuple(made)


def bodiless(script: Script, repertoire: Repertoire) -> Script:
    """The same script with the first request of all in the place of each that has a content."""
    made: list[Step] = []
    for step in script:
        pieces = tuple(0 if repertoire.pieces[each].request.content else each for each in step.pieces)
        if step.verb is Verb.EXPECT:
            made += (Step(Verb.SEND, step.line, pieces), Step(Verb.READ, step.line))
        else:
            made.append(replace(step, pieces=pieces))
    return tuple(made)


def renamed(script: Script) -> Script:
    """The same script on the lines A, B and so on, in this order."""
    names = dict(zip(dict.fromkeys(step.line for step in script if step.line not in ("", NEW)), NAMES, strict=False))
    return tuple(replace(step, line=names.get(step.line, step.line)) for step in script)


def _smaller(script: Script) -> Iterator[Script]:
    """Scripts that are simpler than this one, those that save most first."""
    if (joined := _joined(script)) != script:  # so that none meet by chance, which would be hard to shrink
        yield joined
    lines = dict.fromkeys(step.line for step in script)
    if len(lines) > 1:
        for name in lines:
            yield tuple(step for step in script if step.line != name)
    for size in (8, 4, 2, 1):
        for start in range(0, len(script) if size < len(script) else 0, size):
            yield script[:start] + script[start + size :]
    for place, (step, following) in enumerate(pairwise(script)):
        if step.verb is following.verb is Verb.SEND and step.line == following.line:
            yield (*script[:place], replace(step, pieces=step.pieces + following.pieces), *script[place + 2 :])
    for place, step in enumerate(script):
        if step.verb is Verb.BEGIN:
            yield _whole(script, place)
        if step.verb in (Verb.EXPECT, Verb.SEND):  # what follows comes by itself then, and not by chance
            yield (*script[:place], Step(Verb.READ, step.line), *script[place + 1 :])
        for simpler in _simpler(step):
            yield (*script[:place], simpler, *script[place + 1 :])


def _joined(script: Script) -> Script:
    """The script with all that is sent whole on a line, one after another, in one piece."""
    made: list[Step] = []
    for step in script:
        if made and step.verb is made[-1].verb is Verb.SEND and step.line == made[-1].line:
            made[-1] = replace(step, pieces=made[-1].pieces + step.pieces)
        else:
            made.append(step)
    return tuple(made)


def _whole(script: Script, place: int) -> Script:
    """The script with the request that is begun in this place sent at once."""
    step = script[place]
    end = next((n for n in range(place, len(script)) if script[n] == Step(Verb.FINISH, step.line)), len(script))
    parts = (Step(Verb.FINISH, step.line), *(each for each in script[place:end] if each.verb is Verb.GO_ON))
    later = tuple(each for each in script[place + 1 : end + 1] if each.line != step.line or each not in parts)
    return (*script[:place], Step(Verb.SEND, step.line, step.pieces), *later, *script[end + 1 :])


def _simpler(step: Step) -> Iterator[Step]:
    if step.verb is Verb.CHANGE:
        yield from (replace(step, cut=step.cut & ~bit) for bit in (4, 2, 1) if step.cut & bit)
        return
    if step.verb is Verb.EXPECT and step.cut:
        yield replace(step, cut=0)
    size = len(step.pieces) // 2
    while size:
        for start in range(0, len(step.pieces), size):
            yield replace(step, pieces=step.pieces[:start] + step.pieces[start + size :])
        size //= 2
    for place, piece in enumerate(step.pieces):
        if piece and step.verb is not Verb.EXPECT:
            yield replace(step, pieces=(*step.pieces[:place], 0, *step.pieces[place + 1 :]))
