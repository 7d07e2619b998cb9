"""Listening sockets: opened for the addresses of a configuration, and kept when another configuration names them again.

A kept socket keeps its backlog: while the workers behind it change, the kernel goes on taking connections.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Self

from reference_server.config import Address


class CannotListen(Exception):
    """An address cannot be had; the message says which and why."""


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket for an IPv4 or IPv6 address or name; one for `::` leaves IPv4 to others."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class Listeners:
    """One socket for each address, in the order of the configuration."""

    def __init__(self, bound: Sequence[tuple[Address, socket.socket]] = ()) -> None:
        self._bound = tuple(bound)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return tuple(listener for _, listener in self._bound)

    def changed_to(self, addresses: Sequence[Address], backlog: int) -> Self:
        """The sockets for `addresses`: those that are open already, and new ones; all or none."""
        kept = list(self._bound)
        bound: list[tuple[Address, socket.socket]] = []
        fresh: list[socket.socket] = []
        try:
            for address in addresses:
                known = next((pair for pair in kept if pair[0] == address), None)
                if known is None:
                    fresh.append(open_listener(address, backlog))
                    bound.append((address, fresh[-1]))
                else:
                    kept.remove(known)
                    known[1].listen(backlog)
                    bound.append(known)
        except CannotListen:
            for listener in fresh:
                listener.close()
            raise
        return type(self)(bound)

    def close_unless_in(self, others: Self) -> None:
        for listener in self.sockets:
            if listener not in others.sockets:
                listener.close()


def open_listener(address: Address, backlog: int) -> socket.socket:
    try:
        return listen(address.host, address.port, backlog)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"cannot listen on {address.host}:{address.port}: {reason}") from None
