"""The strategies for everybody: h11 reads what they draw as it was meant, and it is of every kind in the grammar."""

from __future__ import annotations

import re
from typing import TypeVar

import pytest
from hypothesis import find
from hypothesis import strategies as st

from conformance.fuzz.dice import Thrower
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.message import Chunked
from conformance.fuzz.strategies import Form, chunked_bodies, near_valid, pipelines, requests
from conformance.tests.requests_read import read

T = TypeVar("T")

GROUND = Ground(
    b"localhost:8000",
    (b"/hello.txt", b"/"),
    (b"POST", b"/cgi/echo.py"),
    frozenset(("http-1.1", "persistent", "etag", "ranges")),
)


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Some examples of ``strategy``, always the same."""
    thrower = Thrower(strategy, "test")
    return [example for number in range(count) if (example := thrower.throw(number)) is not None]


def test_any_good_request_is_read_by_h11() -> None:
    made = drawn(requests(GROUND), 500)
    for request in made:
        ((head, content),) = read(request.data)
        assert (head.method, head.target, content) == (request.method, request.target, request.content)
        assert [value for name, value in head.headers if name == b"host"] == [GROUND.authority]
    assert {request.method for request in made} == {b"GET", b"HEAD", b"OPTIONS", b"POST"}
    assert {request.target[:1] for request in made} == {b"/", b"h", b"*"}
    assert any(b"%" in request.target for request in made)
    assert any(request.fields[0].name != b"Host" for request in made)
    assert any(re.search(rb"\nX-[^:]*~[^:]*:", request.data) for request in made)
    assert any(isinstance(request.body, bytes) and request.body for request in made)
    assert any(isinstance(request.body, Chunked) for request in made)


@pytest.mark.parametrize(
    ("form", "target"),
    [
        (Form.ORIGIN, b"/hello.txt"),
        (Form.ABSOLUTE, b"http://localhost:8000/hello.txt"),
        (Form.ASTERISK, b"*"),
        (Form.AUTHORITY, b"localhost:8000"),
    ],
)
def test_targets_are_of_every_form(form: Form, target: bytes) -> None:
    chosen = requests(GROUND, forms=(form,))
    assert find(chosen, lambda _: True).target == target
    assert all(len(read(request.data)) == 1 for request in drawn(chosen, 30))


def test_bodies_in_chunks_are_of_every_kind() -> None:
    made = drawn(chunked_bodies(), 200)
    chunks = [chunk for body in made for chunk in body.chunks]
    assert any(len(body.chunks) > 1 for body in made)
    assert any(not body.chunks for body in made)
    assert any(body.trailers for body in made)
    assert any(b"=" in body.last for body in made)
    assert any(b'="' in chunk.extension for chunk in chunks)
    assert any((chunk.size or b"").startswith(b"0") for chunk in chunks)
    assert any(re.search(rb"[A-F]", chunk.size or b"") for chunk in chunks)
    assert all(int(chunk.size or b"", 16) == len(chunk.data) for chunk in chunks)


def test_another_method_may_be_asked_for() -> None:
    made = drawn(requests(GROUND, forms=(Form.ORIGIN,), methods=(b"TRACE",)), 30)
    assert {request.method for request in made} == {b"TRACE", b"POST"}


def test_pipelines_are_read_by_h11_one_request_after_the_other() -> None:
    made = drawn(pipelines(GROUND), 50)
    assert all(len(read(b"".join(request.data for request in row))) == len(row) for row in made)
    assert {len(row) for row in made} == {1, 2, 3, 4, 5}


def test_near_valid_requests_know_what_they_break() -> None:
    """As the package's documentation shows it."""
    made = drawn(near_valid(GROUND), 50)
    assert {example.fate for example in made} == {Fate.REFUSED}
    assert all(GROUND.capabilities.issuperset(example.mutation.needs) for example in made)
    assert len({example.mutation.rule for example in made}) > 10


def test_near_valid_requests_of_every_fate() -> None:
    assert {example.fate for example in drawn(near_valid(GROUND, None), 300)} == set(Fate)
