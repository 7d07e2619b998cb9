"""The wire against small servers that behave in every way a connection can end."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from conformance.exchange import Ending, replay
from conformance.line import Line
from conformance.probe import Abort, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.wire import FLOOD_LIMIT, Patience, Wire, _Play

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = Send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


@contextmanager
def answering(handle: Callable[[socket.socket], None]) -> Iterator[Wire]:
    """A server that treats one connection after the other by ``handle``."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    handle(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Wire("127.0.0.1", listener.getsockname()[1], Patience(0.5))
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def reply_and(after: Callable[[socket.socket], object]) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(REPLY)
        after(connection)

    return handle


def await_client(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_ours_when_all_that_was_awaited_has_come() -> None:
    with answering(reply_and(await_client)) as wire:
        exchange = wire.play(Probe((REQUEST, Receive(1))))
    assert exchange.ending is Ending.OURS
    assert exchange.status == 200
    assert exchange.began > 0
    assert wire.patience.latencies


def test_closed_when_the_server_closes() -> None:
    with answering(reply_and(lambda _: None)) as wire:
        exchange = wire.play(Probe((REQUEST, AwaitEnd())))
    assert exchange.ending is Ending.CLOSED
    assert exchange.received == REPLY


def reset_at_once(connection: socket.socket) -> None:
    connection.recv(65536)
    reset(connection)


def test_a_reset_that_a_send_has_met_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read then looks like an orderly end."""
    monkeypatch.setattr(_Play, "_read_for", lambda _, seconds: time.sleep(seconds))  # so that no read meets it
    parts = Send(REQUEST.data[:9]), Pause(0.2), Send(REQUEST.data[9:])
    with answering(reset_at_once) as wire:
        exchange = wire.play(Probe((*parts, AwaitEnd())))
        line = Line(wire.host, wire.port, 5.0)
        line.send(parts[0].data)
        time.sleep(0.2)
        line.send(parts[2].data)
        line.wait(5.0)
        line.close()
    assert (exchange.ending, exchange.send_failed) == (Ending.RESET, True)
    assert (line.ending, line.send_failed) == (Ending.RESET, True)


def test_reset_keeps_what_arrived_before_it() -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(REPLY)
        connection.recv(65536)  # until the second request: the reply has arrived by then
        reset(connection)

    with answering(handle) as wire:
        exchange = wire.play(Probe((REQUEST, Receive(1), REQUEST, AwaitEnd())))
    assert exchange.ending is Ending.RESET
    assert exchange.received == REPLY


def test_silent_when_nothing_comes() -> None:
    with answering(await_client) as wire:
        exchange = wire.play(Probe((REQUEST, Receive(1))), patience=0.2)
    assert exchange.ending is Ending.SILENT
    assert exchange.waited == 0.2
    assert exchange.received == b""


def test_flood_when_there_is_no_end() -> None:
    def handle(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"x" * 65536)

    with answering(handle) as wire:
        exchange = wire.play(Probe((REQUEST, AwaitEnd())))
    assert exchange.ending is Ending.FLOOD
    assert len(exchange.received) < 2 * FLOOD_LIMIT


def test_flood_when_it_drips_past_the_deadline() -> None:
    def handle(connection: socket.socket) -> None:
        for octet in REPLY * 100:
            connection.sendall(bytes([octet]))
            threading.Event().wait(0.02)

    with answering(handle) as wire:
        exchange = wire.play(Probe((REQUEST, AwaitEnd())))
    assert exchange.ending is Ending.FLOOD


def test_refused_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert Wire("127.0.0.1", port, Patience(0.5)).play(Probe((REQUEST,))).ending is Ending.REFUSED


def test_reads_while_it_sends() -> None:
    """A server that answers before it reads, more than the buffers hold, must not lock both sides up."""
    many = REPLY * 200_000

    def handle(connection: socket.socket) -> None:
        connection.sendall(many)
        await_client(connection)

    with answering(handle) as wire:
        exchange = wire.play(Probe((Send(b"x" * 3_000_000), HalfClose(), AwaitEnd())), patience=5)
    assert exchange.received == many
    assert not exchange.send_failed


def test_half_close_pause_and_abort() -> None:
    seen: list[bytes | str] = []

    def handle(connection: socket.socket) -> None:
        try:
            while data := connection.recv(65536):
                seen.append(data)
            seen.append("end")
            connection.sendall(REPLY)
        except ConnectionResetError:
            seen.append("reset")

    with answering(handle) as wire:
        exchange = wire.play(Probe((Send(b"a"), Pause(0.05), Send(b"b"), HalfClose(), Receive(1))))
        assert exchange.status == 200
        wire.play(Probe((Send(b"c"), Pause(0.05), Abort())))
        wire.play(Probe((REQUEST, HalfClose(), Receive(1))))
    assert seen[:5] == [b"a", b"b", "end", b"c", "reset"]


def test_an_exchange_survives_being_written_down() -> None:
    with answering(reply_and(await_client)) as wire:
        script = (REQUEST, Pause(0.01), Receive(1), HalfClose(), AwaitEnd(), Abort())
        exchange = wire.play(Probe(script, ("GET",)))
    assert replay(exchange.record()) == exchange
    assert replay(exchange.record()).responses == exchange.responses


def test_patience_follows_the_slowest_answer() -> None:
    patience = Patience(5.0)
    assert patience.quick == 5.0
    patience.learn(0.001)
    quick = patience.quick
    assert quick < 1
    patience.learn(0.2)
    assert quick < patience.quick < 5.0
    patience.learn(60)
    assert patience.quick == 5.0


def test_patience_forgets_one_slow_answer_among_many() -> None:
    patience = Patience(5.0)
    patience.learn(60)
    for _ in range(100):
        patience.learn(0.001)
    assert patience.quick < 1
