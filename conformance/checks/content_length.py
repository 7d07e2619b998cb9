"""Whether as many octets come as Content-Length says (RFC 9110 §8.6, RFC 9112 §6.3; RFC 2616 §4.4, §8.1.4, §14.13).

Why a body and its length differ is found out in ``differences``; each reason has its rule here.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.differences import Blame, any_framed, broken_off, difference_for, multibyte, played, targets
from conformance.evidence import Evidence
from conformance.predicates import absent, advised, broken, passed, unclear
from conformance.response import Framing
from conformance.verdict import Judgement

REQUEST = "GET /page.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"


@check(
    "framing.content-length-exact",
    statement="Exactly as many octets follow the empty line as Content-Length says.",
    why="With too large a number the browser waits for octets that never come, with too small a one it cuts the page.",
    hint="Build the whole body as bytes first, then send len(body), then the same bytes with sendall().",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
    ),
    requires=("message.empty-line-ends-header-section",),
)
def exact(evidence: Evidence) -> Judgement:
    wrong = difference_for(evidence, Blame.LENGTH)
    if wrong is None:
        return passed() if any_framed(evidence) else absent("no reply has a length")
    return broken(
        wrong.exchange,
        "Content-Length is too large." if wrong.sent < wrong.announced else "Content-Length is too small.",
        expected=f"{wrong.announced} octets, as Content-Length says (RFC 9112 §6.3)",
        observed=f"{wrong.sent} octets",
        span=wrong.span,
    )


@check(
    "framing.content-length-counts-octets",
    statement="Content-Length counts octets, not characters.",
    why="A letter such as é takes two octets in UTF-8: where characters are counted the end of the page is cut off.",
    hint="Encode the page first and count afterwards: len(page.encode()), not len(page).",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncafé",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncafé",
    ),
    requires=("framing.content-length-exact",),
)
def counts_octets(evidence: Evidence) -> Judgement:
    wrong = difference_for(evidence, Blame.CHARACTERS)
    if wrong is not None:
        return broken(
            wrong.exchange,
            "Content-Length is the number of characters of the page.",
            expected=f"{wrong.sent}, the number of octets (RFC 9110 §8.6)",
            observed=str(wrong.announced),
            span=wrong.span,
        )
    sent = [x.response for x in played(evidence) if x.response and x.response.framing is Framing.LENGTH]
    if any(response.complete and multibyte(response.body) for response in sent):
        return passed()
    return absent("no reply with a Content-Length had letters beyond ASCII")


@check(
    "framing.no-octets-outside-messages",
    statement="Nothing stands between or after replies that is not part of one, no empty line either.",
    why="The next thing a client expects is a status line; anything else puts the connection out of step.",
    hint='Send exactly the body: no "\\r\\n" after it, and no print() into the socket.',
    example=(
        f"{REQUEST}{REQUEST}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\nHTTP/1.1 200 OK\r\n…",
    ),
    requires=("message.empty-line-ends-header-section", "status-line.first-octets"),
    dispute="Empty lines between replies are outside of the grammar of both RFCs, but a client may throw them "
    "away (RFC 9112 §9.2), and most do: they are a warning at most.",
)
def no_octets_outside(evidence: Evidence) -> Judgement:
    wrong = difference_for(evidence, Blame.OUTSIDE)
    if wrong is None:
        return passed() if any_framed(evidence) else absent("no reply tells where it ends")
    message = "Octets follow the reply that belong to none."
    expected = "a status line (RFC 2616 §4.1, RFC 9112 §2.1), or the end of the connection"
    observed = f"{wrong.sent - wrong.announced} octets after the body"
    begin, end = wrong.span or (0, 0)
    if not wrong.exchange.received[begin:end].strip(b"\r\n"):  # clients pass over them (RFC 9112 §9.2)
        return advised(wrong.exchange, message, expected=expected, observed=observed)
    return broken(wrong.exchange, message, expected=expected, observed=observed, span=wrong.span)


@check(
    "connection.no-close-mid-response",
    statement="The server does not end the connection in the middle of a reply.",
    why="The client has got half a file and can only throw it away.",
    hint="Use sendall(), which sends everything, and not send(), which may send a part. Before close() read what the "
    "client has sent, or call shutdown(SHUT_WR) first: closing over unread input destroys the reply on its way.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Length: 400091\r\n\r\n(400091 octets)",
        "HTTP/1.1 200 OK\r\nContent-Length: 400091\r\n\r\n(65536 octets, and the connection closes)",
    ),
    requires=("message.empty-line-ends-header-section",),
)
def no_close_mid_response(evidence: Evidence) -> Judgement:
    for exchange in [evidence.get(target) for target in targets(evidence)]:
        wrong = broken_off(evidence.site, exchange)
        if wrong is not None:
            return broken(
                exchange,
                "The connection ended before the reply did.",
                expected=f"{wrong.announced} octets of body, and then the end (RFC 2616 §8.1.4)",
                observed=f"{wrong.sent} octets",
                span=wrong.span,
            )
    return passed() if evidence.ordinary_answers else unclear("no page was served")
