"""PATH_TRANSLATED: the file that extra path after a program's name stands for (RFC 3875 §4.1.6, §9.8).

Where extra path is refused there is nothing to translate. The place is compared with the program's own, as the program
sees both: no name on the suite's side of the wire need be the same.
"""

from __future__ import annotations

import posixpath

from conformance.check import check
from conformance.checks.cgi_paths import MIXED, NO_REST
from conformance.checks.cgi_programs import ENVIRONMENT, Run, of_gateways, program, run, wrong
from conformance.evidence import Evidence
from conformance.predicates import absent, passed, served, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py{} HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
VARIABLE = "PATH_TRANSLATED"
OUTSIDE = "/etc/passwd"
UP = ("/../../..", "/%2e%2e/%2e%2e/%2e%2e", "/..%2f..%2f..")


def _translated(evidence: Evidence) -> tuple[str, Run] | None:
    """A plain file and the run with its path as extra path, if that is taken."""
    page = evidence.site.document
    told = run(evidence, page.target) if page else None
    return (page.target, told) if page and told and told.environment.get("PATH_INFO") == page.target else None


@check(
    "cgi-env.path-translated-set",
    statement="If extra path follows a program's name, PATH_TRANSLATED is set.",
    why="A program that formats files opens the file that is named there.",
    hint="If PATH_INFO is not empty, set PATH_TRANSLATED to the document root plus PATH_INFO.",
    example=(REQUEST.format("/a.txt"), 'PATH_TRANSLATED is "/srv/web/a.txt"', "PATH_TRANSLATED is not set"),
    needs=("cgi",),
)
@of_gateways
def translated_set(evidence: Evidence) -> Judgement:
    found = _translated(evidence)
    if found is None:
        return absent(NO_REST)
    target, told = found
    if told.environment.get(VARIABLE):
        return passed()
    message = "PATH_TRANSLATED is not set although there is a PATH_INFO to translate."
    return wrong(
        told, VARIABLE, message, expected=f"a place that ends in {target}, or the extra path refused (RFC 3875 §4.1.5)"
    )


@check(
    "cgi-env.path-translated-null-without-rest",
    also=("cgi-env.path-translated-for-missing-file", "cgi-env.path-translated-case-kept"),
    statement="PATH_TRANSLATED is PATH_INFO turned into a file name: empty or unset without PATH_INFO, set whether or "
    "not such a file exists, and in the same case.",
    why="A program that finds a path there takes it for what the client asked for.",
    hint="Set PATH_TRANSLATED to the document root plus PATH_INFO, and only if PATH_INFO is not empty.",
    example=(
        "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "PATH_TRANSLATED is not set",
        'PATH_TRANSLATED is "/srv/web"',
    ),
    dispute="CivetWeb and http.server give the document root where there is no extra path, against RFC 3875 §4.1.6. "
    "Setting the variable at all is only advised: a server that never does passes.",
    needs=("cgi",),
)
@of_gateways
def path_translated(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if plain.environment.get("PATH_TRANSLATED") and not plain.environment.get("PATH_INFO"):
        message = "PATH_TRANSLATED is set although there is no PATH_INFO to translate."
        return wrong(plain, "PATH_TRANSLATED", message, expected="empty or unset")
    page = evidence.site.document
    if page is None or not run(evidence, page.target).environment.get("PATH_TRANSLATED"):
        return passed("it is not set for extra path either")
    missing = run(evidence, "/none-7f3a")
    if missing.ran and not missing.environment.get("PATH_TRANSLATED"):
        message = "PATH_TRANSLATED is set for a file that exists and not for one that does not."
        return wrong(
            missing, "PATH_TRANSLATED", message, expected="a path that ends in /none-7f3a, or none for any file"
        )
    mixed = run(evidence, MIXED)
    path = mixed.environment.get("PATH_TRANSLATED", "")
    folded = path.lower().endswith("/abc") and not path.endswith("/AbC")
    if folded and not served(evidence.get(page.target.swapcase())):
        message = "PATH_TRANSLATED does not keep the case of the path."
        return wrong(mixed, "PATH_TRANSLATED", message, expected="a path that ends in /AbC")
    return passed()


@check(
    "cgi-env.path-translated-from-root",
    statement="PATH_TRANSLATED is the place that a request for the extra path alone would lead to: below the document "
    "root, not below the program or its folder.",
    why="/format.py/notes.txt means the file of /notes.txt; below the program there is none.",
    hint="Join PATH_INFO to the document root, not to the program's path or its folder.",
    example=(
        REQUEST.format("/a.txt"),
        'PATH_TRANSLATED is "/srv/web/a.txt"',
        'PATH_TRANSLATED is "/srv/web/cgi/environment.py/a.txt"',
    ),
    dispute="How the place is found is left to the server (RFC 3875 §4.1.6), and a container may name the root in "
    "another way. So only a place below the program counts; others are left open.",
    needs=("cgi",),
    requires=("cgi-env.path-translated-set",),
)
@of_gateways
def translated_from_root(evidence: Evidence) -> Judgement:
    found = _translated(evidence)
    if found is None:
        return absent(NO_REST)
    target, told = found
    script = program(evidence, ENVIRONMENT) or ""
    place, own = told.environment.get(VARIABLE, ""), _own_place(told, script)
    if place.endswith(f"{script}{target}") or place in (f"{own}{target}", f"{posixpath.dirname(own)}{target}"):
        message = "PATH_TRANSLATED starts from the program and not from the document root."
        return wrong(told, VARIABLE, message, expected=f"the document root and {target}")
    if not own or place == own.removesuffix(script) + target:
        return passed()
    return unclear(f"PATH_TRANSLATED is {place}, and the suite cannot tell whether GET {target} gives that file")


def _own_place(told: Run, script: str) -> str:
    """The path of the program as it sees it itself; "" where it cannot tell, or where its own folder is the root."""
    folder, name = posixpath.split(script)
    if told.called.startswith("/"):
        own = told.called
    else:
        own = f"{told.folder}/{name}" if told.folder.endswith(folder) else ""
    return own if folder != "/" and own.endswith(script) else ""


@check(
    "cgi-security.path-translated-inside-tree",
    also=("cgi-security.dotdot-resolved-before-split",),
    statement="Extra path with .. in it does not make PATH_TRANSLATED point out of the document root.",
    why="Programs open what PATH_TRANSLATED names, and trust the server that it may be shown.",
    hint="Resolve .. in the path before you look for the program in it, or refuse such extra path.",
    example=(
        REQUEST.format("/../../../etc/passwd"),
        "HTTP/1.1 404 Not Found\r\n…",
        'PATH_TRANSLATED is "/srv/web/../../etc/passwd"',
    ),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def translated_inside(evidence: Evidence) -> Judgement:
    found = _translated(evidence)
    root = found[1].environment.get(VARIABLE, "").removesuffix(found[0]) if found else ""
    for up in UP:
        told = run(evidence, f"{up}{OUTSIDE}")
        place = posixpath.normpath(told.environment.get(VARIABLE) or f"{root}/")
        if place == OUTSIDE or (root and not f"{place}/".startswith(f"{root}/")):
            message = "PATH_TRANSLATED leads out of the document root."
            below = root or "the document root"
            expected = f"a path below {below}, or none (both RFC 3875 §9.8), or a refusal (RFC 9110 §15.5)"
            return wrong(told, VARIABLE, message, expected=expected)
    return passed()
