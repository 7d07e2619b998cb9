"""The hunt on servers that live in a function: what it catches, how small it makes it, whom it convicts of a death."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz import message
from conformance.fuzz.deaths import PULSE
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.health import DEATH
from conformance.fuzz.hunt import Hunt
from conformance.fuzz.memory import Memory
from conformance.fuzz.mutations import load
from conformance.fuzz.plainest import plainest
from conformance.fuzz.player import Budget, Gone
from conformance.fuzz.properties import Breach
from conformance.fuzz.properties.leaks import AFTERMATH
from conformance.fuzz.standing import Catch
from conformance.predicates import found
from conformance.probe import Probe

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
GROUND = Ground(b"h:80", (b"/page.txt", b"/"))
BLANK = load()["a blank in the target"]
NOTHING = load()["nothing"]
PLAIN = b"GET /page.txt HTTP/1.1\r\nHost: h:80\r\n\r\n"
TWO = b"GET /page.txt a HTTP/1.1\r\nHost: h:80\r\n\r\n"


@pytest.mark.parametrize(("failures", "cuts", "certain"), [(1, (), True), (1, (9,), False), (2, (9,), True)])
def test_what_does_not_come_again_of_the_same_pieces_is_not_certain(
    failures: int, cuts: tuple[int, ...], certain: bool
) -> None:
    request = message.Request(b"GET", b"/page.txt")
    example = Example(NOTHING, request, request, cuts=cuts)
    exchange = Exchange(example.probe, (Chunk(0.0, BAD),), Ending.CLOSED, 0.0, 0.0)
    breach = Breach(NOTHING.rule, found(exchange, "It is refused.", expected="the page"))
    assert Catch(breach, example, failures, plays=4).certain is certain
    assert Catch(breach, example).certain


def test_of_many_cuts_the_one_that_matters_is_left() -> None:
    request = message.Request(b"GET", b"/" + b"a" * 90)
    example = Example(NOTHING, request, request, cuts=tuple(range(1, 62)))
    assert plainest(example, lambda smaller: 47 in smaller.cuts, 40, b"/").cuts == (47,)


@dataclass
class Fake:
    """A server: ``answer`` gives the octets for a request, None to die, "" to stay silent."""

    answer: Callable[[bytes], bytes | None]
    mortal: bool = False
    dead: bool = False
    played: list[bytes] = field(default_factory=list)
    revived: int = 0

    def strike(self, probe: Probe, _: object = None) -> Exchange:
        self.played.append(probe.sent)
        if self.dead:
            return Exchange(probe, (), Ending.REFUSED, 0.0, 0.0)
        octets = self.answer(probe.sent)
        if octets is None:
            self.dead = True
            return Exchange(probe, (), Ending.CLOSED, 0.0, 0.0)
        ending = Ending.CLOSED if octets else Ending.SILENT
        chunks = (Chunk(0.0, octets),) if octets else ()
        return Exchange(probe, chunks, ending, 0.0, 0.0, waited=0.0 if octets else 0.3)

    confirm = strike

    def revive(self) -> bool:
        self.revived += 1
        self.dead = self.mortal
        return not self.dead


def well_formed(request: bytes) -> bool:
    return request.partition(b"\r\n")[0].count(b" ") == 2


def good(request: bytes) -> bytes:
    return PAGE if all(map(well_formed, request.split(b"\r\n\r\n")[:-1])) else BAD


def lax(request: bytes) -> bytes:
    return PAGE * request.count(b"\r\n\r\n")


def hunted(player: Fake, *mutations: Mutation, count: int = 60) -> list[Catch]:
    return list(Hunt(player, GROUND, Budget(count), mutations).run())


def test_nothing_is_caught_of_a_good_server() -> None:
    player = Fake(lambda request: PAGE * request.count(b"\r\n\r\n") if b" a" not in request else BAD)
    hunt = Hunt(player, GROUND, Budget(60), [NOTHING])
    assert list(hunt.run()) == []
    assert hunt.standing.played == 60


def test_what_is_served_though_malformed_is_shrunk_to_its_smallest_form() -> None:
    [catch] = hunted(Fake(lax), BLANK)
    assert (catch.breach.rule, catch.steady, catch.certain) == (BLANK.rule, True, True)
    assert catch.example.data == TWO


def test_the_same_seed_plays_the_same_requests() -> None:
    first, second, third = Fake(good), Fake(good), Fake(good)
    for player, seed in ((first, "1"), (second, "1"), (third, "2")):
        list(Hunt(player, GROUND, Budget(40, seed), [BLANK, NOTHING]).run())
    assert first.played == second.played != third.played


def test_a_rule_that_is_settled_is_not_hunted() -> None:
    player = Fake(lax)
    assert list(Hunt(player, GROUND, Budget(40), [BLANK], settled={BLANK.rule}).run()) == []
    assert player.played == [PLAIN]  # how the server answers while it is well


def test_where_connections_do_not_persist_each_request_in_question_is_alone() -> None:
    for broken in ((), ("connection.persistence-supported",)):
        player = Fake(lambda request: PAGE * request.count(b"\r\n\r\n"))
        list(Hunt(player, GROUND, Budget(60), [NOTHING], settled=broken, broken=broken).run())
        assert all(request.count(b"\r\n\r\n") == 1 for request in player.played) == bool(broken)


def test_nothing_is_told_of_replies_whose_build_is_known_to_be_wrong() -> None:
    def noisy(request: bytes) -> bytes:
        return (b"debug\n" + PAGE) * request.count(b"\r\n\r\n")

    assert {catch.breach.rule for catch in hunted(Fake(noisy), BLANK, NOTHING)} == {"status-line.first-octets"}
    known = Hunt(Fake(noisy), GROUND, Budget(60), [BLANK, NOTHING], settled={"status-line.first-octets"})
    assert list(known.run()) == []


def test_what_a_rule_needs_must_not_be_known_to_be_broken() -> None:
    needing = replace(BLANK, needs=("host.missing-400",))
    player = Fake(lax)
    assert list(Hunt(player, GROUND, Budget(40), [needing], broken=["host.missing-400"]).run()) == []
    assert list(Hunt(player, GROUND, Budget(40), [needing], settled=["host.missing-400"]).run())


def test_a_failure_that_does_not_repeat_is_told_as_unsteady() -> None:
    calls: dict[bytes, int] = {}

    def once(request: bytes) -> bytes:
        calls[request] = calls.get(request, 0) + 1
        return lax(request) if calls[request] == 1 else good(request)

    [catch] = hunted(Fake(once), BLANK)
    assert not catch.steady
    assert catch.certain  # it was seen in octets


def test_a_silence_that_is_not_confirmed_is_no_failure() -> None:
    asked: list[bytes] = []

    def slow_at_first(request: bytes) -> bytes:
        asked.append(request)
        return b"" if asked.count(request) == 1 else lax(request)

    assert hunted(Fake(slow_at_first), NOTHING) == []


def test_a_death_is_put_down_to_its_killer_and_shrunk() -> None:
    player = Fake(lambda request: None if b" a" in request.partition(b"\r\n")[0] else good(request))
    [catch] = hunted(player, BLANK, count=200)
    assert catch.breach.rule == DEATH
    assert catch.breach.finding.exchange.killed
    assert catch.example.data.startswith(b"GET /page.txt a")
    assert player.revived > 0


def test_a_late_death_is_found_by_halving() -> None:
    """The server answers its killer, and dies some requests later."""
    doomed = [0]

    def poisoned(request: bytes) -> bytes | None:
        doomed[0] += bool(doomed[0]) or b" q" in request.partition(b"\r\n")[0]
        if doomed[0] > 3:
            doomed[0] = 0
            return None
        return good(request)

    class Late(Fake):
        def strike(self, probe: Probe, _: object = None) -> Exchange:
            if doomed[0] and probe.sent == PLAIN:
                doomed[0], self.dead = 0, True
            return super().strike(probe)

    [catch] = hunted(Late(poisoned), BLANK, count=20 * PULSE)
    assert catch.breach.rule == DEATH
    assert b" q" in catch.example.data.partition(b"\r\n")[0]
    assert catch.certain


def test_a_server_that_goes_mad_is_told() -> None:
    """It lives on, but does not know its page any more."""
    mad = [False]

    def confused(request: bytes) -> bytes:
        mad[0] = mad[0] or b" q" in request.partition(b"\r\n")[0]
        return BAD if mad[0] else good(request)

    class Curable(Fake):
        def revive(self) -> bool:
            mad[0] = False
            return super().revive()

    [catch] = hunted(Curable(confused), BLANK, count=20 * PULSE)
    assert catch.breach.rule == AFTERMATH
    assert "not served any more" in catch.breach.finding.message
    assert b" q" in catch.example.data


def test_a_server_that_turns_away_every_fifth_request_is_well() -> None:
    played = count()
    busy = BAD.replace(b"400 Bad Request", b"503 Busy")
    player = Fake(lambda request: busy if next(played) % 5 == 0 else good(request))
    assert hunted(player, BLANK, count=20 * PULSE) == []
    assert player.revived == 0


def test_a_server_that_stays_dead_ends_the_hunt() -> None:
    player = Fake(lambda request: None if b" a" in request else good(request), mortal=True)
    hunt = Hunt(player, GROUND, Budget(400), [BLANK])
    with pytest.raises(Gone):
        list(hunt.run())


def test_what_failed_is_kept_and_recalled_for_another_port(tmp_path: Path) -> None:
    [catch] = hunted(Fake(lax), BLANK)
    file = tmp_path / "kept" / "failures.json"
    Memory(file, "http://h:80").keep([(catch.breach.rule, catch.example)], GROUND)
    Memory(file, "http://other:80").keep([], GROUND)
    other = Ground(b"h:8080", GROUND.pages)
    [example] = Memory(file, "http://h:80").recall(other, load())
    assert example.data == TWO.replace(b"h:80", b"h:8080")
    assert Memory(file, "http://other:80").recall(other, load()) == []


def test_what_is_kept_is_played_first_and_forgotten_once_it_holds(tmp_path: Path) -> None:
    [catch] = hunted(Fake(lax), BLANK)
    again = list(Hunt(Fake(lax), GROUND, Budget(0), ()).again([catch.example]))
    assert [each.example.data for each in again] == [TWO]
    assert list(Hunt(Fake(good), GROUND, Budget(0), ()).again([catch.example])) == []
    memory = Memory(tmp_path / "failures.json", "x")
    memory.keep([(catch.breach.rule, catch.example)], GROUND)
    memory.keep([], GROUND)
    assert Memory(tmp_path / "failures.json", "x").recall(GROUND, load()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"x": 1}', '{"x": [{"mutation": "nothing"}]}'])
def test_a_damaged_memory_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "failures.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="remove it"):
        Memory(file, "x").recall(GROUND, load())


def test_every_piece_of_an_example_survives_the_file(tmp_path: Path) -> None:
    example = Example(BLANK, BLANK_REQUEST, BLANK_REQUEST, (BLANK_REQUEST,), (), (3, 5), True)
    memory = Memory(tmp_path / "failures.json", "x")
    memory.keep([(BLANK.rule, example)], GROUND)
    assert Memory(tmp_path / "failures.json", "x").recall(GROUND, load()) == [example]


def test_a_body_in_chunks_survives_the_file(tmp_path: Path) -> None:
    host = message.FieldLine(b"Host", b"h:80")
    body = message.Chunked((message.Chunk(b"hello"), message.Chunk(b"a", size=b"1 ")), trailers=(host,))
    request = message.Request(b"GET", b"/", (host,), body)
    Memory(tmp_path / "failures.json", "x").keep([(BLANK.rule, Example(BLANK, request, request))], GROUND)
    [example] = Memory(tmp_path / "failures.json", "x").recall(GROUND, load())
    assert example.request == request


BLANK_REQUEST = hunted(Fake(lax), BLANK)[0].example.request


def test_what_head_shows_alone_is_shown_by_head_alone() -> None:
    def folder(request: bytes) -> bytes:  # HEAD tells the size of the folder, GET that of its listing
        replies = []
        for each in re.findall(rb"^(GET|HEAD) (\S+) HTTP/1\.1\r$", request, re.MULTILINE):
            length = b"4096" if each == (b"HEAD", b"/") else b"2"
            head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"
            replies.append(head if each[0] == b"HEAD" else head + b"ok")
        return b"".join(replies)

    known = load()
    caught = hunted(Fake(folder), known["a request in a body"], known["HEAD for GET"], count=200)
    (catch,) = [each for each in caught if each.breach.rule == "head.content-length-as-get"]
    assert catch.example.data == b"HEAD / HTTP/1.1\r\nHost: h:80\r\n\r\n"
    assert catch.example.mutation.name == "HEAD for GET"


def test_requests_that_kill_only_together_are_told_together() -> None:
    said: list[bytes] = []

    class Forgetting(Fake):
        def revive(self) -> bool:
            said.clear()
            return super().revive()

    def second(request: bytes) -> bytes | None:
        malformed = not well_formed(request)
        said.extend([request] if malformed else [])
        return None if len(said) == 2 else good(request)

    [catch] = hunted(Forgetting(second), BLANK)
    assert (catch.breach.rule, catch.steady, catch.certain) == (DEATH, True, True)
    assert "It takes 2 requests" in catch.breach.finding.message
    assert not well_formed(catch.example.data)


def test_who_dies_of_a_good_request_has_not_answered_it() -> None:
    head = load()["HEAD for GET"]
    [catch] = hunted(Fake(lambda request: None if b"HEAD" in request else good(request)), head, BLANK)
    assert catch.breach.rule == head.rule
    assert catch.breach.finding.exchange.killed
    assert catch.example.data == b"HEAD /page.txt HTTP/1.1\r\nHost: h:80\r\n\r\n"


def test_who_dies_of_good_requests_in_a_row_loses_requests() -> None:
    row = load()["nothing"]
    [catch] = hunted(Fake(lambda request: None if request.count(b"HTTP/1.1\r\n") > 1 else good(request)), row)
    assert catch.breach.rule == "pipelining.requests-not-lost"
    assert len(catch.example.requests) == 2


def test_a_server_that_is_not_steady_is_accused_of_nothing_else() -> None:
    asked: list[bytes] = []

    def now_and_then(request: bytes) -> bytes:
        asked.append(request)
        return lax(request) if len(asked) % 5 else PAGE.replace(b"ok", b"no")

    hunt = Hunt(Fake(now_and_then), GROUND, Budget(10), [NOTHING])
    assert not hunt.standing.wavering
    assert hunt.standing.wavers()
    assert "plain GETs of /page.txt were not answered like the others" in hunt.standing.wavering
    assert not Hunt(Fake(good), GROUND, Budget(10), [NOTHING]).standing.wavers()
