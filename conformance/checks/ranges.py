"""Range requests (RFC 9110 §14, RFC 2616 §14.16 and §14.35): what holds whether a server serves ranges or not.

Ignoring Range is always lawful, so 200 with the whole file passes everywhere. What parts are like is judged elsewhere.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.conditional import NO_FILE, NOT_FOUND, WHOLE, not_successes, refused_alike, served_whole
from conformance.checks.controls import closed_unanswered
from conformance.checks.partial import BEYOND, CRASH, MET_416, REQUEST, TEN, WHOLE_FILE, document
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    advised,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    unclear,
    unharmed,
)
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement, Verdict

PAST_ALL_FILES = "bytes=18446744073709551616-18446744073709551620"  # 2 to the 64th is 0 in 64 bits
TO_FAR_END = "bytes=0-18446744073709551620"
PREMISES = ("range.partial-body-needs-206",)
"""A server that any Range throws off balance, or that sends parts as wholes, has that one fault."""

PART = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello"


def _ranged(evidence: Evidence, value: str, message: str, lawful: str) -> Judgement:
    """Judge a GET whose Range may be ignored or refused, but draws neither a part nor an error of class 5."""
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    exchange = evidence.get(page.target, [("Range", value)])
    return unharmed(exchange, evidence.get(page.target), message, (206,), lawful=lawful)


@check(
    "range.partial-body-needs-206",
    also=("range.satisfiable-gets-206",),
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
    dispute="Some suites want 206. Both editions let a server ignore Range (RFC 9110 §14.2, RFC 2616 §14.35.2), so "
    "200 with the whole file is as good. 416 to a range that can be met goes against advice only, and is a "
    "warning.",
)
def partial_needs_206(evidence: Evidence) -> Judgement:
    page = document(evidence)
    if page is None:
        return absent("no file is longer than ten octets")
    control, exchange = evidence.get(page.target), evidence.get(page.target, [("Range", TEN)])
    if not served(control) or exchange.status in OVERLOADED:
        return unclear(f"the file was not served: {describe(control)}; with Range: {describe(exchange)}")
    message = "A GET with a valid Range gets neither the part nor the file."
    lawful = f"206 with the ten octets (RFC 9110 §14.2, RFC 2616 §14.35.2), or {WHOLE_FILE}"
    if exchange.status == 206:
        return passed("the server serves ranges")
    if exchange.status == 416:
        return advised(exchange, message, expected=f"{lawful}; {MET_416}")
    if exchange.status != control.status:
        return broken(exchange, message, expected=lawful)
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
    dispute="RFC 9110 §14.2 has a unit ignored that the server does not understand, but advises 416 for one that does "
    "not suit the file; by RFC 2616 §3.12 it may be ignored. So 416 is a warning; any other refusal, or a "
    "part, fails.",
)
def unknown_unit(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    fields, message = [("Range", "x-unit-7f3a=1-2")], "A Range in an unknown unit is not ignored."
    exchange = evidence.get(page.target, fields)
    if exchange.status == 416 and served(evidence.get(page.target)):
        lawful = "200 with the whole file (RFC 9110 §14.2); 416 there is for a unit that the server knows"
        return advised(exchange, message, expected=lawful)
    return served_whole(evidence, fields, message)


@check(
    "range.invalid-spec-not-honoured",
    statement="A Range that is not valid is ignored or refused, never answered with a part.",
    why="A range that ends before it begins names no octets; whatever part comes, the client did not ask for it.",
    hint="Check that both positions are numbers and that the last is not below the first; if not, send the whole file.",
    example=(REQUEST.format("bytes=9-5"), WHOLE, CRASH),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="A range that ends before it begins is ignored by RFC 2616 §14.35.1, ignored or rejected by RFC 9110 "
    "§14.2. So 200, 400 and 416 are accepted, and by RFC 2616 alone 200 only. A close without an answer (RFC "
    "9112 §9.5) rejects it as well, but tells the client nothing: a warning.",
)
def invalid_spec(evidence: Evidence) -> Judgement:
    message = "A Range that is not valid is neither ignored nor refused."
    backwards = _invalid(evidence, "bytes=9-5", message)
    if evidence.spec is Spec.RFC2616 and backwards.verdict is not Verdict.FAIL:
        # RFC 2616 leaves no choice where the last position is below the first (§14.35.1): the field is ignored.
        backwards = served_whole(evidence, [("Range", "bytes=9-5")], "A Range that ends before it begins counts.")
    return first_of([_invalid(evidence, "bytes=abc", message), backwards])


def _invalid(evidence: Evidence, value: str, message: str) -> Judgement:
    page = evidence.site.document
    lawful = "Range ignored (RFC 9110 §14.2, RFC 2616 §14.35.1), or refused by 400 or 416 (RFC 9110 §14.2)"
    exchange = evidence.get(page.target, [("Range", value)]) if page and served(evidence.get(page.target)) else None
    if exchange is not None and closed_unanswered(exchange):
        return advised(exchange, "A Range that is not valid gets no answer.", expected=lawful)
    return _ranged(evidence, value, message, f"{lawful} or otherwise (RFC 9110 §15.5)")


@check(
    "range.large-positions-no-overflow",
    statement="Positions beyond every file, and beyond every machine word, are taken for what they are.",
    why="A number that wraps round selects other octets than asked for, or reads outside of the buffer.",
    hint="Compare the numbers with the file's size before you use them; in languages with fixed integers refuse what "
    "does not fit.",
    example=(REQUEST.format(PAST_ALL_FILES), WHOLE, PART),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="By its meaning a last position beyond the end stands for the end (RFC 9110 §14.1.2). Who refuses a "
    "number that he cannot hold has no overflow, and goes against the advice to send 206 (RFC 9110 §14.2): a "
    "warning.",
)
def large_positions(evidence: Evidence) -> Judgement:
    message = "Very large positions in Range are not understood."
    lawful = "Range ignored (RFC 9110 §14.2, RFC 2616 §14.35.2), or refused by 416 (RFC 9110 §14.2, RFC 2616 §14.35.1)"
    return first_of([_ranged(evidence, PAST_ALL_FILES, message, lawful), _to_far_end(evidence, message)])


def _to_far_end(evidence: Evidence, message: str) -> Judgement:
    """Compare a last position that no word can hold with one that is merely beyond the end."""
    page = document(evidence)
    if page is None:
        return absent(NO_FILE)
    whole, near = evidence.get(page.target), evidence.get(page.target, [("Range", BEYOND)])
    exchange = evidence.get(page.target, [("Range", TO_FAR_END)])
    lawful = f"206 up to the end of the file (RFC 9110 §14.1.2), or {WHOLE_FILE}"
    judgement = unharmed(exchange, whole, message, (), lawful=lawful)
    if judgement.verdict is not Verdict.PASS or near.status != 206 or _length(near) != _length(whole):
        return judgement
    if exchange.status == 206 and not same_answer(exchange, near):
        observed = f"206 with {_length(exchange)} of {_length(whole)} octets"
        return broken(exchange, message, expected=lawful, observed=observed)
    return judgement if exchange.status in (200, 206) else advised(exchange, message, expected=f"{lawful}; {MET_416}")


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


@check(
    "range.ignored-unless-get",
    statement="HEAD with a Range is answered like HEAD without it.",
    why="Only GET is defined to send parts; clients ask with HEAD for the length of the whole file.",
    hint="Look at Range only if the method is GET.",
    example=(
        REQUEST.format(TEN).replace("GET", "HEAD"),
        "HTTP/1.1 200 OK\r\nContent-Length: 382\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/382\r\nContent-Length: 10\r\n\r\n",
    ),
    requires=PREMISES,
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §14.2 defines Range for GET only, and has it ignored elsewhere. By RFC 2616 §9.4 HEAD is "
    "answered as GET would be, thus also by 206. So 206 is reported only where RFC 9110 alone is the measure.",
)
def ignored_in_head(evidence: Evidence) -> Judgement:
    page = document(evidence)
    if page is None:
        return absent(NO_FILE)
    control = evidence.get(page.target, method="HEAD")
    if control.response is None or control.status != 200:
        return absent(f"HEAD of the file is not served: {describe(control)}")
    exchange = evidence.get(page.target, [("Range", TEN)], method="HEAD")
    if exchange.response is None or exchange.status in OVERLOADED:
        return unclear(f"HEAD with Range: {describe(exchange)}")
    message = "HEAD with a Range is not answered like HEAD without it."
    lawful = "200 with the length of the whole file (RFC 9110 §14.2)"
    if exchange.status != 200:
        return broken(exchange, message, expected=lawful)
    part, length = exchange.response.field("content-range"), exchange.response.field("content-length")
    whole = control.response.value("content-length")
    other = part or (length if length is not None and whole not in (None, length.value) else None)
    if other is None:
        return passed()
    return broken(exchange, message, expected=lawful, observed=f"{other.name}: {other.value}", span=other.span)
