"""A small strict server of two pages, to be spoiled in one way by each test of the fuzz as a user meets it.

Also a program: ``python small.py PORT FAULT`` serves by the function of that name and prints its URL.
"""

from __future__ import annotations

import os
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PAGES = {b"/": b"<p>hello</p>\n", b"/page.txt": b"ok"}
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PCHAR = rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
TARGET = rb"(?:/(?:%s|/)*|\*|http://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/(?:%s|/)*)?)(?:\?(?:%s|[/?])*)?" % (
    PCHAR,
    PCHAR,
    PCHAR,
)
LINE = re.compile(rb"(%s) (%s) HTTP/1\.[01]" % (TOKEN, TARGET))
FIELD = re.compile(rb"(%s):[ \t]*([^\0\r\n]*?)[ \t]*" % TOKEN)
HOST = re.compile(rb"(\[::1\]|(?:[\w!$&'()*+,;=.~-]|%[0-9a-fA-F]{2})*)(?::[0-9]*)?")
HIGH = re.compile(rb"[\x80-\xff]")

Answer = Callable[[bytes], bytes]
"""From the head of a request, without its empty line, to the reply; one that is empty ends the connection."""


def reply(status: bytes, content: bytes = b"", *fields: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"Content-Length: %d" % len(content)]
    return b"\r\n".join([*lines, *fields, b"", content])


def refusal(status: bytes) -> bytes:
    return reply(status, b"no", b"Content-Type: text/plain", b"Connection: close")


def strict(head: bytes) -> bytes:
    """As the RFCs have it, for a server that takes no bodies."""
    line, *rest = head.split(b"\r\n")
    asked, fields = LINE.fullmatch(line), [FIELD.fullmatch(each) for each in rest]
    if asked is None or None in fields:
        return refusal(b"400 Bad Request")
    named = [(found[1].lower(), found[2]) for found in fields if found is not None]
    hosts = [value for name, value in named if name == b"host"]
    if len(hosts) != 1 or HOST.fullmatch(hosts[0]) is None:
        return refusal(b"400 Bad Request")
    if any(name in (b"content-length", b"transfer-encoding") for name, _ in named):
        return refusal(b"413 Content Too Large")
    return _served(asked[1], re.sub(rb"^http://[^/]*", b"", asked[2]).partition(b"?")[0] or b"/")


def _served(method: bytes, path: bytes) -> bytes:
    if method not in (b"GET", b"HEAD"):
        return refusal(b"501 Not Implemented")
    content = PAGES.get(path)
    kind = b"Content-Type: text/html" if path == b"/" else b"Content-Type: text/plain"
    whole = refusal(b"404 Not Found") if content is None else reply(b"200 OK", content, kind)
    return whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == b"HEAD" else whole


# -- faults: none of them shows in the requests that the rules' own checks send ----------------------------------------


def takes_odd_hosts(head: bytes) -> bytes:
    """A MUST is broken: letters beyond ASCII are letters, too."""
    return strict(HIGH.sub(b"a", head) if _oddly_hosted(head) else head)


def takes_odd_names(head: bytes) -> bytes:
    """A SHOULD is broken."""
    lines = head.split(b"\r\n")
    return strict(
        b"\r\n".join(HIGH.sub(b"a", line) if HIGH.search(line.partition(b":")[0]) else line for line in lines)
    )


def dies_of_odd_hosts(head: bytes) -> bytes:
    if _oddly_hosted(head):
        os._exit(1)
    return strict(head)


def floods(head: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4_000 if _oddly_hosted(head) else strict(head)


def lies(head: bytes) -> bytes:
    """It answers with what is no HTTP and would like to be one more line of the report."""
    return (
        b"\x1b[2J\x1b[31mHTTP/9.9 999 \xff\r\n--- 600 rules passed ---\r\n\r\n" if _oddly_hosted(head) else strict(head)
    )


def every_second_time() -> Answer:
    """Wrong by turns."""
    turns = iter(range(1_000_000))

    def answer(head: bytes) -> bytes:
        wrong = _oddly_hosted(head) and next(turns) % 2 == 0
        return takes_odd_hosts(head) if wrong else strict(head)

    return answer


def slowly(head: bytes) -> bytes:
    time.sleep(0.05)
    return takes_odd_hosts(head)


def careless(_: bytes) -> bytes:
    return reply(b"200 OK", b"ok", b"Content-Type: text/plain")


def _oddly_hosted(head: bytes) -> bool:
    return re.search(rb"(?i)\r\nHost:[^\r\n]*[\x80-\xff]", head) is not None


class _Handler(socketserver.StreamRequestHandler):
    server: Small

    def handle(self) -> None:
        with suppress(OSError):
            while (head := self._head()) is not None:
                octets = self.server.answer(head)
                self._send(octets)
                if re.search(rb"(?i)\r\nConnection: close", head + octets.partition(b"\r\n\r\n")[0]) or not octets:
                    return

    def _send(self, octets: bytes) -> None:
        """Whole, or drop by drop."""
        if self.server.drop is None:
            self.wfile.write(octets)
            return
        for at in range(0, len(octets), self.server.drop):
            self.wfile.write(octets[at : at + self.server.drop])
            time.sleep(0.001)

    def _head(self) -> bytes | None:
        """Up to the empty line; None at the end, and where there is too much of it."""
        lines: list[bytes] = []
        while sum(map(len, lines)) < 65_536:
            line = self.rfile.readline(65_536)
            if not line.endswith(b"\n"):
                return None
            if line != b"\r\n":
                lines.append(line)
            if lines and (line == b"\r\n" or not line.endswith(b"\r\n")):  # a lone LF: nothing to wait for
                self.server.heads.append(b"".join(lines))
                return b"".join(lines).removesuffix(b"\r\n")
        return None


class Small(socketserver.ThreadingTCPServer):
    """The server; ``heads`` are those of all requests that came."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, answer: Answer, port: int = 0, drop: int | None = None) -> None:
        self.answer, self.drop = answer, drop
        self.heads: list[bytes] = []
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def small(answer: Answer = strict, drop: int | None = None) -> Iterator[Small]:
    """The server in a thread of its own."""
    with Small(answer, drop=drop) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def each_apart(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that has every connection treated by ``serve`` in a thread of its own."""

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    with Small(globals()[sys.argv[2]], int(sys.argv[1])) as only:
        print(only.url, flush=True)
        only.serve_forever()
