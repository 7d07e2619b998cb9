"""Programs in the document root (RFC 3875 §3, §6, §9, RFC 2616 §9.3, §15.2): they are run, and their text is not sent.

Only a server that runs ``*.py`` files is judged. How the output is turned into a reply, and what a program is told of
the request, is for the rules on CGI output and environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.capabilities import shows_source, source_of
from conformance.check import check
from conformance.checks.representation import content_of, cut_short
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, describe, passed, served, unclear
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
SOURCE = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nprint("Content-Type: text/html")\n…'
RUN = "HTTP/1.1 200 OK\r\n…\r\n\r\n(what the program printed)"
PRINTED = re.compile(rb'^print\("([^"{}\\]+)"\)', re.MULTILINE)
COMPUTED = b"computed-42"
LARGE = 1024 * 1024
LAST_LINES = re.compile(rb"line 016383[ .]*\s+END")
DISTURBING = ("exit_3.py", "crash.py", "meddle.py")
RAN = b"sentinel-ran-66742"
NO_PROGRAM = "the document root holds no such program"


def program(evidence: Evidence, name: str | None = None) -> Page | None:
    """The program of this name; without one, the first of all."""
    return evidence.site.page("program", lambda p: p.plain and name in (None, p.name))


def printed_lines(page: Page) -> list[bytes]:
    """The lines that a program prints word for word, but for those of its head."""
    return [text for text in PRINTED.findall(page.content) if not re.match(rb"[\w-]+: ?\S+$", text)]


def sends_source(exchange: Exchange, page: Page, message: str) -> Judgement:
    at = exchange.received.find(source_of(page))
    return broken(
        exchange,
        message,
        expected="what the program prints, or a refusal",
        observed="the program's own text",
        span=(at, at + len(source_of(page))),
    )


@check(
    "cgi-output.script-run-not-sent",
    also=("get.program-output-not-source",),
    statement="A GET of a program runs it and returns what it prints.",
    why="The address stands for the program's result; its text may hold passwords and is of no use to a visitor.",
    hint="For a name that ends in .py call subprocess.run([sys.executable, path], stdout=PIPE) and send its output.",
    example=("GET /cgi/environment.py" + HOST, RUN, SOURCE),
    needs=("cgi",),
    requires=("message.empty-line-ends-header-section",),  # else the text may hide in the head
)
def run_not_sent(evidence: Evidence) -> Judgement:
    ordinary = [page for page in evidence.site.pages if page.kind == "program" and page.plain and not _peculiar(page)]
    for page in ordinary:
        exchange = evidence.get(page.target)
        if shows_source(exchange, page):
            return sends_source(exchange, page, f"The text of {page.path} is sent instead of its output.")
        if (
            COMPUTED[:9] in page.content
            and served(exchange)
            and COMPUTED not in exchange.received + content_of(exchange)
        ):
            return broken(
                exchange,
                f"{page.path} was not run.",
                expected=f"{COMPUTED.decode()}, which it prints",
                observed="no such text",
            )
    return passed()


def _peculiar(page: Page) -> bool:
    """Programs that are slow, or that rules of their own ask for."""
    return b"sleep" in page.content or page.name in DISTURBING[1:]


@check(
    "cgi-output.stdout-is-response",
    statement="What a program prints to its standard output is the reply, from the first line to the last.",
    why="print() is how a program speaks to the client.",
    hint="Catch the output with stdout=PIPE and send all of it, not only its first line.",
    example=("GET /cgi/several_lines.py" + HOST, RUN, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    needs=("cgi",),
    requires=("cgi-output.script-run-not-sent",),
)
def stdout_is_response(evidence: Evidence) -> Judgement:
    page = program(evidence, "several_lines.py")
    if page is None:
        return absent(NO_PROGRAM)
    exchange = evidence.get(page.target)
    reply = exchange.received + content_of(exchange)  # as it came, and with its chunks joined
    missing = next((line for line in printed_lines(page) if line not in reply), None)
    if missing is None:
        return passed()
    return broken(
        exchange,
        "A line that the program prints is not in the reply.",
        expected=f"all of its output, with {missing.decode('utf-8', 'replace')!r}",
    )


@check(
    "cgi-output.status-default-200",
    statement="The output of a program that says nothing of a status comes with 200.",
    why="The program has done its work, so the request succeeded.",
    hint='Begin the reply with "HTTP/1.1 200 OK" unless the program prints a Status line.',
    example=("GET /make_time.py" + HOST, RUN, "HTTP/1.1 202 Accepted\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.script-run-not-sent", "cgi-output.stdout-is-response"),
)
def default_200(evidence: Evidence) -> Judgement:
    page = program(evidence, "several_lines.py") or program(evidence)
    if page is None or b"Status:" in page.content:
        return absent(NO_PROGRAM)
    exchange = evidence.get(page.target)
    if exchange.status is None:
        return unclear(f"no status to judge: {describe(exchange)}")
    if exchange.status == 200:
        return passed()
    return broken(exchange, "The output of a program comes with another status than 200.", expected="status 200")


@check(
    "cgi-output.all-output-read",
    statement="A program's output is read to its end, however much it is and however slowly it comes.",
    why="One read() gives what is there at that moment, which may be half a line.",
    hint="Use subprocess.run() or communicate(), or read in a loop until b'' comes.",
    example=("GET /cgi/large_output.py" + HOST, RUN, "HTTP/1.1 200 OK\r\n\r\n(the first 65536 octets)"),
    needs=("cgi",),
    requires=(
        "cgi-output.stdout-is-response",
        "framing.transfer-encoding-declared",
        "framing.transfer-encoding-truthful",
        "chunked.size-is-hex-octet-count",
        "chunked.data-crlf-sent",
        "chunked.no-empty-chunk-inside",
        "chunked.last-chunk-sent",
        "chunked.final-crlf-sent",
    ),
)
def all_output(evidence: Evidence) -> Judgement:
    page = program(evidence, "large_output.py")
    if page is None:
        return absent(NO_PROGRAM)
    exchange = evidence.get(page.target)
    if not served(exchange) or cut_short(exchange):
        return unclear(f"the program's output was not sent: {describe(exchange)}")
    body = content_of(exchange)
    if len(body) >= LARGE and LAST_LINES.search(body[-1000:]):
        return passed()
    return broken(
        exchange,
        "Part of a program's output is missing.",
        expected=f"{LARGE} octets in numbered lines, and the last line END",
        observed=f"{len(body)} octets that end in {body[-20:]!r}",
    )


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
            return broken(exchange, f"The server died of {page.path}.", expected="any reply, and a server that goes on")
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
    for suffix in (".py/", ".py%20", ".py.", ".PY", "%2epy", ".p%79", ".py?x", ".py%00.txt", ".py%00", ".py%2f"):
        yield evidence.get(stem + suffix, risk=Risk.UNUSUAL)
    yield evidence.get(page.target, method="HEAD")
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
            at = exchange.received.find(mark)
            if at >= 0:
                return broken(
                    exchange,
                    "A program beside the document root was reached.",
                    expected="a refusal, or something from inside the document root",
                    observed="its output" if mark == RAN else "its text",
                    span=(at, at + len(mark)),
                )
    return passed()
