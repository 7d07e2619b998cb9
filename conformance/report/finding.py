"""A broken rule explained, as lines of text: what was sent, what came with the fault marked, what to change.

Pure: no terminal is touched, and how a tone is painted is the caller's business.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import pairwise
from typing import TypeAlias, assert_never

from conformance.exchange import Ending, Exchange
from conformance.probe import Abort, Action, AwaitAny, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.report.reproduce import reproduce
from conformance.report.visible import Row, excerpt, gap, safe
from conformance.verdict import Finding, Result

LABEL = 12
SENT_ROWS = 16
"""So many lines of a request are shown: who has to send it again needs it whole."""
REPLY_ROWS = 5
REPLIES = 4
"""So many lines are shown of each reply, and so many replies, where it is not said which of them is wrong."""
NARROWEST = 40
WIDEST = 120
PRINTED_LINES = 12


class Tone(Enum):
    """What a piece of text means to its reader; the caller may give it a colour."""

    GOOD = auto()
    BAD = auto()
    WARNING = auto()
    STRONG = auto()
    FAINT = auto()


Painter: TypeAlias = Callable[[str, Tone], str]


def plain(text: str, _: Tone) -> str:
    """The painter for files and pipes."""
    return text


def explain(result: Result, url: str, width: int, paint: Painter = plain) -> Iterator[str]:
    """The block of lines for a broken rule with its finding."""
    finding = result.finding
    yield from title(result, width, paint)
    if finding is None:
        yield from wrapped("reason", safe(result.reason or "no reason was given"), width)
        return
    yield from wrapped("", safe(finding.message), width, lambda text: paint(text, Tone.STRONG))
    yield from sent(finding.exchange.probe, width)
    if finding.company:
        others = len({name for name, _ in finding.company}) - 1
        yield from wrapped("beside", f"{others} more connection{'' if others == 1 else 's'}: see the command", width)
    yield from _labelled("received", _received(finding, width, paint))
    yield from wrapped("expected", safe(finding.expected), width, lambda text: paint(text, Tone.GOOD))
    yield from wrapped("observed", safe(finding.observed), width, lambda text: paint(text, Tone.BAD))
    yield from wrapped("to do", safe(result.rule.hint), width)
    yield from _printed(finding.exchange, width)
    yield label("try it") + reproduce(finding.exchange.probe, url, finding.company)


def summarise(result: Result, width: int, paint: Painter = plain) -> Iterator[str]:
    """The short form of :func:`explain`: rule, message, hint."""
    yield from title(result, width, paint, Tone.WARNING)
    finding = result.finding
    message = safe(finding.message if finding else result.reason)
    observed = f" (observed: {safe(finding.observed)})" if finding else ""
    yield from wrapped("", message + observed, width)
    yield from wrapped("to do", safe(result.rule.hint), width)


def one_line(result: Result) -> str:
    """Rule and message, for lists and short summaries."""
    message = result.finding.message if result.finding else result.reason
    return f"{result.rule.id}: {safe(message)}" if message else result.rule.id


def title(result: Result, width: int, paint: Painter, tone: Tone = Tone.BAD) -> Iterator[str]:
    """Rule id, level and sections; the sections on a line of their own where they do not fit."""
    citation = result.rule.citation()
    head = f"{result.rule.id} ({result.level})"
    if len(head) + 2 + len(citation) <= width:
        yield f"{paint(head, tone)}  {paint(citation, Tone.FAINT)}"
        return
    yield paint(head, tone)
    yield from wrapped("", citation, width, lambda text: paint(text, Tone.FAINT), indent=2)


def label(text: str) -> str:
    """The left column of a block."""
    return f"  {text}".ljust(LABEL)


def wrapped(
    name: str, text: str, width: int, dress: Callable[[str], str] = str, *, indent: int | None = None
) -> Iterator[str]:
    """Text in the right column, its name in the left one; without a name it begins at the left."""
    column = indent if indent is not None else LABEL if name else 2
    lines = textwrap.wrap(text, max(NARROWEST, min(width, WIDEST)) - column, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        yield (label(name) if name and number == 0 else " " * column) + dress(line)


def _labelled(name: str, lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield (label(name) if number == 0 else " " * LABEL) + line


def _room(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST)) - LABEL


def sent(probe: Probe, width: int) -> Iterator[str]:
    """What the client does, its octets as rows; of many, the first and the last."""
    yield from _labelled("sent", _sent(probe, width))


def _sent(probe: Probe, width: int) -> Iterator[str]:
    actions = probe.told
    if not actions:
        yield "(nothing: the client connects and closes)"
    for number, action in enumerate(actions):
        if number < len(actions) - 1 or not isinstance(action, Receive | AwaitEnd):
            yield from _action(action, width)


def _action(action: Action, width: int) -> Iterator[str]:
    match action:
        case Send(data):
            yield from (row.text for row in excerpt(data, None, _room(width), SENT_ROWS))
        case Pause(seconds):
            yield f"(nothing for {seconds:g} s)"
        case Receive() | AwaitAny() | AwaitEnd():
            yield "(waits for the reply)"
        case HalfClose():
            yield "(ends its direction of the connection)"
        case Abort():
            yield "(breaks the connection off)"
        case _:
            assert_never(action)


def _received(finding: Finding, width: int, paint: Painter) -> Iterator[str]:
    exchange = finding.exchange
    for row in _rows(finding, _room(width)):
        yield paint(row.text, Tone.FAINT) if row.gap else row.text
        if row.marks:
            yield paint(row.marks, Tone.BAD)
    ending = _ending(exchange)
    if ending:
        yield paint(f"({ending})", Tone.FAINT)


def _rows(finding: Finding, room: int) -> Iterator[Row]:
    """The octets around the fault; where it has no place, the beginning and the end of each reply."""
    exchange = finding.exchange
    ends = [response.span[1] for response in exchange.responses[:-1]]
    if finding.span is not None or not ends:
        yield from excerpt(exchange.received, finding.span, room)
        return
    replies = [exchange.received[start:end] for start, end in pairwise((0, *ends, len(exchange.received)))]
    between = replies[1 : 1 - REPLIES] if len(replies) > REPLIES else []
    for place, reply in enumerate(replies):
        if not 0 < place <= len(between):
            yield from excerpt(reply, None, room, REPLY_ROWS)
        elif place == 1:
            yield gap(sum(map(len, between)), f" in {len(between)} repl{'y' if len(between) == 1 else 'ies'}")


def _ending(exchange: Exchange) -> str:
    """What happened after the last octet, unless it was the suite that ended the connection."""
    nothing = "" if exchange.received else "nothing; "
    match exchange.ending:
        case Ending.CLOSED:
            told = f"{nothing}the server closed the connection"
        case Ending.RESET:
            told = f"{nothing}the server reset the connection"
        case Ending.SILENT:
            told = f"{'nothing more' if exchange.received else 'nothing'} within {exchange.waited:.1f} s"
        case Ending.FLOOD:
            told = "and so on without end"
        case Ending.REFUSED:
            told = "no connection: the server did not accept it"
        case Ending.OURS:
            told = nothing.rstrip("; ")
        case _:
            assert_never(exchange.ending)
    return told + ("; after this the server was dead or deaf" if exchange.killed else "")


def _printed(exchange: Exchange, width: int) -> Iterator[str]:
    """The end of what the server printed meanwhile: usually a traceback."""
    lines = [safe(line) for line in exchange.server_output.splitlines() if line.strip()]
    if not lines:
        return
    left_out = len(lines) - PRINTED_LINES
    shown = lines[-PRINTED_LINES:]
    if left_out > 0:
        shown.insert(0, f"... {left_out} lines left out ...")
    room = _room(width)
    cut = (line if len(line) <= room else line[: room - 3] + "..." for line in shown)
    yield from _labelled("printed", iter(cut))
