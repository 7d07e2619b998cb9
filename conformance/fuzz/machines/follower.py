"""The follower: h11's client, which goes along on each connection and is told what is sent and what comes.

It must accept every answer, find it to be of the same length and content as our reader does, and agree whether the
connection lasts. Pipelined requests are told to it one by one, each with its answer. It speaks HTTP/1.1 only: a request
of HTTP/1.0 is told to it as one that asks for the end of the connection.
"""

from __future__ import annotations

import h11

from conformance.connections import is_http10
from conformance.fuzz.message import Chunked, Request
from conformance.oracle import HEAD_LIMIT
from conformance.response import Framing, Response

CLOSING = (h11.MUST_CLOSE, h11.CLOSED)


class Follower:
    """h11's side of one connection."""

    def __init__(self) -> None:
        self.client = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._lost = False
        """Whether something has been said that h11 cannot say, or nothing more may come."""

    def follow(self, request: Request, octets: bytes, answer: Response, *, last: bool) -> str:
        """Tell it of a request and all octets of its ``answer``; returns what it does not agree with.

        ``last`` tells that by our reading nothing may follow.
        """
        if self._lost:
            return ""
        try:
            self._say(request)
        except h11.LocalProtocolError:
            self._lost = True
            return ""
        try:
            complaint = self._hear(octets, answer)
        except h11.RemoteProtocolError as error:
            complaint = str(error)
        closing = self.client.their_state in CLOSING
        if not complaint and closing is not last and not is_http10(answer):
            complaint = f"the connection {'ends' if closing else 'lasts'} behind this answer"
        self._lost = bool(complaint) or closing
        return complaint

    def _say(self, request: Request) -> None:
        if self.client.our_state is not h11.IDLE:
            self.client.start_next_cycle()
        fields = [(line.name, line.value) for line in request.fields]
        if request.version != b"HTTP/1.1":
            fields.append((b"Connection", b"close"))
        self.client.send(h11.Request(method=request.method, target=request.target, headers=fields))
        body = request.body
        pieces = [chunk.data for chunk in body.chunks] if isinstance(body, Chunked) else [body]
        for piece in pieces:
            if piece:
                self.client.send(h11.Data(data=piece))
        self.client.send(h11.EndOfMessage())

    def _hear(self, octets: bytes, answer: Response) -> str:
        self.client.receive_data(octets)
        if answer.framing is Framing.CLOSE:
            self.client.receive_data(b"")
        body = bytearray()
        while True:
            event = self.client.next_event()
            if isinstance(event, h11.Response) and event.status_code != answer.status:
                return f"status {event.status_code}"
            if isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.InformationalResponse | h11.Response):
                return "the answer does not end here"
        rest = len(self.client.trailing_data[0])
        if rest or body != answer.body:
            return f"{len(body)} octets of content, and {rest} behind them"
        return ""
