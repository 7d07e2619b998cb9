"""What still has to be sent on one connection, in order: octets, file regions, pieces still to come, an end.

Sends as much as the socket takes and says why it stopped.  Knows nothing of requests.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Iterator
from enum import Enum

from reference_server.drivers.offload import Arrival, Stream
from reference_server.http1.connection import Close
from reference_server.http1.messages import FileRegion

# One large reply may not keep the other clients waiting: after so much the loop goes round.
TURN = 2 * 1024 * 1024
PIECE = 64 * 1024
# Linux holds a head back for the octets of the file that follow it at once; elsewhere they go separately.  It pays only
# for files of few packets.
MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)
FEW_PACKETS = 256 * 1024
Item = bytes | memoryview | FileRegion | Iterator[bytes] | Stream | Close


class Progress(Enum):
    """Why sending stopped."""

    ALL_SENT = "nothing is left"
    BLOCKED = "the client must read first"
    STARVED = "the next piece is not there yet"
    CLOSE = "the connection is to be closed now"
    BROKEN = "the client is gone, or the reply cannot be completed"


class Outbox:
    """`sent` counts the octets of the current reply; the owner sets it back."""

    __slots__ = ("_items", "sent")

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self.sent = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, item: Item) -> None:
        """Octets that follow octets travel with them in one segment if they fit."""
        if isinstance(item, bytes) and self._items and isinstance(self._items[-1], bytes):
            self._items[-1] += item
        else:
            self._items.append(item)

    def flush(self, sock: socket.socket) -> Progress:
        items, turn_ends = self._items, self.sent + TURN
        try:
            while items:
                item = items[0]
                if isinstance(item, bytes | memoryview):
                    stop = self._send_octets(sock, item, flags_before(items[1]) if len(items) > 1 else 0)
                elif isinstance(item, FileRegion):
                    stop = self._send_region(sock, item)
                elif item is Close.CLOSE:
                    stop = Progress.CLOSE
                else:
                    stop = self._fetch(item)
                if stop is not None:
                    return stop
                if self.sent >= turn_ends:
                    return Progress.BLOCKED if items else Progress.ALL_SENT
        except BlockingIOError:
            return Progress.BLOCKED
        except OSError:
            return Progress.BROKEN
        return Progress.ALL_SENT

    def _send_octets(self, sock: socket.socket, octets: bytes | memoryview, flags: int) -> Progress | None:
        """A socket that takes a part is full: to ask again would only tell the same."""
        count = sock.send(octets, flags) if octets else 0
        self.sent += count
        if count < len(octets):
            self._items[0] = memoryview(octets)[count:]
            return Progress.BLOCKED
        self._items.popleft()
        return None

    def _send_region(self, sock: socket.socket, region: FileRegion) -> Progress | None:
        """A file that became shorter meanwhile leaves a reply that cannot be completed."""
        if region.length:
            asked = min(region.length, TURN)
            count = copy_region(sock, region, asked)
            if count == 0:
                return Progress.BROKEN
            region.offset += count
            region.length -= count
            self.sent += count
            if count < asked:
                return Progress.BLOCKED
        if not region.length:
            region.close()
            self._items.popleft()
        return None

    def _fetch(self, source: Iterator[bytes] | Stream) -> Progress | None:
        """Put the next piece in front of its source."""
        piece = source.next_piece() if isinstance(source, Stream) else next_of(source)
        match piece:
            case Arrival.NOTHING_YET:
                return Progress.STARVED
            case Arrival.FAILED:
                return Progress.BROKEN
            case Arrival.END:
                self._items.popleft()
            case _:
                self._items.appendleft(memoryview(piece))
        return None

    def discard(self) -> None:
        """Let go of files and programs whose octets will not be sent."""
        for item in self._items:
            if isinstance(item, Stream):
                item.abandon()
            elif (close := getattr(item, "close", None)) is not None:
                close()
        self._items.clear()


def flags_before(item: Item) -> int:
    """How to send the octets in front of it."""
    return MORE_FOLLOWS if isinstance(item, FileRegion) and item.length <= FEW_PACKETS else 0


def copy_region(sock: socket.socket, region: FileRegion, count: int) -> int:
    """In the kernel if it can do that for this file, else through memory."""
    file = region.file.fileno()
    try:
        return os.sendfile(sock.fileno(), file, region.offset, count)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    return sock.send(os.pread(file, min(count, PIECE), region.offset))


def next_of(source: Iterator[bytes]) -> bytes | Arrival:
    """A body that breaks off is an incomplete body, whatever the reason."""
    try:
        return next(source, Arrival.END)
    except Exception:  # the reply has begun: all that can still be said is that it is incomplete
        return Arrival.FAILED
