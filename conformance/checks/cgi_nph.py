"""Programs that write their whole reply themselves (RFC 3875 §5): what they print is what the client gets.

Servers need not know such programs, and say in their own way which they are; a name that begins with nph- is custom.
"""

from __future__ import annotations

from posixpath import commonprefix

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exemplars import nph
from conformance.predicates import absent, broken, passed
from conformance.rule import Risk
from conformance.verdict import Judgement

PRINTED = (
    b" 203 Said by the program itself\r\n"
    b"Content-Type: text/plain\r\n"
    b"Content-Length: 33\r\n"
    b"X-Untouched:   as  written\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b"42 octets and the request body: \n"
)
"""What nph-reply.py prints for a GET, after the name and version of the protocol that the server has told it."""


@check(
    "cgi-output.nph-unmodified",
    also=("cgi-output.nph-output-arrives",),
    statement="What a program prints that writes its whole reply itself reaches the client octet for octet.",
    why="Such a program has taken over all care for the reply; a second head, or chunks, would be part of its page.",
    hint="For a name that begins with nph- copy its output to the connection, add nothing, and close it.",
    example=(
        "GET /cgi/nph-reply.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 203 Said by the program itself\r\n…",
        "HTTP/1.1 200 OK\r\nDate: …\r\n\r\nHTTP/1.1 203 Said by the program itself\r\n…",
    ),
    dispute="RFC 3875 §5.1 leaves it to the server whether and by which mark it knows such programs. lighttpd reads "
    "a printed status line and writes a head of its own: it counts as knowing none.",
    needs=("cgi", "nph"),
    risk=Risk.UNUSUAL,
)
def nph_unmodified(evidence: Evidence) -> Judgement:
    target = nph(evidence)
    if target is None:
        return absent("no program writes its whole reply itself")
    exchange = evidence.get(target)
    wanted = exchange.received[: len("HTTP/1.1")] + PRINTED
    if exchange.received == wanted:
        return passed()
    at = len(commonprefix([exchange.received, wanted]))
    message = "The reply is not octet for octet what the program printed."
    observed = f"other octets from octet {at} on"
    span = (at, len(exchange.received))
    return broken(exchange, message, expected="the octets of its output alone", observed=observed, span=span)
