"""Other spellings of the target that mean the same, and of what stands before it (RFC 9112 §2.2, §3.2, RFC 3986 §6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.manner import bare, files, manner
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.ordinary import DIGITS, LETTERS, one_of_these

PLAIN = (LETTERS + LETTERS.upper() + DIGITS).encode()
"""Letters and digits, which are never anything but data; of the other unreserved ones a filter may beware."""
HEXED = bytes(octet for octet in PLAIN if (b"%x" % octet).isalnum() and not (b"%x" % octet).isdigit())
QUERY = LETTERS + DIGITS + "-._~!$'()*+,;=:@/?&"
ESCAPE = re.compile(rb"%[0-9A-F]{2}")
NEEDS = ("http-1.1",)


def _escaped(target: bytes, among: bytes, form: bytes) -> Iterator[bytes]:
    """The target with one octet ``among`` these escaped, for each of its octets; and with all of them."""
    path, mark, query = target.partition(b"?")
    places = [place for place, octet in enumerate(path) if octet in among]
    for place in places:
        yield path[:place] + form % path[place] + path[place + 1 :] + mark + query
    if len(places) > 1:
        yield b"".join(form % octet if octet in among else bytes([octet]) for octet in path) + mark + query


def _retargeted(plain: Request, targets: Iterator[bytes]) -> st.SearchStrategy[Request]:
    return one_of_these([replace(plain, target=target) for target in targets] or [plain])


def _lettered(ground: Ground) -> tuple[Request, ...]:
    """The pages with a letter in their path."""
    found = tuple(request for request in bare(ground) if any(octet in HEXED for octet in request.target))
    return found or bare(ground)


@mutation("an escaped letter in the path", "target.unreserved-encoding-equivalent", Fate.SERVED)
@manner(plains=_lettered)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _retargeted(plain, _escaped(plain.target, PLAIN, b"%%%02X"))


def _in_capitals(ground: Ground) -> tuple[Request, ...]:
    """The pages with escapes in capitals, beside which those in small letters are seen: that both fail is no matter."""
    return tuple(
        replace(plain, target=target)
        for plain in _lettered(ground)
        for target in _escaped(plain.target, HEXED, b"%%%02X")
    ) or bare(ground)


@mutation("an escape with small hex digits", "target.hex-digit-case", Fate.SERVED)
@manner(plains=_in_capitals)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    small = ESCAPE.sub(lambda escape: escape[0].lower(), plain.target)
    return st.just(replace(plain, target=small))


@mutation("a whole URL as target", "target.absolute-form-accepted", Fate.SERVED, needs=NEEDS)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, target=b"http://" + ground.authority + plain.target))


def _whole(ground: Ground) -> tuple[Request, ...]:
    return tuple(replace(plain, target=b"http://" + ground.authority + plain.target) for plain in bare(ground))


@mutation("capitals in the scheme", "target.scheme-case-insensitive", Fate.SERVED, needs=NEEDS)
@manner(plains=_whole)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _retargeted(plain, (scheme + plain.target[4:] for scheme in (b"HTTP", b"Http", b"hTtP")))


@mutation("a whole URL without a path", "target.absolute-empty-path-is-root", Fate.EITHER, needs=NEEDS)
def _(plain: Request, ground: Ground) -> st.SearchStrategy[Request]:
    whole = b"http://" + ground.authority
    return _retargeted(plain, iter((whole, whole + b"?a=b")))


@mutation("a query", "target.origin-form-accepted", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    queries = st.text(QUERY, max_size=12).map(str.encode)
    return queries.map(lambda query: replace(plain, target=plain.target.partition(b"?")[0] + b"?" + query))


@mutation("a query of letters", "target.origin-form-accepted", Fate.EITHER)
@manner(plains=files)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return _retargeted(plain, (plain.target + query for query in (b"?a", b"?a=b", b"?a=b&c=d", b"?1", b"?")))


@mutation("capitals in the name of the host", "host.name-case-insensitive", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    host = plain.fields[0]
    values = dict.fromkeys((host.value.upper(), host.value.title(), host.value.swapcase()))
    return one_of_these([plain.instead(b"Host", replace(host, value=value)) for value in values])


@mutation("one empty line before", "robustness.leading-empty-line-ignored", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, before=b"\r\n"))


@mutation("HEAD for GET", "head.same-status-as-get", Fate.SERVED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, method=b"HEAD"))


@mutation("OPTIONS of a page", "options.no-action-or-retrieval", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, method=b"OPTIONS"))


@mutation("OPTIONS of the server", "options.asterisk-server-wide", Fate.EITHER)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, method=b"OPTIONS", target=b"*"))
