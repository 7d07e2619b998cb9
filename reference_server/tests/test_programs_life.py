"""How programs run: side by side, streaming, too long, for nobody, and how they end (RFC 3875 3.4, 6.1, 6.4)."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server import Config, Server, Timeouts
from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import process_runs, wait_until, write_programs, written_number
from reference_server.tests.wire import PATIENCE, Link, Reply, exchange, raw, request

SLOW = """
import pathlib, sys, time
print("Content-Type: text/plain\\n\\nfirst", flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("last")
"""
FORKING = """
import os, time
if os.fork() == 0:
    open("child", "w").write(f"{os.getpid()}\\n")
    time.sleep(600)
"""
TALKING = """
import os, time
print("Content-Type: text/plain\\n", flush=True)
ends = time.monotonic() + 1.2
while time.monotonic() < ends:
    print("spoke", flush=True)
    time.sleep(0.01)
"""
BEHIND = """
import os, pathlib, time
print("Content-Type: text/plain\\n\\ndone", flush=True)
os.close(1)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
pathlib.Path("went").touch()
"""
PROGRAMS = {
    "slow.py": SLOW,
    "forking.py": FORKING + "time.sleep(600)",
    "heir.py": "print('Content-Type: text/plain\\n\\nfirst', flush=True)" + FORKING,
    "talking.py": TALKING,
    "behind.py": BEHIND,
    "silent.py": "import os, time\nopen('pid', 'w').write(f'{os.getpid()}\\n')\ntime.sleep(600)",
    "struck.py": "import os\nprint('Content-Type: text/plain\\n\\nhalf', flush=True)\nos.kill(os.getpid(), 9)",
    "stuck.py": "import time\nprint('Content-Type: text/plain\\n\\nfirst', flush=True)\ntime.sleep(600)",
    "crash.py": "raise SystemExit('no')",
    "late.py": "print('Content-Type: text/plain\\n\\nhalf', flush=True)\nraise SystemExit(3)",
    "big.py": "print('Content-Type: text/plain\\n\\n' + 'x' * 3000000)",
    "deaf.py": "print('Content-Type: text/plain\\n\\nnot read')",
    "unicode.py": "print('Content-Type: text/plain; charset=utf-8\\n\\ncaf\\u00e9')",
    "endless.py": "print('Content-Type: text/plain\\n')\nwhile True: print('x' * 10000)",
}


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    (tmp_path / "file.txt").write_bytes(b"file")
    return write_programs(tmp_path, PROGRAMS)


def hasty(start_server: StartServer, root: Path) -> Iterator[Server]:
    """Servers with ever more patience: on a slow machine a program may need it to come as far as a test wants it."""
    for seconds in (0.5, 3.0, PATIENCE / 2):
        yield start_server(root, Config(timeouts=Timeouts(program=seconds)))


def test_output_is_streamed_and_others_are_served_meanwhile(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/slow.py"))
        link.read_until(b"first")
        assert exchange(server.port, request("/file.txt")).body == b"file"
        (stage / "go").touch()
        assert b"last" in link.read_until(b"0\r\n\r\n")


def test_replies_stay_in_order(start_server: StartServer, stage: Path) -> None:
    (stage / "go").touch()
    with Link(start_server(stage).port) as link:
        link.send(request("/slow.py") + request("/file.txt") + request("/deaf.py") + request("/missing"))
        assert link.reply().body == b"first\nlast\n"
        assert link.reply().body == b"file"
        assert link.reply().body == b"not read\n"
        assert link.reply().status == 404


def test_programs_run_side_by_side(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda: replies.append(exchange(server.port, request("/slow.py")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    (stage / "go").touch()
    for thread in threads:
        thread.join(PATIENCE)
    assert [reply.body for reply in replies] == [b"first\nlast\n"] * 4


def test_a_program_without_end_is_killed_with_its_children(start_server: StartServer, stage: Path) -> None:
    for server in hasty(start_server, stage):
        assert exchange(server.port, request("/forking.py")).status == 504
        if (stage / "child").exists():
            break
    child = written_number(stage / "child")
    wait_until(lambda: not process_runs(child), "the child still runs")


def test_a_child_that_holds_the_output_is_killed_too(start_server: StartServer, stage: Path) -> None:
    """The program itself has ended, but its output has not."""
    for server in hasty(start_server, stage):
        answer = raw(server.port, request("/heir.py"))
        assert not answer.endswith(b"0\r\n\r\n")
        if (stage / "child").exists():
            break
    child = written_number(stage / "child")
    wait_until(lambda: not process_runs(child), "the child still runs")


def test_a_reply_that_breaks_off_is_seen_to_be_incomplete(start_server: StartServer, stage: Path) -> None:
    for server in hasty(start_server, stage):
        answer = raw(server.port, request("/stuck.py"))
        if b"first" in answer:
            break
    assert b"first" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_the_time_limit_is_one_of_silence(stage: Path, start_server: StartServer) -> None:
    """A program that keeps talking is not stopped, however long it takes."""
    for server in hasty(start_server, stage):
        reply = raw(server.port, request("/talking.py"))
        if b"spoke" in reply:
            break
    assert reply.endswith(b"0\r\n\r\n")


def test_a_program_that_a_signal_struck_down_leaves_an_incomplete_reply(start_server: StartServer, stage: Path) -> None:
    answer = raw(start_server(stage).port, request("/struck.py"))
    assert b"half" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_a_reply_without_a_marked_end_breaks_off_by_a_reset(start_server: StartServer, stage: Path) -> None:
    """To a client of HTTP/1.0 the end of the connection is the end of the reply: a cut must not look the same."""
    with Link(start_server(stage).port) as link:
        link.send(request("/struck.py", version="1.0"))
        link.read_until(b"half")
        with pytest.raises(ConnectionResetError):
            link.read_all()


def test_a_program_may_work_on_behind_its_output(start_server: StartServer, stage: Path) -> None:
    """The reply is complete, and the connection free for the next one, before the program ends."""
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/behind.py"))
        assert link.reply().body == b"done\n"
        link.send(request("/file.txt"))
        assert link.reply().body == b"file"
        assert server.site.running
        (stage / "go").touch()
        wait_until(lambda: (stage / "went").exists(), "the program did not go on")
        wait_until(lambda: not server.site.running, "the program still runs")


def test_a_crash_before_the_head(start_server: StartServer, stage: Path) -> None:
    assert exchange(start_server(stage).port, request("/crash.py")).status == 500


def test_a_crash_after_the_head(start_server: StartServer, stage: Path) -> None:
    assert exchange(start_server(stage).port, request("/late.py")).body == b"half\n"


def test_large_output_and_unread_input(start_server: StartServer, stage: Path) -> None:
    port = start_server(stage).port
    assert exchange(port, request("/big.py")).body == b"x" * 3_000_000 + b"\n"
    assert exchange(port, request("/deaf.py", "POST", body=b"x" * 1_000_000)).body == b"not read\n"
    assert exchange(port, request("/unicode.py")).body == "caf\u00e9\n".encode()


def test_a_client_that_leaves_ends_the_program(start_server: StartServer, stage: Path) -> None:
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/endless.py"))
        link.read_until(b"xxx")
        assert server.site.running
    wait_until(lambda: not server.site.running, "the program still runs")


def test_a_client_that_resets_ends_a_silent_program(start_server: StartServer, stage: Path) -> None:
    """It has said nothing yet, so nothing but the connection's end can tell that nobody waits."""
    server = start_server(stage)
    with Link(server.port) as link:
        link.send(request("/silent.py"))
        pid = written_number(stage / "pid")
        link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: not process_runs(pid), "the program still runs")
    wait_until(lambda: not server.site.running, "the program still counts")


def test_a_client_that_has_said_everything_gets_its_reply(start_server: StartServer, stage: Path) -> None:
    """The end of what it sends is not the end of its interest."""
    (stage / "go").touch()
    assert raw(start_server(stage).port, request("/slow.py")).endswith(b"0\r\n\r\n")


def test_a_stop_ends_programs(stage: Path) -> None:
    server = Server(str(stage), config=Config(timeouts=Timeouts(grace=0.2)))
    thread = threading.Thread(target=server.run)
    thread.start()
    with Link(server.port) as link:
        link.send(request("/stuck.py"))
        link.read_until(b"first")
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not server.site.running


SERVE = "import sys; from reference_server import serve; s = serve(sys.argv[1]); print(s.port, flush=True); s.run()"
WRITING = """
import os, time
open("pid", "w").write(f"{os.getpid()}\\n")
print("Content-Type: text/plain\\n\\nfirst", flush=True)
while True:
    time.sleep(0.02)
    print("more", flush=True)
"""


def test_a_server_that_is_killed_leaves_no_program_that_writes(tmp_path: Path) -> None:
    """Nobody is left to stop it, but its output leads nowhere."""
    write_programs(tmp_path, {"writing.py": WRITING})
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with server:
        try:
            assert server.stdout is not None
            with Link(int(server.stdout.readline())) as link:
                link.send(request("/writing.py"))
                link.read_until(b"first")
                server.kill()
        finally:
            server.kill()
    pid = written_number(tmp_path / "pid")
    wait_until(lambda: not process_runs(pid), "the program still runs")
