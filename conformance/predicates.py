"""The words that checks are made of: judgements, descriptions of what came, and the usual comparisons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.response import Field, Framing, Response, Span
from conformance.verdict import Finding, Judgement, Verdict

OVERLOADED = (429, 503)
"""Statuses by which a server sheds load (RFC 9110 §15.6.4): they prove nothing."""

NO_SUCH_FILE = (
    "404 (RFC 9110 §15.5.5), or another refusal that fits: 400 (RFC 9110 §15.5.1), 403 (RFC 9110 §15.5.4), "
    "a redirect (RFC 9110 §15.4)"
)
"""What may come where the target names no file."""


def passed(reason: str = "") -> Judgement:
    """The rule holds; ``reason`` may tell which of several lawful outcomes was seen."""
    return Judgement(Verdict.PASS, reason)


def broken(
    exchange: Exchange, message: str, *, expected: str, observed: str | None = None, span: Span | None = None
) -> Judgement:
    """The rule is broken. ``observed`` defaults to a description of the answer."""
    return Judgement(Verdict.FAIL, finding=found(exchange, message, expected=expected, observed=observed, span=span))


def advised(exchange: Exchange, message: str, *, expected: str, observed: str | None = None) -> Judgement:
    """Broken by the letter, but lawful or harmless enough that it is a warning at any level."""
    return Judgement(Verdict.WARNING, finding=found(exchange, message, expected=expected, observed=observed))


def found(
    exchange: Exchange, message: str, *, expected: str, observed: str | None = None, span: Span | None = None
) -> Finding:
    """The finding of :func:`broken`, for tests that are applied to many answers."""
    return Finding(message, expected, observed if observed is not None else describe(exchange), exchange, span)


def absent(reason: str) -> Judgement:
    """The rule does not apply to this server, lawfully."""
    return Judgement(Verdict.NOT_APPLICABLE, reason)


def unclear(reason: str) -> Judgement:
    """What came proves nothing either way."""
    return Judgement(Verdict.INCONCLUSIVE, reason)


def blocked(by: str, reason: str) -> Judgement:
    """A premise failed, which is the business of the rule ``by``."""
    return Judgement(Verdict.BLOCKED, reason, blocked_by=by)


def describe(exchange: Exchange) -> str:
    """What came, in words: the status of the answer, or how the connection ended without one."""
    if exchange.killed and exchange.status is None:
        return "no answer, and the server was dead or deaf afterwards"
    if exchange.status is not None:
        return f"status {exchange.status}" + ("" if exchange.responses[0].complete else ", the reply incomplete")
    if exchange.received:
        return "octets that are no HTTP response"
    return {
        Ending.CLOSED: "the connection closed without an answer",
        Ending.RESET: "the connection reset without an answer",
        Ending.SILENT: f"no answer within {exchange.waited:.1f} s",
        Ending.OURS: "no answer",
        Ending.FLOOD: "octets without end",
        Ending.REFUSED: "no connection",
    }[exchange.ending]


def outcomes(exchanges: Iterable[Exchange]) -> str:
    """What came, in words, each once: the reason of a rule that several outcomes keep."""
    return "seen: " + ", ".join(dict.fromkeys(describe(exchange) for exchange in exchanges))


def answered(exchange: Exchange) -> bool:
    """Whether a final response with a readable status came."""
    return exchange.status is not None


def served(exchange: Exchange) -> bool:
    """Whether the answer is a success."""
    return exchange.response is not None and exchange.response.ok


def refused(exchange: Exchange) -> bool:
    """Whether the answer is an error of class 4 or 5."""
    return exchange.status is not None and 400 <= exchange.status <= 599


def status_span(response: Response) -> Span | None:
    """The octets of the status line."""
    return response.status_line.span if response.status_line else None


def status_text(response: Response) -> str:
    """The status line as it was written, without its line end."""
    return response.status_line.text.decode("latin-1") if response.status_line else ""


def each(answers: Iterable[Answer], test: Callable[[Exchange, Response], Finding | None], nothing: str) -> Judgement:
    """Apply ``test`` to every answer: the first finding counts. ``nothing`` is the reason if there is no answer."""
    judged = False
    for exchange, response in answers:
        judged = True
        finding = test(exchange, response)
        if finding is not None:
            return Judgement(Verdict.FAIL, finding=finding)
    return passed() if judged else unclear(nothing)


def each_field(
    answers: Iterable[Answer],
    names: Collection[str],
    test: Callable[[Exchange, Response, Field], Finding | None],
) -> Judgement:
    """Apply ``test`` to every field of these names (lower case); not applicable where none was sent."""
    judged = False
    for exchange, response in answers:
        for field in response.fields:
            if field.key in names:
                judged = True
                finding = test(exchange, response, field)
                if finding is not None:
                    return Judgement(Verdict.FAIL, finding=finding)
    return passed() if judged else absent(f"the server sent no {' or '.join(sorted(names))} field")


def same_answer(exchange: Exchange, control: Exchange) -> bool:
    """Whether two exchanges drew the same final status and the same body."""
    one, other = exchange.response, control.response
    return one is not None and other is not None and one.status == other.status and one.body == other.body


def treated_alike(
    exchange: Exchange, control: Exchange, message: str, *, body: bool = False, lawful: str = ""
) -> Judgement:
    """Judge a request that must be treated like its control, which must have been served for anything to show.

    Statuses of overload show nothing. With ``body`` the bodies must be the same as well. ``lawful`` names what else may
    come, and was seen to before.
    """
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == control.status and (not body or same_answer(exchange, control)):
        return passed()
    observed = describe(exchange) if exchange.status != control.status else "the same status with another body"
    expected = f"status {control.status}, as for the control request" + (f"; {lawful}" if lawful else "")
    return broken(exchange, message, expected=expected, observed=observed)


def unharmed(
    exchange: Exchange, control: Exchange, message: str, faults: Collection[int], *, lawful: str = ""
) -> Judgement:
    """Judge a request whose field the server may ignore: only a status in ``faults``, class 5 or silence is wrong.

    ``lawful`` names what else may come, with its sections; without it, every other status may.
    """
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is None or exchange.status in faults or exchange.status >= 500:
        lawful = lawful or "any status but " + ", ".join(map(str, [*sorted(faults), "5xx"]))
        return broken(exchange, message, expected=f"status {control.status}, as for the control request; {lawful}")
    return passed("" if exchange.status == control.status else describe(exchange))


def first_of(judgements: Iterable[Judgement]) -> Judgement:
    """Several trials of one rule: the first breach counts, then the first warning, the first pass, what is left."""
    rest: list[Judgement] = []
    for judgement in judgements:
        if judgement.verdict in (Verdict.FAIL, Verdict.BLOCKED):
            return judgement
        rest.append(judgement)
    rest.sort(key=lambda judgement: (Verdict.WARNING, Verdict.PASS, judgement.verdict).index(judgement.verdict))
    return rest[0] if rest else unclear("nothing to judge")


def stays_open(evidence: Evidence) -> bool:
    """Whether a plain HTTP/1.1 GET leaves the connection open: a second request on it is answered."""
    request = evidence.request("/")
    return len(evidence.sequence(request, request).responses) == 2


def is_framed(response: Response) -> bool:
    """Whether the reply tells its own end, so that it does not take the end of the connection."""
    return response.framing is not Framing.CLOSE
