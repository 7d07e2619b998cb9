"""The second opinion: h11 reads each reply too, and must see the same body and the same end (RFC 9112 §2.1, §6.3).

What it refuses is put down to the rule of the first fault that a look at the head finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance import oracle
from conformance.fuzz.properties.case import Breach, Case
from conformance.grammar import STATUS_LINE, is_token
from conformance.predicates import found
from conformance.response import Framing, Response, Span


def disagreement(case: Case, response: Response, octets: bytes) -> Iterator[Breach]:
    """What h11 says where the reader has nothing to say."""
    if b"\nte:" in case.example.data.lower():
        return  # codings that were asked for are lawful, and unknown to h11
    opinion = oracle.opinion_of(octets, response.method, ended=response.framing is Framing.CLOSE)
    if opinion.refusal:
        blamed = blame(response)
        if blamed is None:
            return
        rule, span = blamed
        expected = "a response in good form (RFC 9112 §2.1)"
        message = "h11, a strict client, cannot read the reply."
        yield Breach(rule, found(case.exchange, message, expected=expected, observed=opinion.refusal, span=span))
    elif not opinion.whole or opinion.rest or opinion.body != response.body:
        observed = f"h11 reads {len(opinion.body)} octets, where {len(response.body)} were meant"
        message, expected = "Two clients see the end of the reply in two places.", "one meaning (RFC 9112 §6.3)"
        finding = found(case.exchange, message, expected=expected, observed=observed, span=response.span)
        yield Breach("framing.length-or-close", finding)


def blame(response: Response) -> tuple[str, Span | None] | None:
    """The rule that a reply breaks which h11 refuses; None if it breaks none."""
    line = response.status_line
    if line is not None and not STATUS_LINE.fullmatch(line.text.decode("latin-1")):
        rule = _of_status_line(line.text)
        return (rule, line.span) if rule is not None else None
    for field in response.fields:
        if not field.name.strip():
            return "field.line-name-colon-value", field.span
        if field.name != field.name.rstrip():
            return "field.no-space-before-colon-sent", field.span
        if not is_token(field.name):
            return "field.name-token", field.span
        if re.search(r"[\0-\x08\x0b-\x1f\x7f]", field.raw):
            return "field.no-control-octets-sent", field.span
        if field.key == "content-length" and not field.value.isdecimal():
            return "framing.content-length-grammar", field.span
    lengths = response.all("content-length")
    if len({field.value for field in lengths}) > 1:
        return "field.singletons-not-repeated", lengths[1].span
    return "message.response-structure", line.span if line else None


def _of_status_line(line: bytes) -> str | None:
    """The rule that a status line breaks; None for several digits in its version, which RFC 2616 §3.1 permits."""
    for rule, kept in PARTS.items():
        if not kept.match(line):
            return rule
    if b"\r" in line:
        return "status-line.no-cr-lf-inside"
    return "status-line.reason-characters" if re.search(rb"[\0-\x08\x0a-\x1f\x7f]", line) else None


PARTS = {
    "status-line.element-order": re.compile(rb"(?!\s*\d{3}\s)(?!\s*https?/[\d.]+ +[A-Za-z].*\b[1-5]\d\d\b)", re.I),
    "version.sent-name-capitals": re.compile(rb"HTTP|(?!(?i:https?)\b)"),
    "version.sent-no-leading-zeros": re.compile(rb"(?!HTTP/(0\d+\.\d|\d+\.0\d))"),
    "version.sent-format": re.compile(rb"HTTP/\d+\.\d+(?=[ \t]|$)"),
    "status-line.code-three-digits": re.compile(rb"\S+[ \t]+\d{3}(?!\w)"),
    "status-line.single-spaces": re.compile(rb"\S+ \d{3}(?!\t)"),
    "status-line.space-after-code": re.compile(rb"\S+ \d{3} "),
}
"""What each part of the status line begins like, by the rule that it breaks otherwise."""
