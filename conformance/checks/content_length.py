"""Whether as many octets come as Content-Length says (RFC 9110 §8.6, RFC 9112 §6.3; RFC 2616 §4.4, §8.1.4, §14.13).

A body and its length can differ for four reasons, each with a rule of its own: the number is wrong, it counts
characters, octets follow that belong to no reply, or the connection broke off. :class:`Blame` keeps them apart, so that
one fault makes one finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import quote

from conformance.check import check
from conformance.chunks import SIZE_LINE
from conformance.connections import known_content, surplus, target_of, twice, usual_targets
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import absent, advised, broken, passed, unclear
from conformance.response import DefectKind, Framing, Response, Span
from conformance.site import Site
from conformance.verdict import Judgement

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"


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


def _targets(evidence: Evidence) -> list[str]:
    """The usual ones, an empty file, the largest one, and a page and a listing with letters beyond ASCII."""
    files = [page for page in evidence.site.pages if page.plain and page.kind != "program"]
    empty = [page.target for page in files if not page.content][:1]
    largest = [max(files, key=lambda page: len(page.content)).target] if files else []
    return list(dict.fromkeys([*usual_targets(evidence), *empty, *largest, *_beyond_ascii(evidence)]))


def _beyond_ascii(evidence: Evidence) -> list[str]:
    site = evidence.site
    texts = [site.page(kind, lambda p: p.plain and _multibyte(p.content)) for kind in ("text", "html")]
    listed = [f for f in site.folders if not all(name.isascii() for name in site.entries(f))]
    return [*(page.target for page in texts if page), *(f"/{quote(folder)}/" for folder in listed[:1])]


def _multibyte(content: bytes) -> bool:
    try:
        return len(content.decode()) != len(content)
    except UnicodeDecodeError:
        return False


def _played(evidence: Evidence) -> list[Exchange]:
    """Each target asked for twice on one connection: what comes before the second reply belongs to the first."""
    return [twice(evidence, target) for target in _targets(evidence)]


def _differences(evidence: Evidence) -> list[Difference]:
    pairs = [_difference(evidence.site, exchange, surplus_shows=True) for exchange in _played(evidence)]
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
    if _multibyte(whole) and len(whole.decode()) == len(response.body):
        return Blame.CHARACTERS
    if whole != page and (page == response.body or not extra.strip(b"\r\n")):
        return Blame.OUTSIDE
    return Blame.LENGTH


def _judged(evidence: Evidence, *blames: Blame) -> Difference | None:
    return next((d for d in _differences(evidence) if d.blame in blames), None)


def _any_framed(evidence: Evidence) -> bool:
    return any(x.response is not None and _announced(x.response) is not None for x in _played(evidence))


@check(
    "framing.content-length-exact",
    statement="Exactly as many octets follow the empty line as Content-Length says.",
    why="With too large a number the browser waits for octets that never come, with too small a one it cuts the page.",
    hint="Build the whole body as bytes first, then send len(body), then the same bytes with sendall().",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
    ),
    requires=("message.empty-line-ends-header-section",),
)
def exact(evidence: Evidence) -> Judgement:
    wrong = _judged(evidence, Blame.LENGTH)
    if wrong is None:
        return passed() if _any_framed(evidence) else absent("no reply has a length")
    return broken(
        wrong.exchange,
        "Content-Length is too large." if wrong.sent < wrong.announced else "Content-Length is too small.",
        expected=f"{wrong.announced} octets, as Content-Length says",
        observed=f"{wrong.sent} octets",
        span=wrong.span,
    )


@check(
    "framing.content-length-counts-octets",
    statement="Content-Length counts octets, not characters.",
    why="A letter such as é takes two octets in UTF-8: where characters are counted the end of the page is cut off.",
    hint="Encode the page first and count afterwards: len(page.encode()), not len(page).",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncafé",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncafé",
    ),
    requires=("framing.content-length-exact",),
)
def counts_octets(evidence: Evidence) -> Judgement:
    wrong = _judged(evidence, Blame.CHARACTERS)
    if wrong is not None:
        return broken(
            wrong.exchange,
            "Content-Length is the number of characters of the page.",
            expected=f"{wrong.sent}, the number of octets",
            observed=str(wrong.announced),
            span=wrong.span,
        )
    sent = [x.response for x in _played(evidence) if x.response and x.response.framing is Framing.LENGTH]
    if any(response.complete and _multibyte(response.body) for response in sent):
        return passed()
    return absent("no reply with a Content-Length had letters beyond ASCII")


@check(
    "framing.no-octets-outside-messages",
    statement="Nothing stands between or after replies that is not part of one, no empty line either.",
    why="The next thing a client expects is a status line; anything else puts the connection out of step.",
    hint='Send exactly the body: no "\\r\\n" after it, and no print() into the socket.',
    example=(
        f"{REQUEST}{REQUEST}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\nHTTP/1.1 200 OK\r\n…",
    ),
    requires=("message.empty-line-ends-header-section", "status-line.first-octets"),
)
def no_octets_outside(evidence: Evidence) -> Judgement:
    wrong = _judged(evidence, Blame.OUTSIDE)
    if wrong is None:
        return passed() if _any_framed(evidence) else absent("no reply tells where it ends")
    message, expected = "Octets follow the reply that belong to none.", "a status line, or the end of the connection"
    observed = f"{wrong.sent - wrong.announced} octets after the body"
    begin, end = wrong.span or (0, 0)
    if not wrong.exchange.received[begin:end].strip(b"\r\n"):  # clients pass over them (RFC 9112 §9.2)
        return advised(wrong.exchange, message, expected=expected, observed=observed)
    return broken(wrong.exchange, message, expected=expected, observed=observed, span=wrong.span)


@check(
    "connection.no-close-mid-response",
    statement="The server does not end the connection in the middle of a reply.",
    why="The client has got half a file and can only throw it away.",
    hint="Use sendall(), which sends everything, and not send(), which may send a part. Before close() read what the "
    "client has sent, or call shutdown(SHUT_WR) first: closing over unread input destroys the reply on its way.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 400091\r\n\r\n(400091 octets)",
        "HTTP/1.1 200 OK\r\nContent-Length: 400091\r\n\r\n(65536 octets, and the connection closes)",
    ),
    requires=("message.empty-line-ends-header-section",),
)
def no_close_mid_response(evidence: Evidence) -> Judgement:
    for exchange in [evidence.get(target) for target in _targets(evidence)]:
        wrong = _broken_off(evidence.site, exchange)
        if wrong is not None:
            return broken(
                exchange,
                "The connection ended before the reply did.",
                expected=f"{wrong.announced} octets of body",
                observed=f"{wrong.sent} octets",
                span=wrong.span,
            )
    return passed() if evidence.ordinary_answers else unclear("no page was served")


def _broken_off(site: Site, exchange: Exchange) -> Difference | None:
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
