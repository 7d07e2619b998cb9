"""Other spellings of a body that carry the same content (RFC 9112 §6, §7.1): chunks, extensions, trailers.

Nobody has to take a body, so that they are compared with the plainest one in the same coding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.manner import Way, bare, manner
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.fuzz.mutations import mutation
from conformance.fuzz.ordinary import LETTERS, SECRETS, VISIBLE

SIZES = "chunked.size-forms-accepted"
EXTENSIONS = "chunked.extensions-ignored"
TRAILERS = "chunked.request-trailer-read"
QUOTED = "".join(octet for octet in VISIBLE if octet not in '"\\') + " \t"


def _chunked(plain: Request) -> Chunked:
    assert isinstance(plain.body, Chunked), "the base is a body in chunks"
    return plain.body


def _sized(plain: Request, spell: Callable[[bytes], bytes]) -> Request:
    """The request with the sizes of all chunks but the last spelled otherwise."""
    body = _chunked(plain)
    chunks = tuple(replace(chunk, size=spell(b"%x" % len(chunk.data))) for chunk in body.chunks)
    return replace(plain, body=replace(body, chunks=chunks))


@mutation("leading zeros in a chunk size", SIZES, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    zeros = st.sampled_from((b"0", b"00", b"0000"))
    return zeros.map(lambda more: _sized(plain, lambda size: more + size))


def _lettered(ground: Ground) -> tuple[Request, ...]:
    """Bodies in one chunk each whose size has a letter among its digits."""
    method, target = ground.taker
    fields = (FieldLine(b"Host", ground.authority), FieldLine(b"Transfer-Encoding", b"chunked"))
    contents = (b"0123456789", b"0123456789abcde", b"x" * 0xAB)
    return tuple(Request(method, target, fields, Chunked((Chunk(content),))) for content in contents)


@mutation("capitals in a chunk size", SIZES, Fate.SERVED, base=Base.CHUNKED)
@manner(plains=_lettered)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(_sized(plain, bytes.upper))


@mutation("zeros in the last chunk size", SIZES, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    body = _chunked(plain)
    return st.sampled_from([replace(plain, body=replace(body, last=b"0" * count)) for count in (2, 3, 8)])


@mutation("chunks cut otherwise", SIZES, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    body = _chunked(plain)
    content = body.content
    every = tuple(Chunk(content[place : place + 1]) for place in range(len(content)))

    def cut(place: int) -> Request:
        parts = (Chunk(content[:place]), Chunk(content[place:])) if place else every
        return replace(plain, body=replace(body, chunks=parts))

    return st.integers(0, len(content) - 1).map(cut)


_name = st.text(LETTERS, min_size=1, max_size=6).map(str.encode)
_extension = st.one_of(
    _name.map(lambda name: b";" + name),
    st.tuples(_name, _name).map(lambda pair: b";" + pair[0] + b"=" + pair[1]),
    st.tuples(_name, st.text(QUOTED, max_size=8)).map(lambda pair: b";" + pair[0] + b'="' + pair[1].encode() + b'"'),
    st.sampled_from((b';a="\\""', b';a="\\\\"', b';a="\\a;\\""', b";a;b=c", b';a="";b')),
)


def _extended(plain: Request, drawn: tuple[bytes, int]) -> Request:
    """The request with an extension behind the size of one chunk, or of the last."""
    extension, place = drawn
    body = _chunked(plain)
    if place == len(body.chunks):
        return replace(plain, body=replace(body, last=body.last + extension))
    chunks = list(body.chunks)
    chunks[place] = replace(chunks[place], extension=extension)
    return replace(plain, body=replace(body, chunks=tuple(chunks)))


@mutation("a chunk extension", EXTENSIONS, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    places = st.integers(0, len(_chunked(plain).chunks))
    return st.tuples(_extension, places).map(lambda drawn: _extended(plain, drawn))


@mutation("blanks in a chunk extension", "chunked.extension-bad-whitespace-accepted", Fate.EITHER, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    blanks = (b" ;a=b", b"; a=b", b";a =b", b";a= b", b"\t;\ta\t=\tb", b" ; a")
    places = st.integers(0, len(_chunked(plain).chunks))
    return st.tuples(st.sampled_from(blanks), places).map(lambda drawn: _extended(plain, drawn))


_value = st.text(VISIBLE, max_size=8).map(str.encode) | SECRETS
_trailer = st.tuples(_name, _value).map(lambda pair: FieldLine(b"X-" + pair[0], pair[1]))


@mutation("a trailer", TRAILERS, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    body = _chunked(plain)
    lines = st.lists(_trailer, min_size=1, max_size=3).map(tuple)
    return lines.map(lambda trailers: replace(plain, body=replace(body, trailers=trailers)))


@mutation("a trailer that is announced", TRAILERS, Fate.SERVED, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    body = _chunked(plain)

    def announced(line: FieldLine) -> Request:
        return replace(plain.adding(FieldLine(b"Trailer", line.name)), body=replace(body, trailers=(line,)))

    return _trailer.map(announced)


@mutation("chunks for a length", "chunked.request-decoded", Fate.EITHER, base=Base.LENGTH)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    coded = plain.instead(b"Content-Length", FieldLine(b"Transfer-Encoding", b"chunked"))
    return st.just(replace(coded, body=Chunked((Chunk(plain.content),))))


@mutation("no content at all in chunks", "chunked.request-decoded", Fate.EITHER, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(replace(plain, body=Chunked()))


@mutation("a body in a GET", "message.undefined-body-ignored", Fate.EITHER)
@manner(Way.ROW, plains=bare)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    contents = (b"hello", b"x=1", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\0\xff")
    made = [
        replace(plain.adding(FieldLine(b"Content-Length", b"%d" % len(content))), body=content) for content in contents
    ]
    return st.sampled_from(made)


@mutation("a length of zero in a GET", "message.undefined-body-ignored", Fate.EITHER)
@manner(Way.ROW, plains=bare)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain.adding(FieldLine(b"Content-Length", b"0")))
