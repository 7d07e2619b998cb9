"""Changes to the version (RFC 9112 §2.3, RFC 9110 §2.5 and §6.2, RFC 2616 §3.1).

RFC 2616 has several digits on either side of the dot and leading zeros, RFC 9112 one digit: such versions may be
refused or served. White space at the end belongs to no word (RFC 9112 §3).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import ALPHA, CONTROLS, DELIMITERS, HIGH, SPACING, octet, without
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

MALFORMED = "version.malformed-refused"
GOOD = b"HTTP/1.1"
BROKEN = (
    *(b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1.1.1", b"HTTP/11", b"HTTP/1,1", b"HTTP/x.1", b"HTTP/1.x"),
    *(b"HTTP/-1.1", b"HTTP1.1", b"HTTP-1.1", b"HTP/1.1", b"FTP/1.1", b"1.1", b"HTTP/1.1;x", b"HTTP/"),
    *(b"HTTP", b"HTTP/+1.1", b"HTTP/1.+1", b"HTTP/1.-1", b"HTTP/1_0.1", b"HTTP/1.1e0", b"HTTP/0x1.1", b"HTTP//1.1"),
    *(b"HTTP/1/1", b"HTTP/one.one", b"HTTP/nan.0", b"HTTP/%31.1", b"x"),
)
PROTOCOLS = (b"FTP/1.0", b"HTTPS/1.1", b"RTSP/1.0", b"SIP/2.0", b"ICAP/1.0", b"XHTTP/1.1", b"HTCPCP/1.0", b"A/1.1")
OTHERS = (b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9")
UNUSUAL_NUMBERS = (
    *(b"HTTP/01.1", b"HTTP/1.01", b"HTTP/1.10", b"HTTP/10.1", b"HTTP/1.11", b"HTTP/1.999", b"HTTP/1.0000000001"),
    *(b"HTTP/1.4294967297", b"HTTP/4294967297.1", b"HTTP/1.18446744073709551617", b"HTTP/18446744073709551617.1"),
    *(b"HTTP/" + b"0" * 100 + b"1.1", b"HTTP/1." + b"1" * 5000),
)
SMALL = (b"http/1.1", b"Http/1.1", b"HTTp/1.1", b"hTTP/1.1", b"HttP/1.1")
HIGH_DIGITS = ("HTTP/\u0661.1", "HTTP/1.\u0661", "HTTP/\uff11.1", "\uff28TTP/1.1", "HTTP\u20441.1", "HTTP/1\u00b71")
LATIN_DIGITS = (b"HTTP/\xb9.1", b"HTTP/1.\xb9", b"HTTP/1.\xbd", b"HTTP/1.1\xb9")  # superscripts and fractions
DROPPED = tuple(dict.fromkeys(GOOD[:at] + GOOD[at + 1 :] for at in range(len(GOOD))))
SWAPPED = tuple(
    swapped
    for at in range(len(GOOD) - 1)
    if (swapped := GOOD[:at] + GOOD[at + 1 : at + 2] + GOOD[at : at + 1] + GOOD[at + 2 :]) != GOOD
)

_place = st.integers(0, len(GOOD))
_inside = st.integers(1, len(GOOD) - 1)
_visible = st.tuples(octet(ALPHA + DELIMITERS + b".-+_%*"), _place)
_control = st.tuples(octet(CONTROLS), _inside)
_last_control = octet(without(CONTROLS, SPACING))
_high = st.tuples(octet(without(HIGH, SPACING)), _place)


def _inserted(plain: Request, octets: bytes, place: int) -> Request:
    return replace(plain, version=GOOD[:place] + octets + GOOD[place:])


def _one_of(versions: tuple[bytes, ...], plain: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(versions).map(lambda version: replace(plain, version=version))


@mutation("a broken version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(BROKEN, plain)


@mutation("another protocol", "request-line.malformed-rejected", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(PROTOCOLS, plain)


@mutation("an octet missing in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(DROPPED, plain)


@mutation("two octets swapped in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(SWAPPED, plain)


@mutation("an octet too many in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _visible.map(lambda drawn: _inserted(plain, *drawn))


@mutation("a control octet in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _control.map(lambda drawn: _inserted(plain, *drawn))


@mutation("a control octet after the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _last_control.map(lambda control: replace(plain, version=GOOD + control))


@mutation("octets beyond ASCII in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _high.map(lambda drawn: _inserted(plain, *drawn))


@mutation("digits beyond ASCII in the version", MALFORMED, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of((*LATIN_DIGITS, *(version.encode() for version in HIGH_DIGITS)), plain)


@mutation("a version in small letters", "version.lower-case-name-refused", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(SMALL, plain)


@mutation("another version", "version.sent-not-above-own", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(OTHERS, plain)


@mutation("unusual numbers in the version", "version.sent-not-above-own", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _one_of(UNUSUAL_NUMBERS, plain)
