"""How many connections each worker holds, in memory that all of them see, so that no worker takes more than its share.

Every place has one writer, its worker; the others only read, and a figure that is a moment old does no harm.  So there
is no lock.
"""

from __future__ import annotations

import mmap

OCTETS = 4
VACANT = 2**32 - 1
# Equal counts must not make everybody wait for everybody else.
SLACK = 1


class Share:
    """Made before the workers are; `mine` is what one worker keeps of it."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, OCTETS * workers)
        self._counts = memoryview(self._memory).cast("I")
        for place in range(workers):
            self.vacate(place)

    def mine(self, place: int) -> Seat:
        return Seat(self._counts, place)

    def vacate(self, place: int) -> None:
        """Its worker is dead: nobody has to wait for it."""
        self._counts[place] = VACANT

    def counts(self) -> list[int | None]:
        """The open connections of each worker, None where there is none."""
        return [None if count == VACANT else count for count in self._counts]

    def close(self) -> None:
        """Give the memory back; a worker that still has a seat keeps it until it ends."""
        self._counts.release()
        self._memory.close()


class Seat:
    """One worker's place."""

    __slots__ = ("_counts", "_held", "_leaving", "_place")

    def __init__(self, counts: memoryview, place: int) -> None:
        self._counts = counts
        self._place = place
        self._held = 0
        self._leaving = False
        counts[place] = 0

    def connected(self) -> None:
        self._set(self._held + 1)

    def closed(self) -> None:
        self._set(self._held - 1)

    def leave(self) -> None:
        """Accept no more: from now on nobody has to wait for this worker."""
        self._leaving = True
        self._counts[self._place] = VACANT

    def may_accept(self) -> bool:
        """No if others hold fewer connections.  Who asks must not heed that twice in a row: the others may be stuck."""
        return self._held <= self._fewest_elsewhere() + SLACK

    def _fewest_elsewhere(self) -> int:
        place, counts = self._place, self._counts
        return min((count for other, count in enumerate(counts) if other != place), default=VACANT)

    def _set(self, held: int) -> None:
        self._held = held
        if not self._leaving:
            self._counts[self._place] = held
