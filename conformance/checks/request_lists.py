"""Comma lists in requests (RFC 9110 §5.2, §5.3, §5.6; RFC 2616 §2.1, §4.2): blanks, empty members, several lines.

What shows how a list is read is the close option in Connection, where the server closes on demand only, and the tag in
If-None-Match, where a current one draws 304: alone, and as the second of two.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.conditional import control_of
from conformance.checks.controls import close_matters, static_target
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import by_type, unsteady
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.probe import Fields
from conformance.rule import Risk
from conformance.verdict import Judgement

OTHER_TAG = '"7f3a-never-issued"'
NOTHING_SHOWS = "neither Connection: close nor If-None-Match has an effect that could show how a list is read"
LISTS = ("connection.option-list-parsed",)


def _request(*lines: str) -> str:
    return "\r\n".join(["GET / HTTP/1.1", "Host: localhost:50000", *lines, "", ""])


CLOSED = "HTTP/1.1 200 OK\r\n… (and the connection closes)"
OPEN = "HTTP/1.1 200 OK\r\n… (and the connection stays open)"


def _closes(evidence: Evidence, message: str, *spellings: Fields) -> Iterator[Judgement]:
    """Whether the close option is found in each of these spellings, where the server is known to look for it."""
    if not close_matters(evidence):
        return
    for fields in spellings:
        exchange = evidence.get(static_target(evidence), tuple(fields), to_end=True)
        if exchange.status in OVERLOADED:
            yield unclear(f"the server was overloaded: {describe(exchange)}")
        elif not served(exchange) and answered(exchange):
            yield broken(exchange, message, expected="the page, as with the plain list")
        elif exchange.ending is Ending.SILENT:
            expected = "a close after the reply, as with the plain list"
            yield broken(exchange, message, expected=expected, observed="the connection stayed open")
        else:
            yield passed()


def _matches(evidence: Evidence, message: str, *spellings: tuple[str, ...]) -> Iterator[Judgement]:
    """Whether the current tag, for which ``TAG`` stands, is found in these values, each on a line of its own."""
    control = control_of(evidence)
    page = evidence.site.document
    tag = control.response.value("etag") if control and control.response else None
    if page is None or tag is None:
        return
    name = "If-None-Match"
    if any(evidence.get(page.target, [(name, value)]).status != 304 for value in (tag, f"{OTHER_TAG}, {tag}")):
        return
    for values in spellings:
        exchange = evidence.get(page.target, [(name, value.replace("TAG", tag)) for value in values])
        if exchange.status == 304:
            yield passed()
        elif exchange.status in OVERLOADED:
            yield unclear(f"the server was overloaded: {describe(exchange)}")
        elif not unsteady(evidence, page.target, "etag"):
            yield broken(exchange, message, expected="304, as with the plain list")


def _first(judgements: Iterator[Judgement], *more: Iterator[Judgement]) -> Judgement:
    """The judgement of several trials, of which some may not apply."""
    trials = [judgement for trial in (judgements, *more) for judgement in trial]
    return first_of(trials) if trials else absent(NOTHING_SHOWS)


@check(
    "field.repeated-lines-are-one-list",
    also=("field.repeated-lines-combined",),
    statement="Several lines of one list field mean the same as one line with their values in this order.",
    why="Proxies add lines of their own; whoever keeps the last line only forgets what the client said.",
    hint='If a name is in the dictionary already, append ", " and the new value instead of overwriting it.',
    example=(_request("Connection: close", "Connection: x"), CLOSED, OPEN),
    requires=LISTS,
    dispute="Many servers keep the first line or the last, and nginx refuses a second If-None-Match with 400. RFC "
    "9110 §5.2 makes one list of all lines of a field that is defined as a list, and RFC 2616 §4.2 wants "
    "this to be possible without a change of meaning.",
    risk=Risk.UNUSUAL,
)
def repeated_lines(evidence: Evidence) -> Judgement:
    message = "Of several lines of one field not all are read."
    lines = [("Connection", "x"), ("Connection", "close")]
    return _first(
        _closes(evidence, message, lines, lines[::-1]),
        _matches(evidence, message, (OTHER_TAG, "TAG"), ("TAG", OTHER_TAG)),
    )


@check(
    "field.empty-list-elements-accepted",
    statement="Empty members of a list, nothing between two commas, are skipped.",
    why="Old clients and careless scripts write them; they mean nothing, and were lawful once.",
    hint="Leave out what is empty after splitting at commas: [m for part in value.split(',') if (m := part.strip())].",
    example=(_request("Connection: , close"), CLOSED, OPEN),
    requires=LISTS,
    dispute="RFC 2616 §2.1 lets senders write empty members, RFC 9110 §5.6.1.1 does not; both have recipients "
    "skip them (RFC 9110 §5.6.1.2). Only one or two are tried, since a server may refuse a great many.",
    risk=Risk.UNUSUAL,
)
def empty_members(evidence: Evidence) -> Judgement:
    # With a blank behind each comma, for who finds no member without it breaks another rule.
    message = "Empty members keep a list from being understood."
    return _first(
        _closes(evidence, message, [("Connection", ", close")], [("Connection", "foo, , close")]),
        _matches(evidence, message, (f", {OTHER_TAG}, , TAG",), ("TAG, ,",)),
    )


@check(
    "field.inner-whitespace-tolerated",
    statement="Blanks beside the commas and semicolons of a value mean nothing.",
    why="'foo ,close' and 'foo, close' are the same list; who splits at ', ' finds one strange word in the first.",
    hint="Split at the comma alone and strip() each part.",
    example=(_request("Connection: foo ,close"), CLOSED, OPEN),
    requires=(*LISTS, "conditional.inm-list"),
    dispute="RFC 2616 §2.1 allows blanks between any two words, RFC 9110 §5.6.1.1 beside the commas of lists "
    "only, tabs among them. Blanks round a slash or an equals sign are not tried.",
    risk=Risk.UNUSUAL,
)
def inner_whitespace(evidence: Evidence) -> Judgement:
    message = "Blanks beside a comma or semicolon, or none, change the meaning of a value."
    values = ("foo ,close", "foo,\t close", "foo,close")
    return _first(
        _closes(evidence, message, *([("Connection", value)] for value in values)),
        _matches(evidence, message, (f"{OTHER_TAG} ,TAG",), (f"{OTHER_TAG},\t TAG",)),
        _chosen_alike(evidence, message, " ; q={} , ", ";q={}, "),
    )


@check(
    "field.parameter-name-case-insensitive",
    statement="Names of parameters are recognised in capitals and in small letters.",
    why="Q=0.5 is the same weight as q=0.5.",
    hint="Turn the name of each parameter into small letters before you compare it.",
    example=(
        _request("Accept: text/html;Q=0.1, text/plain;Q=0.9"),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n…",
    ),
    needs=("type-variants",),
    requires=("negotiation.q-name-case-insensitive",),
    risk=Risk.UNUSUAL,
)
def parameter_case(evidence: Evidence) -> Judgement:
    message = "The weight of a media type is not recognised in capitals."
    trials = list(_chosen_alike(evidence, message, ";Q={}, ", ";q={}, "))
    return first_of(trials) if trials else absent("weights in Accept decide nothing here")


def _chosen_alike(evidence: Evidence, message: str, odd: str, plain: str) -> Iterator[Judgement]:
    """Whether weights in Accept, spelled oddly, choose the same variants as spelled plainly, where they choose any."""
    target = by_type(evidence)
    if target is None:
        return
    pairs = [_weighed(evidence, target, plain, odd, *weights) for weights in (("0.1", "0.9"), ("0.9", "0.1"))]
    controls = [control for control, _ in pairs]
    if not all(map(served, controls)) or same_answer(*controls):
        return
    for control, exchange in pairs:
        if same_answer(exchange, control):
            yield passed()
        elif exchange.status in OVERLOADED:
            yield unclear(f"the server was overloaded: {describe(exchange)}")
        else:
            observed = describe(exchange) if exchange.status != control.status else "another variant"
            yield broken(exchange, message, expected="the variant that the plain spelling draws", observed=observed)


def _weighed(evidence: Evidence, target: str, plain: str, odd: str, html: str, text: str) -> tuple[Exchange, Exchange]:
    """The exchanges of the same weights in both spellings; the second type's weight closes the value."""

    def asked(form: str) -> Exchange:
        value = "text/html" + form.format(html) + "text/plain" + form.format(text).rstrip(", ")
        return evidence.get(target, [("Accept", value)])

    return asked(plain), asked(odd)
