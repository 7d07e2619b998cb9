"""Raw requests, more than a thousand, on real connections: each has one of the outcomes that the RFCs leave to it."""

from __future__ import annotations

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.vectors import Vector, areas, make_root, play
from reference_server.tests.wire import exchange, request


# What this server does not keep yet; each is expected to fail until it is mended, and then has to go from here.
def parameters() -> list[object]:
    named = [(f"{area}: {vector.name}", vector) for area, vectors in areas().items() for vector in vectors]
    return [pytest.param(vector, id=name) for name, vector in named]


@pytest.fixture(scope="module")
def vector_port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(make_root(tmp_path_factory.mktemp("vectors"))).port


@pytest.mark.parametrize("vector", parameters())
def test_vector(vector_port: int, vector: Vector) -> None:
    assert play(vector_port, vector) in vector.allowed, f"RFC {vector.section}"


def test_the_server_lives_on(vector_port: int) -> None:
    assert exchange(vector_port, request("/file.txt")).body == b"0123456789"
