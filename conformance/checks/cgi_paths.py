"""Which program is run, and how its path is told to it (RFC 3875 §3.2, §3.3, §4.1.5, §4.1.13).

What part of a path names the program is the server's choice; extra path after it may be refused. Where it is taken,
the variables are fixed.
"""

from __future__ import annotations

from urllib.parse import quote

from conformance.check import check
from conformance.checks.cgi_programs import ENVIRONMENT, Run, of_gateways, program, run, wrong
from conformance.evidence import Evidence
from conformance.predicates import absent, broken, describe, passed, same_answer, served
from conformance.rule import Risk
from conformance.verdict import Judgement

MIXED = "/AbC?x=1"
ENCODED = "/a%20b%3Fc%2541%3Bd?x=%26"
DECODED = "/a b?c%41;d"
OR_OTHER = " (RFC 3875 §4.1.13), or another that leads to the same program (RFC 3875 §3.3)"
NO_REST = "a path that goes on after the program's name is refused, lawfully"


@check(
    "cgi-env.script-chosen-by-path-alone",
    statement="Whether a program is run, and which, depends on the path of the target and not on its query.",
    why="If the query counts, ?x.py makes the server run a text file, and ?.txt makes it send a program's source.",
    hint='Cut the target at the first "?" before you look at the end of the name.',
    example=(
        "GET /cgi/environment.py?/sample.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "the program's output",
        "the program's source, or sample.txt",
    ),
    needs=("cgi",),
)
@of_gateways
def chosen_by_path(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    name = page.target if page else "/file.txt"
    asked = run(evidence, f"?{name}")
    if not asked.ran and run(evidence, "?x=1").ran:
        message = "With the name of another file as its query the program is not run."
        return broken(asked.exchange, message, expected="the program's output, as with any other query")
    if page is None:
        return passed()
    control, asked_file = evidence.get(f"{name}?x"), evidence.get(f"{name}?x.py")
    if served(control) and not same_answer(asked_file, control):
        message = "A query that ends in .py changes what a plain file gives."
        return broken(asked_file, message, expected="the file, as with any other query")
    return passed()


@check(
    "cgi-env.script-name-identifies-script",
    also=(
        "cgi-env.script-name-always-set",
        "cgi-env.script-name-decoded",
        "cgi-env.script-name-leading-slash",
        "cgi-env.script-name-without-path-info",
        "cgi-env.script-uri-round-trip",
    ),
    statement="SCRIPT_NAME is the decoded path that leads to the program, with its leading slash and without extra "
    "path or query.",
    why="A program builds links to itself from it; a bare file name or a path on the disk leads nowhere.",
    hint="Set SCRIPT_NAME to the path of the URL up to and including the program's name, after percent-decoding.",
    example=(
        "GET /cgi/environment.py/a?x=1 HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        'SCRIPT_NAME is "/cgi/environment.py"',
        'SCRIPT_NAME is "environment.py"',
    ),
    dispute="One program may have several paths, and the server may pick another than the one asked for (RFC 3875 "
    "§3.3). So not its spelling is judged, but whether it leads back to the program.",
    needs=("cgi",),
)
@of_gateways
def script_name(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    name = plain.environment.get("SCRIPT_NAME", "")
    target = program(evidence, ENVIRONMENT) or ""
    if not name.startswith("/"):
        message = "SCRIPT_NAME is not a path from the root of the site."
        return wrong(plain, "SCRIPT_NAME", message, expected=f'a path such as "{target}"{OR_OTHER}')
    encoded = _encode_letter(target)
    spelled = run(evidence, target=encoded)
    if spelled.ran and encoded.rpartition("/")[2][:3] in spelled.environment.get("SCRIPT_NAME", ""):
        message = "SCRIPT_NAME is still percent-encoded."
        return wrong(spelled, "SCRIPT_NAME", message, expected=f'a decoded path such as "{target}"{OR_OTHER}')
    for rest, info in (("?x=1", ""), ("/a/b", "/a/b"), (ENCODED, DECODED)):
        first = run(evidence, rest)
        if not first.ran or first.environment.get("PATH_INFO", "") != info:
            continue  # the extra path is refused, or PATH_INFO is wrong, which is its own rule's matter
        again = run(evidence, target=_script_uri(first))
        if not again.ran or _parts(again) != _parts(first):
            message = "The URI made of SCRIPT_NAME, PATH_INFO and QUERY_STRING does not lead back to the program."
            return wrong(first, "SCRIPT_NAME", message, expected=f'a path such as "{target}"{OR_OTHER}')
    return passed()


def _encode_letter(target: str) -> str:
    """The target with the first letter of the file name percent-encoded: an equivalent URI."""
    folder, slash, name = target.rpartition("/")
    return f"{folder}{slash}%{ord(name[0]):02X}{name[1:]}"


def _parts(told: Run) -> tuple[str, str, str]:
    said = told.environment
    return said.get("SCRIPT_NAME", ""), said.get("PATH_INFO", ""), said.get("QUERY_STRING", "")


def _script_uri(told: Run) -> str:
    name, rest, query = _parts(told)
    path = quote(name + rest, errors="surrogateescape")
    return path + (f"?{query}" if query else "")


@check(
    "cgi-env.path-info-is-rest",
    also=(
        "cgi-env.path-info-empty-without-rest",
        "cgi-env.path-info-single-slash",
        "cgi-env.path-info-without-query",
        "cgi-env.path-info-case-kept",
    ),
    statement="PATH_INFO is what follows the program's name in the path, from its slash on and in its own case; it is "
    "empty or unset if nothing follows.",
    why="Programs use the rest of the path to name what they show.",
    hint="Cut the path after the program's name: the part before is SCRIPT_NAME, the part after is PATH_INFO.",
    example=(
        "GET /cgi/environment.py/a/b HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        'PATH_INFO is "/a/b"',
        'PATH_INFO is "/cgi/environment.py/a/b"',
    ),
    dispute="busybox refuses extra path with 404, Apache has a switch for it; RFC 3875 §3.3 and §4.1.5 allow both. "
    "Only where the program runs is PATH_INFO judged.",
    needs=("cgi",),
)
@of_gateways
def path_info(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if plain.environment.get("PATH_INFO"):
        message = "PATH_INFO is not empty although nothing follows the program's name."
        return wrong(plain, "PATH_INFO", message, expected="empty (RFC 3875 §4.1.5) or unset (RFC 3875 §4.1)")
    if not run(evidence, "/a/b").ran:
        return absent(NO_REST)
    return _path_infos(evidence, {"/a/b": "/a/b", MIXED: "/AbC", "/": "/"})


def _path_infos(evidence: Evidence, trials: dict[str, str]) -> Judgement:
    for rest, wanted in trials.items():
        told = run(evidence, rest)
        if told.ran and told.environment.get("PATH_INFO") != wanted:
            message = f"PATH_INFO is not what follows the program's name in {rest!r}."
            return wrong(told, "PATH_INFO", message, expected=f'"{wanted}", or an error status (both RFC 3875 §4.1.5)')
    return passed()


@check(
    "cgi-env.path-info-decoded",
    also=("cgi-env.path-info-decoded-once", "cgi-env.split-before-decode"),
    statement="PATH_INFO is percent-decoded, once, and only after the query was cut off.",
    why="Decoded too early, an encoded question mark cuts the path; decoded twice, %2541 becomes another name.",
    hint='Split the raw target at "?" first, then call unquote() on the path, once.',
    example=(
        "GET /cgi/environment.py/a%20b%3Fc HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        'PATH_INFO is "/a b?c"',
        'PATH_INFO is "/a%20b%3Fc"',
    ),
    dispute="Some servers refuse %2F or other signs in extra path, which RFC 3875 §4.1.5 allows, so they are not "
    "tried. http.server decodes before it cuts off the query, which changes the path.",
    needs=("cgi",),
    requires=("cgi-env.path-info-is-rest",),
)
@of_gateways
def path_info_decoded(evidence: Evidence) -> Judgement:
    if not run(evidence, "/a/b").ran:
        return absent(NO_REST)
    return _path_infos(evidence, {ENCODED: DECODED})


@check(
    "cgi-env.no-nul-truncation",
    statement="An encoded NUL in the path does not cut PATH_INFO short.",
    why="A variable cannot hold a NUL; if the rest is dropped in silence, the program works on another name.",
    hint="Answer 400 or 404 if the decoded path holds a NUL.",
    example=(
        "GET /cgi/environment.py/a%00b HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n…",
        'PATH_INFO is "/a"',
    ),
    dispute="RFC 3875 lets a server refuse a path (§4.1.5) and says what variables can hold (§7.2), not what to do "
    "with a NUL. Any refusal is accepted; only a path that is cut in silence counts.",
    needs=("cgi",),
    requires=("cgi-env.path-info-is-rest",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def no_nul(evidence: Evidence) -> Judgement:
    if not run(evidence, "/a/b").ran:
        return absent(NO_REST)
    told = run(evidence, "/a%00b")
    if not told.ran:
        return passed(f"the program is not run: {describe(told.exchange)}")
    if told.environment.get("PATH_INFO") != "/a":
        return passed("the program is run with another PATH_INFO")
    expected = "an error status (RFC 3875 §4.1.5), or a PATH_INFO that goes on after the NUL (RFC 3875 §7.2)"
    return wrong(told, "PATH_INFO", "PATH_INFO was cut at a NUL.", expected=expected)
