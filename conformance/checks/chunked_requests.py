"""Chunked bodies in requests, in all their lawful forms (RFC 9112 §7, §7.1; RFC 2616 §3.6.1; RFC 3875 §4.2).

Nobody has to take a body at all, and 411 may be the answer to one of unknown length. So forms are judged beside the
plainest chunked body that this server is seen to read; where none is, they do not apply.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_programs import ECHO, Post, of_gateways, post, program, report_in
from conformance.checks.request_bodies import HELLO, NO_WAY, TEXT, chunks_alike, understood, way_of_chunks
from conformance.evidence import Evidence
from conformance.exchange import Ending
from conformance.predicates import OVERLOADED, absent, advised, broken, describe, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

HEAD = "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\nTransfer-Encoding: "
HELLO_CHUNK = "5\r\nhello\r\n0\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\n… (the program has read hello)"
BAD = "HTTP/1.1 400 Bad Request\r\n…"
IN_TWO = b"5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n"
DECODED = (
    'CONTENT_LENGTH "9" and "hello you" (RFC 3875 §4.2), 411 (RFC 9112 §6.3), a refusal (not 400, 500), or a close'
)
NO_POST = "no program here is given the body of a POST"
NOT_UNDERSTOOD = (400, 500)
"""What says that good chunks are bad, or that they broke something; any other refusal is a matter of policy."""


def posted_in(evidence: Evidence, coding: str, body: bytes) -> Post:
    """What the program that tells its input said of a body in these transfer codings."""
    fields = [TEXT, ("Transfer-Encoding", coding)]
    exchange = evidence.get(program(evidence, ECHO) or "/", fields, method="POST", body=body)
    return Post(exchange, report_in(exchange.response))


@check(
    "chunked.request-decoded",
    also=("cgi-input.length-after-decoding", "cgi-input.transfer-coding-removed"),
    statement="A program is given a chunked body without the chunk sizes and with its true length, or the request is "
    "refused.",
    why="Clients that do not know the length beforehand send chunks; a program that is given none of them, or the "
    "sizes among them, works on rubbish.",
    hint="Read chunk after chunk, join the data, and set CONTENT_LENGTH to its length; or answer 411 Length Required.",
    example=(
        f"{HEAD}chunked\r\n\r\n5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n",
        'CONTENT_LENGTH is "9", and "hello you" on standard input',
        "CONTENT_LENGTH is not set",
    ),
    needs=("cgi", "http-1.1"),
    risk=Risk.UNUSUAL,
    dispute="CGI wants the length before the program starts, so that servers which do not store bodies cannot run it. "
    "They may insist on a length with 411 (RFC 9112 §6.3); what they may not do is run the program without the body.",
)
@of_gateways
def request_decoded(evidence: Evidence) -> Judgement:
    if post(evidence).body != b"hello":
        return absent(NO_POST)
    sent = posted_in(evidence, "chunked", IN_TWO)
    exchange = sent.exchange
    if sent.report is not None:
        length = sent.report.get("content_length")
        if length == "9" and sent.body == b"hello you":
            return passed()
        observed = f"CONTENT_LENGTH is {length!r}, and {sent.body[:60]!r} on standard input"
        message = "A program is run without the body that came in chunks, or with another one."
        return broken(exchange, message, expected=DECODED, observed=observed)
    if exchange.status in OVERLOADED or served(exchange):
        return unclear(f"the program did not tell what it was given: {describe(exchange)}")
    if exchange.status in NOT_UNDERSTOOD or exchange.ending is Ending.SILENT:
        return broken(exchange, "A good chunked body is not understood.", expected=DECODED)
    return passed(f"refuses chunked bodies: {describe(exchange)}")


@check(
    "chunked.coding-name-case-insensitive",
    statement="The name of the chunked coding in a request is understood in any mixture of capitals and small letters.",
    why="A server that overlooks Chunked leaves the body lying about and takes it for the next request.",
    hint='Compare value.lower() with "chunked".',
    example=(f"{HEAD}Chunked\r\n\r\n{HELLO_CHUNK}", GOOD, BAD),
    risk=Risk.UNUSUAL,
)
def name_in_any_case(evidence: Evidence) -> Judgement:
    way = way_of_chunks(evidence)
    if way is None:
        return absent(NO_WAY)
    for name in ("Chunked", "CHUNKED"):
        exchange = way.send(evidence, [("Transfer-Encoding", name)], HELLO)
        if not understood(evidence, way, exchange, b"hello"):
            message = "The chunked coding is not recognised in other letters."
            return broken(exchange, message, expected="the same as for chunked in small letters (RFC 9112 §7)")
    return passed()


@check(
    "chunked.size-forms-accepted",
    statement="Chunk sizes may have leading zeros and digits in capitals, and the last chunk several zeros.",
    why="Some clients write sizes of a fixed width; they are the same numbers.",
    hint="Turn the digits into a number, int(digits, 16), and compare that with 0, not the line with '0'.",
    example=(f"{HEAD}chunked\r\n\r\n000A\r\nhello, you\r\n000\r\n\r\n", GOOD, BAD),
    risk=Risk.UNUSUAL,
)
def size_forms(evidence: Evidence) -> Judgement:
    bodies = [b"%s\r\nhello, you\r\n%s\r\n\r\n" % pair for pair in ((b"0a", b"0"), (b"A", b"0"), (b"000a", b"000"))]
    message = "A chunk size in another lawful spelling is not understood."
    return chunks_alike(evidence, bodies, message, content=b"hello, you")


@check(
    "chunked.extensions-ignored",
    statement="Extensions behind a chunk size that the server does not know are passed over.",
    why="They are lawful; a server that chokes on the semicolon loses the whole body.",
    hint='Cut the line at the first ";" before you turn it into a number.',
    example=(f'{HEAD}chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0\r\n\r\n', GOOD, BAD),
    risk=Risk.UNUSUAL,
    dispute="Some servers refuse every extension, since nobody uses them and attackers hide things there. RFC 9112 "
    "§7.1.1 lets a server limit their length, which short ones like these do not exceed, and has it ignore what it "
    "does not know.",
)
def extensions_ignored(evidence: Evidence) -> Judgement:
    bodies = [b'5;a=b;c="d"\r\nhello\r\n0\r\n\r\n', b"5;name\r\nhello\r\n0;last=1\r\n\r\n"]
    return chunks_alike(evidence, bodies, "A chunk extension changes the outcome.")


@check(
    "chunked.extension-bad-whitespace-accepted",
    also=("field.bws-accepted",),
    statement="Blanks round the semicolon and the equals sign of a chunk extension are put up with.",
    why="RFC 2616 allowed them, so old clients send them; but RFC 7230 had banned them and careful servers refuse "
    "them, so this is a note only.",
    hint="Strip blanks from both sides of what stands between the semicolons.",
    example=(f"{HEAD}chunked\r\n\r\n5 ; a = b\r\nhello\r\n0\r\n\r\n", GOOD, BAD),
    requires=("chunked.extensions-ignored",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §2.1 let blanks stand there, RFC 7230 took them away, RFC 9112 §7.1.1 has them back as bad "
    "whitespace that recipients put up with (RFC 9110 §5.6.3). Careful servers refuse them: a warning at most.",
)
def extension_blanks(evidence: Evidence) -> Judgement:
    message = "Blanks in a chunk extension change the outcome."
    judgement = chunks_alike(evidence, [b"5 ; a = b\r\nhello\r\n0\r\n\r\n"], message)
    if judgement.finding is None:
        return judgement
    found = judgement.finding
    return advised(found.exchange, message, expected=found.expected, observed=found.observed)


@check(
    "chunked.request-trailer-read",
    statement="Trailer fields after the last chunk of a request are read, up to the empty line.",
    why="A server that stops after the last chunk takes the trailer for the next request.",
    hint="After the chunk of size zero read lines until an empty one, and throw them away.",
    example=(f"{HEAD}chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", GOOD, BAD),
    risk=Risk.UNUSUAL,
)
def trailer_read(evidence: Evidence) -> Judgement:
    bodies = [b"5\r\nhello\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n"]
    return chunks_alike(evidence, bodies, "A trailer field after the last chunk changes the outcome.")
