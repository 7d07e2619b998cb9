"""The probe programs of the document root and what they tell of the gateway that ran them (RFC 3875).

Shared by the areas ``cgi_*``; it declares no rule. A server that only runs programs and sets no variables claims no
CGI: :func:`speaks_cgi` tells, and the rules do not apply to it.
"""

from __future__ import annotations

import functools
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.check import Judge
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, unclear
from conformance.probe import Fields
from conformance.response import Response, Span
from conformance.verdict import Judgement

ENVIRONMENT = "environment.py"
ECHO = "echo_body.py"
MARK = "mark-7f3a"
SENT = (
    ("X-Probe-Name", "MiXed-7F3a"),
    ("User-Agent", "MiXed-Agent/7F3a"),
    ("X-Probe-Twice", "1"),
    ("x-probe-twice", "2"),
    ("Accept", "text/x-one"),
    ("accept", "text/x-two"),
)
"""Fields of one request: mixed case in values, repeated names in two spellings."""

DISGUISED = (
    ("PATH", f"/usr/local/bin:/usr/bin:/bin:/{MARK}"),
    ("REQUEST-METHOD", MARK),
    ("LD-PRELOAD", MARK),
    ("Script-Name", f"/{MARK}"),
    ("X-Probe-Kept", "hyphen"),
    ("X_Probe_Kept", "underscore"),
    ("Content_Length", "9"),
    ("Transfer_Encoding", "chunked"),
)
"""Fields that become other variables, or other fields, where names are turned into variables without care."""

UNCHECKED = "Basic cHJvYmUtN2YzYTp3cm9uZy03ZjNh"  # probe-7f3a:wrong-7f3a
REFUSED = "the credentials refused with 401 (RFC 9110 §15.5.2) or 403 (RFC 9110 §15.5.4)"
UNCHECKED_USER, WRONG_PASSWORD = "probe-7f3a", "wrong-7f3a"
CREDENTIALS = (("Authorization", UNCHECKED), ("Proxy-Authorization", UNCHECKED))
"""Fields with credentials that nobody has given out, for a page that asks for none."""

EMPTY_FORM = (("Content-Type", "text/x-probe"), ("Content-Length", "0"))
"""The fields of a POST whose body has a type and no octet."""

WORDS = "?a;id+$(id)"
ENCODED_WORDS = "?a%2Bb+c%3Dd"
"""Queries without a plain =, which may become arguments; a shell would run the first."""

BEYOND_ASCII = (("X-Probe-Beyond", b"\xe9"),)
"""A field that goes with ENCODED_WORDS, so that one run of a program answers two questions."""

BODY = b"hello"
BODY_TYPE = 'text/plain; charset="x-probe"'
MANDATORY = (
    "GATEWAY_INTERFACE",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SERVER_SOFTWARE",
)
"""The variables of RFC 3875 §4.1 that every request has."""

CLAIM = 5
"""So many of them, spelled in any way, are a claim to speak CGI even without GATEWAY_INTERFACE."""


@dataclass(frozen=True, slots=True)
class Run:
    """What environment.py told: its variables, its arguments, the name it was called by and its working folder.

    ``ran`` is false if the reply is not its report.
    """

    exchange: Exchange
    environment: Mapping[str, str]
    words: tuple[str, ...]
    ran: bool
    called: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What echo_body.py told of a POST; None where the reply is not its report."""

    exchange: Exchange
    report: Mapping[str, Any] | None

    @property
    def body(self) -> bytes:
        """What the program could read."""
        return b64decode(self.report["body_base64"]) if self.report else b""


def program(evidence: Evidence, name: str) -> str | None:
    """The target of a probe program, if the document root has it."""
    page = evidence.site.page("program", lambda p: p.name == name)
    return page.target if page else None


def report_in(response: Response | None) -> Mapping[str, Any] | None:
    """The JSON that a probe program printed, even if its head was left in the body; None if it did not run."""
    text = response.body.decode("latin-1") if response else ""
    try:
        report, _ = json.JSONDecoder().raw_decode(text, max(text.find("{"), 0))
    except ValueError:
        return None
    return report if isinstance(report, dict) and report.get("marker") == "computed-42" else None


def told(exchange: Exchange, response: Response | None) -> Run:
    """One reply, read as the report of environment.py."""
    report = report_in(response)
    if report is None or not isinstance(report.get("environment"), dict):
        return Run(exchange, {}, (), False)
    called, *words = report.get("argv") or [""]
    return Run(exchange, report["environment"], tuple(words), True, called, report.get("cwd", ""))


def run(
    evidence: Evidence,
    rest: str = "",
    fields: Fields = (),
    *,
    method: str = "GET",
    version: str = "HTTP/1.1",
    host: str | None = "",
    target: str = "",
) -> Run:
    """Ask for environment.py, with ``rest`` (extra path, query) after its name, or by another ``target``."""
    asked = (target or program(evidence, ENVIRONMENT) or f"/{ENVIRONMENT}") + rest
    exchange = evidence.get(asked, tuple(fields), method=method, version=version, host=host)
    return told(exchange, exchange.response)


def post_fields(body: bytes = BODY, media_type: str = BODY_TYPE) -> tuple[tuple[str, str], ...]:
    """The fields of a POST with this body."""
    return (("Content-Type", media_type), ("Content-Length", str(len(body))))


def post(evidence: Evidence) -> Post:
    """POST five octets to echo_body.py."""
    target = program(evidence, ECHO)
    if target is None:
        return Post(run(evidence).exchange, None)
    exchange = evidence.get(target, post_fields(), method="POST", body=BODY)
    return Post(exchange, report_in(exchange.response))


def speaks_cgi(evidence: Evidence) -> str:
    """Why the target claims no CGI/1.1, or "" if it does: RFC 3875 binds only who claims it."""
    if program(evidence, ENVIRONMENT) is None:
        return f"the document root holds no {ENVIRONMENT}, the program that shows its variables"
    plain = run(evidence)
    if not plain.ran:
        return f"{ENVIRONMENT} does not tell its environment here"
    names = {canonical(name): value for name, value in plain.environment.items()}
    dialect = names.get("GATEWAY_INTERFACE", "")
    if re.fullmatch(r"CGI/\d+\.\d+", dialect) and not re.fullmatch(r"CGI/0*1\.0*1", dialect):
        return f"the server speaks {dialect}, which is not what RFC 3875 describes"
    if "GATEWAY_INTERFACE" in names or sum(name in names for name in MANDATORY) >= CLAIM:
        return ""
    return "programs are run without the variables of CGI, so this server claims no RFC 3875"


def obstacle(evidence: Evidence) -> Judgement | None:
    """Why no rule on CGI applies or can be judged."""
    reason = speaks_cgi(evidence)
    if reason and program(evidence, ENVIRONMENT) and run(evidence).exchange.response is None:
        return unclear(f"GET {program(evidence, ENVIRONMENT)} draws no answer")  # perhaps it is but slow
    return absent(reason) if reason else None


def canonical(name: str) -> str:
    """The spelling of a variable's name that RFC 3875 §4.1 gives."""
    return name.upper().replace("-", "_")


def of_gateways(judge: Judge) -> Judge:
    """The judge, not applicable to servers that claim no CGI."""

    @functools.wraps(judge)
    def judged(evidence: Evidence) -> Judgement:
        return obstacle(evidence) or judge(evidence)

    return judged


def wrong(run: Run, name: str, message: str, *, expected: str) -> Judgement:
    """A variable is not what it has to be; the finding points at it."""
    value = run.environment.get(name)
    observed = f"{name} is not set" if value is None else f'{name} is "{value}"'
    return broken(run.exchange, message, expected=expected, observed=observed, span=_place(run.exchange, name))


def _place(exchange: Exchange, name: str) -> Span | None:
    found = re.search(rb'"' + re.escape(name.encode("utf-8", "replace")) + rb'": "[^\r\n]*"', exchange.received)
    return found.span() if found else None
