"""Changes to Host (RFC 9112 §3.2, RFC 9110 §7.2, RFC 3986 §3.2.2): missing, repeated and invalid ones.

Its grammar is wide: a name may be empty, be made of dots, or hold commas and other marks, and a port may have any
number of digits. Such a Host names another server, which may be served by a default site or refused as misdirected.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import CONTROLS, HIGH, LOWER, octet, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.mutations import mutation

HTTP11 = ("http-1.1",)
"""Who speaks HTTP/1.0 alone owes nothing to a Host."""
INVALID = "host.invalid-400"
NEARLY_HOST = (
    b"X-Host",
    b"Hos",
    b"Hosts",
    b"ost",
    b"Hots",
    b"H-ost",
    b"Host-",
    b"-Host",
    b"H0st",
    b"Host.",
    b"Hosthost",
)
BAD_NAMES = (
    *(b"a b", b"a/b", b"a\\b", b"a?b", b"a#b", b"<a>", b'"a"', b"a{b}", b"a|b", b"a^b", b"a`b", b"a%zz", b"a%", b"a%2"),
    *(b"/", b"?", b"#", b"a@b", b"@", b"http://a/", b"//a", b"a, b", b"a\tb"),
)
BAD_BRACKETS = (
    *(b"[::1", b"::1", b"[::1]x", b"[]", b"[", b"]", b"a]", b"[::1]]", b"[[::1]]", b"[a]", b"[:::1]", b"[::g]"),
    *(b"[127.0.0.1]", b"[1:2:3:4:5:6:7:8:9]", b"[::12345]", b"[1::2::3]", b"[::1]80", b"[::256.0.0.1]", b"a[::1]"),
)
BAD_PORTS = (
    b"12x",
    b"x",
    b"-1",
    b"+80",
    b"8 0",
    b"80:80",
    b"0x50",
    b"80/",
    b"80,80",
    b"8.0",
    b"80%30",
    b"1_0",
    b"\xb9",
)
ODD_HOSTS = (
    *(b"a", b"a.invalid", b"A.INVALID", b"a:80", b"a:", b":", b":80", b".", b"..", b"a..b", b"a.", b"-a", b"_", b"*"),
    *(b"a,b", b"a;b", b"(a)", b"a=b", b"'a'", b"~", b"%41", b"%00", b"%2e%2e", b"%20", b"!$&'()*+,;="),
    *(b"[::1]", b"[::1]:80", b"[v1.a:b]", b"[::ffff:1.2.3.4]", b"1.2.3.4", b"999.999.999.999", b"0", b"2130706433"),
    *(b"a:0", b"a:65536", b"a:99999999999999999999", b"a:00080", b"a" * 300, b"a." * 200, b"a" * 5000),
)

_strangers = st.sampled_from((b"a.invalid", b"a", b"", b"127.0.0.1", b"localhost"))
_order = st.booleans()
_parted = st.booleans()
_cased = st.sampled_from((b"Host", b"host", b"HOST", b"hOST"))


def _named(plain: Request, value: bytes) -> Request:
    return plain.instead(b"host", FieldLine(b"Host", value))


def _name(authority: bytes) -> bytes:
    """The authority without its port."""
    name, colon, port = authority.rpartition(b":")
    return name if colon and port.isdigit() else authority


@mutation("no Host", "host.missing-400", Fate.REFUSED, needs=HTTP11)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain.without(b"host"))


@mutation("a field that is only called nearly like Host", "host.missing-400", Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(NEARLY_HOST).map(lambda name: plain.instead(b"host", FieldLine(name, ground.authority)))


@mutation("no Host beside a whole URL", "host.missing-400-absolute-form", Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain.without(b"host"), target=b"http://" + ground.authority + plain.target))


def _twice(plain: Request, one: bytes, name: bytes, other: bytes, parted: bool) -> Request:
    between = (FieldLine(b"X-A", b"1"),) if parted else ()
    return plain.instead(b"host", FieldLine(b"Host", one), *between, FieldLine(name, other))


@mutation("the same Host twice", "host.duplicate-400", Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    own = ground.authority
    return st.tuples(_cased, _parted).map(lambda drawn: _twice(plain, own, drawn[0], own, drawn[1]))


@mutation("two Hosts", "host.duplicate-400", Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    own = ground.authority

    def named(drawn: tuple[bytes, bytes, bool, bool]) -> Request:
        other, name, last, parted = drawn
        one, two = (other, own) if last else (own, other)
        return _twice(plain, one, name, two, parted)

    return st.tuples(_strangers, _cased, _order, _parted).map(named)


@mutation("two Hosts in one line", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    own = ground.authority
    lists = (own + b", " + own, own + b", a", b"a, " + own, own + b" " + own, own + b"; a", own + b" a")
    return st.sampled_from(lists).map(lambda value: _named(plain, value))


@mutation("a bad name as Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(BAD_NAMES).map(lambda value: _named(plain, value))


@mutation("bad brackets in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(BAD_BRACKETS).map(lambda value: _named(plain, value))


@mutation("a bad port in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    name = _name(ground.authority)
    return st.sampled_from(BAD_PORTS).map(lambda port: _named(plain, name + b":" + port))


@mutation("a user's name in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((b"user", b"user:pass", b"", b"a@b")).map(
        lambda user: _named(plain, user + b"@" + ground.authority)
    )


@mutation("more than an authority in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    whole = b"http://" + ground.authority
    values = (ground.authority + b"/", whole, whole + b"/", b"//" + ground.authority, ground.authority + b"?a")
    return st.sampled_from(values).map(lambda value: _named(plain, value))


@mutation("a control octet in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    # with a space in its place, as NUL and CR may be read (RFC 9110 §5.5), the value is as invalid
    name = _name(ground.authority)
    marks = st.tuples(octet(CONTROLS + b"\r"), st.booleans())
    return marks.map(
        lambda drawn: _named(plain, name[:1] + drawn[0] + name[1:] if drawn[1] else name + drawn[0] + b"x")
    )


@mutation("octets beyond ASCII in Host", INVALID, Fate.REFUSED, needs=HTTP11)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return octet(HIGH).map(lambda mark: _named(plain, b"a" + mark + b"b"))


@mutation("an odd but valid Host", "host.valid-value-accepted", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(ODD_HOSTS).map(lambda value: _named(plain, value))


@mutation("a foreign Host", "host.valid-value-accepted", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return word(LOWER, 20).map(lambda name: _named(plain, name + b".invalid"))


@mutation("an empty Host", "host.valid-value-accepted", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from((b"", b" ", b"\t", b" " * 100)).map(lambda value: _named(plain, value))


@mutation("HTTP/1.0 without Host", "version.http10-request-served", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain.without(b"host"), version=b"HTTP/1.0"))
