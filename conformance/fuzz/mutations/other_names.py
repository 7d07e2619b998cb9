"""Targets that are almost a page's, and name something else (RFC 3986 §2.2, §2.4, §7.3): escapes that stay data.

Whatever is answered is lawful but the page itself: whoever sends that has decoded the target twice, or before he cut
the query off, or has ended the name at a NUL.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import ALPHA, DIGITS
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import files, manner
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

OTHER_NAMES = frozenset(
    {
        "an escape that is escaped itself",
        "an escaped NUL behind the name of a page",
        "an escaped question mark behind the name of a page",
        "an escaped number sign behind the name of a page",
    }
)
"""Those whose answer must not be the page: for the properties."""

LETTERS = ALPHA + DIGITS


def _behind(plain: Request, *rests: bytes) -> st.SearchStrategy[Request]:
    return st.sampled_from([replace(plain, target=plain.target + rest) for rest in rests])


@mutation("an escape that is escaped itself", "target.decoded-once", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    target = plain.target
    places = [place for place, octet in enumerate(target) if octet in LETTERS]
    made = [replace(plain, target=target[:at] + b"%%25%02X" % target[at] + target[at + 1 :]) for at in places]
    return st.sampled_from(made or [replace(plain, target=target + b"%252E")])


@mutation("an escaped NUL behind the name of a page", "security.nul-in-target-rejected", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _behind(plain, b"%00", b"%00a", b"%00.html", b"%00%00", b"%00.png")


@mutation("an escaped question mark behind the name of a page", "target.split-before-decode", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _behind(plain, b"%3F", b"%3Fa", b"%3fa=b", b"%3F%3F")


@mutation("an escaped number sign behind the name of a page", "target.split-before-decode", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _behind(plain, b"%23", b"%23a", b"%23top")
