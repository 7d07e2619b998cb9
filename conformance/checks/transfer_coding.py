"""Transfer-Encoding in replies, TE in requests (RFC 9112 §6.1, §7.4, RFC 9110 §10.1.4; RFC 2616 §3.6, §14.39, §14.41).

What is inside a chunked body is judged in ``chunked``. The coding ``identity`` was lawful in RFC 2616 and is never
blamed.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.chunks import ChunkFault, walk
from conformance.connections import document, first_response, generated, is_http10, known_content, target_of
from conformance.evidence import Answer, Evidence
from conformance.exchange import Exchange
from conformance.grammar import PARAMETER, TOKEN, list_members
from conformance.predicates import absent, each, each_field, found, treated_alike
from conformance.response import DefectKind, Field, Framing, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET /page.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
NOTHING = "no answer had a head"
COMPRESSIONS = {"gzip", "x-gzip", "compress", "x-compress", "deflate"}
CODINGS = {"chunked", "identity", *COMPRESSIONS}
CODING = re.compile(rf"{TOKEN}(?:[ \t]*;[ \t]*{PARAMETER})*")


def coded_answers(evidence: Evidence) -> list[Answer]:
    """The survey, and what servers are apt to generate on the fly."""
    found_by_probe = {x.probe: (x, r) for x, r in (*evidence.answers, *first_response(generated(evidence)))}
    return list(found_by_probe.values())


@check(
    "framing.transfer-encoding-grammar",
    statement="Transfer-Encoding names transfer codings, as a rule just chunked.",
    why="A client that does not know the coding cannot tell where the body ends.",
    hint='Send "Transfer-Encoding: chunked" if you send chunks, and no such field otherwise. "binary", "8bit" or '
    '"none" come from mail and mean nothing here.',
    example=(REQUEST, CHUNKED, "HTTP/1.1 200 OK\r\nTransfer-Encoding: 8bit\r\n…"),
    dispute="The coding identity was lawful in RFC 2616 §3.6 and has been dropped since: it is let pass. An empty list "
    "is outside of RFC 2616 §14.41 and inside of RFC 9110 §5.6.1, so that it counts by RFC 2616 alone.",
)
def coding_grammar(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        members = [member for member in list_members(field.value) if member]
        empty_is_wrong = evidence.spec is Spec.RFC2616  # RFC 9110 §5.6.1 lets a list be empty
        named = {member.partition(";")[0].strip().lower() for member in members}
        sound = all(CODING.fullmatch(member) for member in members) and named <= CODINGS
        if sound and (members or not empty_is_wrong):
            return None
        return found(
            exchange,
            "Transfer-Encoding names no transfer coding.",
            expected="chunked or another registered coding (RFC 9112 §7.2), or no such field",
            observed=repr(field.value),
            span=field.span,
        )

    return each_field(coded_answers(evidence), {"transfer-encoding"}, test)


@check(
    "framing.no-unasked-transfer-coding",
    also=("framing.te-q-zero-not-used",),
    statement="No transfer coding but chunked is used unless the TE field of the request offers to read it; with q=0 "
    "it declines.",
    why="A client that has not offered to decompress a message cannot read it.",
    hint="Remove gzip or deflate from Transfer-Encoding; what browsers ask for belongs into Content-Encoding.",
    example=(REQUEST, CHUNKED, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n…"),
    risk=Risk.UNUSUAL,
)
def no_unasked_coding(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        codings = {coding.partition(";")[0].strip() for coding in response.tokens("transfer-encoding")}
        field = response.field("transfer-encoding")
        if field is None or not codings & COMPRESSIONS:
            return None
        return found(
            exchange,
            "A transfer coding is used that the client did not offer to read.",
            expected="Transfer-Encoding: chunked (RFC 9112 §7.4), or no such field",
            observed=field.value,
            span=field.span,
        )

    declined = ([("TE", "")], [("TE", "gzip;q=0, deflate;q=0"), ("Connection", "TE")])
    offered_none = [evidence.get(target_of(x), fields) for x in generated(evidence)[:1] for fields in declined]
    return each([*coded_answers(evidence), *first_response(offered_none)], test, NOTHING)


@check(
    "framing.no-transfer-coding-to-http10",
    statement="A reply to an HTTP/1.0 request has no transfer coding.",
    why="HTTP/1.0 knows no chunks: such a client shows the chunk sizes in the middle of the page.",
    hint="If the request line says HTTP/1.0, send the body as it is, with Content-Length or ended by closing.",
    example=("GET /page.py HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", CHUNKED),
    risk=Risk.UNUSUAL,
)
def no_coding_to_http10(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("transfer-encoding")
        if field is None:
            return None
        return found(
            exchange,
            "A reply to HTTP/1.0 has a transfer coding.",
            expected="no Transfer-Encoding field (RFC 9112 §6.1)",
            observed=field.value,
            span=field.span,
        )

    targets = dict.fromkeys(target_of(x) for x in generated(evidence))
    return each(first_response(evidence.get(t, version="HTTP/1.0") for t in targets), test, NOTHING)


@check(
    "framing.transfer-encoding-declared",
    statement="A body that is sent in chunks is declared with Transfer-Encoding.",
    why="Without the field the chunk sizes show up in the page.",
    hint='Send "Transfer-Encoding: chunked" whenever you write chunks.',
    example=(REQUEST, CHUNKED, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
)
def coding_declared(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        known = known_content(evidence.site, target_of(exchange))
        if known is None or response.framing is Framing.CHUNKED or response.defect(DefectKind.NO_EMPTY_LINE):
            return None
        body = exchange.received[response.head_end :]
        read = walk(body)
        if read.fault is not None or not read.chunks or read.data != known:
            return None
        return found(
            exchange,
            "The body is sent in chunks, but no field says so.",
            expected="Transfer-Encoding: chunked, or the page as it is (RFC 2616 §4.3, RFC 9112 §6.1)",
            observed="chunk sizes as part of the page",
            span=(response.head_end, response.head_end + body.index(b"\n") + 1),
        )

    return each(coded_answers(evidence), test, NOTHING)


@check(
    "framing.transfer-encoding-truthful",
    statement="A body that is declared as chunked is sent in chunks, once.",
    why="The client reads the first line of the page as a chunk size and gives up.",
    hint="Send the field only if you write the chunks, and do not chunk what a program has chunked already.",
    example=(REQUEST, CHUNKED, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nok"),
)
def coding_truthful(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        read = walk(exchange.received, response.head_end)
        begin = (response.head_end, min(response.head_end + 16, len(exchange.received)))
        if read.fault is ChunkFault.PLAIN:
            return found(
                exchange,
                "The reply says chunked, but its body is plain.",
                expected="a chunk size in hexadecimal digits as the first line of the body (RFC 9112 §7.1)",
                observed="other text",
                span=begin,
            )
        inner = walk(read.data)
        known = known_content(evidence.site, target_of(exchange))
        if read.fault is not None or inner.fault is not None or not inner.chunks or inner.data != known:
            return None
        return found(
            exchange,
            "The body is chunked twice.",
            expected="the page inside the chunks (RFC 9112 §6.1)",
            observed="chunks inside the chunks",
            span=begin,
        )

    answers = [(x, r) for x, r in coded_answers(evidence) if r.framing is Framing.CHUNKED]
    return each(answers, test, NOTHING) if answers else absent("no reply was chunked")


@check(
    "framing.te-list-parsed",
    statement="A TE field with several codings, weights and the word trailers is no error.",
    why="Clients announce with it what they could read; the server is free to make no use of it.",
    hint="Ignore TE, or read it as a list parted by commas; never fail on it.",
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\nTE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 400 Bad Request\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def te_list(evidence: Evidence) -> Judgement:
    target = document(evidence)
    exchange = evidence.get(target, [("TE", "trailers, deflate;q=0.5"), ("Connection", "TE")])
    return treated_alike(exchange, evidence.get(target), "A valid TE field changes the outcome.")


@check(
    "version.http11-with-transfer-coding",
    statement="A reply with Transfer-Encoding says HTTP/1.1 in its status line.",
    why="HTTP/1.0 has no transfer codings, so clients treat such a reply as broken.",
    hint='Write "HTTP/1.1" in the status line if you send chunks.',
    example=(REQUEST, CHUNKED, CHUNKED.replace("1.1", "1.0", 1)),
)
def coding_needs_http11(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response, field: Field) -> Finding | None:
        if not is_http10(response):
            return None
        return found(
            exchange,
            "A reply of HTTP/1.0 has a transfer coding.",
            expected="HTTP/1.1 in the status line, or no Transfer-Encoding (RFC 2616 §3.1)",
            observed=f"{response.version} with Transfer-Encoding: {field.value}",
            span=field.span,
        )

    return each_field(coded_answers(evidence), {"transfer-encoding"}, test)
