"""The server as a process with workers, for the tests: started from a `Service`, changed, watched and always ended.

Also some looks at processes from outside, for which the system needs `/proc`.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from reference_server.config import Address, Config, Service, SiteSettings, Timeouts
from reference_server.tests.wire import PATIENCE, Link, exchange, request

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at processes")

ANY_PORT = (Address("127.0.0.1", 0),)
# Reads what `repr` wrote, so that a test can give any settings and change them.
PROGRAM = """
import sys
from reference_server.config import *
from reference_server.drivers import supervisor
from reference_server.http1.connection import Limits
def load():
    with open(sys.argv[1], encoding="utf-8") as file:
        return eval(file.read())
sys.exit(supervisor.run(load))
"""


FILE = b"0123456789"
MIB = 1024 * 1024
HUGE = 64 * MIB
WHO = "import os\nprint('Content-Type: text/plain\\n')\nprint(os.getppid())\n"
WAIT = """
import pathlib, time
pathlib.Path("begun").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("Content-Type: text/plain\\n\\ndone")
"""
POUR = """
import sys
print("Content-Type: text/plain\\n", flush=True)
for _ in range(200):
    sys.stdout.write("x" * 1_000_000)
"""


def furnish(folder: Path) -> Path:
    """A small file, a huge one, and programs that tell their worker, wait for `go`, and pour out much."""
    folder.mkdir()
    (folder / "file.txt").write_bytes(FILE)
    (folder / "who.py").write_text(WHO)
    (folder / "wait.py").write_text(WAIT)
    (folder / "pour.py").write_text(POUR)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(HUGE)
    return folder


def worker_of(link: Link) -> int:
    """The worker that serves this connection."""
    link.send(request("/who.py"))
    return int(link.reply().body)


def serves(running: Running) -> bool:
    return exchange(running.port, request("/file.txt", "GET", "Connection: close")).body == FILE


def service_for(root: Path, workers: int = 1, config: Config | None = None, grace: float = PATIENCE) -> Service:
    """One site on one free port; a stop waits for replies for as long as a test does, unless told otherwise."""
    if config is None:
        config = Config(timeouts=Timeouts(grace=grace))
    return Service((SiteSettings(str(root)),), ANY_PORT, workers, config=config)


class Running:
    """A context manager.  `port` is that of the first address; all that is written to stderr goes to a file.

    `prepare` is called in the new process before it becomes the server.
    """

    def __init__(self, folder: Path, service: Service, prepare: Callable[[], None] | None = None) -> None:
        self.settings = folder / "service"
        self.errors = folder / "errors"
        self.settings.write_text(repr(service), "utf-8")
        self.service = service
        self._prepare = prepare
        self.ports: list[int] = []

    def __enter__(self) -> Self:
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, self.settings],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                preexec_fn=self._prepare,
            )
        for _ in self.service.listen:
            self.ports.append(self.next_port())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The parent and all its workers, also those that it should have ended; programs end when nobody listens.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    @property
    def port(self) -> int:
        return self.ports[0]

    def next_port(self) -> int:
        """The port of the next line that says where it serves."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.search(r"http://.*:(\d+)/$", line)
        assert match, f"{line!r}, {self.said()}"
        return int(match[1])

    def said(self) -> str:
        return self.errors.read_text("utf-8")

    def workers(self) -> list[int]:
        return children(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def reload(self, **changes: Any) -> None:
        """Change the settings and wait until the workers are others."""
        self.service = replace(self.service, **changes)
        self.settings.write_text(repr(self.service), "utf-8")
        done = self.said().count("was read again")
        self.signal(signal.SIGHUP)
        wait_until(lambda: self.said().count("was read again") > done, self.said)

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.ended()


def wait_until(happened: Callable[[], bool], explain: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)


def process_exists(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(parent: int) -> list[int]:
    """The living children of a process, the oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(ppid) == parent and state != "Z":
                found.append(int(entry.name))
    return sorted(found)


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def at_rest(pid: int) -> int:
    """The descriptors of a worker that has nothing to do."""
    counts = [descriptors(pid)]

    def steady() -> bool:
        counts.append(descriptors(pid))
        return len(counts) > 5 and len(set(counts[-5:])) == 1

    wait_until(steady)
    return counts[-1]


def resident_kib(pid: int) -> int:
    """Memory that the process has to itself or shares, in KiB."""
    match = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert match
    return int(match[1])


@contextlib.contextmanager
def crowd(port: int, number: int) -> Iterator[list[Link]]:
    """So many connections at once."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Link(port)) for _ in range(number)]


def limited(what: int, soft: int, hard: int | None = None) -> Callable[[], None]:
    """For `Running`: a limit of the system under which the server has to live."""
    return lambda: resource.setrlimit(what, (soft, resource.getrlimit(what)[1] if hard is None else hard))


def reset(sock: socket.socket) -> None:
    """Close without ceremony: the peer gets a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
