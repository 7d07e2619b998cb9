"""Changes to the request line as a whole (RFC 9112 §2.2, §3): its words, and what stands between and around them.

Who parses it by words may take any white space for the blank (RFC 9112 §3), so that white space decides nothing but
where it makes one word more. A line of two words may be one of HTTP/0.9, and be answered without a status line: one
mutation makes such lines, and no other does, whatever is taken for white space.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

from hypothesis import strategies as st

from conformance.fuzz.alphabets import ALPHA, LOWER, NOT_LINE_ENDS, SPACING, octets, without, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

BAD_LINE = "request-line.malformed-rejected"
SPACED = "request-line.extra-whitespace-tolerated"
GAPS = (b" ", b"  ", b" \t", b"\t ", b"   ", b" " * 50)
EDGES = (b"", b" ", b"\t", b"  ", b" \t ", b"\t\t")
ODD = (b"\r", *octets(SPACING), b"\r\r")

_one = word(LOWER)
_place = st.integers(0, 60)
_gaps = st.sampled_from([*product(GAPS, GAPS), (b"\t", b"\t")][1:])
_odd_gaps = st.sampled_from(
    [
        gaps
        for odd in ODD
        for mixed in (b" " + odd, odd + b" ")
        for gaps in ((mixed, b" "), (b" ", mixed), (mixed, mixed))
    ]
)
_edges = st.sampled_from([*product(EDGES, EDGES)][1:])
_rubbish = word(without(NOT_LINE_ENDS, b" \t" + SPACING), 12)
_orders = st.sampled_from([order for order in permutations(range(3)) if order != (0, 1, 2)])
_twice = st.sampled_from(((0, 0, 1, 2), (0, 1, 2, 2), (0, 1, 2, 0), (2, 0, 1, 2)))


def words(plain: Request, *said: bytes) -> Request:
    """The request with these words as its request line, a blank between any two.

    In a line of two words the version is missing, in a line of more the last ones are taken together.
    """
    method, target, *rest = (*said, b"", b"")[: max(3, len(said))]
    gaps = (b" " if len(said) > 1 else b"", b" " if len(said) > 2 else b"")
    return replace(plain, method=method, target=target, version=b" ".join(rest), gaps=gaps)


def _reordered(plain: Request, order: tuple[int, ...]) -> Request:
    said = (plain.method, plain.target, plain.version)
    return words(plain, *(said[index] for index in order))


@mutation("nothing", "error.400-only-for-bad-requests", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain)


@mutation("a blank in the target", "request-line.whitespace-in-target-400-301", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one.map(lambda rest: replace(plain, target=plain.target + b" " + rest))


@mutation("a blank inside the path", "request-line.whitespace-in-target-400-301", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    path = plain.target if len(plain.target) > 1 else b"/a"

    def parted(place: int) -> Request:
        at = 1 + place % (len(path) - 1)
        return replace(plain, target=path[:at] + b" " + path[at:])

    return _place.map(parted)


@mutation("a fourth word", BAD_LINE, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one.map(lambda extra: replace(plain, version=plain.version + b" " + extra))


@mutation("one word only", BAD_LINE, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return word(ALPHA).map(lambda only: words(plain, only))


@mutation("a word twice", BAD_LINE, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _twice.map(lambda order: _reordered(plain, order))


@mutation("the words in another order", BAD_LINE, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _orders.map(lambda order: _reordered(plain, order))


@mutation("octets at random", BAD_LINE, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _rubbish.map(lambda line: words(plain, b"\x01" + line))


@mutation("a line of two words", "robustness.survives-garbage", Fate.EITHER, alone=True)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    method, target, version = plain.method, plain.target, plain.version
    lines = ((method, target), (method, version), (target, version), (method + target, version))
    return st.sampled_from((*lines, (method, target + version))).map(lambda said: words(plain, *said))


@mutation("more blanks between the words", SPACED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _gaps.map(lambda gaps: replace(plain, gaps=gaps))


@mutation("blanks at the ends of the line", SPACED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _edges.map(lambda edges: replace(plain, before=edges[0], version=plain.version + edges[1]))


@mutation("other white space between the words", SPACED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _odd_gaps.map(lambda gaps: replace(plain, gaps=gaps))


@mutation("an empty line before", "robustness.leading-empty-line-ignored", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.integers(1, 3).map(lambda count: replace(plain, before=b"\r\n" * count))


@mutation("half a line end before", "robustness.survives-garbage", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((b"\n", b"\r", b"\n\n")).map(lambda end: replace(plain, before=end))


@mutation("a CR inside the line", "message.bare-cr-rejected-or-space", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    pieces = (plain.target, b" ", plain.version, plain.method, b" ")  # the target first, where a CR reads like a blank

    def with_cr(place: int) -> Request:
        index, at = divmod(place, 7)
        index %= len(pieces)
        at %= len(pieces[index]) + 1
        torn = list(pieces)
        torn[index] = torn[index][:at] + b"\r" + torn[index][at:]
        target, second, version, method, first = torn
        return replace(plain, method=method, target=target, version=version, gaps=(first, second))

    return _place.map(with_cr)


@mutation("a lone LF after the request line", "robustness.survives-garbage", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((b"\n", b"\r\r\n", b"\n\r")).map(lambda end: replace(plain, line_end=end))
