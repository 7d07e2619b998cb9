"""Changes to chunks (RFC 9112 §7.1, §7.1.1): sizes, line ends, data, extensions, the last chunk.

A server may have sent its page before it looks at the body, so that a success is no proof of a fault; that the next
request on the connection is served as well is. Lone LF and CR, odd extensions and blanks may be read or refused.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from conformance.fuzz.example import Base, Fate, Ground
from conformance.fuzz.message import Chunk, Chunked, Request
from conformance.fuzz.mutations.framed import HELLO, Behind, chunks, framing, with_chunks

SIZE = "chunked.invalid-size-400"
DATA = "chunked.missing-data-crlf-400"
HUGE = "chunked.large-size-no-overflow"
EXTENSIONS = "chunked.extensions-ignored"
READ = "framing.read-body-or-close"

SIGNS = (b"+5", b"-5", b"+0", b"-0", b"-1", b"++5", b"5+", b"5-")
PREFIXES = (b"0x5", b"0X5", b"x5", b"\\x5", b"#5", b"$5", b"%35", b"&5", b"0x", b"h5", b"0h5")
JUNK = (
    *(b"5_0", b"5 5", b"5g", b"5.", b"5.0", b"5,", b"5,5", b"5h", b"5:", b"5=", b"5/1", b"5*1", b"5x", b"5 x", b"5\t5"),
    *(b"_5", b"0_5", b"5_", b".5", b",5", b":5", b"5\xa0", b"\xa05", b"5\xff", b"5\xc2\xa0", b"5\xe2\x80\x8b"),
)
ODD_OCTETS = tuple(
    value
    for octet in (11, 12, *range(1, 9), *range(14, 32), 127)  # no NUL, CR and LF: they may be repaired to blanks
    for value in (b"5" + bytes((octet,)), bytes((octet,)) + b"5")
)
NO_NUMBERS = (b"", b"g", b"xyz", b"five", b"-", b"+", b"*", b"?", b"NaN", b"nil", b"\xef\xbc\x95", b"\xd9\xa5", b"\xb2")
QUOTED = (b'"5"', b"'5'", b"(5)", b"<5>", b"[5]", b"{5}", b"`5`")
MISPLACED = (b";", b";a=b;5", b"=5", b"a=5;5", b'"";5')
HUGE_SIZES = (
    *(b"%x" % (2**bits + 5) for bits in (32, 64, 31, 63, 33, 65, 128, 256)),
    *(b"f" * 8, b"f" * 16, b"7" + b"f" * 15, b"8" + b"0" * 15, b"f" * 17, b"F" * 64),
)
INSTEAD_OF_CRLF = (b"XX", b"", b"  ", b"\n\r", b"\r", b"\rX", b"X\n", b"\0\0", b"\r\r", b"00", b";\n")
NOT_THE_LAST = (
    b"",
    b"-0",
    b"+0",
    b"0x0",
    b"00x",
    b"0g",
    b"0.0",
    b"0_0",
    b"0 0",
    b"zero",
    b"-",
    b"0,",
    b"O",
    b"\xd9\xa0",
)
BAD_EXTENSIONS = (
    *(b";", b";;", b";=", b";a=", b";=a", b";a=b=c", b";a b", b";a==b", b";a=b c", b";a,b", b";a:b", b'; "', b';a="'),
    *(b';a="b', b';a="b\\"', b';a="b"c', b";a='b c'", b";(a)", b";a=(b)", b";\xe9", b";a=\xff", b"; ", b" ;"),
)
CONTROLS = tuple(
    form % bytes((octet,)) for octet in (0, 11, 12, *range(1, 9), *range(14, 32), 127) for form in (b";a%s", b';a="%s"')
)
LONG_EXTENSIONS = tuple(form * count for count in (200, 2000, 20_000) for form in (b";a", b";a=b", b";" + b"a" * 8))


def _unserved(name: str, rule: str, bodies: list[Chunked], *, finished: bool = True) -> None:
    framing(name, rule, Fate.EITHER, behind=Behind.UNSERVED, finished=finished)(with_chunks(bodies))


def _sizes(name: str, sizes: tuple[bytes, ...], rule: str = SIZE, *, finished: bool = True) -> None:
    _unserved(name, rule, [chunks(size) for size in sizes], finished=finished)


_sizes("a sign in a chunk size", SIGNS)
_sizes("a prefix of a chunk size", PREFIXES)
_sizes("junk beside a chunk size", JUNK)
_sizes("a control octet beside a chunk size", ODD_OCTETS)
_sizes("a chunk size that is no number", NO_NUMBERS)
_sizes("a chunk size in quotes", QUOTED)
_sizes("a chunk size behind its extension", MISPLACED)
_sizes("a huge chunk size", HUGE_SIZES, HUGE, finished=False)
_unserved("a last chunk that is no zero", SIZE, [replace(chunks(), last=last) for last in NOT_THE_LAST])
_unserved("an empty line before the first chunk", SIZE, [chunks(b"\r\n" * count + b"5") for count in (1, 2)])
_unserved("an empty line between chunks", SIZE, [chunks(end=b"\r\n\r\n"), chunks(end=b"\r\n" * 3)])
_unserved("other octets for the line end after chunk data", DATA, [chunks(end=end) for end in INSTEAD_OF_CRLF])
_unserved(
    "more chunk data than its size says",
    DATA,
    [Chunked((Chunk(HELLO, b"%d" % size),)) for size in (4, 3, 2, 1)],
)
_unserved(
    "less chunk data than its size says",
    DATA,
    # No 6: CR would be data, and the LF behind it is taken for a line end by who takes LF alone.
    [Chunked((Chunk(HELLO, b"%x" % size),)) for size in (7, 8, 9, 10, 11, 13, 15, 16, 32)],
    finished=False,
)
_unserved("a CR alone behind a chunk size", SIZE, [chunks(line_end=b"\r"), chunks(line_end=b"\r\r")], finished=False)
_unserved(
    "no last chunk",
    SIZE,
    [replace(chunks(), last=b"", last_end=b"", end=end) for end in (b"", b"\r\n", b"\r\n\r\n")],
    finished=False,
)

framing("blanks beside a chunk size", READ, Fate.EITHER)(
    with_chunks([chunks(size) for size in (b"5 ", b"5\t", b" 5", b"5  ", b"\t5", b"5\0", b"\0005")])
)
framing("a lone LF in chunks", READ, Fate.EITHER, finished=False)(
    with_chunks(
        [
            *(chunks(line_end=b"\n"), chunks(end=b"\n"), replace(chunks(), last_end=b"\n")),
            *(replace(chunks(), end=b"\n"), replace(chunks(), last_end=b"\n", end=b"\n")),
        ]
    )
)
framing("a malformed chunk extension", EXTENSIONS, Fate.EITHER, finished=False)(
    with_chunks([chunks(extension=extension) for extension in BAD_EXTENSIONS])
)
framing("a control octet in a chunk extension", EXTENSIONS, Fate.EITHER, finished=False)(
    with_chunks([chunks(extension=extension) for extension in CONTROLS])
)
framing("a lone CR or LF in a chunk extension", EXTENSIONS, Fate.EITHER, finished=False)(
    with_chunks([chunks(extension=b";a" + end + rest) for end in (b"\r", b"\n", b"\r\r") for rest in (b"", b"b", b"0")])
)
framing("a very long chunk extension", EXTENSIONS, Fate.EITHER)(
    with_chunks([chunks(extension=extension) for extension in LONG_EXTENSIONS])
)
framing("a very long spelling of a chunk size", "chunked.size-forms-accepted", Fate.EITHER, behind=Behind.PLAIN)(
    with_chunks([chunks(b"0" * count + b"5") for count in (16, 17, 32, 64, 1000, 10_000)])
)


@framing("many chunks of one octet", READ, Fate.EITHER, behind=Behind.PLAIN, base=Base.CHUNKED)
def _(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
    counts = st.sampled_from((100, 300, 1000))
    return counts.map(lambda count: replace(plain, body=Chunked((Chunk(b"a"),) * count)))
