"""h11, an unrelated parser, reads the same requests the same way; where the two part, the difference has a name.

Both read every vector and generated streams.  What both accept they have to understand alike; what only one of them
accepts has to be a difference listed here, and each difference listed has to show in some vector.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import h11
import pytest
from hypothesis import given, settings

from reference_server.http1.connection import Connection
from reference_server.http1.messages import Refusal
from reference_server.tests.streams import streams
from reference_server.tests.vectors import Vector, areas

# What this server refuses and h11 takes, by the beginning of the explanation.
STRICTER = {
    "A line ends in LF without CR": "h11 takes a lone LF for the end of a line, as it may",
    "A line of the head begins with a blank": "h11 unfolds what is folded, as it may",
    "A field value contains a control character": "h11 refuses a few control characters only",
    "This server speaks HTTP/1.1 and HTTP/1.0 only": "h11 leaves the version to the application",
    "The value of Host is not": "h11 counts the Host fields, and does not read them",
    "An HTTP/1.1 request must have a Host field": "h11 asks for Host in exactly 1.1, not in 1.2",
    "The target is neither a path nor an absolute URI": "h11 takes any visible octets for a target",
    "The target * belongs to the OPTIONS method": "the same",
    "The target of CONNECT must be": "the same",
    "The target does not name a valid host": "the same",
    "A target with user information": "the same",
    "This server answers for http URIs only": "the same",
    "The path contains a character": "the same",
    "The query contains a character": "the same",
    "A chunk's size line is malformed": "h11 does not read what follows the size",
    "A chunk's size line is too long": "h11 has one limit for all incomplete things",
    "There are too many chunk extensions": "the same",
    "The request line is too long": "the same",
    "The method is longer than any": "the same",
    "The head of the request is too long": "the same",
    "A trailer field is too long": "the same",
    "The trailer section is too long": "the same",
    "Content-Length must be one decimal number": "h11 takes a list of equal numbers for one, as it may",
    "Transfer-Encoding and Content-Length": "h11 lets Transfer-Encoding win, as it may",
    "Transfer-Encoding does not exist in HTTP/1.0": "h11 reads it in 1.0 too",
    "The only expectation known here": "h11 leaves expectations to the application",
}

# What h11 refuses and this server takes, by the beginning of its message.
MORE_LENIENT = {
    "no request line received": "h11 skips no empty line before a request, though a server should",
    "Only Transfer-Encoding: chunked is supported": "h11 does not know that elements of a list may be empty",
    "multiple Transfer-Encoding headers": "the same",
    "bad Content-Length": "h11 limits the digits, zeros in front included",
    "illegal chunk header": "h11 limits the digits of a size, and takes no blank before an extension",
}


class Verdict(Enum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNDECIDED = "more input is needed"


class Opinion(NamedTuple):
    """`reason` is why it was refused, `understood` the method, target, fields and body."""

    verdict: Verdict
    reason: str = ""
    understood: object = None


UNDECIDED = Opinion(Verdict.UNDECIDED)


def opinion_of_h11(octets: bytes) -> Opinion:
    """On the first request."""
    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    peer.receive_data(octets)
    head: h11.Request | None = None
    body = b""
    try:
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                fields = [(bytes(name), bytes(value)) for name, value in head.headers]
                return accepted(bytes(head.method), bytes(head.target), fields, body)
            else:
                return UNDECIDED
    except h11.RemoteProtocolError as error:
        return Opinion(Verdict.REFUSED, str(error))


def own_opinion(octets: bytes) -> Opinion:
    batch = Connection().receive_data(octets)
    if not batch:
        return UNDECIDED
    first = batch[0]
    if isinstance(first, Refusal):
        return Opinion(Verdict.REFUSED, first.explanation)
    return accepted(first.method.encode(), first.target, first.fields, first.body)


def accepted(method: bytes, target: bytes, fields: list[tuple[bytes, bytes]], body: bytes) -> Opinion:
    """h11 gives the coding in lower case."""
    alike = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in fields]
    return Opinion(Verdict.ACCEPTED, "", (method, target, alike, body))


def difference(octets: bytes) -> str | None:
    """The name of the difference between the two opinions; an assertion fails if it has none."""
    ours, theirs = own_opinion(octets), opinion_of_h11(octets)
    if ours.verdict is theirs.verdict:
        assert ours.understood == theirs.understood, octets
        return None
    if Verdict.UNDECIDED in (ours.verdict, theirs.verdict):
        # A refusal may come with the first wrong octet or with the end of its line; an acceptance needs all of it.
        assert Verdict.ACCEPTED not in (ours.verdict, theirs.verdict), octets
        return None
    if ours.verdict is Verdict.REFUSED:
        return name_of(ours.reason, STRICTER, octets)
    return name_of(theirs.reason, MORE_LENIENT, octets)


def name_of(reason: str, names: dict[str, str], octets: bytes) -> str:
    for name in names:
        if reason.startswith(name):
            return name
    raise AssertionError(f"a difference without a name: {reason} {octets[:300]!r}")


def all_vectors() -> list[Vector]:
    return [vector for vectors in areas().values() for vector in vectors]


def test_every_difference_has_a_name_and_every_name_a_difference() -> None:
    found = {difference(vector.octets) for vector in all_vectors()}
    assert found - {None} == STRICTER.keys() | MORE_LENIENT.keys()


@given(streams())
@settings(max_examples=400, deadline=None)
def test_the_two_agree_on_generated_requests(stream: bytes) -> None:
    difference(stream)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
    ],
)
def test_good_requests_are_accepted_by_both(octets: bytes) -> None:
    assert own_opinion(octets) == opinion_of_h11(octets)
    assert own_opinion(octets).verdict is Verdict.ACCEPTED
