"""By which names programs find request fields (RFC 3875 §4.1, §4.1.18, RFC 9110 §17.10): HTTP_*, and no others.

A server may keep any field from its programs: what is judged is what it does pass on.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_fields import OR_NONE, is_failure
from conformance.checks.cgi_programs import (
    DISGUISED,
    EMPTY_FORM,
    MARK,
    SENT,
    canonical,
    of_gateways,
    run,
    wrong,
)
from conformance.evidence import Evidence
from conformance.predicates import absent, answered, broken, passed, refused, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n"


@check(
    "cgi-security.fields-only-with-http-prefix",
    statement="A request field reaches a program only under a name that begins with HTTP_, so that it replaces no "
    "other variable.",
    why="A field named PATH that becomes the variable PATH lets a client choose what the program runs.",
    hint='Put "HTTP_" before every field name; only Content-Length and Content-Type have variables of their own.',
    example=(f"{REQUEST}PATH: /tmp\r\n\r\n", 'HTTP_PATH is "/tmp"', 'PATH is "/tmp"'),
    needs=("cgi",),
    requires=("cgi-env.no-variable-of-earlier-request",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def only_with_prefix(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=DISGUISED)
    if not told.ran:
        return passed("the request is refused") if refused(told.exchange) else unclear("the program was not run")
    for name, value in told.environment.items():
        if MARK in value and not name.upper().startswith("HTTP_"):
            message = "A request field has set a variable that is not a client's to set."
            return wrong(told, name, message, expected=f"the value in an HTTP_ variable{OR_NONE}")
    return passed()


@check(
    "cgi-env.http-variable-names",
    also=("cgi-env.values-keep-case",),
    statement="The variable of a field is named HTTP_ and the field's name in capitals with underscores; the value "
    "keeps its case.",
    why="Programs look for HTTP_USER_AGENT; under another name the field is lost to them.",
    hint='"HTTP_" + name.upper().replace("-", "_") is the name; leave the value as it came.',
    example=(f"{REQUEST}X-Probe-Name: MiXed\r\n\r\n", 'HTTP_X_PROBE_NAME is "MiXed"', 'HTTP_X-Probe-Name is "MiXed"'),
    needs=("cgi",),
    requires=("cgi-security.fields-only-with-http-prefix",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def http_names(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=SENT)
    seen = False
    for field, value in SENT[:2]:
        variable = "HTTP_" + canonical(field)
        for name in [name for name, held in told.environment.items() if held.lower() == value.lower()]:
            seen = True
            if name != variable:
                message = f"The field {field} stands in a variable of another name."
                return wrong(told, name, message, expected=f"{variable}{OR_NONE}")
            if told.environment[name] != value:
                return wrong(told, name, f"The value of {field} has lost its case.", expected=f'"{value}"{OR_NONE}')
    return passed() if seen else absent("the fields are not passed on to programs, lawfully")


@check(
    "cgi-env.no-http-copies-of-other-variables",
    statement="Content-Length and Content-Type, which have variables of their own, are not passed as HTTP_ variables.",
    why="Two variables for one field may differ, and then each part of a program believes another one.",
    hint="Leave out content-length and content-type when you make the HTTP_ variables.",
    example=(
        REQUEST.replace("GET", "POST") + "Content-Type: text/x\r\nContent-Length: 0\r\n\r\n",
        'CONTENT_TYPE is "text/x"',
        'CONTENT_TYPE is "text/x", HTTP_CONTENT_TYPE is "text/x"',
    ),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def no_copies(evidence: Evidence) -> Judgement:
    told = run(evidence, "?one+two", EMPTY_FORM, method="POST")
    if not told.ran:
        return absent("the program was not run for POST, which a server may refuse")
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if told.environment.get(name) and told.environment.get(f"HTTP_{name}"):
            message = f"What is said in {name} is said again in HTTP_{name}."
            return wrong(told, f"HTTP_{name}", message, expected=f"{name} alone")
    return passed()


@check(
    "cgi-env.field-name-mapping-unambiguous",
    statement="A field whose name has an underscore takes the place of none with a hyphen, and frames no request.",
    why="X_User and X-User become one variable; a filter that looks for the one lets the other through.",
    hint="Drop fields with an underscore in their name before you make the HTTP_ variables.",
    example=(
        f"{REQUEST}X-Probe: hyphen\r\nX_Probe: underscore\r\n\r\n",
        'HTTP_X_PROBE is "hyphen"',
        'HTTP_X_PROBE is "underscore"',
    ),
    dispute="RFC 3875 §4.1.18 itself maps X_A and X-A to one variable; RFC 9110 §17.10 advises to keep them apart. "
    "nginx and Apache drop the underscore. It counts only if the hyphenated field is lost.",
    needs=("cgi",),
    requires=("cgi-security.fields-only-with-http-prefix", "cgi-env.http-repeated-fields-merged"),
    risk=Risk.UNUSUAL,
)
@of_gateways
def mapping(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=DISGUISED)
    if not told.ran:
        if not answered(told.exchange) or is_failure(told.exchange):
            message = "Fields with an underscore in their names keep the request from being answered."
            return broken(
                told.exchange, message, expected="the program's output (RFC 3875 §4.1.18), or 4xx (RFC 9110 §17.10)"
            )
        return passed("the request is refused") if refused(told.exchange) else unclear("the program was not run")
    held = told.environment.get("HTTP_X_PROBE_KEPT")
    if held is None:
        return absent("such fields are not passed on to programs, lawfully")
    if "hyphen" in held:
        return passed()
    message = "X_Probe_Kept has taken the place of X-Probe-Kept."
    return wrong(
        told,
        "HTTP_X_PROBE_KEPT",
        message,
        expected='"hyphen", alone (RFC 9110 §17.10) or merged with the other value (RFC 3875 §4.1.18)',
    )
