"""The values of request fields as programs see them (RFC 3875 §4.1, §4.1.18).

A server may keep any field from its programs: what is judged is what it does pass on.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_programs import (
    BEYOND_ASCII,
    ENCODED_WORDS,
    ENVIRONMENT,
    SENT,
    canonical,
    of_gateways,
    program,
    report_in,
    run,
    wrong,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, passed, refused, unclear
from conformance.probe import compose
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n"
OR_NONE = ", or no variable for the field (both RFC 3875 §4.1.18)"


@check(
    "cgi-env.http-variables-set",
    statement="Programs find fields of the request in variables whose names begin with HTTP_.",
    why="Without them a program knows neither the browser's languages nor its cookies.",
    hint='For each field of the request set "HTTP_" + name.upper().replace("-", "_") in the env of the program.',
    example=(f"{REQUEST}User-Agent: test\r\n\r\n", 'HTTP_USER_AGENT is "test"', "(no variable begins with HTTP_)"),
    dispute="RFC 3875 §4.1.18 leaves the choice of fields to the server: http.server and mini_httpd pass a fixed "
    "few. One of the fields sent is enough.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def http_variables(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=SENT)
    if not told.ran:
        return unclear("the program was not run for a request with more fields")
    if any(name.upper().startswith("HTTP_") for name in told.environment):
        return passed()
    names = ", ".join(dict.fromkeys("HTTP_" + canonical(field) for field, _ in SENT))
    message = "Not one field of the request reaches the program."
    return broken(told.exchange, message, expected=f"some of {names}", observed="no variable that begins with HTTP_")


@check(
    "cgi-env.http-repeated-fields-merged",
    statement="Fields of the same name become one variable that holds all their values, parted by commas.",
    why="Two lines of one field mean the same as one line with a comma; a value that is dropped changes the request.",
    hint='Join the values of equal names with ", " instead of overwriting the earlier one.',
    example=(f"{REQUEST}X-Probe: 1\r\nX-Probe: 2\r\n\r\n", 'HTTP_X_PROBE is "1, 2"', 'HTTP_X_PROBE is "2"'),
    dispute="What joins values is a comma in general; for Cookie Apache writes a comma and lighttpd a semicolon "
    "(RFC 3875 §4.1.18 names none). So Cookie is not tried, and blanks round the comma do not count.",
    needs=("cgi",),
    requires=("cgi-env.http-variable-names",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def repeated(evidence: Evidence) -> Judgement:
    sent = {"X-Probe-Twice": ["1", "2"], "Accept": ["text/x-one", "text/x-two"]}  # see SENT
    told = run(evidence, fields=SENT)
    seen = False
    for field, values in sent.items():
        variable = "HTTP_" + canonical(field)
        held = told.environment.get(variable)
        seen = seen or held is not None
        if held is not None and [part.strip() for part in held.split(",")] != values:
            message = f"The two {field} fields did not become one value."
            return wrong(told, variable, message, expected=f'"{", ".join(values)}"{OR_NONE}')
    return passed() if seen else absent("such fields are not passed on to programs, lawfully")


@check(
    "cgi-env.http-folded-field-merged",
    statement="A field folded over two lines, if it is taken at all, becomes one line in its variable.",
    why="A line break in a variable, or half a value, is something no program expects.",
    hint="Refuse a line that begins with a blank with 400, or join it to the line before with one space.",
    example=(f"{REQUEST}X-Probe: one\r\n two\r\n\r\n", 'HTTP_X_PROBE is "one two"', 'HTTP_X_PROBE is "one"'),
    dispute="RFC 3875 §4.1.18 joins folded lines; RFC 9112 §5.2 lets a server refuse them with 400. Both are "
    "accepted, and so is a server that does not pass the field on.",
    needs=("cgi",),
    requires=("cgi-env.http-variable-names",),
    risk=Risk.MALFORMED,
)
@of_gateways
def folded(evidence: Evidence) -> Judgement:
    target = program(evidence, ENVIRONMENT) or ""
    head = compose("GET", target, [("Host", evidence.site.authority), ("X-Probe-Folded", "one\r\n two")])
    exchange = evidence.raw(head)
    report = report_in(exchange.response)
    if report is None:
        return passed("the request is refused") if refused(exchange) else unclear("the program was not run")
    value = report["environment"].get("HTTP_X_PROBE_FOLDED")
    if value is None or re.fullmatch(r"one[ \t]+two", value):
        return passed()
    message = "A folded field did not become one line."
    observed = f"HTTP_X_PROBE_FOLDED is {value!r}"
    return broken(exchange, message, expected=f'"one two"{OR_NONE}, or 400 (RFC 9112 §5.2)', observed=observed)


@check(
    "cgi-env.values-in-system-charset",
    statement="A field with an octet beyond ASCII does not keep a program from being run.",
    why="Names of people and places stand in fields as ISO-8859-1 or UTF-8; they are lawful and no reason to fail.",
    hint='Decode fields as "latin-1", which takes every octet, and pass variables on as bytes or with surrogateescape.',
    example=(f"{REQUEST}X-Probe: \\xe9\r\n\r\n", "the program's output", "(the connection closes: UnicodeError)"),
    requires=("message.parsed-as-octets",),
    dispute="The octet E9 may arrive as it is, as UTF-8, or not at all: the character set belongs to the system "
    "(RFC 3875 §4.1, §4.1.18). Only a program that is not run, or an error of class 5, counts.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def beyond_ascii(evidence: Evidence) -> Judgement:
    told = run(evidence, ENCODED_WORDS, BEYOND_ASCII)
    if told.ran or (refused(told.exchange) and not is_failure(told.exchange)):
        return passed("the program is run" if told.ran else describe(told.exchange))
    if not run(evidence, ENCODED_WORDS).ran:
        return unclear("the program is not run for the same request without the octet")
    message = "A field with the octet E9 keeps the program from being run."
    return broken(
        told.exchange,
        message,
        expected=f"the program's output, with any value for the field{OR_NONE}, or 4xx (RFC 9110 §15.5)",
    )


def is_failure(exchange: Exchange) -> bool:
    """Whether the answer is a failure of the server."""
    return exchange.status is not None and exchange.status >= 500
