"""Small files kept in memory, each trusted only as long as the file's metadata stay the same.

Not an HTTP cache (RFC 9111): it holds octets and what was computed from them, never a reply.  Every use follows a
fresh look at the file, so a change is seen by the next request.
"""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

Signature = tuple[int, int, int, int, int]


class CachedFile(NamedTuple):
    """The content and the field values derived from it."""

    signature: Signature
    content: bytes
    media_type: bytes
    etag: bytes


def signature_of(status: os.stat_result) -> Signature:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class FileCache:
    """A bounded table by path; the oldest entry makes room.  Programs' threads may look in, hence the lock."""

    def __init__(self, entries: int, file_size: int) -> None:
        self.entries = entries
        self.file_size = file_size
        self._files: dict[tuple[bytes, ...], CachedFile] = {}
        self._lock = threading.Lock()

    def find(self, path: tuple[bytes, ...], status: os.stat_result) -> CachedFile | None:
        with self._lock:
            found = self._files.get(path)
        if found is None or found.signature != signature_of(status):
            return None
        return found

    def store(self, path: tuple[bytes, ...], entry: CachedFile) -> None:
        if self.entries <= 0:
            return
        with self._lock:
            self._files.pop(path, None)
            while len(self._files) >= self.entries:
                del self._files[next(iter(self._files))]
            self._files[path] = entry
