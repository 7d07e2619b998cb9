"""Answers that may wait (for programs, for disks), computed in threads and handed to the event loop.

A job has two stages: `respond` in a thread; then, if the body comes piece by piece, `pump` in a thread, with a bounded
number of pieces in between, so that a slow client slows the program down instead of filling memory.

Only so many jobs are under way at once, counted from the start of `respond` to the end of the body; as many more as
`WAITING_FOR_EACH` allows wait their turn, and whoever comes when all is full, or waits too long, is told to come again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from reference_server.drivers import logs
from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources.pages import error_response
from reference_server.resources.process import ABANDONED, Incomplete

PIECES_AHEAD = 4
WAITING_FOR_EACH = 16
WAITING_SECONDS = 30.0
RETRY_AFTER = b"10"
SLICE_SECONDS = 0.25


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
        """For the thread: move everything across, or give up when abandoned; the client need not wait for `close`."""
        ending = Arrival.FAILED
        try:
            for piece in source:
                if not self._put(piece):
                    return
            ending = Arrival.END
        except Incomplete:
            pass  # told by the ending
        except Exception as error:
            logs.report(error)
        finally:
            self._put(ending)
            close(source)

    def _put(self, piece: bytes | Arrival) -> bool:
        while not self._abandoned.is_set():
            try:
                self._pieces.put(piece, timeout=SLICE_SECONDS)
            except queue.Full:
                continue
            self._notify()
            return True
        return False


class Run:
    """One answer in the making."""

    def __init__(
        self, compute: Callable[[Request], Response], request: Request, done: Callable[[Response], None]
    ) -> None:
        self.compute = compute
        self.request = request
        self.done = done
        self.abandoned = threading.Event()
        self.patience_ends = time.monotonic() + WAITING_SECONDS

    def abandon(self) -> None:
        """Nobody waits for the answer any more: a program that makes it is stopped soon; `done` may never be called."""
        self.abandoned.set()


class Held(Iterator[bytes]):
    """A body whose run is under way until the body is closed; `on_close` is told whether it was read to its end."""

    def __init__(self, body: Iterator[bytes], on_close: Callable[[bool], None]) -> None:
        self._body = body
        self._on_close = on_close
        self._read = self._closed = False

    def __next__(self) -> bytes:
        try:
            return next(self._body)
        except StopIteration:
            self._read = True
            raise

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._on_close(self._read)

    def __del__(self) -> None:
        """A fault in the loop may lose a reply, but not the place of its run."""
        self.close()


class Offload:
    """A bounded pool of threads.  `call_in_loop` brings a callable into the loop's own thread."""

    def __init__(self, threads: int, call_in_loop: Callable[[Callable[[], None]], None]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="program")
        self._call_in_loop = call_in_loop
        self._lock = threading.Lock()
        self._free = threads
        self._under_way: set[Run] = set()
        self._waiting: deque[Run] = deque()
        self._may_wait = threads * WAITING_FOR_EACH

    def respond(
        self, compute: Callable[[Request], Response], request: Request, done: Callable[[Response], None]
    ) -> Run:
        """`done` is called in the loop, and not before this returns."""
        run = Run(compute, request, done)
        with self._lock:
            begins, waits = self._free > 0, len(self._waiting) < self._may_wait
            if begins:
                self._begin(run)
            elif waits:
                self._waiting.append(run)
        if not begins and not waits:
            self._deliver(run, too_busy())
        return run

    def _begin(self, run: Run) -> None:
        """The lock is held."""
        self._free -= 1
        self._under_way.add(run)
        self._pool.submit(self._work, run)

    def _end(self, run: Run) -> None:
        """The next one that is still wanted begins."""
        with self._lock:
            self._free += 1
            self._under_way.discard(run)
            while self._waiting:
                following = self._waiting.popleft()
                if not following.abandoned.is_set():
                    self._begin(following)
                    return

    def _work(self, run: Run) -> None:
        response = self._answer(run)
        body = response.body
        if isinstance(body, Iterator):
            response.body = Held(body, lambda read: self._dispose(run, body, read))
        else:
            self._end(run)
        self._deliver(run, response)

    def _answer(self, run: Run) -> Response:
        if time.monotonic() > run.patience_ends:
            return too_busy()
        ABANDONED.set(run.abandoned)
        try:
            return run.compute(run.request)
        except Exception as error:
            logs.report(error)
            return error_response(Refusal(500, "The server failed to answer this request."))

    def _deliver(self, run: Run, response: Response) -> None:
        self._call_in_loop(lambda: run.done(response))

    def _dispose(self, run: Run, body: Iterator[bytes], read: bool) -> None:
        """In a thread of its own, as it may wait for a program's end, and neither the loop nor the client should."""
        if not read:
            run.abandon()

        def end() -> None:
            try:
                close(body)
            finally:
                self._end(run)

        try:
            self._pool.submit(end)
        except RuntimeError:  # the pool has ended, and with it the loop
            end()

    def pump(self, source: Iterator[bytes], on_piece: Callable[[], None]) -> Stream:
        """Read a body that `respond` gave; its thread is free, as the run is still under way."""
        stream = Stream(lambda: self._call_in_loop(on_piece))
        self._pool.submit(stream.pump, source)
        return stream

    def close(self) -> None:
        """Everything that is under way ends soon, and nothing else begins."""
        with self._lock:
            self._waiting.clear()
            for run in self._under_way:
                run.abandon()
        self._pool.shutdown(wait=True)


def too_busy() -> Response:
    explanation = "Too many programs are running already. Please try again in a moment."
    return error_response(Refusal(503, explanation, [(b"Retry-After", RETRY_AFTER)]))


def close(source: object) -> None:
    closing = getattr(source, "close", None)
    if closing is not None:
        closing()
