"""What good requests are dressed in: ordinary fields, fields that nobody knows, contents.

All are within the grammar (RFC 9110 §5.6, §10.1, §12.5, RFC 9111 §5.2), and none asks for anything but the page itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

from conformance.fuzz.message import FieldLine

T = TypeVar("T")

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
MARKS = "-_.~!#$%&'*+^`|"
"""What may stand in a token beside letters and digits (RFC 9110 §5.6.2)."""
TOKEN = LETTERS + LETTERS.upper() + DIGITS + MARKS
VISIBLE = LETTERS + LETTERS.upper() + DIGITS + MARKS + '"(),/:;<=>?@[\\]{}'
VALUE = VISIBLE + " \t"
"""What may stand in a field value (RFC 9110 §5.5), but for octets beyond ASCII."""

ORDINARY = (
    FieldLine(b"Accept", b"*/*"),
    FieldLine(b"User-Agent", b"check/1.0"),
    FieldLine(b"Referer", b"http://127.0.0.1:1/page?a=b"),
    FieldLine(b"Cookie", b'a=1; b="2"; c='),
    FieldLine(b"Cache-Control", b"max-age=0"),
    FieldLine(b"Pragma", b"no-cache"),
    FieldLine(b"Connection", b"keep-alive"),
    FieldLine(b"From", b"nobody@example.org"),
    FieldLine(b"Priority", b"u=3, i"),
    FieldLine(b"User-Agent", b"check/1.0 (a comment (and one inside; with \\) in it)) other/2"),
)
"""Fields that change nothing about the answer, the simplest first."""

DRESSES = (
    (ORDINARY[1],),
    (FieldLine(b"Accept", b"text/html,text/plain;q=0.9,*/*;q=0.8"), FieldLine(b"Accept-Language", b"en-GB, en;q=0.5")),
    (ORDINARY[9], ORDINARY[0], FieldLine(b"Accept-Encoding", b"identity"), ORDINARY[2], ORDINARY[6]),
    (ORDINARY[3], FieldLine(b"X-Quoted", b'"a, \\"b\\"; c"'), ORDINARY[4]),
)
"""Fields as clients send them together."""

CONTENTS = (b"hello", b"a=1&b=2", b"0123456789abcdefg", b"\r\n\r\n", b"\0\x80\xff", b"x" * 300)


def one_of_these(options: Sequence[T]) -> st.SearchStrategy[T]:
    """One of many options; shrinks to the first. Unlike sampled_from, it does not name them all if asked what it is."""
    return st.integers(0, len(options) - 1).map(options.__getitem__)


_token = st.text(TOKEN, min_size=1, max_size=12).map(str.encode)
_value = st.text(VALUE, max_size=20).map(lambda text: text.strip().encode())

UNKNOWN = st.tuples(st.text(LETTERS, min_size=1, max_size=8).map(str.encode), _value).map(
    lambda parts: FieldLine(b"X-Unknown-" + parts[0], parts[1])
)
"""A field that nobody knows, with any value."""
MARKED = st.tuples(_token, st.text(VISIBLE, max_size=8).map(str.encode)).map(
    lambda parts: FieldLine(b"X-" + parts[0], parts[1])
)
"""The same with any name."""


def secret(number: int) -> bytes:
    """A word that stands in no page, by which it would be known if it came back in another answer."""
    word = ""
    for _ in range(10):
        number, place = divmod(number, 26)
        word += LETTERS[place]
    return b"zq" + word.encode()


SECRETS = st.integers(0, 26**10 - 1).map(secret)
