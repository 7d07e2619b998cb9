"""Conditions on entity tags that are false (RFC 9110 §13.1.1, §13.1.2, §8.8.3.2; RFC 2616 §13.3.3, §14.24, §14.26).

Judged only where the server sends tags. What must not happen for a condition that is true is judged in
:mod:`conformance.checks.conditional`, what PUT makes of them in :mod:`conformance.checks.conditional_writes`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.conditional import (
    FAILED,
    NEVER_ISSUED,
    NOT_MODIFIED,
    PREMISES,
    REQUEST,
    WHOLE,
    held_back,
    not_modified,
    served_whole,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import ENTITY_TAG
from conformance.predicates import absent, advised, first_of, refused, unclear
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement, Verdict

NO_TAG = "files are sent without an entity tag, or with another one each time"
IGNORED_TAG = "the current tag in If-None-Match draws no 304"
IGNORED_MATCH = "a tag in If-Match that was never issued lets a GET through"
TAGGED = 'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 5\r\n\r\nhello'


def current_tag(evidence: Evidence) -> str | None:
    """The tag of the document, if it has a well-formed one that stays the same."""
    page = evidence.site.document
    if page is None:
        return None
    both = [evidence.get(page.target), evidence.get(page.target, [("If-None-Match", NEVER_ISSUED)])]
    tags = {x.response.value("etag") if x.response and x.response.ok else None for x in both}
    tag = tags.pop()
    return tag if tag is not None and not tags and ENTITY_TAG.fullmatch(tag) else None


def strong(tag: str | None) -> bool:
    """Whether it is a tag that is not marked as weak."""
    return tag is not None and not tag.startswith("W/")


def conditional_get(evidence: Evidence, name: str, value: str) -> Exchange:
    """A GET of the document with one condition; there must be a document."""
    page = evidence.site.document
    assert page is not None
    return evidence.get(page.target, [(name, value)])


def confirmed_tag(evidence: Evidence) -> str | None:
    """The tag of the document, if the server answers 304 to it."""
    tag = current_tag(evidence)
    heeded = tag is not None and conditional_get(evidence, "If-None-Match", tag).status == 304
    return tag if heeded else None


def heeds_if_match(evidence: Evidence) -> bool:
    """Whether If-Match with a tag that was never issued keeps the document back."""
    return evidence.site.document is not None and refused(conditional_get(evidence, "If-Match", NEVER_ISSUED))


@check(
    "conditional.if-match-miss-412",
    statement="If no tag in If-Match is the current one, a GET does not get the file.",
    why="The client wants this very version or nothing, because it has other parts of it or holds it for current.",
    hint="Compare the listed tags with the file's ETag before you do anything; if none is equal, answer 412.",
    example=(REQUEST.format('If-Match: "old"'), FAILED, TAGGED),
    needs=("http-1.1", "etag"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="Many servers (lighttpd, Starlette, WhiteNoise, Tornado) heed If-Match in no GET, as it is meant for "
    "changes. RFC 9110 §13.1.1 excuses caches and intermediaries alone. RFC 2616 §14.24 knows one status, 412; RFC "
    "9110 only forbids to send the file, so any 4xx is accepted.",
)
def if_match_miss(evidence: Evidence) -> Judgement:
    if current_tag(evidence) is None:
        return absent(NO_TAG)
    exchange = conditional_get(evidence, "If-Match", NEVER_ISSUED)
    return held_back(exchange, "The file is sent although the tag in If-Match was never issued.")


@check(
    "conditional.if-match-list",
    statement="In If-Match the current strong tag may stand anywhere in a list.",
    why="A client that holds several versions names them all; one of them is current.",
    hint="Split the value into its tags and compare each; 412 is right only if none of them is equal.",
    example=(REQUEST.format('If-Match: "old", "1"'), TAGGED, FAILED),
    needs=("etag",),
    requires=("conditional.if-match-hit-performs",),
    risk=Risk.UNUSUAL,
)
def if_match_list(evidence: Evidence) -> Judgement:
    tag = current_tag(evidence)
    if tag is None or not strong(tag):
        return absent(NO_TAG if tag is None else "the tag of the file is weak, which never matches here")
    if not heeds_if_match(evidence):
        return absent(IGNORED_MATCH)
    message = "The current tag is not found in the list in If-Match."
    values = (f'"7f3a-a", {tag}, "7f3a-b"', f'"7f3a-a",{tag}')
    return first_of(served_whole(evidence, [("If-Match", value)], message) for value in values)


@check(
    "conditional.if-match-weak-tag-no-match",
    statement="A weak tag in If-Match never matches.",
    why="It only promises that two versions mean the same; whoever sends If-Match needs the same octets.",
    hint="Do not cut off the W/ before you compare: a tag that begins with W/ is unequal to every tag here.",
    example=(REQUEST.format('If-Match: W/"1"'), FAILED, TAGGED),
    needs=("etag",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def if_match_weak(evidence: Evidence) -> Judgement:
    tag = current_tag(evidence)
    if tag is None:
        return absent(NO_TAG)
    if not heeds_if_match(evidence):
        return absent(IGNORED_MATCH)
    exchange = conditional_get(evidence, "If-Match", f"W/{tag}" if strong(tag) else tag)
    return held_back(exchange, "A weak tag in If-Match is taken for a match.")


@check(
    "conditional.inm-hit-get-304",
    statement="GET and HEAD with the file's own tag in If-None-Match are answered by 304.",
    why="The client has this version already; to send it once more wastes the time of both.",
    hint="If a tag in If-None-Match equals the ETag that you would send, answer 304 without a body.",
    example=(REQUEST.format('If-None-Match: "1"'), 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', TAGGED),
    needs=("http-1.1", "etag"),
    requires=("conditional.inm-miss-no-304",),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.1.2 demands the 304, RFC 2616 §14.26 only advises it: by default 200 is no more than a "
    "warning.",
)
def if_none_match_hit(evidence: Evidence) -> Judgement:
    page, tag = evidence.site.document, current_tag(evidence)
    if page is None or tag is None:
        return absent(NO_TAG)
    judgement = not_modified(conditional_get(evidence, "If-None-Match", tag), "The client's own version is sent again.")
    head = evidence.get(page.target, method="HEAD").response
    if judgement.verdict is not Verdict.PASS or head is None or not head.ok or head.value("etag") != tag:
        return judgement
    exchange = evidence.get(page.target, [("If-None-Match", tag)], method="HEAD")
    return not_modified(exchange, "HEAD with the current tag is not answered as GET is.")


@check(
    "conditional.inm-list",
    statement="In If-None-Match the current tag may stand anywhere in a list.",
    why="A cache that holds several versions names them all, and needs to know that one of them is current.",
    hint="Split the value into its tags, strip the blanks around each, and compare one by one.",
    example=(REQUEST.format('If-None-Match: "a", "1", "b"'), NOT_MODIFIED, TAGGED),
    needs=("conditional",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
)
def if_none_match_list(evidence: Evidence) -> Judgement:
    tag = confirmed_tag(evidence)
    if tag is None:
        return absent(IGNORED_TAG)
    message = "The current tag is not found in the list in If-None-Match."
    values = (f'"7f3a-a", {tag}, "7f3a-b"', f'"7f3a-a",{tag}')
    return first_of(not_modified(conditional_get(evidence, "If-None-Match", value), message) for value in values)


@check(
    "conditional.inm-star-existing",
    statement="If-None-Match: * keeps back a file that exists.",
    why="The star stands for every version: whoever has any wants none.",
    hint="Look for a value that is just * before you compare tags; for a file that is there, GET then draws 304.",
    example=(REQUEST.format("If-None-Match: *"), NOT_MODIFIED, TAGGED),
    needs=("http-1.1", "conditional"),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="The star needs no tags, so by the letter (RFC 9110 §13.1.2) it binds servers without tags, too; many "
    "compare it as if it were one. Where the server does not answer 304 to its own tag either, it is no more than a "
    "warning.",
)
def if_none_match_star(evidence: Evidence) -> Judgement:
    if evidence.site.document is None:
        return unclear("the document root holds no plain file")
    exchange = conditional_get(evidence, "If-None-Match", "*")
    message = "If-None-Match: * does not keep the file back."
    if confirmed_tag(evidence) is None and exchange.status == 200:
        return advised(exchange, message, expected="304 (RFC 9110 §13.1.2, RFC 2616 §14.26); the star needs no tags")
    return not_modified(exchange, message)


@check(
    "conditional.inm-weak-comparison",
    statement="In If-None-Match the mark W/ makes no difference: the rest of the tag decides.",
    why="A cache or a compressing proxy may have marked the tag as weak; the copy is still good enough to be shown.",
    hint="Cut W/ off both tags before you compare them for If-None-Match.",
    example=(REQUEST.format('If-None-Match: W/"1"'), NOT_MODIFIED, TAGGED),
    needs=("conditional",),
    requires=PREMISES,
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §13.1.2 demands the weak comparison; RFC 2616 §13.3.3 and §14.26 only allow it for GET, so that "
    "200 is lawful by it and is not told by default.",
)
def if_none_match_weak(evidence: Evidence) -> Judgement:
    tag = confirmed_tag(evidence)
    if tag is None:
        return absent(IGNORED_TAG)
    exchange = conditional_get(evidence, "If-None-Match", f"W/{tag}" if strong(tag) else tag.removeprefix("W/"))
    return not_modified(exchange, "The current tag is not known again with or without its W/.")


@check(
    "conditional.tag-in-request-is-opaque",
    statement="A tag in a condition is one word: neither a comma inside its quotes nor a part of it counts.",
    why="Another tag that happens to contain the current one names another version, which the client must not keep.",
    hint="Take everything between two quotes as one tag and compare whole tags; do not search for text in the value.",
    example=(REQUEST.format('If-None-Match: "x,1,y"'), WHOLE, NOT_MODIFIED),
    needs=("conditional",),
    requires=("conditional.inm-miss-no-304",),
    risk=Risk.UNUSUAL,
)
def tag_is_opaque(evidence: Evidence) -> Judgement:
    tag = confirmed_tag(evidence)
    inside = tag.removeprefix("W/").strip('"') if tag else ""
    if not inside:
        return absent(IGNORED_TAG)
    message = "A tag in If-None-Match that only contains the current one counts as equal."
    values = (f'"x,{inside},y"', f'"{inside}-7f3a"')
    return first_of(served_whole(evidence, [("If-None-Match", value)], message) for value in values)
