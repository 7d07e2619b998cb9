"""A document root held open, with what belongs to it: settings, clock and the cache of small files.

The root is opened once; every name is then looked up from that descriptor (see `paths`), so that renaming
the folder or the folders above it while the server runs cannot change what is served.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from reference_server.config import Config, SiteSettings
from reference_server.resources.access import Access
from reference_server.resources.cache import FileCache
from reference_server.resources.process import Program
from reference_server.resources.redirects import Redirects


def wall_clock() -> int:
    """The current second."""
    return int(time.time())


def names_in(path: str) -> tuple[bytes, ...]:
    """The names that a folder's path in the settings is made of."""
    return tuple(os.fsencode(name) for name in path.split("/") if name)


class Site:
    """Shared by all connections; `cache` and `running` change, also from the threads of programs."""

    __slots__ = (
        "access",
        "cache",
        "clock",
        "config",
        "redirects",
        "root",
        "root_fd",
        "running",
        "settings",
        "writable",
    )

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
        self.access = Access(settings.protected) if settings.protected else None
        self.redirects = Redirects(settings.redirects) if settings.redirects else None
        self.writable = tuple(names_in(path) for path in settings.writable)

    def allowed(self, methods: tuple[str, ...]) -> tuple[str, ...]:
        """A resource's methods, with the one that every resource has where it is switched on."""
        return (*methods, "TRACE") if self.settings.trace else methods

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
