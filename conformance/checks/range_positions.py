"""Which octets a range selects (RFC 9110 §14.1, §14.2; RFC 2616 §14.35): counting, ends, suffixes, what is beyond.

A server may send less than was asked for, so what comes is compared with Content-Range, and that with the request.
"""

from __future__ import annotations

from conformance import exemplars
from conformance.byteranges import read_place
from conformance.check import check
from conformance.checks.conditional import DAY, control_of, last_modified
from conformance.checks.partial import (
    LAST_FIVE,
    REQUEST,
    SINGLE,
    TEN,
    TRUE_PART,
    UNSATISFIABLE,
    WHOLE_FILE,
    document,
    part_reply,
    with_place,
)
from conformance.evidence import Evidence
from conformance.grammar import ENTITY_TAG, format_date
from conformance.predicates import (
    OVERLOADED,
    absent,
    advised,
    broken,
    describe,
    first_of,
    passed,
    unclear,
)
from conformance.rule import Risk
from conformance.verdict import Judgement

GOOD = part_reply("bytes 0-4/12", "hello")
ZIPPED = (("Accept-Encoding", "gzip"), ("Accept", "*/*"))


def _length(evidence: Evidence) -> int:
    page = document(evidence)
    return len(page.content) if page is not None else 0


@check(
    "range.positions-inclusive-from-zero",
    statement="Positions in Range count from zero, and both ends belong to the range.",
    why="bytes=0-0 asks for the first octet; a server that counts otherwise shifts every part by one.",
    hint="Add one to the last position before you use it as the end of a slice.",
    example=(REQUEST.format("bytes=0-0"), part_reply("bytes 0-0/12", "h"), part_reply("bytes 0-0/12", "")),
    needs=("ranges",),
    requires=TRUE_PART,
    risk=Risk.UNUSUAL,
)
def inclusive(evidence: Evidence) -> Judgement:
    message = "A range does not select the octets from its first to its last position."
    return first_of([with_place(evidence, f"bytes={a}-{b}", a, b, message) for a, b in ((0, 0), (1, 3))])


@check(
    "range.end-clamped-to-length",
    statement="Without a last position, or with one beyond the end, a range goes to the end of the file.",
    why="Clients that resume a download do not always know its length, and may ask for more than there is.",
    hint="Take len(content) - 1 if the last position is missing or larger than that.",
    example=(REQUEST.format("bytes=7-"), part_reply("bytes 7-11/12", "world"), UNSATISFIABLE.format(12)),
    needs=("ranges",),
    requires=TRUE_PART,
    risk=Risk.UNUSUAL,
    dispute="Some suites and servers answer 416 if the last position is beyond the end. By RFC 9110 §14.1.2 and RFC "
    "2616 §14.35.1 it then stands for the end, so that the range can be met, and 416 goes against advice: a "
    "warning.",
)
def clamped(evidence: Evidence) -> Judgement:
    length = _length(evidence)
    message = "A range that goes to the end of the file, or beyond, is not understood."
    return first_of(
        with_place(evidence, f"bytes={length - 5}-{last}", length - 5, length - 1, message)
        for last in ("", length + 99)
    )


@check(
    "range.suffix-is-last-octets",
    statement="A range without first position selects so many octets at the end; all, if there are fewer.",
    why="Archives and films have their index at the end, and clients fetch it by a suffix.",
    hint='Read "-5" as content[-5:], and take the whole file if it is shorter than that.',
    example=(REQUEST.format("bytes=-5"), part_reply("bytes 7-11/12", "world"), part_reply("bytes 0-5/12", "hello ")),
    needs=("ranges",),
    requires=TRUE_PART,
    risk=Risk.UNUSUAL,
    dispute="Some servers answer 416 to a suffix longer than the file. By RFC 9110 §14.1.2 and RFC 2616 §14.35.1 it "
    "selects the whole file, so that 416 goes against advice: a warning.",
)
def suffix(evidence: Evidence) -> Judgement:
    length = _length(evidence)
    message = "A suffix does not select the last octets of the file."
    return first_of(
        [
            with_place(evidence, LAST_FIVE, length - 5, length - 1, message),
            with_place(evidence, f"bytes=-{length + 100}", 0, length - 1, message),
        ]
    )


@check(
    "range.unit-case-insensitive",
    statement="The unit of a range is recognised in either case.",
    why="Names of units know no case; Bytes=0-9 asks for the same octets as bytes=0-9.",
    hint="Turn the unit into lower case before you compare it.",
    example=(REQUEST.format("Bytes=0-4"), GOOD, UNSATISFIABLE.format(12)),
    needs=("ranges",),
    requires=TRUE_PART,
    risk=Risk.UNUSUAL,
    dispute="Many servers compare the unit letter by letter. Units know no case by RFC 9110 §14.1, and literals of "
    "the grammar none by RFC 2616 §2.1. Who refuses Bytes=0-9 and serves bytes=0-9 therefore fails; 200 is a "
    "warning, since any Range may be ignored (RFC 9110 §14.2), though hardly for its capital letter.",
)
def unit_case(evidence: Evidence) -> Judgement:
    page = document(evidence)
    if page is None or evidence.get(page.target, [("Range", TEN)]).status != 206:
        return absent("no part came to the control request")
    message = "The unit of a range counts in small letters only."
    lawful = "206, as for bytes=0-9 (RFC 9110 §14.1); ignoring Range is allowed (RFC 9110 §14.2), though not for this"
    exchange = evidence.get(page.target, [("Range", "Bytes=0-9")])
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == 206:
        return passed()
    return (advised if exchange.status == 200 else broken)(exchange, message, expected=lawful)


@check(
    "range.with-true-condition",
    statement="With a condition that holds, a range is served as without it.",
    why="The condition has done its work when it is found true; the range still tells what is wanted.",
    hint="Evaluate the conditions first; if none of them ends the request, go on to Range.",
    example=(
        REQUEST.format("bytes=0-4\r\nIf-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT"),
        GOOD,
        "HTTP/1.1 304 Not Modified\r\n\r\n",
    ),
    needs=("ranges", "conditional"),
    requires=(*SINGLE, "conditional.ims-modified-full-reply"),
    risk=Risk.UNUSUAL,
)
def with_true_condition(evidence: Evidence) -> Judgement:
    page, modified = evidence.site.document, last_modified(control_of(evidence))
    if page is None or modified is None or modified < DAY:
        return absent("the file has no Last-Modified to be asked about")
    if evidence.get(page.target, [("Range", TEN)]).status != 206:
        return absent("no part came to the control request")
    exchange = evidence.get(page.target, [("Range", TEN), ("If-Modified-Since", format_date(modified - DAY))])
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status in (200, 206):
        return passed(describe(exchange))
    message = "A range with a condition that holds is not served."
    lawful = f"206, as without the condition (RFC 9110 §14.2, RFC 2616 §14.35.2), or {WHOLE_FILE}"
    return broken(exchange, message, expected=lawful)


@check(
    "range.positions-count-coded-octets",
    statement="In a compressed reply positions count the compressed octets.",
    why="The client joins the parts and then decompresses them; octets of the plain file in between spoil it.",
    hint="Compress first and take the part from the result, or send parts of the plain file without Content-Encoding.",
    example=(
        REQUEST.format("bytes=0-4\r\nAccept-Encoding: gzip"),
        GOOD,
        GOOD.replace("Content-Range", "Content-Encoding: gzip\r\nContent-Range"),
    ),
    needs=("ranges", "content-coding"),
    requires=TRUE_PART,
    risk=Risk.UNUSUAL,
)
def coded_octets(evidence: Evidence) -> Judgement:
    target = exemplars.coded(evidence)
    if target is None:
        return absent("nothing comes compressed")
    whole, again = (evidence.get(target, ZIPPED[:n]).response for n in (1, 2))
    exchange = evidence.get(target, [*ZIPPED[:1], ("Range", TEN)])
    tag, part = whole.value("etag") if whole else None, exchange.response
    if whole is None or again is None or part is None or part.status != 206 or not part.field("content-encoding"):
        return absent(f"no part of a compressed reply came: {describe(exchange)}")
    if tag is None or not ENTITY_TAG.fullmatch(tag) or tag.startswith("W/") or part.value("etag") != tag:
        return absent("no strong ETag tells that the part is of the compressed reply")
    place = read_place(part.value("content-range"))
    if place is None or again.body != whole.body:
        return unclear("the compressed reply is not the same each time, or the part does not say its place")
    if part.body == place.octets(whole.body):
        return passed()
    return broken(
        exchange,
        "A part of a compressed reply is not made of its octets.",
        expected=f"octets {place.first} to {place.last} of the reply with the same ETag (RFC 9110 §14.1.2)",
        observed="other octets",
    )
