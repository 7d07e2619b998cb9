"""Accept and Accept-Encoding in replies (RFC 9110 §12.3, §12.4.2, §12.5; RFC 2616 §3.9): what a server would accept.

Hardly any server sends these fields; those that do are looked at where requests with a body are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from conformance.check import check
from conformance.checks.field_values import own_answers, value_finding
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import OWS, QUOTED, list_members
from conformance.predicates import absent, each
from conformance.response import Field, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

REQUEST = "POST /notes HTTP/1.1\r\nHost: localhost:50000\r\nContent-Type: application/x-none\r\n\r\n"
REPLY = "HTTP/1.1 415 Unsupported Media Type\r\n{}\r\nContent-Length: 0\r\n\r\n"
WEIGHT = re.compile(rf"{OWS};{OWS}[qQ]=([^;\s]*)")
QVALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
WEIGHED = ("accept", "accept-encoding")


@check(
    "negotiation.generated-qvalue-three-digits",
    statement="A weight that the server sends is a number from 0 to 1 with at most three decimals.",
    why="The grammar has no more, and clients that keep to it cannot read the value.",
    hint='Write weights with f"{q:.3f}", or as fixed text.',
    example=(REQUEST, REPLY.format("Accept: text/plain;q=0.333"), REPLY.format("Accept: text/plain;q=0.3333")),
    risk=Risk.UNUSUAL,
)
def weights(evidence: Evidence) -> Judgement:
    return _judge_members(
        evidence,
        WEIGHED,
        lambda member: any(not QVALUE.fullmatch(weight) for weight in WEIGHT.findall(member)),
        "A weight is no number from 0 to 1 with at most three decimals.",
        "q=1, q=0.5, q=0.125",
    )


@check(
    "negotiation.q-sent-last",
    statement="In an Accept that the server sends, q follows the parameters of the type.",
    why="What stands behind q is read by some as a parameter of the type, by others as an extension.",
    hint="Write text/plain;format=flowed;q=0.5.",
    example=(
        REQUEST,
        REPLY.format("Accept: text/plain;format=flowed;q=0.5"),
        REPLY.format("Accept: text/plain;q=0.5;format=flowed"),
    ),
    risk=Risk.UNUSUAL,
)
def q_last(evidence: Evidence) -> Judgement:
    return _judge_members(
        evidence,
        WEIGHED[:1],
        lambda member: ";" in WEIGHT.split(member)[-1],
        "Something follows the q of a media type.",
        "q as the last parameter",
    )


@check(
    "coding.no-accept-encoding-in-other-415",
    statement="A 415 that has nothing to do with codings carries no Accept-Encoding.",
    why="A client takes that field to mean that it should send the same body with another coding.",
    hint="Send Accept-Encoding with 415 only if you refuse the request for its Content-Encoding.",
    example=(REQUEST, REPLY.format("Accept: text/plain"), REPLY.format("Accept-Encoding: gzip")),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 knows the field in requests alone; RFC 9110 §12.5.3 gave it a meaning in replies, and this "
    "limit.",
)
def no_accept_encoding(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("accept-encoding")
        message = "A 415 to a body without a coding carries Accept-Encoding."
        return None if field is None else value_finding(exchange, field, message, "no Accept-Encoding")

    refused = [(x, r) for x, r in _answers(evidence) if r.status == 415]
    return each(refused, test, "") if refused else absent("no request drew 415")


def _judge_members(
    evidence: Evidence, names: Collection[str], wrong: Callable[[str], bool], message: str, expected: str
) -> Judgement:
    """A rule on every member of these fields that has a weight."""

    def weighed(field: Field) -> list[str]:
        return [member for member in list_members(field.value) if WEIGHT.search(_bare(member))]

    def test(exchange: Exchange, response: Response) -> Finding | None:
        for field in response.fields:
            if field.key in names and any(wrong(_bare(member)) for member in weighed(field)):
                return value_finding(exchange, field, message, expected)
        return None

    judged = [(x, r) for x, r in _answers(evidence) if any(f.key in names and weighed(f) for f in r.fields)]
    return each(judged, test, "") if judged else absent("the server sends no weights")


def _bare(member: str) -> str:
    """The member without what stands in quotes."""
    return re.sub(QUOTED, '""', member)


def _answers(evidence: Evidence) -> list[Answer]:
    """The survey, OPTIONS, and the answer to a body of a type that nobody knows; no request has a coding."""
    asked = [evidence.get("/", method="OPTIONS")]
    page = evidence.site.throwaway
    if page is not None:
        fields = [("Content-Type", "application/x-none"), ("Content-Length", "5")]
        asked.append(evidence.get(page.target, fields, method="POST", body=b"hello"))
    return [*own_answers(evidence), *((x, r) for x in asked for r in x.responses[:1] if r.status_line is not None)]
