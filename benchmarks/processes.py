"""What the kernel says about a process and its descendants: CPU seconds, memory, descriptors; Linux only.

Everything is read from `/proc`, so that a measured server needs no cooperation and pays nothing for being measured.
"""

from __future__ import annotations

import os
import resource
import shutil
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")

NEEDED = {
    "wrk": "apt-get install wrk (or build https://github.com/wg/wrk)",
    "nginx": "apt-get install nginx-light",
    "taskset": "apt-get install util-linux",
}


class Unmeasurable(Exception):
    """This machine lacks something without which no figure would mean anything."""


def require(*tools: str) -> None:
    """Say at once everything that is missing, and how to get it."""
    missing = [f"{tool} is missing: {NEEDED[tool]}" for tool in tools if shutil.which(tool) is None]
    if not (PROC / "self" / "stat").exists():
        missing.append("/proc is missing: CPU time and memory are read from it, as Linux writes it")
    if missing:
        raise Unmeasurable("\n".join(missing))


def raise_descriptors() -> None:
    """Let this process and what it starts hold some thousand connections: shells usually grant 1024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def two_cores() -> tuple[int, int]:
    """A core for the server and another for the load: on one core each would measure the other."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Unmeasurable("two cores are needed: one for the server, one for the load")
    return cores[0], cores[-1]


def family(pid: int) -> list[int]:
    """The process and all its living descendants, parents first."""
    found = [pid]
    for process in found:
        for thread in _entries(PROC / str(process) / "task"):
            found += map(int, _read(PROC / str(process) / "task" / thread / "children").split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of one process, with that of the children that it has buried."""
    after_name = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    buried = sum(map(int, after_name[13:15])) / TICKS
    try:
        return buried + time.clock_gettime(_cpu_clock(pid))
    except OSError:
        return buried


def _cpu_clock(pid: int) -> int:
    """The kernel's id of the process's CPU clock, as glibc's `clock_getcpuclockid` makes it.

    It counts nanoseconds of all threads, where `/proc` has but hundredths of a second.
    """
    return ~pid << 3 | 2


def family_cpu(pid: int) -> float:
    """The CPU seconds of a whole server; a child that ends moves its time to its parent, so none is lost."""
    return sum(map(cpu_seconds, family(pid)))


def resident_kib(pid: int) -> int:
    """The memory that the process really occupies."""
    for line in _read(PROC / str(pid) / "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid: int) -> int:
    """How many files and sockets the process has open."""
    return len(_entries(PROC / str(pid) / "fd"))


def is_zombie(pid: int) -> bool:
    """Whether the process has ended and nobody has asked how."""
    return _read(PROC / str(pid) / "stat").rpartition(")")[2].split()[:1] == ["Z"]


def _read(path: Path) -> str:
    """The file's text, or none if its process has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _entries(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except (FileNotFoundError, ProcessLookupError):
        return []
