"""Twins: the same example for two servers, each under its own address, with good requests behind the one in question.

Only the address differs: what stands for the host and the port of the one server is put for those of the other,
wherever it stands in a head. A body is left as it is where its length would change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any, TypeAlias

from hypothesis import strategies as st

from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.valid import examples

FOLLOWERS = (0, 1, 2, 2)
"""So many good requests stand behind the one in question; the last of them asks for the end of the connection."""

REMEMBERED = 1024
"""So many requests are remembered with their twins: the good ones come again and again."""

Change: TypeAlias = Callable[[bytes], bytes]


class NothingInCommon(Exception):
    """The two servers serve no page in common, and cannot be compared."""


def common(one: Ground, other: Ground) -> Ground:
    """What both serve, under the address of the ``one``; raises NothingInCommon."""
    pages = tuple(page for page in one.pages if page in other.pages)
    if not pages:
        raise NothingInCommon("there is no page that both servers answer with 200")
    taker = one.taker if one.taker == other.taker else (b"POST", pages[0])
    return replace(one, pages=pages, taker=taker, capabilities=one.capabilities & other.capabilities, validators=())


def followed(mutation: Mutation, ground: Ground) -> st.SearchStrategy[Example]:
    """Examples with nothing before the request in question, and perhaps good requests behind it."""
    bare = examples(mutation, ground).map(lambda example: replace(example, before=(), after=()))
    if mutation.alone:
        return bare
    following = tuple(map(partial(followers, ground), range(max(FOLLOWERS) + 1)))
    counted = st.tuples(bare, st.sampled_from(FOLLOWERS))
    return counted.map(lambda drawn: replace(drawn[0], after=following[drawn[1]]))


def followers(ground: Ground, count: int) -> tuple[Request, ...]:
    """Good requests for several pages, so that their answers can be told apart where there are as many."""
    host = FieldLine(b"Host", ground.authority)
    last = Request(b"GET", ground.pages[0], (host, FieldLine(b"Connection", b"close")))
    return (*(Request(b"GET", ground.pages[-1], (host,)) for _ in range(count - 1)), last)[:count]


def twin(example: Example, one: bytes, other: bytes) -> Example:
    """The example for the server at ``other``, made of that for the server at ``one``."""
    if one == other:
        return example
    anew = partial(_readdressed, one=one, other=other)
    cuts = example.cuts
    if len(one) != len(other):
        cuts = tuple(_moved(cut, example.requests, anew, _readdressing(one, other)) for cut in cuts)
    return replace(
        example,
        request=anew(example.request),
        plain=anew(example.plain),
        before=tuple(map(anew, example.before)),
        after=tuple(map(anew, example.after)),
        cuts=cuts,
    )


@lru_cache(REMEMBERED)
def _readdressed(request: Request, one: bytes, other: bytes) -> Request:
    made: Request = _changed(request, _readdressing(one, other), len(one) == len(other))
    return made


@cache
def _readdressing(one: bytes, other: bytes) -> Change:
    """Puts the other address in the place of the one, and the other host where the one stands without its port."""
    hosts = {address: re.sub(rb":\d*\Z", b"", address) for address in (one, other)}
    instead = {one.lower(): other}
    if hosts[one] != hosts[other]:
        instead[hosts[one].lower()] = hosts[other]
    known = b"|".join(re.escape(address) for address in instead)
    pattern = re.compile(rb"(?<![\w.-])(?:" + known + rb")(?![\w-])", re.IGNORECASE)
    return lambda octets: pattern.sub(lambda found: instead[found[0].lower()], octets)


def _changed(piece: Any, change: Change, bodies: bool) -> Any:
    """The piece with every run of octets in it changed; the content of bodies only if ``bodies`` says so."""
    if isinstance(piece, bytes):
        return change(piece)
    if isinstance(piece, tuple):
        return tuple(_changed(each, change, bodies) for each in piece)
    if not is_dataclass(piece) or isinstance(piece, type):
        return piece
    names = [each.name for each in fields(piece) if bodies or each.name not in ("body", "data")]
    return replace(piece, **{name: _changed(getattr(piece, name), change, bodies) for name in names})


def _moved(cut: int, requests: tuple[Request, ...], anew: Callable[[Request], Request], change: Change) -> int:
    """Where a cut falls in the twin: between the same octets."""
    passed = 0
    for request in requests:
        if cut < len(request.data):
            head = len(request.head)
            return passed + len(change(request.data[: min(cut, head)])) + max(0, cut - head)
        cut -= len(request.data)
        passed += len(anew(request).data)
    return passed + cut
