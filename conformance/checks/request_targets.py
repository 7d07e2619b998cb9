"""The forms of the request target (RFC 9112 §3.2, RFC 2616 §5.1.2): what is understood and what is refused.

What a path leads to, and how it is decoded, is not judged here.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import TARGET_REFUSAL, request_of, speaks_only_10, static_target, turned_down
from conformance.checks.request_line import is_file
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.fuzz.within_checks import told_apart
from conformance.predicates import (
    OVERLOADED,
    absent,
    broken,
    describe,
    first_of,
    passed,
    served,
    treated_alike,
    unclear,
    unharmed,
)
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement, Verdict

HOST = "Host: localhost:50000\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\n…"
BAD = "HTTP/1.1 400 Bad Request\r\n…"
REDIRECTS = (301, 302, 303, 307, 308)  # 301 is the one that RFC 9112 names; any of them corrects the client
NOT_URIS = (b"/%zz", b"/%", b"/%2", b"/a{b}|<c>", b'/a<b>"c', b"/a\\b^`", b"/\xe9.txt")


@check(
    "target.origin-form-accepted",
    statement="A target of a path and a query is understood.",
    why="Forms and links send queries; a static page has no use for them, but they are no fault of the request.",
    hint='Split the target at the first "?" and look up only what stands before it.',
    example=("GET /?x=1 HTTP/1.1\r\n" + HOST, OK, BAD),
    dispute="The query helps to name the resource (RFC 3986 §3.4), so that a 404 is lawful and proves nothing; "
    "only a reply that blames the request, or fails, is wrong.",
    risk=Risk.UNUSUAL,
)
def origin_form(evidence: Evidence) -> Judgement:
    targets = dict.fromkeys(["/", static_target(evidence)])
    judgement = first_of(_with_query(evidence, target) for target in targets)
    return told_apart(judgement, evidence, "a query")


def _with_query(evidence: Evidence, target: str) -> Judgement:
    control, exchange = evidence.get(target), evidence.get(f"{target}?x=1")
    message = "A target with a query is not understood."
    other = "any other but 400 and 5xx, as the query may name another resource (RFC 3986 §3.4)"
    judgement = unharmed(exchange, control, message, (400,), lawful=other)
    if judgement.verdict is Verdict.PASS and exchange.status != control.status:
        return unclear(f"the query makes it another resource, which may be meant: {describe(exchange)}")
    return judgement


@check(
    "target.absolute-form-accepted",
    statement="A whole http URL as target is understood, and served as its path and query.",
    why="Clients that talk to a proxy send it, and every server has to understand it for the day when all clients do.",
    hint="If the target begins with http://, cut off everything up to the next slash and go on with the rest.",
    example=("GET http://localhost:50000/ HTTP/1.1\r\n" + HOST, OK, "HTTP/1.1 404 Not Found\r\n…"),
    dispute="Suites have had it both ways, and some servers refuse whole URLs because they are no proxies. RFC "
    "9112 §3.2.2 and RFC 2616 §5.1.2 oblige every server of HTTP/1.1 to take them; servers that call "
    "themselves HTTP/1.0 are not asked.",
    risk=Risk.UNUSUAL,
)
def absolute_form(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    if speaks_only_10(evidence):
        return absent("the server speaks HTTP/1.0, where only proxies are sent whole URLs")
    control = evidence.get(target)
    judgement = treated_alike(
        evidence.get(f"http://{evidence.site.authority}{target}"),
        control,
        "A whole URL as target is not understood.",
        body=is_file(evidence, control),
    )
    return told_apart(judgement, evidence, "a whole URL as target")


@check(
    "target.no-leading-slash-rejected",
    statement="A target that begins neither with a slash nor with a scheme is refused.",
    why="A path glued to the folder's name without a slash between may lead into a folder beside it.",
    hint='Answer 400 unless the target begins with "/" (or is a whole http URL).',
    example=("GET index.html HTTP/1.1\r\n" + HOST, BAD, OK),
    dispute="Some servers add the slash and serve the page. RFC 9112 §3.2 advises a refusal or a redirect, no "
    "more, so that it is a warning.",
    risk=Risk.MALFORMED,
)
def no_leading_slash(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    written = [target.lstrip("/")] if target != "/" else []
    judgement = first_of(
        _refused_target(evidence, text, f"The target {text!r}, without a slash, is served.")
        for text in (*written, "?a=1")
    )
    return told_apart(judgement, evidence, "a target without its slash")


@check(
    "target.authority-form-only-connect",
    statement="A bare host:port as target is refused for every method but CONNECT.",
    why="It names a place to connect to, not a page.",
    hint='Answer 400 unless the target begins with "/" (or is a whole http URL).',
    example=("GET 127.0.0.1:80 HTTP/1.1\r\n" + HOST, BAD, OK),
    dispute="'name:80' may also be read as a URI of scheme 'name' (RFC 3986 §3), so that a numeric address is "
    "sent, which is nothing but a host and port. RFC 9112 §3.2 advises 400; any refusal passes.",
    risk=Risk.MALFORMED,
)
def authority_form(evidence: Evidence) -> Judgement:
    return _names_no_page(evidence, "127.0.0.1:80", "A GET of a bare host and port is served.")


@check(
    "target.asterisk-only-options",
    statement="The target * goes only with methods that need no page, such as OPTIONS.",
    why="GET * asks for no page; a shell or glob() that expands the star would show the whole folder.",
    hint='Answer 400 unless the target begins with "/" (or is a whole http URL).',
    example=("GET * HTTP/1.1\r\n" + HOST, BAD, OK),
    dispute="The star fits the grammar of targets, and only the prose of RFC 9112 §3.2.4 and RFC 2616 §5.1.2 ties "
    "it to methods without a page. So any refusal passes, 404 too.",
    risk=Risk.MALFORMED,
)
def asterisk(evidence: Evidence) -> Judgement:
    return _names_no_page(evidence, "*", "A GET of * is served.")


def _names_no_page(evidence: Evidence, text: str, message: str) -> Judgement:
    """Like any target without a slash; but where every target gets a page, one finding of that kind is enough."""
    judgement = _refused_target(evidence, text, message)
    if judgement.verdict is Verdict.FAIL and served(evidence.get(MISSING)):
        return absent("every target gets a page here")
    return judgement


def _refused_target(evidence: Evidence, text: str, message: str) -> Judgement:
    exchange = evidence.raw(request_of(evidence, f"GET {text} HTTP/1.1"))
    control = evidence.get(static_target(evidence))
    return turned_down(exchange, control, message, also=(*REDIRECTS, 501, 505), expected=TARGET_REFUSAL)


@check(
    "target.fragment-rejected",
    also=("target.path-ends-at-hash",),
    statement="A target with a # in it is refused or redirected.",
    why="What follows the # is for the browser and never sent; who finds it in a target looks at a faulty client.",
    hint='Answer 400 if "#" is in the target. A file with # in its name is asked for with %23.',
    example=("GET /page.txt#part HTTP/1.1\r\n" + HOST, BAD, OK),
    dispute="Most servers either cut the fragment off, as nginx does, or look for a file with # in its name. "
    "Neither fits RFC 9110 §7.1, which keeps the fragment out of the target, nor the advice of RFC 9112 "
    "§3.2 against repairs; but it is advice, and a warning.",
    risk=Risk.MALFORMED,
)
def fragment(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    page = evidence.site.page(None, lambda p: "#" in p.path and p.target == "/" + p.path.replace("#", "%23"))
    judgement = _refused_target(evidence, f"{target}#part", "A target with a fragment is served.")
    if page is None or judgement.finding is not None or not served(evidence.get(page.target)):
        return judgement
    return _refused_target(
        evidence, f"/{page.path}", "A file with # in its name is served for a # that is not escaped."
    )


@check(
    "target.invalid-uri-rejected",
    statement="A target that is no URI is answered with a status that blames the client.",
    why="Octets outside the grammar of URIs and broken %-escapes make naive decoders raise exceptions.",
    hint="Test the target before you decode it, or catch what the decoder raises, and answer 400.",
    example=("GET /%zz HTTP/1.1\r\n" + HOST, BAD, "HTTP/1.1 500 Internal Server Error\r\n…"),
    dispute="Which octets of a bad target are told, and whether by 400 or 404, differs from server to server. RFC "
    "2616 §5.1.2 and RFC 9112 §3.2 advise an error of the client's class or a redirect; even a page "
    "passes, only a failure or silence does not.",
    risk=Risk.MALFORMED,
)
def invalid_uri(evidence: Evidence) -> Judgement:
    control = evidence.get(static_target(evidence))
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    return first_of(
        _blamed(target, evidence.raw(request_of(evidence, b"GET " + target + b" HTTP/1.1")))
        for target in (*NOT_URIS, static_target(evidence).encode("latin-1") + b"%")
    )


def _blamed(target: bytes, exchange: Exchange) -> Judgement:
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status is not None and exchange.status < 500:
        return passed(describe(exchange))
    return broken(
        exchange,
        f"The target {target.decode('latin-1')!r}, which is no URI, is not refused in good order.",
        expected="400 or 301 (RFC 9112 §3.2), or another status that is no failure (RFC 2616 §5.1.2)",
    )
