"""Records and a server made by hand, for the tests of everything that stands above the checks."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from conformance import checks
from conformance.check import CATALOGUE, Check
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.ladder import Rung
from conformance.predicates import absent, blocked, broken, passed, unclear
from conformance.probe import Action, Probe, Receive, Send
from conformance.report.record import Report, Target
from conformance.rule import Example, Level, Rule, Spec
from conformance.verdict import Finding, Judgement, Result, Verdict

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
PAGE = b"<p>hello</p>\n"
REPLY = b"HTTP/1.1 200 OK\nServer: canned\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n" + PAGE
URL = "http://localhost:50000"


def make_rule(id: str, level: Level = Level.MUST, step: int | None = 2) -> Rule:
    return Rule(
        id=id,
        statement=f"The statement of {id}.",
        why=f"The reason for {id}.",
        hint=f"The hint of {id}.",
        example=Example(REQUEST.decode(), REPLY.decode(), "HTTP/1.1 oops\r\n\r\n"),
        levels={Spec.RFC2616: level, Spec.RFC9110: level},
        rfc={"2616": "6.1", "9112": "4"},
        step=step,
        covers=("2616-1.4-response-per-request",),
    )


def make_exchange(
    received: bytes = REPLY,
    *actions: Action,
    ending: Ending = Ending.CLOSED,
    killed: bool = False,
    server_output: str = "",
) -> Exchange:
    probe = Probe(actions or (Send(REQUEST), Receive(1)))
    chunks = (Chunk(0.01, received),) if received else ()
    return Exchange(probe, chunks, ending, 0.0, 0.1, waited=2.0, killed=killed, server_output=server_output)


def make_result(
    id: str,
    verdict: Verdict,
    *,
    level: Level = Level.MUST,
    exchange: Exchange | None = None,
    span: tuple[int, int] | None = None,
    blocked_by: str | None = None,
    reason: str = "",
    message: str = "",
    declared: str | None = None,
) -> Result:
    finding = None
    if verdict in (Verdict.FAIL, Verdict.WARNING):
        said = message or f"{id} is broken."
        finding = Finding(said, "this", "that", exchange or make_exchange(), span)
    return Result(make_rule(id, level), level, verdict, reason, finding, blocked_by, declared)


def make_report(*results: Result, level: Level = Level.MUST, ladder: tuple[Rung, ...] = ()) -> Report:
    target = Target(URL, None, "canned", {"cgi": "no *.py is run", "redirect": "present"})
    return Report(target, 1_700_000_000.25, 1.5, Spec.BOTH, level, None, results, ladder)


def canned_checks() -> dict[str, Check]:
    """One check for each verdict, whatever the server does; the broken ones show its answer to a GET."""

    def fails(evidence: Evidence) -> Judgement:
        return broken(evidence.get("/"), "The line ends in LF.", expected="CRLF", observed="LF", span=(15, 16))

    def raises(evidence: Evidence) -> Judgement:
        raise RuntimeError(f"a fault of the check against {evidence.site.host}")

    judges = {
        "canned.pass": lambda _: passed(),
        "canned.fail": fails,
        "canned.blocked": lambda _: blocked("canned.fail", "there is no line"),
        "canned.advice": fails,
        "canned.absent": lambda _: absent("the server has none"),
        "canned.unclear": lambda _: unclear("nothing to see"),
        "canned.error": raises,
    }
    levels = {"canned.advice": Level.SHOULD}
    return {id: Check(make_rule(id, levels.get(id, Level.MUST)), judge) for id, judge in judges.items()}


@contextmanager
def canned_catalogue() -> Iterator[None]:
    """The canned checks as the whole catalogue."""
    real, areas = dict(checks.load()), checks.AREAS
    install_canned_checks()
    try:
        yield
    finally:
        CATALOGUE.clear()
        CATALOGUE.update(real)
        vars(checks)["AREAS"] = areas


def install_canned_checks() -> None:
    """Replace the catalogue in this process."""
    vars(checks)["AREAS"] = ()
    CATALOGUE.clear()
    CATALOGUE.update(canned_checks())


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        if line.startswith(b"GET / "):
            self.wfile.write(REPLY)
        else:
            self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def canned_server() -> Iterator[str]:
    """The URL of a server that has one page and a status line that ends in LF."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
