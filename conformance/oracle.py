"""The second opinion on framing: h11, an unrelated client that accepts a reply or does not. It is never the reader."""

from __future__ import annotations

from dataclasses import dataclass

import h11

from conformance.exchange import Exchange

HEAD_LIMIT = 1024 * 1024
OFFERED = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "CONNECT"}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What h11 made of the first answer; ``refusal`` is its complaint, empty if it accepts.

    ``whole`` tells that it saw the end of the answer, and ``rest`` is what it left behind that end.
    """

    refusal: str
    status: int | None
    body: bytes
    whole: bool = False
    rest: bytes = b""


def opinion(exchange: Exchange) -> Opinion:
    """Let h11 read the first answer of ``exchange`` as a client that sent a plain request of the same method."""
    methods = exchange.probe.methods or ("GET",)
    return opinion_of(exchange.received, methods[0], ended=exchange.peer_ended)


def opinion_of(data: bytes, method: str, *, ended: bool) -> Opinion:
    """Let h11 read ``data`` as the answer to a plain request; ``ended`` tells that the connection ended behind it."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    client.send(h11.Request(method=method if method in OFFERED else "GET", target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    status: int | None = None
    body = bytearray()
    whole = False
    try:
        client.receive_data(data)
        if ended:
            client.receive_data(b"")
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif event is h11.NEED_DATA or event is h11.PAUSED or not isinstance(event, h11.InformationalResponse):
                whole = isinstance(event, h11.EndOfMessage)
                break
    except h11.RemoteProtocolError as complaint:
        return Opinion(str(complaint), status, bytes(body))
    return Opinion("", status, bytes(body), whole, client.trailing_data[0])
