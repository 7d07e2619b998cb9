"""Range requests (RFC 9110 §14, RFC 2616 §14.16 and §14.35): what holds whether a server serves ranges or not.

Ignoring Range is always lawful, so 200 with the whole file passes everywhere. How the parts of a server that serves
them must look is not judged here.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.conditional import NO_FILE, NOT_FOUND, WHOLE, not_successes, refused_alike, served_whole
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import OVERLOADED, absent, broken, describe, first_of, passed, served, unclear, unharmed
from conformance.rule import Risk, Spec
from conformance.site import Page
from conformance.verdict import Judgement, Verdict

TEN = "bytes=0-9"
PAST_ALL_FILES = "bytes=18446744073709551616-18446744073709551620"  # 2 to the 64th is 0 in 64 bits
TO_FAR_END = "bytes=0-18446744073709551620"
PREMISES = ("range.partial-body-needs-206",)
"""A server that any Range throws off balance, or that sends parts as wholes, has that one fault."""

REQUEST = "GET /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\nRange: {}\r\n\r\n"
CRASH = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
PART = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello"


def _long_page(evidence: Evidence) -> Page | None:
    """A static file that is longer than the part asked for; the usual document if that is."""
    site = evidence.site
    if site.document is not None and len(site.document.content) > 10:
        return site.document
    fixed = [page for page in site.pages if page.kind != "program" and page != site.throwaway]
    return site.page(None, lambda p: p.plain and p in fixed and len(p.content) > 10)


def _ranged(evidence: Evidence, value: str, message: str, faults: tuple[int, ...]) -> Judgement:
    """Judge a GET whose Range may be ignored or refused, but not with one of ``faults``."""
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    return unharmed(evidence.get(page.target, [("Range", value)]), evidence.get(page.target), message, faults)


@check(
    "range.partial-body-needs-206",
    statement="A reply to a valid Range is 206 with the part, or 200 with the whole file.",
    why="Under status 200 the client takes ten octets for the whole file and keeps a damaged copy.",
    hint="Either ignore Range, or send the part with status 206 and a Content-Range field.",
    example=(
        REQUEST.format("bytes=0-2"),
        WHOLE,
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhel",
    ),
    needs=("static-files",),
    requires=("field.unknown-ignored",),
    risk=Risk.UNUSUAL,
)
def partial_needs_206(evidence: Evidence) -> Judgement:
    page = _long_page(evidence)
    if page is None:
        return absent("no file is longer than ten octets")
    control, exchange = evidence.get(page.target), evidence.get(page.target, [("Range", TEN)])
    if not served(control) or exchange.status in OVERLOADED:
        return unclear(f"the file was not served: {describe(control)}; with Range: {describe(exchange)}")
    lawful = "206 with the ten octets, or 200 with the whole file"
    if exchange.status == 206:
        return passed("the server serves ranges")
    if exchange.status != control.status:
        return broken(exchange, "A GET with a valid Range gets neither the part nor the file.", expected=lawful)
    if _length(exchange) < _length(control):
        return broken(
            exchange,
            "A part of the file is sent as if it were the whole.",
            expected=lawful,
            observed=f"status {exchange.status} with {_length(exchange)} of {_length(control)} octets",
        )
    return passed("the server ignores Range")


def _length(exchange: Exchange) -> int:
    return len(exchange.response.body) if exchange.response else 0


@check(
    "range.unknown-unit-ignored",
    statement="A Range in a unit that the server does not know is ignored.",
    why="Other units than bytes may be invented; until a server learns them, the whole file is the right answer.",
    hint='Honour Range only if its value begins with "bytes="; otherwise send the whole file.',
    example=(REQUEST.format("x-lines=1-2"), WHOLE, CRASH),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def unknown_unit(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    fields = [("Range", "x-unit-7f3a=1-2")]
    if evidence.get(page.target, fields).status == 416 and served(evidence.get(page.target)):
        return passed("416 is the answer to a unit that a server knows, but the text leaves room for it")
    return served_whole(evidence, fields, "A Range in an unknown unit is not ignored.")


@check(
    "range.invalid-spec-not-honoured",
    statement="A Range that is not valid is ignored or refused, never answered with a part.",
    why="A range that ends before it begins names no octets; whatever part comes, the client did not ask for it.",
    hint="Check that both positions are numbers and that the last is not below the first; if not, send the whole file.",
    example=(REQUEST.format("bytes=9-5"), WHOLE, CRASH),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def invalid_spec(evidence: Evidence) -> Judgement:
    message = "A Range that is not valid is neither ignored nor refused."
    backwards = _ranged(evidence, "bytes=9-5", message, (206,))
    if evidence.spec is Spec.RFC2616 and backwards.verdict is Verdict.PASS:
        # RFC 2616 leaves no choice where the last position is below the first (§14.35.1): the field is ignored.
        backwards = served_whole(evidence, [("Range", "bytes=9-5")], "A Range that ends before it begins counts.")
    return first_of([_ranged(evidence, "bytes=abc", message, (206,)), backwards])


@check(
    "range.large-positions-no-overflow",
    statement="Positions beyond every file, and beyond every machine word, are taken for what they are.",
    why="A number that wraps round selects other octets than asked for, or reads outside of the buffer.",
    hint="Compare the numbers with the file's size before you use them; in languages with fixed integers refuse what "
    "does not fit.",
    example=(REQUEST.format(PAST_ALL_FILES), WHOLE, PART),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def large_positions(evidence: Evidence) -> Judgement:
    message = "Very large positions in Range are not understood."
    beyond = _ranged(evidence, PAST_ALL_FILES, message, (206,))
    return first_of([beyond, _to_far_end(evidence, message)])


def _to_far_end(evidence: Evidence, message: str) -> Judgement:
    judgement = _ranged(evidence, TO_FAR_END, message, ())
    page = evidence.site.document
    if page is None or judgement.verdict is not Verdict.PASS:
        return judgement
    exchange, control = evidence.get(page.target, [("Range", TO_FAR_END)]), evidence.get(page.target)
    if exchange.status == 206 and _length(exchange) != _length(control):
        observed = f"206 with {_length(exchange)} of {_length(control)} octets"
        return broken(exchange, message, expected="all octets up to the end of the file", observed=observed)
    return judgement


@check(
    "range.only-if-reply-would-be-200",
    statement="Range counts only where the plain reply would be 200.",
    why="Ten octets of an error page help nobody, and 416 hides that the file is missing.",
    hint="Find out first whether the file exists; look at Range only for a reply of status 200.",
    example=(
        REQUEST.format(TEN).replace("notes", "missing"),
        NOT_FOUND,
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nnot ",
    ),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def only_if_success(evidence: Evidence) -> Judgement:
    message = "Range changes the answer to a request that is refused."
    return first_of(refused_alike(evidence, target, [("Range", TEN)], message) for target in not_successes(evidence))


@check(
    "range.content-range-in-get-ignored",
    statement="Content-Range in a GET is ignored.",
    why="It describes content that is sent, and a GET sends none; a client that wants a part asks with Range.",
    hint="Read Range, not Content-Range, to learn which part is wanted.",
    example=(REQUEST.replace("Range: {}", "Content-Range: bytes 0-1/2"), WHOLE, PART),
    requires=("field.unknown-ignored",),
    risk=Risk.UNUSUAL,
)
def content_range_in_get(evidence: Evidence) -> Judgement:
    return served_whole(evidence, [("Content-Range", "bytes 0-1/2")], "Content-Range in a GET is not ignored.")
