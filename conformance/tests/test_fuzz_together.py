"""Failures for which it takes several connections: one finding by one rule, and a command that shows all of them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from conformance.fuzz.example import Ground
from conformance.fuzz.machines import Theatre
from conformance.fuzz.machines.repertoire import Manners, Piece, Repertoire
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import NEW, Script, Step, Verb
from conformance.fuzz.machines.together import together
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.player import Budget
from conformance.probe import Abort, AwaitAny, HalfClose, Probe, Receive, Send
from conformance.reading import Stream, transcribe
from conformance.report.reproduce import reproduce
from conformance.target import Target
from conformance.tests.small import each_apart
from conformance.wire import Patience

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
GET = Request(b"GET", b"/", (FieldLine(b"Host", b"h"),))
POST = Request(b"POST", b"/", (FieldLine(b"Host", b"h"), FieldLine(b"Content-Length", b"2")), body=b"hi")
CONTROL = transcribe(GOOD, ("GET",), Stream.ENDED).responses[0]
REPERTOIRE = Repertoire((Piece("GET /", GET, CONTROL, True), Piece("POST /", POST, CONTROL, True)), Manners(3, True))


@contextmanager
def one_buffer(shared: bool) -> Iterator[int]:
    """A server that puts the pieces of all clients together into one request, if they share the buffer."""
    common = bytearray()
    lock = threading.Lock()

    def serve(client: socket.socket) -> None:
        own = common if shared else bytearray()
        with client, suppress(OSError):
            while data := client.recv(4096):
                with lock:
                    own += data
                    head, end, _ = bytes(own).partition(b"\r\n\r\n")
                    if not end:
                        continue
                    own.clear()
                line, *fields = head.split(b"\r\n")
                sound = line.count(b" ") == 2 and all(b": " in field for field in fields)
                client.sendall(GOOD if sound else BAD)
                return

    with each_apart(serve) as port:
        yield port


def caught(shared: bool, haunted: bool = False) -> list[Scene]:
    with one_buffer(shared) as port:
        target = Target("127.0.0.1", port, "h", Patience(1.0), None)
        ground = Ground(b"127.0.0.1:%d" % port)
        return list(Theatre(target, ground, Budget(60, seconds=120.0), haunted=haunted).run())


def test_one_buffer_for_all_clients_is_one_finding() -> None:
    (scene,) = caught(shared=True)
    assert scene.breach.rule == "message.response-given"
    assert scene.breach.finding.message.endswith("What another client sends makes the difference.")
    assert len({name for name, _ in scene.breach.finding.company}) == 2


def test_it_is_none_where_each_client_has_its_own() -> None:
    assert caught(shared=False) == []


def test_it_is_none_where_it_is_known_that_requests_leave_the_server_unwell() -> None:
    assert caught(shared=True, haunted=True) == []


SEVERAL = (
    Step(Verb.OPEN, "A"),
    Step(Verb.BEGIN, "A", (0,), 5),
    Step(Verb.OPEN, "B"),
    Step(Verb.SEND, "B", (0, 0)),
    Step(Verb.READ, "B"),
    Step(Verb.GO_ON, "A", (), 3),
    Step(Verb.READ, "A"),
    Step(Verb.FINISH, "A"),
    Step(Verb.READ, "A"),
    Step(Verb.EXPECT, "A", (1,)),
    Step(Verb.HALF_CLOSE, "A"),
    Step(Verb.ABORT, "B"),
    Step(Verb.VISIT, NEW, (0,)),
)


def test_what_is_done_on_several_lines() -> None:
    opened = Send(b"")
    head = POST.head.replace(b"Content", b"Expect: 100-continue\r\nContent")
    assert together(SEVERAL, REPERTOIRE) == (
        *(("A", opened), ("A", Send(b"GET /"))),
        *(("B", opened), ("B", Send(GET.data * 2)), ("B", Receive(2))),
        *(("A", Send(GET.data[5:8])), ("A", Send(GET.data[8:])), ("A", Receive(1))),
        *(("A", Send(head)), ("A", AwaitAny()), ("A", Send(b"hi")), ("A", Receive(1))),
        *(("A", HalfClose()), ("B", Abort())),
        *((NEW, opened), (NEW, Send(GET.data)), (NEW, Receive(1))),
    )


@pytest.mark.parametrize(
    "script",
    [
        (Step(Verb.OPEN, "A"), Step(Verb.SEND, "A", (0,)), Step(Verb.VISIT, NEW, (0,))),
        (*SEVERAL, Step(Verb.CHANGE, "", (0,))),
    ],
)
def test_one_line_needs_no_company_and_a_change_of_a_file_cannot_be_shown(script: Script) -> None:
    assert together(script, REPERTOIRE) == ()


def test_the_command_shows_what_several_connections_do() -> None:
    script = (
        Step(Verb.OPEN, "A"),
        Step(Verb.BEGIN, "A", (0,), 9),
        Step(Verb.OPEN, "B"),
        Step(Verb.SEND, "B", (0,)),
        Step(Verb.READ, "B"),
    )
    company = together(script, REPERTOIRE)
    with one_buffer(True) as port:
        command = reproduce(Probe((Send(GET.data), Receive(1))), f"http://127.0.0.1:{port}", company)
        assert command.startswith("python3 -c 'import socket,time;A=socket.create_connection((")
        code = command.removeprefix("python3 -c '").removesuffix("'")
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "400 Bad Request" in shown.stdout
