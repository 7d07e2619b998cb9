"""The query of a target (RFC 3986 §3.3, §3.4, RFC 9112 §3.3): where it begins, and that it is data.

Also what looks like an authority but is a path (RFC 9112 §3.2.1). What programs are told of the query: see ``programs``
and the rules on the CGI environment.
"""

from __future__ import annotations

from urllib.parse import quote

from conformance.check import check
from conformance.checks.representation import carries
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    NO_SUCH_FILE,
    OVERLOADED,
    absent,
    advised,
    broken,
    describe,
    passed,
    served,
    treated_alike,
    unclear,
)
from conformance.rule import Risk
from conformance.verdict import Judgement, Verdict

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
ESCAPED = "?q=%20%C3%A9%22"
NAMELESS_PROGRAM = "the document root holds no program that shows its environment"


@check(
    "target.query-split-at-first-question",
    also=("target.query-slash-question-are-data",),
    statement="The path ends at the first question mark; what follows is the query, in which / and ? are data.",
    why="Browsers add queries to addresses freely; a file with ?x behind its name is still that file.",
    hint='Cut with target.partition("?"), which splits at the first one, and look up the path alone.',
    example=(
        "GET /sample.txt?a=b?c/d" + HOST,
        "HTTP/1.1 200 OK\r\n\r\n(the text of sample.txt)",
        "HTTP/1.1 404 Not Found\r\n…",
    ),
    needs=("static-files",),
    dispute="Some want a query behind a file's name to be ignored; by RFC 3986 §3.4 it helps to name the "
    "resource, so that 404 is lawful: a warning only. Refusing a query that looks like an attack is "
    "accepted (RFC 9110 §15.5.4).",
)
def query_split(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent("the document root holds no file with a plain name")
    plain, control = evidence.get(page.target), evidence.get(page.target + "?a=b")
    if control.status in OVERLOADED or not served(plain):
        return unclear(f"the control request was not served: {describe(plain)}")
    if not served(control):
        return _only_warned(control)
    for query in ("?x?y", "?a=b?c/d", "?a=/b/c.html"):
        message = f"The query {query} is not taken as a query."
        judgement = treated_alike(evidence.get(page.target + query), control, message, body=True)
        if judgement.verdict is not Verdict.PASS:
            return judgement
    dotted = evidence.get(page.target + "?a=/../../b?c", risk=Risk.UNUSUAL)
    if dotted.status in (400, 403):
        return passed("a query that looks like an attack is refused")
    return treated_alike(dotted, control, "Dots in the query are taken for the path's.", body=True)


def _only_warned(exchange: Exchange) -> Judgement:
    """A server may hold that a query makes it another resource (RFC 3986 §3.4)."""
    return advised(
        exchange,
        "A query behind a file's name makes the file unknown.",
        expected="the file, as without the query; 404 is lawful (RFC 3986 §3.4), though hardly meant",
    )


@check(
    "target.double-slash-not-authority",
    statement="A target that begins with two slashes is a path; it names no host.",
    why="A URL library takes //x/file for file on host x, so a filter that looks at the path sees another one.",
    hint="Do not feed the target to urlparse(); cut it at the question mark yourself.",
    example=("GET //x.example/sample.txt" + HOST, "HTTP/1.1 404 Not Found\r\n…", "HTTP/1.1 200 OK\r\n…"),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
    dispute="404, a redirect and the merging of slashes are all accepted; only a file whose path is taken to "
    "begin behind the first part shows that a host was read.",
)
def double_slash(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent("the document root holds no file with a plain name")
    exchange = evidence.get("//x.example" + page.target, risk=Risk.UNUSUAL)
    if not served(exchange) or not carries(exchange, page.content):
        return passed(describe(exchange))
    return broken(
        exchange,
        "The first part of a path was taken for a host name.",
        expected=NO_SUCH_FILE,
        observed=f"the content of {page.path}",
    )


@check(
    "target.produced-not-double-encoded",
    statement="What is percent-encoded in a target is not encoded again in the Location of its redirect.",
    why="%2520 leads to another name than %20: the file is not found where the redirect leads.",
    hint="Copy path and query out of the request as they are, or encode what you have decoded; never both.",
    example=(
        "GET /images?q=%20" + HOST,
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /images/?q=%20\r\n…",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /images/?q=%2520\r\n…",
    ),
    needs=("redirect",),
    risk=Risk.UNUSUAL,
)
def encoded_once(evidence: Evidence) -> Judgement:
    folders = [evidence.site.folder or "", *(folder for folder in map(quote, evidence.site.folders) if "%" in folder)]
    targets = [f"/{folders[0]}{ESCAPED}", *(f"/{folder}" for folder in folders[1:])]
    for exchange in (evidence.get(target, risk=Risk.UNUSUAL) for target in targets if "%25" not in target):
        field = exchange.response.field("location") if exchange.response else None
        if field is not None and "%25" in field.value:
            return broken(
                exchange,
                "An escape in the target is encoded once more.",
                expected="a Location with %20 where the target has %20",
                observed=f"Location: {field.value}",
                span=field.value_span,
            )
    return passed()


@check(
    "target.dots-in-query-untouched",
    statement="Dots and slashes in the query reach a program as they were sent.",
    why="Only paths have parent folders; in a query /a/../b is text.",
    hint="Clean up the path after you have cut off the query, not the whole target.",
    example=(
        "GET /cgi/environment.py?x=/a/../b" + HOST,
        'HTTP/1.1 200 OK\r\n\r\n… "QUERY_STRING": "x=/a/../b" …',
        'HTTP/1.1 200 OK\r\n\r\n… "QUERY_STRING": "x=/b" …',
    ),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
def dots_in_query(evidence: Evidence) -> Judgement:
    page = evidence.site.page("program", lambda p: p.name == "environment.py")
    if page is None:
        return absent(NAMELESS_PROGRAM)
    control = evidence.get(page.target + "?x=/a/b")
    if not served(control) or b"x=/a/b" not in control.shown:
        return unclear("the program does not show its query, dots or not")
    exchange = evidence.get(page.target + "?x=/a/../b", risk=Risk.UNUSUAL)
    if exchange.status in (400, 403):
        return unclear("a query that looks like an attack is refused")
    if not served(exchange) or b"x=/a/../b" in exchange.shown:
        return passed() if served(exchange) else _refused(exchange)
    return broken(exchange, "Dots in the query were resolved.", expected="QUERY_STRING x=/a/../b")


def _refused(exchange: Exchange) -> Judgement:
    return broken(exchange, "Dots in the query keep the program from being run.", expected="the program's output")
