"""A document root held open, with what belongs to it: settings, clock and the cache of small files.

The root is opened once; every name is then looked up from that descriptor (see `paths`), so that renaming
the folder or the folders above it while the server runs cannot change what is served.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from reference_server.config import Config, SiteSettings
from reference_server.resources.cache import FileCache
from reference_server.resources.process import Program


def wall_clock() -> int:
    """The current second."""
    return int(time.time())


class Site:
    """Shared by all connections; `cache` and `running` change, also from the threads of programs."""

    __slots__ = ("cache", "clock", "config", "root", "root_fd", "running", "settings")

    def __init__(
        self, settings: SiteSettings, config: Config | None = None, clock: Callable[[], int] = wall_clock
    ) -> None:
        self.settings = settings
        self.config = Config() if config is None else config
        self.clock = clock
        self.root = os.path.realpath(settings.root)
        self.root_fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.running: set[Program] = set()
        self.cache = FileCache(self.config.cached_files, self.config.cached_file_size)

    def abandon_programs(self) -> None:
        """Make every program that still runs end soon."""
        for program in list(self.running):
            program.abandon()

    def close(self) -> None:
        os.close(self.root_fd)


class Sites:
    """The sites of one server, by the host names they answer to (RFC 9110 7.2)."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.all = tuple(sites)
        self._by_name = {name.encode("ascii"): site for site in sites for name in site.settings.names}

    def choose(self, host: bytes) -> Site:
        """By the request's authority, port and case aside; the first site where no name fits."""
        if len(self.all) == 1:
            return self.all[0]
        name = host if host.endswith(b"]") else host.rpartition(b":")[0] or host
        return self._by_name.get(name.lower().rstrip(b"."), self.all[0])

    def abandon_programs(self) -> None:
        for site in self.all:
            site.abandon_programs()

    def close(self) -> None:
        for site in self.all:
            site.close()
