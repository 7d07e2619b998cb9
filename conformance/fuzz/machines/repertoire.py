"""What the machine may play against a server: its requests, each with the answer that it draws alone, and its manners.

A server that serves one client at a time, or one request to a connection, is lawful (RFC 9112 §9.5): the machine finds
that out first, and plays accordingly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from conformance.connections import is_http10, says_close
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.example import Ground
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.response import Framing, Response
from conformance.site import MISSING

MOST_LINES = 3
PAGES = 3
LARGEST = 64 * 1024
"""Answers to several requests have to fit into the buffers of a connection that nobody reads from for a while."""
CONTENT = b"hello"
PART = b"bytes=0-4"
SLOW = 0.03
"""Who takes so many seconds, such as a program, is seldom asked."""
OFTENER = 30


@dataclass(frozen=True, slots=True)
class Piece:
    """One request of the repertoire; ``control`` is the answer that it drew alone, ``steady`` whether each time.

    ``seconds`` is how long that took; ``changing`` tells that it asks for the page that is changed meanwhile.
    """

    name: str
    request: Request
    control: Response
    steady: bool
    seconds: float = 0.0
    changing: bool = False

    @property
    def slow(self) -> bool:
        """Whether it is asked for less often."""
        return self.seconds > SLOW

    @property
    def plain(self) -> bool:
        """Whether this is the plain GET of a page."""
        return self.request.method == b"GET" and len(self.request.fields) == 1 and self.control.ok and not self.last

    @property
    def last(self) -> bool:
        """Whether nothing may follow it on its connection."""
        return self.request.version != b"HTTP/1.1" or any(self.request.values(b"Connection"))

    def agrees(self, answer: Response) -> bool:
        """Whether an answer is the one that the request draws alone."""
        if answer.status != self.control.status:
            return False
        same_type = answer.value("content-type") == self.control.value("content-type")
        return not self.steady or (answer.body == self.control.body and same_type)


@dataclass(frozen=True, slots=True)
class Manners:
    """How the server treats its clients; ``lines`` is how many may be open while another one is served."""

    lines: int = 1
    persistent: bool = False


@dataclass(frozen=True)
class Repertoire:
    """All of it, and how the server wants it to be played."""

    pieces: tuple[Piece, ...]
    manners: Manners

    @cached_property
    def changing(self) -> int | None:
        """The index of the page that is changed, if there is one."""
        return next((number for number, piece in enumerate(self.pieces) if piece.changing), None)

    @cached_property
    def lots(self) -> tuple[int, ...]:
        """The indices of the pieces, each as often as it should be drawn, the simplest first."""
        numbers = range(len(self.pieces))
        quick = [number for number in numbers if not self.pieces[number].slow]
        plain = [number for number in quick if self.pieces[number].plain]
        last = [number for number in quick if self.pieces[number].last]
        going = [number for number in quick if number not in last]
        return (*numbers, *last * (OFTENER // 2), *(going + 2 * plain) * OFTENER)

    @cached_property
    def taking(self) -> tuple[int, ...]:
        """As ``lots``, but only those with a content that may wait for a 100."""
        return tuple(number for number in self.lots if _may_wait(self.pieces[number]))


Connect: TypeAlias = Callable[[], Dialogue]


def _may_wait(piece: Piece) -> bool:
    return isinstance(piece.request.body, bytes) and bool(piece.request.body) and not is_http10(piece.control)


def requests(ground: Ground) -> Iterator[tuple[str, Request]]:
    """Good requests with their names, the simplest first."""
    host = FieldLine(b"Host", ground.authority)
    pages = [Request(b"GET", target, (host,)) for target in ground.pages[:PAGES]]
    first = pages[0]
    length = FieldLine(b"Content-Length", b"%d" % len(CONTENT))
    chunked = FieldLine(b"Transfer-Encoding", b"chunked")
    for page in pages:
        yield f"GET {page.target.decode('latin-1')}", page
    at = first.target.decode("latin-1")
    yield f"HEAD {at}", replace(first, method=b"HEAD")
    yield f"GET {MISSING}", replace(first, target=MISSING.encode())
    yield f"GET {at} with Connection: close", first.adding(FieldLine(b"Connection", b"close"))
    yield f"GET {at} of HTTP/1.0", replace(first, version=b"HTTP/1.0")
    yield f"GET {at} with Range", first.adding(FieldLine(b"Range", PART))
    yield f"GET {at} with If-None-Match", first.adding(FieldLine(b"If-None-Match", b"*"))
    for verb, where in dict.fromkeys((ground.taker, (b"POST", first.target))):
        what = f"{verb.decode()} {where.decode('latin-1')}"
        yield f"{what} with a length", Request(verb, where, (host, length), CONTENT)
        yield f"{what} in chunks", Request(verb, where, (host, chunked), Chunked((Chunk(CONTENT), Chunk(b"you"))))


def explore(connect: Connect, ground: Ground, patience: float, changing: Request | None = None) -> Repertoire:
    """Ask for everything alone, twice. The manners are another matter: see :func:`mannered`.

    ``changing`` asks for the page that is going to be changed.
    """
    pieces = []
    for name, request in requests(ground):
        piece = _piece(connect, name, request, patience)
        if piece is not None:
            pieces.append(piece)
    if not pieces:
        return Repertoire((), Manners())
    page = _piece(connect, f"GET {changing.target.decode('latin-1')}", changing, patience) if changing else None
    if page is not None and page.control.ok:
        pieces = [piece for piece in pieces if piece.request.target != page.request.target]
        pieces.append(replace(page, changing=True))
    return Repertoire(tuple(pieces), Manners())


def mannered(connect: Connect, repertoire: Repertoire, patience: float) -> Repertoire:
    """The repertoire of a server that nothing is known of yet, with its manners.

    Most small servers serve one client at a time, and each look at that is a silence: a quick ``patience`` will do,
    since who is taken for such a server is asked for less.
    """
    plain = repertoire.pieces[0].request
    manners = Manners(_lines(connect, plain, patience), _persistent(connect, plain, patience))
    return replace(repertoire, manners=manners)


def alone(connect: Connect, request: Request, patience: float) -> Response | None:
    """The answer to a request alone on its connection."""
    with closing(connect()) as dialogue:
        dialogue.say(Asked(0, request))
        dialogue.listen(patience)
        return dialogue.answer(0)


def _piece(connect: Connect, name: str, request: Request, patience: float) -> Piece | None:
    first = alone(connect, request, patience)
    began = time.monotonic()
    second = alone(connect, request, patience)  # what comes for the first time is slow
    seconds = time.monotonic() - began
    if first is None or second is None or first.status != second.status or len(first.body) > LARGEST:
        return None
    if first.framing is Framing.CLOSE and not says_close(first) and not is_http10(first):
        return None  # only the end of the connection tells its end: nothing can follow
    same_type = first.value("content-type") == second.value("content-type")
    return Piece(name, request, first, first.body == second.body and same_type, seconds)


def _persistent(connect: Connect, plain: Request, patience: float) -> bool:
    """Whether a connection outlives an answer. Whether it is served any more is another matter, and judged."""
    with closing(connect()) as dialogue:
        for number in range(2):
            dialogue.say(Asked(number, plain))
            dialogue.listen(patience)
        return dialogue.last is None and dialogue.line.ending is None


def _lines(connect: Connect, plain: Request, patience: float) -> int:
    """How many connections may be idle, or in the middle of a request, while one more is served; at least one."""
    served = []
    for holding in (_idle, _waiting, _in_head):
        with ExitStack() as stack:
            count = 0
            while count < MOST_LINES:
                stack.enter_context(closing(holding(connect, plain, patience)))
                if alone(connect, plain, patience) is None:
                    break
                count += 1
            served.append(count)
    return max(1, min(served))


def _idle(connect: Connect, _plain: Request, _patience: float) -> Dialogue:
    return connect()


def _waiting(connect: Connect, plain: Request, patience: float) -> Dialogue:
    dialogue = connect()
    dialogue.say(Asked(0, plain))
    dialogue.listen(patience)
    return dialogue


def _in_head(connect: Connect, plain: Request, _patience: float) -> Dialogue:
    dialogue = connect()
    dialogue.begin(Asked(0, plain), len(plain.head) // 2)
    return dialogue
