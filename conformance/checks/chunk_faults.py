"""Chunked bodies in requests with a fault in them (RFC 9112 §7.1, §7.2): they are refused, never guessed at.

Each is judged beside its good twin, which this server is seen to read. Faults in the framing of bodies are how requests
are smuggled past a proxy that reads them differently.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.request_bodies import CHUNKED, HELLO, NO_WAY, faulty_turned_down, way_of_chunks
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, passed
from conformance.rule import Risk
from conformance.verdict import Judgement

HEAD = "POST / HTTP/1.1\r\nHost: localhost:50000\r\nTransfer-Encoding: "
BAD = "HTTP/1.1 200 OK\r\n…"
REFUSED = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n…"
OUTCOMES = "400 and the end of the connection (RFC 9112 §2.2); another refusal, or a close (RFC 9112 §9.5)"
PARAMETERS = "400 (RFC 9112 §7.1) or 501 (RFC 9112 §6.1) and the end of the connection; another refusal, or a close"
SIZES = (b"0x5", b"+5", b"-5", b"5_0", b"5 5", b"", b"g")
LARGE = (b"100000005", b"10000000000000005")
"""32 and 64 bits of zeros and a one before them; both end in 5."""


@check(
    "chunked.invalid-size-400",
    statement="A chunk size that is not written in hexadecimal digits alone is refused.",
    why="Who reads 0x5 as 0 and who reads it as 5 see two different requests; that is how one is smuggled.",
    hint="Test the digits with re.fullmatch('[0-9A-Fa-f]+', size) first: int(size, 16) takes 0x5, +5 and 5_0 as well.",
    example=(f"{HEAD}chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", REFUSED, BAD),
    risk=Risk.MALFORMED,
)
def invalid_size(evidence: Evidence) -> Judgement:
    bodies = [size + HELLO[1:] for size in SIZES]
    return _refused(evidence, bodies, "A chunk size that is no number is taken for one.")


@check(
    "chunked.missing-data-crlf-400",
    statement="Chunk data that is not followed by CR LF is refused.",
    why="Who skips two octets there unseen reads other chunks than a proxy that looks at them.",
    hint="After the data read two octets, and answer 400 if they are not \\r\\n.",
    example=(f"{HEAD}chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", REFUSED, BAD),
    risk=Risk.MALFORMED,
)
def missing_line_end(evidence: Evidence) -> Judgement:
    return _refused(evidence, [b"5\r\nhelloXX0\r\n\r\n"], "Other octets are taken for the line end after chunk data.")


def _refused(evidence: Evidence, bodies: list[bytes], message: str) -> Judgement:
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    tried = (way.send(evidence, [CHUNKED], body, Risk.MALFORMED) for body in bodies)
    return faulty_turned_down(evidence, way, tried, message, OUTCOMES)


@check(
    "chunked.large-size-no-overflow",
    statement="A huge chunk size is a huge number, and never taken for a small one.",
    why="A size that wraps at 32 or 64 bits leaves the rest of the body to be read as the next request.",
    hint="Limit how many digits you take, and answer 413 or 400 to more; keep the number in a type that cannot wrap.",
    example=(
        f"{HEAD}chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n…",
        BAD,
    ),
    risk=Risk.MALFORMED,
)
def large_size(evidence: Evidence) -> Judgement:
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    for size in LARGE:
        exchange = way.send(evidence, [CHUNKED], size + HELLO[1:], Risk.MALFORMED)
        if way.read(evidence, exchange, b"hello"):
            return _overflowed(exchange, size)
    return passed()


def _overflowed(exchange: Exchange, size: bytes) -> Judgement:
    return broken(
        exchange,
        "A huge chunk size was taken for 5.",
        expected="413 (RFC 9110 §15.5.14) or another refusal, a close, or waiting for more (RFC 9112 §7.1)",
        observed=f"a chunk of {size.decode()} (hexadecimal) was over after 5 octets",
    )


@check(
    "chunked.parameters-are-error",
    also=("framing.compress-coding-params-error",),
    statement="Parameters on a transfer coding that has none are an error.",
    why="They mean nothing, so a program that looks for the exact word and one that does not part ways over them.",
    hint='Compare the whole value with "chunked", and answer 501 or 400 to everything else.',
    example=(f"{HEAD}chunked;q=1\r\n\r\n5\r\nhello\r\n0\r\n\r\n", REFUSED, BAD),
    requires=("framing.unknown-transfer-coding-501",),
    risk=Risk.MALFORMED,
)
def parameters(evidence: Evidence) -> Judgement:
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    codings = ("chunked;q=1", "gzip;x=1, chunked")
    tried = (way.send(evidence, [("Transfer-Encoding", coding)], HELLO, Risk.MALFORMED) for coding in codings)
    message = "Parameters that no transfer coding has are passed over."
    return faulty_turned_down(evidence, way, tried, message, PARAMETERS)
