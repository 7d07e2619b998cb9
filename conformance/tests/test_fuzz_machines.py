"""The machine without a server: what scripts are written, how they shrink, and what a dialogue keeps account of."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.exchange import Ending
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.example import Ground
from conformance.fuzz.hunt import Budget
from conformance.fuzz.machines import Scene, Theatre
from conformance.fuzz.machines.reduce import reduce, renamed
from conformance.fuzz.machines.repertoire import requests
from conformance.fuzz.machines.script import Script, Step, Verb
from conformance.fuzz.message import FieldLine, Request
from conformance.line import Line
from conformance.target import Target
from conformance.wire import Patience

PATIENCE = 5.0
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = Request(b"GET", b"/", (FieldLine(b"Host", b"h"),))


@contextmanager
def answering(*replies: bytes) -> Iterator[int]:
    """One client is read until it falls silent after each of its heads, and gets the replies one by one."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            for reply in replies:
                data = b""
                while b"\r\n\r\n" not in data and (more := client.recv(4096)):
                    data += more
                client.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)


def test_a_dialogue_keeps_account_of_what_is_owed() -> None:
    with answering(GOOD, GOOD) as port:
        dialogue = Dialogue(Line("127.0.0.1", port, PATIENCE))
        dialogue.say(Asked(0, GET))
        assert dialogue.owed == 1
        assert dialogue.listen(PATIENCE)
        dialogue.begin(Asked(0, GET), 5)
        assert (dialogue.owed, dialogue.pending is not None) == (1, True)
        dialogue.go_on()
        assert dialogue.owed == 2
        assert dialogue.listen(PATIENCE)
        exchange = dialogue.exchange()
        dialogue.close()
    assert [response.body for response in exchange.responses] == [b"ok", b"ok"]
    assert exchange.probe.sent == GET.data * 2
    assert exchange.ending is Ending.OURS


def test_nothing_is_owed_after_a_close() -> None:
    closing = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with answering(closing) as port:
        dialogue = Dialogue(Line("127.0.0.1", port, PATIENCE))
        dialogue.say(Asked(0, GET), Asked(0, GET))
        assert dialogue.listen(PATIENCE, to_end=True)
        assert (dialogue.last, dialogue.owed) == (0, 1)
        assert dialogue.line.ending in (Ending.CLOSED, Ending.RESET)
        dialogue.close()


def test_a_line_to_nobody_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    line = Line("127.0.0.1", port, PATIENCE)
    line.send(b"GET")
    assert line.ending is Ending.REFUSED
    assert not line.wait(0)


def test_a_script_shrinks_to_the_steps_that_matter() -> None:
    script = (
        Step(Verb.OPEN, "B"),
        Step(Verb.OPEN, "C"),
        Step(Verb.SEND, "C", (1, 2, 0)),
        Step(Verb.SEND, "B", (3,)),
        Step(Verb.READ, "B"),
        Step(Verb.READ, "C"),
    )

    def fails(tried: Script) -> Script | None:
        sends = [step for step in tried if step.verb is Verb.SEND and 2 in step.pieces]
        return tried if sends and tried[0].verb is Verb.OPEN else None

    assert renamed(reduce(script, fails)) == (Step(Verb.OPEN, "A"), Step(Verb.SEND, "A", (2,)))


def test_every_request_of_the_repertoire_has_a_name_of_its_own() -> None:
    names = [name for name, _ in requests(Ground(b"h", (b"/", b"/a")))]
    assert len(names) == len(set(names))


def test_a_server_that_closes_at_once_gives_nothing_to_play() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def serve() -> None:
            listener.settimeout(0.05)
            while not stop.is_set():
                try:
                    listener.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        target = Target("127.0.0.1", port, "h", Patience(1.0), None)
        scenes: list[Scene] = list(Theatre(target, Ground(b"h"), Budget(5)).run())
        stop.set()
        thread.join()
    assert scenes == []


@pytest.mark.parametrize("ending", [Verb.ABORT, Verb.CLOSE])
def test_steps_on_a_line_that_was_never_opened_do_nothing(ending: Verb) -> None:
    assert renamed((Step(ending, "C"), Step(Verb.VISIT, "N", (0,)))) == (Step(ending, "A"), Step(Verb.VISIT, "N", (0,)))
