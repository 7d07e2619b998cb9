"""Exchanges: what is shown to the client, and where."""

from __future__ import annotations

from conformance.probe import Receive, Send
from conformance.tests.canned import make_exchange

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CUT = HEAD + b"3\r\nroo\r\n3\r\nt:x\r\n0\r\n\r\n"


def test_a_mark_that_chunks_cut_is_shown_and_has_no_place() -> None:
    exchange = make_exchange(CUT)
    assert b"root:x" in exchange.shown
    assert exchange.place_of(b"root:x") is None


def test_a_mark_in_one_piece_has_a_place() -> None:
    exchange = make_exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nroot:x")
    start, end = exchange.place_of(b"root:x") or (0, 0)
    assert exchange.received[start:end] == b"root:x"
    assert exchange.shown == exchange.received


def test_the_body_of_every_reply_is_shown() -> None:
    assert make_exchange(CUT + CUT.replace(b"t:x", b"f:y"), Send(b"GET"), Receive(2)).shown.endswith(b"root:xroof:y")
