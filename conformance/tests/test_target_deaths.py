"""Deaths of a live target: a good request that meets a server which was dead before is not what it died of."""

from __future__ import annotations

from collections.abc import Callable

from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe, Receive, Send, compose
from conformance.rule import Risk
from conformance.target import Target
from conformance.wire import Patience, Wire

KILLING = b"GET /kill HTTP/1.1\r\nHost: h\r\n\r\n"


class Fragile(Wire):
    """A server that is deaf once it was sent something that kills it; ``answers`` says whether that is answered."""

    def __init__(self, *, answers: bool) -> None:
        super().__init__("h", 80, Patience(1.0))
        self.answers = answers
        self.deaf = False

    def play(
        self, probe: Probe, *, patience: float | None = None, meanwhile: Callable[[], None] | None = None
    ) -> Exchange:
        del patience, meanwhile  # all goes quickly here
        was_deaf, self.deaf = self.deaf, self.deaf or probe.sent == KILLING
        heard = not was_deaf and (self.answers or not self.deaf)
        chunks = (Chunk(0.0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),) if heard else ()
        return Exchange(probe, chunks, Ending.OURS if heard else Ending.SILENT, 0.0, 0.0)


class Started:
    """The process of such a server."""

    host, port = "h", 80

    def __init__(self, wire: Fragile) -> None:
        self.wire = wire

    def restart(self) -> None:
        self.wire.deaf = False

    def output_mark(self) -> int:
        return 0

    def output_since(self, mark: int) -> str:
        return "" if mark == 0 else "?"


def target(*, answers: bool) -> Target:
    wire = Fragile(answers=answers)
    made = Target("h", 80, "h", Patience(1.0), Started(wire))
    made.wire = wire
    return made


def good(path: str) -> Probe:
    return Probe((Send(compose("GET", path, [("Host", "h")])), Receive(1)), ("GET",), Risk.UNUSUAL)


def test_who_comes_to_a_server_that_is_dead_is_not_its_killer() -> None:
    played = target(answers=True)
    assert not played.play(good("/kill")).killed  # it was answered, and only then the server went deaf
    following = played.play(good("/page"))
    assert following.received
    assert not following.killed


def test_a_good_request_that_kills_kills_again() -> None:
    played = target(answers=False)
    assert played.play(good("/page")).received
    assert played.play(good("/kill")).killed
    assert played.play(good("/page")).received  # it was brought back


class Rootless(Fragile):
    """A server that answers nothing but one page."""

    def play(
        self, probe: Probe, *, patience: float | None = None, meanwhile: Callable[[], None] | None = None
    ) -> Exchange:
        if probe.sent.startswith(b"GET /page.txt "):
            return super().play(probe, patience=patience, meanwhile=meanwhile)
        return Exchange(probe, (), Ending.CLOSED, 0.0, 0.0)


def test_who_answers_only_some_pages_is_not_dead() -> None:
    made = target(answers=True)
    made.wire = Rootless(answers=True)
    page = Probe((Send(compose("GET", "/page.txt", [("Host", "h")])), Receive(1)))
    assert not made.play(good("/")).received
    assert made.play(page).received
    assert not made.play(good("/missing")).killed
    assert not made.play(Probe((Send(b"\x00"), Receive(1)), risk=Risk.MALFORMED)).killed
