"""Requests that break off (RFC 9112 §6.3, §8; RFC 9110 §5.3): at any octet of the head, of a body, of chunks.

The rest never comes, so a server may wait for it. What it may not do is answer a head that is not whole by success;
a page may go out before a body has come.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.message import Request
from conformance.fuzz.mutations.framed import framing


@framing("a head cut short", "message.no-reply-before-head-complete", Fate.REFUSED, finished=False, alone=True)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    whole = plain.data
    # Without its last LF alone a head might be called complete by who takes a lone CR for a line end.
    return st.integers(1, len(whole) - 2).map(lambda length: _raw(whole[:length]))


@framing("a body cut short", "framing.short-body-close", Fate.EITHER, base=Base.LENGTH, finished=False, alone=True)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _cut_body(plain)


@framing("chunks cut short", "framing.read-body-or-close", Fate.EITHER, base=Base.CHUNKED, finished=False, alone=True)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _cut_body(plain)


def _cut_body(plain: Request) -> st.SearchStrategy[Request]:
    whole, head = plain.data, len(plain.head)
    return st.integers(head, max(head, len(whole) - 1)).map(lambda length: _raw(whole[:length]))


def _raw(octets: bytes) -> Request:
    """Octets that are no request in pieces any more."""
    return Request(b"", b"", (), version=b"", gaps=(b"", b""), before=octets, line_end=b"", end=b"")
