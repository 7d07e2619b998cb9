"""Everything about the server that can be set, with the defaults and their reasons; no parsing (see `settings`).

The defaults suit a server on the open net: every wait, every size and every number of things at once is bounded, and
what changes files or shows a request to others is off until somebody asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from reference_server.http1.connection import Limits


class ConfigError(ValueError):
    """Why a configuration cannot be used: its text says where the trouble is and what to do, one line for each."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds.  `head` runs from a request's first octet to its empty line, `body` between two pieces.

    `program` runs from a program's start to the end of its head, then between two pieces of its output.
    """

    idle: float = 30.0
    head: float = 20.0
    body: float = 20.0
    write: float = 30.0
    linger: float = 3.0
    program: float = 30.0
    grace: float = 3.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Octets per second that a client must reach on the average once a timeout's worth of time has passed."""

    body: int = 500
    write: int = 500


class Scheme(Enum):
    """How clients prove who they are (RFC 7617, 7616)."""

    BASIC = "basic"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class ProtectedFolder:
    """`path` (with a slash at both ends) and all below it is for `users` alone: (name, password) pairs.

    `users_file` is where they were read from, so that settings can be shown without passwords; None if they stood
    beside it.
    """

    path: str
    realm: str
    scheme: Scheme
    users: tuple[tuple[str, str], ...] = field(repr=False)
    users_file: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """`source` is a path, or ends in `*` as a prefix; a `*` that ends `target` repeats what that stood for."""

    source: str
    target: str
    status: int = 301


@dataclass(frozen=True, slots=True)
class CachingRule:
    """Fields for the files whose path (`/folder/name.txt`) the shell pattern `pattern` matches; the first rule counts.

    `control` is a Cache-Control value; `expires` is in how many seconds Expires lies ahead.
    """

    pattern: str
    control: str | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One document root and what is done with it.

    `names` are the host names it answers to, in lower case and without port; the first site of a server also answers
    to every name that no site has.
    """

    root: str
    names: tuple[str, ...] = ()
    index: tuple[str, ...] = ("index.html",)
    listing: bool = True
    the_time: bool = True
    programs: bool = True
    links: bool = True
    compress: bool = True
    negotiate: bool = True
    languages: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    trace: bool = False
    redirects: tuple[Redirect, ...] = ()
    caching: tuple[CachingRule, ...] = ()
    protected: tuple[ProtectedFolder, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server process; `programs` and `connections` count for each worker."""

    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 10_000
    programs: int = 16
    backlog: int = 1024
    cached_files: int = 512
    cached_file_size: int = 64 * 1024
    cached_replies: int = 1024
    bodies: int = 256 * 1024 * 1024
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; `host` is a name or an IPv4 or IPv6 address, port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 50000


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that a configuration file and the command line say.  A log is a path, `-` or None."""

    sites: tuple[SiteSettings, ...]
    listen: tuple[Address, ...] = (Address(),)
    workers: int = 1
    access_log: str | None = None
    error_log: str | None = None
    config: Config = field(default_factory=Config)
