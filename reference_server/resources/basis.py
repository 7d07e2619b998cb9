"""What a reply rests on: the state of files, looked at again before the reply is given a second time.

Only the driver's short memory of replies asks (see `drivers.replay`), and it forgets everything when the second ends,
so what depends on the clock needs no mention here.
"""

from __future__ import annotations

import os
from typing import NamedTuple

Signature = tuple[int, int, int, int, int]

# A file changed so recently may change again within one tick of the file system's clock, unnoticed.
SETTLED_SECONDS = 2


def signature_of(status: os.stat_result) -> Signature:
    """What changes whenever a file's octets or its identity do: the change time cannot be set back by programs."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_settled(status: os.stat_result, now: int) -> bool:
    """Whether a later change is sure to show in the signature."""
    return max(status.st_mtime, status.st_ctime) <= now - SETTLED_SECONDS


class FileState(NamedTuple):
    """A path below the root, through real folders only, and the signature found there; None if there was nothing."""

    root_fd: int
    path: bytes
    signature: Signature | None

    def holds(self) -> bool:
        try:
            status = os.stat(self.path, dir_fd=self.root_fd, follow_symlinks=False)
        except OSError:
            return self.signature is None
        return signature_of(status) == self.signature


class FileStates(NamedTuple):
    """Several of them, for a reply that was chosen among files."""

    states: tuple[FileState, ...]

    def holds(self) -> bool:
        return all(state.holds() for state in self.states)
