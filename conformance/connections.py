"""Words for checks on connections and framing: a request played twice, to its end, and what stands after a reply.

No I/O of its own and no judgement: exchanges come from :class:`conformance.evidence.Evidence` like all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.probe import AwaitEnd, Probe, Send
from conformance.response import Response, Span
from conformance.site import MISSING, Site

NEXT_REPLY = re.compile(rb"HTTP:?/\d[\d.]*[ \t]+\S|[1-5]\d\d [^\r\n]{1,40} HTTP/\d", re.IGNORECASE)
CLOSE = [("Connection", "close")]
LARGE_OUTPUT = "large_output.py"


def document(evidence: Evidence) -> str:
    """The target that most probes ask for: the static page, or the root where there is none."""
    page = evidence.site.document
    return page.target if page else "/"


def usual_targets(evidence: Evidence) -> list[str]:
    """A page, the root, a folder and a file that is missing."""
    folder = [f"/{evidence.site.folder}/"] if evidence.site.folder else []
    return list(dict.fromkeys([document(evidence), "/", *folder, MISSING]))


def twice(evidence: Evidence, target: str) -> Exchange:
    """A plain GET, and again on the same connection once it is answered: shows what follows the first reply."""
    request = evidence.request(target)
    return evidence.sequence(request, request)


def closing(evidence: Evidence, target: str) -> Exchange:
    """GET with ``Connection: close``, read until the server ends the connection."""
    return evidence.get(target, CLOSE, to_end=True)


def to_the_end(evidence: Evidence, exchange: Exchange) -> Exchange:
    """The same octets once more, read until the server ends the connection."""
    probe = exchange.probe
    return evidence.play(Probe((Send(probe.sent), AwaitEnd()), probe.methods, probe.risk))


def generated(evidence: Evidence) -> list[Exchange]:
    """GETs of what servers are apt to generate on the fly: programs, the time, folders."""
    programs = [p for p in evidence.site.pages if p.kind == "program" and p.plain]
    named = [p.target for p in programs if p.name == LARGE_OUTPUT]
    first = evidence.site.page("program", lambda p: p.plain)
    targets = [*([first.target] if first else []), *named, "/the_time", *usual_targets(evidence)]
    return [evidence.get(target) for target in dict.fromkeys(targets)]


def known_content(site: Site, target: str) -> bytes | None:
    """The octets that a GET of ``target`` gives if it is served as it stands; None where nobody can know."""
    page = next((p for p in site.pages if p.target == target), None)
    if page is None:
        return None
    if page.kind != "program":
        return page.content
    return large_output() if page.name == LARGE_OUTPUT else None


@cache
def large_output() -> bytes:
    """What the program ``large_output.py`` of the bundled folder prints after its head."""
    return b"".join(f"line {n:06d} ".ljust(63, ".").encode() + b"\n" for n in range(16 * 1024)) + b"END\n"


def target_of(exchange: Exchange) -> str:
    """The target of the first request that was sent."""
    words = exchange.probe.sent.split(b"\r\n", 1)[0].split(b" ")
    return words[1].decode("latin-1") if len(words) > 1 else ""


def surplus(exchange: Exchange) -> tuple[bytes, Span]:
    """The octets between the end of the first reply and the next status line, or the end of all that came."""
    begin = exchange.responses[0].span[1]
    following = NEXT_REPLY.search(exchange.received, begin)
    end = following.start() if following else len(exchange.received)
    return exchange.received[begin:end], (begin, end)


def ended_after_reply(exchange: Exchange) -> bool:
    """Whether the server ended the connection after one whole reply."""
    return len(exchange.responses) == 1 and exchange.responses[0].complete and exchange.peer_ended


def says_close(response: Response) -> bool:
    """Whether the reply announces the end of the connection."""
    return "close" in response.tokens("connection")


def is_http10(response: Response) -> bool:
    """Whether the reply is of HTTP/1.0, for which much of connection management does not exist."""
    return response.version.endswith("1.0")


def first_response(exchanges: Iterable[Exchange]) -> list[tuple[Exchange, Response]]:
    """Each exchange with its first reply, where that has a readable status."""
    return [(x, x.responses[0]) for x in exchanges if x.status is not None]
