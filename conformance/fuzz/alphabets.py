"""Alphabets: classes of octets by the grammars of HTTP and URIs, the simplest octet first, and words made of them.

Grammar: RFC 9110 §5.6.2 (token) and §5.5 (field values), RFC 3986 §2 and §3.
"""

from __future__ import annotations

from hypothesis import strategies as st

LOWER = b"abcdefghijklmnopqrstuvwxyz"
ALPHA = LOWER + LOWER.upper()
DIGITS = b"0123456789"
TOKEN = ALPHA + DIGITS + b"!#$%&'*+-.^_`|~"
QUERY = ALPHA + DIGITS + b"-._~!$&'()*+,;=:@/?"
DELIMITERS = b'(),/:;<=>?@[\\]{}"'
"""What is visible, and in no token."""
NOT_URI = b'"<>\\^`{|}'
HIGH = bytes(range(0x80, 0x100))
SPACING = b"\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"
"""What some language takes for white space, if the octets are read as ISO-8859-1, beside blank, tab and line ends."""
CONTROLS = b"\0\x7f" + bytes(octet for octet in range(1, 32) if octet not in b"\t\n\r")
NOT_LINE_ENDS = bytes(range(33, 127)) + bytes(
    octet for octet in range(256) if not 32 < octet < 127 and octet not in b"\r\n"
)


def octets(alphabet: bytes) -> tuple[bytes, ...]:
    """The octets of ``alphabet`` one by one."""
    return tuple(alphabet[place : place + 1] for place in range(len(alphabet)))


def octet(alphabet: bytes) -> st.SearchStrategy[bytes]:
    """One octet; shrinks towards the first."""
    return st.sampled_from(octets(alphabet))


def word(alphabet: bytes, most: int = 8) -> st.SearchStrategy[bytes]:
    """Up to ``most`` octets, at least one; shrinks towards one octet, the first."""
    return st.lists(octet(alphabet), min_size=1, max_size=most).map(b"".join)


def without(alphabet: bytes, others: bytes) -> bytes:
    """``alphabet`` without ``others``."""
    return bytes(octet for octet in alphabet if octet not in others)
