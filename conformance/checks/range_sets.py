"""Sets of ranges in requests (RFC 9110 §14.1.1, §14.2, §15.3.7.2; RFC 2616 §14.35.1): how they are read.

How several parts must look is judged in :mod:`conformance.checks.multipart_ranges`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.partial import (
    CRASH,
    REQUEST,
    SOME,
    TRUE_PART,
    TWO,
    UNSATISFIABLE,
    WHOLE_FILE,
    document,
    long_page,
    part_reply,
    places,
    set_of,
    several,
    with_place,
)
from conformance.evidence import Evidence
from conformance.predicates import (
    OVERLOADED,
    absent,
    blocked,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

SETS = (*TRUE_PART, "range.multipart-part-headers")
LAWFUL = f"206 with the octets asked for {SOME}, or {WHOLE_FILE}"
GOOD = part_reply("bytes 0-4/2000", "hello")
WHOLE = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world"


def _no_sets(evidence: Evidence) -> Judgement | None:
    """What to say where not even a plain set is served, which is the fault of one rule; None if it is."""
    page = long_page(evidence)
    exchange = evidence.get(page.target, [("Range", TWO)]) if page is not None else None
    if exchange is None or exchange.status in (200, 206):
        return None
    reason = f"a plain set of ranges is not served: {describe(exchange)}"
    return unclear(reason) if exchange.status in OVERLOADED else blocked("range.set-is-comma-list", reason)


@check(
    "range.set-is-comma-list",
    statement="A set of ranges is a list: blanks may stand after its commas, and empty members count for nothing.",
    why="Lists are written in all these ways; a server that knows one range only must not stumble over a comma.",
    hint="Split at the commas, strip the blanks, leave out what is empty; or ignore every Range that has a comma.",
    example=(REQUEST.format("bytes=0-4, 1000-1009"), GOOD, CRASH),
    needs=("ranges",),
    requires=SETS,
    risk=Risk.UNUSUAL,
    dispute="Some servers answer 416 to any set, or to one with an empty member. A recipient skips empty members by "
    "RFC 9110 §5.6.1.2 and RFC 2616 §2.1. As 416 to a range that can be met goes against advice only (RFC "
    "9110 §14.2), it is a warning here.",
)
def comma_list(evidence: Evidence) -> Judgement:
    message = "A set of ranges is not read as a list."
    return first_of(set_of(evidence, f"bytes=0-9{comma}1000-1009", message, LAWFUL) for comma in (",", ", ", ",,"))


@check(
    "range.one-invalid-spec-voids-set",
    statement="A set in which one range is not valid is ignored, or refused, as a whole.",
    why="The client has made a mistake, and nobody can tell which of its ranges it meant.",
    hint="Check all ranges before you use the first; if one ends before it begins, send the whole file.",
    example=(REQUEST.format("bytes=0-4,9-5"), WHOLE, CRASH),
    needs=("ranges",),
    requires=(*SETS, "range.invalid-spec-not-honoured"),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.35.1 has the field ignored. RFC 9110 §14.2 lets the server ignore or reject it, and nothing "
    "there forbids to send what is valid. So 200, 400, 416 and 206 pass, and by RFC 2616 alone 200 only.",
)
def one_invalid(evidence: Evidence) -> Judgement:
    page = long_page(evidence)
    if page is None:
        return absent("no static file is long enough")
    control, exchange = evidence.get(page.target), evidence.get(page.target, [("Range", "bytes=0-9,9-5")])
    if not served(control) or exchange.status in OVERLOADED:
        return unclear(f"the file was not served: {describe(control)}; with Range: {describe(exchange)}")
    message = "A set in which one range is not valid is not read as such."
    if exchange.status is None or exchange.status >= 500:
        lawful = "200 with the whole file (RFC 9110 §14.2, RFC 2616 §14.35.1), 400 or 416 (RFC 9110 §14.2)"
        return broken(exchange, message, expected=lawful)
    if evidence.spec is Spec.RFC2616 and not same_answer(exchange, control):
        return broken(exchange, message, expected="200 with the whole file (RFC 2616 §14.35.1)")
    if exchange.status == 206:
        return passed("RFC 9110 does not forbid to send the range that is valid")
    return passed(describe(exchange))


@check(
    "range.overlap-is-legal",
    statement="Two ranges that overlap are no error.",
    why="Both name octets that are there; the RFCs show such a request as an example.",
    hint="Send both parts, or one that spans them, or the whole file.",
    example=(REQUEST.format("bytes=500-700,601-999"), GOOD, CRASH),
    needs=("ranges",),
    requires=SETS,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §14.2 lets a server refuse more than two ranges that overlap; RFC 2616 §14.35.1 and RFC 9110 "
    "§14.1.2 show two as an example of what is valid. So two are asked for, and a refusal is a warning.",
)
def overlap(evidence: Evidence) -> Judgement:
    return _no_sets(evidence) or set_of(
        evidence, "bytes=500-700,601-999", "Two ranges that overlap are refused.", LAWFUL
    )


@check(
    "range.mixed-set-sends-satisfiable",
    statement="Of a set in which some ranges are beyond the end, the others are sent.",
    why="One range that can be served makes the set satisfiable; the client takes what there is.",
    hint="Drop the ranges that begin beyond the end; answer 416 only if none is left.",
    example=(REQUEST.format("bytes=0-4,5000-5009"), GOOD, UNSATISFIABLE.format(2000)),
    needs=("ranges",),
    requires=(*SETS, "range.unsatisfiable-gets-416"),
    risk=Risk.UNUSUAL,
)
def mixed(evidence: Evidence) -> Judgement:
    page = document(evidence)
    if page is None:
        return absent("no static file is long enough")
    if (refusal := _no_sets(evidence)) is not None:
        return refusal
    length = len(page.content)
    message = "A set of which one range lies beyond the end is not served by the other."
    return with_place(evidence, f"bytes=0-9,{length + 10}-{length + 20}", 0, 9, message)


@check(
    "range.parts-in-requested-order",
    statement="Parts come in the order in which they were asked for.",
    why="A client asks for the index of an archive first because it wants to read it first.",
    hint="Go through the ranges as they stand in the request; do not sort them.",
    example=(
        REQUEST.format("bytes=1000-1009,0-9"),
        "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n(1000-1009, then 0-9)",
        "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n(0-9, then 1000-1009)",
    ),
    needs=("ranges",),
    requires=SETS,
    risk=Risk.UNUSUAL,
)
def order(evidence: Evidence) -> Judgement:
    asked = several(evidence, "bytes=1000-1009,0-9")
    if isinstance(asked, Judgement):
        return asked
    firsts = [place.first for place in places(asked) if place.first in (0, 1000)]
    if len(firsts) < 2 or firsts.index(1000) < firsts.index(0):
        return passed()
    return broken(
        asked.exchange,
        "The parts do not come in the order in which they were asked for.",
        expected="octets 1000-1009, then 0-9; one of them, or one part that spans both (RFC 9110 §15.3.7, §15.3.7.2)",
        observed="octets 0-9, then 1000-1009",
    )


@check(
    "range.egregious-sets-limited",
    statement="A set of a hundred ranges that all mean the whole file is not answered by a hundred copies.",
    why="One short request would make the server send, and perhaps hold in memory, a hundred times the file.",
    hint="Merge ranges that overlap, or ignore a set whose parts are longer together than the file.",
    example=(REQUEST.format("bytes=0-,0-,0-"), WHOLE, part_reply("bytes 0-11/12", "hello, world" * 3)),
    needs=("static-files",),
    requires=("range.partial-body-needs-206",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §17.15 only says what servers ought to do, so that it is never more than a warning; to ignore, "
    "to merge and to refuse are all accepted.",
)
def egregious(evidence: Evidence) -> Judgement:
    page = long_page(evidence)
    if page is None:
        return absent("no static file is long enough")
    control = evidence.get(page.target)
    exchange = evidence.get(page.target, [("Range", "bytes=" + ",".join(["0-"] * 100))])
    if control.response is None or not served(control) or exchange.status in OVERLOADED:
        return unclear(f"the file was not served: {describe(control)}; with Range: {describe(exchange)}")
    lawful = (
        f"{WHOLE_FILE}, 206 with the ranges merged (RFC 9110 §15.3.7.2), no more than twice the file, or a refusal "
        "of class 4 such as 400 or 416 (RFC 9110 §14.2, §15.5.17)"
    )
    message = "A hundred ranges that all mean the whole file are answered by copies of it."
    if exchange.response is None or exchange.status is None or exchange.status >= 500:
        return broken(exchange, "The server does not stand a hundred ranges.", expected=lawful)
    sent, most = len(exchange.response.body), 2 * len(control.response.body)
    if sent <= most:
        return passed(describe(exchange))
    observed = f"{sent} octets of a file of {len(control.response.body)}"
    return broken(exchange, message, expected=lawful, observed=observed)
