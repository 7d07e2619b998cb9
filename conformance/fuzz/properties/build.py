"""How every reply is built (RFC 9112 §2 to §7): by the tolerant reader's defects, and by h11 where it noted none.

A fault belongs to the rule that the fixed check of that matter has. What nobody can judge is left out: octets after
a connection has become something else (RFC 9110 §9.3.6, §7.8), and replies that a reset has cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.chunks import ChunkFault, walk
from conformance.exchange import Ending
from conformance.fuzz.example import Fate
from conformance.fuzz.properties.agreement import disagreement
from conformance.fuzz.properties.case import Breach, Case
from conformance.fuzz.properties.headless import NONE, answers_a_rest, has_head, leaves_http, simple_from
from conformance.predicates import found
from conformance.response import Defect, DefectKind, Framing, Response, Span

DATE = re.compile(rb"\r\nDate: [^\r\n]*(?=\r\n)")
REMEMBERED = 65_536
CUT_OFF = "connection.no-close-mid-response"
LINES = "lines that end in CRLF (RFC 9112 §2.1)"
TABLE = {
    DefectKind.BLANKS_IN_EMPTY_LINE: (
        "message.empty-line-ends-header-section",
        "The line that ends the fields is not empty.",
        "\\r\\n alone between the fields and the body (RFC 9112 §2.1)",
    ),
    DefectKind.STRAY_LINE: (
        "field.line-name-colon-value",
        "A line of the head is no field.",
        "Name: value (RFC 9112 §5)",
    ),
    DefectKind.NAMELESS_FIELD: (
        "field.line-name-colon-value",
        "A line of the head has no field name.",
        "Name: value (RFC 9112 §5)",
    ),
    DefectKind.FOLDED: (
        "field.no-folding-sent",
        "A field of the reply is folded onto a second line.",
        "each field on one line (RFC 9112 §5.2)",
    ),
}


INDENTED = (
    "message.no-space-line-after-status-line",
    "A line with a blank in front stands right behind the status line.",
    "Name: value from the first octet of the line (RFC 9112 §2.2, §5)",
)


def built(case: Case) -> Iterator[Breach]:
    """Every reply is well-formed and ends where it says, and nothing stands between replies."""
    exchange = case.exchange
    simple = simple_from(case)
    for index, response in enumerate(exchange.responses):
        if leaves_http(response) or (not has_head(response) and (index >= simple or answers_a_rest(case, index))):
            return
        octets = exchange.received[response.span[0] : response.span[1]]
        digest = hash((response.method, exchange.peer_ended, DATE.sub(b"", octets, 1)))
        if response.complete and not response.defects and digest in case.controls.sound:
            continue
        wrong = [*_defects(case, index, response), *_unfinished(case, response)]
        if not wrong and not response.defects and response.complete:
            wrong = list(disagreement(case, response, octets))
        yield from wrong
        if not wrong and len(case.controls.sound) < REMEMBERED:
            case.controls.sound.add(digest)
    if exchange.responses and simple == NONE and not answers_a_rest(case, len(exchange.responses)):
        yield from _behind_the_last(case)


def _breach(case: Case, rule: str, message: str, expected: str, observed: str, span: Span | None) -> Breach:
    return Breach(rule, found(case.exchange, message, expected=expected, observed=observed, span=span))


def _defects(case: Case, index: int, response: Response) -> Iterator[Breach]:
    endless = response.defect(DefectKind.NO_EMPTY_LINE)  # then the other lines are not what they seem
    for each in (*response.interim, response):
        for defect in (endless,) if endless else each.defects:
            breach = _defect(case, index, each, defect)
            if breach is not None:
                yield breach


def _defect(case: Case, index: int, response: Response, defect: Defect) -> Breach | None:
    """The breach that a defect is, or None where it is not the server's fault, or is told elsewhere."""
    octets = _shown(case, defect.span)
    if defect.kind in TABLE:
        rule, message, expected = INDENTED if _is_first_line(response, defect) else TABLE[defect.kind]
        return _breach(case, rule, message, expected, octets, defect.span)
    match defect.kind:
        case DefectKind.NO_STATUS_LINE:
            return _headless(case, index, defect)
        case DefectKind.OCTETS_BEFORE:
            return _stray(case, index, defect.span)
        case DefectKind.LINE_END | DefectKind.BARE_CR:
            return _line(case, response, defect)
        case DefectKind.NO_EMPTY_LINE if case.exchange.ending not in (Ending.RESET, Ending.OURS):
            message, expected = "No empty line ends the fields.", "\\r\\n\\r\\n after the fields (RFC 9112 §2.1)"
            rule = "message.empty-line-ends-header-section"
            return _breach(case, rule, message, expected, "the body, or the end, after the fields", defect.span)
        case _:
            return None


def _is_first_line(response: Response, defect: Defect) -> bool:
    """Whether a blank-led line stands where there is no field that it could continue."""
    return defect.kind is DefectKind.FOLDED and len(response.lines) > 1 and response.lines[1].span == defect.span


def _headless(case: Case, index: int, defect: Defect) -> Breach:
    malformed = case.example.fate is not Fate.SERVED and index >= len(case.example.before)
    rule = "robustness.survives-garbage" if malformed else "message.response-structure"
    expected = "a status line first (RFC 9112 §2.1, §4), or a close without an answer (RFC 9112 §9.5)"
    return _breach(case, rule, "A reply has no status line.", expected, _shown(case, defect.span), defect.span)


def _line(case: Case, response: Response, defect: Defect) -> Breach:
    line = response.status_line
    in_status_line = line is not None and defect.span[0] < line.end
    if defect.kind is DefectKind.LINE_END:
        rule = "status-line.crlf" if in_status_line else "field.line-crlf"
        return _breach(case, rule, "A line of the head ends in LF alone.", LINES, "\\n alone", defect.span)
    rule = "status-line.no-cr-lf-inside" if in_status_line else "message.no-bare-cr-sent"
    return _breach(case, rule, "A CR without LF stands in the head.", LINES, "a lone CR", defect.span)


def _stray(case: Case, index: int, span: Span) -> Breach | None:
    """Octets that belong to no reply, behind the reply before ``index``."""
    octets = case.exchange.received[span[0] : span[1]]
    if index == 0:
        rule, message = "status-line.first-octets", "Octets stand before the status line."
    elif not octets.strip(b"\r\n"):
        return None  # lawful clients pass over them (RFC 9112 §9.2): told by the fixed rule, as a warning at most
    else:
        before = case.exchange.responses[index - 1]
        if before.method == "HEAD" and before.status == 400 and case.control.status == 400:
            return None  # who calls the plain GET malformed, too, has not read the method
        rule, message = misplaced(before)
    expected = "status line, fields, an empty line and the body, and then the next reply (RFC 9112 §2.1, §6.3)"
    return _breach(case, rule, message, expected, f"{len(octets)} octets: {_shown(case, span)}", span)


def misplaced(before: Response) -> tuple[str, str]:
    """The rule that octets behind a reply break, and what is wrong."""
    if before.method == "HEAD":
        return "head.no-body", "Octets follow on the head of a reply to HEAD."
    if before.status == 304:
        return "conditional.304-has-no-body", "Octets follow on the head of a 304."
    if before.status == 204:
        return "status.204-no-body", "Octets follow on the head of a 204."
    if before.framing is Framing.LENGTH:
        return "framing.content-length-exact", "More octets follow than Content-Length says."
    return "framing.no-octets-outside-messages", "Octets stand behind a reply that belong to none."


def _behind_the_last(case: Case) -> Iterator[Breach]:
    begin, end = case.exchange.transcript.trailing
    last = case.exchange.responses[-1]
    octets = case.exchange.received[begin:end]
    if last.complete and octets and not b"HTTP/1.".startswith(octets.lstrip(b"\r\n")[:7]):
        breach = _stray(case, len(case.exchange.responses), (begin, end))
        if breach is not None:
            yield breach


def _unfinished(case: Case, response: Response) -> Iterator[Breach]:
    """A reply that does not end, or ends too early, unless we or a reset have cut it off."""
    ending = case.exchange.ending
    broken = response.defect(DefectKind.NO_EMPTY_LINE, DefectKind.NO_STATUS_LINE)
    given_up = ending is Ending.RESET or (case.exchange.peer_ended and not case.example.finished)
    if broken or given_up or (ending is Ending.OURS and not response.defect(DefectKind.BAD_CHUNK)):
        return
    if response.framing is Framing.CHUNKED:
        yield from _chunks(case, response)
    elif not response.complete and ending is Ending.FLOOD:
        control = case.control.response
        if control is not None and control.complete:
            yield _endless(case, response)
    elif not response.complete and response.framing is Framing.LENGTH:
        breach = _short(case, response)
        # Whose body is malformed has failed, and may be cut off in the middle of the page (RFC 2616 §8.1.4).
        if breach.rule != CUT_OFF or case.example.fate is Fate.SERVED or not case.example.request.body:
            yield breach
    elif not response.complete:
        yield _endless(case, response)


def _endless(case: Case, response: Response) -> Breach:
    expected = "Content-Length, chunked coding, or the end of the connection (RFC 9112 §6.3)"
    message = "Nothing tells where the reply ends, and the connection stays open."
    empty = response.method == "OPTIONS" and response.ok and not response.body
    rule = "options.empty-content-length-0" if empty else "framing.length-or-close"
    return _breach(case, rule, message, expected, f"{len(response.body)} octets", None)


def _short(case: Case, response: Response) -> Breach:
    said, control = response.field("content-length"), case.control.response
    number = said.value if said else "?"
    right = control is not None and control.complete and number == str(len(control.body)) and case.exchange.peer_ended
    rule = CUT_OFF if right else "framing.content-length-exact"
    observed = f"{len(response.body)} octets, then {'the end' if case.exchange.peer_ended else 'nothing'}"
    expected = f"{number} octets, as Content-Length says (RFC 9112 §6.3)"
    return _breach(case, rule, "The body is shorter than announced.", expected, observed, said.span if said else None)


FAULTS = {
    ChunkFault.PLAIN: ("framing.transfer-encoding-truthful", "A body is declared as chunked, and is not."),
    ChunkFault.SIZE: ("chunked.size-is-hex-octet-count", "A chunk size is not the number of its octets."),
    ChunkFault.DATA_END: ("chunked.data-crlf-sent", "The data of a chunk is not followed by CRLF."),
    ChunkFault.LAST: ("chunked.last-chunk-sent", "The chunked body has no last chunk."),
    ChunkFault.TRAILER: ("trailer.field-line-grammar-sent", "A line after the last chunk is no field."),
    ChunkFault.FINAL: ("chunked.final-crlf-sent", "No empty line ends the chunked body."),
}


def _chunks(case: Case, response: Response) -> Iterator[Breach]:
    if response.complete and not response.defects:
        return
    read = walk(case.exchange.received, response.head_end)
    if read.fault is not None:
        next_reply = case.exchange.received.startswith(b"HTTP/", read.span[0])
        rule, message = FAULTS[ChunkFault.LAST if next_reply else read.fault]
        expected = "size, CRLF, data, CRLF …, and 0, CRLF, CRLF at the end (RFC 9112 §7.1)"
        yield _breach(case, rule, message, expected, _shown(case, read.span) or "nothing more", read.span)


def _shown(case: Case, span: Span) -> str:
    return repr(case.exchange.received[span[0] : min(span[1], span[0] + 60)].decode("latin-1"))
