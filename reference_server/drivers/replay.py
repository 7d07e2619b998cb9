"""A memory of the replies of this second: the same request again, nothing changed, gets the same octets again.

A request's head, octet by octet, was parsed and answered a moment ago, and the resource said on what its reply
rests (`messages.Basis`).  If the very same octets come again within the same second and the basis still holds (the file
is looked at each time), every step in between would end in the same reply, Date included, so they are left out.  When
the second ends all is forgotten, so nothing that depends on the clock can be stale.

Not an HTTP cache (RFC 9111): nothing here is reused for another request or without asking the origin, which is us.
"""

from __future__ import annotations

import os
import socket

from reference_server.drivers.access_log import Record
from reference_server.drivers.outbox import FEW_PACKETS, MORE_FOLLOWS, TURN
from reference_server.http1.connection import Close, Output
from reference_server.http1.messages import Basis, FileRegion, Request, Response

# In all: of requests, what the log says of them (which is longer, see `access_log.escape`) and replies.
OCTETS_KEPT = 16 * 1024 * 1024
FILES_KEPT = 64
# Longer heads are seldom the same again, and a flood of different ones should not fill the memory.
HEAD_KEPT = 4 * 1024


class SharedFile:
    """A descriptor of our own that is closed when the last of those who took it lets go."""

    __slots__ = ("_fd", "_users")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._users = 1

    def take(self) -> SharedFile:
        self._users += 1
        return self

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        self._users -= 1
        if not self._users:
            os.close(self._fd)


class Replay:
    """One reply: its octets, then perhaps a part of a file, then perhaps the end of the connection.

    `size` counts all octets, `content_size` those after the head.  A `repeatable` reply can be sent several times at
    once.
    """

    __slots__ = (
        "basis", "closes", "content_size", "file", "head_size", "length", "octets", "offset", "record", "repeatable",
        "size",
    )  # fmt: skip

    def __init__(
        self, basis: Basis, octets: bytes, head_size: int, region: FileRegion | None, closes: bool, record: Record
    ) -> None:
        self.basis = basis
        self.octets = octets
        self.head_size = head_size
        self.closes = closes
        self.record = record
        self.file: SharedFile | None = None
        self.offset = self.length = 0
        if region is not None:
            self.file = SharedFile(os.dup(region.file.fileno()))
            self.offset, self.length = region.offset, region.length
        self.repeatable = region is None and not closes
        self.size = len(octets) + self.length
        self.content_size = self.size - head_size

    def send(self, sock: socket.socket, count: int) -> int:
        """Send it (if `repeatable`, so often) without waiting, and say how much of it the socket took."""
        if self.file is None:
            return sock.send(self.octets * count)
        sent = sock.send(self.octets, MORE_FOLLOWS if self.length <= FEW_PACKETS else 0)
        if sent < len(self.octets):
            return sent
        try:
            return sent + os.sendfile(sock.fileno(), self.file.fileno(), self.offset, min(self.length, TURN))
        except OSError:  # what hinders the file's octets will hinder them again when the outbox tries
            return sent

    def region(self, sent: int) -> FileRegion | None:
        """What has to be sent after `octets`, when so many octets of the file are sent already."""
        return None if self.file is None else FileRegion(self.file.take(), self.offset + sent, self.length - sent)


class Replays:
    """At most `entries` replies by the octets of the request; `forget` is called when a second ends."""

    def __init__(self, entries: int) -> None:
        self.table: dict[bytes, Replay] = {}
        self._entries = entries
        self._octets = 0
        self._files: list[SharedFile] = []

    def remember(self, request: Request, response: Response, output: list[Output], record: Record) -> None:
        """Keep the reply if it may be given again and there is room."""
        basis = response.basis
        if basis is None or not 0 < len(request.head) <= HEAD_KEPT or len(self.table) >= self._entries:
            return
        closes = output[-1] is Close.CLOSE
        parts = output[:-1] if closes else output
        octets = b"".join([part for part in parts if isinstance(part, bytes)])
        regions = [part for part in parts if isinstance(part, FileRegion)]
        head = output[0]
        if not isinstance(head, bytes) or len(regions) > 1 or not all(isinstance(p, bytes | FileRegion) for p in parts):
            return
        size = len(octets) + len(request.head) + sum(map(len, record))
        if self._octets + size > OCTETS_KEPT or len(self._files) + len(regions) > FILES_KEPT:
            return
        try:
            replay = Replay(basis, octets, len(head), regions[0] if regions else None, closes, record)
        except OSError:  # no descriptor is left for a second one of the file: the reply itself has its own
            return
        if replay.file is not None:
            self._files.append(replay.file)
        self._octets += size
        self.table[request.head] = replay

    def forget(self) -> None:
        self.table.clear()
        self._octets = 0
        for file in self._files:
            file.close()
        self._files.clear()
