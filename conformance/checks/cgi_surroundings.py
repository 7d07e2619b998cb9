"""What surrounds a program beside the variables of CGI: its folder, its arguments, variables of the server's own
(RFC 3875 §4.1, §4.4, §7.2).

Arguments are made of queries without = by some servers only; where none are made, nothing is judged.
"""

from __future__ import annotations

import posixpath
import re

from conformance.check import check
from conformance.checks.cgi_programs import (
    BEYOND_ASCII,
    EMPTY_FORM,
    ENCODED_WORDS,
    ENVIRONMENT,
    WORDS,
    Run,
    canonical,
    of_gateways,
    program,
    run,
    wrong,
)
from conformance.checks.cgi_request import NAMES
from conformance.evidence import Evidence
from conformance.predicates import absent, answered, broken, passed, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py{} HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
# Names of protocols and schemes in front of a variable's name make it one of RFC 3875 §4.1.18.
PREFIXED = re.compile(r"(X|HTTPS?|SSL|TLS)_|HTTPS?$", re.IGNORECASE)
NO_WORDS = "the program run without arguments (RFC 3875 §4.4), or an error status (RFC 9110 §15.5)"
OR_NONE = ", perhaps with backslashes before what is active in a shell (RFC 3875 §7.2), or none (both RFC 3875 §4.4)"
EXPECTED = ["a;id", "$(id)"]
EXPECTED_DECODED = ["a+b", "c=d"]


def _plain_words(told: Run) -> list[str]:
    """The arguments without the backslashes that RFC 3875 §7.2 puts before what a shell would act on."""
    return [word.replace("\\", "") for word in told.words]


@check(
    "cgi-env.extension-variables-named-x",
    statement="Variables that a server adds of its own accord have names that begin with X_.",
    why="A name without X_ may one day mean something else; programs that use it run on one server only.",
    hint="Call it X_REQUEST_URI rather than REQUEST_URI (most servers do not, and little harm comes of it).",
    example=(REQUEST.format("?x=1"), 'X_REQUEST_URI is "/cgi/environment.py?x=1"', 'REQUEST_URI is "/cgi/env…?x=1"'),
    dispute="Apache, lighttpd, busybox, webfs and CivetWeb all set variables such as REQUEST_URI; RFC 3875 §4.1 "
    "only advises the prefix. Only values that follow the request are judged, as a warning.",
    needs=("cgi",),
)
@of_gateways
def extension_variables(evidence: Evidence) -> Judgement:
    plain, asked = run(evidence), run(evidence, "?x=1")
    if not asked.ran:
        return unclear("the program was not run for a request with a query")
    for name, value in asked.environment.items():
        own = canonical(name) not in NAMES and not PREFIXED.match(name)
        if own and "x=1" in value and "x=1" not in plain.environment.get(name, ""):
            message = f"{name} follows the request, is no variable of CGI, and its name does not begin with X_."
            return wrong(asked, name, message, expected=f"X_{name}")
    return passed()


@check(
    "cgi-env.cwd-is-script-folder",
    statement="The working folder of a program is the folder that holds it.",
    why="Programs open the files that lie beside them by their bare names.",
    hint="Start the program with cwd=os.path.dirname(path).",
    example=(REQUEST.format(""), "/srv/web/cgi", "/home/student (where the server was started)"),
    needs=("cgi",),
)
@of_gateways
def working_folder(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if not plain.folder.startswith("/"):
        return absent("the program does not run on a system whose paths begin with /")
    holds = posixpath.dirname((program(evidence, ENVIRONMENT) or "").lstrip("/")) or evidence.site.root_name
    beside = plain.called.startswith("/") and posixpath.dirname(plain.called) == plain.folder
    if beside or f"{plain.folder}/".endswith(f"/{holds}/"):
        return passed()
    return broken(
        plain.exchange,
        "A program is run in another folder than its own.",
        expected=f"a working folder that ends in /{holds}",
        observed=f"the working folder {plain.folder}",
    )


@check(
    "cgi-env.indexed-query-words-as-argv",
    statement="A query without = is split at each + and its words become the arguments of the program, one each.",
    why="Programs read the words of a search as sys.argv; joined, they are one long word that is found nowhere.",
    hint='Pass *query.split("+") as arguments, each one decoded; or pass no arguments at all.',
    example=(REQUEST.format("?one+two"), 'the arguments "one" and "two"', 'one argument "one two"'),
    dispute='RFC 3875 §4.4 speaks of "some systems": lighttpd and busybox pass no arguments, Apache passes them '
    "with the backslashes of §7.2, mini_httpd without. All three are accepted.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def words(evidence: Evidence) -> Judgement:
    told = run(evidence, WORDS)
    if not told.words:
        return absent("this server makes no arguments of a query, as many do")
    if _plain_words(told) == EXPECTED:
        return passed()
    message = "The words of a query did not become one argument each."
    return broken(told.exchange, message, expected=f"{EXPECTED}{OR_NONE}", observed=f"arguments {list(told.words)}")


@check(
    "cgi-env.indexed-query-words-decoded",
    also=("cgi-env.encoded-equals-is-indexed",),
    statement="Each word of a query is percent-decoded after the query was split, and an encoded = is part of a word.",
    why="Who decodes first takes an encoded + for the end of a word, and an encoded = for that of a form.",
    hint='Look for "=" and split at "+" in the query as it came; call unquote() on each word afterwards.',
    example=(REQUEST.format("?a%2Bb+c"), 'the arguments "a+b" and "c"', 'the arguments "a", "b" and "c"'),
    needs=("cgi",),
    requires=("cgi-env.indexed-query-words-as-argv",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def decoded_words(evidence: Evidence) -> Judgement:
    if not run(evidence, WORDS).words:
        return absent("this server makes no arguments of a query, as many do")
    told = run(evidence, ENCODED_WORDS, BEYOND_ASCII)
    if not told.ran:
        return unclear("the program was not run for such a query")
    if _plain_words(told) == EXPECTED_DECODED:
        return passed()
    message = f"The arguments are not the decoded words of {ENCODED_WORDS[1:]}."
    observed = f"arguments {list(told.words)}"
    return broken(told.exchange, message, expected=f"{EXPECTED_DECODED}{OR_NONE}", observed=observed)


@check(
    "cgi-env.argv-all-or-none",
    also=("cgi-env.no-argv-for-query-with-equals", "cgi-env.no-argv-for-other-methods"),
    statement="A query becomes arguments of the program only for GET and HEAD, only if it has no =, and only if every "
    "word of it can be one.",
    why="Arguments that a client chooses can switch options on; interpreters have been taken over that way.",
    hint="Start the program with no arguments at all. If you do pass words, test for = and %00 first and drop all.",
    example=(
        "GET /cgi/environment.py?a=b+c HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "no arguments",
        'the arguments "a=b" and "c"',
    ),
    dispute="Apache and http.server pass words also for POST, as RFC 3875 has no key word there; §4.4 uses the "
    "command line for GET and HEAD only. Passing none, or an error status, is accepted everywhere.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def arguments(evidence: Evidence) -> Judgement:
    trials = {
        "the query has an =": run(evidence, "?a=b+c"),
        "the method is POST": run(evidence, "?one+two", EMPTY_FORM, method="POST"),
        "one of its words holds a NUL": run(evidence, "?a+%00b"),
    }
    for why, seen in trials.items():
        if seen.words:
            message = f"The query was made into arguments although {why}."
            return broken(seen.exchange, message, expected=NO_WORDS, observed=f"arguments {list(seen.words)}")
    last = trials["one of its words holds a NUL"]
    if answered(last.exchange):
        return passed()
    if not run(evidence, "?a+b").ran:
        return unclear("queries without = are not answered")
    message = "A query with an encoded NUL draws no answer."
    return broken(last.exchange, message, expected=NO_WORDS)
