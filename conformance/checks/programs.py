"""Programs in the document root (RFC 3875 §3, §6, §9, RFC 2616 §9.3, §15.2): they are run, and their text is not sent.

Only a server that runs ``*.py`` files is judged. How the output is turned into a reply, and what a program is told of
the request, is for the rules on CGI output and environment.
"""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.representation import content_of, cut_short
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import shows_source, source_of
from conformance.predicates import absent, broken, describe, passed, served, unclear
from conformance.site import Page
from conformance.verdict import Judgement

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
SOURCE = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nprint("Content-Type: text/html")\n…'
RUN = "HTTP/1.1 200 OK\r\n…\r\n\r\n(what the program printed)"
PRINTED = re.compile(rb'^print\("([^"{}\\]+)"\)', re.MULTILINE)
COMPUTED = b"computed-42"
LARGE = 1024 * 1024
LAST_LINES = re.compile(rb"line 016383[ .]*\s+END")
PECULIAR = ("crash.py", "meddle.py")
NO_PROGRAM = "the document root holds no such program"


def program(evidence: Evidence, name: str | None = None) -> Page | None:
    """The program of this name; without one, the first of all that is run."""
    if name is not None:
        return evidence.site.page("program", lambda p: p.plain and p.name == name)
    ordinary = sorted(_ordinary(evidence), key=lambda p: (p.path.count("/"), len(p.content), p.path))
    return next((page for page in ordinary if not _sent(evidence, page)), None)


def printed_lines(page: Page) -> list[bytes]:
    """The lines that a program prints word for word, but for those of its head."""
    return [text for text in PRINTED.findall(page.content) if not re.match(rb"[\w-]+: ?\S+$", text)]


def sends_source(exchange: Exchange, page: Page, message: str) -> Judgement:
    return broken(
        exchange,
        message,
        expected="what the program prints (RFC 2616 §9.3), or a refusal (RFC 9110 §15.5)",
        observed="the program's own text",
        span=exchange.place_of(source_of(page)),
    )


@check(
    "cgi-output.script-run-not-sent",
    also=("get.program-output-not-source",),
    statement="A GET of a program runs it and returns what it prints.",
    why="The address stands for the program's result; its text may hold passwords and is of no use to a visitor.",
    hint="For a name that ends in .py call subprocess.run([sys.executable, path], stdout=PIPE) and send its output.",
    example=("GET /cgi/environment.py" + HOST, RUN, SOURCE),
    dispute="Which paths are programs is the server's choice (RFC 3875 §3.3): http.server runs those of one folder "
    "and sends others as files. So a program counts as sent only if another of its folder is run.",
    needs=("cgi",),
    requires=("message.empty-line-ends-header-section",),  # else the text may hide in the head
)
def run_not_sent(evidence: Evidence) -> Judgement:
    folders = {_folder(page) for page in _ordinary(evidence) if not _sent(evidence, page)}
    for page in _ordinary(evidence):
        exchange = evidence.get(page.target)
        if _sent(evidence, page) and _folder(page) in folders:
            return sends_source(exchange, page, f"The text of {page.path} is sent instead of its output.")
        if COMPUTED[:9] in page.content and served(exchange) and COMPUTED not in exchange.shown:
            return broken(
                exchange,
                f"{page.path} was not run.",
                expected=f"{COMPUTED.decode()}, which it prints",
                observed="no such text",
            )
    return passed(f"programs are run in the folders {', '.join(f'/{name}' for name in sorted(folders))}")


def _ordinary(evidence: Evidence) -> list[Page]:
    """The programs, but for those that are slow, or that rules of their own ask for."""
    pages = [page for page in evidence.site.pages if page.kind == "program" and page.plain]
    return [page for page in pages if b"sleep" not in page.content and page.name not in PECULIAR]


def _folder(page: Page) -> str:
    return page.path.rpartition("/")[0]


def _sent(evidence: Evidence, page: Page) -> bool:
    """Whether the program's text is sent; in a whole folder that is no fault, for which folders hold programs is the
    server's choice (RFC 3875 §3.3)."""
    return shows_source(evidence.get(page.target), page)


@check(
    "cgi-output.stdout-is-response",
    statement="What a program prints to its standard output is the reply, from the first line to the last.",
    why="print() is how a program speaks to the client.",
    hint="Catch the output with stdout=PIPE and send all of it, not only its first line.",
    example=("GET /cgi/several_lines.py" + HOST, RUN, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    dispute="Courses let the server wrap all that a program prints in a reply of its own; by RFC 3875 §6.2 its "
    "first lines are fields. Both are accepted here.",
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
    also=("limits.no-fixed-script-output-buffer",),
    statement="A program's output is read to its end, however much it is and however slowly it comes.",
    why="One read() gives what is there at that moment, which may be half a line.",
    hint="Use subprocess.run() or communicate(), or read in a loop until b'' comes.",
    example=("GET /cgi/large_output.py" + HOST, RUN, "HTTP/1.1 200 OK\r\n\r\n(the first 65536 octets)"),
    dispute="No size limit is to be assumed (RFC 3875 §9.6), but a server may give up with an error: 500, 502 or a "
    "reply that is visibly cut short proves nothing.",
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
