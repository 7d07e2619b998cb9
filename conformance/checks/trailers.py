"""Trailer fields of chunked replies (RFC 9112 §7.1.2, RFC 9110 §6.5, §6.6.2; RFC 2616 §3.6.1, §14.40).

Passive: hardly any server sends them, and where there are none nothing applies. Only the clear cases are judged of what
a trailer may hold: fields that a client needs before it can read the body.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.transfer_coding import coded_answers
from conformance.chunks import ChunkFault, walk
from conformance.connections import first_response, target_of
from conformance.evidence import Answer, Evidence
from conformance.exchange import Ending, Exchange
from conformance.grammar import is_token, list_members
from conformance.predicates import absent, each, each_field, found
from conformance.response import Field, Framing, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.py HTTP/1.1\r\nHost: localhost:50000\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
HEAD = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = HEAD + "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
TE_TRAILERS = [("TE", "trailers"), ("Connection", "TE")]
NO_TRAILER = "no reply has trailer fields"
FRAMING = {"transfer-encoding", "content-length", "trailer"}
NEEDED_BEFORE = FRAMING | {"host", "content-type", "content-encoding", "content-range"}
"""What frames a reply, and what says how to read it."""


def _chunked(evidence: Evidence) -> list[Answer]:
    """Chunked replies of the survey, and one to a client that asks for trailers."""
    plain = [(x, r) for x, r in coded_answers(evidence) if r.framing is Framing.CHUNKED]
    asked = [evidence.get(target_of(exchange), TE_TRAILERS) for exchange, _ in plain[:1]]
    return [*plain, *((x, r) for x, r in first_response(asked) if r.framing is Framing.CHUNKED)]


def _asked_for(exchange: Exchange) -> bool:
    return b"\r\nTE: trailers\r\n" in exchange.probe.sent


@check(
    "trailer.field-line-grammar-sent",
    statement="Lines after the last chunk are fields, name: value, each ended by CR LF.",
    why="Clients read them as they read a head; free text there breaks the connection.",
    hint='After "0\\r\\n" write nothing but "Name: value\\r\\n" lines and an empty line.',
    example=(REQUEST, GOOD, HEAD + "2\r\nok\r\n0\r\nThat was all.\r\n\r\n"),
    risk=Risk.UNUSUAL,
)
def line_grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        read = walk(exchange.received, response.head_end)
        if read.fault is not ChunkFault.TRAILER or exchange.ending in (Ending.RESET, Ending.FLOOD):
            return None
        line = exchange.received[slice(*read.span)]
        message = "A line after the last chunk is no field."
        expected = "name: value CR LF (RFC 9112 §7.1.2), or the empty line"
        return found(exchange, message, expected=expected, observed=repr(line[:60]), span=read.span)

    answers = [(x, r) for x, r in _chunked(evidence) if r.trailers or _stray(x, r)]
    return each(answers, test, "") if answers else absent(NO_TRAILER)


def _stray(exchange: Exchange, response: Response) -> bool:
    return walk(exchange.received, response.head_end).fault is ChunkFault.TRAILER


@check(
    "trailer.announced",
    statement="Trailer fields are named beforehand in the Trailer field of the head.",
    why="Then a client knows what is still to come, and can get ready for it.",
    hint='Send "Trailer: X-Sum" in the head if X-Sum follows the last chunk.',
    example=(REQUEST, GOOD, GOOD.replace("Trailer: X-Sum\r\n", "")),
    risk=Risk.UNUSUAL,
)
def announced(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        surprise = next((f for f in response.trailers if f.key not in response.tokens("trailer")), None)
        if surprise is None:
            return None
        message = "A trailer field comes unannounced."
        expected = f"{surprise.name} in the Trailer field of the head (RFC 9110 §6.6.2), or not at all"
        return found(exchange, message, expected=expected, observed=f"no {surprise.name} there", span=surprise.span)

    answers = [(x, r) for x, r in _chunked(evidence) if r.trailers]
    return each(answers, test, "") if answers else absent(NO_TRAILER)


@check(
    "trailer.field-grammar",
    statement="The Trailer field is a list of field names.",
    why="A client compares these names with what comes after the last chunk.",
    hint='Write "Trailer: X-Sum, X-Time": names and commas, no values.',
    example=(REQUEST, GOOD, GOOD.replace("Trailer: X-Sum", "Trailer: X-Sum=1; X-Time")),
    risk=Risk.UNUSUAL,
    dispute="An empty list is outside of RFC 2616 §14.40 and inside of RFC 9110 §5.6.1: it counts by RFC 2616 alone.",
)
def field_grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        names = [name for name in list_members(field.value) if name]
        empty_is_wrong = evidence.spec is Spec.RFC2616  # RFC 9110 §5.6.1 lets a list be empty
        if all(map(is_token, names)) and (names or not empty_is_wrong):
            return None
        message = "Trailer is not a list of field names."
        expected = "names parted by commas (RFC 9110 §6.6.2)"
        return found(exchange, message, expected=expected, observed=repr(field.value), span=field.span)

    return each_field([*coded_answers(evidence), *_chunked(evidence)], {"trailer"}, test)


@check(
    "trailer.only-fields-permitted",
    also=("trailer.no-framing-fields-listed", "trailer.only-if-te-or-optional"),
    statement="What frames a reply or says how to read it stands in the head, never in the trailer.",
    why="A client needs the length and the type before the body; trailers it may throw away unread.",
    hint="Send Content-Length, Content-Type and the like in the head, or leave them out.",
    example=(REQUEST, GOOD, GOOD.replace("X-Sum", "Content-Length")),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §3.6.1 lets any field but three be left to the trailer if the client has asked for trailers; RFC "
    "9110 §6.5.1 only those whose definition says so. To such clients the three alone are judged.",
)
def only_permitted(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        # To who asks for trailers RFC 2616 §3.6.1 lets any field be sent there but these.
        banned = FRAMING if _asked_for(exchange) else NEEDED_BEFORE
        fields = [f for f in response.trailers if f.key in banned]
        listed = [f for f in response.all("trailer") if {n.lower() for n in list_members(f.value)} & FRAMING]
        wrong = next(iter((*fields, *listed)), None)
        if wrong is None:
            return None
        message = "A field that a client needs before the body is left to the trailer."
        expected = "such fields in the head, or not at all (RFC 9110 §6.5.1)"
        return found(exchange, message, expected=expected, observed=f"{wrong.name}: {wrong.value}", span=wrong.span)

    answers = [(x, r) for x, r in _chunked(evidence) if r.trailers or r.field("trailer")]
    return each(answers, test, "") if answers else absent(NO_TRAILER)
