"""What a server offers, found out by lawful requests: where one page does not show it, another one may."""

from __future__ import annotations

from conformance.capabilities import CAPABILITIES
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import Page, Site

SITE = Site(host="127.0.0.1", port=80, root_name="web", pages=(Page("a.txt", "text", b"ok"),), folders=(), outside=())
MADE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<p>made for this request</p>"
FILE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def persistent(lasting: bytes) -> bool:
    """Whether connections are found to last on a server on which they do behind requests that begin so."""

    def play(probe: Probe) -> Exchange:
        lasts = probe.sent.startswith(lasting)
        octets = FILE * probe.sent.count(b"Host:") if lasts else MADE
        return Exchange(probe, (Chunk(0.0, octets),), Ending.OURS if lasts else Ending.CLOSED, 0.0, 0.1)

    return CAPABILITIES["persistent"](Evidence(SITE, play, Spec.BOTH)) == ""


def test_a_listing_that_ends_by_a_close_hides_no_connections_that_last_behind_files() -> None:
    assert persistent(b"GET ")
    assert persistent(b"GET /a.txt ")
    assert persistent(b"GET / ")
    assert not persistent(b"POST ")
