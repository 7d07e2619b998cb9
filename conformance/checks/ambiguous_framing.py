"""Requests that two readers may end at different places (RFC 9112 §6.1, §6.3, §11.2; RFC 2616 §4.4).

Two statements about one length, and chunks in HTTP/1.0: the means of request smuggling. They are sent with GET, which
every server has, and a plain GET right behind them shows whether the server still thinks that it knows where it is.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.checks.request_bodies import CHUNKED, HELLO, TEXT, Way, following, one_reply_then_end
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import broken, describe, passed, served, unclear
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

GET = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n"
PLAIN = f"{GET}\r\n"
CODED = f"{GET}Transfer-Encoding: "
CHUNKS = "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
CLOSES = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n… (and the end)"
SERVED = "HTTP/1.1 200 OK\r\n…"
FAR_TOO_LONG = "100"


def _disguised(evidence: Evidence) -> Exchange:
    """Chunks that hold a request for nothing, and a Content-Length that ends right before it; then a plain GET."""
    hidden = evidence.request(MISSING)
    size = b"%x\r\n" % len(hidden)
    fields = [CHUNKED, ("Content-Length", str(len(size)))]
    return Way("GET", static_target(evidence)).send(evidence, fields, size + hidden + b"\r\n0\r\n\r\n", Risk.MALFORMED)


@check(
    "framing.te-overrides-cl-in-request",
    statement="If a request has both Transfer-Encoding and Content-Length, the length is never what ends its body.",
    why="A proxy that reads chunks has let the rest of the body pass as data; read by its length, it is a request.",
    hint="Look at Transfer-Encoding first. If Content-Length is there as well, answer 400 and close.",
    example=(
        f"{GET}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n(a chunk with GET /hidden in it)",
        CLOSES,
        "HTTP/1.1 200 OK\r\n…HTTP/1.1 404 Not Found\r\n… (for /hidden)",
    ),
    requires=("framing.read-body-or-close",),
    risk=Risk.MALFORMED,
)
def coding_overrides_length(evidence: Evidence) -> Judgement:
    control, missing = evidence.get(static_target(evidence)), evidence.get(MISSING)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if missing.status == control.status:
        return unclear("a page that is missing is answered like any other")
    exchange = _disguised(evidence)
    second = exchange.responses[1] if len(exchange.responses) > 1 else None
    if second is not None and second.status == missing.status:
        return broken(
            exchange,
            "Content-Length outdoes the chunks: a part of the body was answered as a request.",
            expected="the chunks as the body, or a refusal; and then the end of the connection (RFC 9112 §6.1)",
            observed=f"a second reply with status {second.status}, for the request that stands in the chunk",
            span=second.span,
        )
    return _not_waited_for(evidence)


def _not_waited_for(evidence: Evidence) -> Judgement:
    """Whether a length that is never reached keeps the server from answering chunks that are complete."""
    chunked = evidence.get(static_target(evidence), [TEXT, CHUNKED], body=HELLO)
    if not chunked.responses and not chunked.peer_ended:
        return unclear(f"chunks are not answered without a Content-Length either: {describe(chunked)}")
    fields = [TEXT, CHUNKED, ("Content-Length", FAR_TOO_LONG)]
    exchange = evidence.get(static_target(evidence), fields, body=HELLO, risk=Risk.MALFORMED)
    if exchange.responses or exchange.ending is not Ending.SILENT:
        return passed(describe(exchange))
    message = "Content-Length outdoes the chunks: the server waits for octets that do not come."
    expected = "a reply once the last chunk has come, a refusal (RFC 9112 §6.1), or a close (RFC 9112 §9.5)"
    return broken(exchange, message, expected=expected)


@check(
    "framing.te-and-cl-close",
    statement="After a request with both Transfer-Encoding and Content-Length the connection is closed.",
    why="Somebody on the way may have read it by the other field, so what follows may be part of its body.",
    hint='Send "Connection: close" with the reply to such a request, whatever it is, and close.',
    example=(
        f"{GET}Content-Length: 4\r\nTransfer-Encoding: chunked{CHUNKS}{PLAIN}",
        CLOSES,
        "HTTP/1.1 200 OK\r\n…HTTP/1.1 200 OK\r\n…",
    ),
    requires=("framing.read-body-or-close", "framing.te-overrides-cl-in-request"),
    risk=Risk.MALFORMED,
    dispute="Some suites want 400, others are content if the chunks are read. RFC 9112 §6.1 allows both, and demands a "
    "close after either; RFC 2616 §4.4 only has the length ignored, and many servers still go on as that said.",
)
def both_then_close(evidence: Evidence) -> Judgement:
    message = "The connection stays in use after a request with both Transfer-Encoding and Content-Length."
    return one_reply_then_end(_disguised(evidence), message, "RFC 9112 §6.1")


@check(
    "framing.http10-te-close",
    statement="After a request of HTTP/1.0 with Transfer-Encoding the connection is closed.",
    why="HTTP/1.0 has no chunks, so whoever passed them on did not understand them, and may have kept a part back.",
    hint="If the request line says HTTP/1.0 and there is a Transfer-Encoding, close after the reply.",
    example=(
        CODED.replace("1.1", "1.0") + f"chunked\r\nConnection: keep-alive{CHUNKS}{PLAIN}",
        CLOSES,
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n…",
    ),
    requires=("framing.read-body-or-close",),
    risk=Risk.MALFORMED,
    dispute="Some suites want 400. RFC 9112 §6.1 names no status: the page or any error will do, if a close follows. "
    "RFC 2616 has no such sentence, and many servers keep the connection as Connection: keep-alive asks for.",
)
def http10_coded(evidence: Evidence) -> Judgement:
    target, keep = static_target(evidence), ("Connection", "keep-alive")
    first = evidence.request(target, [keep, CHUNKED], version="HTTP/1.0", body=HELLO)
    exchange = evidence.pipeline(first, following(evidence), risk=Risk.MALFORMED)
    return one_reply_then_end(exchange, "The connection stays in use after chunks in HTTP/1.0.", "RFC 9112 §6.1")
