"""White space and control characters in field lines (RFC 9110 §5.5, §5.6.3; RFC 9112 §5.1; RFC 2616 §2.2).

White space is a matter of good form: one space after the colon and round separators, none at the end. Lines that break
these rules can still be read; a control character is dangerous.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_heads, judge_values, without_comments
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import QUOTED, is_token
from conformance.predicates import absent, each, found
from conformance.response import DefectKind, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
SEPARATED = (
    "accept-ranges",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-type",
    "transfer-encoding",
    "vary",
)
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
WIDE = re.compile(r"(?=[ \t]*(?:\t|  ))[ \t]+[,;]|[,;](?=[ \t]*(?:\t|  ))[ \t]+")


@check(
    "field.no-control-octets-sent",
    statement="Field values hold no control characters except tabs.",
    why="NUL and its kin end strings, reach terminals and logs, and are how replies are forged from a request's path.",
    hint="Do not copy the decoded path into a field: a path that is repeated in Location stays percent-encoded.",
    example=(
        "GET /a%01b HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /a%01b/\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /a\x01b/\r\n\r\n",
    ),
    risk=Risk.UNUSUAL,
)
def no_control_octets(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for line in response.lines[1:]:
            colon = line.text.find(b":") + 1
            bad = CONTROLS.search(line.text, colon)
            if bad and line.text.strip():
                start = line.span[0] + bad.start()
                return found(
                    exchange,
                    "A field value holds a control character.",
                    expected="visible characters, spaces and tabs",
                    observed=f"octet {bad[0][0]:#04x}",
                    span=(start, start + 1),
                )
        return None

    judgement = judge_heads(evidence, test)
    if judgement.finding is not None:
        return judgement
    folder = evidence.site.folder
    targets = ["/a%01b%7Fc", *([f"/{folder}?q=%01%7F"] if folder else [])]
    tried = [evidence.get(target, risk=Risk.UNUSUAL) for target in targets]
    answers = [(x, r) for x in tried for r in x.responses if r.status_line and not r.defect(DefectKind.NO_EMPTY_LINE)]
    probed = each(answers, test, "")
    return probed if probed.finding is not None else judgement


@check(
    "field.ows-single-space",
    statement="White space beside the commas and semicolons of a field value is one space or none.",
    why="Recipients treat it all as one space; runs and tabs only cost octets and trip naive parsers.",
    hint='Join list members with ", " and parameters with "; ".',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html;\t\tcharset=utf-8\r\n\r\n",
    ),
)
def ows_single_space(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        SEPARATED,
        lambda value: WIDE.search(re.sub(QUOTED, '""', value)) is not None,
        "A run of blanks or a tab stands beside a separator.",
        "one space after a comma or semicolon, or none",
    )


@check(
    "field.no-trailing-whitespace",
    statement="No blanks stand at the end of a field line.",
    why="They mean nothing, and software that forgets to strip them compares values wrongly.",
    hint="Strip values before you write them; look for a blank before \\r\\n in your format string.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: mine \r\n\r\n"),
)
def no_trailing_whitespace(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for line in response.lines[1:]:
            text = line.text.rstrip(b" \t")
            if text and text != line.text and not text.endswith(b":"):  # an empty value may have its space
                return found(
                    exchange,
                    "Blanks stand at the end of a field line.",
                    expected="CRLF right after the value",
                    observed=repr(line.text.decode("latin-1")),
                    span=(line.span[0] + len(text), line.span[1]),
                )
        return None

    return judge_heads(evidence, test)


@check(
    "field.rws-single-space",
    statement="One space stands between the products of a Server value.",
    why="White space that is required is best the one octet that every parser splits at.",
    hint='Join the parts with a single space: "mine/1.0 Python/3.12".',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nServer: mine/1.0 Python/3.12\r\n\r\n",
        "HTTP/1.1 200 OK\r\nServer: mine/1.0   Python/3.12\r\n\r\n",
    ),
)
def rws_single_space(evidence: Evidence) -> Judgement:
    parted = [
        (x, r) for x, r in ended_heads(evidence) if len((without_comments(r.value("server") or "") or "").split()) > 1
    ]
    if not parted:
        return absent("no Server field names several products")
    return judge_values(
        parted,
        ("server",),
        lambda value: re.search(r"\t|  ", re.sub(r"\([^)]*\)", "()", value)) is not None,
        "The products in Server are not parted by one space.",
        "one space between two products",
    )


@check(
    "field.single-space-after-colon",
    statement="One space stands between the colon and the value.",
    why="It is the form that people read most easily and that naive parsers expect.",
    hint='Write ": " after each field name.',
    example=(REQUEST, "HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n", "HTTP/1.1 200 OK\r\nServer:   mine\r\n\r\n"),
    dispute="One space is preferred by RFC 2616 §4.2 and RFC 9112 §5.1; none, or several, are read alike "
    "everywhere. It can be no more than a warning.",
)
def single_space_after_colon(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for field in response.fields:
            gap = field.raw[: len(field.raw) - len(field.raw.lstrip(" \t"))]
            if field.value and gap != " " and is_token(field.name.strip(" \t")):  # or the colon may not be meant as one
                colon = field.span[0] + len(field.name)
                return found(
                    exchange,
                    "The value does not follow its colon by one space.",
                    expected=f"{field.name}: {field.value}",
                    observed=f"{field.name}:{field.raw}",
                    span=(colon, max(colon + 1, field.value_span[0])),
                )
        return None

    return judge_heads(evidence, test)
