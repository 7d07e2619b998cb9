"""Request fields and bodies as programs see them (RFC 3875 §4.1.2, §4.1.3, §4.1.18, §4.2).

A server may keep any field from its programs, and may refuse POST: what is judged is what it does pass on.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.cgi_programs import (
    BODY,
    BODY_TYPE,
    ECHO,
    ENVIRONMENT,
    MARK,
    SENT,
    Post,
    canonical,
    of_gateways,
    post,
    post_fields,
    program,
    report_in,
    run,
    wrong,
)
from conformance.evidence import Evidence
from conformance.predicates import absent, blocked, broken, passed, refused, unclear
from conformance.probe import Pause, Probe, Receive, Send, compose
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n"
POST = (
    "POST /cgi/echo_body.py HTTP/1.1\r\nHost: localhost:50000\r\n"
    "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)
NO_POST = "the program was not run for POST, which a server may refuse"
LARGE = bytes(range(256)) * 16 + b"0123456789abcde\n" * 8192  # more than a pipe holds
DISGUISED = (
    ("PATH", f"/usr/local/bin:/usr/bin:/bin:/{MARK}"),
    ("REQUEST-METHOD", MARK),
    ("LD-PRELOAD", MARK),
    ("Script-Name", f"/{MARK}"),
)


@check(
    "cgi-env.content-length-iff-body",
    also=("cgi-env.content-length-digits",),
    statement="CONTENT_LENGTH is the number of octets in the request body, in digits, and it is empty or unset if "
    "there is no body.",
    why="A program reads exactly so many octets; without the number it reads nothing or waits for ever.",
    hint="Set CONTENT_LENGTH to str(len(body)) if the request has a body, and leave it out otherwise.",
    example=(POST, 'CONTENT_LENGTH is "5"', "CONTENT_LENGTH is not set"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def content_length(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if plain.environment.get("CONTENT_LENGTH"):
        message = "CONTENT_LENGTH is set although the request has no body."
        return wrong(plain, "CONTENT_LENGTH", message, expected='empty or unset (though "0" does no harm)')
    posted = post(evidence)
    length = posted.report.get("content_length") if posted.report else None
    if posted.report is None:
        return passed(NO_POST)
    if length == str(len(BODY)):
        return passed()
    message = "CONTENT_LENGTH is not the length of the body."
    return broken(posted.exchange, message, expected=f'"{len(BODY)}"', observed=f"CONTENT_LENGTH is {length!r}")


@check(
    "cgi-env.content-type-from-field",
    statement="CONTENT_TYPE is the value of the request's Content-Type field with its parameters.",
    why="A form cannot be read without it: the boundary of a file upload stands in a parameter.",
    hint="Copy the whole value of Content-Type into CONTENT_TYPE (without HTTP_ before the name).",
    example=(POST, 'CONTENT_TYPE is "text/plain"', "CONTENT_TYPE is not set"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def content_type(evidence: Evidence) -> Judgement:
    posted = post(evidence)
    if posted.report is None:
        return absent(NO_POST)
    value = posted.report.get("content_type")
    if isinstance(value, str) and _without_space(value) == _without_space(BODY_TYPE):
        return passed()
    message = "CONTENT_TYPE is not the type of the body."
    return broken(posted.exchange, message, expected=BODY_TYPE, observed=f"CONTENT_TYPE is {value!r}")


def _without_space(media_type: str) -> str:
    return re.sub(r"\s+", "", media_type).lower()


@check(
    "cgi-security.fields-only-with-http-prefix",
    statement="A request field reaches a program only under a name that begins with HTTP_, so that it replaces no "
    "other variable.",
    why="A field named PATH that becomes the variable PATH lets a client choose what the program runs.",
    hint='Put "HTTP_" before every field name; only Content-Length and Content-Type have variables of their own.',
    example=(f"{REQUEST}PATH: /tmp\r\n\r\n", 'HTTP_PATH is "/tmp"', 'PATH is "/tmp"'),
    needs=("cgi",),
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
            return wrong(told, name, message, expected="the value in a variable that begins with HTTP_, or nowhere")
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
                return wrong(told, name, message, expected=f"{variable}, or no variable")
            if told.environment[name] != value:
                return wrong(told, name, f"The value of {field} has lost its case.", expected=f'"{value}"')
    return passed() if seen else absent("the fields are not passed on to programs, lawfully")


@check(
    "cgi-env.http-repeated-fields-merged",
    statement="Fields of the same name become one variable that holds all their values, parted by commas.",
    why="Two lines of one field mean the same as one line with a comma; a value that is dropped changes the request.",
    hint='Join the values of equal names with ", " instead of overwriting the earlier one.',
    example=(f"{REQUEST}X-Probe: 1\r\nX-Probe: 2\r\n\r\n", 'HTTP_X_PROBE is "1, 2"', 'HTTP_X_PROBE is "2"'),
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
            return wrong(told, variable, message, expected=f'"{", ".join(values)}"')
    return passed() if seen else absent("such fields are not passed on to programs, lawfully")


@check(
    "cgi-env.http-folded-field-merged",
    statement="A field folded over two lines, if it is taken at all, becomes one line in its variable.",
    why="A line break in a variable, or half a value, is something no program expects.",
    hint="Refuse a line that begins with a blank with 400, or join it to the line before with one space.",
    example=(f"{REQUEST}X-Probe: one\r\n two\r\n\r\n", 'HTTP_X_PROBE is "one two"', 'HTTP_X_PROBE is "one"'),
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
    return broken(exchange, message, expected='"one two", no such variable, or status 400', observed=observed)


@check(
    "cgi-input.body-on-stdin",
    statement="The body of a POST request stands on the program's standard input.",
    why="That is where programs read forms and uploads from.",
    hint="Read Content-Length octets from the socket and give them to the program: subprocess.run(…, input=body).",
    example=(POST, '"hello" on standard input', "an empty standard input"),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def body_on_stdin(evidence: Evidence) -> Judgement:
    posted = post(evidence)
    if posted.report is None:
        return absent(NO_POST)
    if posted.report.get("content_length") != str(len(BODY)):
        return blocked("cgi-env.content-length-iff-body", "the program was not told how much to read")
    if posted.body == BODY:
        return passed()
    message = "The program did not find the body on its standard input."
    return broken(posted.exchange, message, expected=repr(BODY), observed=f"{posted.body[:40]!r} on standard input")


@check(
    "cgi-input.whole-body-available",
    statement="A program can read every octet of the body, however long it is, in however many pieces it came.",
    why="recv() gives what has come so far; who calls it once cuts every upload that is larger than a packet.",
    hint="Call recv() until Content-Length octets have come, keep them as bytes, and write them to the program while "
    "its output is read (communicate() does both).",
    example=(POST.replace("5", "135168"), "135168 octets on standard input", "4096 octets on standard input"),
    needs=("cgi",),
    requires=("cgi-input.body-on-stdin",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def whole_body(evidence: Evidence) -> Judgement:
    if post(evidence).report is None:
        return absent(NO_POST)
    sent = _in_pieces(evidence)
    if sent.report is None and sent.exchange.status is not None and refused(sent.exchange):
        return absent("a body of this length is refused")
    if sent.body == LARGE:
        return passed()
    message = "The program could not read the whole body."
    octets = f"{len(sent.body)} octets" + (", but others" if len(sent.body) == len(LARGE) else "")
    observed = octets if sent.report is not None else None
    return broken(sent.exchange, message, expected=f"the same {len(LARGE)} octets", observed=observed)


def _in_pieces(evidence: Evidence) -> Post:
    """A large body, the first part in the packet of the head, the rest in pieces."""
    fields = [("Host", evidence.site.authority), *post_fields(LARGE, "application/octet-stream")]
    data = compose("POST", program(evidence, ECHO) or "/", fields, body=LARGE)
    pieces = (data[:1000], data[1000:5000], data[5000:100_000], data[100_000:])
    script = [action for piece in pieces for action in (Send(piece), Pause(0.03))][:-1]
    exchange = evidence.play(Probe((*script, Receive(1)), ("POST",), Risk.UNUSUAL))
    return Post(exchange, report_in(exchange.response))
