"""Whole URLs as targets (RFC 9112 §3.2.2; RFC 9110 §4.2, §7.4; RFC 2616 §3.2, §5.2): what stands before their path.

That they are understood at all is judged in :mod:`conformance.checks.request_targets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, program, run
from conformance.checks.clock import is_local
from conformance.checks.controls import OR_ANOTHER, closed_unanswered, request_of, static_target, turned_down
from conformance.checks.request_line import is_file
from conformance.checks.request_targets import REDIRECTS
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    advised,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    treated_alike,
    unclear,
)
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\n…"
BAD = "HTTP/1.1 400 Bad Request\r\n…"
ACCEPTED = ("target.absolute-form-accepted",)
OTHER = "other.invalid"
UNTOLD = "neither a program, nor a redirect with a whole URL, nor a second site tells whose name counts"


@check(
    "target.absolute-empty-path-is-root",
    statement="A whole URL without a path names the root.",
    why="http://name and http://name/ are the same address; a parser that looks for the slash fails at the first.",
    hint='Take "/" where nothing is left after the name, or only a query.',
    example=("GET http://localhost:50000" + HOST, OK, BAD),
    needs=("http-1.1",),
    requires=ACCEPTED,
    dispute="By RFC 2616 §5.1.2 the client has to write the slash, so that 400 is right; by RFC 9110 §4.2.3 and "
    "RFC 9112 §3.2.2 such a URL is valid and means the root. So 400 counts by RFC 9110 alone, a redirect "
    "passes, and 404 is a warning.",
    risk=Risk.UNUSUAL,
)
def empty_path(evidence: Evidence) -> Judgement:
    whole = f"http://{evidence.site.authority}"
    return first_of(
        _like_root(evidence, evidence.get(whole + query), evidence.get("/" + query)) for query in ("", "?x=1")
    )


def _like_root(evidence: Evidence, exchange: Exchange, control: Exchange) -> Judgement:
    message = "A whole URL without a path is not taken for the root."
    if not served(control):
        return unclear(f"the root is not served: {describe(control)}")
    if exchange.status == 400 and evidence.spec is not Spec.RFC9110:
        return passed("400: by RFC 2616 §5.1.2 the client has to write the slash")
    if exchange.status in REDIRECTS:
        return passed("redirected, as to where the slash is written")
    if exchange.status == 404:
        return advised(exchange, message, expected=f"status {control.status}, as for /")
    return treated_alike(exchange, control, message)


@check(
    "target.scheme-case-insensitive",
    statement="The scheme of a whole URL is recognised in capitals, too.",
    why="HTTP:// and http:// are the same scheme by the rules for URLs.",
    hint='Compare the scheme in lower case: target[:7].lower() == "http://".',
    example=("GET HTTP://localhost:50000/" + HOST, OK, "HTTP/1.1 404 Not Found\r\n…"),
    needs=("http-1.1",),
    requires=ACCEPTED,
    risk=Risk.UNUSUAL,
)
def scheme_case(evidence: Evidence) -> Judgement:
    rest = f"://{evidence.site.authority}{static_target(evidence)}"
    control = evidence.get("http" + rest)
    message = "A whole URL is not understood if its scheme is in capitals."
    return treated_alike(evidence.get("HTTP" + rest), control, message, body=is_file(evidence, control))


def _rejected(evidence: Evidence, target: str, message: str, section: str) -> Judgement:
    """Judge a bad URL, which ``section`` calls one, and whose good twin is the whole URL of a page."""
    control = evidence.get(f"http://{evidence.site.authority}{static_target(evidence)}")
    exchange = evidence.raw(request_of(evidence, f"GET {target} HTTP/1.1"))
    return turned_down(exchange, control, message, expected=f"400 ({section}), {OR_ANOTHER}")


@check(
    "target.empty-host-rejected",
    statement="A whole URL without a host's name is refused.",
    why="It names no server at all; who fills in his own name answers for an address that does not exist.",
    hint='After cutting off "http://" test that a name stands before the next slash or colon, and answer 400 if not.',
    example=("GET http:///page.txt" + HOST, BAD, OK),
    needs=("http-1.1",),
    requires=(*ACCEPTED, "target.absolute-form-overrides-host"),
    dispute="Most servers take the URL's path and never look for the name, and RFC 2616 has no such rule. RFC "
    "9110 §4.2.1 and §4.2.2 oblige whoever processes the URL to reject it, by whatever status or a close.",
    risk=Risk.MALFORMED,
)
def empty_host(evidence: Evidence) -> Judgement:
    path = static_target(evidence)
    targets = (f"http://{path}", f"http://:{evidence.site.port}{path}", f"https://{path}")
    return first_of(
        _rejected(evidence, target, f"The target {target!r}, without a host, is served.", "RFC 9110 §4.2.1")
        for target in targets
    )


@check(
    "target.userinfo-rejected",
    statement="A whole URL with a user's name before the host is refused.",
    why="http://good.example@evil.example/ looks like the one and leads to the other.",
    hint='Answer 400 if an "@" stands before the first slash of the name.',
    example=("GET http://user@localhost:50000/" + HOST, BAD, OK),
    needs=("http-1.1",),
    requires=(*ACCEPTED, "target.absolute-form-overrides-host"),
    dispute="Most servers skip the user's name. RFC 9110 §4.2.4 advises to call it an error, so that serving it "
    "is a warning.",
    risk=Risk.MALFORMED,
)
def userinfo(evidence: Evidence) -> Judgement:
    target = f"http://user@{evidence.site.authority}{static_target(evidence)}"
    return _rejected(evidence, target, "A target with a user's name in it is served.", "RFC 9110 §4.2.4")


@check(
    "target.https-on-plain-rejected",
    statement="A whole URL of scheme https is refused on a connection without TLS.",
    why="Who asks for https is promised that nobody listens; a page sent in clear text breaks that promise.",
    hint="Test the scheme of a whole URL, and answer 421 or 400 unless it is http.",
    example=("GET https://localhost:50000/" + HOST, "HTTP/1.1 421 Misdirected Request\r\n…", OK),
    needs=("http-1.1",),
    requires=ACCEPTED,
    permitted_by=Spec.RFC2616,
    dispute="Many servers ignore the scheme, which RFC 2616 allows. RFC 9110 §7.4 obliges to reject it, unless a "
    "trusted gateway in front has done TLS, which a client cannot see. So it counts by RFC 9110 alone, "
    "and for a server on the same machine as a warning.",
    risk=Risk.UNUSUAL,
)
def https_on_plain(evidence: Evidence) -> Judgement:
    exchange = evidence.get(f"https://{evidence.site.authority}{static_target(evidence)}")
    message = "An https URL is served without TLS."
    expected = f"421 (RFC 9110 §7.4), 400 or {OR_ANOTHER}"
    if served(exchange) and is_local(evidence) and evidence.spec is Spec.RFC9110:
        return advised(exchange, message, expected=expected)
    if served(exchange):
        return broken(exchange, message, expected=expected)
    if closed_unanswered(exchange) or (exchange.status is not None and exchange.status not in OVERLOADED):
        return passed(describe(exchange))
    return unclear(f"no answer came: {describe(exchange)}")


@check(
    "target.absolute-form-overrides-host",
    also=("host.absolute-form-overrides-host",),
    statement="If the target is a whole URL, the name in it counts, and what Host says is ignored.",
    why="Two names in one request are a way to get the page of one site under the name of the other.",
    hint="Where the target has a name, put that in the place of the Host value before anything looks at it.",
    example=(
        "GET http://localhost:50000/cgi/environment.py HTTP/1.1\r\nHost: other.invalid\r\n\r\n",
        'SERVER_NAME is "localhost"',
        'SERVER_NAME is "other.invalid"',
    ),
    requires=ACCEPTED,
    dispute="RFC 9112 §3.2.2 lets the name in the target win; a request with two names may also be refused as "
    "misdirected (RFC 9110 §7.4), or with 400 (RFC 2616 §5.2). Only to go by Host is wrong.",
    risk=Risk.UNUSUAL,
)
def overrides_host(evidence: Evidence) -> Judgement:
    trials = [*_told_program(evidence), *_told_redirect(evidence), *_chosen_site(evidence)]
    return first_of(trials) if trials else absent(UNTOLD)


def _told_program(evidence: Evidence) -> Iterator[Judgement]:
    """A program is told for which name it runs, unless that is fixed."""
    target = program(evidence, ENVIRONMENT)
    if target is None or run(evidence, host=OTHER).environment.get("SERVER_NAME") != OTHER:
        return
    told = run(evidence, target=f"http://{evidence.site.authority}{target}", host=OTHER)
    name = told.environment.get("SERVER_NAME")
    yield _host_wins(told.exchange, f"SERVER_NAME={name!r}") if name == OTHER else _own_name(told.exchange)


def _told_redirect(evidence: Evidence) -> Iterator[Judgement]:
    """A redirect to a whole URL tells which name the server goes by."""
    path = f"/{evidence.site.folder}"
    if evidence.site.folder is None or _redirected_to(evidence.get(path, host=OTHER)) != OTHER:
        return
    exchange = evidence.get(f"http://{evidence.site.authority}{path}", host=OTHER)
    name = _redirected_to(exchange)
    yield _host_wins(exchange, f"Location on {name}") if name == OTHER else _own_name(exchange)


def _redirected_to(exchange: Exchange) -> str | None:
    location = exchange.response.value("location") if exchange.response else None
    try:
        return urlsplit(location or "").hostname
    except ValueError:
        return None


def _chosen_site(evidence: Evidence) -> Iterator[Judgement]:
    """The second site's page comes for its name in the target, whatever Host says."""
    name = evidence.site.virtual_host
    if name is None:
        return
    other, first = evidence.get("/", host=name), evidence.get("/")
    if not served(other) or not served(first) or same_answer(other, first):
        return
    exchange = evidence.get(f"http://{name}/")
    yield _host_wins(exchange, "the page of the first site") if same_answer(exchange, first) else _own_name(exchange)


def _host_wins(exchange: Exchange, observed: str) -> Judgement:
    return broken(
        exchange,
        "Host decides although the target names another server.",
        expected="what the name in the target leads to (RFC 9112 §3.2.2), 421 (RFC 9110 §7.4), or 400 (RFC 2616 §5.2)",
        observed=observed,
    )


def _own_name(exchange: Exchange) -> Judgement:
    """Whatever else came was not made for the name in Host; that the two differ may be refused (RFC 9110 §7.4)."""
    if exchange.status is None or exchange.status in OVERLOADED:
        return unclear(f"nothing shows whose name counts: {describe(exchange)}")
    return passed("the name in the target" if exchange.status < 400 else f"two names refused: {describe(exchange)}")
