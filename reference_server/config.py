"""Everything about the server that can be set, with the defaults; no parsing of options (see `cli`).

The defaults suit a server on the open net: every wait and every size is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reference_server.http1.connection import Limits


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds.  `head` runs from a request's first octet to its empty line, `body` between two pieces."""

    idle: float = 30.0
    head: float = 20.0
    body: float = 20.0
    write: float = 30.0
    linger: float = 3.0
    program: float = 30.0
    grace: float = 3.0


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server process."""

    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 1000
    programs: int = 16
    backlog: int = 256
    cached_files: int = 512
    cached_file_size: int = 64 * 1024
