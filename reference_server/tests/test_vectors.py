"""Raw requests, more than a thousand, on real connections: each has one of the outcomes that the RFCs leave to it."""

from __future__ import annotations

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.vectors import Vector, areas, make_root, play
from reference_server.tests.wire import exchange, request

# What this server does not keep yet; each is expected to fail until it is mended, and then has to go from here.
KNOWN_FAULTS = {
    "lines: longer than any line": "a method that fills the longest line gets 414, meant for targets",
    "fields: Expect: b''": "an empty list of expectations is refused as an unknown one",
    "fields: Expect: b','": "an empty list of expectations is refused as an unknown one",
    "fields: Expect: b'100-continue, 100-continue'": "a known expectation said twice is refused as an unknown one",
    **{
        f"fields: Host: b' [{address}]'": "an address in brackets is not checked against the grammar of IPv6"
        for address in ("1.2.3.4", "1::2::3", "12345::1", "1:2:3", "::1.2.3.256", ":1", "1:2:3:4:5:6:7:8:9")
    },
}


def parameters() -> list[object]:
    named = [(f"{area}: {vector.name}", vector) for area, vectors in areas().items() for vector in vectors]
    assert KNOWN_FAULTS.keys() <= {name for name, _ in named}
    return [pytest.param(vector, id=name, marks=marks_of(name)) for name, vector in named]


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(strict=True, reason=KNOWN_FAULTS[name])] if name in KNOWN_FAULTS else []


@pytest.fixture(scope="module")
def vector_port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(make_root(tmp_path_factory.mktemp("vectors"))).port


@pytest.mark.parametrize("vector", parameters())
def test_vector(vector_port: int, vector: Vector) -> None:
    assert play(vector_port, vector) in vector.allowed, f"RFC {vector.section}"


def test_the_server_lives_on(vector_port: int) -> None:
    assert exchange(vector_port, request("/file.txt")).body == b"0123456789"
