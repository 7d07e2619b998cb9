"""Safe methods (RFC 9110 §9.2.1, RFC 2616 §9.1): who only asks changes nothing.

Logs, counters and pages that programs make may change; a file that is served as it is does not.
"""

from __future__ import annotations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, passed, served
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import NO_FILE, holds, restore, trial

SAFE = ("HEAD", "OPTIONS", "TRACE", "GET")
MARK = "X-Look"
ACTIONS = ("do=delete", "action=delete", "delete", "_method=DELETE")
OVERRIDE = ("X-HTTP-Method-Override", "DELETE")
AS_BEFORE = "the file as it was (RFC 9110 §9.2.1)"
NOTHING = "404 or 410, as before (RFC 9110 §9.2.1)"


@check(
    "method.safe-read-only",
    also=("method.options-trace-no-side-effects",),
    statement="GET, HEAD, OPTIONS and TRACE change no file and make none.",
    why="Search engines follow every link, and browsers fetch pages before anybody asks for them.",
    hint='Open files for reading only, with mode "rb", unless the method is one that writes.',
    example=(
        "OPTIONS /file.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n (and the file is as before)",
        "HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n (and the file is empty)",
    ),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §9.2.1 does not forbid side effects of safe methods, since the client has not asked for them: "
    "logs, counters and pages that programs make may change. Only a file that is made for this test is looked at.",
)
def read_only(evidence: Evidence) -> Judgement:
    page = evidence.site.throwaway
    if page is None:
        return absent(NO_FILE)
    missing = f"{page.target}.missing"
    there, nothing = _look(evidence, page.target, "first"), _look(evidence, missing, "first")
    if not holds(there, page.content):
        return absent(f"GET {page.target} does not give the file")
    for target in (page.target, missing):
        for method in SAFE:
            evidence.get(target, [(MARK, "again")], method=method)
    there_then, nothing_then = _look(evidence, page.target, "last"), _look(evidence, missing, "last")
    if not holds(there_then, page.content):
        restore(evidence, page, "safe methods")
        return _changed(there_then, "A file has changed after it was only asked for.", AS_BEFORE)
    if nothing.status in (404, 410) and served(nothing_then):
        evidence.get(missing, [(MARK, "away")], method="DELETE")
        return _changed(nothing_then, "A page is there that was not, and nobody has made it.", NOTHING)
    return passed()


@check(
    "method.unsafe-action-not-by-get",
    statement="A GET whose query asks for a file to be deleted deletes nothing.",
    why="Search engines and browsers that fetch in advance follow every link, also those that say delete.",
    hint="Carry out changes for POST, PUT and DELETE alone; do not take the method from the query or from a field.",
    example=(
        "GET /file.txt?do=delete HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n… (and the file is as before)",
        "HTTP/1.1 200 OK\r\n… (and the file is gone)",
    ),
    needs=("static-files",),
    requires=("method.safe-read-only",),
    risk=Risk.UNUSUAL,
)
def query_deletes_nothing(evidence: Evidence) -> Judgement:
    tried = trial(evidence)
    if tried is None or not served(tried.put):
        return absent("nothing can be put here, so that nothing could be put back")
    page = tried.page
    if not holds(_look(evidence, page.target, "before the queries"), page.content):
        return absent(f"GET {page.target} does not give the file")
    for query in ACTIONS:
        evidence.get(f"{page.target}?{query}")
    evidence.get(page.target, [OVERRIDE])
    then = _look(evidence, page.target, "after the queries")
    if holds(then, page.content):
        return passed()
    restore(evidence, page, "queries")
    sent = f"GET with {', '.join(ACTIONS)} or {': '.join(OVERRIDE)}"
    return _changed(then, "A GET has deleted or changed a file.", AS_BEFORE, after=sent)


def _look(evidence: Evidence, target: str, when: str) -> Exchange:
    return evidence.get(target, [(MARK, when)])


def _changed(exchange: Exchange, message: str, expected: str, after: str = ", ".join(SAFE)) -> Judgement:
    return broken(exchange, message, expected=f"{expected}, after {after}")
