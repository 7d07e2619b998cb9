"""What a GET returns (RFC 9110 §9.3.1, §15.3.1, §15.3.4; RFC 2616 §9.3, §10.2): the target's own octets, all of them.

How the target is read is judged elsewhere (``percent_encoding``, ``query``): the names here are plain.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import closed_unanswered, static_target
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import follow
from conformance.predicates import (
    OVERLOADED,
    absent,
    broken,
    describe,
    each,
    first_of,
    found,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.premises import NO_SUCCESS, foundation
from conformance.response import DefectKind, Framing, Response, Span
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Finding, Judgement

LONG = 150
DEEP = 10
TRIALS = 12
TEXTS = ("html", "text")
BINARIES = ("png", "jpeg", "gif", "pdf")
CHANGING = "throwaway.txt"
FORM = b"x=%2F"
NOT_ALLOWED = (405, 501)
GUARDED = (401, 403)
OF_A_PAGE = "200 (RFC 9110 §15.3.1), a redirect (RFC 9110 §15.4), 401 (RFC 9110 §15.5.2), 403 (RFC 9110 §15.5.4)"


def carries(exchange: Exchange, content: bytes) -> bool:
    """Whether the reply holds exactly ``content``: by its framing or, where that is wrong, after its head."""
    response = exchange.response
    if response is None:
        return False
    run_on = response.defect(DefectKind.NO_EMPTY_LINE, DefectKind.STRAY_LINE)
    if run_on is not None and exchange.received.endswith(content):
        return True  # where the body begins is anybody's guess
    return content in (response.body, content_of(exchange))


def content_of(exchange: Exchange) -> bytes:
    """The body, whatever length is announced for it."""
    response = exchange.response
    if response is None or response.framing in (Framing.CHUNKED, Framing.NONE):
        return response.body if response else b""
    return exchange.received[response.head_end :]


def cut_short(exchange: Exchange) -> bool:
    """Whether the reply ends before its framing says so."""
    return exchange.response is not None and not exchange.response.complete


def is_encoded(response: Response | None) -> bool:
    """Whether the body is said to be compressed, which nobody asked for: rules on codings look at that."""
    return response is not None and response.tokens("content-encoding") not in ((), ("identity",))


def leads_to(evidence: Evidence, target: str, page: Page, message: str) -> Judgement:
    """Judge a target that names ``page``: the file is due, or a redirect to it. Refusals by policy prove nothing."""
    exchange = follow(evidence, target)
    if exchange.status in (*GUARDED, *OVERLOADED) or is_encoded(exchange.response):
        return unclear(f"GET {target} is refused by policy or overload: {describe(exchange)}")
    if served(exchange) and carries(exchange, page.content):
        return passed()
    if cut_short(exchange) and page.content.startswith(content_of(exchange)):
        return unclear(f"the reply to GET {target} ends too early, which is for the rules on framing")
    expected = f"the {len(page.content)} octets of {page.path!r}, or a redirect to them (RFC 9110 §15.4)"
    if not served(exchange):
        return broken(exchange, message, expected=expected)
    observed, span = difference(exchange, page.content)
    return broken(exchange, message, expected=expected, observed=observed, span=span)


def difference(exchange: Exchange, content: bytes) -> tuple[str, Span | None]:
    """In which octet the body is not as it is to be, and where that stands in the reply."""
    body = content_of(exchange)
    at = next((n for n, (one, other) in enumerate(zip(body, content, strict=False)) if one != other), None)
    length = f"{len(body)} octets"
    if at is None:
        return f"{length}, of which the first {min(len(body), len(content))} are right", None
    start = exchange.received.find(body)
    return f"{length}; number {at + 1} is another", (start + at, start + at + 1)


def ordinary_page(page: Page) -> bool:
    """Whether nothing about the page's name is special, so that only its content is asked for."""
    usual = page.plain and page.path == page.path.lower() and ".." not in page.path
    small = len(page.path) < LONG and page.path.count("/") < DEEP
    return usual and small and page.kind != "program" and page.name != CHANGING


@check(
    "get.supported",
    statement="GET is supported: it is refused neither as unknown nor as not allowed.",
    why="GET is what every browser sends first; a server that refuses it serves nobody.",
    hint='Compare the method with "GET" exactly, as bytes with bytes or text with text; look at what was really read.',
    example=(
        "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 501 Not Implemented\r\n…",
    ),
)
def get_supported(evidence: Evidence) -> Judgement:
    tried = evidence.baseline
    gap = foundation(evidence)
    refused = next((exchange for exchange in tried if exchange.status in NOT_ALLOWED), None)
    if refused is None and (gap is None or gap.rule != NO_SUCCESS):
        return passed()
    return broken(
        refused or tried[0],
        "No plain GET succeeds." if refused is None else "A plain GET is refused as if the method were the fault.",
        expected=f"{OF_A_PAGE}, or 404 (RFC 9110 §15.5.5)",
    )


@check(
    "get.returns-target-representation",
    statement="A GET of a file returns that file's octets.",
    why="The body of a 200 is what the address stands for; another page, or part of it, is simply wrong.",
    hint="Open the file that the path names, below your document root, and send all its bytes with sendall().",
    example=(
        "GET /sample.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n(the text of sample.txt)",
        "HTTP/1.1 200 OK\r\n\r\n<h1>Welcome to my server</h1>",
    ),
    needs=("static-files",),
    dispute="No sentence says that a body equals the stored file, and RFC 9110 §9.3.1 leaves the mapping to the "
    "server. It is asked only where the server does serve files of the folder octet for octet.",
)
def returns_target(evidence: Evidence) -> Judgement:
    pages = [page for page in evidence.site.pages if page.kind in TEXTS and ordinary_page(page)]
    message = "A GET of a file does not return that file."
    return first_of(leads_to(evidence, page.target, page, message) for page in pages[:TRIALS])


@check(
    "message.body-octets-unchanged",
    statement="A binary file is sent octet for octet.",
    why="One changed octet ruins a picture: the browser shows a broken image.",
    hint='Read files with open(path, "rb") and send the bytes as they are; never decode or print them.',
    example=(
        "GET /logo.png HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n…",
        "HTTP/1.1 200 OK\r\n\r\n?PNG\n…",
    ),
    needs=("static-files",),
    requires=("get.returns-target-representation",),
    dispute="RFC 2616 §3.7.1 allows other line ends in texts on the way; pictures have none.",
)
def body_unchanged(evidence: Evidence) -> Judgement:
    pages = [page for kind in BINARIES if (page := evidence.site.page(kind, lambda p: p.plain)) is not None]
    message = "A binary file does not arrive as it is stored."
    if not pages:
        return absent("the document root holds no binary file")
    return first_of(leads_to(evidence, page.target, page, message) for page in pages)


@check(
    "target.own-uris-handled",
    statement="The server understands the address of everything that it serves, however long or deep.",
    why="Whoever can store a file under a name must be able to ask for it by that name.",
    hint="Read the whole request head before you look at it (one recv() may give a part), and do not cut the path.",
    example=(
        "GET /names/xxxx…(200 letters).txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 404 Not Found\r\n…",
    ),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def own_uris(evidence: Evidence) -> Judgement:
    tests = (lambda p: p.plain and len(p.target) >= LONG, lambda p: p.plain and p.path.count("/") >= DEEP)
    pages = [page for test in tests if (page := evidence.site.page("text", test)) is not None]
    message = "A file with a long or deep path is not found at its address."
    if not pages:
        return absent("the document root holds no file with a long or deep path")
    return first_of(leads_to(evidence, page.target, page, message) for page in pages)


@check(
    "status.203-not-for-own-data",
    statement="The server's own files do not come with status 203.",
    why="203 says that somebody on the way has changed the page, so that it is not the origin's own.",
    hint="Send 200 with what is yours.",
    example=(
        "GET /sample.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 203 Non-Authoritative Information\r\n…",
    ),
    needs=("static-files",),
)
def not_203(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        if response.status != 203:
            return None
        return found(exchange, "The server's own page comes with 203.", expected=OF_A_PAGE)

    return each(evidence.ordinary_answers, test, "no plain GET was answered")


@check(
    "get.content-no-meaning",
    statement="A body in a GET changes neither what is asked for nor what it means.",
    why="Nothing on the way looks at such a body: who reads it as a request or as parameters can be deceived with it.",
    hint="Take the target from the request line only; read the body off the connection and forget it, or refuse it.",
    example=(
        "GET /sample.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 5\r\n\r\nx=%2F",
        "HTTP/1.1 200 OK\r\n\r\n(the text of sample.txt)",
        "HTTP/1.1 200 OK\r\n\r\n<h1>The root</h1>",
    ),
    requires=("get.returns-target-representation", "message.undefined-body-ignored"),
    risk=Risk.UNUSUAL,
    dispute="A body in a GET may be ignored, or the request refused, or the connection closed (RFC 9110 §9.3.1); "
    "a reset that the unread body causes may even destroy the reply. All of this is accepted.",
)
def content_no_meaning(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    exchange = evidence.get(target, [("Content-Length", str(len(FORM)))], body=FORM)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    if exchange.status in OVERLOADED or cut_short(exchange):
        return unclear(f"the server was overloaded, or broke off for the unread body: {describe(exchange)}")
    refused = exchange.status is not None and 400 <= exchange.status <= 499
    if refused or closed_unanswered(exchange) or same_answer(exchange, control):
        return passed("the body is ignored" if same_answer(exchange, control) else describe(exchange))
    if exchange.status == control.status and not is_file(evidence, control):
        return unclear("the page is no file, and may differ each time")
    return broken(
        exchange,
        "A body in a GET changes the answer.",
        expected=f"status {control.status} and the same body; a refusal of class 4, or a close (RFC 9110 §9.3.1)",
        observed=describe(exchange) if exchange.status != control.status else "the same status with another body",
    )
