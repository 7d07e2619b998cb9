"""Exchanges: what happened on one connection, as data, and how it is written down and read again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, assert_never

from conformance.probe import Abort, Action, AwaitAny, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.reading import Stream, transcribe
from conformance.response import Framing, Response, Span, Transcript
from conformance.rule import Risk


class Ending(StrEnum):
    """How a connection ended; the first three are the server's doing and three different facts."""

    CLOSED = "closed"  # the server ended its direction (FIN)
    RESET = "reset"  # the server broke the connection off (RST)
    SILENT = "silent"  # more was awaited, nothing came until the deadline
    OURS = "ours"  # all that was awaited had come, and the suite closed
    FLOOD = "flood"  # more came than the suite is willing to read, or it dripped past every deadline
    REFUSED = "refused"  # no connection was made


@dataclass(frozen=True, slots=True)
class Chunk:
    """Octets as one read gave them; ``at`` in seconds after the connection was made."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Exchange:
    """One probe, played.

    ``began`` is the wall-clock time in seconds since the epoch, ``ended`` the duration in seconds, ``waited`` how many
    seconds of silence were granted before SILENT was written down. ``killed`` tells that the server was found dead or
    deaf right after it; ``server_output`` is what the server printed meanwhile, where the suite started it.
    """

    probe: Probe
    chunks: tuple[Chunk, ...]
    ending: Ending
    began: float
    ended: float
    waited: float = 0.0
    send_failed: bool = False
    killed: bool = False
    server_output: str = ""

    @cached_property
    def received(self) -> bytes:
        """All octets that came."""
        return b"".join(chunk.data for chunk in self.chunks)

    @cached_property
    def shown(self) -> bytes:
        """All octets that came, and then once more those of the bodies in chunks, which may cut a mark anywhere."""
        bodies = (response.body for response in self.responses if response.framing is Framing.CHUNKED)
        return b"".join((self.received, *bodies))

    def place_of(self, mark: bytes) -> Span | None:
        """Where the octets of a mark stand among those that came; None if they do not, or are cut by chunks."""
        at = self.received.find(mark)
        return None if at < 0 else (at, at + len(mark))

    @cached_property
    def transcript(self) -> Transcript:
        """The octets as the tolerant reader understands them."""
        stream = Stream.ENDED if self.peer_ended else Stream.STILL
        return transcribe(self.received, self.probe.methods, stream)

    @property
    def peer_ended(self) -> bool:
        """Whether the server ended the connection, gracefully or not."""
        return self.ending in (Ending.CLOSED, Ending.RESET)

    @property
    def responses(self) -> tuple[Response, ...]:
        """The final responses, in order."""
        return self.transcript.responses

    @property
    def response(self) -> Response | None:
        """The first final response, if one came."""
        return self.responses[0] if self.responses else None

    @property
    def status(self) -> int | None:
        """The status code of the first final response, if one came and could be read."""
        return self.responses[0].status if self.responses else None

    def record(self) -> dict[str, Any]:
        """A JSON-ready form; :func:`replay` is its inverse."""
        return {
            "actions": [_write_action(action) for action in self.probe.actions],
            "methods": list(self.probe.methods),
            "risk": int(self.probe.risk),
            "chunks": [[chunk.at, b64encode(chunk.data).decode()] for chunk in self.chunks],
            "ending": self.ending.value,
            "began": self.began,
            "ended": self.ended,
            "waited": self.waited,
            "send_failed": self.send_failed,
            "killed": self.killed,
            "server_output": self.server_output,
        }


def replay(record: dict[str, Any]) -> Exchange:
    """The exchange that was written down; raises KeyError, ValueError or TypeError where it is damaged."""
    probe = Probe(
        tuple(_read_action(action) for action in record["actions"]),
        tuple(record["methods"]),
        Risk(record["risk"]),
    )
    return Exchange(
        probe=probe,
        chunks=tuple(Chunk(at, b64decode(data)) for at, data in record["chunks"]),
        ending=Ending(record["ending"]),
        began=record["began"],
        ended=record["ended"],
        waited=record["waited"],
        send_failed=record["send_failed"],
        killed=record["killed"],
        server_output=record["server_output"],
    )


def _write_action(action: Action) -> list[Any]:
    match action:
        case Send(data):
            return ["send", b64encode(data).decode()]
        case Pause(seconds):
            return ["pause", seconds]
        case Receive(count):
            return ["receive", count]
        case AwaitAny():
            return ["await-any"]
        case AwaitEnd():
            return ["await-end"]
        case HalfClose():
            return ["half-close"]
        case Abort():
            return ["abort"]
        case _:
            assert_never(action)


def _read_action(record: list[Any]) -> Action:
    match record:
        case ["send", data]:
            return Send(b64decode(data))
        case ["pause", seconds]:
            return Pause(float(seconds))
        case ["receive", count]:
            return Receive(int(count))
        case ["await-any"]:
            return AwaitAny()
        case ["await-end"]:
            return AwaitEnd()
        case ["half-close"]:
            return HalfClose()
        case ["abort"]:
            return Abort()
        case _:
            raise ValueError(f"no such action: {record!r}")
