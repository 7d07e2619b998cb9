"""The status line (RFC 9112 §4, RFC 2616 §6.1): each part of it by a rule of its own."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import each, found, status_span, status_text
from conformance.response import DefectKind, Response
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOTHING = "no answer had a status line"
WRITTEN_LINE_END = re.compile(rb"\\r\\n|\\n(?=\Z|[A-Z][A-Za-z-]*:)")  # the escape itself, sent as letters


@check(
    "status-line.first-octets",
    statement="A reply begins with its status line; nothing stands before it.",
    why="A client reads the first octets as the status line. Debug output or a blank line there makes the whole reply "
    "unreadable to strict clients.",
    hint="Send the status line first. Look for a print() into the socket, a blank line or a byte order mark before it.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "\r\nHTTP/1.1 200 OK\r\n…"),
)
def first_octets(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        defect = response.defect(DefectKind.OCTETS_BEFORE)
        if defect is None:
            return None
        return found(
            exchange,
            "Something stands before the status line.",
            expected="HTTP/ as the first octets of the reply",
            observed=f"{defect.span[1] - defect.span[0]} octets before it",
            span=defect.span,
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.element-order",
    statement="The status line has the version first, then the status code, then the reason phrase.",
    why="Clients find the status code by its place in the line.",
    hint="Write the line as HTTP/1.1, a space, the three digits, a space, the phrase.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "200 OK HTTP/1.1\r\n…"),
)
def element_order(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        line = status_text(response)
        code = re.search(r"(?<!\d)[1-5]\d\d(?!\d)", line)
        if not re.match(r"\s*\d{3}\s", line) and not (code and re.match(r"\s*https?/[\d.]+ +[A-Za-z]", line, re.I)):
            return None
        return found(
            exchange,
            "The status line does not begin with version and status code, in this order.",
            expected="version, status code, reason phrase",
            observed=line,
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.single-spaces",
    statement="One space stands between the version and the status code.",
    why="Clients split the line at single spaces; a tab or a second space shifts what they read.",
    hint="Put exactly one space between version and code, and one between code and phrase; no tabs.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP/1.1  200 OK\r\n…"),
    requires=("status-line.element-order",),
)
def single_spaces(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        gap = re.match(r"(?P<version>\s*\S+?)(?P<gap>[ \t]+)(?P<code>\d{3})(?P<after>\t?)", status_text(response))
        if gap is None or (gap["gap"] == " " and not gap["after"]):
            return None
        start = status_span(response)
        offset = start[0] if start else 0
        span = gap.span("gap") if gap["gap"] != " " else gap.span("after")
        return found(
            exchange,
            "Version and status code are not parted by one space.",
            expected="one space",
            observed=repr(gap["gap"] if gap["gap"] != " " else gap["after"]),
            span=(offset + span[0], offset + span[1]),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.code-three-digits",
    statement="The status code is three decimal digits.",
    why="The code is all that a program reads of the line; without it a client cannot tell success from error.",
    hint="Write the number (200, 404 …), not its name and not a Python object.",
    example=(REQUEST, "HTTP/1.1 404 Not Found\r\n…", "HTTP/1.1 None Not Found\r\n…"),
    requires=("status-line.element-order",),
)
def code_three_digits(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        words = status_text(response).split()
        code = words[1] if len(words) > 1 else ""
        if re.fullmatch(r"\d{3}", code):
            return None
        return found(
            exchange,
            "The second word of the status line is not a three-digit code.",
            expected="three digits, such as 200",
            observed=repr(code),
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.space-after-code",
    statement="A space follows the status code even if no reason phrase does.",
    why="The grammar has it, and strict parsers refuse the line without it.",
    hint='Write "HTTP/1.1 200 OK", or at least "HTTP/1.1 200 " with the space at the end.',
    example=(REQUEST, "HTTP/1.1 200 \r\n…", "HTTP/1.1 200\r\n…"),
    requires=("status-line.code-three-digits",),
)
def space_after_code(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        line = status_text(response)
        if not re.fullmatch(r"\S+[ \t]+\d{3}([^ \t].*)?", line):
            return None
        end = status_span(response)
        return found(
            exchange,
            "No space follows the status code.",
            expected="a space after the three digits",
            observed=line,
            span=(end[1], end[1] + 1) if end else None,
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.reason-characters",
    statement="The reason phrase holds no control characters.",
    why="Escape codes or NUL in the phrase end up in the user's terminal or log, or break the parser.",
    hint="Send a fixed phrase for each code; never put user input or coloured text there.",
    example=(REQUEST, "HTTP/1.1 404 Not Found\r\n…", "HTTP/1.1 404 \x1b[31mNot Found\r\n…"),
)
def reason_characters(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        bad = re.search(rb"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]", response.reason)
        if bad is None or response.status_line is None:
            return None
        start = response.status_line.span[1] - len(response.reason) + bad.start()
        return found(
            exchange,
            "The reason phrase holds a control character.",
            expected="visible characters, spaces and tabs",
            observed=f"octet {bad[0][0]:#04x}",
            span=(start, start + 1),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.no-cr-lf-inside",
    statement="No CR stands inside the status line.",
    why="Parsers disagree on a lone CR, which is how a reply is split into two.",
    hint="Strip line breaks from whatever goes into the phrase.",
    example=(REQUEST, "HTTP/1.1 404 Not Found\r\n…", "HTTP/1.1 404 Not\rFound\r\n…"),
)
def no_cr_inside(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        line = response.status_line
        at = line.text.find(b"\r") if line else -1
        if line is None or at < 0:
            return None
        return found(
            exchange,
            "A CR stands inside the status line.",
            expected="CR only right before LF",
            observed="a lone CR",
            span=(line.span[0] + at, line.span[0] + at + 1),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status-line.crlf",
    statement="The status line ends in CRLF.",
    why="Every line of a head ends in the two octets CR LF. Lenient clients forgive a lone LF, strict ones do not.",
    hint='End the line with "\\r\\n", not with "\\n". In a raw string (r"…") these are four letters, not two octets.',
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP/1.1 200 OK\n…"),
)
def crlf(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        line = response.status_line
        letters = WRITTEN_LINE_END.search(line.text) if line else None
        if line is None or (line.ending == b"\r\n" and letters is None):
            return None
        at, observed = line.span[1], "\\n alone" if line.ending else "the end of the data"
        if letters is not None:
            at, observed = line.span[0] + letters.start(), "a backslash and the letter after it"
        return found(
            exchange,
            "The status line does not end in CRLF.",
            expected="\\r\\n, the octets 0d and 0a",
            observed=observed,
            span=(at, at + (len(letters[0]) if letters else 1)),
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "status.class-1-to-5",
    statement="The status code lies between 100 and 599.",
    why="Clients decide by the first digit; 600 to 999 and 000 have no meaning.",
    hint="Use a registered code. For an error of your own, 400 or 500 is the general one.",
    example=(REQUEST, "HTTP/1.1 500 Internal Server Error\r\n…", "HTTP/1.1 999 Oops\r\n…"),
    requires=("status-line.code-three-digits",),
)
def status_class(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.status is None or 100 <= response.status <= 599:
            return None
        return found(
            exchange,
            "The status code is in no class.",
            expected="100 to 599",
            observed=str(response.status),
            span=status_span(response),
        )

    return each(evidence.answers, test, NOTHING)
