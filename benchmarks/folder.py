"""The folder that every measured server serves, and the names that the loads ask for.

Octets are drawn from a seeded generator: no server gains by compressing them, and every run serves the same ones.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

KIB = 1024
SMALL = ("1k.bin", KIB)
MIDDLE = ("100k.bin", 100 * KIB)
LARGE = ("10m.bin", 10 * KIB * KIB)
LISTED = "listed"
LISTED_FILES = tuple(f"entry-{number:02}.txt" for number in range(20))
MANY = "many"
# Well above every cache of open files or of their contents that a server here is likely to have.
MANY_FILES = 2000
# A careful server remembers nothing of files that are only seconds old: they might change once more unnoticed.
SETTLING_SECONDS = 3
PROGRAM = "program.py"
PROGRAM_TEXT = "#!/usr/bin/env python3\nprint('Content-Type: text/plain\\n\\nhello')\n"


def prepare(root: Path) -> Path:
    """Fill `root`, and let everybody read it: nginx started by root works as somebody else."""
    octets = random.Random(1)
    for name, size in (SMALL, MIDDLE, LARGE):
        (root / name).write_bytes(octets.randbytes(size))
    (root / LISTED).mkdir()
    for name in LISTED_FILES:
        (root / LISTED / name).write_bytes(octets.randbytes(100))
    (root / MANY).mkdir()
    for number in range(MANY_FILES):
        (root / MANY / f"{number}.bin").write_bytes(octets.randbytes(KIB))
    (root / PROGRAM).write_text(PROGRAM_TEXT)
    (root / PROGRAM).chmod(0o755)
    for folder, _, names in os.walk(root):
        os.chmod(folder, 0o755)
        for name in names:
            age(Path(folder, name))
    return root


def age(path: Path) -> None:
    """As if written long ago: a file changed within this second has only a weak validator with some servers."""
    os.utime(path, (1_700_000_000, 1_700_000_000))


@contextlib.contextmanager
def prepared() -> Iterator[tuple[Path, Path]]:
    """The folder to serve, and one for what the servers write; nginx's workers must be able to enter both."""
    with TemporaryDirectory(prefix="benchmark-") as name:
        Path(name).chmod(0o755)
        root, scratch = Path(name, "root"), Path(name, "scratch")
        root.mkdir()
        scratch.mkdir()
        prepare(root)
        time.sleep(SETTLING_SECONDS)
        yield root, scratch
