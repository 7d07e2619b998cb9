"""The plainest form of what fails: a failure without the company, the cuts and the fields that it does not need.

Hypothesis shrinks what was drawn, and cannot leave out what is a part of every draw of its kind. What is left out here
stands in the request in question and in the plain one alike, so that the one change between them stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.fuzz.example import Example
from conformance.fuzz.message import FieldLine, Request

ANNOUNCING = (b"content-length", b"transfer-encoding")


def plainest(example: Example, fails: Callable[[Example], bool], tries: int, page: bytes) -> Example:
    """The smallest example that ``fails`` as ``example`` does, by leaving out one thing after another; of ``page`` if
    it does so there, too.
    """
    smaller = True
    while smaller:
        smaller = False
        for candidate in plainer(example, page):
            if tries == 0:
                return example
            tries -= 1
            if fails(candidate):
                example, smaller = candidate, True
                break
    return example


def plainer(example: Example, page: bytes) -> Iterator[Example]:
    """Examples with one thing less, or of ``page``."""
    request, plain = example.request, example.plain
    if request.target == plain.target != page and not example.cuts:
        yield replace(example, request=replace(request, target=page), plain=replace(plain, target=page))
    if example.before or example.after:
        yield replace(example, before=(), after=(), cuts=())
        for place in range(len(example.before)):
            yield replace(example, before=_less(example.before, place), cuts=())
        for place in range(len(example.after)):
            yield replace(example, after=_less(example.after, place), cuts=())
    if example.cuts:
        yield replace(example, cuts=())
        for cuts in _fewer(example.cuts):
            yield replace(example, cuts=cuts)
    if not example.cuts:
        yield from _with_fewer_fields(example)


def _fewer(cuts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Without half of them, a quarter of them and so on to a single one, but never without all."""
    size = len(cuts) // 2
    while size:
        for start in range(0, len(cuts), size):
            yield cuts[:start] + cuts[start + size :]
        size //= 2


def _less(requests: tuple[Request, ...], place: int) -> tuple[Request, ...]:
    return requests[:place] + requests[place + 1 :]


def _with_fewer_fields(example: Example) -> Iterator[Example]:
    """Without a field line that the plain request has as well; what announces a body goes with the body."""
    request, plain = example.request, example.plain
    for line in dict.fromkeys(request.fields):
        name = line.name.lower()
        if name == b"host" or request.fields.count(line) != 1 or plain.fields.count(line) != 1:
            continue
        if name not in ANNOUNCING:
            yield replace(example, request=_without(request, line), plain=_without(plain, line))
        elif request.body == plain.body:
            bare, bare_plain = (replace(_without(each, line), body=b"") for each in (request, plain))
            yield replace(example, request=bare, plain=bare_plain)


def _without(request: Request, line: FieldLine) -> Request:
    return replace(request, fields=tuple(each for each in request.fields if each != line))
