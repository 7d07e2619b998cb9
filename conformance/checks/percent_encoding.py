"""Percent-encoding in targets (RFC 3986 §2, RFC 2616 §5.1.2, RFC 9110 §4.2.3): a file is found by its decoded name.

When and how often targets are decoded is for ``decoding_order``, what leaves the root by a trick for ``path_safety``.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from conformance.check import check
from conformance.checks.representation import leads_to, ordinary_page
from conformance.evidence import Evidence
from conformance.exemplars import follow
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    same_answer,
    served,
    unclear,
)
from conformance.site import Page
from conformance.verdict import Judgement, Verdict

HOST = " HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\n…"
NOT_FOUND = "HTTP/1.1 404 Not Found\r\n…"
SUB_DELIMS = "!$&'()*,=@"  # without ";", to which a server may give a role; "+" and ":" have rules of their own


def odd_page(evidence: Evidence, odd: str, allowed: str = "") -> Page | None:
    """A file whose name is plain but for the characters in ``odd``, of which it holds one at least."""

    def fits(page: Page) -> bool:
        rest = page.path.translate(dict.fromkeys(map(ord, odd)))
        return page.kind != "program" and rest != page.path and quote(rest, safe="/" + allowed) == rest

    return evidence.site.page(None, fits)


def reachable(evidence: Evidence, page: Page) -> Judgement | None:
    """The positive control: if the folder's plain neighbour is not served either, the odd name proves nothing."""
    folder = page.path.rpartition("/")[0]
    plain = evidence.site.page(None, lambda p: ordinary_page(p) and p != page and p.path.rpartition("/")[0] == folder)
    if plain is None or served(follow(evidence, plain.target)):
        return None
    return unclear(f"not even {plain.target}, which has a plain name, is served")


def named(evidence: Evidence, page: Page | None, message: str, *targets: str) -> Judgement:
    """Judge that each of ``targets`` (default: the page's own) leads to the page."""
    if page is None:
        return absent("the document root holds no file with such a name")
    blocked = reachable(evidence, page)
    if blocked is not None:
        return blocked
    return first_of(leads_to(evidence, target, page, message) for target in targets or (page.target,))


def escaped(page: Page, choose: Callable[[str], bool], mark: str = "%") -> tuple[str, str] | None:
    """The page's target with one letter of its name escaped, in capitals and not; ``choose`` sees the hex digits."""
    start = len(page.target) - len(page.name)
    for at in range(start, len(page.target)):
        digits = f"{ord(page.target[at]):02X}"
        if page.target[at].isalpha() and choose(digits):
            spellings = (digits, digits.lower())
            upper, lower = (f"{page.target[:at]}{mark}{d}{page.target[at + 1 :]}" for d in spellings)
            return upper, lower
    return None


@check(
    "target.percent-decoded",
    statement="The path is percent-decoded before the file is looked up.",
    why="Browsers write a blank as %20; without decoding no file with a blank in its name can be reached.",
    hint="Call urllib.parse.unquote() on the path once, after cutting off the query, before you open the file.",
    example=("GET /my%20file.txt" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
)
def percent_decoded(evidence: Evidence) -> Judgement:
    return named(evidence, odd_page(evidence, " "), "A file with a blank in its name is not found by its %20 spelling.")


@check(
    "target.unreserved-encoding-equivalent",
    also=("target.equivalent-uris-not-distinct",),
    statement="An escaped letter means the same as the letter itself.",
    why="Some clients and proxies escape more than they need; the address stays the same.",
    hint="Decode every %HH of the path, not only %20.",
    example=("GET /%73ample.txt" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
    requires=("target.percent-decoded",),
)
def unreserved_equivalent(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    targets = escaped(page, str.isdigit) if page else None
    if page is None or targets is None:
        return absent("the document root holds no file with a plain name")
    return leads_to(evidence, targets[0], page, "A file is not found if a letter of its name is percent-encoded.")


@check(
    "target.hex-digit-case",
    also=("target.percent-hex-case-insensitive",),
    statement="The hex digits of an escape may be capitals or small letters.",
    why="%6f and %6F are the same octet; clients write either.",
    hint="Use int(digits, 16) or urllib.parse.unquote(), which take both.",
    example=("GET /hell%6f.txt" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
    dispute="RFC 3986 §6.2.2.1 only tells how to compare; RFC 2616 §5.1.2 has the server decode, in which the "
    "case of a digit makes no difference.",
)
def hex_digit_case(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    targets = escaped(page, lambda digits: digits[1].isalpha()) if page else None
    if targets is None:
        return absent("the document root holds no file with a fitting name")
    capital, small = (follow(evidence, target) for target in targets)
    if not answered(capital) and not answered(small):
        return unclear("neither spelling was answered")
    if {capital.status, small.status} & set(OVERLOADED):
        return unclear("the server was overloaded")
    if capital.status == small.status and (not served(capital) or same_answer(capital, small)):
        return passed()
    return broken(
        small if not served(small) else capital,
        "Capital and small hex digits of one escape are treated differently.",
        expected=f"the same answer for {targets[0]} and {targets[1]}",
        observed=f"{describe(capital)} for the capital, {describe(small)} for the small one",
    )


@check(
    "target.path-case-kept",
    statement="The case of letters in the path is kept: a file is found under its exact spelling.",
    why="Names of files have their case on most systems; a path made lower-case names another file.",
    hint="Lower-case field names if you like, but leave the target as it came.",
    example=("GET /Readme.MD" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
    dispute="Some file systems do not tell capitals from small letters, and no RFC forbids that. Only a file that "
    "is not found under its exact name is reported.",
)
def path_case_kept(evidence: Evidence) -> Judgement:
    page = evidence.site.page(
        None, lambda p: p.plain and p.name != p.name.lower() and p.kind != "program" and ".." not in p.path
    )
    return named(evidence, page, "A file with capitals in its name is not found under that name.")


@check(
    "target.plus-is-data-in-path",
    statement="A plus sign in a path is a plus sign, written so or as %2B.",
    why="The plus sign stands for a blank in form data only; in a path it is a character like any other.",
    hint="Use unquote(), not unquote_plus(), for the path.",
    example=("GET /a+b.txt" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
    requires=("target.split-before-decode",),
    dispute="Raw or as %2B: some take the two for different addresses (RFC 3986 §2.2). As the plus sign has no "
    "role in the path of an http address it stands for itself in either spelling (RFC 3986 §2.2, RFC 2616 "
    "§5.1.2).",
)
def plus_is_data(evidence: Evidence) -> Judgement:
    page = odd_page(evidence, "+")
    message = "A file with a plus sign in its name is not found."
    raw = named(evidence, page, message, "/" + quote(page.path, safe="/+") if page else "")
    blank = odd_page(evidence, " ")
    decodes = blank is not None and served(follow(evidence, blank.target))
    if page is None or raw.verdict is not Verdict.PASS or not decodes:
        return raw
    # Either spelling will do: the case of hex digits has a rule of its own.
    spellings = [named(evidence, page, message, target) for target in (page.target, page.target.replace("%2B", "%2b"))]
    return next((one for one in spellings if one.finding is None), spellings[0])


@check(
    "target.sub-delims-are-data",
    statement="Characters that a URI may hold, such as , = ! ' ( ) @, may stand in a path as they are.",
    why="Browsers send them unescaped; a server that knows only letters and digits loses such files.",
    hint="Do not filter paths by a pattern of good names; check where the decoded path leads instead.",
    example=("GET /a,b=c!.txt" + HOST, OK, NOT_FOUND),
    needs=("static-files",),
    dispute="A server may give a semicolon a role of its own (RFC 3986 §3.3), so it is left out.",
)
def sub_delims_are_data(evidence: Evidence) -> Judgement:
    page = odd_page(evidence, SUB_DELIMS)
    raw = "/" + quote(page.path, safe="/" + SUB_DELIMS) if page else ""
    return named(evidence, page, "A file is not found whose name holds characters that are lawful in a path.", raw)
