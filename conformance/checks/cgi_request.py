"""CGI meta-variables that say what is asked for (RFC 3875 §4.1 in general, §4.1.4, §4.1.7, §4.1.12, §4.4)."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_programs import (
    ECHO,
    ENVIRONMENT,
    MANDATORY,
    MARK,
    SENT,
    Run,
    canonical,
    of_gateways,
    post,
    post_fields,
    program,
    run,
    told,
    wrong,
)
from conformance.evidence import Evidence
from conformance.predicates import broken, passed, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NAMES = frozenset(
    (
        *MANDATORY,
        "AUTH_TYPE",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "PATH_TRANSLATED",
        "REMOTE_HOST",
        "REMOTE_IDENT",
        "REMOTE_USER",
    )
)
OR_REFUSED = " (RFC 3875 §4.1.12), or an error status such as 405 or 501 (RFC 3875 §4.3.4)"
EARLIER = b"seven77"
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@check(
    "cgi-env.gateway-interface-set",
    also=(
        "cgi-env.gateway-interface-syntax",
        "cgi-env.gateway-interface-no-leading-zero",
        "cgi-env.variables-in-environment",
    ),
    statement="The environment variable GATEWAY_INTERFACE tells a program which version of CGI it is run by: CGI/1.1.",
    why="It tells a program that it was started by a web server and not by hand, and which variables to expect.",
    hint='Put GATEWAY_INTERFACE="CGI/1.1" into the env mapping that you start the program with.',
    example=(REQUEST, 'GATEWAY_INTERFACE is "CGI/1.1"', "GATEWAY_INTERFACE is not set"),
    dispute="RFC 3875 binds who claims it. A server that runs programs and sets next to no variables claims "
    "nothing, and neither does one that names another dialect; the rules on CGI are not applied to them.",
    needs=("cgi",),
)
@of_gateways
def gateway_interface(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if re.fullmatch(r"CGI/(0|[1-9]\d*)\.(0|[1-9]\d*)", plain.environment.get("GATEWAY_INTERFACE", "")):
        return passed()
    message = "GATEWAY_INTERFACE does not name the version of CGI."
    return wrong(plain, "GATEWAY_INTERFACE", message, expected="CGI/1.1")


@check(
    "cgi-env.variable-names-exact",
    also=("cgi-env.names-differ-beyond-case",),
    statement="CGI variables have the names that CGI gives them, in capitals with underscores, and none comes twice in "
    "two spellings.",
    why="Programs ask for REQUEST_METHOD; on POSIX systems request_method is another variable.",
    hint="Upper-case the whole name and turn each hyphen into an underscore before the variable is set.",
    example=(REQUEST, 'REQUEST_METHOD is "GET"', 'request_method is "GET"'),
    dispute="RFC 3875 §4.1 lets a system choose another form, but for POSIX §7.2 fixes it. Inherited variables such "
    "as http_proxy may come in two spellings; only names of CGI are judged.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def names_exact(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    message = "A CGI variable is spelled in another way."
    twice = run(evidence, fields=SENT)
    for seen, names in ((plain, NAMES), (twice, NAMES | {"HTTP_X_PROBE_TWICE"})):
        for name in seen.environment:
            if canonical(name) in names and name != canonical(name):
                return wrong(seen, name, message, expected=canonical(name))
    return passed()


@check(
    "cgi-env.no-variable-of-earlier-request",
    statement="The variables of a program describe the request that it was started for and no earlier one.",
    why="What one visitor sent must not show up in the program that answers the next.",
    hint="Build a new dict for each run (env={...}) instead of writing into os.environ.",
    example=(REQUEST, 'QUERY_STRING is ""', 'QUERY_STRING is "user=ann", of the request before'),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def nothing_stale(evidence: Evidence) -> Judgement:
    last = _after_others(evidence)
    for name, value in last.environment.items():
        if MARK in value or (name == "CONTENT_LENGTH" and value == str(len(EARLIER))):
            message = "A program sees a variable of an earlier request."
            return wrong(last, name, message, expected=f"{name} empty or unset (RFC 3875 §4.1)")
    return passed() if last.ran else unclear("the program was not run after other requests")


def _after_others(evidence: Evidence) -> Run:
    """A plain run after one with a query and a field and one with a body, on one connection if that stays open."""
    target = program(evidence, ENVIRONMENT) or "/"
    posted = program(evidence, ECHO) or target
    query, field = f"{target}?{MARK}=1", [("X-Probe-Earlier", MARK)]
    body = post_fields(EARLIER, f"text/x-{MARK}")
    kept = evidence.sequence(
        evidence.request(query, field),
        evidence.request(posted, body, method="POST", body=EARLIER),
        evidence.request(target),
        methods=("GET", "POST", "GET"),
    )
    if len(kept.responses) == 3:
        return told(kept, kept.responses[2])
    evidence.get(posted, body, method="POST", body=EARLIER)
    return run(evidence, fields=[("X-Probe-Later", "plain")])


@check(
    "cgi-env.query-string-set",
    also=(
        "cgi-env.query-string-empty-without-query",
        "cgi-env.query-string-undecoded",
        "cgi-env.query-string-whole",
        "cgi-env.query-string-case-kept",
    ),
    statement="QUERY_STRING holds all that follows the first question mark of the target, still encoded and in its own "
    "case; without a query it is set and empty.",
    why="Programs split the query at & and = and decode afterwards; decoded too early, an encoded & is lost.",
    hint='Take target.partition("?")[2] as it is, without unquote(), and set the variable even if that is empty.',
    example=(
        "GET /cgi/environment.py?a=%26b HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        'QUERY_STRING is "a=%26b"',
        'QUERY_STRING is "a=&b"',
    ),
    dispute="mini_httpd and CivetWeb leave the variable out if there is no query: against the letter of RFC 3875 "
    "§4.1.7, though §4.1 says that programs cannot tell. lighttpd changes the spelling of escapes, which is "
    "accepted (RFC 3986 §6.2.2).",
    needs=("cgi",),
)
@of_gateways
def query_string(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    queries = ("x=1", "AbC=XyZ?b=/c/../d&a=%26b&c=d+e%20f%C3%A9&q=%22%3C")
    for query in queries:
        seen = run(evidence, f"?{query}")
        if seen.ran and _normal(seen.environment.get("QUERY_STRING", "")) != _normal(query):
            message = "QUERY_STRING is not the query that was sent."
            expected = f'"{query}" (RFC 3875 §4.1.7), or its escapes in another spelling (RFC 3986 §6.2.2)'
            return wrong(seen, "QUERY_STRING", message, expected=expected)
    for seen in (plain, run(evidence, "?")):
        if seen.ran and seen.environment.get("QUERY_STRING") != "":
            message = "QUERY_STRING is not the empty string although there is no query."
            return wrong(
                seen, "QUERY_STRING", message, expected='""; most programs forgive an unset one (RFC 3875 §4.1)'
            )
    return passed()


def _normal(query: str) -> str:
    """The query with its escapes in one spelling, which servers may choose (RFC 3986 §6.2.2)."""

    def one(escape: re.Match[str]) -> str:
        letter = chr(int(escape[1], 16))
        return letter if UNRESERVED.fullmatch(letter) else escape[0].upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", one, query)


@check(
    "cgi-env.request-method-set",
    also=("cgi-env.request-method-case-kept",),
    statement="REQUEST_METHOD is the method of the request, in its own case.",
    why="A program decides by it whether there is a body to read and whether it may change anything.",
    hint="Set REQUEST_METHOD from the first word of the request line, unchanged; refuse methods that you do not want.",
    example=(
        "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 5\r\n\r\nhello",
        'REQUEST_METHOD is "POST"',
        'REQUEST_METHOD is "GET"',
    ),
    dispute="A server may run HEAD as GET and drop the body (RFC 3875 §4.1.12, §4.3.3), and busybox takes get for "
    "GET. So HEAD and get are not tried; refusing POST or Brew is accepted (§4.3.4).",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def request_method(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    message = "REQUEST_METHOD is not the method of the request."
    for method, seen in (("GET", plain), ("Brew", run(evidence, method="Brew"))):
        if seen.ran and seen.environment.get("REQUEST_METHOD") != method:
            return wrong(seen, "REQUEST_METHOD", message, expected=f'"{method}"{OR_REFUSED}')
    posted = post(evidence)
    if posted.report is not None and posted.report.get("method") != "POST":
        observed = f"REQUEST_METHOD is {posted.report.get('method')!r}"
        return broken(posted.exchange, message, expected=f'"POST"{OR_REFUSED}', observed=observed)
    return passed()
