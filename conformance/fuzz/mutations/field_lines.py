"""Changes to field lines (RFC 9112 §2.2, §5; RFC 2616 §2.2): their names, colons, folds and ends.

Where two readings are lawful, such as to join a folded line or to refuse it, what must not come of either is shown by
a Host that is hidden there: a request without Host is refused (RFC 9112 §3.2).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import ALPHA, CONTROLS, DELIMITERS, HIGH, NOT_LINE_ENDS, octet, octets, without, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.mutations.framed import Behind, framing

NO_TOKEN = "field.nontoken-name-400"
BLANK_LED = "message.space-line-after-request-line"
FOLDED = "field.fold-refused-or-joined"
LONE_CR = "message.bare-cr-rejected-or-space"
HOSTLESS_REFUSED = ("http-1.1", "host.missing-400")
"""A hidden Host shows nothing where a missing one is not refused; who speaks HTTP/1.0 alone owes no such refusal."""
SURVIVES = "robustness.survives-garbage"
BLANKS = (b" ", b"\t", b"  ", b" \t", b"\t\t", b"\t ")
ODD_ENDS = (b"\n", b"\r\r\n", b"\n\r")
NO_COLON = (b"x", b"foo", b"foo bar", b"foo=bar", b"GET / HTTP/1.1", b"Host", b'"a"', b"a;b", b"HTTP/1.1 200 OK", b"--")
NO_NAME = (b":", b": ", b":x", b": x", b":: x", b":\t", b":Host: x")
ODD_NAMES = (
    *(b"X" + mark + b"A" for mark in octets(without(DELIMITERS, b":") + b" ")),
    *(b"X(A)", b"(X)", b"X[0]", b"<X>", b'"X"', b"X=A", b"X A B", b"{X}", b"X/1.0", b"X@A", b"X,Y", b"X;a=b"),
)
COUNTS = (50, 150, 1000)
LENGTHS = (300, 5000, 20_000, 70_000)
TOO_LARGE = "limits.header-too-large-4xx"

_front = st.booleans()
_odd = st.tuples(st.sampled_from(ODD_NAMES), _front)
_name_control = st.tuples(octet(CONTROLS + b"\t"), st.just(1), _front)
_name_high = st.tuples(octet(HIGH), st.integers(0, 2), _front)
_no_colon = st.tuples(st.sampled_from(NO_COLON), _front)
_no_name = st.tuples(st.sampled_from(NO_NAME), _front)
_blank = st.sampled_from(BLANKS)
_short = st.tuples(octet(ALPHA), _front)
_spaced = st.tuples(_blank, st.sampled_from((b"X-A", b"Host")))
_rubbish = word(NOT_LINE_ENDS)
_cr = st.sampled_from((b"\r", b"\r\r", b"\r ", b"\r\t", b"\r\r\r"))


def bare(line: bytes) -> FieldLine:
    """A line that is not parted into name and value."""
    return FieldLine(line, b"", b"")


def _beside(plain: Request, line: FieldLine, front: bool) -> Request:
    """The request with one line more, behind the others or in front of them."""
    return replace(plain, fields=(line, *plain.fields) if front else (*plain.fields, line))


def _host(plain: Request) -> bytes:
    """The good Host line without its end, to be hidden elsewhere."""
    return next(b"Host: " + value for value in plain.values(b"host"))


@mutation("an unknown field with a short name", "field.unknown-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _short.map(lambda drawn: _beside(plain, FieldLine(b"X-" + drawn[0], b"a"), drawn[1]))


@mutation("a line without a colon", "field.line-without-colon-400", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _no_colon.map(lambda drawn: _beside(plain, bare(drawn[0]), drawn[1]))


@mutation("an empty field name", "field.empty-name-400", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _no_name.map(lambda drawn: _beside(plain, bare(drawn[0]), drawn[1]))


def _odd_name(plain: Request, drawn: tuple[bytes, int, bool]) -> Request:
    odd, at, front = drawn
    return _beside(plain, FieldLine(b"XA"[:at] + odd + b"XA"[at:], b"1"), front)


@mutation("a delimiter in a field name", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _odd.map(lambda drawn: _beside(plain, FieldLine(drawn[0], b"1"), drawn[1]))


@mutation("a control octet in a field name", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _name_control.map(lambda drawn: _odd_name(plain, drawn))


@mutation("an octet beyond ASCII in a field name", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _name_high.map(lambda drawn: _odd_name(plain, drawn))


@mutation("a blank before the colon", "field.space-before-colon-400", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    def spaced(drawn: tuple[bytes, bytes]) -> Request:
        blank, name = drawn
        value = next(plain.values(name), b"1")
        return plain.instead(name, FieldLine(name, value, blank + b": "))

    return _spaced.map(spaced)


# -- lines led by blanks -----------------------------------------------------------------------------------------------


@mutation("a Host led by a blank, right after the request line", BLANK_LED, Fate.REFUSED, needs=HOSTLESS_REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.without(b"host").fields
    return _blank.map(lambda blank: replace(plain, fields=(bare(blank + _host(plain)), *rest)))


@mutation("a Host led by a blank, behind another such line", BLANK_LED, Fate.REFUSED, needs=HOSTLESS_REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.without(b"host").fields
    return st.tuples(_blank, _blank).map(
        lambda blanks: replace(plain, fields=(bare(blanks[0] + b"X: 1"), bare(blanks[1] + _host(plain)), *rest))
    )


@mutation("a line led by a blank, right after the request line", BLANK_LED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_blank, st.sampled_from((b"X: 1", b"x", b":", b""))).map(
        lambda drawn: _beside(plain, bare(b"".join(drawn)), True)
    )


@mutation("a Host in the second line of a folded field", FOLDED, Fate.REFUSED, needs=HOSTLESS_REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.without(b"host").fields
    return st.tuples(_blank, st.sampled_from((b"one", b"", b'"', b"one,"))).map(
        lambda drawn: replace(plain, fields=(FieldLine(b"X-A", drawn[1]), bare(drawn[0] + _host(plain)), *rest))
    )


@mutation("a folded field", FOLDED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_blank, st.sampled_from((b"two", b"", b"two: three")), _front).map(
        lambda drawn: _beside(plain, FieldLine(b"X-A", b"one", after=b"\r\n" + drawn[0] + drawn[1]), drawn[2])
    )


@mutation("a folded Host", FOLDED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    value = next(plain.values(b"host"))
    folds = st.tuples(_blank, st.sampled_from((0, len(value), 1, len(value) // 2)))
    return folds.map(
        lambda drawn: plain.instead(
            b"host", FieldLine(b"Host", value[: drawn[1]] + b"\r\n" + drawn[0] + value[drawn[1] :])
        )
    )


@mutation("blanks in the empty line", FOLDED, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _blank.map(lambda blank: replace(plain, end=blank + b"\r\n\r\n"))


# -- line ends ---------------------------------------------------------------------------------------------------------


@mutation("a Host behind a lone CR in a field", LONE_CR, Fate.REFUSED, needs=HOSTLESS_REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.without(b"host").fields
    return st.tuples(_cr, st.sampled_from((b"a", b"", b"a b"))).map(
        lambda drawn: replace(plain, fields=(FieldLine(b"X-A", drawn[1] + drawn[0] + _host(plain)), *rest))
    )


@mutation(
    "a Host behind a lone CR after the version",
    LONE_CR,
    Fate.REFUSED,
    needs=(*HOSTLESS_REFUSED, "version.malformed-refused"),
)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.without(b"host").fields
    line = FieldLine(b"X-A", b"1")
    return _cr.map(lambda cr: replace(plain, version=plain.version + cr + _host(plain), fields=(line, *rest)))


@mutation("a lone CR in a field name", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _front.map(lambda front: _odd_name(plain, (b"\r", 1, front)))


@mutation("a lone LF after a field line", SURVIVES, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(st.sampled_from(ODD_ENDS), _front).map(
        lambda drawn: (
            replace(plain, fields=(FieldLine(b"X-A", b"1", end=drawn[0]), *plain.fields))
            if drawn[1]
            else replace(
                plain, fields=(*plain.fields[:-1], replace(plain.fields[-1], end=drawn[0]), FieldLine(b"X-A", b"1"))
            )
        )
    )


@mutation("a lone LF as empty line", SURVIVES, Fate.EITHER, finished=False)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((b"\n", b"\r\r\n")).map(lambda end: replace(plain, end=end))


@mutation("lone LFs only", SURVIVES, Fate.EITHER, finished=False)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    lines = tuple(replace(line, end=b"\n") for line in plain.fields)
    return st.just(replace(plain, line_end=b"\n", fields=lines, end=b"\n"))


# -- number and size ---------------------------------------------------------------------------------------------------


@framing("many fields", TOO_LARGE, Fate.EITHER, behind=Behind.PLAIN, else_rule=TOO_LARGE)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(COUNTS).map(lambda count: plain.adding(*(FieldLine(b"X-A", b"b"),) * count))


@framing("a long field name", TOO_LARGE, Fate.EITHER, behind=Behind.PLAIN, else_rule=TOO_LARGE)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LENGTHS).map(lambda length: plain.adding(FieldLine(b"X" * length, b"1")))


@framing("a long field value", TOO_LARGE, Fate.EITHER, behind=Behind.PLAIN, else_rule=TOO_LARGE)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LENGTHS).map(lambda length: plain.adding(FieldLine(b"X-A", b"b" * length)))


@mutation("a field line without sense", SURVIVES, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.tuples(_rubbish, _front).map(lambda drawn: _beside(plain, bare(drawn[0]), drawn[1]))
