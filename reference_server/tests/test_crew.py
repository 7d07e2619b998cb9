"""What the supervisor decides without processes: whose turn it is to accept, when a dead worker is replaced."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from reference_server.config import Address
from reference_server.drivers import crew
from reference_server.drivers.ledger import Ledger
from reference_server.drivers.listening import CannotListen, Listeners, url_of
from reference_server.drivers.share import SLACK, Share
from reference_server.drivers.worker import Worker
from reference_server.tests.service import service_for

# -- share


def test_one_worker_may_always_accept() -> None:
    seat = Share(1).mine(0)
    for _ in range(10):
        assert seat.may_accept()
        seat.connected()


def test_who_holds_more_stands_back() -> None:
    share = Share(3)
    seats = [share.mine(place) for place in range(3)]
    for _ in range(SLACK):
        seats[0].connected()
    assert seats[0].may_accept()
    seats[0].connected()
    assert [seat.may_accept() for seat in seats] == [False, True, True]
    seats[0].closed()
    assert seats[0].may_accept()


def test_nobody_waits_for_a_place_without_a_worker() -> None:
    share = Share(3)
    busy, leaving = share.mine(0), share.mine(1)
    assert share.counts() == [0, 0, None]
    for _ in range(5):
        busy.connected()
    leaving.connected()
    assert not busy.may_accept()
    leaving.leave()
    leaving.closed()
    assert share.counts() == [5, None, None]
    assert busy.may_accept()
    share.mine(2)
    assert not busy.may_accept()
    share.vacate(2)
    assert busy.may_accept()


# -- replacing the dead


@pytest.fixture
def staff(tmp_path: Path) -> crew.Crew:
    """A crew whose workers exist on paper only."""
    return crew.Crew(service_for(tmp_path, workers=2), Listeners(), lambda: None)


def lose(staff: crew.Crew, place: int, age: float) -> float:
    """A worker of that age dies; the pause before it is replaced."""
    now = time.monotonic()
    with socket.socket() as channel:
        dead = staff.workers[place] = Worker(0, place, channel, Ledger(), now - age)
    staff.lost(dead)
    assert place not in staff.workers
    return round(staff.next_due() - now, 1)


def test_a_worker_that_has_worked_is_replaced_at_once(staff: crew.Crew) -> None:
    assert staff.next_due() == float("inf")
    assert lose(staff, 0, 1000) <= 0.1


def test_workers_that_die_young_are_replaced_ever_more_slowly(staff: crew.Crew) -> None:
    pauses = []
    for _ in range(12):
        pauses.append(lose(staff, 1, -1000))
        staff._due.clear()
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < pauses[1] < pauses[-1] <= 10.1
    assert lose(staff, 1, 1000) <= 0.1


# -- listeners


def test_sockets_are_kept_for_the_addresses_that_stay() -> None:
    first, second = Address("127.0.0.1", 0), Address("localhost", 0)
    old = Listeners().changed_to((first,), 5)
    new = old.changed_to((second, first), 5)
    assert new.sockets[1] is old.sockets[0]
    assert url_of(new.sockets[1]).startswith("http://127.0.0.1:")
    newest = new.changed_to((first, first), 5)
    assert newest.sockets[0] is old.sockets[0]
    assert newest.sockets[1] not in new.sockets
    new.close_unless_in(newest)
    assert [listener.fileno() >= 0 for listener in new.sockets] == [False, True]
    newest.close_unless_in(Listeners())
    assert all(listener.fileno() < 0 for listener in newest.sockets)


@pytest.mark.parametrize("host", ["256.0.0.1", "192.0.2.1", "\u2603" * 70, "a..b"])
def test_all_addresses_or_none(host: str) -> None:
    address = Address("127.0.0.1", 0)
    old = Listeners().changed_to((address,), 5)
    with pytest.raises(CannotListen, match=r"cannot listen on .*:0: "):
        old.changed_to((address, Address("127.0.0.1", 0), Address(host, 0)), 5)
    assert old.sockets[0].fileno() >= 0
    old.close_unless_in(Listeners())
