"""Field lines as the server reads them (RFC 9112 §5, RFC 9110 §5, RFC 2616 §4.2): spellings that mean the same."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.controls import (
    CLOSE,
    close_matters,
    request_of,
    static_target,
    understood_like_control,
)
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Ending
from conformance.exemplars import unsteady
from conformance.fuzz.within_checks import told_apart
from conformance.predicates import (
    absent,
    answered,
    broken,
    describe,
    first_of,
    treated_alike,
    unclear,
    unharmed,
)
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

OK = "HTTP/1.1 200 OK\r\n…"
BAD = "HTTP/1.1 400 Bad Request\r\n…"
INVENTED = [("X-Unknown", "1"), *((f"X-Invented-{n}", f"value {n}") for n in range(1, 21))]


def _with(lines: str) -> str:
    return f"GET / HTTP/1.1\r\n{lines}\r\n\r\n"


@check(
    "field.names-case-insensitive",
    statement="Names of fields in a request are recognised in any mixture of capitals and small letters.",
    why="Clients and proxies write Host, host or HOST as they like; HTTP/2 gateways send small letters only.",
    hint="Turn each name into small letters when you read it, and look fields up by that.",
    example=(_with("hOST: localhost:50000\r\ncONNECTION: close"), OK, BAD),
    risk=Risk.UNUSUAL,
)
def names_case_insensitive(evidence: Evidence) -> Judgement:
    host_matters = evidence.get("/", host=None).status == 400
    if not host_matters and not close_matters(evidence):
        return absent("neither Host nor Connection: close has an effect that could show whether it was read")
    judgement = understood_like_control(
        evidence,
        [f"hOST: {evidence.site.authority}", "cONNECTION: close"],
        "A field is not recognised if its name is written with other capitals.",
    )
    return told_apart(judgement, evidence, "capitals in a field name")


@check(
    "field.whitespace-around-value-ignored",
    also=("field.value-trimmed",),
    statement="Spaces and tabs around the value of a field are no part of it, and there may be none.",
    why="'Host:name' and 'Host:   name ' are the same field; who compares with the blanks misses it.",
    hint='Split at the colon alone, not at ": ", then strip() the value.',
    example=(_with("Host:localhost:50000\r\nConnection:\tclose "), OK, BAD),
    risk=Risk.UNUSUAL,
)
def whitespace_around_value(evidence: Evidence) -> Judgement:
    host = evidence.site.authority
    spellings = (
        (f"Host:{host}", "Connection:close"),
        (f"Host:  \t {host}", "Connection: \t  close"),
        (f"Host: {host} \t ", "Connection: close \t "),
    )
    message = "Blanks round a field's value, or none, change its meaning."
    trials = [understood_like_control(evidence, lines, message) for lines in spellings]
    judgement = first_of([*trials, *_blanks_in_condition(evidence, message)])
    return told_apart(judgement, evidence, "blanks round a value")


def _blanks_in_condition(evidence: Evidence, message: str) -> Iterator[Judgement]:
    """The same question of a field whose value is compared with something, where the server has conditions."""
    target = static_target(evidence)
    plain = evidence.get(target).response
    tag = plain.value("etag") if plain else None
    if tag is None:
        return
    control = evidence.get(target, [("If-None-Match", tag)])
    exchange = evidence.get(target, [("If-None-Match", f" \t {tag} \t ")])
    differs = control.status == 304 and answered(exchange) and exchange.status != 304
    if differs and not unsteady(evidence, target, "etag"):
        yield broken(exchange, message, expected="status 304, as without the blanks")


@check(
    "field.order-irrelevant",
    statement="Fields of different names mean the same in any order.",
    why="No client has to send Host in the second line.",
    hint="Read all the lines up to the empty one into a dictionary, instead of looking at lines by their number.",
    example=(_with("Accept: */*\r\nUser-Agent: test\r\nHost: localhost:50000\r\nConnection: close"), OK, BAD),
    risk=Risk.UNUSUAL,
)
def order_irrelevant(evidence: Evidence) -> Judgement:
    others = ["Accept: */*", "User-Agent: conformance", "Accept-Language: en"]
    return understood_like_control(
        evidence,
        [*others, f"Host: {evidence.site.authority}", "Connection: close"],
        "A field is not understood where it comes after others.",
    )


@check(
    "field.empty-value-accepted",
    statement="A field without a value is lawful.",
    why="Clients send 'X-Empty:' and the like; a server that refuses it breaks them.",
    hint="Do not demand anything after the colon.",
    example=(_with("Host: localhost:50000\r\nX-Empty:"), OK, BAD),
    risk=Risk.UNUSUAL,
)
def empty_value(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    data = request_of(evidence, f"GET {target} HTTP/1.1", ["X-Empty:"])
    return treated_alike(
        evidence.raw(data, risk=Risk.UNUSUAL), evidence.get(target), "A field with an empty value harms."
    )


@check(
    "field.only-first-colon-splits",
    statement="The first colon of a field line ends the name; all others belong to the value.",
    why="URLs, times and port numbers hold colons.",
    hint='Use line.split(":", 1) or line.partition(":"), not line.split(":").',
    example=(_with("Host: localhost:50000\r\nReferer: http://a:1/"), OK, BAD),
    risk=Risk.UNUSUAL,
)
def first_colon(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return treated_alike(
        evidence.get(target, [("Referer", "http://a:1/")]),
        evidence.get(target),
        "A field whose value holds colons harms.",
    )


@check(
    "field.unknown-ignored",
    statement="Fields that the server does not know change nothing.",
    why="HTTP is extended by new fields all the time; old servers must not stumble over them.",
    hint="Look up the fields that you need, and leave the others alone.",
    example=(_with("Host: localhost:50000\r\nX-Unknown: 1"), OK, BAD),
    dispute="A server may refuse what looks like an attack (RFC 9110 §7.4); plain unknown fields do not, and RFC "
    "9110 §5.1 and RFC 2616 §7.1 advise to ignore them.",
    risk=Risk.UNUSUAL,
)
def unknown_ignored(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, INVENTED), evidence.get(target)
    if exchange.status == 431:  # a server may take so many fields and no more (RFC 9110 §5.4)
        return unclear(f"{len(INVENTED)} fields are too many for the server: {describe(exchange)}")
    message = "Unknown fields change the answer."
    judgement = treated_alike(exchange, control, message, body=is_file(evidence, control))
    return told_apart(judgement, evidence, "an unknown field", "an unknown field with a short name")


@check(
    "message.parsed-as-octets",
    statement="A request is parsed as octets; octets beyond ASCII in a field value neither break nor join lines.",
    why="Who decodes the whole request as UTF-8 first fails on a lawful octet, or is fooled by an unlawful one.",
    hint='Decode the head with decode("latin-1"), which cannot fail, or stay with bytes.',
    example=(
        _with("Host: localhost:50000\r\nX-A: \\xff\\xc3("),
        OK,
        "(the connection closes: UnicodeDecodeError)",
    ),
    dispute="RFC 9110 §5.5 only advises to carry octets beyond ASCII as they are, so that a refusal in good order "
    "passes; no reply, a failure, or a line end that is overlooked does not.",
    risk=Risk.UNUSUAL,
)
def parsed_as_octets(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target, [("X-A", "abc")])
    message = "Octets beyond ASCII in a field value leave the request without a good answer."
    odd = [evidence.get(target, [(name, b"\xff\xc3(")]) for name in ("X-A", "X-B")]
    tries = [
        unharmed(exchange, control, message, (), lawful="a refusal of class 4 (RFC 9110 §5.5)") for exchange in odd
    ]
    harmless = [judgement for judgement in tries if judgement.verdict is not Verdict.FAIL]
    if not harmless:
        return tries[0]
    return first_of([*_line_end_after_lead_octet(evidence), *harmless])


def _line_end_after_lead_octet(evidence: Evidence) -> Iterator[Judgement]:
    if not close_matters(evidence):
        return
    target = static_target(evidence)
    exchange = evidence.get(target, [("X-A", b"\xe5"), CLOSE], to_end=True)
    if answered(exchange) and exchange.ending is Ending.SILENT:
        yield broken(
            exchange,
            "The line end after an octet beyond ASCII was not seen.",
            expected="a close after the reply, as the next line asks for",
            observed="the connection stayed open",
        )


@check(
    "field.obs-text-opaque",
    statement="Octets beyond ASCII in a field value are carried as they are.",
    why="Old clients send names in Latin-1 or UTF-8; refusing them helps nobody.",
    hint='Decode the head with decode("latin-1"), and do not test values that you do not use.',
    example=(_with("Host: localhost:50000\r\nX-A: \\xc3\\xa9"), OK, BAD),
    requires=("message.parsed-as-octets", "field.unknown-ignored"),
    dispute="RFC 2616 §2.2 has these octets in every field value; RFC 9110 §5.5 keeps them out of new fields, and "
    "advises recipients to carry them as they are. So a refusal is a warning.",
    risk=Risk.UNUSUAL,
)
def obs_text(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return first_of(
        treated_alike(
            evidence.get(target, [("X-A", value)]),
            evidence.get(target),
            "A field value with octets beyond ASCII harms.",
        )
        for value in (b"\xc3\xa9", b"\xff")
    )
