"""Raw requests with what may happen to them: the notation, and how one is played on a socket.

Each vector is followed on its connection by a request for `/after.txt` that closes, so that what the server believes to
be the end of a request shows.  An outcome is a string:

    "400"        that reply, and the connection is over: `/after.txt` is not served
    "200+"       that reply, and `/after.txt` is served next
    "100 200+"   an interim reply before it
    "200 200+"   two replies, since there were two requests
    "closed"     no reply at all, and the connection is over

Alternatives stand between bars.  Where an RFC lets a recipient be lenient or strict, the strict outcome alone is named
if the lenient one is how messages are smuggled.  `SMUGGLED` shows that octets of a body were taken for a request, and
`LEAKED` that a file from outside the document root was sent; no vector allows either.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from reference_server.tests.wire import Link, Reply

AFTER = b"GET /after.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /smuggled.txt HTTP/1.1\r\nHost: h\r\n\r\n"
CLOSED = "closed"


class Vector(NamedTuple):
    """`outcomes` in the notation above; `section` is where it is written, 9112 unless it says otherwise."""

    name: str
    section: str
    outcomes: str
    octets: bytes
    methods: tuple[str, ...] = ()

    @property
    def allowed(self) -> set[str]:
        return {outcome.strip() for outcome in self.outcomes.split("|")}


def areas() -> dict[str, tuple[Vector, ...]]:
    """All vectors, by the module they are in."""
    names = ("lines", "fields", "framing", "chunks", "sequences", "resources")
    return {name: importlib.import_module(f"{__name__}.{name}").VECTORS for name in names}


def with_line(line: bytes) -> bytes:
    """A request with that request line."""
    return line + b"\r\nHost: h\r\n\r\n"


def with_target(target: bytes, method: bytes = b"GET") -> bytes:
    return with_line(method + b" " + target + b" HTTP/1.1")


def with_fields(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A request for a file with those lines after Host."""
    return b"\r\n".join([b"GET /file.txt HTTP/" + version, b"Host: h", *lines, b"", body])


def chunked(body: bytes) -> bytes:
    return with_fields(b"Transfer-Encoding: chunked", body=body)


def make_root(parent: Path) -> Path:
    """The document root that the vectors are about, and a file outside of it."""
    (parent / "secret.txt").write_bytes(b"LEAKED")
    (parent / "site-secret").mkdir()
    (parent / "site-secret" / "secret.txt").write_bytes(b"LEAKED")
    root = parent / "site"
    (root / "folder").mkdir(parents=True)
    for name in ("file.txt", "folder/inner.txt", "a b.txt", "%41.txt", "back\\slash.txt"):
        (root / name).write_bytes(b"0123456789")
    (root / "empty.txt").write_bytes(b"")
    (root / "after.txt").write_bytes(b"AFTER")
    (root / "smuggled.txt").write_bytes(b"SMUGGLED")
    (root / "echo.py").write_text(
        "import os, sys\n"
        "print('Content-Type: text/plain\\n')\n"
        "print(sys.stdin.buffer.read(int(os.environ.get('CONTENT_LENGTH') or 0)).decode('latin-1'), end='')\n"
    )
    return root


def play(port: int, vector: Vector) -> str:
    """Send it, and say what happened."""
    with Link(port) as link:
        link.send(vector.octets + AFTER)
        link.sock.shutdown(socket.SHUT_WR)
        words: list[str] = []
        for reply in replies(link, vector.methods):
            words += [str(status) for status in reply.interim]
            if reply.body == b"AFTER":
                return " ".join(words) + "+"
            words.append(word(reply))
        return " ".join(words) or CLOSED


def word(reply: Reply) -> str:
    for mark in (b"SMUGGLED", b"LEAKED"):
        if mark in reply.body:
            return mark.decode()
    return str(reply.status)


def replies(link: Link, methods: tuple[str, ...]) -> Iterator[Reply]:
    """All that come until the server closes, framed by h11; after the named methods GET is assumed."""
    pending = list(methods)
    while link.received or fill(link):
        yield link.reply(pending.pop(0) if pending else "GET")


def fill(link: Link) -> bool:
    """Wait for more; False at the end."""
    link.received += link.sock.recv(65536)
    return bool(link.received)
