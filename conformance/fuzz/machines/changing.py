"""The one page that a machine may change, and what may be shown of it: by writing its file, or by PUT.

Only ``throwaway.txt`` is ever written to: its file where the suite has made the folder for this run, or where PUT has
shown that it changes it. A file is put in its place whole, so that nobody can read one that is half written. What is
shown may be any whole version, as files may be cached, but no older one than the last that a PUT was said to have
stored (RFC 9110 §9.3.4).
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path

from conformance.fuzz.message import FieldLine, Request
from conformance.response import Response
from conformance.site import Page

LONGEST = 4096
DIGITS = 6
"""So much of a content tells it from all others."""
APART = 2.0
"""Tags may be made of times in whole seconds: so far apart must two versions be for their tags to be compared."""
STEP_BACK = 10.0
"""So many seconds older is each version that is written, as a time to come would be replaced."""

READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH

Ask = Callable[[Request], Response | None]


class Kind(IntFlag):
    """How a page is changed; the simplest of all is another content of the same length with another time."""

    PLAIN = 0
    OTHER_LENGTH = 1
    SAME_TIME = 2
    PUT = 4


KINDS = 8


def changed_how(kind: int) -> str:
    """In words."""
    size = "of another length" if kind & Kind.OTHER_LENGTH else "of the same length"
    if kind & Kind.PUT:
        return f"put, where that works, a content {size} to"
    return f"write a content {size}{' but the same time' if kind & Kind.SAME_TIME else ''} to"


@dataclass(frozen=True, slots=True)
class Version:
    """A content that the page has had; ``stored`` tells that a PUT was said to have stored it, ``time`` its age."""

    content: bytes
    time: float
    stored: bool = False


@dataclass
class Changing:
    """The page ``what``; ``root`` is the folder it lies in, if files may be written there, ``puts`` whether PUT changes
    it."""

    authority: bytes
    what: Page
    root: Path | None = None
    puts: bool = False
    versions: list[Version] = field(default_factory=list)
    _tags: dict[str, Version] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._written = self._oldest = os.stat(self.root / self.what.path).st_mtime if self.root is not None else 0.0
        self.versions.append(Version(self.what.content, self._oldest))

    @property
    def page(self) -> Request:
        """The plain GET of it."""
        return Request(b"GET", self.what.target.encode(), (FieldLine(b"Host", self.authority),))

    @property
    def number(self) -> int:
        """That of the last version."""
        return len(self.versions) - 1

    def shown(self, content: bytes) -> None:
        """Take note of what the page shows before scripts are played: who refuses a PUT may have stored it."""
        if content != self.versions[-1].content:
            self.versions.append(Version(content, self._oldest))

    def begin(self) -> None:
        """Another script begins: what is found by it must be shown by it alone."""
        self._tags.clear()

    def change(self, kind: int, ask: Ask) -> None:
        """Give the page a content that it has never had."""
        last = self.versions[-1]
        line = b"%06d is the number of this version.\n" % len(self.versions)
        other = kind & Kind.OTHER_LENGTH or len(last.content) < DIGITS
        size = DIGITS + (2 * len(last.content) + len(line)) % LONGEST if other else len(last.content)
        content = (line * (1 + size // len(line)))[:size]
        if self.puts and (kind & Kind.PUT or self.root is None):
            self._store(content, ask)
        elif self.root is not None:
            self._oldest -= STEP_BACK
            now = os.stat(self.root / self.what.path).st_mtime
            self._write(self.root, content, now if kind & Kind.SAME_TIME else self._oldest)

    def restore(self, ask: Ask) -> None:
        """Put the old content back, with its old time."""
        if self.number == 0:
            return
        if self.puts:
            self._store(self.what.content, ask)
        if self.root is not None:
            self._write(self.root, self.what.content, self._written)

    def forget(self) -> None:
        """Nothing is certain any more, as after a new start of the server."""
        self.versions[:] = [Version(version.content, version.time) for version in self.versions]

    def shows(self, body: bytes, since: int) -> bool:
        """Whether this may be shown to who asked when the version with the number ``since`` was the last."""
        stored = [number for number, version in enumerate(self.versions[: since + 1]) if version.stored]
        return any(body == version.content for version in self.versions[stored[-1] if stored else 0 :])

    def same_tag(self, answer: Response, since: int) -> str:
        """The strong tag that another content had before, if it is surely the same; "" otherwise."""
        tag = answer.value("etag") or ""
        if not tag.startswith('"') or since != self.number or answer.value("content-encoding"):
            return ""
        version = next((each for each in reversed(self.versions) if each.content == answer.body), None)
        if version is None:
            return ""
        before = self._tags.setdefault(tag, version)
        differs = before.content != version.content and abs(before.time - version.time) >= APART
        return tag if differs else ""

    def _store(self, content: bytes, ask: Ask) -> None:
        answer = ask(self._put(content))
        stored = answer is not None and answer.ok and answer.status != 202
        self.versions.append(Version(content, time.time(), stored))

    def _put(self, content: bytes) -> Request:
        typed = FieldLine(b"Content-Type", b"text/plain")
        length = FieldLine(b"Content-Length", b"%d" % len(content))
        return Request(b"PUT", self.what.target.encode(), (FieldLine(b"Host", self.authority), typed, length), content)

    def _write(self, root: Path, content: bytes, changed: float) -> None:
        file, beside = root / self.what.path, root.parent / f"{self.what.name}.new"
        beside.write_bytes(content)
        old = file.stat()
        beside.chmod(stat.S_IMODE(old.st_mode) | READABLE)
        with suppress(OSError):  # only root may, and then the server need not be root
            os.chown(beside, old.st_uid, old.st_gid)
        os.utime(beside, (changed, changed))
        os.replace(beside, file)
        self.versions.append(Version(content, changed))
