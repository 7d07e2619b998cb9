"""Shrinking: smaller and smaller examples of one failure, each of them looked at once, within a budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from conformance.fuzz.deck import Wrong
from conformance.fuzz.example import Example

T = TypeVar("T")


class Shrinking(Generic[T]):
    """The search that begins with ``example`` and its ``outcome``; :attr:`smallest` is the last that failed.

    ``look`` plays an example and gives what makes it the same failure, or None; ``tries`` is how often it may, and
    ``granted`` tells whether there is time.
    """

    def __init__(
        self,
        example: Example,
        outcome: T,
        look: Callable[[Example], T | None],
        tries: int,
        granted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.smallest = outcome, example
        self.tries = tries
        self._look = look
        self._granted = granted
        self._seen: dict[object, T | None] = {_key(example): outcome}

    def fails(self, example: Example) -> bool:
        """Whether it fails in the same way; remembered, so that Hypothesis sees one outcome of one example."""
        key = _key(example)
        if key not in self._seen:
            if self.tries == 0 or not self._granted():
                return False
            self.tries -= 1
            self._seen[key] = self._look(example)
        outcome = self._seen[key]
        if outcome is not None:
            self.smallest = outcome, example
        return outcome is not None

    def attempt(self, example: Example) -> None:
        """Raises Wrong if it fails in the same way."""
        if self.fails(example):
            raise Wrong


def _key(example: Example) -> object:
    """The same octets may be a fault of one mutation and none of another, or good requests behind a faulty one."""
    return example.mutation.name, example.probe, len(example.after)
