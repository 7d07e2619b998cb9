"""The request line as the server reads it (RFC 9112 §2.2 and §3, RFC 2616 §4.1 and §5.1): good, bad and long ones."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import TARGET_REFUSAL, request_of, static_target, turned_down
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz.within_checks import told_apart
from conformance.predicates import (
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    treated_alike,
)
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

LINE_LENGTH = 8000


def is_file(evidence: Evidence, exchange: Exchange) -> bool:
    """Whether the reply is a file of the document root, octet for octet, so that another body shows something.

    Any other page may tell the time, name the client's port or repeat the request, and differ each time.
    """
    response = exchange.response
    return response is not None and any(page.content == response.body for page in evidence.site.pages if page.content)


@check(
    "robustness.leading-empty-line-ignored",
    statement="An empty line before the request line is ignored.",
    why="Old clients send one CRLF too many after a body, and the next request on the connection then begins with it.",
    hint="Skip empty lines while you wait for the request line, instead of splitting the empty one.",
    example=(
        "\r\nGET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 400 Bad Request\r\n…",
    ),
    dispute="Many servers refuse what begins with an empty line, or close. RFC 9112 §2.2 only advises to skip "
    "one, for the sake of very old clients, so that it is a warning; more than one is not tried.",
    risk=Risk.MALFORMED,
)
def leading_empty_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    return treated_alike(
        evidence.raw(b"\r\n" + evidence.request(target)),
        evidence.get(target),
        "A request after one empty line is not served.",
    )


@check(
    "request-line.malformed-rejected",
    statement="A first line that is not method, space, target, space, version is refused.",
    why="A server that serves it has guessed, and a proxy in front of it may have guessed otherwise.",
    hint="Split the line at single spaces, demand three words, check each, and answer 400 otherwise.",
    example=(
        "GET / HTTP/1.1 extra\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n…",
    ),
    requires=("error.malformed-request-400",),
    dispute="Most suites call this an obligation; RFC 9112 §2.2 and §3.2 advise 400 or 301, and 501, 505, another "
    "4xx or a close harm nobody. A line of two words is left out, since HTTP/0.9 wrote them; blanks that "
    "are merely too many are the matter of request-line.extra-whitespace-tolerated.",
    risk=Risk.MALFORMED,
)
def malformed_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    lines = (f"GET {target} HTTP/1.1 extra", "GARBAGE", f"GET {target} FTP/1.0")
    judgement = first_of(
        turned_down(
            evidence.raw(request_of(evidence, line)),
            evidence.get(target),
            f"The malformed request line {line!r} is not refused.",
            expected=TARGET_REFUSAL,
        )
        for line in lines
    )
    return told_apart(judgement, evidence, "a fourth word", "one word only", "octets at random")


@check(
    "request-line.whitespace-in-target-400-301",
    also=("request-line.no-autocorrect",),
    statement="A request line with a blank in its target is refused or redirected, not repaired and served.",
    why="Programs that read the line differently then see different requests; this has been used to slip past filters.",
    hint="Do not join the middle words to a path, and do not take the second word alone: answer 400.",
    example=(
        "GET /a b.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        "HTTP/1.1 200 OK\r\n… (the content of 'a b.txt')",
    ),
    requires=("request-line.malformed-rejected",),
    dispute="Servers that take everything between the first and the last blank for the target mean well, but RFC "
    "9112 §3.2 advises against it: 400, or a redirect to the right spelling.",
    risk=Risk.MALFORMED,
)
def blank_in_target(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    trials = [(f"{target} b.txt", target)]
    page = evidence.site.page(where=_blank_name)
    if page is not None:
        trials.insert(0, (f"/{page.path}", page.target))
    judgement = first_of(
        turned_down(
            evidence.raw(request_of(evidence, f"GET {written} HTTP/1.1")),
            evidence.get(control),
            f"The target {written!r}, with its blank, is served.",
            also=(301, 302, 303, 307, 308, 501, 505),
            expected=TARGET_REFUSAL,
        )
        for written, control in trials
    )
    return told_apart(judgement, evidence, "a blank in the target")


def _blank_name(page: Page) -> bool:
    return " " in page.path and page.target == "/" + page.path.replace(" ", "%20") and page.kind != "program"


@check(
    "request-line.extra-whitespace-tolerated",
    statement="More blanks, or tabs, between the words of the request line are tolerated, or refused as malformed.",
    why="People who type a request by hand write them; an empty word in their place names the wrong page.",
    hint='Use split(), which takes any run of blanks for one, or demand three words from split(" ") and answer 400.',
    example=(
        "GET  /  HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n… (or 400)",
        "HTTP/1.1 404 Not Found\r\n…",
    ),
    dispute="RFC 2616 §19.3 advises to tolerate such blanks, RFC 9112 §3 permits it and warns of it at once, so "
    "that a refusal is as good; to read another target than the client's is not.",
    risk=Risk.MALFORMED,
)
def extra_whitespace(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    lines = (f"GET  {target}  HTTP/1.1", f"GET\t{target}\tHTTP/1.1")
    return first_of(_spaced(evidence, evidence.raw(request_of(evidence, line)), control) for line in lines)


def _spaced(evidence: Evidence, exchange: Exchange, control: Exchange) -> Judgement:
    message = "With more blanks between its words the request line is read as another one."
    same = same_answer(exchange, control) or not is_file(evidence, control)
    if served(control) and (exchange.status == 404 or (served(exchange) and not same)):
        return broken(exchange, message, expected=f"the page, as with single blanks (RFC 9112 §3), {TARGET_REFUSAL}")
    return (
        passed(describe(exchange)) if served(exchange) and served(control) else turned_down(exchange, control, message)
    )


@check(
    "limits.request-line-8000",
    also=("limits.uri-8000",),
    statement="A request line, and a target, of 8000 octets are handled.",
    why="Forms with GET and long links are that long; a shorter limit breaks them.",
    hint="Do not cut the request at the size of one recv(1024) or recv(4096): read on until the empty line.",
    example=(
        "GET /?q=aaa… (8000 octets) HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n…",
        "HTTP/1.1 414 URI Too Long\r\n…",
    ),
    requires=("message.request-in-segments",),
    dispute="Some servers stop earlier and say 414 (gunicorn, WEBrick). RFC 9112 §3 and RFC 9110 §4.1 recommend 8000 "
    "octets at least; a smaller limit is lawful, and a warning.",
    risk=Risk.UNUSUAL,
)
def long_line(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(f"{target}?q=a")
    around = len("GET  HTTP/1.1")
    return first_of(_long(evidence, target, length, control) for length in (LINE_LENGTH - around, LINE_LENGTH))


def _long(evidence: Evidence, target: str, length: int, control: Exchange) -> Judgement:
    start = f"{target}?q="
    exchange = evidence.get(start + "a" * (length - len(start)), risk=Risk.UNUSUAL)
    return treated_alike(exchange, control, f"A target of {length} octets is not handled.")
