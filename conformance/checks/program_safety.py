"""Programs as a danger (RFC 2616 §15.2, RFC 3875 §9.5, §9.8): to the server, to their own text, and from outside.

Only a server that runs ``*.py`` files is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.path_safety import INSIDE, PLANTED
from conformance.checks.programs import HOST, NO_PROGRAM, RUN, SOURCE, printed_lines, program, sends_source
from conformance.checks.representation import content_of
from conformance.connections import document
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import shows_source
from conformance.predicates import absent, broken, passed, served, unclear
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

DISTURBING = ("exit_3.py", "crash.py", "meddle.py")
GOES_ON = "any whole reply (RFC 3875 §3.1), and a server that goes on as before (RFC 3875 §9.5)"
RAN = b"sentinel-ran-66742"


@check(
    "cgi-security.script-cannot-stop-server",
    statement="A program that exits, crashes or changes its surroundings leaves the server as it was.",
    why="Whoever may put a program into the folder should not be able to stop the server for everybody.",
    hint="Run programs in a process of their own (subprocess), never with exec() or runpy inside the server.",
    example=("GET /cgi/exit_3.py" + HOST, "HTTP/1.1 200 OK\r\n… (and the server goes on)", "(the server has ended)"),
    needs=("cgi",),
    requires=("cgi-output.script-run-not-sent", "cgi-output.stdout-is-response"),
    risk=Risk.UNUSUAL,
)
def cannot_stop_server(evidence: Evidence) -> Judgement:
    healthy = [page for page in (evidence.site.document, program(evidence, "several_lines.py")) if page is not None]
    disturbing = [page for name in DISTURBING if (page := program(evidence, name)) is not None]
    controls = [(page, evidence.get(page.target)) for page in healthy]
    if not disturbing or not all(served(control) for _, control in controls):
        return absent(NO_PROGRAM) if not disturbing else unclear("no healthy page is served")
    for page in disturbing:
        exchange = evidence.get(page.target)
        if exchange.killed:
            return broken(exchange, f"The server died of {page.path}.", expected=GOES_ON)
        for sound, control in controls:
            after = evidence.get(sound.target, [("X-After", page.name)])
            lines = printed_lines(sound) if sound.kind == "program" else [sound.content]
            if after.status != control.status or not all(line in content_of(after) for line in lines):
                return broken(
                    after,
                    f"After {page.path} was run, {sound.path} is not served as before.",
                    expected="the same reply",
                )
    return passed()


@check(
    "security.script-source-protected",
    statement="No spelling of a program's address, and no other method, gives away its text.",
    why="Programs hold passwords and mistakes; a suffix test that one odd spelling escapes protects nothing.",
    hint="Decide by the name of the file that was found, after decoding, whether it is a program; for every method.",
    example=("GET /make_time%2epy" + HOST, RUN, SOURCE),
    dispute="On a file system that ignores case, .PY is the program; elsewhere it is nothing. Output, redirect and "
    "refusal are accepted for every spelling, its text for none (RFC 2616 §15.2, RFC 9110 §17.3).",
    needs=("cgi",),
    requires=("cgi-output.script-run-not-sent",),
    risk=Risk.UNUSUAL,
)
def source_protected(evidence: Evidence) -> Judgement:
    page = program(evidence)
    if page is None:
        return absent(NO_PROGRAM)
    for exchange in _spellings(evidence, page):
        if shows_source(exchange, page):
            return sends_source(exchange, page, f"Another spelling of the request gives away the text of {page.path}.")
    return passed()


def _spellings(evidence: Evidence, page: Page) -> Iterator[Exchange]:
    stem = page.target.removesuffix(".py")
    for suffix in (".py/", ".py%20", ".py.", ".PY", "%2epy", f".py?u={PLANTED[0]}", ".py%00.txt", ".py%00", ".py%2f"):
        yield evidence.get(stem + suffix, risk=Risk.UNUSUAL)
    heads = evidence.request(page.target, method="HEAD"), evidence.request(document(evidence))
    yield evidence.sequence(*heads, methods=("HEAD", "GET"))
    length = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "3")]
    yield evidence.get(page.target, length, method="POST", body=b"x=1")


@check(
    "cgi-security.no-script-outside-tree",
    statement="No program outside of the document root can be run.",
    why="Running a program from anywhere is worse than reading a file from anywhere.",
    hint="Map the path to a file by the same checked function, whether the file is then sent or run.",
    example=("GET /../outside.py" + HOST, "HTTP/1.1 404 Not Found\r\n…", RUN),
    needs=("cgi",),
    requires=("security.dotdot-confined", "security.dotdot-encoded-confined"),
    risk=Risk.UNUSUAL,
)
def no_script_outside(evidence: Evidence) -> Judgement:
    outside = [one for one in evidence.site.outside if one.path.endswith(".py") and "/" not in one.path]
    if not outside:
        return absent("no program lies beside the document root")
    for up in ("/../", "/%2e%2e/", "/..%2f", "/%2e%2e%2f"):
        exchange = evidence.get(up + outside[0].path, risk=Risk.UNUSUAL)
        for mark in (RAN, outside[0].mark):
            if mark in exchange.shown:
                return broken(
                    exchange,
                    "A program beside the document root was reached.",
                    expected=INSIDE,
                    observed="its output" if mark == RAN else "its text",
                    span=exchange.place_of(mark),
                )
    return passed()
