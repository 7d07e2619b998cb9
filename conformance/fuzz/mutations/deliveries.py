"""Good requests as they are, but in pieces or in a row (RFC 9112 §9.3.2): nothing in their octets is changed.

How they are sent is the matter of their manner.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.manner import Way, manner
from conformance.fuzz.message import Request
from conformance.fuzz.mutations import mutation

SEGMENTS = "message.request-in-segments"
ROW = "pipelining.requests-not-lost"
READ = "framing.read-body-or-close"


@mutation("a request in pieces", SEGMENTS, Fate.SERVED, alone=True)
@mutation("a body in pieces", SEGMENTS, Fate.SERVED, base=Base.LENGTH, alone=True)
@mutation("chunks in pieces", SEGMENTS, Fate.SERVED, base=Base.CHUNKED, alone=True)
@manner(Way.PIECES)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain)


@mutation("a request in pieces with pauses", SEGMENTS, Fate.SERVED, alone=True)
@mutation("a body in pieces with pauses", SEGMENTS, Fate.SERVED, base=Base.LENGTH, alone=True)
@mutation("chunks in pieces with pauses", SEGMENTS, Fate.SERVED, base=Base.CHUNKED, alone=True)
@manner(Way.PAUSES)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain)


@mutation("several requests at once", ROW, Fate.SERVED, needs=("persistent",))
@mutation("a body among requests", READ, Fate.SERVED, base=Base.LENGTH)
@mutation("chunks among requests", READ, Fate.SERVED, base=Base.CHUNKED)
@manner(Way.ROW)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    return st.just(plain)
