"""Replies in chunked coding (RFC 9112 §7.1, RFC 2616 §3.6.1): sizes, line ends, the last chunk. Passive: where no reply
is chunked nothing applies. A plain body that claims to be chunked is the business of ``transfer_coding``.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.transfer_coding import coded_answers
from conformance.chunks import SIZE_LINE, ChunkFault, size_lines, walk
from conformance.connections import surplus, target_of, to_the_end, twice
from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.grammar import QUOTED, TOKEN
from conformance.predicates import absent, broken, passed
from conformance.response import DefectKind, Framing
from conformance.verdict import Judgement

REQUEST = "GET /page.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = HEAD + "5\r\nhello\r\n0\r\n\r\n"
EXTENSIONS = re.compile(rf"(?:[ \t]*;[ \t]*{TOKEN}(?:[ \t]*=[ \t]*(?:{TOKEN}|{QUOTED}))?)*[ \t]*")
"""Blanks are none of a sender's business by RFC 9112 §7.1.1, and lawful by RFC 2616 §2.1: they are let pass."""


def _chunked(evidence: Evidence) -> list[Answer]:
    return [(x, r) for x, r in coded_answers(evidence) if r.framing is Framing.CHUNKED]


def _fault(exchange: Exchange) -> tuple[ChunkFault | None, tuple[int, int]]:
    response = exchange.response
    if response is None or response.framing is not Framing.CHUNKED or response.defect(DefectKind.NO_EMPTY_LINE):
        return None, (0, 0)
    read = walk(exchange.received, response.head_end)
    return read.fault, read.span


def _judge(evidence: Evidence, fault: ChunkFault, message: str, *, expected: str, observed: str) -> Judgement:
    """Whether ``fault`` is the first in a chunked reply. One that has broken off is asked for again: programs die."""
    answers = _chunked(evidence)
    for exchange, _ in answers:
        seen, span = _fault(exchange)
        if seen is not fault or exchange.ending in (Ending.RESET, Ending.FLOOD):
            continue
        if fault in (ChunkFault.LAST, ChunkFault.FINAL) and _fault(to_the_end(evidence, exchange))[0] is not fault:
            continue
        return broken(exchange, message, expected=expected, observed=observed, span=span)
    return passed() if answers else absent("no reply was chunked")


@check(
    "chunked.size-is-hex-octet-count",
    statement="Each chunk begins with the number of its octets in hexadecimal digits, on a line of its own.",
    why="A wrong size makes the client read data as sizes, and the page breaks off.",
    hint='Write "%x\\r\\n" % len(data), with data as octets: not in decimal, without 0x, and not characters.',
    example=(REQUEST, HEAD + "1a\r\n(26 octets)\r\n0\r\n\r\n", HEAD + "26\r\n(26 octets)\r\n0\r\n\r\n"),
)
def chunk_size(evidence: Evidence) -> Judgement:
    return _judge(
        evidence,
        ChunkFault.SIZE,
        "A chunk size is not the number of its octets in hexadecimal digits.",
        expected="hexadecimal digits, CRLF, and as many octets (RFC 9112 §7.1)",
        observed="another line, or another number of octets",
    )


@check(
    "chunked.extension-grammar-sent",
    statement="What stands behind a chunk size are extensions: a semicolon and a name, perhaps with a value.",
    why="Clients pass over extensions, but have to find their end.",
    hint="Write nothing behind the size; no client needs it.",
    example=(REQUEST, GOOD, HEAD + "5;the first one\r\nhello\r\n0\r\n\r\n"),
    requires=("chunked.size-is-hex-octet-count",),
    dispute="Blanks round the semicolon and behind the size were lawful in RFC 2616 §2.1, and nobody is to send them "
    "by RFC 9110 §5.6.3: they are let pass.",
)
def extension_grammar(evidence: Evidence) -> Judgement:
    answers = _chunked(evidence)
    for exchange, response in answers:
        for begin, end in size_lines(exchange.received, response.head_end):
            behind = exchange.received[begin:end].decode("latin-1").lstrip("0123456789abcdefABCDEF")
            if not EXTENSIONS.fullmatch(behind):
                return broken(
                    exchange,
                    "What stands behind a chunk size is no extension.",
                    expected=";name or ;name=value (RFC 9112 §7.1.1), or nothing",
                    observed=repr(behind[:60]),
                    span=(end - len(behind), end),
                )
    return passed() if answers else absent("no reply was chunked")


@check(
    "chunked.data-crlf-sent",
    statement="CRLF follows the data of each chunk and does not count in its size.",
    why="The client skips two octets after the data; without them it eats the beginning of the next size.",
    hint='Write size, "\\r\\n", data, "\\r\\n"; the size is that of the data alone.',
    example=(REQUEST, GOOD, HEAD + "5\r\nhello0\r\n\r\n"),
)
def chunk_data_end(evidence: Evidence) -> Judgement:
    return _judge(
        evidence,
        ChunkFault.DATA_END,
        "The data of a chunk is not followed by one CRLF.",
        expected="\\r\\n right after the data (RFC 9112 §7.1)",
        observed="other octets",
    )


@check(
    "chunked.last-chunk-sent",
    statement="A complete chunked body ends with a chunk of size zero.",
    why="Without it a client cannot tell a whole page from one that was cut off.",
    hint='After the last data write "0\\r\\n\\r\\n".',
    example=(REQUEST, GOOD, HEAD + "5\r\nhello\r\n (and the connection closes)"),
)
def last_chunk(evidence: Evidence) -> Judgement:
    return _judge(
        evidence,
        ChunkFault.LAST,
        "The chunked body has no last chunk.",
        expected="0\\r\\n\\r\\n at the end (RFC 9112 §7.1)",
        observed="the end of what the server sent",
    )


@check(
    "chunked.final-crlf-sent",
    statement="An empty line follows the last chunk and its trailer fields.",
    why="The client waits for it, or takes the next reply for trailer fields.",
    hint='Write "0\\r\\n\\r\\n" with both line ends.',
    example=(REQUEST, GOOD, HEAD + "5\r\nhello\r\n0\r\n"),
)
def final_crlf(evidence: Evidence) -> Judgement:
    return _judge(
        evidence,
        ChunkFault.FINAL,
        "No empty line ends the chunked body.",
        expected="0\\r\\n, perhaps trailer fields, and \\r\\n (RFC 9112 §7.1)",
        observed="0\\r\\n and no empty line after it",
    )


@check(
    "chunked.no-empty-chunk-inside",
    statement="No chunk of size zero stands before the end of the body.",
    why="It ends the body: the client takes what follows for the next reply.",
    hint='Write no chunk for an empty piece of data: "if data: write the chunk".',
    example=(REQUEST, GOOD, HEAD + "3\r\nhel\r\n0\r\n\r\n2\r\nlo\r\n0\r\n\r\n"),
)
def no_empty_chunk(evidence: Evidence) -> Judgement:
    targets = [target_of(exchange) for exchange, _ in _chunked(evidence) if exchange.probe.methods == ("GET",)]
    for exchange in [twice(evidence, target) for target in targets]:
        if _fault(exchange)[0] is not None or not exchange.responses:
            continue
        extra, span = surplus(exchange)
        if exchange.responses[0].framing is Framing.CHUNKED and SIZE_LINE.match(extra):
            return broken(
                exchange,
                "More chunks follow the chunk that ends the body.",
                expected="the chunk of size zero at the very end (RFC 9112 §7.1)",
                observed=f"{len(extra)} octets after it",
                span=span,
            )
    return passed() if targets else absent("no reply was chunked")
