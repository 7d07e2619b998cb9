"""Answers that wait for a program, computed in threads and handed to the event loop.

A job has two stages: `respond` in a thread; then, if the body comes piece by piece, pumping it in a thread
with a bounded number of pieces in between, so that a slow client slows the program down instead of filling
memory.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from reference_server.http1.messages import Request, Response

PIECES_AHEAD = 4


class Arrival(Enum):
    """What a stream may hold instead of octets."""

    END = "end of the body"
    FAILED = "the source failed: the body stays incomplete"
    NOTHING_YET = "wait for the next notice"


class Stream:
    """Pieces on their way from a thread to the loop."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self._pieces: queue.Queue[bytes | Arrival] = queue.Queue(PIECES_AHEAD)
        self._abandoned = threading.Event()
        self._notify = notify

    def next_piece(self) -> bytes | Arrival:
        """For the loop: never waits."""
        try:
            return self._pieces.get_nowait()
        except queue.Empty:
            return Arrival.NOTHING_YET

    def abandon(self) -> None:
        """For the loop: the client is gone."""
        self._abandoned.set()

    def pump(self, source: Iterator[bytes]) -> None:
        """For the thread: move everything across, or give up when abandoned."""
        ending = Arrival.FAILED
        try:
            for piece in source:
                if not self._put(piece):
                    return
            ending = Arrival.END
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            self._put(ending)

    def _put(self, piece: bytes | Arrival) -> bool:
        while not self._abandoned.is_set():
            try:
                self._pieces.put(piece, timeout=0.25)
            except queue.Full:
                continue
            self._notify()
            return True
        return False


class Offload:
    """A bounded pool of threads.  `notify` brings a callable into the loop's own thread."""

    def __init__(self, threads: int, call_in_loop: Callable[[Callable[[], None]], None]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="program")
        self._call_in_loop = call_in_loop

    def respond(
        self, compute: Callable[[Request], Response], request: Request, done: Callable[[Response], None]
    ) -> None:
        def work() -> None:
            response = compute(request)
            self._call_in_loop(lambda: done(response))

        self._pool.submit(work)

    def pump(self, source: Iterator[bytes], on_piece: Callable[[], None]) -> Stream:
        stream = Stream(lambda: self._call_in_loop(on_piece))
        self._pool.submit(stream.pump, source)
        return stream

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
