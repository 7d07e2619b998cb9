"""Changes behind the last chunk (RFC 9112 §7.1.2, RFC 9110 §6.5): trailer fields with faults, or out of place.

Trailers may be thrown away unread, so nearly all of this may be served or refused. Nothing in them may change how a
message is framed, and the empty line alone ends them.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.fuzz.example import Fate
from conformance.fuzz.message import Chunked, FieldLine
from conformance.fuzz.mutations.framed import Behind, chunks, framing, with_chunks

READ = "chunked.request-trailer-read"
STEP = "framing.read-body-or-close"

MISPLACED = tuple(
    FieldLine(name, value)
    for name, value in (
        *(
            (b"Content-Length", b"0"),
            (b"Content-Length", b"5"),
            (b"Content-Length", b"100"),
            (b"Content-Length", b"-1"),
        ),
        *((b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"identity"), (b"Host", b"other.example")),
        *((b"Host", b""), (b"Expect", b"100-continue"), (b"Range", b"bytes=0-0"), (b"If-None-Match", b"*")),
        *((b"Trailer", b"X-T"), (b"TE", b"trailers"), (b"Content-Encoding", b"gzip"), (b"Upgrade", b"foo/9")),
        *((b"Authorization", b"Basic YTpi"), (b"Content-Type", b"text/html"), (b"Cookie", b"a=b")),
    )
)
NAMELESS = (b"", b"X T", b"(X)", b"X\0", b"\xe9", b'"X"', b"X,Y", b"[X]", b"X\x7f", b"GET / HTTP/1.1")
CONTROLS = tuple(
    FieldLine(b"X-T", b"a" + bytes((octet,)) + b"b") for octet in (0, 11, 12, *range(1, 9), *range(14, 32), 127)
)


def _trailed(*lines: FieldLine) -> Chunked:
    return replace(chunks(), trailers=lines)


T = FieldLine(b"X-T", b"a")

framing("a trailer field that belongs in the head", STEP, Fate.EITHER, behind=Behind.PLAIN)(
    with_chunks([_trailed(line) for line in MISPLACED])
)
framing("a trailer line without a colon", READ, Fate.EITHER)(
    with_chunks([_trailed(FieldLine(name, b"", b"")) for name in (b"a", b"0", b"xx", b"GET / HTTP/1.1", b";a=b", b"5")])
)
framing("a trailer field without a good name", READ, Fate.EITHER)(
    with_chunks([_trailed(FieldLine(name, b"a")) for name in NAMELESS])
)
framing("a blank before the colon of a trailer field", READ, Fate.EITHER)(
    with_chunks([_trailed(replace(T, colon=colon)) for colon in (b" : ", b"\t:", b"  :")])
)
framing("a folded trailer field", READ, Fate.EITHER, behind=Behind.PLAIN)(
    with_chunks([_trailed(replace(T, value=value)) for value in (b"a\r\n b", b"\r\n a", b"a\r\n\tb", b"a\r\n ")])
)
framing("a blank before the first trailer field", READ, Fate.EITHER)(
    with_chunks([_trailed(replace(T, name=name)) for name in (b" X-T", b"\tX-T", b"  X-T")])
)
framing("a control octet in a trailer field", READ, Fate.EITHER)(with_chunks([_trailed(line) for line in CONTROLS]))
framing("a lone CR or LF in trailers", READ, Fate.EITHER, finished=False)(
    with_chunks(
        [_trailed(replace(T, end=end)) for end in (b"\n", b"\r", b"\r\r\n", b"\n\r\n")]
        + [_trailed(replace(T, value=value)) for value in (b"a\rb", b"a\nb", b"a\nX-U: b", b"a\n b")]
    )
)
framing("trailers without end", READ, Fate.EITHER, behind=Behind.SWALLOWED, finished=False)(
    with_chunks([replace(chunks(), end=b""), replace(_trailed(T), end=b""), replace(chunks(), end=b"\r")])
)
framing("many trailer fields", READ, Fate.EITHER, behind=Behind.PLAIN)(
    with_chunks([_trailed(*(T,) * count) for count in (50, 200, 2000)])
)
framing("a huge trailer field", READ, Fate.EITHER, behind=Behind.PLAIN)(
    with_chunks([_trailed(replace(T, value=b"a" * length)) for length in (5000, 20_000, 70_000)])
)
framing("junk behind the last chunk", STEP, Fate.EITHER, finished=False)(
    with_chunks(
        [replace(chunks(), end=b"\r\n" + junk) for junk in (b"xx", b"0\r\n\r\n", b"\0", b"\r\n", b"5\r\n", b"\xff")]
    )
)
