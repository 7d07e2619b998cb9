"""The lines of a head (RFC 9112 §2.1, §2.2, §5; RFC 2616 §2.2, §4.2): how they end and what they are made of.

The status line has rules of its own. What stands inside sound lines is in :mod:`conformance.checks.field_space`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.field_values import BLANKS, blank_led_start, judge_heads
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import is_token
from conformance.predicates import found
from conformance.response import DefectKind, Line, Response
from conformance.rule import Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"


@check(
    "field.line-crlf",
    also=("message.crlf-line-ends",),
    statement="Every field line, and the empty line after the last one, ends in CRLF.",
    why="Lenient clients forgive a lone LF, strict ones refuse the reply or read its lines as one.",
    hint='End each line with "\\r\\n": print() and "\\n".join() write a lone LF, and so does text mode.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok",
    ),
)
def line_crlf(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        bare = next((line for line in response.lines[1:] if line.ending == b"\n"), None)
        if bare is None:
            return None
        return found(
            exchange,
            "A line of the head does not end in CRLF.",
            expected="\\r\\n",
            observed="\\n alone",
            span=(bare.span[1], bare.end),
        )

    return judge_heads(evidence, test)


@check(
    "message.no-bare-cr-sent",
    statement="A CR stands only right before an LF in the field lines.",
    why="Parsers disagree on a lone CR: what is one line to the first is two to the second.",
    hint='Strip values with .strip() before they go into a field, and write "\\r\\n" once for each line.',
    example=(REQUEST, "HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: mine\r\r\n\r\n"),
)
def no_bare_cr(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for line in response.lines[1:]:
            at = line.text.find(b"\r")
            if at >= 0:
                start = line.span[0] + at
                return found(
                    exchange,
                    "A CR without LF stands in the head.",
                    expected="CR only as the first half of CRLF",
                    observed="a lone CR",
                    span=(start, start + 1),
                )
        return None

    return judge_heads(evidence, test)


@check(
    "message.no-space-line-after-status-line",
    statement="The line after the status line does not begin with a blank.",
    why="A line led by a blank continues the one before it, and the status line cannot be continued: clients drop "
    "such lines or refuse the reply.",
    hint="A triple-quoted string keeps the indentation of your code: build the head from a list of lines instead.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n", "HTTP/1.1 200 OK\r\n    Server: mine\r\n\r\n"),
)
def no_space_line(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if not blank_led_start(response):
            return None
        return found(
            exchange,
            "The line after the status line begins with a blank.",
            expected="the first letter of a field name, or the empty line",
            observed=response.lines[1].text.decode("latin-1"),
            span=response.lines[1].span,
        )

    return judge_heads(evidence, test)


@check(
    "field.line-name-colon-value",
    also=("field.no-stray-lines-in-head",),
    statement="Each line between the status line and the empty line is a field name, a colon and a value.",
    why="A line without name and colon is no field: strict clients refuse the whole reply, others lose what it says.",
    hint='Write each line as "Name: value". A multi-line error text or a bare date belongs behind a name.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "HTTP/1.1 200 OK\r\nSun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
    ),
)
def name_colon_value(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        defect = response.defect(DefectKind.STRAY_LINE, DefectKind.NAMELESS_FIELD)
        span = defect.span if defect else next((f.span for f in response.fields if not f.name.strip(" \t")), None)
        if span is None:
            return None
        return found(
            exchange,
            "A line of the head has no field name before a colon.",
            expected="Name: value",
            observed=exchange.received[span[0] : span[1]].decode("latin-1"),
            span=span,
        )

    return judge_heads(evidence, test)


@check(
    "field.name-token",
    statement="A field name is made of letters, digits and the marks of a token; no blank is inside it.",
    why="Clients find fields by their exact names: another character makes the line malformed.",
    hint='Join words with hyphens: "Content-Type", not "Content Type".',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent Type: text/html\r\n\r\n",
    ),
)
def name_token(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for field in response.fields:
            name = field.name.rstrip(" \t")  # blanks before the colon have a rule of their own
            if name and not is_token(name) and "\r" not in name:
                return found(
                    exchange,
                    "A field name holds a character that no name may have.",
                    expected="letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
                    observed=repr(name),
                    span=(field.span[0], field.span[0] + len(name)),
                )
        return None

    return judge_heads(evidence, test)


@check(
    "field.no-space-before-colon-sent",
    statement="The colon follows the field name at once.",
    why="Proxies and servers read such a name differently, which has been used to smuggle messages past filters.",
    hint='Write "Content-Length: 5", not "Content-Length : 5".',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    ),
    permitted_by=Spec.RFC2616,
    dispute="RFC 2616 §2.1 lets white space stand between any two words; RFC 9112 §5.1 lets none stand before the "
    "colon. It is reported by RFC 9110 and 9112 alone.",
)
def no_space_before_colon(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for field in response.fields:
            name = field.name.rstrip(" \t")
            if name and name != field.name:
                return found(
                    exchange,
                    "White space stands between a field name and its colon.",
                    expected=f"{name}:",
                    observed=repr(f"{field.name}:"),
                    span=(field.span[0] + len(name), field.span[0] + len(field.name)),
                )
        return None

    return judge_heads(evidence, test)


@check(
    "field.no-folding-sent",
    statement="Each field stands on one line.",
    why="Folded lines were dropped from HTTP because recipients join them differently or not at all.",
    hint="Put the whole value on one line. Libraries for e-mail fold long values unless told not to.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nVary: Accept, Accept-Language\r\n\r\n",
        "HTTP/1.1 200 OK\r\nVary: Accept,\r\n Accept-Language\r\n\r\n",
    ),
    permitted_by=Spec.RFC2616,
    dispute="RFC 2616 §2.2 allows a field to go on in a second line; RFC 9112 §5.2 does not, but inside "
    "message/http. It is reported by RFC 9110 and 9112 alone.",
)
def no_folding(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        continued = _continuation(response.lines[1:])
        if continued is None:
            return None
        return found(
            exchange,
            "A field is continued on a second line.",
            expected="one line for each field",
            observed=repr(continued.text.decode("latin-1")),
            span=continued.span,
        )

    return judge_heads(evidence, test)


def _continuation(lines: tuple[Line, ...]) -> Line | None:
    """The first line that continues a field; what is led by blanks right after the status line continues none."""
    fields = 0
    for line in lines:
        led = line.text[:1] in BLANKS
        if led and line.text.strip() and fields:
            return line
        fields += not led
    return None
