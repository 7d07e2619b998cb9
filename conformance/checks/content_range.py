"""Content-Range in replies (RFC 9110 §14.4, RFC 2616 §14.16): how it is written, and that it can be true.

Whether the octets are those that it names is judged in :mod:`conformance.checks.partial_replies`.
"""

from __future__ import annotations

from conformance.byteranges import CONTENT_RANGE, is_multipart, read_place
from conformance.check import check
from conformance.checks.partial import (
    PLACED,
    REQUEST,
    SINGLE,
    STATUS,
    Asked,
    judge_every,
    part_reply,
    seen,
    single,
    span_of,
)
from conformance.checks.unsatisfiable_ranges import refused
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import advised, broken, passed, status_span
from conformance.rule import Risk
from conformance.verdict import Judgement

GOOD = part_reply("bytes 0-4/12", "hello")


@check(
    "range.206-has-content-range",
    statement="A 206 says which octets it carries: in Content-Range, or in each part of a multipart.",
    why="The client puts the octets where Content-Range says; without it a resumed download is damaged.",
    hint='Add "Content-Range: bytes first-last/length" to each 206.',
    example=(REQUEST.format("bytes=0-4"), GOOD, GOOD.replace("Content-Range: bytes 0-4/12\r\n", "")),
    needs=("ranges",),
    requires=STATUS,
    risk=Risk.UNUSUAL,
)
def has_content_range(evidence: Evidence) -> Judgement:
    asked = single(evidence)
    if isinstance(asked, Judgement):
        return asked
    if asked.response.field("content-range") is not None or is_multipart(asked.response.value("content-type")):
        return passed()
    return broken(
        asked.exchange,
        "A 206 does not say which octets it carries.",
        expected=f"Content-Range: bytes 0-9/{len(asked.whole)}, or the positions of fewer octets (RFC 9110 §15.3.7)",
        observed="no Content-Range field",
        span=status_span(asked.response),
    )


@check(
    "range.content-range-syntax",
    also=("range.content-range-absolute", "range.content-range-one-range"),
    statement="Content-Range names a unit, a blank, first and last position of one range, a slash and the length.",
    why="Clients read it by its grammar and throw away the octets of a part that they cannot place.",
    hint='Write "bytes 0-9/100": a blank after the unit, both positions counted from the start of the file.',
    example=(REQUEST.format("bytes=0-4"), GOOD, GOOD.replace("bytes 0-4/12", "bytes=0-4/12")),
    needs=("ranges",),
    requires=SINGLE,
    risk=Risk.UNUSUAL,
)
def syntax(evidence: Evidence) -> Judgement:
    judgement = judge_every(evidence, lambda asked: _written(asked.exchange, asked.content_ranges))
    for exchange, response, _ in refused(evidence):
        values = tuple(field.value for field in response.all("content-range"))
        judgement = _written(exchange, values) or judgement
    return judgement


def _written(exchange: Exchange, values: tuple[str, ...]) -> Judgement | None:
    value = next((value for value in values if CONTENT_RANGE.fullmatch(value) is None), None)
    if value is None:
        return None
    return broken(
        exchange,
        "Content-Range is not written as its grammar has it.",
        expected='"bytes first-last/length" or "bytes first-last/*", in a 416 "bytes */length" (RFC 9110 §14.4, '
        "RFC 2616 §14.16)",
        observed=f"Content-Range: {value}",
        span=span_of(exchange, value),
    )


@check(
    "range.206-no-star-range",
    statement="A 206 has no asterisk in place of the range.",
    why='"bytes */100" says that no octet could be sent, and comes with 416 only.',
    hint="Put the first and the last position that you send before the slash.",
    example=(REQUEST.format("bytes=0-4"), GOOD, GOOD.replace("0-4/12", "*/12")),
    needs=("ranges",),
    requires=(*SINGLE, "range.content-range-syntax"),
    risk=Risk.UNUSUAL,
)
def no_star_range(evidence: Evidence) -> Judgement:
    def test(asked: Asked) -> Judgement | None:
        star = next((value for value in asked.content_ranges if " */" in value), None)
        if star is None:
            return None
        return broken(
            asked.exchange,
            "A part is sent without saying which.",
            expected="the positions of the first and the last octet before the slash",
            observed=f"Content-Range: {star}",
            span=span_of(asked.exchange, star),
        )

    return judge_every(evidence, test)


@check(
    "range.content-range-consistent",
    statement="In Content-Range the last position is not below the first, and the length is greater than both.",
    why="Clients may not use a part whose place cannot exist.",
    hint="Cut the last position to the file's length minus one before you write it.",
    example=(REQUEST.format("bytes=0-999999"), GOOD, GOOD.replace("0-4/12", "0-999999/12")),
    needs=("ranges",),
    requires=(*SINGLE, "range.content-range-syntax"),
    risk=Risk.UNUSUAL,
)
def consistent(evidence: Evidence) -> Judgement:
    def test(asked: Asked) -> Judgement | None:
        for value in asked.content_ranges:
            place = read_place(value)
            if place is not None and not place.valid:
                return broken(
                    asked.exchange,
                    "Content-Range names octets that cannot exist.",
                    expected="first position <= last position < length",
                    observed=f"Content-Range: {value}",
                    span=span_of(asked.exchange, value),
                )
        return None

    return judge_every(evidence, test)


@check(
    "range.content-range-total-length",
    statement="The length after the slash of Content-Range is that of the whole file.",
    why="The client learns from it how much is missing; with a wrong one it stops too early or asks beyond the end.",
    hint='Write the size of the file after the slash, not that of the part; "*" is for sizes that nobody knows.',
    example=(REQUEST.format("bytes=0-4"), GOOD, GOOD.replace("/12", "/5")),
    needs=("ranges",),
    requires=PLACED,
    risk=Risk.UNUSUAL,
    dispute="An asterisk is lawful where the length is hard to find out (RFC 9110 §14.4, RFC 2616 §14.16), and nobody "
    "outside can tell. For a plain file, whose length the 200 gives, it is a warning.",
)
def total_length(evidence: Evidence) -> Judgement:
    asked = single(evidence)
    if isinstance(asked, Judgement):
        return asked
    field = asked.response.field("content-range")
    place = read_place(field.value) if field is not None else None
    if field is None or place is None or place.length == len(asked.whole):
        return passed(seen(asked))
    lawful, observed = f"/{len(asked.whole)}", f"Content-Range: {field.value}"
    if place.length is None:
        message = "The length of a file is known, and yet not told."
        star = f'{lawful}; "*" is for a length that is unknown or hard to find out (RFC 9110 §14.4, RFC 2616 §14.16)'
        return advised(asked.exchange, message, expected=star, observed=observed)
    message = "Content-Range gives a wrong length for the whole file."
    return broken(asked.exchange, message, expected=lawful, observed=observed, span=field.span)
