"""Changes to Content-Length (RFC 9110 §8.6, RFC 9112 §6.2, §6.3).

A value that is no number, and several that differ, must be refused, whatever the method (§6.3, case 5). Equal values
may be taken for one or refused. A number that is too large for a server is still that number.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations.framed import HELLO, Behind, framing, with_lengths

INVALID = "framing.invalid-content-length-400"
CLOSE = "framing.invalid-content-length-close"
CONFLICTING = "framing.conflicting-content-lengths-400"
READ = "framing.read-body-or-close"
UNANNOUNCED = "framing.no-length-no-body"
HUGE = "framing.large-content-length-no-overflow"
ONE = ("http-1.1",)

SIGNS = (b"+5", b"-5", b"+0", b"-0", b"-1", b"++5", b"5+", b"5-")
OTHER_BASES = (b"0x5", b"0X5", b"x5", b"a", b"5h", b"0b101", b"0o5", b"#5", b"$5", b"\\5", b"%35")
FRACTIONS = (b"5.0", b"5.", b".5", b"5e0", b"5E0", b"5e+0", b"0.5e1", b"50e-1", b"5/1")
WORDS = (
    *(b"abc", b"five", b"chunked", b"NaN", b"Infinity", b"inf", b"null", b"None", b"true", b"undefined"),
    *(b"*", b"?", b"-", b"+", b"0x", b"content-length: 5", b"5 octets", b"5B", b"bytes 5", b"length=5"),
)
QUOTED = (b'"5"', b"'5'", b"`5`", b"(5)", b"<5>", b"[5]", b'"5', b'5"', b'\\"5\\"')
INNER_BLANKS = (b"5 5", b"5\t5", b"0 5", b"0\t5", b"- 5", b"+ 5", b"0 x5", b"5 ;", b"5 6")
DIGITS_BEYOND_ASCII = (
    *(text.encode() for text in ("\u0665", "\uff15", "\u096b", "\u2075", "\u00bd", "\u2464", "\u2164", "\U0001d7d3")),
    *(b"\xb2", b"\xb9", b"\xff5", b"5\xe9"),
)
BLANKS_BEYOND_ASCII = tuple(
    mark + b"5" if first else b"5" + mark
    for mark in (b"\xa0", b"\x85", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xe3\x80\x80")
    for first in (False, True)
)
PUNCTUATION = b"_.;:x/=-+'!~|&@^[]{}()<>?\"*%$#\\`"
CONTROLS = (11, 12, *range(1, 9), *range(14, 32), 127)  # no NUL, CR and LF: they may be repaired to blanks
JUNK = tuple(b"5" + bytes((octet,)) for octet in PUNCTUATION) + tuple(bytes((octet,)) + b"5" for octet in PUNCTUATION)
ODD_OCTETS = tuple(b"5" + bytes((octet,)) for octet in CONTROLS) + tuple(bytes((octet,)) + b"5" for octet in CONTROLS)
EMPTY = (b"", b",", b", ,", b"\t")
OTHERS = (b"4", b"0", b"3", b"1", b"2")
"""None is larger: who believes in it has the whole body, and is not left waiting."""
DIFFERENT = (
    *(pair for other in OTHERS for pair in ((b"5", other), (other, b"5"))),
    *((b"5", b"5", b"4"), (b"4", b"5", b"5"), (b"5", b"4", b"5")),
)
OTHER_NAMES = (
    b"Content_Length",
    b"X-Content-Length",
    b"Content-Lengths",
    b"ContentLength",
    b"Content-Length-",
    b"Length",
)
SAME = ((b"5", b"5"), (b"5", b"5", b"5"), (b"5", b"05"), (b"005", b"5"), (b"5, 5",), (b"5,5,5",), (b"5,",), (b",5",))
WRAPS = (2**32, 2**64, 2**31, 2**63, 2**33, 2**65, 2**128, 10**30, 10**100)
LARGE = tuple(b"%d" % number for number in (*(wrap + 5 for wrap in WRAPS), 2**31 - 1, 2**63 - 1, 2**64 - 1))


def _invalid(name: str, values: tuple[bytes, ...]) -> None:
    make = with_lengths([(value,) for value in values])
    framing(name, INVALID, Fate.REFUSED, behind=Behind.NOTHING, else_rule=CLOSE, needs=ONE)(make)


_invalid("a sign in Content-Length", SIGNS)
_invalid("a Content-Length to another base", OTHER_BASES)
_invalid("a Content-Length with a fraction or an exponent", FRACTIONS)
_invalid("a word for Content-Length", WORDS)
_invalid("a Content-Length in quotes", QUOTED)
_invalid("blanks inside Content-Length", INNER_BLANKS)
_invalid("digits beyond ASCII in Content-Length", DIGITS_BEYOND_ASCII)
_invalid("blanks beyond ASCII beside Content-Length", BLANKS_BEYOND_ASCII)
_invalid("a character too many in Content-Length", JUNK)
_invalid("a control octet in Content-Length", ODD_OCTETS)
_invalid("a Content-Length with a bad one beside it", (b"5, x", b"x, 5", b"5, -5", b"+5, 5", b"5;5", b"5, 5 5"))

framing(
    "two lines of Content-Length that differ",
    CONFLICTING,
    Fate.REFUSED,
    behind=Behind.NOTHING,
    else_rule=CLOSE,
    needs=ONE,
)(with_lengths(DIFFERENT))
framing(
    "a list of Content-Lengths that differ",
    CONFLICTING,
    Fate.REFUSED,
    behind=Behind.NOTHING,
    else_rule=CLOSE,
    needs=ONE,
)(with_lengths([(glue.join(pair),) for pair in DIFFERENT for glue in (b", ", b",", b" ,\t")]))

# Equal lengths, or a list of one with empty members, may be taken for one length (RFC 9112 §6.3, RFC 9110 §5.6.1).
framing("the same Content-Length more than once", READ, Fate.EITHER, behind=Behind.PLAIN)(with_lengths(SAME))
# An empty value may be read as a list without members, so that no content would be announced, or refused.
framing("an empty Content-Length", READ, Fate.EITHER)(with_lengths([(value,) for value in EMPTY]))
# NUL may be replaced by a blank (RFC 9110 §5.5), and blanks at the ends are none of the value.
framing("NUL beside Content-Length", READ, Fate.EITHER)(with_lengths([(b"5\0",), (b"\0005",), (b"5\0005",)]))
framing("a huge Content-Length", HUGE, Fate.EITHER, behind=Behind.UNSERVED, finished=False)(
    with_lengths([(value,) for value in LARGE])
)


@framing(
    "fewer octets announced than sent",
    READ,
    Fate.EITHER,
    base=Base.LENGTH,
    finished=False,
)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.integers(0, max(0, len(plain.content) - 1)).map(lambda length: _announcing(plain, length))


@framing(
    "more octets announced than sent",
    "framing.short-body-close",
    Fate.EITHER,
    base=Base.LENGTH,
    finished=False,
)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.integers(1, 20).map(lambda more: _announcing(plain, len(plain.content) + more))


@framing("a body that nothing announces", UNANNOUNCED, Fate.EITHER, finished=False)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((HELLO, b"\0", b"a=1", b"{}", b"\r\n")).map(lambda body: replace(plain, body=body))


@framing("a name like Content-Length", UNANNOUNCED, Fate.EITHER, behind=Behind.PLAIN, else_rule=UNANNOUNCED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(OTHER_NAMES).map(lambda name: plain.adding(FieldLine(name, b"5")))


def _announcing(plain: Request, length: int) -> Request:
    return plain.instead(b"Content-Length", FieldLine(b"Content-Length", b"%d" % length))
