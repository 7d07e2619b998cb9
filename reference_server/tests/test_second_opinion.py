"""h11, an unrelated parser, reads the same requests the same way, wherever both accept them."""

from __future__ import annotations

import h11
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reference_server.http1.connection import Connection
from reference_server.http1.messages import Refusal, Request

Read = tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]


def read_by_h11(octets: bytes) -> Read | None:
    """The first request, or None if h11 refuses it or waits for more."""
    peer = h11.Connection(h11.SERVER)
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
                return bytes(head.method), bytes(head.target), fields, body
            else:
                return None
    except h11.RemoteProtocolError:
        return None


def read_here(octets: bytes) -> Read | None:
    batch = Connection().receive_data(octets)
    if not batch or isinstance(batch[0], Refusal):
        return None
    first = batch[0]
    assert isinstance(first, Request)
    return first.method.encode(), first.target, first.fields, first.body


METHODS = st.sampled_from([b"GET", b"POST", b"OPTIONS", b"get", b"M-X"])
TARGETS = st.sampled_from([b"/", b"/a?b", b"*", b"http://h/a", b"/%41", b"/a b", b"a", b"/\xe9"])
FIELDS = st.lists(
    st.sampled_from(
        [
            b"Host: h",
            b"Host:h:80",
            b"X: y",
            b"X:  y\t",
            b"X:",
            b"X : y",
            b" folded",
            b"Content-Length: 5",
            b"Content-Length: 05",
            b"Content-Length: x",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip",
            b"X: \xe9",
            b"X: a\x00",
            b"Connection: close",
        ]
    ),
    max_size=4,
)
BODIES = st.sampled_from(
    [
        b"",
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n",
        b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ]
)


@given(METHODS, TARGETS, FIELDS, BODIES)
@settings(max_examples=100, deadline=None)
def test_what_both_accept_both_understand_alike(method: bytes, target: bytes, fields: list[bytes], body: bytes) -> None:
    octets = b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: h", *fields, b"", body])
    ours, theirs = read_here(octets), read_by_h11(octets)
    assume(ours is not None and theirs is not None)
    assert ours == theirs


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_good_requests_are_accepted_by_both(octets: bytes) -> None:
    assert read_here(octets) == read_by_h11(octets) != None  # noqa: E711
