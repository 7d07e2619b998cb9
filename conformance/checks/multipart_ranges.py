"""Several ranges in one reply: multipart/byteranges (RFC 9110 §14.6, §15.3.7.2; RFC 2616 §19.2, §4.4).

Several ranges may also be answered by the whole file, by one of them, or by one that spans them.
"""

from __future__ import annotations

from conformance.byteranges import is_multipart, read_place
from conformance.check import check
from conformance.checks.partial import (
    PLACED,
    REQUEST,
    SINGLE,
    TWO,
    ask,
    contents,
    long_page,
    same_type,
    several,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, advised, broken, first_of, is_framed, passed, status_span
from conformance.rule import Risk
from conformance.verdict import Judgement

ASK = REQUEST.format("bytes=0-1,1000-1001")
HEAD = "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n"
FIRST = "--x\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/2000\r\n\r\nhe\r\n"
SECOND = "--x\r\nContent-Type: text/plain\r\nContent-Range: bytes 1000-1001/2000\r\n\r\nwo\r\n"
GOOD = f"{HEAD}{FIRST}{SECOND}--x--\r\n"
MEASURED = GOOD.replace("\r\n\r\n", f"\r\nContent-Length: {len(GOOD) - len(HEAD)}\r\n\r\n", 1)

NAMED = (*SINGLE, "range.206-content-length", "range.several-parts-multipart")
BOUND = (*NAMED, "media-type.multipart-boundary")
PARSED = (*BOUND, "media-type.multipart-crlf", "range.multipart-syntax")


@check(
    "range.several-parts-multipart",
    statement="Several parts go as multipart/byteranges, one part under its own Content-Range.",
    why="Pieces that are joined in one plain body cannot be told apart.",
    hint="If you serve one range at a time only, send one of them with its Content-Range, or the whole file with 200.",
    example=(ASK, GOOD, "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\n\r\nhewo"),
    needs=("ranges",),
    requires=(*PLACED, "range.206-content-length", "range.206-body-matches-content-range"),
    risk=Risk.UNUSUAL,
)
def several_parts(evidence: Evidence) -> Judgement:
    asked = ask(evidence, long_page(evidence), TWO)
    if isinstance(asked, Judgement):
        return asked
    if is_multipart(asked.response.value("content-type")):
        return passed("several parts came")
    lawful = "multipart/byteranges (RFC 9110 §15.3.7.2, RFC 2616 §14.16), or the octets that Content-Range names (RFC "
    lawful += "9110 §15.3.7.1)"
    value = asked.response.value("content-range")
    place = read_place(value)
    if value is None:
        observed = f"Content-Type: {asked.response.value('content-type')}, and no Content-Range"
        return broken(asked.exchange, "Parts are sent without saying which.", expected=lawful, observed=observed)
    if place is None or asked.response.body == place.octets(asked.whole):
        return passed("one part came")
    observed = f"{len(asked.response.body)} octets that are not those of {value}"
    return broken(asked.exchange, "The octets are not those of one range.", expected=lawful, observed=observed)


@check(
    "range.multipart-no-top-content-range",
    statement="A reply of several parts has no Content-Range in its own head.",
    why="A client that sees one takes the whole multipart for the octets of that range.",
    hint="Put Content-Range into the head of each part only.",
    example=(ASK, GOOD, GOOD.replace("\r\n\r\n--x", "\r\nContent-Range: bytes 0-1001/2000\r\n\r\n--x", 1)),
    needs=("ranges",),
    requires=NAMED,
    risk=Risk.UNUSUAL,
)
def no_top_range(evidence: Evidence) -> Judgement:
    asked = ask(evidence, long_page(evidence), TWO)
    if isinstance(asked, Judgement):
        return asked
    if not is_multipart(asked.response.value("content-type")):
        return absent("several ranges are not answered by several parts")
    field = asked.response.field("content-range")
    if field is None:
        return passed()
    return broken(
        asked.exchange,
        "A reply of several parts has a Content-Range of its own.",
        expected="Content-Range in each part, and none beside multipart/byteranges (RFC 9110 §15.3.7.2)",
        observed=f"Content-Range: {field.value}",
        span=field.span,
    )


@check(
    "range.multipart-part-headers",
    statement="Each part says in its Content-Range which octets it carries, and carries just these.",
    why="The client puts the octets where the Content-Range of their part says.",
    hint='Write "Content-Range: bytes first-last/length" into the head of each part.',
    example=(ASK, GOOD, GOOD.replace("Content-Range: bytes 0-1/2000\r\n", "")),
    needs=("ranges",),
    requires=(*PARSED, *PLACED),
    risk=Risk.UNUSUAL,
)
def part_headers(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    for value, content in contents(asked):
        place = read_place(value)
        if place is None or content != place.octets(asked.whole):
            return broken(
                asked.exchange,
                "A part does not carry the octets that it names." if value else "A part does not say what it carries.",
                expected="in each part a Content-Range, and after its head the octets that it names",
                observed=f"Content-Range: {value}, and {len(content)} octets" if value else "no Content-Range field",
            )
    return passed()


@check(
    "range.multipart-part-content-type",
    rows=("2616-14.16-multipart-part-headers", "9110-15.3.7.2-206-part-content-type"),
    statement="Each part has the Content-Type that the whole file would have.",
    why="The type of the reply is multipart/byteranges, so that of the file has no other place.",
    hint="Write the Content-Type of the file into the head of each part.",
    example=(ASK, GOOD, GOOD.replace("Content-Type: text/plain\r\n", "")),
    needs=("ranges",),
    requires=PARSED,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §19.2 says that each part has a type, without a key word, and it is lawful to know none; RFC "
    "9110 §15.3.7.2 advises to repeat that of the 200. So it is a warning, and nothing where the 200 has no "
    "type.",
)
def part_content_type(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    wanted = asked.control.value("content-type")
    if wanted is None:
        return absent("the file has no Content-Type")
    other = [given for part in asked.parts if not same_type(given := part.value("content-type"), wanted)]
    if not other:
        return passed()
    message = "A part does not have the type of the file."
    observed = "no Content-Type field" if other[0] is None else f"Content-Type: {other[0]}"
    return advised(asked.exchange, message, expected=f"Content-Type: {wanted}", observed=observed)


@check(
    "range.multipart-delimited-by-length-or-close",
    statement="Several parts sent to an HTTP/1.0 client, or through such a proxy, have a length, or end by close.",
    why="They do not know that a boundary could end a message, and wait.",
    hint="Send Content-Length with every multipart; the sizes of its parts are known.",
    example=(
        ASK.replace("Range:", "Via: 1.0 proxy\r\nRange:"),
        MEASURED,
        GOOD,
    ),
    needs=("ranges",),
    requires=NAMED,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §4.4 lets a multipart end itself by its last boundary, but not on a way through HTTP/1.0; RFC "
    "9112 §6.3 knows no such end at all. Any other end of a message passes.",
)
def delimited(evidence: Evidence) -> Judgement:
    page = long_page(evidence)
    if page is None:
        return absent("no static file is long enough")
    ranged = ("Range", TWO)
    behind = evidence.get(page.target, [("Via", "1.0 proxy.example"), ranged])
    return first_of([_ends(behind), _ends(evidence.get(page.target, [ranged], version="HTTP/1.0"))])


def _ends(exchange: Exchange) -> Judgement:
    response = exchange.response
    if response is None or response.status != 206 or not is_multipart(response.value("content-type")):
        return absent("several ranges are not answered by several parts")
    if is_framed(response) or exchange.peer_ended:
        return passed()
    return broken(
        exchange,
        "Nothing tells where a reply of several parts ends.",
        expected="Content-Length, chunks, or the end of the connection (RFC 9112 §6.3, RFC 2616 §4.4)",
        observed="neither, while the connection stays open",
        span=status_span(response),
    )
