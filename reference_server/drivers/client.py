"""One client connection in the event loop: reads, has requests answered in turn, writes, ends decently.

The order of replies is the order of requests (RFC 9112 9.3.2): while one is being answered nothing more is
read, so a client that sends faster than it reads is held up by TCP.  The end is staged (RFC 9112 9.6): stop
sending, read what is still under way, then close, because closing over unread input would make the kernel
destroy the reply.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Protocol

from reference_server.config import Config
from reference_server.drivers.offload import Offload
from reference_server.drivers.outbox import Outbox, Progress
from reference_server.http1.connection import Connection
from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import application, pages
from reference_server.resources.site import Sites

READ_SIZE = 64 * 1024
LINGER_LIMIT = 256 * 1024 * 1024
LAST_LINGER_SECONDS = 0.25
FOREVER = float("inf")


class Phase(Enum):
    READING = "waiting for requests"
    ANSWERING = "a program is making the reply"
    SENDING = "a reply is under way"
    LINGERING = "all is sent; the client's last octets are thrown away"
    CLOSED = "closed"


class Loop(Protocol):
    """What a client needs of the event loop."""

    sites: Sites
    config: Config
    offload: Offload

    def now(self) -> float: ...

    def http_date(self) -> bytes: ...

    def watch(self, client: Client) -> None: ...

    def forget(self, client: Client) -> None: ...

    def report(self, error: Exception) -> None: ...

    def guarded(self, client: Client, action: Callable[[], None]) -> None: ...

    def log(self, client: Client, request: Request | None, status: int, sent: int) -> None: ...


class Client:
    """The loop watches what `wants_read` and `wants_write` say and calls `on_timeout` after `deadline`."""

    def __init__(self, loop: Loop, sock: socket.socket, address: tuple[str, int], local: tuple[str, int]) -> None:
        self.loop = loop
        self.sock = sock
        self.address = address
        self.local = local
        self.core = Connection(loop.config.limits)
        self.phase = Phase.READING
        self.deadline = loop.now() + loop.config.timeouts.idle
        self.interest = 0
        self.draining = False
        self.wants_write = False
        self._outbox = Outbox()
        self._waiting: deque[Request | Refusal] = deque()
        self._ended = False
        self._in_head = False
        self._request: Request | None = None
        self._status = 0
        self._lingered = 0

    @property
    def wants_read(self) -> bool:
        return self.phase is Phase.LINGERING or (self.phase is Phase.READING and not self._ended)

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
        self._ended = not data
        self._waiting += self.core.receive_data(data) if data else self.core.receive_eof()
        self.advance()

    def advance(self) -> None:
        """Do everything that can be done without waiting, then tell the loop what to wait for."""
        while self._step():
            pass
        if self.phase is Phase.READING:
            self._set_reading_deadline()
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
        if self._waiting:
            self._answer(self._waiting.popleft())
            return True
        if self._ended or (self.draining and not self.core.in_message):
            self.close()
            return False
        if self.core.expecting is not None:
            self._answer_expectation(self.core.expecting)
            return True
        return False

    def _answer(self, item: Request | Refusal) -> None:
        self._in_head = False
        if isinstance(item, Refusal):
            self._reply(pages.error_response(item), None)
            return
        item.client, item.server = self.address, self.local
        if not application.may_wait(item):
            self._reply(self._respond(item), item)
            return
        self.phase = Phase.ANSWERING
        self.deadline = FOREVER  # the program's own time limit ends the wait
        self.loop.offload.respond(self._respond, item, lambda response: self._program_replied(response, item))

    def _respond(self, request: Request) -> Response:
        try:
            return application.respond(self.loop.sites.choose(request.host), request)
        except Exception as error:  # a fault of the server itself: the client's 500, and a report
            self.loop.report(error)
            return pages.error_response(Refusal(500, "The server failed to answer this request."))

    def _program_replied(self, response: Response, request: Request) -> None:
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
        self.phase = Phase.SENDING
        if self.draining and not self._waiting:
            response.close = True
        self._request, self._status = request, response.status
        try:
            output = self.core.send(response, request, self.loop.http_date())
        except Exception:
            response.discard_body()
            raise
        for item in output:
            if offloaded and isinstance(item, Iterator):
                self._outbox.put(self.loop.offload.pump(item, self._piece_arrived))
            else:
                self._outbox.put(item)
        head = output[0]
        self._outbox.sent = -len(head) if isinstance(head, bytes) else 0
        self.deadline = self.loop.now() + self.loop.config.timeouts.write

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
                    self.deadline = self.loop.now() + self.loop.config.timeouts.write
            case Progress.STARVED:
                self.deadline = FOREVER
            case Progress.CLOSE:
                self._finish_reply()
                self._linger()
            case Progress.BROKEN:
                self.close()
        return False

    def _finish_reply(self) -> None:
        self.phase = Phase.READING
        self.loop.log(self, self._request, self._status, max(self._outbox.sent, 0))

    def _set_reading_deadline(self) -> None:
        """Idle between requests; one limit for a whole head; for a body a limit from piece to piece."""
        timeouts = self.loop.config.timeouts
        started, self._in_head = self._in_head, self.core.in_head
        if self._in_head:
            if not started:
                self.deadline = self.loop.now() + timeouts.head
        else:
            self.deadline = self.loop.now() + (timeouts.body if self.core.in_message else timeouts.idle)

    def on_timeout(self) -> None:
        """A request that stays incomplete is answered; silence, or a client that does not read, is not."""
        if self.phase is Phase.READING and self.core.in_message:
            self.core.abandon()
            self._waiting.append(Refusal(408, "The request did not arrive completely in time."))
            self.advance()
        else:
            self.close()

    def drain(self) -> None:
        """The server stops: finish what was begun, take nothing new."""
        self.draining = True
        if self.phase is Phase.READING:
            self.advance()
        elif self.phase is Phase.LINGERING:
            self.deadline = min(self.deadline, self.loop.now() + LAST_LINGER_SECONDS)
            self.loop.watch(self)

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
        self.deadline = self.loop.now() + self.loop.config.timeouts.linger

    def _linger_on(self, data: bytes) -> None:
        self._lingered += len(data)
        if not data or self._lingered > LINGER_LIMIT:
            self.close()

    def close(self) -> None:
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        self._outbox.discard()
        self.loop.forget(self)
        self.sock.close()
