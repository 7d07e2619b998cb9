"""Strategies for whoever writes tests of a server with Hypothesis: good requests by the grammar, and such with a fault.

Grammar: RFC 9112 §3 (methods and targets), §5 (field lines), §6 (bodies by length), §7.1 (chunks with extensions and
trailers), RFC 9110 §5.6 (tokens, quoted strings), RFC 3986 §3.4 (queries).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from hypothesis import strategies as st

from conformance.fuzz.alphabets import QUERY, TOKEN, octet, word
from conformance.fuzz.example import Example, Fate, Ground
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.fuzz.mutations import load
from conformance.fuzz.ordinary import MARKED, ORDINARY, UNKNOWN
from conformance.fuzz.valid import examples

CHUNKED = FieldLine(b"Transfer-Encoding", b"chunked")
BODILESS = (b"GET", b"HEAD", b"OPTIONS")


class Form(Enum):
    """The forms of a target (RFC 9112 §3.2)."""

    ORIGIN = "the path and the query"
    ABSOLUTE = "a whole URI"
    ASTERISK = "the server as a whole: OPTIONS *"
    AUTHORITY = "host and port: CONNECT, which asks for a tunnel"


FORMS = (Form.ORIGIN, Form.ABSOLUTE, Form.ASTERISK)
"""All that an origin server is asked for as a rule."""

_quoted = st.lists(octet(b'a "\\\t;,=\xe4').map(lambda each: b"\\" + each if each in b'"\\' else each), max_size=6)
_escape = st.integers(0, 255).map(lambda number: b"%%%02X" % number)
_query = st.lists(octet(QUERY) | _escape, min_size=1, max_size=12).map(lambda parts: b"?" + b"".join(parts))
_value = word(TOKEN) | _quoted.map(lambda parts: b'"' + b"".join(parts) + b'"')
_extension = st.tuples(word(TOKEN), st.none() | _value).map(
    lambda drawn: b";" + drawn[0] + (b"" if drawn[1] is None else b"=" + drawn[1])
)
_extensions = st.lists(_extension, max_size=2).map(b"".join)
_zeros = st.integers(0, 3).map(lambda count: b"0" * count)
_fields = st.lists(st.sampled_from(ORDINARY) | UNKNOWN | MARKED, max_size=5, unique_by=lambda line: line.name.lower())


@st.composite
def _chunk(draw: st.DrawFn) -> Chunk:
    data = draw(st.binary(min_size=1, max_size=40))
    size = draw(st.sampled_from((b"%x", b"%X"))) % len(data)
    return Chunk(data, draw(_zeros) + size, draw(_extensions))


@st.composite
def chunked_bodies(draw: st.DrawFn) -> Chunked:
    """Bodies in chunks, sizes in any spelling, with extensions and trailer fields."""
    chunks = tuple(draw(st.lists(_chunk(), max_size=4)))
    trailers = tuple(draw(st.lists(UNKNOWN, max_size=2)))
    return Chunked(chunks, draw(_zeros) + b"0" + draw(_extensions), trailers=trailers)


def targets(ground: Ground, form: Form) -> st.SearchStrategy[bytes]:
    """Targets of this form: the ground's pages with any query, or the server itself."""
    paths = st.tuples(st.sampled_from(ground.pages), st.just(b"") | _query).map(b"".join)
    match form:
        case Form.ORIGIN:
            return paths
        case Form.ABSOLUTE:
            return paths.map(lambda path: b"http://" + ground.authority + path)
        case Form.ASTERISK:
            return st.just(b"*")
        case Form.AUTHORITY:
            return st.just(ground.authority)


@st.composite
def requests(
    draw: st.DrawFn, ground: Ground, *, forms: Sequence[Form] = FORMS, methods: Sequence[bytes] = BODILESS
) -> Request:
    """Any good request with a target of one of ``forms``: by one of ``methods``, or by the ground's taker with a body
    that Content-Length announces or that comes in chunks. Their fields ask for nothing but what is there.
    """
    form = draw(st.sampled_from(forms))
    only = {Form.ASTERISK: b"OPTIONS", Form.AUTHORITY: b"CONNECT"}.get(form)
    method, target = draw(st.sampled_from(methods)) if only is None else only, draw(targets(ground, form))
    framing: tuple[FieldLine, ...] = ()
    body: bytes | Chunked = b""
    if only is None and draw(st.booleans()):
        method, path = ground.taker
        target = b"http://" + ground.authority + path if form is Form.ABSOLUTE else path
        body = draw(st.binary(max_size=60) | chunked_bodies())
        framing = (FieldLine(b"Content-Length", b"%d" % len(body)),) if isinstance(body, bytes) else (CHUNKED,)
    fields = (FieldLine(b"Host", ground.authority), *framing, *draw(_fields))
    return Request(method, target, tuple(draw(st.permutations(fields))), body)


def pipelines(ground: Ground) -> st.SearchStrategy[tuple[Request, ...]]:
    """One to five good requests for one connection, in their order."""
    return st.lists(requests(ground), min_size=1, max_size=5).map(tuple)


def near_valid(ground: Ground, fate: Fate | None = Fate.REFUSED) -> st.SearchStrategy[Example]:
    """Examples of all mutations of this fate (None: of every fate) that say anything of a server like ``ground``."""
    chosen = [
        examples(mutation, ground)
        for mutation in load().values()
        if fate in (None, mutation.fate) and ground.capabilities.issuperset(mutation.needs)
    ]
    return st.one_of(chosen)
