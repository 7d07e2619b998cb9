"""The short way: what was asked and answered in this second already is answered from memory (see `replay`)."""

from __future__ import annotations

import socket
from typing import Protocol

from reference_server.drivers.replay import Replay, Replays
from reference_server.http1.connection import HEAD_END


class Conversation(Protocol):
    """What the short way needs of a client."""

    sock: socket.socket

    def replayed(self, replay: Replay, times: int) -> None:
        """So many whole replies are sent."""
        ...

    def replaying(self, replay: Replay, sent: int, rest: bytes) -> None:
        """Of one reply so much is sent and the client must read first; `rest` is what it has asked behind it."""
        ...

    def replayed_last(self) -> None:
        """The reply that was sent is the connection's last."""
        ...

    def close(self) -> None: ...


def answer_known(client: Conversation, replays: Replays, data: bytes) -> bytes:
    """Answer from memory as far as possible; give what has to go the long way, or nothing."""
    while data:
        size = data.find(HEAD_END) + len(HEAD_END)
        replay = replays.table.get(data[:size])
        if replay is None or not replay.basis.holds():
            return data
        # All of them had arrived before the basis was looked at, so one look does for all.
        times = 1 if len(data) == size or not replay.repeatable else repetitions(data, size)
        try:
            sent = replay.send(client.sock, times)
        except BlockingIOError:
            sent = 0
        except OSError:
            client.close()
            return b""
        if sent < replay.size * times:
            whole, part = divmod(sent, replay.size)
            client.replayed(replay, whole)
            client.replaying(replay, part, data[(whole + 1) * size :])
            return b""
        client.replayed(replay, times)
        if replay.closes:
            client.replayed_last()
            return b""
        data = data[times * size :]
    return data


def repetitions(data: bytes, size: int) -> int:
    """How often the first `size` octets follow one another."""
    times, request = 1, data[:size]
    while data.startswith(request, times * size):
        times += 1
    return times
