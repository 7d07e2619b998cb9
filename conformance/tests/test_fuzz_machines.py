"""The machine without a server: what scripts are written, how they shrink, and what a dialogue keeps account of."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from conformance import checks
from conformance.exchange import Ending, Exchange
from conformance.fuzz import machines
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.example import Ground
from conformance.fuzz.machines import Theatre
from conformance.fuzz.machines.blame import unended
from conformance.fuzz.machines.changing import STEP_BACK, Changing, Kind
from conformance.fuzz.machines.chase import Chase
from conformance.fuzz.machines.follower import Follower
from conformance.fuzz.machines.judgement import ABORT
from conformance.fuzz.machines.reduce import apart, bodiless, reduce, renamed
from conformance.fuzz.machines.repertoire import Manners, Piece, Repertoire, requests
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import NEW, Script, Step, Verb, suits, text
from conformance.fuzz.machines.stage import Play, Stage
from conformance.fuzz.memory import Memory
from conformance.fuzz.message import FieldLine, Request
from conformance.fuzz.player import Budget
from conformance.fuzz.properties import Breach
from conformance.line import Line
from conformance.predicates import found
from conformance.probe import Probe, Send
from conformance.reading import Stream, transcribe
from conformance.response import Response
from conformance.site import Page
from conformance.target import Target
from conformance.tests.small import each_apart
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


def test_what_is_sent_one_after_another_is_sent_in_one_piece_and_halved() -> None:
    """Whether separate writes meet in one packet is chance, and cannot be shrunk by."""
    tries = []

    def fails(tried: Script) -> Script | None:
        tries.append(tried)
        return tried if any(step.verb is Verb.SEND and len(step.pieces) > 1 for step in tried) else None

    sends = tuple(Step(Verb.SEND, "A", (number,)) for number in range(16))
    assert reduce((Step(Verb.OPEN, "A"), *sends), fails) == (Step(Verb.SEND, "A", (0, 0)),)
    assert len(tries) < 30


def test_requests_are_sent_one_by_one_to_see_what_a_failure_rests_on() -> None:
    read = Step(Verb.READ, "A")
    one, two = (Step(Verb.SEND, "A", (number,)) for number in (1, 2))
    assert apart((Step(Verb.OPEN, "A"), Step(Verb.SEND, "A", (1, 2)))) == (Step(Verb.OPEN, "A"), one, read, two, read)


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


PAGE = Page("throwaway.txt", "text", b"the old content\n")


def answered(body: bytes, tag: str = "", start: bytes = b"HTTP/1.1 200 OK") -> Response:
    line = f"ETag: {tag}\r\n".encode() if tag else b""
    head = start + b"\r\n%bContent-Length: %d\r\n\r\n" % (line, len(body))
    return transcribe(head + body, ("GET",), Stream.ENDED).responses[0]


def nobody(_: Request) -> Response | None:
    raise AssertionError("nobody is to be asked")


def test_a_file_is_changed_and_put_back(tmp_path: Path) -> None:
    root = tmp_path / "web"
    root.mkdir()
    file = root / PAGE.name
    file.write_bytes(PAGE.content)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    changing = Changing(b"h", PAGE, root)
    sizes = []
    for kind in (Kind.PLAIN, Kind.SAME_TIME, Kind.OTHER_LENGTH):
        changing.change(kind, nobody)
        sizes.append((len(file.read_bytes()), file.stat().st_mtime))
        assert file.read_bytes() == changing.versions[-1].content
    assert sizes[0] == sizes[1] == (len(PAGE.content), 1_000_000_000 - STEP_BACK)
    assert sizes[2][0] != sizes[1][0]
    assert len({version.content for version in changing.versions}) == 4
    changing.restore(nobody)
    assert (file.read_bytes(), file.stat().st_mtime) == (PAGE.content, 1_000_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["web"]


def test_what_may_be_shown_of_a_page_that_changes() -> None:
    changing = Changing(b"h", PAGE, puts=True)
    changing.change(Kind.PUT, lambda _: answered(b""))
    changing.change(Kind.PUT, lambda _: answered(b"", start=b"HTTP/1.1 202 Accepted"))
    old, stored, perhaps = (version.content for version in changing.versions)
    assert [changing.shows(body, 0) for body in (old, stored, perhaps)] == [True, True, True]
    assert [changing.shows(body, 2) for body in (old, stored, perhaps)] == [False, True, True]
    assert not changing.shows(stored[:-1], 2)
    changing.forget()
    assert changing.shows(old, 2)


def test_what_a_page_shows_at_first_may_be_shown() -> None:
    """Who answered a PUT of the rules by a refusal, and stored its content all the same."""
    changing = Changing(b"h", PAGE, puts=True)
    changing.shown(PAGE.content)
    assert changing.number == 0
    assert not changing.shows(b"left behind", 0)
    changing.shown(b"left behind")
    assert changing.shows(b"left behind", changing.number)
    asked: list[Request] = []
    changing.restore(lambda request: asked.append(request))
    assert [request.content for request in asked] == [PAGE.content]


def test_one_strong_tag_for_two_contents(tmp_path: Path) -> None:
    root = tmp_path / "web"
    root.mkdir()
    (root / PAGE.name).write_bytes(PAGE.content)
    changing = Changing(b"h", PAGE, root)

    def tagged(tag: str, since: int) -> str:
        return changing.same_tag(answered(changing.versions[-1].content, tag), since)

    assert tagged('"1"', 0) == ""
    changing.change(Kind.SAME_TIME, nobody)
    assert tagged('"1"', 1) == ""  # nobody could tell by size or time
    changing.change(Kind.PLAIN, nobody)
    assert tagged('"1"', 1) == ""  # it was changed while it was on its way
    assert tagged('W/"1"', 2) == ""
    assert tagged('"1"', 2) == '"1"'
    changing.begin()
    assert tagged('"1"', 2) == ""


def test_the_follower_goes_along_from_request_to_request() -> None:
    follower = Follower()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    closing = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    response = transcribe(GOOD, ("GET",), Stream.ENDED).responses[0]
    last = transcribe(closing, ("GET",), Stream.ENDED).responses[0]
    assert follower.follow(GET, GOOD, response, last=False) == ""
    assert follower.follow(GET, interim + GOOD, response, last=False) == ""
    assert follower.follow(GET, closing, last, last=True) == ""
    assert follower.follow(GET, GOOD[:5], response, last=False) == ""  # it is not listening any more


@pytest.mark.parametrize(
    ("octets", "last"),
    [
        (GOOD[:-1], False),
        (GOOD + b"x", False),
        (GOOD, True),
        (GOOD.replace(b"200", b"404"), False),
        (GOOD.replace(b"Length: 2", b"Length: two"), False),
    ],
)
def test_the_follower_does_not_agree(octets: bytes, last: bool) -> None:
    response = transcribe(GOOD, ("GET",), Stream.ENDED).responses[0]
    assert Follower().follow(GET, octets, response, last=last)


@contextmanager
def together(cuts: bool) -> Iterator[int]:
    """A server that answers late; with ``cuts`` it lets go of everybody when one client vanishes."""
    clients: set[socket.socket] = set()

    def serve(client: socket.socket) -> None:
        clients.add(client)
        with client:
            while data := received(client):
                if b"/slow" in data:
                    asked.set()
                    vanished.wait(PATIENCE if cuts else 0)
                with suppress(OSError):
                    client.sendall(GOOD)
            clients.discard(client)
            if cuts and asked.wait(PATIENCE):
                for other in list(clients):
                    with suppress(OSError):
                        other.shutdown(socket.SHUT_RDWR)
            vanished.set()

    asked, vanished = threading.Event(), threading.Event()
    with each_apart(serve) as port:
        yield port


def received(client: socket.socket) -> bytes:
    """What came; nothing of a client that has broken off."""
    try:
        return client.recv(4096)
    except OSError:
        return b""


SLOW = replace(GET, target=b"/slow")
CONTROL = transcribe(GOOD, ("GET",), Stream.ENDED).responses[0]
PIECES = (Piece("GET /", GET, CONTROL, True), Piece("GET /slow", SLOW, CONTROL, True))
ABANDONED = (
    Step(Verb.OPEN, "A"),
    Step(Verb.OPEN, "B"),
    Step(Verb.BEGIN, "A", (0,), 5),
    Step(Verb.SEND, "B", (1,)),
    Step(Verb.ABORT, "A"),
    Step(Verb.READ, "B"),
)


def abandoned(cuts: bool, slow: Request) -> Play:
    with together(cuts) as port:

        def connect() -> Dialogue:
            return Dialogue(Line("127.0.0.1", port, PATIENCE))

        pieces = (PIECES[0], replace(PIECES[1], request=slow))
        return Stage(connect, Repertoire(pieces, Manners(3, True)), set()).play(ABANDONED, PATIENCE)


@pytest.mark.parametrize("cuts", [True, False])
def test_who_is_cut_off_when_another_client_vanishes(cuts: bool) -> None:
    played = abandoned(cuts, SLOW)
    assert ([played.breach.rule] if played.breach else []) == [ABORT] * cuts
    assert played.cut is cuts


def test_who_has_sent_a_content_may_be_cut_off_for_that() -> None:
    length = FieldLine(b"Content-Length", b"2")
    played = abandoned(True, replace(SLOW, method=b"POST", fields=(*SLOW.fields, length), body=b"hi"))
    assert (played.breach, played.cut) == (None, True)


def test_one_client_suffers_from_another_only_if_it_does_each_time() -> None:
    breach = abandoned(True, SLOW).breach
    assert breach is not None
    scenes = (Scene(breach, ABANDONED, Repertoire(PIECES, Manners()), failures, 4) for failures in (0, 3, 4))
    assert [scene.certain for scene in scenes] == [False, False, True]


def test_a_script_survives_the_file_for_a_server_with_other_requests(tmp_path: Path) -> None:
    breach = abandoned(True, SLOW).breach
    assert breach is not None
    ground, file = Ground(b"h"), tmp_path / "kept.json"
    Memory(file, "x").keep([], ground, scenes=[Scene(breach, ABANDONED, Repertoire(PIECES, Manners(3, True)))])
    memory = Memory(file, "x")
    assert memory.has_scripts
    assert memory.recall(ground, {}) == []
    assert memory.scripts(Repertoire(PIECES, Manners())) == [(ABORT, ABANDONED)]
    [(_, other)] = memory.scripts(Repertoire(PIECES[::-1], Manners()))
    assert [step.pieces for step in other if step.pieces] == [(1,), (0,)]
    assert memory.scripts(Repertoire(PIECES[:1], Manners())) == []
    memory.keep([], ground, replayed=lambda rule: rule != ABORT)
    assert Memory(file, "x").has_scripts
    memory.keep([], ground)
    assert not Memory(file, "x").has_scripts


@pytest.mark.parametrize(
    ("manners", "suit"),
    [(Manners(2, True), True), (Manners(2, False), True), (Manners(1, True), False)],
)
def test_a_script_suits_a_server_that_has_so_many_lines(manners: Manners, suit: bool) -> None:
    assert suits((*ABANDONED, Step(Verb.VISIT, NEW, (0,))), manners) is suit


def test_two_requests_on_a_line_suit_a_server_whose_connections_persist() -> None:
    twice = (Step(Verb.OPEN, "A"), Step(Verb.SEND, "A", (0,)), Step(Verb.READ, "A"), Step(Verb.SEND, "A", (0,)))
    anew = (*twice[:3], Step(Verb.OPEN, "A"), twice[3])
    assert [suits(script, Manners(1, keeps)) for script in (twice, anew) for keeps in (True, False)] == [
        *(True, False),
        *(True, True),
    ]


def test_the_rules_of_scripts_are_known_beforehand() -> None:
    """What a script can show is written down, so that a run for one of these rules alone plays scripts."""
    folder = Path(machines.__file__).parent
    named = {
        name for path in folder.glob("*.py") for name in re.findall(r'"([a-z0-9-]+\.[a-z0-9-]+)"', path.read_text())
    }
    assert named == machines.RULES
    assert named <= checks.load().keys()


def test_requests_that_meet_by_chance_are_made_to_meet() -> None:
    """Of eight that are sent one by one, two are sure to be read together; of fewer, it is a lottery."""

    def fails(script: Script) -> Script | None:
        sends = [step for step in script if step.verb is Verb.SEND]
        return script if len(sends) >= 8 or any(len(step.pieces) > 1 for step in sends) else None

    one_by_one = (Step(Verb.OPEN, "A"), *(Step(Verb.SEND, "A", (0,)) for _ in range(9)), Step(Verb.READ, "A"))
    assert reduce(one_by_one, fails) == (Step(Verb.SEND, "A", (0, 0)),)


def test_a_death_that_comes_once_proves_nothing_unless_the_server_stays_dead() -> None:
    probe = Probe((Send(b"x"),))
    exchange = Exchange(probe, (), Ending.OURS, 0.0, 0.0, killed=True)
    breach = Breach(ABORT, found(exchange, "The next client is not served.", expected="an answer"))
    scene = Scene(breach, (), Repertoire((), Manners()))
    assert scene.certain
    assert not replace(scene, plays=4).certain
    assert replace(scene, failures=2, plays=4).certain


BODIED = Piece("POST /", replace(GET, method=b"POST", body=b"hello"), CONTROL, True)


def test_a_script_is_told_without_its_bodies() -> None:
    repertoire = Repertoire((PIECES[0], PIECES[1], BODIED), Manners(3, True))
    script = (Step(Verb.SEND, "A", (1, 2)), Step(Verb.EXPECT, "A", (2,)), Step(Verb.CLOSE, "A"))
    assert bodiless(script, repertoire) == (
        Step(Verb.SEND, "A", (1, 0)),
        *(Step(Verb.SEND, "A", (0,)), Step(Verb.READ, "A")),
        Step(Verb.CLOSE, "A"),
    )


class Forgetful:
    """A house whose server goes wrong in each script that ``culprit`` is in."""

    def __init__(self, settled: set[str], culprit: int) -> None:
        self.settled = settled
        self.culprit = culprit
        self.repertoire = Repertoire((PIECES[0], PIECES[1], BODIED), Manners(1, True))
        self.budget = Budget(1, "0", 1.0)
        self.player = SimpleNamespace(patience=Patience(1.0))
        self.late = self.gone = False

    def breach(self, script: Script) -> Breach | None:
        pieces = {piece for step in script for piece in step.pieces}
        if self.culprit not in pieces:
            return None
        rule = "framing.read-body-or-close" if 2 in pieces else "connection.persistence-supported"
        exchange = Exchange(Probe((Send(b"x"),), ("GET",)), (), Ending.OURS, 0.0, 0.0)
        return None if rule in self.settled else Breach(rule, found(exchange, "wrong", expected="right"))

    def perform(self, script: Script, _patience: float) -> Play:
        return Play(len(script), self.breach(script))


@pytest.mark.parametrize(
    ("culprit", "told", "rule", "explained"),
    [
        (1, set(), "connection.persistence-supported", False),
        (1, {"connection.persistence-supported"}, "framing.read-body-or-close", True),
        (2, set(), "framing.read-body-or-close", False),
        (2, {"connection.persistence-supported"}, "framing.read-body-or-close", False),
    ],
)
def test_a_body_is_blamed_only_for_what_does_not_go_wrong_without_it(
    culprit: int, told: set[str], rule: str, explained: bool
) -> None:
    house = Forgetful(set(told), culprit)
    script = (Step(Verb.SEND, "A", (1, 2, 0)), Step(Verb.READ, "A"))
    first = house.breach(script)
    assert first is not None
    chase = Chase(cast(Theatre, house))
    chase.first = chase.caught = Scene(first, script, house.repertoire)
    chase._set_bodies_aside()
    assert (chase.explained, explained or chase.caught.breach.rule == rule) == (explained, True)
    assert (rule in house.settled) is explained
    assert told <= house.settled


def test_an_answer_whose_rest_does_not_come() -> None:
    exchange = Exchange(Probe((Send(b"x"),), ("GET",)), (), Ending.SILENT, 0.0, 0.0)
    short, endless = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", b"HTTP/1.1 200 OK\r\n\r\no"
    rules = [
        [breach.rule for breach in unended(exchange, transcribe(octets, ("GET",), Stream.GROWING).responses[0])]
        for octets in (short, endless)
    ]
    assert rules == [["framing.content-length-exact"], []]


def test_the_content_after_100_may_come_in_two_pieces() -> None:
    repertoire = Repertoire((PIECES[0], BODIED), Manners(1, True))
    script = (Step(Verb.OPEN, "A"), Step(Verb.EXPECT, "A", (1,), 1))
    assert text(script, repertoire) == "open A; send POST / on A, the content after 100, in two pieces"
    assert reduce(script, lambda each: each if each[-1].verb is Verb.EXPECT and len(each) == 2 else None)[-1].cut == 0
    told = b"HTTP/1.1 100 Continue\r\n\r\n"
    with answering(told) as port:

        def connect() -> Dialogue:
            return Dialogue(Line("127.0.0.1", port, PATIENCE))

        stage = Stage(connect, repertoire, set())
        stage.play(script, PATIENCE)
        [dialogue] = stage.lines.values()
        sent = [action.data if isinstance(action, Send) else type(action).__name__ for action in dialogue.actions]
    assert sent[1:] == ["AwaitAny", b"h", "Pause", b"ello", "Receive"]
