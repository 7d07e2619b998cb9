"""How a multipart is built (RFC 9110 §8.3.3, §14.6; RFC 2616 §3.7.2, §19.2): boundaries, lines, heads of its parts."""

from __future__ import annotations

from conformance.byteranges import boundary_of, is_multipart
from conformance.check import check
from conformance.checks.multipart_ranges import ASK, BOUND, FIRST, GOOD, HEAD, NAMED, PARSED, SECOND
from conformance.checks.partial import TWO, ask, long_page, several
from conformance.evidence import Evidence
from conformance.predicates import absent, broken, passed
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement


@check(
    "media-type.multipart-boundary",
    statement="A multipart type names its boundary, and the body uses it.",
    why="Without the boundary nobody can find where a part begins.",
    hint='Send "Content-Type: multipart/byteranges; boundary=x", and "--x" in a line of its own before each part.',
    example=(ASK, GOOD, GOOD.replace("; boundary=x", "")),
    needs=("ranges",),
    requires=NAMED,
    risk=Risk.UNUSUAL,
)
def boundary(evidence: Evidence) -> Judgement:
    asked = ask(evidence, long_page(evidence), TWO)
    if isinstance(asked, Judgement):
        return asked
    field = asked.response.field("content-type")
    if field is None or not is_multipart(field.value):
        return absent("several ranges are not answered by several parts")
    named = boundary_of(field.value)
    if named and asked.parts:
        return passed()
    return broken(
        asked.exchange,
        "The boundary of a multipart is not the one in its body." if named else "A multipart names no boundary.",
        expected="a boundary parameter, and lines that begin with two hyphens and its value",
        observed=f"Content-Type: {field.value}",
        span=field.span,
    )


@check(
    "media-type.multipart-crlf",
    statement="The lines of a multipart that are not content end with CRLF.",
    why="A strict client finds no boundary in a line that LF alone ends.",
    hint=r'Write "\r\n" before and after each boundary, and after each line of the heads of the parts.',
    example=(ASK, GOOD, f"{HEAD}{(FIRST + SECOND).replace(chr(13), '')}--x--\r\n"),
    needs=("ranges",),
    requires=BOUND,
    risk=Risk.UNUSUAL,
)
def crlf(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    bare = asked.multipart.bare if asked.multipart is not None else None
    if bare is None:
        return passed()
    shown = bare[:60].decode("latin-1")
    message = "A line of a multipart does not end with CRLF."
    return broken(asked.exchange, message, expected="CRLF", observed=f"LF alone beside the line {shown!r}")


@check(
    "range.multipart-syntax",
    statement="Each part of a multipart has a head that an empty line ends, and the last boundary closes it.",
    why="The client knows by the closing boundary that it has got everything.",
    hint='End with a line "--boundary--", and put an empty line between the head of each part and its octets.',
    example=(ASK, GOOD, f"{HEAD}{FIRST}{SECOND}"),
    needs=("ranges",),
    requires=(*BOUND, "media-type.multipart-crlf"),
    risk=Risk.UNUSUAL,
)
def syntax(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    for part in asked.parts:
        if part.stray is not None or not part.headed:
            observed = f"the line {part.stray[:60].decode('latin-1')!r}" if part.stray is not None else "no empty line"
            lawful = "fields, then an empty line"
            return broken(asked.exchange, "The head of a part cannot be read.", expected=lawful, observed=observed)
    if asked.multipart is not None and asked.multipart.closed:
        return passed()
    lawful = "the boundary with two hyphens before and after it, as the last line"
    observed = f"{len(asked.parts)} parts and no such line"
    return broken(asked.exchange, "A multipart is not closed.", expected=lawful, observed=observed)


@check(
    "media-type.multipart-no-epilogue",
    statement="Nothing follows the closing boundary of a multipart.",
    why="By RFC 2616 the closing boundary could end a message, so that what follows it belonged to the next one.",
    hint="Stop after the CRLF that ends the closing boundary.",
    example=(ASK, GOOD, f"{GOOD}\r\nThat was all.\r\n"),
    needs=("ranges",),
    requires=PARSED,
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="Forbidden by RFC 2616 §3.7.2; RFC 9110 §8.3.3 no longer says so, and a breach is reported only where RFC "
    "2616 alone is the measure. The CRLF after the last boundary is no epilogue.",
)
def no_epilogue(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    epilogue = asked.multipart.epilogue if asked.multipart is not None else b""
    if not epilogue:
        return passed()
    message = "Something follows the closing boundary of a multipart."
    return broken(asked.exchange, message, expected="nothing (RFC 2616 §3.7.2)", observed=f"{len(epilogue)} octets")


@check(
    "media-type.no-te-in-body-parts",
    statement="The head of a part has no Transfer-Encoding.",
    why="A transfer coding belongs to a message on its way; a part is no message.",
    hint="Put Content-Type and Content-Range into the head of a part, and no copy of the other fields.",
    example=(ASK, GOOD, GOOD.replace("Content-Range", "Transfer-Encoding: chunked\r\nContent-Range")),
    needs=("ranges",),
    requires=PARSED,
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="Forbidden by RFC 2616 §14.15 only, and reported where it alone is the measure.",
)
def no_transfer_coding(evidence: Evidence) -> Judgement:
    asked = several(evidence)
    if isinstance(asked, Judgement):
        return asked
    value = next((v for part in asked.parts if (v := part.value("transfer-encoding")) is not None), None)
    if value is None:
        return passed()
    message = "A part of a multipart has a transfer coding."
    return broken(
        asked.exchange, message, expected="no such field (RFC 2616 §14.15)", observed=f"Transfer-Encoding: {value}"
    )
