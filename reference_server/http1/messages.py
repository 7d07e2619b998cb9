"""The two messages that travel through the server, and the refusal that can take a reply's place.

They are plain mutable records: the parser fills them, the resources answer them, the encoder writes them.
They are not dictionaries of fields: RFC 9110 5.3 makes the order of equal names meaningful, so fields stay
a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

Version = tuple[int, int]
Fields = list[tuple[bytes, bytes]]


class OpenFile(Protocol):
    """What the core needs to know of an open file: nothing but that somebody has to close it."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class FileRegion:
    """`length` octets of an open file from `offset`; whoever sends (or drops) the reply closes the file."""

    __slots__ = ("file", "length", "offset")

    def __init__(self, file: OpenFile, offset: int, length: int) -> None:
        self.file = file
        self.offset = offset
        self.length = length

    def close(self) -> None:
        self.file.close()


class Pieces:
    """A body of known length made of octets and file regions, in order (RFC 9110 14.6 needs it)."""

    __slots__ = ("items", "length")

    def __init__(self, items: list[bytes | FileRegion]) -> None:
        self.items = items
        self.length = sum([len(item) if isinstance(item, bytes) else item.length for item in items])

    def close(self) -> None:
        for item in self.items:
            if isinstance(item, FileRegion):
                item.close()


class Basis(Protocol):
    """What a reply rests on."""

    def holds(self) -> bool:
        """Whether the same request, answered again in this same second, would get the same reply."""
        ...


Body = bytes | FileRegion | Pieces | Iterator[bytes] | None


class Request:
    """One request whose head and body are complete and well formed.

    `fields` holds (lower-case name, value) pairs in the order received; it is complete before anybody asks `field`.
    `path` and `query` are the target's parts, still percent-encoded; `host` is the authority the request is for,
    whichever way it was said (RFC 9112 3.3).  `head` is the head octet by octet, if it came in one piece;
    `user` is who has proved to ask, and `auth_scheme` how (both empty where nobody needs to).  `asked` is the client's
    own request, if this one is answered in its place (RFC 3875 6.2.2).
    """

    __slots__ = (
        "_combined", "asked", "auth_scheme", "body", "client", "fields", "head", "host", "method", "path", "query",
        "server", "target", "user", "version",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        target: bytes,
        version: Version = (1, 1),
        fields: Fields | None = None,
        body: bytes = b"",
        path: bytes | None = None,
        query: bytes | None = None,
        host: bytes = b"",
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields: Fields = [] if fields is None else fields
        self.body = body
        self.path = target.partition(b"?")[0] if path is None else path
        self.query = query
        self.host = host
        self.head = b""
        self.user = self.auth_scheme = b""
        self.asked: Request | None = None
        self._combined: dict[bytes, bytes] | None = None
        self.client: tuple[str, int] = ("", 0)
        self.server: tuple[str, int] = ("", 0)

    def values(self, name: bytes) -> list[bytes]:
        """The values of every field of that (lower-case) name."""
        return [value for key, value in self.fields if key == name]

    def field(self, name: bytes) -> bytes | None:
        """The field's value; several lines of one name are one list (RFC 9110 5.2)."""
        combined = self._combined
        if combined is None:
            combined = self._combined = combine(self.fields)
        return combined.get(name)


def combine(fields: Fields) -> dict[bytes, bytes]:
    """Each name once, its lines joined in their order (RFC 9110 5.3)."""
    combined: dict[bytes, bytes] = {}
    for name, value in fields:
        combined[name] = combined[name] + b", " + value if name in combined else value
    return combined


class Response:
    """One reply.  An empty `reason` stands for the registered phrase; `close` ends the connection after it.

    With a `basis`, the driver may give the reply again to the same request; without one it is made anew each time.
    A `raw` reply's body holds everything, head included, and its end is the connection's (RFC 3875 5).
    """

    __slots__ = ("basis", "body", "close", "fields", "raw", "reason", "status")

    def __init__(
        self,
        status: int,
        fields: Fields | None = None,
        body: Body = b"",
        reason: bytes = b"",
        close: bool = False,
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields: Fields = [] if fields is None else fields
        self.body = body
        self.close = close
        self.basis: Basis | None = None
        self.raw = False

    def field(self, name: bytes) -> bytes | None:
        """The first value of that field, whatever its case."""
        wanted = name.lower()
        for key, value in self.fields:
            if key.lower() == wanted:
                return value
        return None

    def discard_body(self) -> None:
        """Let go of a body that will not be sent."""
        body, self.body = self.body, None
        close = getattr(body, "close", None)
        if close is not None:
            close()


class Refusal(Exception):
    """Why a request gets an error instead of what it asked for; somebody else words the reply.

    `basis` is that of the reply.
    """

    def __init__(self, status: int, explanation: str, fields: Fields | None = None) -> None:
        super().__init__(status, explanation)
        self.status = status
        self.explanation = explanation
        self.fields: Fields = [] if fields is None else fields
        self.basis: Basis | None = None
