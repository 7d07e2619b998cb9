"""What is answered where nothing is (RFC 9110 §15.5, §15.5.5, RFC 2616 §10.4): a refusal that says so.

The target is one that no document root holds. A server that maps every path to a page is none that this judges: the
rules need the server to serve the files of the root, and another answer to the target than some page of the site.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    each,
    found,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.response import Framing, Response
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement

REQUEST = f"GET {MISSING} HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\nThere is no such page.\r\n"
FALL_BACK = "a path that names no file gets the page of another address: the server maps every path to a page"
EXPECTED = "404; another 4xx or a redirect is lawful"


def falls_back(evidence: Evidence) -> bool:
    """Whether nothing is missing here: a path that names no file gets the root's page, or a file."""
    exchange, root = evidence.get(MISSING), evidence.get("/")
    return served(exchange) and (same_answer(exchange, root) or is_file(evidence, exchange))


@check(
    "status.2xx-only-on-success",
    also=("status.203-only-in-place-of-200",),
    statement="A status of class 2 is sent only if the request was fulfilled.",
    why="Browsers, caches and search engines believe the number, not the text of the page.",
    hint='Begin the reply with "HTTP/1.1 404 Not Found" where the file does not exist.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\n\r\n<h1>Not found</h1>"),
    needs=("static-files",),
)
def success_means_success(evidence: Evidence) -> Judgement:
    exchange = evidence.get(MISSING)
    if falls_back(evidence):
        return absent(FALL_BACK)
    if served(exchange):
        return broken(exchange, "A file that does not exist is answered with success.", expected=EXPECTED)
    return passed() if answered(exchange) else unclear(f"no status to judge: {describe(exchange)}")


@check(
    "error.missing-resource-404",
    statement="404 is the answer where nothing matches the target.",
    why="404 tells the client that the address is wrong, and not the server.",
    hint="Catch FileNotFoundError (and IsADirectoryError, NotADirectoryError) around open() and answer 404.",
    example=(REQUEST, GOOD, "HTTP/1.1 500 Internal Server Error\r\n…"),
    needs=("static-files",),
    requires=("status.2xx-only-on-success",),
)
def missing_is_404(evidence: Evidence) -> Judgement:
    exchange = evidence.get(MISSING)
    if falls_back(evidence):
        return absent(FALL_BACK)
    status = exchange.status
    if status in OVERLOADED or (status is None and exchange.ending is not Ending.SILENT and not exchange.killed):
        return unclear(f"the answer shows nothing: {describe(exchange)}")
    if status is None or status >= 500:
        return broken(exchange, "A missing file is not answered with 404.", expected=EXPECTED)
    return passed("" if status == 404 else f"lawful, though not 404: {describe(exchange)}")


@check(
    "error.reply-has-explanation",
    statement="An error reply explains itself in its body.",
    why="Without a body the user sees a blank window, or the browser's own guess.",
    hint="Send a short text or page with every 4xx and 5xx, with its Content-Length.",
    example=(REQUEST, GOOD, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
)
def error_explained(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        silent = response.complete and not response.body and response.framing is not Framing.NONE
        if response.status is None or not 400 <= response.status <= 599 or not silent:
            return None
        if exchange.received[response.head_end :]:
            return None  # the explanation is there, only the length is wrong
        return found(
            exchange,
            f"The reply with status {response.status} has no body.",
            expected="a body that says what is wrong",
            observed="an empty body",
        )

    errors = [(exchange, exchange.response) for exchange in evidence.refusals if exchange.response]
    judged = [(exchange, response) for exchange, response in errors if 400 <= (response.status or 0) <= 599]
    return each(judged, test, "no request drew an error")
