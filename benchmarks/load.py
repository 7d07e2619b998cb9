"""The loads, and how one is put on a server: wrk on one core, the CPU time of the server's processes by the kernel.

The figure is requests per second of the server's CPU time.  Unlike throughput it does not change with what else the
machine does, and it is what a core is worth.  Before a load counts, one exchange must show that the server does what
the load is about: a server that answers 200 where a 304 is due, or lists nothing, has no figure there.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from benchmarks import folder, processes
from benchmarks.servers import Running

SCRIPT = Path(__file__).with_name("load.lua")
# A client that gives up sooner would turn slowness into errors.
PATIENCE = 8


class Mode(Enum):
    """How the requests follow each other; the values are load.lua's."""

    KEPT = "kept"
    CLOSED = "closed"
    PIPELINED = "pipelined"
    UNLIKE = "unlike"
    UNLIKE_PIPELINED = "unlike-pipelined"
    BROWSER = "browser"
    FILES = "files"


class Expected(Enum):
    """What the reply must be for the load to be about what its name says."""

    FILE = 200
    NOTHING = 404
    UNCHANGED = 304
    LISTING = -200


@dataclass(frozen=True, slots=True)
class Load:
    """One row of the table; `core` rows are those that every server is measured by and the quick run keeps."""

    name: str
    path: str
    connections: int = 64
    mode: Mode = Mode.KEPT
    expected: Expected = Expected.FILE
    core: bool = False

    @property
    def pipelined(self) -> bool:
        return self.mode in (Mode.PIPELINED, Mode.UNLIKE_PIPELINED)

    @property
    def key(self) -> str:
        return f"{self.name}, {self.connections}"


SMALL, MIDDLE, LARGE = (f"/{name}" for name, _ in (folder.SMALL, folder.MIDDLE, folder.LARGE))
LOADS = (
    Load("1 KiB", SMALL, 1),
    Load("1 KiB", SMALL, core=True),
    Load("1 KiB", SMALL, 1000),
    Load("1 KiB, all heads differ", SMALL, mode=Mode.UNLIKE, core=True),
    Load("1 KiB, browser's heads, all differ", SMALL, mode=Mode.BROWSER, core=True),
    Load("1 KiB, closed", SMALL, mode=Mode.CLOSED, core=True),
    Load("1 KiB, pipelined", SMALL, 1, mode=Mode.PIPELINED),
    Load("1 KiB, pipelined", SMALL, mode=Mode.PIPELINED, core=True),
    Load("1 KiB, all heads differ, pipelined", SMALL, mode=Mode.UNLIKE_PIPELINED),
    Load("2,000 files of 1 KiB", f"/{folder.MANY}/", mode=Mode.FILES, core=True),
    Load("100 KiB", MIDDLE, core=True),
    Load("100 KiB", MIDDLE, 1000),
    Load("100 KiB, all heads differ", MIDDLE, mode=Mode.UNLIKE),
    Load("100 KiB, closed", MIDDLE, mode=Mode.CLOSED),
    Load("10 MiB", LARGE, 1),
    Load("10 MiB", LARGE, 8, core=True),
    Load("404", "/missing.bin", expected=Expected.NOTHING, core=True),
    Load("404, all heads differ", "/missing.bin", mode=Mode.UNLIKE, expected=Expected.NOTHING),
    Load("304", SMALL, expected=Expected.UNCHANGED, core=True),
    Load("304, all heads differ", SMALL, mode=Mode.UNLIKE, expected=Expected.UNCHANGED),
    Load("listing of 20", f"/{folder.LISTED}/", expected=Expected.LISTING, core=True),
    Load("listing of 20, all heads differ", f"/{folder.LISTED}/", mode=Mode.UNLIKE, expected=Expected.LISTING),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What one exchange showed: the field that the load sends along, and how long a whole reply's body is."""

    field: str
    value: str
    body: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave; the percentiles are in microseconds, and 0 where wrk has none that mean anything."""

    replies: float
    cpu: float
    seconds: float
    errors: int
    p50: int
    p90: int
    p99: int

    @property
    def per_cpu_second(self) -> float:
        return self.replies / self.cpu if self.cpu else 0.0

    @property
    def per_second(self) -> float:
        return self.replies / self.seconds

    def as_json(self) -> dict[str, float]:
        return asdict(self) | {"per_cpu_second": self.per_cpu_second, "per_second": self.per_second}


def ask(port: int, path: str, fields: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
    """One exchange on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Connection": "close"} | fields)
        reply = connection.getresponse()
        return reply, reply.read()
    finally:
        connection.close()


def condition(reply: http.client.HTTPResponse) -> tuple[str, str]:
    """The request field that makes the reply a 304, from the server's own validators."""
    if tag := reply.headers["ETag"]:
        return "If-None-Match", tag
    return "If-Modified-Since", reply.headers["Last-Modified"] or ""


def offer(port: int, load: Load) -> Offer | None:
    """What must be sent for this load, or None if this server does not do what it is about."""
    field, value = ("Connection", "close") if load.mode is Mode.CLOSED else ("", "")
    if load.expected is Expected.UNCHANGED:
        field, value = condition(ask(port, load.path, {})[0])
    path = f"{load.path}0.bin" if load.mode is Mode.FILES else load.path
    reply, body = ask(port, path, {field: value} if field else {})
    if reply.status != abs(load.expected.value):
        return None
    if load.expected is Expected.LISTING and not all(name.encode() in body for name in folder.LISTED_FILES):
        return None
    return Offer(field, value, len(body))


def replies_of(summary: dict[str, int], body: int) -> float:
    """Replies by count, or by octets where the last, unfinished one of each connection would weigh too much."""
    if body >= folder.LARGE[1]:
        return summary["octets"] / body
    if body and summary["octets"] < summary["requests"] * body:
        raise processes.Unmeasurable("replies were shorter than the file: the server cannot be measured by them")
    return summary["requests"]


def wrk(port: int, load: Load, offered: Offer, seconds: int, core: int | None) -> dict[str, int]:
    """Run wrk, on its own core unless None, and read its summary."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pinned, "wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", f"--timeout={PATIENCE}s"]
    told = {
        "LOAD_MODE": load.mode.value,
        "LOAD_PATH": load.path,
        "LOAD_FILES": str(folder.MANY_FILES),
        "LOAD_FIELD": offered.field,
        "LOAD_VALUE": offered.value,
    }
    script = ["-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    run = subprocess.run([*command, *script], env=os.environ | told, capture_output=True, text=True, check=True)
    line = next(line for line in run.stdout.splitlines() if line.startswith("summary "))
    summary: dict[str, int] = json.loads(line.removeprefix("summary "))
    # It times whole batches, but corrects as if each request had been timed, which leaves nonsense.
    return summary | dict.fromkeys(("p50", "p90", "p99"), 0) if load.pipelined else summary


def measure(server: Running, load: Load, seconds: int, core: int | None) -> Figures | None:
    """The figures of one server under one load; None if it does not do what the load is about."""
    offered = offer(server.port, load)
    if offered is None:
        return None
    before = processes.family_cpu(server.pid)
    summary = wrk(server.port, load, offered, seconds, core)
    cpu = processes.family_cpu(server.pid) - before
    if cpu <= 0 or processes.is_zombie(server.pid):
        raise processes.Unmeasurable("the server has ended, or has used no time that could be measured")
    unexpected = 0 if load.expected is Expected.NOTHING else summary["above_399"]
    return Figures(
        replies=replies_of(summary, offered.body),
        cpu=cpu,
        seconds=summary["microseconds"] / 1e6,
        errors=summary["errors"] + unexpected,
        p50=summary["p50"],
        p90=summary["p90"],
        p99=summary["p99"],
    )
