"""How many descriptors a process may have, and how many connections that is enough for."""

from __future__ import annotations

import resource
from contextlib import suppress
from dataclasses import replace

from reference_server.config import Config

# More than this are of no use, and some programs go through all that they might have.
MOST = 2**20
# For sockets, logs and folders that are always open, and for files that are open for a moment.
RESERVE = 64
# The pipes of a program, also while it is being started.
FOR_EACH_PROGRAM = 8


def raise_limit() -> None:
    """Each connection needs a descriptor, and the usual limit is meant for other programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # Some systems allow less than they say.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def within_limit(config: Config) -> Config:
    """With no more connections than can be had: a server that fails to accept can serve nobody.

    Large files under way need descriptors too; when these run out all the same, such requests are answered 503.
    """
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return config
    places = max(soft - RESERVE - FOR_EACH_PROGRAM * config.programs, soft // 2)
    return replace(config, connections=min(config.connections, places))
