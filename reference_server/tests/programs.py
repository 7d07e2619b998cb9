"""What the tests of programs share: asking them, and finding out what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reference_server.tests.wire import PATIENCE, Reply, exchange, request

HEAD = "Content-Type: text/plain\\n"
"""For the source of programs: a head, but for its empty line."""


def seen(port: int, octets: bytes) -> dict[str, Any]:
    """What echo.py was given."""
    reply = exchange(port, octets)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = json.loads(reply.body)
    return found


def say(port: int, output: str, method: str = "GET") -> Reply:
    """The reply made of a program's exact output; a `=` keeps the query from becoming arguments."""
    return exchange(port, request("/say.py?" + quote(output, safe="") + "=", method), method)


def write_programs(root: Path, programs: dict[str, str]) -> Path:
    for name, source in programs.items():
        (root / name).write_text(source)
    return root


def wait_until(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)


def process_runs(pid: int) -> bool:
    """A zombie that nobody has collected yet does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def written_number(path: Path) -> int:
    """What a program has written, or is about to write, to a file: a number and a line end."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"), f"{path.name} is not written")
    return int(path.read_text())
