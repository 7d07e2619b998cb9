"""Which coding a server that codes may choose (RFC 9110 §8.4.1, §12.4.2, §12.5.3; RFC 2616 §3.5, §3.9, §14.3).

A server that never codes is asked nothing here. What codes at all is shown by ``Accept-Encoding: gzip``.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.accepted_codings import BASE, CODED, REQUEST
from conformance.checks.content_codings import GZIP
from conformance.checks.negotiation import NOT_ACCEPTABLE, PAGE
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import coded
from conformance.predicates import absent, advised, broken, describe, first_of, passed, served, unclear, unharmed
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

FORCED = "{}, identity;q=0"
REFUSED = (400, 406)


def _asked(evidence: Evidence, value: str) -> Exchange:
    """The text that comes coded, for a client with this Accept-Encoding."""
    return evidence.get(coded(evidence) or "/", [("Accept-Encoding", value)])


def _is_gzip(exchange: Exchange) -> bool:
    return exchange.response is not None and bool(GZIP.intersection(exchange.response.tokens("content-encoding")))


def _seen(exchange: Exchange) -> str:
    """What came, with its coding."""
    value = exchange.response.value("content-encoding") if exchange.response else None
    return f"{describe(exchange)}, {'without a coding' if value is None else f'Content-Encoding: {value}'}"


@check(
    "coding.q-zero-coding-not-used",
    statement="A coding that the client gives the weight 0 is not used.",
    why="q=0 is how a client says that it cannot undo this coding.",
    hint='Read the weight: it does not do to look whether "gzip" stands somewhere in the field.',
    example=(REQUEST.format("gzip;q=0"), PAGE, CODED),
    needs=("content-coding",),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="Often tested as a must. q=0 says not acceptable (RFC 9110 §12.4.2, RFC 2616 §3.9), but to send what is "
    "not acceptable is only advised against (RFC 9110 §12.5.3), and §12.4.1 lets a server disregard the field: a "
    "warning. Several servers only look for the word gzip.",
)
def q_zero(evidence: Evidence) -> Judgement:
    target = coded(evidence) or "/"
    if _is_gzip(evidence.get(target)) and _is_gzip(_asked(evidence, "identity")):
        return absent("the text comes in a coded form only")
    return first_of(
        _not_gzip(evidence, value) for value in ("gzip;q=0", "gzip;q=0, identity", "gzip; q=0.000, *;q=0.5")
    )


def _not_gzip(evidence: Evidence, value: str) -> Judgement:
    exchange = _asked(evidence, value)
    if not _is_gzip(exchange):
        message = f"Accept-Encoding: {value} is taken for an error."
        return unharmed(exchange, _asked(evidence, "gzip"), message, (400,), lawful="or 406 (RFC 9110 §12.4.1)")
    return broken(
        exchange,
        "The reply has the coding that the client excludes with q=0.",
        expected="no Content-Encoding or another coding (RFC 9110 §12.5.3), or 406 (RFC 9110 §12.4.1, RFC 2616 §14.3)",
        observed=_seen(exchange),
    )


@check(
    "coding.listed-coding-acceptable",
    statement="A coding that the client lists is acceptable, also where no other form is.",
    why="The server has what the client asks for: a 406 would be untrue.",
    hint="Look first whether a coding that you can make is listed with a weight above 0; only then think of 406.",
    example=(REQUEST.format(FORCED.format("gzip")), CODED, NOT_ACCEPTABLE),
    needs=("content-coding",),
    requires=BASE,
    risk=Risk.UNUSUAL,
    dispute="A server may disregard that the plain form is excluded (RFC 9110 §12.4.1), so the plain page passes, too. "
    "A 406 would be untrue, as the coded form exists and is acceptable (RFC 9110 §12.5.3).",
)
def listed_acceptable(evidence: Evidence) -> Judgement:
    exchange, control = _asked(evidence, FORCED.format("gzip")), _asked(evidence, "gzip")
    return unharmed(exchange, control, "The listed coding is refused where it is the only acceptable form.", REFUSED)


@check(
    "coding.names-case-insensitive",
    statement="Names of codings are recognised in any letter case.",
    why="GZIP and gzip name the same coding.",
    hint="Lower the names in Accept-Encoding before you compare them.",
    example=(REQUEST.format(FORCED.format("GZIP")), CODED, NOT_ACCEPTABLE),
    needs=("content-coding",),
    requires=(*BASE, "coding.listed-coding-acceptable", "coding.q-zero-coding-not-used"),
    risk=Risk.UNUSUAL,
)
def names_case(evidence: Evidence) -> Judgement:
    message = "A coding in capitals is taken for one that the server does not have."
    tried = [
        unharmed(_asked(evidence, value), _asked(evidence, value.lower()), message, REFUSED)
        for value in ("GZIP", FORCED.format("GZIP"))
    ]
    judgement = first_of(tried)
    return judgement if judgement.verdict is not Verdict.PASS else _excluded_in_capitals(evidence)


def _excluded_in_capitals(evidence: Evidence) -> Judgement:
    """Judged mildly: the text only would rather not have an excluded coding used."""
    exchange = _asked(evidence, "*, GZIP;q=0")
    if _is_gzip(_asked(evidence, "*, gzip;q=0")) or not _is_gzip(exchange):
        return passed()
    return advised(
        exchange,
        "gzip is excluded by its name in capitals, and is used.",
        expected="no gzip, as for gzip;q=0",
        observed=_seen(exchange),
    )


@check(
    "coding.x-gzip-alias",
    statement="x-gzip in Accept-Encoding is another name of gzip.",
    why="Old clients know the coding by this name only.",
    hint="Look for both names; answer with Content-Encoding: gzip.",
    example=(REQUEST.format(FORCED.format("x-gzip")), CODED, PAGE),
    needs=("content-coding",),
    requires=(*BASE, "coding.listed-coding-acceptable"),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §8.4.1.3 and RFC 2616 §3.5 advise to take the names for the same; many servers know gzip alone. "
    "Judged only where the server codes when nothing else is acceptable: relative weights are preferences.",
)
def x_gzip(evidence: Evidence) -> Judgement:
    control, exchange = (_asked(evidence, FORCED.format(name)) for name in ("gzip", "x-gzip"))
    if not served(control) or not _is_gzip(control):
        return absent("an excluded identity does not make the server code, so that the alias cannot show")
    judgement = unharmed(exchange, control, "x-gzip is not taken for gzip.", REFUSED)
    if judgement.verdict is not Verdict.PASS or _is_gzip(exchange):
        return judgement
    if not served(exchange):
        return unclear(f"the page was not sent: {describe(exchange)}")
    return broken(
        exchange, "x-gzip is not taken for gzip.", expected="a gzip coding, as for gzip", observed=_seen(exchange)
    )
