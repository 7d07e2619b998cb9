"""Changes to the method (RFC 9112 §3.1, RFC 9110 §9.1 and §16.1.1): any token is a method by its form.

Blanks and line ends in it are the matter of the request line.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import CONTROLS, DELIMITERS, HIGH, SPACING, TOKEN, octet, without, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import files, manner
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

NO_TOKEN = "method.non-token-400"
SMALL = (b"get", b"Get", b"GEt", b"gET", b"gEt", b"GeT", b"geT")
LOOKALIKES = tuple(method.encode() for method in ("\uff27ET", "GE\uff34", "\u0262ET", "G\u0395T", "GE\u03a4"))
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # of the order of octets, in three encodings of Unicode
LENGTHS = (100, 1000, 5000, 20_000)

_delimiters = word(DELIMITERS, 2)
_controls = word(CONTROLS, 2)
_high = word(HIGH, 2)
_edge = st.tuples(octet(without(CONTROLS, SPACING)), st.booleans())


def _inside(plain: Request, octets: bytes) -> Request:
    return replace(plain, method=plain.method[:1] + octets + plain.method[-1:])


@mutation("a delimiter in the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _delimiters.map(lambda octets: _inside(plain, octets))


@mutation("control octets in the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _controls.map(lambda octets: _inside(plain, octets))


@mutation("octets beyond ASCII in the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _high.map(lambda octets: _inside(plain, octets))


@mutation("a control octet beside the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _edge.map(
        lambda drawn: replace(plain, method=drawn[0] + plain.method if drawn[1] else plain.method + drawn[0])
    )


@mutation("letters that only look like the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LOOKALIKES).map(lambda method: replace(plain, method=method))


@mutation("a byte order mark before the method", NO_TOKEN, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(MARKS).map(lambda mark: replace(plain, method=mark + plain.method))


@mutation("a method in small letters", "method.case-sensitive", Fate.REFUSED)
@manner(plains=files)  # a listing may be shown to whatever method: that is no matter of letters
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(SMALL).map(lambda method: replace(plain, method=method))


@mutation("an unknown method", "method.unknown-501", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return word(TOKEN).map(lambda name: replace(plain, method=b"X" + name))


@mutation("a method with an octet too many", "method.unknown-501", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return octet(TOKEN).map(lambda extra: replace(plain, method=plain.method + extra))


@mutation("a long method", "method.too-long-501", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LENGTHS).map(lambda length: replace(plain, method=b"M" * length))


@mutation("a CONNECT to a page", "connect.not-answered-as-get", Fate.EITHER, alone=True)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    whole = b"http://" + ground.authority + plain.target
    return st.sampled_from((plain.target, whole, b"*", b":80", ground.authority + b"/")).map(
        lambda target: replace(plain, method=b"CONNECT", target=target)
    )
