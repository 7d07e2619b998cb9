"""Waiting for many sockets at once: `epoll` where there is one (Linux), `poll` elsewhere, behind one face."""

from __future__ import annotations

import select
import sys

READABLE = select.POLLIN
WRITABLE = select.POLLOUT
# Told of every watched socket, asked for or not: the peer has reset the connection or both directions are closed.
GONE = select.POLLERR | select.POLLHUP


class Poller:
    """Sockets by descriptor, each with the events wanted; 0 still tells of `GONE`."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            self._poll = select.epoll()
            self._unit = 1
        else:
            self._poll = select.poll()
            self._unit = 1000
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def wait(self, seconds: float | None) -> list[tuple[int, int]]:
        """What has happened, as pairs of descriptor and events; empty after so many seconds."""
        return self._poll.poll(None if seconds is None else seconds * self._unit)

    def close(self) -> None:
        if sys.platform == "linux":
            self._poll.close()
