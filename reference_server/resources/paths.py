"""From decoded segments to an open file or folder that is certainly below the root.

The walk opens one name at a time, relative to the folder opened before it and never through a symbolic
link, so what was checked is what is used: there is no moment in between for an attacker to swap a name.  A
link is read and its text walked by the same rules; one that leads outside is treated as if it were not
there.  Hidden names (a leading dot) do not exist for clients, unless the owner has made a link to one.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from enum import Enum

from reference_server.http1.messages import Basis, Refusal
from reference_server.resources.basis import FileState, is_settled, signature_of

LINKS_FOLLOWED = 16
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"


class Resolved:
    """An open file or folder; `names` leads to it from the root through real folders, `rest` was not walked."""

    __slots__ = ("fd", "kind", "names", "rest", "status")

    def __init__(
        self, kind: Kind, fd: int, status: os.stat_result, names: tuple[bytes, ...], rest: list[bytes]
    ) -> None:
        self.kind = kind
        self.fd = fd
        self.status = status
        self.names = names
        self.rest = rest

    def take_fd(self) -> int:
        """Hand the descriptor over; `close` will leave it alone."""
        fd, self.fd = self.fd, -1
        return fd

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.take_fd())

    def __enter__(self) -> Resolved:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def not_found() -> Refusal:
    return Refusal(404, "There is nothing at this address.")


def check_visible(segments: list[bytes]) -> None:
    """Names that begin with a dot are the owner's business."""
    for segment in segments:
        if segment[:1] == b".":
            raise not_found()


def never(_name: bytes) -> bool:
    return False


def resolve_in_root(
    root: str,
    root_fd: int,
    segments: list[bytes],
    stops_at: Callable[[bytes], bool] = never,
    links: bool = True,
) -> Resolved:
    """Walk down from the root.

    The first regular file that is asked for under a name that `stops_at` accepts ends the walk, and what
    remains of the path is left in `rest`; any other file must be the last segment.  Without `links`, a symbolic link
    is treated as if it were not there.
    """
    walk = Walk(root, root_fd, links)
    try:
        names = segments if segments[-1] else segments[:-1]
        for index, name in enumerate(names):
            walk.enter(name)
            if walk.is_folder():
                continue
            rest = segments[index + 1 :]
            if rest and not stops_at(name):
                raise not_found()
            return walk.finish(Kind.FILE, rest)
        return walk.finish(Kind.FOLDER, [])
    except (OSError, ValueError) as error:
        refusal = refusal_for(error)
        refusal.basis = walk.basis_of(error)
        raise refusal from error
    finally:
        walk.close()


def refusal_for(error: Exception) -> Refusal:
    """A name that cannot be opened is not there, unless the server itself is short of something."""
    if isinstance(error, PermissionError):
        return Refusal(403, "The server may not read this.")
    if isinstance(error, OSError) and error.errno in (errno.ENFILE, errno.EMFILE):
        return Refusal(503, "The server has too many files open; try again.")
    return not_found()


class Walk:
    """The folders from the root down to the current place, all open."""

    __slots__ = ("fds", "follows", "links", "names", "root", "root_fd", "status")

    def __init__(self, root: str, root_fd: int, follows: bool) -> None:
        self.root = root
        self.root_fd = root_fd
        self.follows = follows
        self.fds: list[int] = []
        self.names: list[bytes] = []
        self.links = 0
        self.status: os.stat_result | None = None

    def here(self) -> int:
        return self.fds[-1] if self.fds else self.root_fd

    def enter(self, name: bytes) -> None:
        """Open `name` in the current folder and stand there."""
        if not name:
            raise not_found()
        try:
            fd = os.open(name, _OPEN, dir_fd=self.here())
        except OSError:
            text = self.link_text(name) if self.follows else None
            if text is None:
                raise
            self.follow(text)
            return
        self.fds.append(fd)
        self.names.append(name)

    def link_text(self, name: bytes) -> bytes | None:
        try:
            return os.readlink(name, dir_fd=self.here())
        except OSError:
            return None

    def follow(self, text: bytes) -> None:
        """Walk a link's text; a step above the root, or an absolute path outside of it, leads nowhere."""
        self.links += 1
        if self.links > LINKS_FOLLOWED:
            raise not_found()
        if text.startswith(b"/"):
            text = self.below_root(text)
            self.leave(len(self.names))
        for step in text.split(b"/"):
            if step == b"..":
                self.leave(1)
            elif step not in (b"", b"."):
                self.enter(step)

    def below_root(self, path: bytes) -> bytes:
        root = os.fsencode(self.root)
        base = root.rstrip(b"/") + b"/"
        if path == root:
            return b""
        if not path.startswith(base):
            raise not_found()
        return path[len(base) :]

    def leave(self, steps: int) -> None:
        for _ in range(steps):
            if not self.names:
                raise not_found()
            self.names.pop()
            os.close(self.fds.pop())

    def is_folder(self) -> bool:
        """Only folders and regular files are served: a device or a pipe could block or never end."""
        self.status = os.fstat(self.fds[-1] if self.fds else self.root_fd)
        mode = self.status.st_mode
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise not_found()
        return stat.S_ISDIR(mode)

    def finish(self, kind: Kind, rest: list[bytes]) -> Resolved:
        """After `is_folder`, if any name was entered."""
        fd = self.fds.pop() if self.fds else os.dup(self.root_fd)
        status = os.fstat(fd) if self.status is None else self.status
        return Resolved(kind, fd, status, tuple(self.names), rest)

    def basis_of(self, error: Exception) -> Basis | None:
        """That a name is missing in a folder is so until the folder changes; of a way through links nothing is said."""
        if self.links or not isinstance(error, FileNotFoundError):
            return None
        status = os.fstat(self.here())
        if not is_settled(status, int(time.time())):
            return None
        return FileState(self.root_fd, b"/".join(self.names) or b".", signature_of(status))

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self.fds.clear()
