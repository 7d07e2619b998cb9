"""The mutations of framing: each says what it means, stays a single change, and knows what may come behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from conformance import checks
from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz.example import Base, Example, Fate, Ground, Mutation
from conformance.fuzz.mutations import load
from conformance.fuzz.mutations.framed import FOLLOWING, Behind, canary
from conformance.fuzz.properties import Case, Controls
from conformance.fuzz.properties.behind import out_of_step
from conformance.fuzz.valid import plains
from conformance.probe import Probe

CATALOGUE = checks.load()
GROUND = Ground(b"localhost:50000", (b"/page", b"/"), (b"POST", b"/form"))
FRAMED = [mutation for mutation in load().values() if mutation.name in FOLLOWING]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def _exchange(probe: Probe, received: bytes) -> Exchange:
    return Exchange(probe, (Chunk(0.0, received),), Ending.OURS, 0.0, 0.0)


def _case(name: str, *received: bytes) -> Case:
    """The simplest example of a mutation before a plain GET, answered by these octets."""
    mutation = load()[name]
    plain, neighbour = plains(GROUND, mutation.base)[0], plains(GROUND)[0]
    request = find(mutation.make(plain, GROUND), lambda _: True, settings=settings(max_examples=1, database=None))
    example = Example(mutation, request, plain, after=(neighbour,))
    hidden = canary(GROUND).data
    controls = Controls(lambda probe: _exchange(probe, MISSING if probe.sent == hidden else OK))
    return Case(example, _exchange(example.probe, b"".join(received)), controls)


def test_there_are_enough_of_every_kind() -> None:
    assert len(FRAMED) >= 50
    assert {following.behind for following in FOLLOWING.values()} == set(Behind)


def test_the_rules_are_those_of_the_catalogue() -> None:
    named = {mutation.rule for mutation in FRAMED} | {following.rule for following in FOLLOWING.values()}
    assert named <= CATALOGUE.keys()


@settings(max_examples=300, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FRAMED), st.sampled_from(((b"POST", b"/form"), (b"GET", b"/page"))), st.data())
def test_a_request_is_changed_and_can_be_sent(
    mutation: Mutation, taker: tuple[bytes, bytes], data: st.DataObject
) -> None:
    ground = replace(GROUND, taker=taker)
    plain = data.draw(st.sampled_from(plains(ground, mutation.base)))
    request = data.draw(mutation.make(plain, ground))
    assert request.data
    assert request.data != plain.data
    if mutation.base is not Base.PLAIN and not mutation.alone:
        assert (request.method, request.target) == taker


@pytest.mark.parametrize(
    ("name", "rule", "received"),
    [
        ("a sign in Content-Length", "framing.invalid-content-length-close", (BAD, BAD)),
        ("a word for Content-Length", "framing.invalid-content-length-close", (BAD, OK)),
        ("two lines of Content-Length that differ", "framing.invalid-content-length-close", (BAD, BAD)),
        ("transfer codings that do not end in chunked", "framing.te-not-chunked-last-close", (BAD, OK)),
        ("chunks and a Content-Length", "framing.te-and-cl-close", (OK, OK)),
        ("chunks in HTTP/1.0", "framing.http10-te-close", (OK, OK)),
        ("a request in chunks beside a Content-Length", "framing.te-overrides-cl-in-request", (OK, MISSING)),
        ("a request in a body", "framing.read-body-or-close", (OK, MISSING)),
        ("a request in a chunk", "framing.read-body-or-close", (BAD, MISSING)),
        ("a sign in a chunk size", "chunked.invalid-size-400", (OK, OK)),
        ("a huge chunk size", "chunked.large-size-no-overflow", (OK, OK)),
        ("a huge Content-Length", "framing.large-content-length-no-overflow", (OK, OK)),
        ("the same Content-Length more than once", "framing.read-body-or-close", (OK, BAD)),
    ],
)
def test_what_may_not_come_behind_is_a_breach(name: str, rule: str, received: tuple[bytes, ...]) -> None:
    assert [breach.rule for breach in out_of_step(_case(name, *received))] == [rule]


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("a sign in Content-Length", (BAD,)),
        ("a sign in Content-Length", ()),
        ("a sign in Content-Length", (BAD, BAD.replace(b"400", b"408"))),
        ("chunks and a Content-Length", (OK,)),
        ("a request in chunks beside a Content-Length", (OK, OK)),
        ("a request in chunks beside a Content-Length", (BAD, BAD)),
        ("a request in a body", (OK, OK)),
        ("a request in a body", (BAD, BAD)),
        ("a sign in a chunk size", (OK, BAD)),
        ("a sign in a chunk size", (BAD, OK)),
        ("the same Content-Length more than once", (OK, OK)),
        ("fewer octets announced than sent", (OK, BAD)),
        ("a malformed chunk extension", (OK, BAD)),
        ("junk behind the last chunk", (OK, BAD)),
    ],
)
def test_what_may_come_behind_is_none(name: str, received: tuple[bytes, ...]) -> None:
    assert not list(out_of_step(_case(name, *received)))


def test_what_must_be_refused_is_what_the_rfc_gives_no_way_out_of() -> None:
    """Only rules of heads whose refusal has a sentence of its own, or that have been told apart so far."""
    refused = {mutation.rule for mutation in FRAMED if mutation.fate is Fate.REFUSED}
    assert refused == {
        "framing.invalid-content-length-400",
        "framing.conflicting-content-lengths-400",
        "framing.te-not-chunked-last-400",
        "framing.unknown-transfer-coding-501",
        "framing.unknown-length-400-or-411",
        "field.space-before-colon-400",
        "message.no-reply-before-head-complete",
    }


@pytest.mark.parametrize("name", ["many fields", "a long field name", "a long field value"])
def test_what_is_too_large_is_not_served_in_part_and_then_read_as_another_request(name: str) -> None:
    refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert [breach.rule for breach in out_of_step(_case(name, OK, refusal))] == ["limits.header-too-large-4xx"]
    assert [*out_of_step(_case(name, OK, OK)), *out_of_step(_case(name, refusal)), *out_of_step(_case(name, OK))] == []


def test_the_body_of_what_is_not_found_is_read_as_well() -> None:
    plain = plains(GROUND)[0]
    mutation = load()["a request in a body"]
    request = find(mutation.make(plain, GROUND), lambda made: b"GET " + made.target in made.content)
    case = replace(_case(mutation.name), example=Example(mutation, request, plain, after=(plain,)))
    lost = replace(case, exchange=_exchange(case.example.probe, MISSING + MISSING))
    assert [breach.rule for breach in out_of_step(lost)] == ["framing.read-body-or-close"]
    assert list(out_of_step(replace(case, exchange=_exchange(case.example.probe, MISSING + OK)))) == []
