"""PUT, DELETE and GET in a few words, for the tests of changes."""

from __future__ import annotations

from reference_server.tests.wire import Reply, exchange, request


def put(port: int, target: str, body: bytes, *lines: str) -> Reply:
    length = () if body else ("Content-Length: 0",)
    return exchange(port, request(target, "PUT", *lines, *length, body=body))


def delete(port: int, target: str, *lines: str, body: bytes = b"") -> Reply:
    return exchange(port, request(target, "DELETE", *lines, body=body))


def get(port: int, target: str, *lines: str) -> Reply:
    return exchange(port, request(target, "GET", *lines))
