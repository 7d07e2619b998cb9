"""Small files, what was found out about files, and folders' names, each trusted only while the metadata stay the same.

Not an HTTP cache (RFC 9111): it holds octets and what was computed from them, never a reply.  Every use follows a
fresh look at the file, so a change is seen by the next request.
"""

from __future__ import annotations

import bisect
import os
import threading
from typing import NamedTuple

from reference_server.http1.messages import Fields
from reference_server.resources.basis import Signature, is_settled, signature_of

Path = tuple[bytes, ...]

# Behind every name that begins alike: names have at most 255 octets.
LONGEST = b"\xff" * 255


class FileFacts(NamedTuple):
    """`content` is None for a file too large to keep; `fields` are those of a 200, but for Expires."""

    content: bytes | None
    size: int
    media_type: bytes
    etag: bytes
    last_modified: int
    fields: Fields
    expires: int | None
    compressible: bool


class FileCache:
    """A bounded table by path; the oldest entries make room.  Programs' threads may look in, hence the lock.

    What is made of a file (its compressed form) is kept under the file's path and one more name that no file can have.
    """

    def __init__(self, entries: int, file_size: int) -> None:
        self.entries = entries
        self.file_size = file_size
        self.octets = 0
        self.folders = FolderNames()
        self._files: dict[Path, tuple[Signature, FileFacts]] = {}
        self._lock = threading.Lock()

    def find(self, path: Path, status: os.stat_result) -> FileFacts | None:
        with self._lock:
            signature, facts = self._files.get(path, (None, None))
        return facts if signature == signature_of(status) else None

    def store(self, path: Path, status: os.stat_result, facts: FileFacts, now: int) -> None:
        """At most so many entries, and no more octets than as many of the largest small files have."""
        size = content_size(facts)
        room = self.entries * self.file_size
        if self.entries <= 0 or size > room or not is_settled(status, now):
            return
        with self._lock:
            self._drop(path)
            while len(self._files) >= self.entries or self.octets + size > room:
                self._drop(next(iter(self._files)))
            self._files[path] = (signature_of(status), facts)
            self.octets += size

    def _drop(self, path: Path) -> None:
        _, facts = self._files.pop(path, (None, None))
        if facts is not None:
            self.octets -= content_size(facts)


def content_size(facts: FileFacts) -> int:
    return 0 if facts.content is None else len(facts.content)


class FolderNames:
    """The names in the folders that were looked through last, so that a request for nothing costs little."""

    FOLDERS = 32
    NAMES = 20_000

    def __init__(self) -> None:
        self._folders: dict[Path, tuple[Signature, list[bytes]]] = {}
        self._lock = threading.Lock()

    def starting_with(self, path: Path, fd: int, status: os.stat_result, prefix: bytes, now: int) -> list[bytes]:
        """In the order of their octets; `status` is the folder's, taken before."""
        with self._lock:
            signature, names = self._folders.get(path, (None, []))
        if signature != signature_of(status):
            names = sorted(map(os.fsencode, os.listdir(fd)))
            self._keep(path, status, names, now)
        first, end = (bisect.bisect_left(names, bound) for bound in (prefix, prefix + LONGEST))
        return names[first:end]

    def _keep(self, path: Path, status: os.stat_result, names: list[bytes], now: int) -> None:
        if len(names) > self.NAMES or not is_settled(status, now):
            return
        with self._lock:
            self._folders.pop(path, None)
            while len(self._folders) >= self.FOLDERS:
                del self._folders[next(iter(self._folders))]
            self._folders[path] = (signature_of(status), names)
