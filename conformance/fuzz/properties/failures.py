"""What an odd request may draw, whatever else it may: neither the page of another name, nor the failure of the server.

A page is told by its octets, beside a plain request for it and one for what is not there (RFC 3986 §2.2, §2.4). A
500 says that the server has come upon something that nobody had thought of (RFC 9110 §15.6.1): it is judged only for
the rules that ask for a refusal, or for an answer, of requests that anybody may send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from conformance.fuzz.example import Fate
from conformance.fuzz.mutations.framed import FOLLOWING, Behind
from conformance.fuzz.mutations.other_names import OTHER_NAMES
from conformance.fuzz.properties.case import Breach, Case, usable
from conformance.predicates import found, served, status_span
from conformance.response import Response
from conformance.site import MISSING

FAILURE = 500
FOLD = re.compile(rb"\r\n[ \t]+")
HARMLESS = "a query of letters"
"""What no server has a reason to call malformed, though it may be the name of nothing."""
NEVER_FAILED = frozenset(
    {
        "field.fold-refused-or-joined",
        "field.nul-cr-in-value-rejected",
        "host.valid-value-accepted",
        "limits.header-too-large-4xx",
        "limits.target-too-long-414",
        "message.bare-cr-rejected-or-space",
        "message.undefined-body-ignored",
        "method.too-long-501",
        "method.unknown-501",
        "options.asterisk-server-wide",
        "range.206-body-matches-content-range",
        "range.end-clamped-to-length",
        "range.invalid-spec-not-honoured",
        "range.large-positions-no-overflow",
        "range.suffix-is-last-octets",
        "range.unknown-unit-ignored",
        "request-line.extra-whitespace-tolerated",
        "target.absolute-empty-path-is-root",
        "target.invalid-uri-rejected",
        "target.origin-form-accepted",
    }
)
"""Rules whose fixed checks take a 500 for a failure."""

OTHER_METHODS = frozenset({"an unknown method", "a method with an octet too many"})


def mistaken(case: Case) -> Iterator[Breach]:
    """What names something else, or asks for something else, does not draw the page."""
    answer, example = case.answer, case.example
    if case.name not in OTHER_NAMES | OTHER_METHODS or answer is None or not answer.ok or not answer.complete:
        return
    page = case.control.response
    if page is None or not usable(page) or not page.ok or not page.body or answer.body != page.body:
        return
    if case.name in OTHER_METHODS:
        message = f"A method that is not GET ({case.name}) draws the page."
        yield _breach(case, message, "501, 405, or another refusal (RFC 9110 §9.1, RFC 2616 §5.1.1)", answer)
        return
    nothing = case.controls.answer(replace(example.plain, target=MISSING.encode("latin-1"))).response
    if nothing is None or (nothing.ok and nothing.body == page.body):
        return
    message = f"A target that names something else ({case.name}) draws the page."
    expected = "404, or another refusal: what is escaped is a part of the name (RFC 3986 §2.2, §2.4, §7.3)"
    yield _breach(case, message, expected, answer)


def failing(case: Case) -> Iterator[Breach]:
    """A request for a page does not make the server fail, where a good one is served."""
    answer, example = case.answer, case.example
    wrong = (400, FAILURE) if case.name == HARMLESS else (FAILURE,)
    if answer is None or answer.status not in wrong or example.fate is not Fate.EITHER:
        return
    if example.mutation.rule not in NEVER_FAILED or example.plain.method != b"GET" or not served(case.control):
        return
    if (example.before or example.after) and not _ends_surely(case.name):
        return
    if served(case.controls.afresh(example.plain)) and not _fails_with_any_query(case) and not _fails_unfolded(case):
        done = "is refused" if answer.status == 400 else "makes the server fail"
        message = f"An odd request ({case.name}) {done}."
        yield _breach(case, message, "an answer, or a refusal of the client's class (RFC 9110 §15.5)", answer)


def _ends_surely(name: str) -> bool:
    """Whether it is beyond doubt where such requests end, so that each reply has its request."""
    return name in FOLLOWING and FOLLOWING[name].behind is Behind.PLAIN


def _fails_with_any_query(case: Case) -> bool:
    """Whether it is no fault in the query that the server fails of, but that there is one; this is told elsewhere."""
    plain, (_, mark, _) = case.example.plain, case.example.request.target.partition(b"?")
    if case.name == HARMLESS or not mark or b"?" in plain.target:
        return False
    answer = case.controls.answer(replace(plain, target=plain.target + b"?a=b")).response
    return answer is not None and answer.status == FAILURE


def _fails_unfolded(case: Case) -> bool:
    """Whether the folded fields on one line each, as they may be read, make the server fail as well."""
    request = case.example.request
    lines = tuple(replace(line, value=FOLD.sub(b" ", line.value)) for line in request.fields)
    if lines == request.fields:
        return False
    answer = case.controls.answer(replace(request, fields=lines)).response
    return answer is not None and answer.status == FAILURE


def _breach(case: Case, message: str, expected: str, answer: Response) -> Breach:
    seen, where = f"status {answer.status}", status_span(answer)
    return Breach(
        case.example.mutation.rule, found(case.exchange, message, expected=expected, observed=seen, span=where)
    )
