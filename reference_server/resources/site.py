"""A document root held open, with what belongs to it: settings, clock and the cache of small files.

The root is opened once; every name is then looked up from that descriptor (see `paths`), so that renaming
the folder or the folders above it while the server runs cannot change what is served.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from reference_server.config import Config
from reference_server.resources.cache import FileCache
from reference_server.resources.process import Program


def wall_clock() -> int:
    """The current second."""
    return int(time.time())


class Site:
    """Shared by all connections; `cache` and `running` change, also from the threads of programs."""

    __slots__ = ("cache", "clock", "config", "root", "root_fd", "running")

    def __init__(self, root: str, config: Config | None = None, clock: Callable[[], int] = wall_clock) -> None:
        self.config = Config() if config is None else config
        self.clock = clock
        self.root = os.path.realpath(root)
        self.root_fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.running: set[Program] = set()
        self.cache = FileCache(self.config.cached_files, self.config.cached_file_size)

    def abandon_programs(self) -> None:
        """Make every program that still runs end soon."""
        for program in list(self.running):
            program.abandon()

    def close(self) -> None:
        os.close(self.root_fd)
