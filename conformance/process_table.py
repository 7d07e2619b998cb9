"""What the kernel knows of listening ports and running processes, read from `/proc`.

This module is not a client: it opens no connection, because a connection that is closed without a request
ends or wedges many a student's server, and asking the kernel disturbs nobody.  It carries no part of an RFC.

Where there is no `/proc` the answers are `None` ("cannot tell"), never a guess; the caller has its own way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"  # the state TCP_LISTEN as the kernel prints it
ZOMBIE = "Z"


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket: the local address it is bound to, and the inode by which its holders are found."""

    address: str
    inode: int


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the process table, as far as it is asked about here."""

    pid: int
    state: str
    session: int


def listeners(port: int) -> tuple[Listener, ...] | None:
    """Who listens on `port`, on whatever address; `None` where the kernel does not say."""
    tables = [table for name in ("tcp", "tcp6") if (table := PROC / "net" / name).is_file()]
    if not tables:
        return None
    rows = (row.split() for table in tables for row in table.read_text("ascii").splitlines()[1:])
    # A row: `0: 0100007F:C350 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 123456 ...`
    return tuple(
        Listener(_address(row[1].split(":")[0]), int(row[9]))
        for row in rows
        if row[3] == LISTEN and int(row[1].split(":")[1], 16) == port
    )


def reachable(address: str) -> str:
    """The address to connect to for a server bound to `address`: loopback when it is bound to all of them."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    # A socket bound to `::` takes IPv4 too unless told otherwise, and 127.0.0.1 is what every client tries.
    return "127.0.0.1" if parsed.is_unspecified else str(parsed)


def members(session: int, mark: bytes) -> frozenset[int] | None:
    """The living processes of a session, and those elsewhere whose environment still carries `mark`.

    The mark finds a server that made itself a daemon: it left the session, but it inherited its environment.
    """
    if not (PROC / "self" / "stat").is_file():
        return None
    found = (_process(int(name)) for name in os.listdir(PROC) if name.isdecimal())
    return frozenset(
        process.pid
        for process in found
        if process is not None
        and process.state != ZOMBIE
        and (process.session == session or mark in _environment(process.pid).split(b"\0"))
    )


def holds(pids: Iterable[int], inode: int) -> bool:
    """Whether one of the processes has the socket with this inode open."""
    return any(f"socket:[{inode}]" in _open_files(pid) for pid in pids)


def _address(digits: str) -> str:
    """The kernel prints an address as 32-bit words, each in the machine's own byte order."""
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return str(IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw))


def _process(pid: int) -> Process | None:
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except OSError:  # it ended between the listing and the reading
        return None
    # The second column is the program's name in parentheses, which may itself hold spaces and parentheses.
    state, _parent, _group, session, *_ = stat[stat.rindex(b")") + 2 :].split()
    return Process(pid, state.decode("ascii"), int(session))


def _environment(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "environ").read_bytes()
    except OSError:  # gone, or another user's: in either case not ours to stop
        return b""


def _open_files(pid: int) -> frozenset[str]:
    folder = PROC / str(pid) / "fd"
    try:
        return frozenset(os.readlink(folder / name) for name in os.listdir(folder))
    except OSError:  # gone, or a file was closed while we looked; the caller looks again
        return frozenset()
