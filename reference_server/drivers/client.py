"""One client connection in the event loop: reads, has requests answered in turn, writes, ends decently.

The order of replies is the order of requests (RFC 9112 9.3.2): while one is being answered nothing more is
read, so a client that sends faster than it reads is held up by TCP.  The end is staged (RFC 9112 9.6): stop
sending, read what is still under way, then close, because closing over unread input would make the kernel
destroy the reply.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Protocol

from reference_server.config import Config
from reference_server.drivers.access_log import AccessLog, Record, make_record
from reference_server.drivers.offload import Offload, Run
from reference_server.drivers.outbox import Outbox, Progress
from reference_server.drivers.pace import LAST_LINGER_SECONDS, Pace
from reference_server.drivers.poller import GONE, READABLE, WRITABLE
from reference_server.drivers.replay import Replay, Replays
from reference_server.drivers.shortcut import answer_known
from reference_server.http1.connection import Close, Connection
from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import application, pages
from reference_server.resources.site import Sites

READ_SIZE = 64 * 1024
STEPS_PER_TURN = 64
LINGER_LIMIT = 256 * 1024 * 1024
# The value of SO_LINGER that makes the next close a reset.
RESET = struct.pack("ii", 1, 0)

TOO_MUCH_AT_ONCE = Refusal(503, "There are too many uploads at this moment; try again.", [(b"Retry-After", b"10")])


class Phase(Enum):
    READING = "waiting for requests"
    ANSWERING = "a program is making the reply"
    SENDING = "a reply is under way"
    LINGERING = "all is sent; the client's last octets are thrown away"
    CLOSED = "closed"


class Loop(Protocol):
    """What a client needs of the event loop; `time` (monotonic) and `date` are those of the current turn, `held` is
    how many octets of content all clients together hold."""

    sites: Sites
    config: Config
    offload: Offload
    replays: Replays
    access_log: AccessLog
    time: float
    date: bytes
    held: int

    def watch(self, client: Client) -> None: ...

    def forget(self, client: Client) -> None: ...

    def report(self, error: Exception) -> None: ...

    def guarded(self, client: Client, action: Callable[[], None]) -> None: ...


class Client:
    """The loop watches for the events `wanted` and calls `on_timeout` after the deadline of its `pace`."""

    __slots__ = (
        "_ended", "_held", "_lingered", "_outbox", "_record", "_run", "_unmarked", "_waiting", "address", "core",
        "draining", "hurried", "interest", "loop", "pace", "phase", "sock", "wants_write",
    )  # fmt: skip

    def __init__(self, loop: Loop, sock: socket.socket, address: tuple[str, int]) -> None:
        self.loop = loop
        self.sock = sock
        self.address = address
        self.core = Connection(loop.config.limits)
        self.phase = Phase.READING
        self.pace = Pace(loop.config, loop.time)
        self.interest = -1
        self.draining = False
        self.hurried = False
        self.wants_write = False
        self._outbox = Outbox()
        self._waiting: deque[Request | Refusal] = deque()
        self._ended = False
        self._record: Record | None = None
        self._run: Run | None = None
        self._lingered = 0
        self._unmarked = False
        self._held = 0

    @property
    def wanted(self) -> int:
        """The events to wait for; none while a program works, or one that does not read is waited for."""
        reads = self.phase is Phase.READING and not (self._ended or self._waiting or self.wants_write)
        return READABLE * (reads or self.phase is Phase.LINGERING) | WRITABLE * self.wants_write

    @property
    def idle(self) -> bool:
        """Whether nothing is lost by closing the connection (RFC 9112 9.5)."""
        return self.phase is Phase.READING and not self._waiting and not self.core.in_message

    def on_event(self, events: int) -> None:
        """Everything but the plain arrival of octets."""
        if events & WRITABLE:
            self.advance()
        elif events & READABLE:
            self.on_readable()
        elif events & GONE:
            # Told even while nothing is read: whoever makes the reply may stop.
            self.close()

    def on_readable(self) -> None:
        try:
            data = self.sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if self.phase is Phase.LINGERING:
            self._linger_on(data)
            return
        if data and self.core.fresh and not self.draining and not self._waiting:
            data = answer_known(self, self.loop.replays, data)
            if not data:
                return
        self._receive(data)

    def _receive(self, data: bytes) -> None:
        self._ended = not data
        self.pace.arrived(len(data))
        self._waiting += self.core.receive_data(data) if data else self.core.receive_eof()
        if self._held or self.core.in_message or self._waiting:
            self._account()
            if self.core.held and self.loop.held > self.loop.config.bodies:
                self.core.abandon()
                self._waiting.append(TOO_MUCH_AT_ONCE)
                self._account()
        self.advance()

    def _account(self) -> None:
        """Tell the loop how much content is held for this client."""
        held = self.core.held
        for item in self._waiting:
            if isinstance(item, Request):
                held += len(item.body)
        self.loop.held += held - self._held
        self._held = held

    # The short way (see `shortcut.Conversation`)

    def replayed(self, replay: Replay, times: int) -> None:
        loop = self.loop
        self.pace.idle(loop.time)
        for _ in range(times):
            loop.access_log.add(self.address[0], replay.record, replay.content_size)

    def replaying(self, replay: Replay, sent: int, rest: bytes) -> None:
        self._begin_sending(replay.record)
        self._outbox.put(replay.octets[sent:])
        if (region := replay.region(max(sent - len(replay.octets), 0))) is not None:
            self._outbox.put(region)
        if replay.closes:
            self.core.abandon()
            self._outbox.put(Close.CLOSE)
        self._outbox.sent = sent - replay.head_size
        self._waiting += self.core.receive_data(rest)
        self.wants_write = True
        self.loop.watch(self)

    def replayed_last(self) -> None:
        self._linger()
        self.loop.watch(self)

    # The long way

    def advance(self) -> None:
        """Do everything that can be done without waiting, then tell the loop what to wait for."""
        self.wants_write = False
        for _ in range(STEPS_PER_TURN):
            if not self._step():
                break
        else:
            # Others have their turn; as the socket takes more, ours comes again at once.
            self.wants_write = self.phase is not Phase.CLOSED
        if self.phase is Phase.READING:
            self.pace.reading(self.core, self.loop.time, self.draining)
        if self.phase is not Phase.CLOSED:
            self.loop.watch(self)

    def _step(self) -> bool:
        """One step; False if the next one has to wait."""
        if self._outbox:
            return self._send_some()
        if self.phase is Phase.SENDING:
            self._finish_reply()
        if self.phase is not Phase.READING:
            return False
        if not self._waiting and self.core.buffer:
            self._waiting += self.core.receive_data(b"")  # what it left in its buffer, having given enough at once
        if self._waiting:
            self._answer(self._waiting.popleft())
            return True
        if self._ended or (self.hurried and not self.core.in_message):
            self.close()
            return False
        if self.core.expecting is not None:
            self._answer_expectation(self.core.expecting)
            return True
        return False

    def _answer(self, item: Request | Refusal) -> None:
        if isinstance(item, Refusal):
            self._reply(pages.error_response(item), None)
            return
        item.client = self.address
        if not application.may_wait(item):
            self._reply(self._respond(item), item)
            return
        address = self.sock.getsockname()
        item.server = (address[0], address[1])
        self.phase = Phase.ANSWERING
        self.pace.answering()
        self._run = self.loop.offload.respond(
            self._respond, item, lambda response: self._program_replied(response, item)
        )

    def _respond(self, request: Request) -> Response:
        try:
            return application.respond(self.loop.sites.choose(request.host), request)
        except Exception as error:  # a fault of the server itself: the client's 500, and a report
            self.loop.report(error)
            return pages.error_response(Refusal(500, "The server failed to answer this request."))

    def _program_replied(self, response: Response, request: Request) -> None:
        self._run = None
        if self.phase is Phase.CLOSED:
            response.discard_body()
            return

        def go_on() -> None:
            self._reply(response, request, offloaded=True)
            self.advance()

        self.loop.guarded(self, go_on)

    def _answer_expectation(self, request: Request) -> None:
        """Ask for the body, unless the answer is known without it (RFC 9110 10.1.1)."""
        refusal = application.refuse_early(self.loop.sites.choose(request.host), request)
        if refusal is None:
            self._outbox.put(self.core.send_continue())
            return
        refusal.close = True
        self._reply(refusal, request)

    def _reply(self, response: Response, request: Request | None, offloaded: bool = False) -> None:
        """Queue the whole reply; pieces that a program has yet to write are fetched by a thread."""
        if self.draining and not self._waiting:
            response.close = True
        try:
            output = self.core.send(response, request, self.loop.date)
        except Exception:
            response.discard_body()
            raise
        line = self.core.request_line if request is None else request_line(request)
        self._begin_sending(make_record(line, response.status, request))
        # Only the end of the connection tells the end of such a reply: if it breaks off, that has to look different.
        self._unmarked = offloaded and (response.raw or request is None or request.version < (1, 1))
        for item in output:
            if offloaded and isinstance(item, Iterator):
                self._outbox.put(self.loop.offload.pump(item, self._piece_arrived))
            else:
                self._outbox.put(item)
        head = output[0]
        self._outbox.sent = -len(head) if isinstance(head, bytes) else 0
        if request is not None and self._record is not None:
            self.loop.replays.remember(request, response, output, self._record)

    def _begin_sending(self, record: Record) -> None:
        self.phase = Phase.SENDING
        self._record = record
        self.pace.begin_sending(self.loop.time)

    def _piece_arrived(self) -> None:
        if self.phase is Phase.SENDING:
            self.loop.guarded(self, self.advance)

    def _send_some(self) -> bool:
        before = self._outbox.sent
        progress = self._outbox.flush(self.sock)
        self.wants_write = progress is Progress.BLOCKED
        match progress:
            case Progress.ALL_SENT:
                return True
            case Progress.BLOCKED:
                if self._outbox.sent > before:
                    self.pace.sending(self.loop.time, self._outbox.sent)
            case Progress.STARVED:
                self.pace.starved(self.loop.time)
            case Progress.CLOSE:
                self._finish_reply()
                self._linger()
            case Progress.BROKEN:
                if self._unmarked:
                    self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.close()
        return False

    def _finish_reply(self) -> None:
        self.phase = Phase.READING
        self._log()
        if self._held:
            self._account()

    def _log(self) -> None:
        if self._record is not None:
            self.loop.access_log.add(self.address[0], self._record, max(self._outbox.sent, 0))
            self._record = None

    def on_timeout(self) -> None:
        """A request that stays incomplete is answered; silence, or a client that does not read, is not."""
        if self.phase is Phase.READING and self.core.in_message:
            self.core.abandon()
            self._waiting.append(Refusal(408, "The request did not arrive completely in time."))
            self.advance()
        else:
            self.close()

    def drain(self, hurried: bool) -> None:
        """The server leaves: finish what was begun, and make the next reply the last.

        Without hurry even an idle client gets a moment, because its next request may be under way (RFC 9112 9.3.1).
        """
        self.draining, self.hurried = True, hurried
        if self.phase is Phase.READING and hurried:
            self._drain_unread()
        elif self.idle:
            self.pace.hurry(self.loop.time, self.loop.config.timeouts.linger)
        elif self.phase is Phase.LINGERING:
            self.pace.hurry(self.loop.time, LAST_LINGER_SECONDS)
            self.loop.watch(self)

    def _drain_unread(self) -> None:
        """What has reached this machine already is not lost."""
        try:
            data = self.sock.recv(READ_SIZE)
        except BlockingIOError:
            self.advance()
        except OSError:
            self.close()
        else:
            self._receive(data)

    def _linger(self) -> None:
        """Everything is sent: say so, and wait for the client to notice."""
        self._outbox.discard()
        if self._ended:
            self.close()
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
            return
        self.phase = Phase.LINGERING
        self.pace.lingering(self.loop.time)

    def _linger_on(self, data: bytes) -> None:
        self._lingered += len(data)
        if not data or self._lingered > LINGER_LIMIT:
            self.close()

    def close(self) -> None:
        if self.phase is Phase.CLOSED:
            return
        if self.phase is Phase.SENDING:
            self._log()
        if self._run is not None:
            self._run.abandon()
        self.phase = Phase.CLOSED
        self.loop.held -= self._held
        self._outbox.discard()
        self.loop.forget(self)
        self.sock.close()


def request_line(request: Request) -> bytes:
    if request.head:
        return request.head[: request.head.index(b"\r")]
    return b"%s %s HTTP/%d.%d" % (request.method.encode("ascii"), request.target, *request.version)
