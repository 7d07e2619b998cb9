"""Servers started from a command: the good one, and each way a student's server makes trouble.

The servers are tiny real programs; nothing here asserts how long anything takes.
"""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import launch, process_table
from conformance.child import Tail, ending
from conformance.launch import Failure, Launched, LaunchError, command_words

DEADLINE = 20.0

BIND = """
import os, signal, socket, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
"""
ANSWER = """
while True:
    connection, _ = listener.accept()
    if b"die" in connection.recv(1000):
        print("I was told to die", flush=True)
        os._exit(7)
    body = str(os.getpid()).encode()
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    connection.close()
"""
GOOD = BIND + ANSWER

Launch = Callable[..., Launched]


@pytest.fixture
def launch_program(tmp_path: Path) -> Iterator[Launch]:
    started: list[Launched] = []

    def start(source: str, *, arguments: str = "{port}", **options: Any) -> Launched:
        program = tmp_path / f"server_{len(started)}.py"
        program.write_text(source)
        command = f"{shlex.quote(sys.executable)} {program} {arguments}"
        server = Launched(command, **options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


def fetch(server: Launched, path: str = "/") -> bytes:
    with urllib.request.urlopen(f"http://{server.host}:{server.port}{path}", timeout=DEADLINE) as reply:
        body: bytes = reply.read()
    return body


def runs(pid: int) -> bool:
    """Whether the process exists, be it only as a zombie."""
    return (Path("/proc") / str(pid)).exists()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def numbers_in(output: str) -> list[int]:
    return [int(word) for word in output.split() if word.isdigit()]


class TestGoodServer:
    def test_it_answers_when_start_returns(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        assert fetch(server) == str(server.pid).encode()
        assert server.alive()

    def test_stop_leaves_neither_process_nor_zombie(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        pid = server.pid
        assert pid is not None
        server.stop()
        assert not runs(pid)
        assert not server.alive()
        assert server.pid is None

    def test_stop_twice_is_harmless(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        server.stop()
        server.stop()

    def test_stop_without_start_is_harmless(self) -> None:
        Launched("true {port}").stop()

    def test_a_second_start_is_a_fault_of_the_caller(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        with pytest.raises(RuntimeError, match="already started"):
            server.start()

    def test_restart_is_a_new_process_on_the_same_port(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        first, port = fetch(server), server.port
        server.restart()
        assert fetch(server) != first
        assert server.port == port

    def test_as_a_context(self, tmp_path: Path) -> None:
        program = tmp_path / "server.py"
        program.write_text(GOOD)
        with Launched(f"{shlex.quote(sys.executable)} {program} {{port}}") as server:
            pid = server.pid
            assert fetch(server)
        assert pid is not None
        assert not runs(pid)

    def test_a_port_written_in_the_program(self, launch_program: Launch) -> None:
        port = launch.free_port()
        source = GOOD.replace("int(sys.argv[1])", str(port))
        server = launch_program(source, arguments="", port=port)
        assert server.port == port
        assert fetch(server)

    def test_it_is_told_the_document_root_and_the_folder(self, launch_program: Launch, tmp_path: Path) -> None:
        root = tmp_path / "a root"
        root.mkdir()
        source = BIND + "print(sys.argv[2], os.getcwd(), os.environ['PYTHONUNBUFFERED'])" + ANSWER
        server = launch_program(source, arguments="{port} {root}", root=root, cwd=root)
        assert eventually(lambda: f"{root} {root.resolve()} 1" in server.output())

    def test_a_server_on_ipv6_only_is_reached_there(self, launch_program: Launch) -> None:
        source = GOOD.replace("socket.socket()", "socket.socket(socket.AF_INET6)").replace("127.0.0.1", "::1")
        try:
            server = launch_program(source)
        except LaunchError:
            pytest.skip("no IPv6 here")
        assert server.host == "::1"


class TestDeath:
    def test_it_is_noticed_with_the_exit_code_and_the_last_words(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        fetch(server)
        mark = server.output_mark()
        with pytest.raises(http.client.RemoteDisconnected):
            fetch(server, "/die")
        assert eventually(lambda: not server.alive())
        assert server.exit_code == 7
        assert eventually(lambda: server.output_since(mark) == "I was told to die\n")

    def test_a_dead_server_is_started_again(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert eventually(lambda: not server.alive())
        assert server.exit_code == -signal.SIGKILL
        server.restart()
        assert fetch(server)

    def test_another_port_is_chosen_where_the_old_one_stays_busy(self, launch_program: Launch) -> None:
        # Without SO_REUSEADDR, and closing first, so that the port lingers.
        source = "\n".join(line for line in GOOD.splitlines() if "SO_REUSEADDR" not in line)
        server = launch_program(source)
        fetch(server)
        server.restart()
        assert fetch(server)


class TestFailureToStart:
    def failure(self, launch_program: Launch, source: str, **options: object) -> LaunchError:
        with pytest.raises(LaunchError) as caught:
            launch_program(source, **options)
        return caught.value

    def test_dies_at_once(self, launch_program: Launch) -> None:
        error = self.failure(launch_program, "import sys; print('so long', file=sys.stderr); sys.exit(3)")
        assert error.failure is Failure.EXITED
        assert "exited with code 3 at once" in str(error)
        assert "so long" in str(error)

    def test_ends_in_peace_without_listening(self, launch_program: Launch) -> None:
        error = self.failure(launch_program, "print('hello')")
        assert error.failure is Failure.EXITED
        assert error.output == "hello\n"

    def test_never_listens(self, launch_program: Launch) -> None:
        source = "import os, time; print(os.getpid())\ntime.sleep(600)"
        error = self.failure(launch_program, source, start_timeout=1.0)
        assert error.failure is Failure.NEVER_LISTENED
        assert "did not listen on port" in str(error)
        assert not any(runs(pid) for pid in numbers_in(error.output))

    def test_bound_but_not_listening_is_not_listening(self, launch_program: Launch) -> None:
        source = GOOD.replace("listener.listen()", "time.sleep(600)")
        assert self.failure(launch_program, source, start_timeout=1.0).failure is Failure.NEVER_LISTENED

    def test_a_fixed_port_that_another_program_holds(self, launch_program: Launch) -> None:
        other = launch_program(GOOD)
        error = self.failure(launch_program, GOOD, port=other.port)
        assert error.failure is Failure.PORT_TAKEN
        assert str(other.port) in str(error)

    def test_a_free_port_lost_to_another_program_is_replaced(self, launch_program: Launch) -> None:
        first = launch_program(GOOD)
        second = launch_program(GOOD)
        second.stop()
        second.port = first.port
        second.start()
        assert second.port != first.port
        assert fetch(second) == str(second.pid).encode()

    def test_an_address_in_use_comes_with_a_hint(self) -> None:
        error = LaunchError(Failure.EXITED, "the server died", "OSError: [Errno 98] Address already in use")
        assert "SO_REUSEADDR" in str(error)

    def test_a_stranger_is_not_taken_for_the_server(
        self, launch_program: Launch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stranger = launch_program(GOOD)
        true_answer = process_table.listeners
        answers = iter([()])  # it comes between our look at the port and our server's start
        monkeypatch.setattr(process_table, "listeners", lambda port: next(answers, true_answer(port)))
        error = self.failure(launch_program, GOOD, port=stranger.port)
        assert error.failure is Failure.EXITED
        assert "in use" in str(error)

    def test_no_such_program(self) -> None:
        with pytest.raises(LaunchError, match="cannot run 'no-such-program-here'") as caught:
            Launched("no-such-program-here {port}").start()
        assert caught.value.failure is Failure.BAD_COMMAND

    def test_a_file_that_is_no_program(self, tmp_path: Path) -> None:
        program = tmp_path / "server.txt"
        program.write_text("hello")
        with pytest.raises(LaunchError, match="Permission denied"):
            Launched(f"{program} {{port}}").start()

    @pytest.mark.parametrize("command", ["", "  ", "python3 'server.py"])
    def test_a_command_that_cannot_be_read(self, command: str) -> None:
        with pytest.raises(LaunchError) as caught:
            Launched(command, port=launch.free_port()).start()
        assert caught.value.failure is Failure.BAD_COMMAND

    def test_a_command_without_any_port(self) -> None:
        with pytest.raises(LaunchError, match="no port given"):
            Launched("python3 server.py")


class TestTrouble:
    def test_sigterm_ignored(self, launch_program: Launch) -> None:
        source = BIND + "signal.signal(signal.SIGTERM, signal.SIG_IGN)" + ANSWER
        server = launch_program(source, stop_timeout=0.2)
        pid = int(fetch(server))
        server.stop()
        assert not runs(pid)

    def test_sigterm_is_sent_once(self, launch_program: Launch) -> None:
        source = BIND + (
            "def leave(*_):\n"
            "    print('asked to leave')\n"
            "    time.sleep(0.2)\n"
            "    os._exit(0)\n"
            "signal.signal(signal.SIGTERM, leave)"
        )
        server = launch_program(source + ANSWER, stop_timeout=DEADLINE)
        fetch(server)
        server.stop()
        assert server.output().count("asked to leave") == 1

    def test_children_die_too_even_those_that_ignore_sigterm(self, launch_program: Launch) -> None:
        source = BIND + (
            "for _ in range(2):\n"
            "    if os.fork() == 0:\n"
            "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "        os.write(1, b'%d\\n' % os.getpid())\n"
            "        time.sleep(600)\n"
        )
        server = launch_program(source + ANSWER, stop_timeout=0.2)
        assert eventually(lambda: len(numbers_in(server.output())) == 2)
        server.stop()
        assert all(gone(pid) for pid in numbers_in(server.output()))

    def test_children_of_a_dead_server_die_too(self, launch_program: Launch) -> None:
        source = BIND + "if os.fork() == 0:\n    os.write(1, b'%d\\n' % os.getpid())\n    time.sleep(600)\n"
        server = launch_program(source + ANSWER)
        assert eventually(lambda: bool(numbers_in(server.output())))
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert eventually(lambda: not server.alive())
        server.stop()
        assert all(gone(pid) for pid in numbers_in(server.output()))

    def test_a_daemon_is_alive_and_is_stopped(self, launch_program: Launch) -> None:
        source = "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(0.2)\n"
        server = launch_program(source + GOOD)
        assert server.exit_code == 0
        assert server.alive()
        pid = int(fetch(server))
        server.stop()
        assert gone(pid)
        assert not server.alive()

    def test_a_flood_of_output_neither_blocks_nor_is_kept(self, launch_program: Launch) -> None:
        source = BIND + "for _ in range(100):\n    sys.stdout.write('x' * 65535 + '\\n')\nprint('the end')" + ANSWER
        server = launch_program(source)
        assert fetch(server)  # it gets to answering only when its six megabytes are taken
        assert eventually(lambda: server.output().endswith("the end\n"))
        assert len(server.output()) <= 64 * 1024

    def test_what_was_printed_before_a_restart_is_still_there(self, launch_program: Launch) -> None:
        server = launch_program(BIND + "print('started', os.getpid())" + ANSWER)
        server.restart()
        assert eventually(lambda: server.output().count("started") == 2)


def gone(pid: int) -> bool:
    """Whether the process has ended.  A stranger's zombie is its new parent's to bury, not ours."""
    try:
        stat = (Path("/proc") / str(pid) / "stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


class TestWithoutProc:
    """A system that has no `/proc`: one whole request instead, and only the group is known."""

    @pytest.fixture(autouse=True)
    def no_proc(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(process_table, "PROC", tmp_path / "no-proc")

    def test_start_and_stop(self, launch_program: Launch) -> None:
        server = launch_program(GOOD)
        pid = server.pid
        assert pid is not None
        assert fetch(server) == str(pid).encode()
        server.stop()
        assert not runs(pid)

    def test_an_answer_that_is_no_http_is_an_answer(self, launch_program: Launch) -> None:
        assert launch_program(GOOD.replace("HTTP/1.1 200 OK", "rubbish")).alive()

    def test_dies_at_once(self, launch_program: Launch) -> None:
        with pytest.raises(LaunchError, match="exited with code 1"):
            launch_program("raise SystemExit(1)")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("server {port}", ["server", "8080"]),
        (
            "server --listen=127.0.0.1:{port} -r {root}",
            ["server", "--listen=127.0.0.1:8080", "-r", "/a {port} b"],
        ),
        ("node -e '() => {return {}}' {port}", ["node", "-e", "() => {return {}}", "8080"]),
        ("server {ports} {0} {} {{port}}", ["server", "{ports}", "{0}", "{}", "{8080}"]),
        ("server $HOME;ls `id` > x", ["server", "$HOME;ls", "`id`", ">", "x"]),
    ],
)
def test_only_port_and_root_are_filled_in(command: str, words: list[str]) -> None:
    # The root's own braces are left alone, and its spaces do not split it.
    assert command_words(command, 8080, Path("/a {port} b")) == words


def test_an_unknown_root_is_left_as_it_is() -> None:
    assert command_words("server {root}", 1, None) == ["server", "{root}"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exited with code 0"), (-11, "was killed by SIGSEGV"), (-40, "was killed by signal 40")],
)
def test_how_a_process_ended_is_said_in_words(code: int, words: str) -> None:
    assert ending(code) == words


def test_the_tail_keeps_the_end_and_counts_the_whole() -> None:
    tail = Tail(limit=4)
    tail.feed(b"abc")
    mark = tail.total
    tail.feed(b"def")
    assert tail.since(0) == "cdef"
    assert tail.since(mark) == "def"
    assert tail.since(tail.total) == ""
    tail.feed(b"\xff12345")
    assert tail.since(mark) == "2345"


def test_the_kernels_table_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_table, "PROC", tmp_path)
    monkeypatch.setattr(sys, "byteorder", "little")
    (tmp_path / "net").mkdir()
    heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    rest = "00000000:00000000 00:00000000 00000000  1000        0"
    (tmp_path / "net" / "tcp").write_text(
        f"{heading}   0: 0101007F:C350 00000000:0000 0A {rest} 11 1 0 100 0 0 10 0\n"
        f"   1: 0100007F:C350 0100007F:D000 01 {rest} 12 1 0 100 0 0 10 0\n"
        f"   2: 00000000:C351 00000000:0000 0A {rest} 13 1 0 100 0 0 10 0\n"
    )
    (tmp_path / "net" / "tcp6").write_text(
        f"{heading}   0: {'0' * 24}01000000:C350 {'0' * 32}:0000 0A {rest} 14 1 0 100 0 0 10 0\n"
    )
    found = process_table.listeners(50000)
    assert found is not None
    assert [(listener.address, listener.inode) for listener in found] == [("127.0.1.1", 11), ("::1", 14)]
    assert process_table.listeners(50002) == ()


@pytest.mark.parametrize(
    ("bound", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("::ffff:0.0.0.0", "127.0.0.1"),
        ("::ffff:127.0.1.1", "127.0.1.1"),
        ("::1", "::1"),
        ("127.0.1.1", "127.0.1.1"),
    ],
)
def test_the_address_to_connect_to(bound: str, reached: str) -> None:
    assert process_table.reachable(bound) == reached
