"""What the passive rules on replies share: which replies count, whose fields they carry, how values are judged in turn.

It declares no rule. A reply whose head is damaged may have lost a field in the damage; :func:`hiding_rule` names the
rule that says so, so that one defect is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from urllib.parse import unquote

from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import IMF_FIXDATE, MEDIA_TYPE, is_token, list_members
from conformance.predicates import blocked, each, each_field, found, refused
from conformance.response import DefectKind, Field, Response
from conformance.site import Page
from conformance.verdict import Finding, Judgement
from conformance.writing import may_delete, restore, throwaway_put

NO_HEAD = "no answer had a head"
NO_END = "message.empty-line-ends-header-section"
DATES = ("date", "last-modified", "expires", "retry-after")
BLANKS = (b" ", b"\t")


def asked(exchange: Exchange) -> str:
    """The target of the first request of an exchange, as it was sent."""
    words = exchange.probe.sent.split(b"\r\n", 1)[0].split(b" ")
    return words[1].decode("latin-1") if len(words) > 1 else ""


def page_of(evidence: Evidence, exchange: Exchange) -> Page | None:
    """The file of the document root that was asked for by its own name."""
    path = unquote(asked(exchange)).removeprefix("/")
    return next((page for page in evidence.site.pages if page.path == path), None)


def ended_heads(evidence: Evidence) -> list[Answer]:
    """The survey's answers whose fields end where they seem to.

    A server that forgets the empty line shows it only where the body cannot be taken for fields. So no reply of a class
    counts in which one reply has no end of its fields: its text may have been read as fields.
    """
    answers = evidence.answers
    damaged = {_class(response) for _, response in answers if response.defect(DefectKind.NO_EMPTY_LINE)}
    return [(exchange, response) for exchange, response in answers if _class(response) not in damaged]


def _class(response: Response) -> int:
    return (response.status or 0) // 100


def own_answers(evidence: Evidence, answers: Sequence[Answer] | None = None) -> list[Answer]:
    """Answers without those of programs, whose fields may be the program's and not the server's."""
    programs = {page.target for page in evidence.site.pages if page.kind == "program"}
    given = ended_heads(evidence) if answers is None else answers
    return [(exchange, response) for exchange, response in given if asked(exchange) not in programs]


def judge_heads(evidence: Evidence, test: Callable[[Exchange, Response], Finding | None]) -> Judgement:
    """Apply ``test`` to every head that has an end: without one, lines of the body would be taken for fields."""
    whole = ended_heads(evidence)
    if evidence.answers and not whole:
        return blocked(NO_END, "no reply says where its fields end")
    return each(whole, test, NO_HEAD)


def judge_values(
    answers: Sequence[Answer],
    names: Collection[str],
    wrong: Callable[[str], bool],
    message: str,
    expected: str,
) -> Judgement:
    """A rule on the value of each field of these names, one field line at a time."""

    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        return value_finding(exchange, field, message, expected) if wrong(field.value) else None

    return each_field(answers, names, test)


def value_finding(exchange: Exchange, field: Field, message: str, expected: str) -> Finding:
    """A finding on a field's value; an empty value is shown by its whole line."""
    span = field.value_span if field.value else field.span
    return found(exchange, message, expected=expected, observed=f"{field.name}: {field.value}", span=span)


def hiding_rule(response: Response) -> str | None:
    """The rule broken by a line in which a missing field may be hidden, if there is one."""
    if response.defect(DefectKind.STRAY_LINE, DefectKind.NAMELESS_FIELD):
        return "field.line-name-colon-value"
    if blank_led_start(response):
        return "message.no-space-line-after-status-line"
    if any(not is_token(field.name.rstrip(" \t")) for field in response.fields):
        return "field.name-token"
    return None


def blank_led_start(response: Response) -> bool:
    """Whether the line after the status line is led by a blank, and is more than blanks."""
    first = response.lines[1].text if len(response.lines) > 1 else b""
    return first[:1] in BLANKS and bool(first.strip())


def without_comments(value: str) -> str | None:
    """The value with its bracketed comments (RFC 9110 §5.6.5) as blanks; None if brackets do not match."""
    depth = 0
    kept: list[str] = []
    for part in re.findall(r"\\.|[^\\]|\\", value, re.DOTALL):
        if part == "(":
            depth += 1
        if depth == 0:
            kept.append(part)
        if part == ")":
            depth -= 1
            kept.append(" ")
        if depth < 0:
            return None
    return "".join(kept) if depth == 0 else None


def is_commented(key: str, value: str) -> bool:
    """Whether a date or media type is right but for a bracketed comment in it."""
    pattern = MEDIA_TYPE if key == "content-type" else IMF_FIXDATE
    bare = without_comments(value)
    return not pattern.fullmatch(value) and bare is not None and pattern.fullmatch(bare.strip()) is not None


def not_tokens(value: str) -> bool:
    """Whether a comma list holds what is no token; empty members are the business of another rule."""
    return any(member and not is_token(member) for member in list_members(value))


def allow_answers(evidence: Evidence) -> list[Answer]:
    """The survey, and the answers to methods that a server may refuse with an Allow field.

    What could change anything is sent only to the file that was made for it, which is put back as it was.
    """
    tried = [evidence.get("/", method="OPTIONS")]
    page = evidence.site.throwaway
    if page is not None:
        put = throwaway_put(evidence)  # which puts the file back by itself
        methods = ("POST", "PATCH", *(["DELETE"] if may_delete(evidence) else []))
        written = [_short(evidence, page.target, method) for method in methods]
        if not all(map(refused, written)):
            restore(evidence, page, "Allow")
        tried += [put, *written] if put is not None else written
    more = [(x, r) for x in tried for r in x.responses[:1] if r.status_line is not None]
    return [*ended_heads(evidence), *more]


def _short(evidence: Evidence, target: str, method: str) -> Exchange:
    body = b"conformance suite: new content\n"
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    return evidence.get(target, fields, method=method, body=body)
