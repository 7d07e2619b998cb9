"""The document root that the suite knows byte for byte, and the traps laid beside it.

The bundled root holds only what version control and every system can hold.  `prepare` copies it and adds the
rest: an empty folder, awkward names, a deep path, a time to come.  Beside the copy it lays sentinels: files that
no request may reach, each with a mark that appears nowhere else, so that a mark in a reply proves that the server
left its root (RFC 9110 section 17.3).  Nothing here judges or knows a server.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import MappingProxyType

EMPTY_FOLDER = "empty_folder"
DEEP_FILE = "/".join(["deep", *(f"level_{number:02d}" for number in range(1, 21)), "bottom.txt"])
FUTURE_FILE = "nested/next_year.txt"
YEAR_SECONDS = 365 * 24 * 60 * 60

# Each means something else to one of: the listing's HTML, the link's URI, the file system, a shell.
AWKWARD_NAMES = (
    "a b.txt",
    "a?b.txt",
    "a:b.txt",
    "a&amp;b.txt",
    'quote".txt',
    "less<more>.txt",
    "back\\slash.txt",
    "br[ack]ets{}|^`.txt",
    "star*and;semicolon$.txt",
    "two..dots.txt",
    "x" * 196 + ".txt",
)


def line_of(name: str) -> bytes:
    """The whole content of a file that `prepare` adds; no two are alike."""
    return f"This is the file named {name} and no other.\n".encode()


ADDED: Mapping[str, bytes] = MappingProxyType(
    {path: line_of(path) for path in (*(f"names/{name}" for name in AWKWARD_NAMES), DEEP_FILE, FUTURE_FILE)}
)

# Neither mark is part of a path, so that an error page that repeats the target cannot show one by accident.
OUTSIDE_MARK = b"sentinel-4be1c07d-beside-the-root"
SECRET_MARK = b"sentinel-93af52e6-in-a-sibling-folder"
SOURCE_MARK = b"sentinel-d81b6f30-source-of-a-program"
RUN_MARK = b"sentinel-ran-66742"

OUTSIDE_PROGRAM = b"""#!/usr/bin/env python3
# %s
print("Content-Type: text/plain")
print()
print("sentinel-ran-" + str(2 * 33371))  # the mark of a run is not in the source
""" % (SOURCE_MARK,)

SENTINELS: Mapping[str, bytes] = MappingProxyType(
    {
        "outside.txt": OUTSIDE_MARK + b"\n",
        "outside.py": OUTSIDE_PROGRAM,
        # The name begins with the root's own, which a comparison of strings takes for the root.
        "web-secret/secret.txt": SECRET_MARK + b"\n",
    }
)
MARKS = (OUTSIDE_MARK, SECRET_MARK, SOURCE_MARK, RUN_MARK)


def bundled() -> Path:
    """The document root that comes with the suite: the installed package's own, else the checkout's."""
    package = Path(__file__).resolve().parent
    # In this order, because beside an installed package `web` may be somebody else's.
    for candidate in (package / "_web", package.parent / "web"):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"no document root beside {package}: the installation is incomplete")


def prepare(source: Path, destination: Path) -> Path:
    """Copy the document root to `destination/web`, complete it, lay the sentinels beside; return the copy."""
    root = destination / "web"
    # The times of the files are kept: a validator made from them should say when the text was really written.
    shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    (root / EMPTY_FOLDER).mkdir(exist_ok=True)
    for path, content in ADDED.items():
        with suppress(OSError, ValueError):  # not every file system takes every name; see `added`
            _write_new(root / PurePosixPath(path), content)
            if path == FUTURE_FILE:
                os.utime(root / path, (time.time() + YEAR_SECONDS,) * 2)
    for path, content in SENTINELS.items():
        _write_new(destination / path, content)
    (destination / "outside.py").chmod(0o755)
    return root


def added(root: Path) -> dict[str, bytes]:
    """Of the files that `prepare` adds, those that this file system took: path under the root → content."""
    return {path: content for path, content in ADDED.items() if _holds(root / PurePosixPath(path), content)}


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except (OSError, ValueError):
        return False
