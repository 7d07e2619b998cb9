"""Differences between two servers, as lines of text: the smallest request, both answers, what the RFCs say of it.

Pure: no terminal is touched, and how a tone is painted is the caller's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from conformance.exchange import Ending, Exchange
from conformance.fuzz.difference import Blame, Difference, Kind, View
from conformance.fuzz.example import Fate
from conformance.predicates import describe
from conformance.probe import Pause, Probe, Send
from conformance.report.finding import Painter, Tone, label, plain, wrapped
from conformance.report.record import Compared
from conformance.report.reproduce import reproduce
from conformance.report.visible import excerpt, safe, visible
from conformance.rule import Level, Rule

MARGIN = 12
NARROWEST = 40
WIDEST = 120
NUMBERS = (("first", "try 1st"), ("second", "try 2nd"))
SHOWN = 5
"""So many answers on one connection are shown, and of more so many statuses."""
FULL = 20
"""So many differences are told in full, the others in one line each."""

DANGERS = {
    Kind.FRAMING: "they do not agree where a request ends",
    Kind.MEANING: "they do not agree what is asked for",
    Kind.ACCEPTANCE: "one serves what the other refuses",
    Kind.FAILURE: "one fails where the other does not",
    Kind.SILENCE: "one waits where the other has decided",
    Kind.HANDLING: "they answer in different ways",
}
CONSEQUENCES = {
    Kind.FRAMING: "if one of them passes requests on to the other, a request can be smuggled in (RFC 9112 §11.2)",
    Kind.MEANING: "if one of them passes requests on to the other, or stores answers for it, it takes one for another",
    Kind.ACCEPTANCE: "if one of them stands before the other to hold such requests off, it may not",
}


def report(
    compared: Compared, url: str, rules: Mapping[str, Rule], width: int, paint: Painter = plain
) -> Iterator[str]:
    """All lines, without line ends: how the server at ``url`` compares with another one; ``rules`` by id."""
    found, urls = compared.differences, (url, compared.url)
    yield f"the first   {safe(urls[0])}"
    yield f"the second  {safe(urls[1])}"
    yield ""
    for number, difference in enumerate(found[:FULL], 1):
        heading = f"--- difference {number} of {len(found)}: {DANGERS[difference.kind]} "
        tone = Tone.WARNING if difference.blame is Blame.NOBODY else Tone.BAD
        yield paint(heading.ljust(min(width, 100), "-"), tone)
        yield from explain(difference, urls, rules, width, paint)
        yield ""
    if found[FULL:]:
        yield paint("--- the others, in short ".ljust(min(width, 100), "-"), Tone.WARNING)
        for difference in found[FULL:]:
            yield from wrapped("", summarise(difference), width)
        yield ""
    yield tally(compared)
    if compared.note:
        ended = "not all were played: " if compared.played else ""
        yield from wrapped("", f"{ended}{safe(compared.note)}", width, lambda text: paint(text, Tone.WARNING))


def summarise(difference: Difference) -> str:
    """One difference in one line."""
    wrong = "" if difference.blame is Blame.NOBODY else f" ({difference.blame} is wrong)"
    also = f" (and {len(difference.also)} more)" if difference.also else ""
    return f"{safe(difference.mutation.name)}{also}: {safe(difference.sentence)}{wrong}"


def tally(compared: Compared) -> str:
    """How many differences of each kind, on one line."""
    found = compared.differences
    if not compared.played:
        return "Nothing was compared."
    if not found and compared.note:
        return "No difference was found before the end."
    if not found:
        return "The two servers do not differ in anything that matters."
    counted = Counter(difference.kind for difference in found)
    parts = ", ".join(f"{counted[kind]} in {kind}" for kind in Kind if counted[kind])
    return f"{len(found)} difference{'' if len(found) == 1 else 's'}: {parts}"


def explain(
    difference: Difference, urls: tuple[str, str], rules: Mapping[str, Rule], width: int, paint: Painter = plain
) -> Iterator[str]:
    """The block of lines for one difference."""
    yield from wrapped("", safe(difference.sentence), width, lambda text: paint(text, Tone.STRONG))
    yield from wrapped("change", safe(difference.mutation.name), width)
    if difference.also:
        yield from wrapped("also by", safe(", ".join(difference.also)), width)
    views = (difference.one, difference.other)
    yield from _labelled("sent", _sent(difference.one, width, paint))
    for (name, _), view in zip(NUMBERS, views, strict=True):
        yield from _labelled(name, _received(view.exchange, width, paint))
    yield from wrapped("the RFCs", _law(difference, rules), width, lambda text: paint(text, Tone.GOOD))
    rule = rules.get(difference.mutation.rule)
    if rule is not None and rule.dispute:
        yield from wrapped("disputed", safe(rule.dispute), width)
    yield from wrapped("so", _judgement(difference, rules), width)
    for (_, name), view, url in zip(NUMBERS, views, urls, strict=True):
        yield label(name) + reproduce(view.exchange.probe, url)


def _law(difference: Difference, rules: Mapping[str, Rule]) -> str:
    """What the RFCs say of the request, by the rule that speaks of it."""
    mutation = difference.mutation
    rule = rules.get(mutation.rule)
    if rule is None:
        return f"Such a request {mutation.fate} ({mutation.rule})."
    return f"Such a request {mutation.fate}: {_quoted(rule)}"


def _quoted(rule: Rule) -> str:
    return f"{safe(rule.statement)} ({rule.id}, {rule.level()}, {rule.citation()})"


def _judgement(difference: Difference, rules: Mapping[str, Rule]) -> str:
    """Who is right, and what comes of it."""
    consequence = CONSEQUENCES.get(difference.kind, "")
    if difference.blame is Blame.NOBODY:
        lawful = (
            "Several outcomes are lawful"
            if difference.mutation.fate is Fate.EITHER
            else "Neither is proved wrong by this"
        )
        return f"{lawful}. {_sentence(consequence)}".rstrip()
    side, plural = str(difference.blame).capitalize(), difference.blame is Blame.BOTH
    broken = [rules[id] for id in dict.fromkeys(difference.wrong) if id in rules]
    if broken and all(rule.level() is not Level.MUST for rule in broken):
        verdict = f"{side} {'do' if plural else 'does'} not follow this advice."
    else:
        verdict = f"{side} {'are' if plural else 'is'} wrong."
    besides = (_quoted(rule) for rule in broken if rule.id != difference.mutation.rule)
    return " ".join(filter(None, (verdict, *besides, _sentence(consequence))))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _labelled(name: str, lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield (label(name) if number == 0 else " " * MARGIN) + line


def _room(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST)) - MARGIN


def _sent(view: View, width: int, paint: Painter) -> Iterator[str]:
    """The request in question, and faintly the good ones behind it; as it was cut, if it was sent in pieces."""
    example = view.example
    if len([action for action in view.exchange.probe.actions if isinstance(action, Send)]) > 1:
        yield from _pieces(view.exchange.probe, width)
        return
    for request in example.requests:
        for part in (request.head, request.data[len(request.head) :]):
            for row in excerpt(part, None, _room(width)):
                yield row.text if request is example.request else paint(row.text, Tone.FAINT)


def _pieces(probe: Probe, width: int) -> Iterator[str]:
    pieces = 0
    for action in probe.told:
        if isinstance(action, Pause):
            yield f"(nothing for {action.seconds:g} s)"
        elif isinstance(action, Send):
            pieces += 1
            if pieces > 1:
                yield "(and in another piece)"
            yield from (row.text for row in excerpt(action.data, None, _room(width)))


def _received(exchange: Exchange, width: int, paint: Painter) -> Iterator[str]:
    """What came in short, then the first line of every answer and the beginning of its content."""
    yield paint(_summary(exchange), Tone.STRONG)
    if not any(response.status for response in exchange.responses):
        yield from (row.text for row in excerpt(exchange.received, None, _room(width)))
        return
    for response in exchange.responses[:SHOWN]:
        line = visible(response.status_line.text) if response.status_line else "(no status line)"
        content = visible(response.body[: _room(width)])
        told = f"{line}  {_octets(len(response.body))}: {content}" if response.body else line
        yield told if len(told) <= _room(width) else told[: _room(width) - 3] + "..."
    start, end = exchange.transcript.trailing
    if exchange.responses[SHOWN:]:
        yield f"... and {len(exchange.responses) - SHOWN:,} more"
    elif start < end:
        yield "and behind that, what is no response:"
        yield from (row.text for row in excerpt(exchange.received[start:end], None, _room(width)))


def _octets(count: int) -> str:
    return f"({count} octet{'' if count == 1 else 's'} of content)"


def _summary(exchange: Exchange) -> str:
    told = [describe(exchange)]
    if exchange.responses:
        statuses = [str(response.status or "none") for response in exchange.responses]
        first = ", ".join(statuses[:SHOWN]) + (", ..." if statuses[SHOWN:] else "")
        told = [f"{len(statuses):,} answers: {first}" if statuses[1:] else f"one answer: {first}"]
        match exchange.ending:
            case Ending.CLOSED:
                told.append("then the server closes")
            case Ending.RESET:
                told.append("then the server resets")
            case Ending.SILENT:
                told.append(f"then nothing for {exchange.waited:.1f} s")
            case Ending.FLOOD:
                told.append("and so on without end")
            case _:
                pass
    return ", ".join(told) + ("; after this the server was dead or deaf" if exchange.killed else "")
