"""Methods (RFC 9110 §9 and §15.5.6, RFC 2616 §5.1.1 and §9): what a server does with those that it has and has not."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import (
    CLOSED_UNANSWERED,
    closed_unanswered,
    request_of,
    static_target,
    turned_down,
)
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.fuzz.judge import told_apart
from conformance.predicates import (
    OVERLOADED,
    absent,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.premises import ALL_ALIKE, TUNNEL_PAGE, connect, reads_requests, throwaway_put
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

ROOT = "method.standard-semantics-kept"
HOST = "Host: localhost:50000\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\n…"
NOT_IMPLEMENTED = "HTTP/1.1 501 Not Implemented\r\n…"
FRESH = ([("Cache-Control", "no-cache")], [("Cache-Control", "no-cache"), ("Pragma", "no-cache")])


def throwaway(evidence: Evidence) -> Page | None:
    """The file that may be written to; no other is."""
    return evidence.site.throwaway


@check(
    ROOT,
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
)
def standard_semantics(evidence: Evidence) -> Judgement:
    page, put = throwaway(evidence), throwaway_put(evidence)
    if page is None or put is None:
        return absent("the document root has no throwaway.txt, and nothing else may be written to")
    gap = reads_requests(evidence)
    if gap is not None and gap.rule == ALL_ALIKE:
        return _not_read(put)
    if not served(put):
        return passed() if put.status is not None else unclear(describe(put))
    later = [evidence.get(page.target, fields) for fields in FRESH]
    kept = [exchange.response is not None and exchange.response.body == page.content for exchange in later]
    if not any(kept):
        restore(evidence, page)
    if put.status == 202:
        return passed("the server may store what is put later")
    if not all(kept):
        content = put.probe.sent.partition(b"\r\n\r\n")[2]
        stored = any(exchange.response is not None and content in exchange.response.body for exchange in later)
        return passed("the server stores what is put") if stored else unclear("a GET gives neither old nor new content")
    return broken(
        put,
        "A PUT is answered with success, but changes nothing.",
        expected="405, 501 or another refusal; or success, and then the new content",
        observed=f"{describe(put)}, and a GET then gives the old content",
    )


def _not_read(exchange: Exchange) -> Judgement:
    return broken(
        exchange,
        "Every request gets the same answer, whatever its method and its target.",
        expected="a PUT, an invented method or a missing page answered otherwise than GET /",
    )


def restore(evidence: Evidence, page: Page) -> None:
    """Put the old content back where the server really stores."""
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(page.content)))]
    evidence.get(page.target, fields, method="PUT", body=page.content)


@check(
    "method.unknown-501",
    statement="A method that the server does not know gets 501.",
    why="501 tells the client that no page of this server has that method.",
    hint="Keep a set of the methods that exist; answer 501 to all others, 405 to those that exist but do not fit.",
    example=("BREW / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, OK),
    requires=(ROOT,),
    risk=Risk.UNUSUAL,
)
def unknown_501(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, method="BREW"), evidence.get(target)
    if closed_unanswered(exchange):
        return broken(exchange, "An unknown method draws no reply.", expected="501, or another refusal")
    return turned_down(exchange, control, "An unknown method is not refused.", also=(501,))


@check(
    "method.case-sensitive",
    statement="The name of a method is compared with its capitals: get is not GET.",
    why="Another program on the way takes 'get' for another method, and may let through what it would stop.",
    hint='Compare the first word with "GET" as it is; do not call upper() on it.',
    example=("get / HTTP/1.1\r\n" + HOST, NOT_IMPLEMENTED, OK),
    requires=("method.unknown-501",),
    risk=Risk.UNUSUAL,
)
def case_sensitive(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return turned_down(evidence.get(target, method="get"), evidence.get(target), "'get' is taken for GET.", also=(501,))


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
    return broken(exchange, f"The method {method!r} is not answered in good order.", expected="501, or another refusal")


@check(
    "method.non-token-400",
    statement="A method with octets that no method may hold makes the request malformed.",
    why="Brackets and control characters in the first word are the sign of an attack or of lost octets.",
    hint="Answer 400 if the first word holds anything but letters, digits and !#$%&'*+-.^_`|~.",
    example=("G(T / HTTP/1.1\r\n" + HOST, "HTTP/1.1 400 Bad Request\r\n…", OK),
    requires=("method.unknown-501", "error.malformed-request-400"),
    risk=Risk.MALFORMED,
)
def non_token(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    judgement = first_of(
        turned_down(
            evidence.raw(request_of(evidence, f"{method} {target} HTTP/1.1")),
            evidence.get(target),
            f"The method {method!r}, which is no token, is not refused.",
            also=(501,),
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
        return absent("the document root has no throwaway.txt, and nothing else may be written to")
    if put.status in OVERLOADED or (put.ending is Ending.RESET and put.status is None):
        return unclear(describe(put))
    if put.status is not None and (put.status < 500 or put.status == 501):
        return passed(describe(put))
    return broken(put, "A PUT on a file is not refused in good order.", expected="405, 501 or another 4xx")


@check(
    "options.no-action-or-retrieval",
    statement="OPTIONS tells what can be done with a page; it does not give the page.",
    why="A client that asks for options takes the body for a description of them.",
    hint="Do not let OPTIONS fall through to GET: answer 204 with Allow, or 405 or 501.",
    example=("OPTIONS /file.html HTTP/1.1\r\n" + HOST, "HTTP/1.1 204 No Content\r\nAllow: GET\r\n…", OK),
    requires=(ROOT,),
    risk=Risk.UNUSUAL,
)
def options_no_retrieval(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    exchange, control = evidence.get(target, method="OPTIONS"), evidence.get(target)
    if not served(control) or control.response is None or not control.response.body:
        return unclear("there is no page to compare with")
    if exchange.status is None or exchange.status in OVERLOADED:
        return unclear(describe(exchange))
    if not (served(exchange) and same_answer(exchange, control)):
        return passed()
    return broken(exchange, "OPTIONS is answered with the page.", expected="no page; or a refusal")


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
            expected="a refusal, or a close",
            span=exchange.response.span,
        )
    return passed()
