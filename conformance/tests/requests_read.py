"""What h11 reads in the octets of requests: an opinion that is not ours."""

from __future__ import annotations

import h11


def read(data: bytes) -> list[tuple[h11.Request, bytes]]:
    """The requests that h11 reads in ``data``, with their contents; raises what h11 raises."""
    found: list[tuple[h11.Request, bytes]] = []
    while data:
        server = h11.Connection(h11.SERVER)
        server.receive_data(data.removeprefix(b"\r\n"))  # h11 has no patience with the empty line
        event = server.next_event()
        assert isinstance(event, h11.Request), event
        content = b""
        while not isinstance(piece := server.next_event(), h11.EndOfMessage):
            assert isinstance(piece, h11.Data), piece
            content += bytes(piece.data)
        found.append((event, content))
        data, _ = server.trailing_data
    return found
