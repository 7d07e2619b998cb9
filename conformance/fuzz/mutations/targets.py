"""Changes to the target (RFC 9112 §3.2, RFC 9110 §4.2 and §7.1, RFC 3986): its four forms, octets and escapes.

What fits no grammar of a URI should be answered by 400 or a redirect (RFC 9112 §3.2), but a server may also look up a
file of that name; so most of these decide nothing. A whole URL of another server may be served or refused as
misdirected (RFC 9110 §7.4).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.alphabets import ALPHA, CONTROLS, HIGH, LOWER, NOT_URI, octet, word
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

NO_SLASH = "target.no-leading-slash-rejected"
NO_URI = "target.invalid-uri-rejected"
ODD_STARTS = (b"?", b"\\", b".", b"..", b";", b"@", b"*", b"~", b"%2F", b"%2f", b"./", b"../", b"=", b"&", b"$")
NUMERIC = (b"127.0.0.1", b"0.0.0.0", b"192.0.2.1", b"[::1]", b"1", b"0")  # no scheme begins like these
PORTS = (b"80", b"0", b"443", b"8080", b"65535", b"65536", b"99999", b"")
USERS = (b"user", b"a", b"user:pass", b"user:", b":pass", b"user%40x", b"localhost", b"localhost:80", b"127.0.0.1")
BROKEN_ESCAPES = (b"%", b"%2", b"%zz", b"%%", b"%u0041", b"%-1", b"%2\xe9", b"%0", b"%g0", b"%+1", b"% 1", b"%2%35")
NO_UTF8 = (b"%FF", b"%C3", b"%C0%AF", b"%ED%A0%80", b"%00", b"%FE%FF", b"%F4%90%80%80", b"%80", b"%E2%82")
NUL_ESCAPES = (b"%00", b"%00.html", b"%00/", b"%2500", b"%C0%80", b"%0a", b"%0d%0aX:1", b"%7f", b"%01")
CLIMBS = (b"%2e%2e", b"..", b"%2E.", b".%2e", b"%252e%252e", b"..%2f..", b"..%5c..", b"..\\..", b"...", b".", b"%2e")
SCHEMES = (b"https", b"ftp", b"file", b"ws", b"gopher", b"x", b"h2c", b"httpx", b"a+b-c.d", b"urn")
BAD_HOSTS = (
    *(b"a:b", b"[::1", b"::1", b"a]b", b"[]", b"a%zz", b"a:80:80", b"a:-1", b"a:99999", b"a_b", b"%41", b"\xe9", b"."),
    *(b"[::1]x", b"[v1.a]", b"[127.0.0.1]", b"a\\b", b"<a>", b"a\0b"),
)
SLASHES = (b":", b":/", b":///", b"//", b":\\\\", b"%3A//", b"")
LENGTHS = (300, 5000, 20_000, 70_000)

_start = word(ALPHA)
_numeric = st.tuples(st.sampled_from(NUMERIC), st.sampled_from(PORTS))
_fragment = st.sampled_from((b"", b"part", b"a", b"top", b"/", b"!", b"a=b", b"%23", b"1", b"L10", b"a.b"))
_no_uri = word(NOT_URI + HIGH)
_controls = word(CONTROLS, 3)
_place = st.integers(0, 40)
_steps = word(b"/.", 12)
_climb = st.lists(st.sampled_from(CLIMBS), min_size=1, max_size=6)


def _to(plain: Request, target: bytes) -> Request:
    return replace(plain, target=target)


@mutation("a target without its slash", NO_SLASH, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.target.replace(b":", b"")  # lest a scheme be seen
    return _start.map(lambda start: _to(plain, start + rest))


@mutation("the slash left out", NO_SLASH, Fate.REFUSED)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    kept = [target[1:].replace(b":", b"") for target in (plain.target, *ground.pages)]
    return st.sampled_from([_to(plain, target) for target in kept if target] or [_to(plain, b"a")])


@mutation("another octet in the place of the slash", NO_SLASH, Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    rest = plain.target[1:] or b"a=1"
    return st.sampled_from(ODD_STARTS).map(lambda start: _to(plain, start + rest))


@mutation("a host and port as target", "target.authority-form-only-connect", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _numeric.map(lambda drawn: _to(plain, b":".join(drawn)))


@mutation("an asterisk as target", "target.asterisk-only-options", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(_to(plain, b"*"))


@mutation("a fragment", "target.fragment-rejected", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    path, mark, query = plain.target.partition(b"?")  # behind the mark it would only be an odd octet of the query
    return _fragment.map(lambda fragment: _to(plain, path + b"#" + fragment + mark + query))


@mutation("a user's name before the host", "target.userinfo-rejected", Fate.REFUSED)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    rest = b"@" + ground.authority + plain.target
    return st.sampled_from(USERS).map(lambda user: _to(plain, b"http://" + user + rest))


@mutation("a whole URL without a host", "target.empty-host-rejected", Fate.REFUSED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    starts = (b"http://", b"http://:80", b"http://:", b"HTTP://", b"https://", b"http://:8080")
    return st.sampled_from(starts).map(lambda start: _to(plain, start + plain.target))


@mutation("a whole URL of another scheme", "target.https-on-plain-rejected", Fate.EITHER)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    rest = b"://" + ground.authority + plain.target
    return st.sampled_from(SCHEMES).map(lambda scheme: _to(plain, scheme + rest))


@mutation("a whole URL with a bad host", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(BAD_HOSTS).map(lambda host: _to(plain, b"http://" + host + plain.target))


@mutation("a whole URL of another server", "target.absolute-form-overrides-host", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return word(LOWER).map(lambda name: _to(plain, b"http://" + name + b".invalid" + plain.target))


@mutation("a whole URL with other slashes", NO_URI, Fate.EITHER)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    rest = ground.authority + plain.target
    return st.sampled_from(SLASHES).map(lambda slashes: _to(plain, b"http" + slashes + rest))


@mutation("octets outside the grammar of URIs", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _no_uri.map(lambda octets: _to(plain, b"/" + octets))


@mutation("broken percent-escapes", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(BROKEN_ESCAPES).map(lambda escape: _to(plain, plain.target + escape))


@mutation("broken percent-escapes in a query", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(BROKEN_ESCAPES).map(lambda escape: _to(plain, plain.target + b"?a=" + escape))


@mutation("escapes that are no UTF-8", "robustness.undecodable-percent-octets", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(NO_UTF8).map(lambda escape: _to(plain, b"/" + escape))


@mutation("an escaped control octet", "robustness.survives-garbage", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(NUL_ESCAPES).map(lambda escape: _to(plain, plain.target + escape))


@mutation("control octets in the target", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _controls.map(lambda octets: _to(plain, plain.target + octets))


@mutation("an octet inside the path that no URI holds", NO_URI, Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    def inserted(drawn: tuple[bytes, int]) -> Request:
        at = 1 + drawn[1] % len(plain.target)
        return _to(plain, plain.target[:at] + drawn[0] + plain.target[at:])

    return st.tuples(octet(NOT_URI + HIGH + CONTROLS + b"\t"), _place).map(inserted)


@mutation("many slashes and dots", "robustness.survives-garbage", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _steps.map(lambda path: _to(plain, b"/" + path))


@mutation("dots that climb, escaped or not", "robustness.survives-garbage", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _climb.map(lambda steps: _to(plain, b"/" + b"/".join(steps) + plain.target))


@mutation("a long target", "limits.target-too-long-414", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LENGTHS).map(lambda length: _to(plain, b"/" + b"x" * length))


@mutation("a long query", "limits.target-too-long-414", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.sampled_from(LENGTHS).map(lambda length: _to(plain, plain.target + b"?" + b"x" * length))
