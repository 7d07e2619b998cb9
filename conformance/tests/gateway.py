"""A gateway made by hand: a server that runs three programs, with variables and answers as a test wants them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.site import Page, Site
from conformance.verdict import Judgement

CATALOGUE = checks.load()
NAMES = (
    "environment.py",
    "echo_body.py",
    "reply.py",
    "several_lines.py",
    "crash.py",
    "no_head.py",
    "nph-reply.py",
    "crlf_head.py",
)
PAGES = (*(Page(f"cgi/{name}", "program", b"print()") for name in NAMES), Page("sample.txt", "text", b"sample\n"))
GUARDED = (Page("guarded/page.txt", "text", b"secret\n"), Page("guarded/environment.py", "program", b"print()"))
SITE = Site("127.0.0.1", 50000, "web", PAGES, ("cgi",), (), GUARDED, ("ann", "pass"), "second.example")
VARIABLES = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "SCRIPT_NAME": "/cgi/environment.py",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "50000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "Canned/1.0 (by hand)",
}
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def reply(status: int, body: bytes, *fields: str) -> bytes:
    """A whole reply with its length."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} X", *fields, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


@dataclass
class Gateway:
    """A canned server: variables that never change, others made for the request, answers that override all."""

    variables: Mapping[str, str] = field(default_factory=lambda: VARIABLES)
    more: Callable[[str], Mapping[str, str]] = lambda _: {}
    answers: Mapping[str, bytes] = field(default_factory=dict)
    argv: tuple[str, ...] = ("",)
    folder: str = "/srv/web/cgi"

    def play(self, probe: Probe) -> Exchange:
        data = self.answer(probe.sent.decode("latin-1"))
        ending = Ending.CLOSED if data else Ending.SILENT
        return Exchange(probe, (Chunk(0.0, data),) if data else (), ending, began=0.0, ended=0.1)

    def answer(self, request: str) -> bytes:
        for part, answer in self.answers.items():
            if part in request:
                return answer
        method, target, _ = request.split(" ", 2)
        path, _, query = target.partition("?")
        if path == "/sample.txt":
            return reply(200, b"sample\n")
        if path == "/cgi/reply.py":
            return reply(200, b"mark-7f3a", "Content-Type: text/x-probe", "Content-Language: tlh")
        if path == "/cgi/echo_body.py":
            return self.echo(request.partition("\r\n\r\n")[2].encode())
        if path != "/cgi/environment.py":
            return NOT_FOUND
        changing = {"QUERY_STRING": query, "REQUEST_METHOD": method, **self.more(request)}
        return self.report(environment={**changing, **self.variables}, argv=[*self.argv], cwd=self.folder)

    def echo(self, body: bytes) -> bytes:
        media_type = 'text/plain;charset="x-probe"'
        said = base64.b64encode(body).decode()
        return self.report(method="POST", content_length=str(len(body)), content_type=media_type, body_base64=said)

    def report(self, **said: object) -> bytes:
        return reply(200, json.dumps({"marker": "computed-42", **said}, indent=1).encode())


def judge(rule: str, gateway: Gateway) -> Judgement:
    """What the rule says of such a server."""
    return CATALOGUE[rule].judge(Evidence(SITE, gateway.play))
