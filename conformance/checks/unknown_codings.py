"""Transfer codings in requests that are unknown, or do not end in chunks (RFC 9112 §6.1, §6.3; RFC 2616 §3.6, §4.4).

They are sent with GET, which every server has, and a plain GET right behind them shows whether the server still thinks
that it knows where it is.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.ambiguous_framing import CHUNKS, CLOSES, CODED, PLAIN, SERVED
from conformance.checks.cgi_programs import ECHO, program
from conformance.checks.controls import static_target, turned_down
from conformance.checks.request_bodies import (
    CHUNKED,
    HELLO,
    INVALID_LENGTH,
    NO_WAY,
    TEXT,
    Way,
    ignores_lengths,
    next_answered,
    one_reply_then_end,
    way_of_chunks,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, blocked, describe, passed, refused, unclear
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement, Verdict

NOT_CHUNKED_LAST = ("gzip", "chunked, gzip", "xchunked")
NO_END = "400 and a close (RFC 9112 §6.3), 501 (RFC 9112 §6.1) or another 4xx, or a close alone (RFC 9112 §9.5)"


def _oddly_coded(evidence: Evidence, coding: str) -> Exchange:
    return Way("GET", static_target(evidence)).send(evidence, [("Transfer-Encoding", coding)], HELLO, Risk.MALFORMED)


@check(
    "framing.te-not-chunked-last-400",
    statement="A request whose last transfer coding is not chunked gets 400 (or 501).",
    why="Only chunks tell where such a body ends; without them a request has no end that anybody can know.",
    hint='Split Transfer-Encoding at the commas; if the last word is not "chunked", answer 400 and close.',
    example=(f"{CODED}chunked, gzip{CHUNKS}", CLOSES, SERVED),
    needs=("http-1.1",),
    risk=Risk.MALFORMED,
    dispute="400 by RFC 9112 §6.3, 501 by §6.1 for who does not know the coding: both are accepted. Servers that give "
    "a page to GET whatever its body is break the former all the same. The coding identity, lawful in RFC 2616 §3.6, "
    "is not sent here.",
)
def not_chunked_last(evidence: Evidence) -> Judgement:
    if ignores_lengths(evidence):
        return blocked(INVALID_LENGTH, "the body of a GET is not even looked for")
    control = evidence.get(static_target(evidence))
    judgement = passed()
    for coding in NOT_CHUNKED_LAST:
        message = f"A body in the transfer coding {coding!r} is not refused."
        exchange = _oddly_coded(evidence, coding)
        judgement = turned_down(exchange, control, message, also=(501,), expected=NO_END)
        if judgement.verdict is not Verdict.PASS:
            break
    return judgement


@check(
    "framing.te-not-chunked-last-close",
    statement="After it has refused a transfer coding that does not end in chunks, the server closes the connection.",
    why="The end of that body is unknown, so the next octets may belong to it.",
    hint='Send "Connection: close" with that 400, and close.',
    example=(f"{CODED}gzip{CHUNKS}{PLAIN}", CLOSES, f"HTTP/1.1 400 Bad Request\r\n…{SERVED}"),
    requires=("framing.te-not-chunked-last-400",),
    risk=Risk.MALFORMED,
)
def not_chunked_last_closes(evidence: Evidence) -> Judgement:
    judgement = unclear("no reply came")
    for coding in NOT_CHUNKED_LAST:
        message = "The connection stays in use after a body that has no known end."
        judgement = one_reply_then_end(_oddly_coded(evidence, coding), message, "RFC 9112 §6.3")
        if judgement.verdict is Verdict.FAIL:
            break
    return judgement


@check(
    "framing.unknown-transfer-coding-501",
    statement="A body in a transfer coding that the server does not know is refused, best with 501.",
    why="Chunks say where it ends, but nobody can tell what is in it.",
    hint='Answer 501 unless Transfer-Encoding is exactly "chunked".',
    example=(f"{CODED}foo, chunked{CHUNKS}", "HTTP/1.1 501 Not Implemented\r\n…", SERVED),
    requires=("framing.te-not-chunked-last-400",),
    risk=Risk.UNUSUAL,
    dispute="Who gives the same page to every GET may say that it need not understand the body. Both RFC 2616 §3.6 and "
    "RFC 9112 §6.1 advise 501; other refusals are accepted.",
)
def unknown_coding(evidence: Evidence) -> Judgement:
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    control = way.send(evidence, [CHUNKED], HELLO)
    message = "A transfer coding that does not exist is passed over."
    expected = "501 (RFC 9112 §6.1), 400 or another 4xx (RFC 9110 §15.5.1), or a close (RFC 9112 §9.5)"
    return turned_down(_unknown(evidence, way), control, message, also=(501,), expected=expected)


def _unknown(evidence: Evidence, way: Way) -> Exchange:
    return way.send(evidence, [("Transfer-Encoding", "foo, chunked")], HELLO)


@check(
    "framing.unknown-transfer-coding-close",
    statement="After it has refused an unknown transfer coding the server closes the connection, or reads on behind "
    "the last chunk.",
    why="The body is on its way already; left on the connection, it is taken for the next request.",
    hint='Send "Connection: close" with the 501, and close.',
    example=(
        f"{CODED}foo, chunked{CHUNKS}{PLAIN}",
        "HTTP/1.1 501 Not Implemented\r\nConnection: close\r\n…",
        "HTTP/1.1 501 Not Implemented\r\n…HTTP/1.1 400 Bad Request\r\n… (for the chunks)",
    ),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §3.6 asks for 501 and a close, RFC 9112 §6.1 for 501 alone: where chunked is the last coding the "
    "body can be skipped. So an open connection is accepted if the next request is answered rightly.",
)
def unknown_coding_closes(evidence: Evidence) -> Judgement:
    exchange = _unknown(evidence, Way("GET", static_target(evidence)))
    if not refused(exchange):
        return absent(f"an unknown transfer coding is not refused: {describe(exchange)}")
    if next_answered(evidence, exchange):
        return passed("skips the chunks")
    message = "The body in an unknown transfer coding is taken for the next request."
    return one_reply_then_end(exchange, message, "RFC 2616 §3.6")


@check(
    "framing.unknown-length-400-or-411",
    statement="A POST whose body has neither a length nor chunks to tell its end is refused.",
    why="Transfer-Encoding announces a body; taken for none, its octets become the next request.",
    hint="Answer 400, or 411 Length Required, if there is a Transfer-Encoding that does not end in chunked.",
    example=(
        f"{CODED}identity\r\n\r\nhello".replace("GET", "POST"),
        "HTTP/1.1 411 Length Required\r\nConnection: close\r\n…",
        SERVED,
    ),
    needs=("http-1.1",),
    requires=("framing.te-not-chunked-last-400",),
    risk=Risk.MALFORMED,
)
def unknown_length(evidence: Evidence) -> Judgement:
    page = evidence.site.throwaway
    target = program(evidence, ECHO) or (page.target if page else MISSING)
    fields = [TEXT, ("Transfer-Encoding", "identity")]
    exchange = evidence.get(target, fields, method="POST", body=b"hello", risk=Risk.MALFORMED)
    message = "A POST whose body has no known end is not refused."
    expected = "400 or 411 (RFC 2616 §4.4), 405 or 501 (RFC 9110 §9.1) or another 4xx, or a close (RFC 9112 §9.5)"
    return turned_down(exchange, evidence.get(static_target(evidence)), message, also=(501,), expected=expected)
