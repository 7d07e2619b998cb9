"""Programs do not outlive a worker that is killed: its parent ends what the worker had noted."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from reference_server.drivers.ledger import Ledger, Noted
from reference_server.resources.process import Program
from reference_server.tests.service import Running, furnish, needs_proc, process_exists, service_for, wait_until
from reference_server.tests.wire import PATIENCE, Link, request

pytestmark = needs_proc


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return furnish(tmp_path / "root")


def stopped_again(running: Running) -> bool:
    """Whoever says it twice does not want to wait; two at once may count as one."""
    running.signal(signal.SIGTERM)
    return running.process.poll() is not None


SILENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
with open("pids", "w") as file:
    file.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""


@pytest.mark.parametrize("ending", ["killed", "replaced and killed", "stopped and killed"])
def test_a_worker_that_is_killed_leaves_no_program_behind(tmp_path: Path, root: Path, ending: str) -> None:
    """Not even one that neither reads nor writes, nor what that has started."""
    (root / "silent.py").write_text(SILENT)
    pids = root / "pids"
    with Running(tmp_path, service_for(root)) as running, Link(running.port) as link:
        (worker,) = running.workers()
        link.send(request("/silent.py"))
        wait_until(lambda: pids.exists() and pids.read_text().endswith("\n"))
        programs = [int(pid) for pid in pids.read_text().split()]
        pids.unlink()
        if ending == "replaced and killed":
            running.reload()
        if ending == "stopped and killed":
            wait_until(partial(stopped_again, running))
        else:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not any(process_exists(pid) for pid in programs))


def test_the_ledger_holds_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """A number that stayed could belong to another process when somebody ends it."""
    ledger = Ledger()
    running = Noted(ledger)
    arguments = [os.fsencode(sys.executable), b"-c", b"import time; time.sleep(600)"]
    programs = [Program(arguments, os.fsencode(tmp_path), {}, b"", PATIENCE) for _ in range(4)]
    first, second, killed, left = programs
    try:
        for program in (first, second, killed):
            running.add(program)
        first.close()
        running.discard(first)
        running.discard(left)
        ledger.end_programs()
        assert process_exists(left.group)
        wait_until(lambda: not any(process_exists(program.group) for program in (second, killed)))
        for program in (second, killed):
            program.close()
            running.discard(program)
        assert not running
        ledger.end_programs()
    finally:
        for program in programs:
            program.close()
        ledger.close()
