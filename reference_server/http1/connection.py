"""One connection as a state machine: octets in, requests out; a response in, octets to send out (RFC 9112 9).

The driver feeds it and obeys it.  It never reads, writes or waits by itself.  Reading goes through three
states:

    HEAD   collecting a request line and field lines   -> BODY, or HEAD again after a request without body
    BODY   collecting content                          -> HEAD, or DONE if this was the last request
    DONE   everything that still arrives is ignored: a refusal or `close` came before it (RFC 9112 9.6)
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from reference_server.http1 import body, encode, framing, head, target
from reference_server.http1.framing import Framing, Persistence
from reference_server.http1.messages import FileRegion, Pieces, Refusal, Request, Response


class Limits(NamedTuple):
    """How much of a request is taken in (RFC 9112 3 and 5 ask for at least 8000 octets of request line)."""

    request_line: int = 16 * 1024
    head: int = 64 * 1024
    fields: int = 200
    body: int = 10 * 1024 * 1024
    empty_lines: int = 4


class Reading(Enum):
    HEAD = "head"
    BODY = "body"
    DONE = "done"


class Close(Enum):
    """The output instruction that ends a connection."""

    CLOSE = "close"


HEAD_END = b"\r\n\r\n"
# So many requests are taken from the buffer at once: as octets they are smaller.
BATCH = 32

Output = bytes | FileRegion | Iterator[bytes] | Close


class Connection:
    """Feed `receive_data`; for each request in the batch call `send` once, in order."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = Limits() if limits is None else limits
        self.state = Reading.HEAD
        self.buffer = bytearray()
        self.request_line = b""
        self.expecting: Request | None = None
        self._empty_lines = 0
        self._head_size = 0
        self._request: Request | None = None
        self._reader: body.LengthReader | body.ChunkedReader | None = None

    @property
    def in_message(self) -> bool:
        """Whether a request has begun but is not complete."""
        return self.state is Reading.BODY or self._request is not None or bool(self.buffer)

    @property
    def held(self) -> int:
        """How many octets of a request's content have been taken in and not given out."""
        return 0 if self._reader is None else len(self._reader.content)

    @property
    def fresh(self) -> bool:
        """Whether a request may come and nothing of it has, not even an empty line before it."""
        return self.state is Reading.HEAD and self._request is None and not self.buffer and not self._empty_lines

    @property
    def in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        return self.state is Reading.HEAD and self.in_message

    def receive_data(self, data: bytes) -> list[Request | Refusal]:
        """Take in octets; give the requests they complete, and a refusal (always last) if they are wrong."""
        if self.state is Reading.DONE:
            return []
        self.buffer += data
        batch: list[Request | Refusal] = []
        try:
            while len(batch) < BATCH and (request := self._next_request()) is not None:
                batch.append(request)
        except Refusal as refusal:
            self.abandon()
            batch.append(refusal)
        return batch

    def receive_eof(self) -> list[Request | Refusal]:
        """The client sends no more.  A request cut short is worth an explanation (RFC 9112 8)."""
        cut_short = self.state is not Reading.DONE and self.in_message
        self.abandon()
        return [Refusal(400, "The connection ended before the request was complete.")] if cut_short else []

    def abandon(self) -> None:
        """Read no further request from this connection."""
        self.state = Reading.DONE
        self.expecting = self._request = self._reader = None
        self.buffer.clear()

    def _next_request(self) -> Request | None:
        if self.state is Reading.HEAD and not self._read_head():
            return None
        if self.state is Reading.BODY and not self._read_body():
            return None
        if self._request is None:
            return None
        request, self._request = self._request, None
        closes = framing.decide_persistence(request.version, request.fields) is Persistence.CLOSE
        if closes:
            self.abandon()
        else:
            self.state = Reading.HEAD
        return request

    def _read_head(self) -> bool:
        """Consume lines until the empty one; True once the head is complete."""
        if self._request is None and self._read_whole_head():
            return True
        while True:
            if self._request is None:
                if not self._read_request_line():
                    return False
                continue
            line = body.take_line(self.buffer, self.limits.head, 431, "The head of the request is too long.")
            if line is None:
                return False
            if not line:
                self._finish_head(self._request)
                return True
            self._head_size += len(line) + 2
            if self._head_size > self.limits.head or len(self._request.fields) >= self.limits.fields:
                raise Refusal(431, "The head of the request is too long or has too many fields.")
            self._request.fields.append(head.parse_field_line(line))

    def _read_whole_head(self) -> bool:
        """The usual case, a head that has arrived in one piece, without a walk from line to line through the buffer.

        Anything unusual (an empty line before it, a lone LF, a limit exceeded) is left to that walk, untouched.
        """
        end = self.buffer.find(HEAD_END)
        if end <= 0:
            return False
        octets = bytes(memoryview(self.buffer)[: end + len(HEAD_END)])
        lines = octets[:end].split(b"\r\n")
        limits = self.limits
        if (
            self._empty_lines
            or not lines[0]
            or octets.count(b"\n") != len(lines) + 1
            or len(lines[0]) > limits.request_line
            or end - len(lines[0]) > limits.head
            or len(lines) - 1 > limits.fields
        ):
            return False
        del self.buffer[: len(octets)]
        request = self._begin_request(lines[0])
        request.head = octets
        for line in lines[1:]:
            request.fields.append(head.parse_field_line(line))
        self._finish_head(request)
        return True

    def _read_request_line(self) -> bool:
        """A few empty lines before it are skipped, as RFC 9112 2.2 asks."""
        if self._empty_lines == 0:
            self.request_line = b""
        line = self._take_request_line(self.limits.request_line)
        if line is None:
            return False
        if not line:
            self._empty_lines += 1
            if self._empty_lines > self.limits.empty_lines:
                raise Refusal(400, "There are too many empty lines before the request.")
            return True
        self._begin_request(line)
        return True

    def _take_request_line(self, limit: int) -> bytes | None:
        """Where even the method does not end within the limit, it is none that is known here (RFC 9112 3)."""
        try:
            return body.take_line(self.buffer, limit, 414, "The request line is too long.")
        except Refusal as refusal:
            if refusal.status == 414 and b" " not in self.buffer[:limit]:
                raise Refusal(501, "The method is longer than any that this server implements.") from refusal
            raise

    def _begin_request(self, line: bytes) -> Request:
        self.request_line = line
        method, request_target, version = head.split_request_line(line)
        parsed = target.parse_target(method, request_target)
        request = Request(method, request_target, version, [], b"", parsed.path, parsed.query, parsed.authority or b"")
        self._request = request
        self._empty_lines = self._head_size = 0
        return request

    def _finish_head(self, request: Request) -> None:
        """The head is complete: decide what it means for the body and for the connection."""
        host = head.check_host(request.fields, request.version)
        # An authority in the target wins over Host (RFC 9112 3.2.2).
        request.host = request.host or host
        planned = framing.decide_body_framing(request.fields, request.version, self.limits.body)
        expectation = check_expectation(request)
        if planned.framing is Framing.NONE:
            self._reader = None
            return
        self.state = Reading.BODY
        request.head = b""  # the head alone is not the request
        chunked = planned.framing is Framing.CHUNKED
        self._reader = body.ChunkedReader(self.limits.body) if chunked else body.LengthReader(planned.length)
        if expectation and not self.buffer:
            self.expecting = request

    def _read_body(self) -> bool:
        if self._reader is None or self._request is None:
            return True
        if self.buffer:
            self.expecting = None  # the client did not wait: no 100 is needed (RFC 9110 10.1.1)
        if not self._reader.feed(self.buffer):
            return False
        self._request.body = bytes(self._reader.content)
        self._reader = None
        return True

    def send_continue(self) -> bytes:
        """The interim reply that asks for the body."""
        self.expecting = None
        return encode.CONTINUE

    def send(self, response: Response, request: Request | None, date: bytes) -> list[Output]:
        """What to write for this reply.  An iterator in it yields octets that are framed already."""
        if response.raw and response.body is not None and not isinstance(response.body, Pieces):
            self.abandon()
            return [response.body, Close.CLOSE]
        plan = framing.decide_reply_framing(request, response)
        output: list[Output] = [encode.encode_head(response, request, date, plan)]
        without_body = framing.contentless(response.status) or is_head(request)
        if without_body:
            response.discard_body()
        elif plan.framing is Framing.CHUNKED and isinstance(response.body, Iterator):
            output.append(encode.frame_chunks(response.body))
        elif isinstance(response.body, Pieces):
            output.extend(response.body.items)
        elif response.body is not None:
            output.append(response.body)
        if plan.persistence is Persistence.CLOSE:
            self.abandon()
            output.append(Close.CLOSE)
        return output


def is_head(request: Request | None) -> bool:
    """Whose replies end with the head (RFC 9110 9.3.2)."""
    return request is not None and request.method == "HEAD"


def check_expectation(request: Request) -> bool:
    """Whether the client waits for a 100; HTTP/1.0 clients cannot (RFC 9110 10.1.1)."""
    value = request.field(b"expect")
    if value is None or request.version < (1, 1):
        return False
    expectations = framing.list_members(value)
    if any(expectation != b"100-continue" for expectation in expectations):
        raise Refusal(417, "The only expectation known here is 100-continue.")
    return bool(expectations)
