"""Many programs at once: so many run, more wait, and too many are told to come again; nothing is left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reference_server import Config
from reference_server.drivers import offload
from reference_server.drivers.offload import Arrival, Offload
from reference_server.http1.messages import Request, Response
from reference_server.resources.process import ABANDONED
from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import wait_until, write_programs
from reference_server.tests.wire import PATIENCE, Link, exchange, request

# Says which programs run while it does.
CENSUS = """
import os, pathlib, time
mark = pathlib.Path(f"run.{os.getpid()}")
mark.touch()
print("Content-Type: text/plain\\n", flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print(len(list(pathlib.Path(".").glob("run.*"))))
mark.unlink()
"""


def running(root: Path) -> int:
    return len(list(root.glob("run.*")))


def test_only_so_many_run_at_once(start_server: StartServer, tmp_path: Path) -> None:
    """Counted to the end of their output, not only to its beginning."""
    write_programs(tmp_path, {"census.py": CENSUS})
    (tmp_path / "file.txt").write_bytes(b"file")
    server = start_server(tmp_path, Config(programs=2))
    with ThreadPoolExecutor(7) as clients:
        replies = [clients.submit(exchange, server.port, request("/census.py")) for _ in range(7)]
        wait_until(lambda: running(tmp_path) == 2, "two programs do not run")
        assert exchange(server.port, request("/file.txt")).body == b"file"
        assert len(server.site.running) == 2
        (tmp_path / "go").touch()
        counts = [int(reply.result(PATIENCE).body) for reply in replies]
    assert len(counts) == 7
    assert max(counts) <= 2
    wait_until(lambda: not server.site.running, "a program is left")


def test_too_many_are_told_to_come_again(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offload, "WAITING_FOR_EACH", 1)
    write_programs(tmp_path, {"census.py": CENSUS})
    server = start_server(tmp_path, Config(programs=1))
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(Link(server.port)) for _ in range(3))
        first.send(request("/census.py"))
        wait_until(lambda: running(tmp_path) == 1, "the first program does not run")
        second.send(request("/census.py"))
        wait_until(lambda: len(server.offload._waiting) == 1, "the second does not wait")
        third.send(request("/census.py"))
        reply = third.reply()
        assert (reply.status, reply.get("Retry-After")) == (503, b"10")
        (tmp_path / "go").touch()
        assert [first.reply().body, second.reply().body] == [b"1\n", b"1\n"]
        third.send(request("/census.py"))
        assert third.reply().body == b"1\n"


def test_nothing_is_left_behind(start_server: StartServer, tmp_path: Path) -> None:
    """No process, no descriptor, whatever became of the programs."""
    sources = {
        "good.py": "print('Content-Type: text/plain\\n\\nbody')",
        "bad.py": "print('no head')",
        "endless.py": "print('Content-Type: text/plain\\n')\nwhile True: print('x' * 10000)",
        "nph-good.py": "print('HTTP/1.1 200 OK\\n')",
    }
    write_programs(tmp_path, sources)
    server = start_server(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(3):
        for name in sources:
            with Link(server.port) as link:
                link.send(request("/" + name, "POST", body=b"x" * 100_000))
                link.read_until(b"\n")
    wait_until(lambda: not server.site.running, "a program is left")
    if before:
        wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before, "a descriptor is left")
        wait_until(lambda: not zombies(), "a process is left")


def zombies() -> list[str]:
    """Children of this process that nobody has collected."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state == "Z" and int(parent) == os.getpid():
                found.append(entry.name)
    return found


class Loop:
    """A stand-in for the event loop: keeps what it is to call."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.replies: list[Response] = []

    def call(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def run_until_replies(self, count: int) -> list[Response]:
        def done() -> bool:
            while self.calls:
                self.calls.pop(0)()
            return len(self.replies) >= count

        wait_until(done, "no reply")
        return self.replies


class Pieces(Iterator[bytes]):
    """A body without end that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __next__(self) -> bytes:
        return b"x"

    def close(self) -> None:
        self.closed.set()


def test_a_body_that_nobody_reads_gives_its_place_away() -> None:
    loop, pieces = Loop(), Pieces()
    jobs = Offload(1, loop.call)
    run = jobs.respond(lambda _: Response(200, body=pieces), Request("GET", b"/"), loop.replies.append)
    (reply,) = loop.run_until_replies(1)
    jobs.respond(lambda _: Response(201), Request("GET", b"/"), loop.replies.append)
    assert not pieces.closed.is_set()
    reply.discard_body()
    assert pieces.closed.wait(PATIENCE)
    assert run.abandoned.is_set()
    assert [each.status for each in loop.run_until_replies(2)] == [200, 201]
    jobs.close()


def test_a_reply_that_is_lost_gives_its_place_away() -> None:
    loop, pieces = Loop(), Pieces()
    jobs = Offload(1, loop.call)
    jobs.respond(lambda _: Response(200, body=pieces), Request("GET", b"/"), loop.replies.append)
    loop.run_until_replies(1).clear()
    assert pieces.closed.wait(PATIENCE)
    jobs.respond(lambda _: Response(201), Request("GET", b"/"), loop.replies.append)
    assert loop.run_until_replies(1)[0].status == 201
    jobs.close()


def test_a_stream_whose_client_leaves_ends() -> None:
    loop, pieces = Loop(), Pieces()
    jobs = Offload(1, loop.call)
    jobs.respond(lambda _: Response(200, body=pieces), Request("GET", b"/"), loop.replies.append)
    (reply,) = loop.run_until_replies(1)
    assert isinstance(reply.body, Iterator)
    stream = jobs.pump(reply.body, lambda: None)
    wait_until(lambda: stream.next_piece() == b"x", "no piece")
    stream.abandon()
    assert pieces.closed.wait(PATIENCE)
    jobs.close()


def test_who_leaves_while_waiting_is_not_answered() -> None:
    loop, held = Loop(), threading.Event()
    asked: list[bytes] = []

    def compute(asking: Request) -> Response:
        asked.append(asking.target)
        held.wait(PATIENCE)
        return Response(200)

    jobs = Offload(1, loop.call)
    runs = [jobs.respond(compute, Request("GET", target), loop.replies.append) for target in (b"/1", b"/2", b"/3")]
    runs[1].abandon()
    held.set()
    loop.run_until_replies(2)
    assert asked == [b"/1", b"/3"]
    jobs.close()


def test_who_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offload, "WAITING_SECONDS", -1.0)
    loop = Loop()
    jobs = Offload(1, loop.call)
    jobs.respond(lambda _: Response(200), Request("GET", b"/"), loop.replies.append)
    assert loop.run_until_replies(1)[0].status == 503
    jobs.close()


def test_a_fault_in_answering_or_in_a_body_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Request) -> Response:
        raise RuntimeError("a fault on purpose")

    class Broken(Pieces):
        def __next__(self) -> bytes:
            raise RuntimeError("another fault on purpose")

    loop, pieces = Loop(), Broken()
    jobs = Offload(1, loop.call)
    jobs.respond(broken, Request("GET", b"/"), loop.replies.append)
    assert loop.run_until_replies(1)[0].status == 500
    jobs.respond(lambda _: Response(200, body=pieces), Request("GET", b"/"), loop.replies.append)
    body = loop.run_until_replies(2)[1].body
    assert isinstance(body, Iterator)
    stream = jobs.pump(body, lambda: None)
    wait_until(lambda: stream.next_piece() is Arrival.FAILED, "the failure is not told")
    assert pieces.closed.wait(PATIENCE)
    jobs.close()
    told = capsys.readouterr().err
    assert "a fault on purpose" in told
    assert "another fault on purpose" in told


def test_the_end_of_the_server_abandons_what_is_under_way() -> None:
    loop = Loop()
    jobs = Offload(1, loop.call)
    begun = threading.Event()

    def compute(_: Request) -> Response:
        begun.set()
        wanted = ABANDONED.get()
        assert wanted is not None
        return Response(200 if wanted.wait(PATIENCE) else 500)

    jobs.respond(compute, Request("GET", b"/"), loop.replies.append)
    jobs.respond(lambda _: Response(201), Request("GET", b"/"), loop.replies.append)
    assert begun.wait(PATIENCE)
    jobs.close()
    assert [reply.status for reply in loop.run_until_replies(1)] == [200]


@pytest.mark.parametrize(("number", "status"), [(errno.EMFILE, 503), (errno.EAGAIN, 503), (errno.ENOEXEC, 500)])
def test_what_keeps_a_program_from_starting(
    monkeypatch: pytest.MonkeyPatch, start_server: StartServer, site_root: Path, number: int, status: int
) -> None:
    """A shortage passes, so the client is asked to come again; the next program starts."""
    port = start_server(site_root).port

    def short(*_given: object, **_more: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", short)
        reply = exchange(port, request("/echo.py"))
        assert (reply.status, reply.get("Retry-After") is not None) == (status, status == 503)
    assert exchange(port, request("/echo.py")).status == 200
