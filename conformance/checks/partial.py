"""What the rules on 206 replies share: which file they ask for, with which Range, and what must hold before.

It declares no rule. A reply to Range may always be the whole file; then there is nothing to judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.byteranges import BodyPart, Multipart, Place, boundary_of, is_multipart, read_multipart, read_place
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import OVERLOADED, absent, advised, broken, describe, passed, served, unclear
from conformance.response import Response
from conformance.site import Page
from conformance.verdict import Judgement

TEN = "bytes=0-9"
LAST_FIVE = "bytes=-5"
BEYOND = "bytes=0-999999"
TWO = "bytes=0-9,1000-1009"
LONG = 2000
"""So many octets that two ranges at some distance are neither beyond the end nor worth to be merged."""

STATUS = ("range.partial-body-needs-206",)
SINGLE = (*STATUS, "range.single-range-not-multipart")
PLACED = (*SINGLE, "range.206-has-content-range", "range.content-range-syntax", "range.content-range-consistent")
TRUE_PART = (*PLACED, "range.206-content-length", "range.206-body-matches-content-range")
IGNORED = "Range is ignored here: the whole file came"
WHOLE_FILE = "200 with the whole file (RFC 9110 §14.2, RFC 2616 §14.35.2)"
"""What may come whatever the Range, since every server may ignore it."""

UNMET = f"416 (RFC 9110 §14.2, RFC 2616 §14.35.1), or {WHOLE_FILE}"
"""What may come if no octet lies in the range."""

MET_416 = "416 to a range that can be met goes against advice only (RFC 9110 §14.2, RFC 2616 §14.35.1)"
SOME = "or some of them (RFC 9110 §15.3.7)"

REQUEST = "GET /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\nRange: {}\r\n\r\n"
UNSATISFIABLE = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\n\r\n"
CRASH = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def part_reply(place: str, body: str) -> str:
    """A reply with one part, for examples."""
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: {place}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head + body


@dataclass(frozen=True, slots=True)
class Asked:
    """A GET with Range, and what the same GET without it drew."""

    exchange: Exchange
    response: Response
    whole: bytes
    control: Response

    @property
    def multipart(self) -> Multipart | None:
        """The body taken apart, if it says that it is a multipart/byteranges with a boundary."""
        media_type = self.response.value("content-type") or ""
        boundary = boundary_of(media_type)
        return read_multipart(self.response.body, boundary) if is_multipart(media_type) and boundary else None

    @property
    def parts(self) -> tuple[BodyPart, ...]:
        """The parts of a multipart; none of another reply."""
        return self.multipart.parts if self.multipart is not None else ()

    @property
    def content_ranges(self) -> tuple[str, ...]:
        """All Content-Range values: those of the head, then those of the parts."""
        top = [field.value for field in self.response.all("content-range")]
        return (*top, *(value for part in self.parts if (value := part.value("content-range")) is not None))


def document(evidence: Evidence) -> Page | None:
    """The usual static file if it is longer than the part asked for, else another that is."""
    site = evidence.site
    if site.document is not None and len(site.document.content) > 10:
        return site.document
    return _static(evidence, 11)


def long_page(evidence: Evidence) -> Page | None:
    """The shortest static file that has room for ranges at some distance."""
    return _static(evidence, LONG)


def _static(evidence: Evidence, length: int) -> Page | None:
    """The shortest of the static files that have at least so many octets."""
    site = evidence.site
    pages = [p for p in site.pages if p.plain and p.kind != "program" and p != site.throwaway]
    return min((p for p in pages if len(p.content) >= length), key=lambda p: (len(p.content), p.path), default=None)


def ask(
    evidence: Evidence, page: Page | None, value: str, fields: tuple[tuple[str, str], ...] = ()
) -> Asked | Judgement:
    """The 206 that a Range draws; where there is none, the judgement that says so, which is no finding."""
    if page is None:
        return absent("no static file is long enough")
    control = evidence.get(page.target)
    if control.response is None or not served(control) or not is_file(evidence, control):
        return unclear(f"the file does not come with its own octets: {describe(control)}")
    exchange = evidence.get(page.target, [("Range", value), *fields])
    if exchange.status != 206 or exchange.response is None:
        return absent(IGNORED if exchange.status == 200 else f"no part came: {describe(exchange)}")
    return Asked(exchange, exchange.response, control.response.body, control.response)


def single(evidence: Evidence, value: str = TEN) -> Asked | Judgement:
    """The 206 to one range of the usual file."""
    return ask(evidence, document(evidence), value)


def several(evidence: Evidence, value: str = TWO) -> Asked | Judgement:
    """The multipart that several ranges of a long file draw; a single part, or the whole, is no finding."""
    asked = ask(evidence, long_page(evidence), value)
    if isinstance(asked, Asked) and asked.multipart is None:
        return absent("several ranges are not answered by several parts")
    return asked


def every(evidence: Evidence) -> Iterator[Asked]:
    """The 206 replies whose form is judged: to one range of three kinds, and to two ranges."""
    drawn = [*(single(evidence, value) for value in (TEN, LAST_FIVE, BEYOND)), ask(evidence, long_page(evidence), TWO)]
    yield from (asked for asked in drawn if isinstance(asked, Asked))


def judge_every(evidence: Evidence, test: Callable[[Asked], Judgement | None]) -> Judgement:
    """Apply ``test`` to each of them: the first finding counts."""
    judged = False
    for asked in every(evidence):
        judged = True
        judgement = test(asked)
        if judgement is not None:
            return judgement
    return passed() if judged else absent(IGNORED)


def with_place(evidence: Evidence, value: str, first: int, last: int, message: str) -> Judgement:
    """Judge a satisfiable range of the usual file that selects the octets ``first`` to ``last``, or a part of them.

    416 breaks no more than a recommendation; any other refusal means that the range was not understood.
    """
    lawful = f"206 with octets {first} to {last} {SOME}, or {WHOLE_FILE}"
    asked = single(evidence, value)
    if isinstance(asked, Judgement):
        return _without_part(evidence, document(evidence), value, message, lawful) or asked
    return placed(asked, first, last, message, lawful) or passed(seen(asked))


def set_of(evidence: Evidence, value: str, message: str, lawful: str) -> Judgement:
    """Judge a satisfiable set of ranges of a long file, none of which reaches beyond octet 1009."""
    asked = ask(evidence, long_page(evidence), value)
    if isinstance(asked, Judgement):
        return _without_part(evidence, long_page(evidence), value, message, lawful) or asked
    return placed(asked, 0, 1009, message, lawful) or passed(seen(asked))


def _without_part(evidence: Evidence, page: Page | None, value: str, message: str, lawful: str) -> Judgement | None:
    """What a reply other than 206 to a satisfiable range shows; None if nothing can show."""
    if page is None or not served(control := evidence.get(page.target)) or not is_file(evidence, control):
        return None  # what comes in a coding has another length, and may well end before the range begins
    exchange = evidence.get(page.target, [("Range", value)])
    if exchange.status in OVERLOADED or exchange.status == 206:
        return None
    if exchange.status == 200:
        return passed(IGNORED)
    if exchange.status == 416:
        return advised(exchange, message, expected=f"{lawful}; {MET_416}")
    return broken(exchange, message, expected=lawful)


def placed(asked: Asked, first: int, last: int, message: str, lawful: str) -> Judgement | None:
    """The finding about octets that were not asked for, or are not what they are said to be; None if all is well."""
    for value, content in contents(asked):
        place = read_place(value)
        if place is None or not place.within(first, last):
            return broken(asked.exchange, message, expected=lawful, observed=f"Content-Range: {value}")
        if content != place.octets(asked.whole):
            observed = f"{len(content)} octets that are not those of {value}"
            return broken(asked.exchange, message, expected=lawful, observed=observed)
    return None


def same_type(given: str | None, wanted: str) -> bool:
    """Whether two media types agree, but for blanks and case (RFC 9110 §8.3.1)."""
    return given is not None and re.sub(r"\s", "", given).lower() == re.sub(r"\s", "", wanted).lower()


def seen(asked: Asked) -> str:
    """What came, by its own account."""
    return f"206 with {', '.join(asked.content_ranges)}"


def contents(asked: Asked) -> list[tuple[str | None, bytes]]:
    """Content-Range and octets of each part that came."""
    if asked.multipart is None:
        return [(asked.response.value("content-range"), asked.response.body)]
    return [(part.value("content-range"), part.content) for part in asked.parts]


def places(asked: Asked) -> list[Place]:
    """The places of the parts, in their order; those that cannot be read are left out."""
    return [place for value, _ in contents(asked) if (place := read_place(value)) is not None]


def span_of(exchange: Exchange, value: str) -> tuple[int, int] | None:
    """Where the head has this Content-Range; that of a part has no span, since the body may be chunked."""
    fields = exchange.response.all("content-range") if exchange.response else ()
    return next((field.span for field in fields if field.value == value), None)
