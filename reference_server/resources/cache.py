"""Small files and what was found out about files, each trusted only while the file's metadata stay the same.

Not an HTTP cache (RFC 9111): it holds octets and what was computed from them, never a reply.  Every use follows a
fresh look at the file, so a change is seen by the next request.
"""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

from reference_server.resources.basis import Signature, is_settled, signature_of

Path = tuple[bytes, ...]


class FileFacts(NamedTuple):
    """`content` is None for a file too large to keep."""

    content: bytes | None
    media_type: bytes
    etag: bytes


class FileCache:
    """A bounded table by path; the oldest entry makes room.  Programs' threads may look in, hence the lock."""

    def __init__(self, entries: int, file_size: int) -> None:
        self.entries = entries
        self.file_size = file_size
        self._files: dict[Path, tuple[Signature, FileFacts]] = {}
        self._lock = threading.Lock()

    def find(self, path: Path, status: os.stat_result) -> FileFacts | None:
        with self._lock:
            signature, facts = self._files.get(path, (None, None))
        return facts if signature == signature_of(status) else None

    def store(self, path: Path, status: os.stat_result, facts: FileFacts, now: int) -> None:
        if self.entries <= 0 or not is_settled(status, now):
            return
        with self._lock:
            self._files.pop(path, None)
            while len(self._files) >= self.entries:
                del self._files[next(iter(self._files))]
            self._files[path] = (signature_of(status), facts)
