"""Requests that play on what lies behind the server (RFC 9110 §17.3, §17.4, RFC 3986 §7.3, RFC 2616 §15.2, RFC 3875
§7.2): a shell, a browser, special names of the file system, files that are for the server alone.

What leads out of the document root is for :mod:`conformance.checks.path_safety`.
"""

from __future__ import annotations

import posixpath
import re

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, WORDS, program
from conformance.checks.representation import carries, content_of
from conformance.evidence import Evidence
from conformance.exemplars import guarded
from conformance.predicates import absent, answered, broken, outcomes, passed, served, unclear
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOT_FOUND = "HTTP/1.1 404 Not Found\r\n…"
COMMANDS = ("/;id", "/$(id)", "/%60id%60", "/%7Cid", "/%3Bid")
RAN = re.compile(rb"uid=\d+\(")
HIDDEN = (
    "401, 403 or 404 (RFC 9110 §15.5.2, §15.5.4, §15.5.5), or a page that tells nothing of the kind (RFC 2616 §15.2)"
)
NO_NUL = "404 or 400 (RFC 3986 §7.3), or another refusal (RFC 9110 §15.5)"
MARKUP = "<script>mark-7f3a"
DEVICES = ("/con", "/nul", "/com1", "/aux.txt")
INTERNAL = (".htaccess", ".htpasswd", ".passwd")
SECRETS = re.compile(rb"^\s*(AuthType|AuthUserFile|Require|Allow from|Deny from)\s|^[\w.-]+:[$\w./+={}-]{8,}\s*$", re.M)


@check(
    "security.internal-files-protected",
    statement="Files by which the server itself decides who may see a folder are not shown.",
    why="Whoever reads the names and hashed passwords can try them out at leisure.",
    hint="Keep such files outside of the document root, or refuse their names, above all .htaccess and .htpasswd.",
    example=("GET /guarded/.htpasswd" + HOST, NOT_FOUND, "HTTP/1.1 200 OK\r\n\r\nstudent:$apr1$…"),
    dispute="Dot files are ordinary files for a server that does not read them. So a finding needs a server that "
    "guards a folder, and a reply that holds passwords or rules of access (RFC 2616 §15.2).",
    needs=("authentication",),
    risk=Risk.UNUSUAL,
)
def internal_files(evidence: Evidence) -> Judgement:
    target = guarded(evidence)
    if target is None:
        return absent("no page asks for credentials")
    if served(evidence.get(MISSING)):
        return unclear("a page comes for every path, so what comes for such names is no file")
    for folder in dict.fromkeys((posixpath.dirname(target), "")):
        for name in INTERNAL:
            exchange = evidence.get(f"{folder}/{name}")
            secret = SECRETS.search(exchange.received, exchange.responses[0].head_end) if served(exchange) else None
            if secret:
                message = "A file that tells who may see the guarded pages is shown to everybody."
                return broken(exchange, message, expected=HIDDEN, span=secret.span())
    return passed()


@check(
    "security.device-names-not-opened",
    statement="Names that some systems take for devices, such as con and nul, are answered like any other name.",
    why="On Windows, opening CON waits for somebody at the keyboard: one such request and the server stands still.",
    hint="Compare the name with what os.listdir() gives before you open it, or refuse names of devices.",
    example=("GET /con" + HOST, NOT_FOUND, "(no answer)"),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def device_names(evidence: Evidence) -> Judgement:
    if not answered(evidence.get(MISSING)):
        return unclear("a file that is not there draws no answer either")
    for target in DEVICES:
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        if exchange.killed or not answered(exchange):
            message = f"A request for {target} draws no answer, though other missing files do."
            return broken(exchange, message, expected="404 (RFC 9110 §15.5.5), or any other answer (RFC 9110 §17.3)")
    return passed()


@check(
    "security.nul-in-target-rejected",
    statement="A path that decodes to a NUL is refused, and does no harm.",
    why="NUL ends a name in C, so part of the path is ignored; in Python open() raises ValueError.",
    hint='Answer 404 or 400 if the decoded path holds "\\0", before you touch the file system.',
    example=("GET /sample.txt%00" + HOST, NOT_FOUND, "(the connection closes)"),
    dispute="RFC 3986 §7.3 advises to reject a NUL and names no status: 404, 400, 403 and 500 occur and are "
    "accepted. The file without the NUL (h2o, webfs) and silence (http.server) are not.",
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def nul_rejected(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent("the document root holds no file with a plain name")
    seen = [evidence.get(f"{page.target}{rest}", risk=Risk.UNUSUAL) for rest in ("%00", "%00.html")]
    for exchange in seen:
        if exchange.killed or not answered(exchange):
            return broken(exchange, "A NUL in the path draws no answer.", expected=NO_NUL)
        if served(exchange) and carries(exchange, page.content):
            return broken(exchange, "The path is cut at a NUL.", expected=NO_NUL)
        if served(exchange):
            return unclear("another page is served for a path with a NUL")
    return passed(outcomes(seen))


@check(
    "security.os-special-names",
    statement="A name with signs that mean something to some file systems does not lead to the file without them.",
    why="On Windows x.py. and x.py::$DATA open x.py; a check of the suffix sees another name, and shows the source.",
    hint="Serve a file only if its name is exactly the one that was asked for.",
    example=("GET /sample.txt::$DATA" + HOST, NOT_FOUND, "HTTP/1.1 200 OK\r\n… (the file)"),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def special_names(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None or not page.content:
        return absent("the document root holds no file with a plain name")
    seen = [evidence.get(page.target + suffix, risk=Risk.UNUSUAL) for suffix in ("::$DATA", ".")]
    for exchange in seen:
        if served(exchange) and carries(exchange, page.content):
            message = f"A name that only begins with that of {page.path} gives this file."
            return broken(exchange, message, expected="404 (RFC 9110 §15.5.5) or another 4xx (RFC 9110 §15.5)")
    return passed(outcomes(seen))


@check(
    "security.no-command-injection",
    also=("cgi-security.argv-shell-escaped",),
    statement="Nothing in a target is run as a command.",
    why="Whoever can have a command run on the server owns it.",
    hint="Start programs with a list of arguments and never with shell=True or os.system().",
    example=("GET /make_time.py?;id" + HOST, "the program's output", "… uid=1000(student) gid=1000(student)"),
    dispute="Words of a query may become arguments of a program (RFC 3875 §4.4), with backslashes before what is "
    "active in a shell (§7.2, Apache) or without (most). Both are accepted; only a command that ran counts.",
    risk=Risk.UNUSUAL,
)
def no_commands(evidence: Evidence) -> Judgement:
    if any(RAN.search(page.content) for page in evidence.site.pages):
        return unclear("a file of the document root looks like the output of the command id")
    target = program(evidence, ENVIRONMENT)
    for asked in (*COMMANDS, *([target + WORDS] if target else [])):
        exchange = evidence.get(asked, risk=Risk.UNUSUAL)
        output = RAN.search(exchange.received)
        if output:
            message = "A part of the target was run as a command."
            expected = "any reply, without the output of id (RFC 9110 §17.4)"
            return broken(exchange, message, expected=expected, observed="the output of id", span=output.span())
    return passed()


@check(
    "security.no-input-as-markup",
    rows=("9110-15.5-4xx-no-input-as-markup",),
    statement="An HTML page that repeats the target shows its < and > as text.",
    why="Who sends somebody such a link has a script of his own run in the name of your site.",
    hint="Put html.escape() round everything that comes from the request before it goes into a page.",
    example=(
        "GET /%3Cscript%3Ealert(1)" + HOST,
        "HTTP/1.1 404 Not Found\r\n…\r\n\r\nno file /&lt;script&gt;alert(1)",
        "HTTP/1.1 404 Not Found\r\n…\r\n\r\nno file /<script>alert(1)",
    ),
    risk=Risk.UNUSUAL,
)
def no_markup(evidence: Evidence) -> Judgement:
    exchange = evidence.get("/%3Cscript%3Emark-7f3a", risk=Risk.UNUSUAL)
    response = exchange.response
    if response is None:
        return unclear("no answer came")
    media_type = (response.value("content-type") or "text/html").partition(";")[0].strip().lower()
    if MARKUP.encode() not in content_of(exchange) or media_type not in ("text/html", "application/xhtml+xml"):
        return passed()
    message = "The page repeats the target as markup: a browser runs the script in it."
    expected = "&lt;script&gt;, or a page that does not repeat the target (both RFC 9110 §17.4)"
    return broken(exchange, message, expected=expected, observed=MARKUP, span=exchange.place_of(MARKUP.encode()))
