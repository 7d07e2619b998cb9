"""The methods this server knows, and how it refuses those it will not perform (RFC 9110 9, 15.5.6, 15.6.2)."""

from __future__ import annotations

from reference_server.http1.messages import Refusal

# CONNECT is left out: a server that is no proxy does not implement it.
KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"})
READING = ("GET", "HEAD")
DOCUMENT = ("GET", "HEAD", "OPTIONS")
PROGRAM = ("GET", "HEAD", "POST", "OPTIONS")
WRITABLE = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
# What is chosen among several files: one of its own name may take its place, but there is none yet to be deleted.
REPLACEABLE = ("GET", "HEAD", "PUT", "OPTIONS")


def check_known(method: str) -> None:
    """501 for a method no resource here could support; method names are case-sensitive (RFC 9110 9.1)."""
    if method not in KNOWN:
        raise Refusal(501, "This server does not implement the request's method.")


def allow_field(allowed: tuple[str, ...]) -> tuple[bytes, bytes]:
    return b"Allow", ", ".join(allowed).encode("ascii")


def check_allowed(method: str, allowed: tuple[str, ...]) -> None:
    """405 names the methods that would do (RFC 9110 10.2.1)."""
    if method not in allowed:
        raise Refusal(405, "This resource does not support the request's method.", [allow_field(allowed)])


def allowed_anywhere(programs: bool, writable: bool, trace: bool) -> tuple[str, ...]:
    """What some resource of a site supports: the answer to OPTIONS * (RFC 9110 9.3.7)."""
    changing = (*(("POST",) if programs else ()), *(("PUT", "DELETE") if writable else ()))
    return (*READING, *changing, "OPTIONS", *(("TRACE",) if trace else ()))
