"""A raw client for the tests: sends octets, reads to the end or reply by reply, and lets h11 judge the framing."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import h11

# Generous: a loaded machine may be slow, and only a fault makes a test wait this long.
PATIENCE = 20.0


@dataclass
class Reply:
    status: int
    reason: bytes
    head: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)

    def get(self, name: str) -> bytes | None:
        values = [value for key, value in self.fields if key == name.lower().encode()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None


def request(
    target: str | bytes = "/", method: str = "GET", *lines: str, version: str = "1.1", body: bytes = b""
) -> bytes:
    """A request with Host (unless HTTP/1.0) and, if there is a body, Content-Length."""
    if isinstance(target, str):
        target = target.encode("ascii")
    head = [method.encode() + b" " + target + b" HTTP/" + version.encode()]
    if version != "1.0":
        head.append(b"Host: localhost")
    head += [line.encode("latin-1") for line in lines]
    if body:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class Link:
    """One connection; a context manager."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.received = b""

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *exc: object) -> None:
        self.sock.close()

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.received:
            data = self.sock.recv(65536)
            assert data, f"the connection ended after {self.received!r}"
            self.received += data
        end = self.received.index(mark) + len(mark)
        piece, self.received = self.received[:end], self.received[end:]
        return piece

    def read_all(self) -> bytes:
        pieces, self.received = [self.received], b""
        while data := self.sock.recv(65536):
            pieces.append(data)
        return b"".join(pieces)

    def reply(self, method: str = "GET") -> Reply:
        """The next reply, framed by h11; what follows stays for the next call."""
        return read_reply(self, method)

    def ended(self) -> bool:
        """Whether the server closed without sending anything more."""
        return self.read_all() == b""


def read_reply(link: Link, method: str = "GET") -> Reply:
    judge = h11.Connection(h11.CLIENT)
    judge.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    judge.send(h11.EndOfMessage())
    reply: Reply | None = None
    interim: list[int] = []
    if link.received:
        judge.receive_data(link.received)
        link.received = b""
    while True:
        event = judge.next_event()
        if event is h11.NEED_DATA:
            judge.receive_data(link.sock.recv(65536))
        elif isinstance(event, h11.InformationalResponse):
            interim.append(event.status_code)
        elif isinstance(event, h11.Response):
            fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            reply = Reply(event.status_code, bytes(event.reason), b"", fields, b"", interim)
        elif isinstance(event, h11.Data):
            assert reply is not None
            reply.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert reply is not None
            link.received = judge.trailing_data[0]
            return reply
        else:
            raise AssertionError(f"the connection ended instead of a reply: {event!r}")


def exchange(port: int, octets: bytes, method: str = "GET") -> Reply:
    """One request on a fresh connection."""
    with Link(port) as link:
        link.send(octets)
        return link.reply(method)


def raw(port: int, octets: bytes) -> bytes:
    """Everything that comes until the server closes; nothing more is sent."""
    with Link(port) as link:
        link.send(octets)
        link.sock.shutdown(socket.SHUT_WR)
        return link.read_all()
