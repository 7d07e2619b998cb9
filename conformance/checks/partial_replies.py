"""206 replies with one part (RFC 9110 §15.3.7, §15.3.7.1; RFC 2616 §10.2.7): their octets, length and other fields."""

from __future__ import annotations

from conformance.byteranges import is_multipart, read_place
from conformance.check import check
from conformance.checks.partial import (
    PLACED,
    REQUEST,
    STATUS,
    Asked,
    every,
    part_reply,
    seen,
    single,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, each, found, passed
from conformance.response import Framing, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

GOOD = part_reply("bytes 0-4/12", "hello")
MULTIPART = GOOD.replace("Content-Range: bytes 0-4/12", "Content-Type: multipart/byteranges; boundary=x")


@check(
    "range.single-range-not-multipart",
    statement="A request for one range is not answered by multipart/byteranges.",
    why="A client that asks for one range need not know how to take a multipart apart.",
    hint="If there is one range, send its octets as the body, and its place in Content-Range.",
    example=(REQUEST.format("bytes=0-4"), GOOD, MULTIPART),
    needs=("ranges",),
    requires=STATUS,
    risk=Risk.UNUSUAL,
)
def one_range(evidence: Evidence) -> Judgement:
    asked = single(evidence)
    if isinstance(asked, Judgement):
        return asked
    finding = _multipart_type(asked.exchange, asked.response)
    return passed() if finding is None else Judgement(Verdict.FAIL, finding=finding)


@check(
    "range.multipart-only-for-several-ranges",
    statement="multipart/byteranges is not sent to a client that has asked for no ranges.",
    why="Only by asking for several ranges does a client show that it can take a multipart apart.",
    hint="Choose the type by the file; multipart/byteranges is for the parts of a 206 alone.",
    example=(REQUEST.replace("Range: {}\r\n", ""), GOOD.replace("206 Partial Content", "200 OK"), MULTIPART),
    needs=("static-files",),
)
def no_ranges(evidence: Evidence) -> Judgement:
    return each(evidence.ordinary_answers, _multipart_type, "no plain GET was answered")


def _multipart_type(exchange: Exchange, response: Response) -> Finding | None:
    field = response.field("content-type")
    if field is None or not is_multipart(field.value):
        return None
    return found(
        exchange,
        "A multipart answers a request that did not ask for several ranges.",
        expected="the octets themselves, with the Content-Type of the file",
        observed=f"Content-Type: {field.value}",
        span=field.span,
    )


@check(
    "range.206-content-length",
    statement="Content-Length of a 206 counts the octets that it carries, not those of the whole file.",
    why="With the length of the file the client waits for octets that never come.",
    hint="Compute Content-Length from the part; of a multipart, count boundaries and heads of parts as well.",
    example=(REQUEST.format("bytes=0-4"), GOOD, GOOD.replace("Content-Length: 5", "Content-Length: 12")),
    needs=("ranges",),
    requires=(*STATUS, "framing.content-length-exact", "framing.no-octets-outside-messages"),
    risk=Risk.UNUSUAL,
)
def content_length(evidence: Evidence) -> Judgement:
    judged = False
    for asked in every(evidence):
        if asked.response.framing is Framing.LENGTH:
            judged = True
            if (observed := _miscounted(asked.exchange, asked.response)) is not None:
                return broken(
                    asked.exchange,
                    "Content-Length of a 206 is not the number of octets that it carries.",
                    expected="as many octets as Content-Length says (RFC 9110 §15.3.7, RFC 2616 §10.2.7)",
                    observed=observed,
                    span=_length_span(asked.response),
                )
    return passed() if judged else absent("no 206 has a Content-Length")


def _length_span(response: Response) -> tuple[int, int] | None:
    field = response.field("content-length")
    return field.span if field is not None else None


def _miscounted(exchange: Exchange, response: Response) -> str | None:
    said = response.value("content-length")
    if not response.complete:
        return f"{len(response.body)} octets of {said}"
    first, last = exchange.transcript.trailing
    return f"{last - first} octets more than {said}" if last > first else None


@check(
    "range.206-body-matches-content-range",
    statement="The body of a 206 is just those octets of the file that its Content-Range names.",
    why="The client copies them to that place; one octet too many or too few damages all that follows.",
    hint="Both positions are included: content[first : last + 1] in Python.",
    example=(REQUEST.format("bytes=0-4"), GOOD, part_reply("bytes 0-4/12", "hell")),
    needs=("ranges",),
    requires=(*PLACED, "range.206-content-length"),
    risk=Risk.UNUSUAL,
)
def body_matches(evidence: Evidence) -> Judgement:
    asked = single(evidence)
    if isinstance(asked, Judgement):
        return asked
    place = read_place(asked.response.value("content-range"))
    if place is None or asked.response.body == place.octets(asked.whole):
        return passed(seen(asked))
    return broken(
        asked.exchange,
        "The octets of a 206 are not those that its Content-Range names.",
        expected=f"{place.last - place.first + 1} octets, from position {place.first} of the file",
        observed=_other_octets(asked, place.octets(asked.whole)),
    )


def _other_octets(asked: Asked, wanted: bytes) -> str:
    body = asked.response.body
    if len(body) != len(wanted):
        return f"{len(body)} octets" + (", the whole file" if body == asked.whole else "")
    return "as many octets, but others"
