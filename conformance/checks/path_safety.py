"""Attacks on the document root (RFC 2616 §15.2, RFC 9110 §17.3, §5.5, RFC 3986 §7.3): nothing outside of it is shown.

Judged is what a reply shows, never its status: a refusal, a redirect or a file inside are all as good. A file outside
is known by its mark, a line that no file inside holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from conformance.check import check
from conformance.evidence import Evidence
from conformance.predicates import absent, broken, outcomes, passed
from conformance.rule import Risk
from conformance.site import Outside, Site
from conformance.verdict import Judgement

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
LEAK = "HTTP/1.1 200 OK\r\n\r\n(a file from outside of the document root)"
NOT_FOUND = "HTTP/1.1 404 Not Found\r\n…"
PASSWORDS = re.compile(rb"^root:[^:\n]*:0:0:", re.MULTILINE)
UP = ("/../", "/./../", "//../")
UP_ENCODED = ("/%2e%2e/", "/.%2e/", "/%2E%2E/", "/%2e%2e%2f", "/..%2f", "/..%2F", "/..%5c", "/%252e%252e/", "/..%252f")
ABSOLUTE = ("//etc/passwd", "/%2fetc/passwd", "/%2Fetc%2Fpasswd", "///etc/passwd")
PLANTED = ("%0d%0aX-Planted:%201", "%0D%0AX-Planted:%201%0D%0A", "%0aX-Planted:%201")
INSIDE = "a refusal (RFC 9110 §15.5), a redirect (RFC 9110 §15.4) or something from inside the root (RFC 3986 §5.2.4)"
NOTHING_OUTSIDE = "no file that could be known by its content lies beside the document root"


def confined(evidence: Evidence, targets: Iterable[str], marks: Iterable[bytes], message: str) -> Judgement:
    """Judge that no reply to ``targets`` shows a mark, or the list of the system's accounts."""
    known = tuple(marks)
    accounts = None if any(PASSWORDS.search(page.content) for page in evidence.site.pages) else PASSWORDS
    seen = []
    for target in targets:
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        seen.append(exchange)
        found = accounts.search(exchange.shown) if accounts else None
        mark = found[0] if found else next((mark for mark in known if mark in exchange.shown), None)
        if mark is not None:
            return broken(
                exchange,
                message,
                expected=INSIDE,
                observed=f"{target} shows a file from outside",
                span=exchange.place_of(mark),
            )
    return passed(outcomes(seen))


def beside(site: Site, fits: Callable[[Outside], bool] = lambda outside: "/" not in outside.path) -> list[Outside]:
    """Files outside of the root: by default those that lie right beside it and are not programs."""
    return [outside for outside in site.outside if fits(outside) and not outside.path.endswith(".py")]


def climbing(site: Site, ups: Sequence[str], name: str) -> Iterator[str]:
    """Targets that climb from the root, and from a folder, to ``name`` beside the root."""
    for up in ups:
        yield up + name
    if site.folder is not None:
        up = ups[0].rstrip("/") * (site.folder.count("/") + 2)
        yield f"/{site.folder}{up}/{name}"


@check(
    "security.dotdot-confined",
    also=("security.dot-dot-stays-in-root",),
    statement="No number of .. in the path leads out of the document root.",
    why="Otherwise anybody can read every file that the server may read: passwords, keys, other people's homework.",
    hint="Join the path to the root, resolve it (os.path.realpath), and refuse what does not lie below the root.",
    example=("GET /../../etc/passwd" + HOST, NOT_FOUND, LEAK),
    dispute="RFC 2616 §15.2 has such paths refused; RFC 3986 §5.2.4 drops the surplus dots, so that /../x is /x. "
    "Refusing, redirecting and serving /x are all accepted; only a file from outside counts.",
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def dotdot_confined(evidence: Evidence) -> Judgement:
    targets = [target for one in beside(evidence.site)[:2] for target in climbing(evidence.site, UP, one.path)]
    marks = [outside.mark for outside in evidence.site.outside]
    return confined(evidence, [*targets, "/.." * 12 + "/etc/passwd"], marks, "A path with .. leaves the document root.")


@check(
    "security.dotdot-encoded-confined",
    also=("security.path-check-after-decode",),
    statement="Encoded dots and slashes do not lead out of the document root either.",
    why="A check for .. that runs before decoding sees nothing wrong with %2e%2e.",
    hint="Decode once, then check; never the other way round, and never decode again after the check.",
    example=("GET /%2e%2e/%2e%2e/etc/passwd" + HOST, NOT_FOUND, LEAK),
    dispute="Filters refuse doubly encoded dots with 400 or 403, others look for a file of that odd name (RFC 9110 "
    "§7.4, §15.5.5). Both are accepted; serving what the path means when decoded twice is not.",
    needs=("static-files",),
    requires=("security.dotdot-confined",),
    risk=Risk.UNUSUAL,
)
def dotdot_encoded(evidence: Evidence) -> Judgement:
    targets = [target for one in beside(evidence.site)[:1] for target in climbing(evidence.site, UP_ENCODED, one.path)]
    marks = [outside.mark for outside in evidence.site.outside]
    far = [first * 12 + "/etc/passwd" for first in ("/%2e%2e", "/..%2f..", "/%252e%252e")]
    return confined(evidence, [*targets, *far], marks, "A path with encoded dots leaves the document root.")


@check(
    "security.absolute-path-confined",
    statement="A path that decodes to an absolute file name does not replace the document root.",
    why="os.path.join(root, '/etc/passwd') is /etc/passwd: the root is simply dropped.",
    hint="Strip every leading slash from the decoded path before you join it to the root, and check the result.",
    example=("GET //etc/passwd" + HOST, NOT_FOUND, LEAK),
    dispute="Servers merge the slashes of //etc/passwd, redirect, refuse, or look for etc/passwd inside the root; "
    "no RFC chooses (RFC 2616 §15.2, RFC 9110 §17.3). All are accepted, only the file of the system counts.",
    needs=("static-files",),
    risk=Risk.UNUSUAL,
)
def absolute_confined(evidence: Evidence) -> Judgement:
    return confined(evidence, ABSOLUTE, (), "A path that is absolute after decoding replaces the document root.")


@check(
    "security.sibling-prefix-confined",
    statement="A folder beside the root whose name begins like the root's is outside.",
    why='"/srv/www-secret".startswith("/srv/www") is true: comparing strings lets the neighbour through.',
    hint="Compare with a slash at the end of the root, or use os.path.commonpath() or Path.is_relative_to().",
    example=("GET /../www-secret/x.txt" + HOST, NOT_FOUND, LEAK),
    needs=("static-files",),
    requires=("security.dotdot-confined", "security.dotdot-encoded-confined"),
    risk=Risk.UNUSUAL,
)
def sibling_confined(evidence: Evidence) -> Judgement:
    root = evidence.site.root_name
    siblings = beside(evidence.site, lambda outside: "/" in outside.path and outside.path.startswith(root))
    if not siblings:
        return absent("no folder beside the document root has a name that begins like the root's")
    targets = [f"{up}/{siblings[0].path}" for up in ("/..", "/%2e%2e", "/.%2e", "/./..")]
    return confined(
        evidence, targets, [siblings[0].mark], "A folder beside the document root is taken for a part of it."
    )


@check(
    "security.dotdot-in-listing-confined",
    statement="No listing shows the folder above the document root.",
    why="Names alone give away much, and what protects files has to protect listings as well.",
    hint="Use one function that maps a path to the file system, for files and for folders.",
    example=("GET /../" + HOST, NOT_FOUND, "HTTP/1.1 200 OK\r\n\r\n<a href=secret.txt>secret.txt</a>"),
    needs=("static-files",),
    requires=("security.dotdot-confined", "security.dotdot-encoded-confined"),
    risk=Risk.UNUSUAL,
)
def listing_confined(evidence: Evidence) -> Judgement:
    lawful = evidence.get("/").received
    outside = {outside.path.partition("/")[0].encode() for outside in evidence.site.outside}
    names = [name for name in outside if name not in lawful]
    if not names:
        return absent(NOTHING_OUTSIDE)
    targets = ["/../", "/..", "/%2e%2e/", "/%2e%2e", "/%2e%2e%2f"]
    if evidence.site.folder:
        targets.append(f"/{evidence.site.folder}" + "/.." * (evidence.site.folder.count("/") + 2) + "/")
    for target in targets:
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        if all(name in exchange.shown for name in names):
            return broken(
                exchange,
                "The folder above the document root is listed.",
                expected=INSIDE,
                observed=f"{target} shows the names of what lies beside the root",
                span=exchange.place_of(min(names)),
            )
    return passed()


@check(
    "security.no-crlf-from-request-in-header",
    also=("security.no-header-injection-from-target",),
    statement="CR and LF that a target encodes never reach the head of the reply.",
    why="Whoever can write a line into the head can set cookies in your name, or fake a whole second reply.",
    hint="Put the target into Location or elsewhere as it came, still encoded, never decoded.",
    example=(
        "GET /images%0d%0aX-Planted:%201" + HOST,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /images\r\nX-Planted: 1\r\n…",
    ),
    risk=Risk.UNUSUAL,
)
def no_injection(evidence: Evidence) -> Judgement:
    for target in _planting(evidence.site):
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        for response in (*exchange.responses, *exchange.transcript.interim):
            field = response.field("x-planted")
            if field is not None:
                return broken(
                    exchange,
                    "A line that the target encodes became a field of the reply.",
                    expected="any reply (RFC 9110 §15), without a field X-Planted (RFC 9110 §5.5)",
                    observed=f"X-Planted: {field.value}",
                    span=field.span,
                )
    return passed()


def _planting(site: Site) -> Iterator[str]:
    """Targets with encoded line ends where servers are apt to copy them: redirects, programs, error pages."""
    program = site.page("program", lambda p: p.plain)
    for planted in PLANTED:
        yield f"/{planted}"
        yield f"/?u={planted}"
        if site.folder is not None:
            yield f"/{site.folder}{planted}"
            yield f"/{site.folder}?u={planted}"
            yield f"/{planted}/../{site.folder}"
    if program is not None:
        yield f"{program.target}?u={PLANTED[0]}"
