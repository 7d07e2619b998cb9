"""Methods (RFC 9110 §9 and §15.5.6, RFC 2616 §5.1.1 and §9): what a server does with those that it has and has not."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import CLOSED_UNANSWERED, closed_unanswered, request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz.within_checks import told_apart
from conformance.predicates import OVERLOADED, absent, broken, describe, first_of, passed, served, unclear
from conformance.premises import ALL_ALIKE, TUNNEL_PAGE, connect, reads_requests
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import NEW, NO_FILE, holds, throwaway_put, trial

ROOT = "method.standard-semantics-kept"
LONG_METHOD = 5000
HOST = "Host: localhost:50000\r\n\r\n"
REFUSED = "501 (RFC 9110 §9.1), 405 of who knows the method (RFC 9110 §15.5.6), or another 4xx that fits"
UNKNOWN = f"{REFUSED}; or a close (RFC 9112 §9.5)"
OK = "HTTP/1.1 200 OK\r\n…"
NOT_IMPLEMENTED = "HTTP/1.1 501 Not Implemented\r\n…"


@check(
    ROOT,
    also=("put.stores-content",),
    statement="A standard method is either refused or does what its definition says.",
    why="A client that gets 200 for its PUT believes that the server has stored the page.",
    hint="Look at the method, the first word of the request line, before you do anything else; answer 405 or 501 to "
    "what you do not do.",
    example=(
        "PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n…",
        "HTTP/1.1 200 OK\r\n… (and the old page stays)",
    ),
    risk=Risk.UNUSUAL,
    dispute="Servers of static files that never look at the method hold that a 200 with the page does no harm. But "
    "success says that what was asked for was done (RFC 9110 §9.3.4, RFC 2616 §5.1.1). RFC 9110 §9.3.4 gives no "
    "guarantee that a GET shows the new content; so any other content, and 202, are let pass.",
)
def standard_semantics(evidence: Evidence) -> Judgement:
    tried = trial(evidence)
    if tried is None:
        return absent(NO_FILE)
    gap = reads_requests(evidence)
    if gap is not None and gap.rule == ALL_ALIKE:
        return _not_read(tried.put)
    if not served(tried.put):
        return passed(describe(tried.put)) if tried.put.status is not None else unclear(describe(tried.put))
    if tried.put.status == 202:
        return passed("the server may store what is put later")
    if any(look.response is not None and NEW in look.response.body for look in tried.later):
        return passed("the server stores what is put")
    if all(look.status in (404, 410) for look in tried.later):
        return _pretended(tried.put, "a GET then finds nothing at all")
    if all(holds(look, tried.page.content) for look in tried.later):
        return _pretended(tried.put, "a GET then gives the old content")
    return unclear("a GET gives neither old nor new content")


def _pretended(put: Exchange, later: str) -> Judgement:
    return broken(
        put,
        "A PUT is answered with success, but nothing is stored.",
        expected="405 or 501 (RFC 9110 §9.1) or another refusal; 202 (RFC 9110 §15.3.3); or success, and then not the "
        "old content (RFC 9110 §9.3.4)",
        observed=f"{describe(put)}, and {later}",
    )


def _not_read(exchange: Exchange) -> Judgement:
    return broken(
        exchange,
        "Every request gets the same answer, whatever its method and its target.",
        expected="a PUT (RFC 9110 §9.3.4), an invented method (RFC 9110 §9.1) or a missing page (RFC 9110 §15.5.5) "
        "answered otherwise than GET /",
    )


@check(
    "method.unknown-501",
    statement="A method that the server does not know gets 501.",
    why="501 tells the client that no page of this server has that method.",
    hint="Keep a set of the methods that exist; answer 501 to all others, 405 to those that exist but do not fit.",
    example=("BREW / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, OK),
    requires=(ROOT,),
    risk=Risk.UNUSUAL,
    dispute="Suites quarrel over 501, 405 and 400. 501 is advice (RFC 9110 §9.1); 405 says that the server knows the "
    "method, which nobody outside can deny, and many servers have but one list of methods. Any refusal is accepted.",
)
def unknown_501(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, method="BREW"), evidence.get(target)
    if closed_unanswered(exchange):
        return broken(exchange, "An unknown method draws no reply.", expected=REFUSED)
    return turned_down(exchange, control, "An unknown method is not refused.", also=(501,), expected=UNKNOWN)


@check(
    "method.case-sensitive",
    statement="The name of a method is compared with its capitals: get is not GET.",
    why="Another program on the way takes 'get' for another method, and may let through what it would stop.",
    hint='Compare the first word with "GET" as it is; do not call upper() on it.',
    example=("get / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, OK),
    requires=("method.unknown-501",),
    risk=Risk.UNUSUAL,
    dispute="A server may define a method called get (RFC 9110 §16.1.1 keeps names of methods open), and then may "
    "serve it; so this is advice. Any refusal will do.",
)
def case_sensitive(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, method="get"), evidence.get(target)
    return turned_down(exchange, control, "'get' is taken for GET.", also=(501,), expected=UNKNOWN)


@check(
    "method.extension-token-not-malformed",
    statement="Any token is a method by its form, so that an unknown one is no error of form.",
    why="Methods such as M-SEARCH and VERSION-CONTROL exist.",
    hint="Do not demand that a method is made of capital letters; look it up, and answer 501.",
    example=("M-SEARCH / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, "(the connection closes)"),
    requires=("method.unknown-501",),
    risk=Risk.UNUSUAL,
)
def extension_token(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    if not served(evidence.get(target)):
        return unclear("the control request was not served")
    return first_of(_handled(evidence.get(target, method=method), method) for method in ("M-SEARCH", "x!y"))


def _handled(exchange: Exchange, method: str) -> Judgement:
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is not None and (exchange.status < 500 or exchange.status == 501):
        return passed("" if exchange.status == 501 else describe(exchange))
    expected = "501 (RFC 9110 §9.1), a 4xx that fits (RFC 9110 §15.5), or service (RFC 2616 §5.1.1)"
    return broken(exchange, f"The method {method!r} is not answered in good order.", expected=expected)


@check(
    "method.non-token-400",
    statement="A method with octets that no method may hold makes the request malformed.",
    why="Brackets and control characters in the first word are the sign of an attack or of lost octets.",
    hint="Answer 400 if the first word holds anything but letters, digits and !#$%&'*+-.^_`|~.",
    example=("G(T / HTTP/1.1\r\n" + HOST, "HTTP/1.1 400 Bad Request\r\n…", OK),
    requires=("method.unknown-501", "error.malformed-request-400"),
    risk=Risk.MALFORMED,
    dispute="Who only looks the word up finds no such method, and answers 501; who looks at its form answers 400. "
    "Both are accepted.",
)
def non_token(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    judgement = first_of(
        turned_down(
            evidence.raw(request_of(evidence, f"{method} {target} HTTP/1.1")),
            evidence.get(target),
            f"The method {method!r}, which is no token, is not refused.",
            also=(501,),
            expected="400 (RFC 9112 §2.2), 501 (RFC 9110 §9.1) or another 4xx that fits, or a close (RFC 9112 §9.5)",
        )
        for method in ("G(T", "G\0T")
    )
    octets = ("a delimiter", "control octets", "octets beyond ASCII")
    return told_apart(judgement, evidence, *(f"{kind} in the method" for kind in octets))


@check(
    "method.known-not-allowed-405",
    statement="A method that exists but does not fit the page is refused with 405 (or 501).",
    why="The refusal tells the client that it need not try again with this page.",
    hint="Answer 405 with an Allow field, or 501, to PUT, DELETE and PATCH on a file.",
    example=(
        "PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n…",
        "HTTP/1.1 500 Internal Server Error\r\n…",
    ),
    requires=(ROOT, "method.unknown-501"),
    risk=Risk.UNUSUAL,
)
def not_allowed_405(evidence: Evidence) -> Judgement:
    put = throwaway_put(evidence)
    if put is None:
        return absent(NO_FILE)
    if put.status in OVERLOADED or (put.ending is Ending.RESET and put.status is None):
        return unclear(describe(put))
    if put.status is not None and (put.status < 500 or put.status == 501):
        return passed(describe(put))
    expected = "405 or 501 (RFC 9110 §9.1), another 4xx that fits (RFC 9110 §15.5), or success"
    return broken(put, "A PUT on a file is not refused in good order.", expected=expected)


@check(
    "method.too-long-501",
    statement="A method that is longer than any that the server knows gets 501.",
    why="A client must be told that the method is not there, however long its name is.",
    hint="Read the request line up to its end, whatever its first word, and answer 501 to what you do not know.",
    example=("AAAAA… / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, "(no answer)"),
    requires=("method.unknown-501",),
    risk=Risk.MALFORMED,
)
def too_long(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange = evidence.get(target, method="A" * LONG_METHOD, risk=Risk.MALFORMED)
    control = evidence.get(target)
    expected = "501 (RFC 9112 §3), 400, 414, 431 or another 4xx of who limits the line (RFC 9112 §3), or a close"
    return turned_down(exchange, control, "A very long method is not refused.", also=(501,), expected=expected)


@check(
    "connect.not-answered-as-get",
    statement="CONNECT asks for a tunnel; a page is no answer to it.",
    why="After a 2xx to CONNECT the client takes all octets for those of the other end of the tunnel.",
    hint="Refuse CONNECT with 405 or 501, as every method that you do not have.",
    example=(
        "CONNECT example.invalid:443 HTTP/1.1\r\nHost: example.invalid:443\r\n\r\n",
        NOT_IMPLEMENTED,
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<html>…",
    ),
    risk=Risk.UNUSUAL,
    dispute="Some suites take 405 alone, some 400 or 501 as well. An origin server need not have the method "
    "(RFC 9110 §9.3.6), and no section names the status for it: any refusal and a close are accepted.",
)
def connect_not_get(evidence: Evidence) -> Judgement:
    exchange = connect(evidence)
    gap = reads_requests(evidence)
    if gap is not None and gap.rule == TUNNEL_PAGE:
        return _not_read(exchange)
    if closed_unanswered(exchange):
        return passed(CLOSED_UNANSWERED)
    if exchange.status is None:
        return unclear(describe(exchange))
    if exchange.response is not None and served(exchange) and exchange.response.body:
        return broken(
            exchange,
            "CONNECT is answered with a page.",
            expected="501 or 405 (RFC 9110 §9.1) or another refusal; a tunnel (RFC 9110 §9.3.6); or a close",
            span=exchange.response.span,
        )
    return passed(describe(exchange))
