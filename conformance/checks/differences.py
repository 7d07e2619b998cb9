"""How many octets a reply has, and how many it announces (RFC 9112 §6.3, RFC 2616 §4.4). No rule is declared here.

A body and its length can differ for four reasons, each with a rule of its own in ``content_length``: the number is
wrong, it counts characters, octets follow that belong to no reply, or the connection broke off. :class:`Blame` keeps
them apart, so that one fault makes one finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import quote

from conformance.chunks import SIZE_LINE
from conformance.connections import known_content, surplus, target_of, twice, usual_targets
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.response import DefectKind, Framing, Response, Span
from conformance.site import Site


class Blame(Enum):
    """Why a body and its announced length differ."""

    LENGTH = "the number is wrong"
    CHARACTERS = "characters were counted"
    OUTSIDE = "octets after the body"
    BROKEN_OFF = "the connection ended within the body"


@dataclass(frozen=True, slots=True)
class Difference:
    """A reply with fewer or more octets than announced; ``known`` if its page is one that the suite has read."""

    exchange: Exchange
    announced: int
    sent: int
    blame: Blame
    known: bool
    span: Span | None


def targets(evidence: Evidence) -> list[str]:
    """The usual targets, an empty file, the largest file, and a page and a listing with letters beyond ASCII."""
    files = [page for page in evidence.site.pages if page.plain and page.kind != "program"]
    empty = [page.target for page in files if not page.content][:1]
    largest = [max(files, key=lambda page: len(page.content)).target] if files else []
    return list(dict.fromkeys([*usual_targets(evidence), *empty, *largest, *_beyond_ascii(evidence)]))


def _beyond_ascii(evidence: Evidence) -> list[str]:
    site = evidence.site
    texts = [site.page(kind, lambda p: p.plain and multibyte(p.content)) for kind in ("text", "html")]
    listed = [f for f in site.folders if not all(name.isascii() for name in site.entries(f))]
    return [*(page.target for page in texts if page), *(f"/{quote(folder)}/" for folder in listed[:1])]


def multibyte(content: bytes) -> bool:
    """Whether it is UTF-8 with letters beyond ASCII."""
    try:
        return len(content.decode()) != len(content)
    except UnicodeDecodeError:
        return False


def played(evidence: Evidence) -> list[Exchange]:
    """Each target asked for twice on one connection: what comes before the second reply belongs to the first."""
    return [twice(evidence, target) for target in targets(evidence)]


def _differences(evidence: Evidence) -> list[Difference]:
    pairs = [_difference(evidence.site, exchange, surplus_shows=True) for exchange in played(evidence)]
    singles = [
        _difference(evidence.site, exchange, surplus_shows=False)
        for exchange in (*evidence.ordinary, *evidence.refusals)
    ]
    every = [difference for difference in (*pairs, *singles) if difference is not None]
    known = [difference for difference in every if difference.known and difference.blame is not Blame.CHARACTERS]
    return [_by_analogy(difference, known) for difference in every]


def _by_analogy(difference: Difference, known: list[Difference]) -> Difference:
    """What a server does to pages that the suite knows it does to the others too, where nobody can tell the reason."""
    longer = difference.sent > difference.announced
    alike = next((other for other in known if (other.sent > other.announced) is longer), None)
    response = difference.exchange.responses[0]
    if alike is None or difference.known or difference.blame is Blame.CHARACTERS or response.framing is Framing.CHUNKED:
        return difference
    stalled = alike.blame is Blame.BROKEN_OFF and not difference.exchange.peer_ended
    return difference if stalled else replace(difference, blame=alike.blame)


def _difference(site: Site, exchange: Exchange, *, surplus_shows: bool) -> Difference | None:
    response = exchange.response
    if response is None or response.status is None or response.defect(DefectKind.NO_EMPTY_LINE):
        return None
    announced = _announced(response)
    if announced is None:
        return None
    page = _page(site, exchange, response)
    if not response.complete:
        return _shortage(exchange, response, announced, page)
    extra, span = surplus(exchange) if surplus_shows else (b"", None)
    if not extra or (response.framing is Framing.CHUNKED and SIZE_LINE.match(extra)):
        return None
    blame = _blame(response, extra, page)
    return Difference(exchange, announced, len(response.body) + len(extra), blame, page is not None, span)


def _announced(response: Response) -> int | None:
    """The length by which the reply is framed, if it can be read beyond doubt."""
    if response.framing is Framing.CHUNKED:
        return len(response.body) if response.complete and not response.defect(DefectKind.BAD_CHUNK) else None
    fields = response.all("content-length")
    if response.framing is not Framing.LENGTH or len(fields) != 1 or not re.fullmatch("[0-9]+", fields[0].value):
        return None
    return int(fields[0].value)


def _page(site: Site, exchange: Exchange, response: Response) -> bytes | None:
    """The octets that the reply should carry, where that is certain."""
    plain = exchange.probe.methods[0] == "GET" and response.status == 200 and not response.field("content-encoding")
    return known_content(site, target_of(exchange)) if plain else None


def _shortage(exchange: Exchange, response: Response, announced: int, page: bytes | None) -> Difference | None:
    if response.framing is not Framing.LENGTH or exchange.ending in (Ending.FLOOD, Ending.OURS):
        return None
    right_number = page is not None and announced == len(page)
    cut = exchange.peer_ended and (right_number or exchange.ending is Ending.RESET)
    blame = Blame.BROKEN_OFF if cut else Blame.LENGTH
    field = response.field("content-length")
    return Difference(exchange, announced, len(response.body), blame, page is not None, field.span if field else None)


def _blame(response: Response, extra: bytes, page: bytes | None) -> Blame:
    if response.framing is Framing.CHUNKED:
        return Blame.OUTSIDE
    whole = response.body + extra
    if multibyte(whole) and len(whole.decode()) == len(response.body):
        return Blame.CHARACTERS
    if whole != page and (page == response.body or not extra.strip(b"\r\n")):
        return Blame.OUTSIDE
    return Blame.LENGTH


def difference_for(evidence: Evidence, *blames: Blame) -> Difference | None:
    """The first difference that is due to one of ``blames``."""
    return next((d for d in _differences(evidence) if d.blame in blames), None)


def any_framed(evidence: Evidence) -> bool:
    """Whether any reply tells by its length or its chunks where it ends."""
    return any(x.response is not None and _announced(x.response) is not None for x in played(evidence))


def broken_off(site: Site, exchange: Exchange) -> Difference | None:
    """Judged of known pages only: of others nobody knows whether the number or the body is wrong."""
    response = exchange.response
    page = _page(site, exchange, response) if response is not None else None
    if response is None or page is None or not exchange.peer_ended:
        return None
    if response.framing is Framing.CLOSE:
        return _half(exchange, response.body, page)
    wrong = _difference(site, exchange, surplus_shows=False)
    return wrong if wrong is not None and wrong.blame is Blame.BROKEN_OFF else None


def _half(exchange: Exchange, body: bytes, page: bytes) -> Difference | None:
    """A body without a length that is the beginning of the page; blanks at its end may have been stripped."""
    if not body or not page.startswith(body) or not page[len(body) :].strip():
        return None
    return Difference(exchange, len(page), len(body), Blame.BROKEN_OFF, True, None)
