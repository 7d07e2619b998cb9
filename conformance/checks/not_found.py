"""What is answered where nothing is (RFC 9110 §15.5, §15.5.5, RFC 2616 §10.4): a refusal that says so.

The target is one that no document root holds. A server that maps every path to a page is none that this judges: the
rules need the server to serve the files of the root, and another answer to the target than some page of the site.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.exemplars import by_language, by_type
from conformance.predicates import (
    NO_SUCH_FILE,
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
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement

REQUEST = f"GET {MISSING} HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\nThere is no such page.\r\n"
FALL_BACK = "a path that names no file gets the page of another address: the server maps every path to a page"


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
    dispute="Sites of a single page answer every path with it, and say 200 truly. They are told by the page: "
    "where a missing path draws that of the root, or a file, nothing is judged.",
)
def success_means_success(evidence: Evidence) -> Judgement:
    exchange = evidence.get(MISSING)
    if falls_back(evidence):
        return absent(FALL_BACK)
    if served(exchange):
        return broken(exchange, "A file that does not exist is answered with success.", expected=NO_SUCH_FILE)
    return passed() if answered(exchange) else unclear(f"no status to judge: {describe(exchange)}")


@check(
    "error.missing-resource-404",
    statement="404 is the answer where nothing matches the target.",
    why="404 tells the client that the address is wrong, and not the server.",
    hint="Catch FileNotFoundError (and IsADirectoryError, NotADirectoryError) around open() and answer 404.",
    example=(REQUEST, GOOD, "HTTP/1.1 500 Internal Server Error\r\n…"),
    needs=("static-files",),
    requires=("status.2xx-only-on-success",),
    dispute="404 alone for some, any 4xx for others. No key word asks for 404: 400, 401, 403, 410, 421 and "
    "redirects are truthful and accepted; 2xx is not, and 5xx puts the blame on the server (RFC 9110 "
    "§15.6).",
)
def missing_is_404(evidence: Evidence) -> Judgement:
    exchange = evidence.get(MISSING)
    if falls_back(evidence):
        return absent(FALL_BACK)
    status = exchange.status
    if status in OVERLOADED or (status is None and exchange.ending is not Ending.SILENT and not exchange.killed):
        return unclear(f"the answer shows nothing: {describe(exchange)}")
    if status is None or status >= 500:
        return broken(exchange, "A missing file is not answered with 404.", expected=NO_SUCH_FILE)
    return passed("" if status == 404 else f"lawful, though not 404: {describe(exchange)}")


@check(
    "error.410-only-if-permanent",
    statement="410 is for what is known to be gone for good; what was never there gets 404.",
    why="Search engines and caches forget an address for ever after a 410.",
    hint="Answer 404 where the file does not exist, unless you keep a list of what has been removed.",
    example=(REQUEST, GOOD, "HTTP/1.1 410 Gone\r\n…"),
    dispute="A server may know that a path is gone for good; of a name that never was it hardly can. RFC 2616 "
    "§10.4.11 and RFC 9110 §15.5.11 prefer 404 then: a warning.",
)
def not_gone(evidence: Evidence) -> Judgement:
    exchange = evidence.get(MISSING)
    if not answered(exchange) or exchange.status in OVERLOADED:
        return unclear(f"the answer shows nothing: {describe(exchange)}")
    if exchange.status != 410:
        return passed()
    return broken(
        exchange,
        "An address that never was is said to be gone for good.",
        expected="404 (RFC 9110 §15.5.5, RFC 9110 §15.5.11)",
    )


@check(
    "error.reply-has-explanation",
    also=("error.406-lists-variants",),
    statement="An error reply explains itself in its body.",
    why="Without a body the user sees a blank window, or the browser's own guess.",
    hint="Send a short text or page with every 4xx and 5xx, with its Content-Length.",
    example=(REQUEST, GOOD, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    risk=Risk.UNUSUAL,
    dispute="An explanation is advised for all errors (RFC 9110 §15.5, §15.6; RFC 2616 §10.4); one line will do. "
    "Refusals by the parser count too, and many servers send those bare.",
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

    tried = (*evidence.refusals, *_unacceptable(evidence))
    errors = [(exchange, exchange.response) for exchange in tried if exchange.response]
    judged = [(exchange, response) for exchange, response in errors if 400 <= (response.status or 0) <= 599]
    return each(judged, test, "no request drew an error")


def _unacceptable(evidence: Evidence) -> Iterator[Exchange]:
    """Requests for pages that exist in variants, for a variant that does not exist: 406 has to say which there are."""
    for target, field in ((by_type(evidence), "Accept"), (by_language(evidence), "Accept-Language")):
        if target is not None:
            yield evidence.get(target, [(field, "application/x-none" if field == "Accept" else "tlh")])
