"""Conditions on PUT (RFC 9110 §13.1.1, §13.1.2, §13.1.4; RFC 2616 §14.24, §14.26, §14.28): lost updates prevented.

Only the throwaway file is written to, and in the end its old content is put back (:mod:`conformance.writing`).
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.check import check
from conformance.checks.conditional import LONG_AGO, NEVER_ISSUED
from conformance.checks.partial import TEN
from conformance.evidence import Evidence
from conformance.predicates import OVERLOADED, absent, advised, broken, passed, unclear
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement
from conformance.writing import NO_FILE, CutShort, Step, Story, play, put, writing

FIRST = b"first version, written for a moment\n"
SECOND = b"the second version, which is longer, also written for a moment\n"
A_MOMENT = 0.9  # seconds; after that a server may well believe that the file has come to rest
TRIALS = 3
REMOVED = Step("removed", "DELETE")
MADE = put("made", FIRST)
GONE = Step("gone", "DELETE")
AFTER = Step("after")

PUT = "PUT /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\n{}\r\nContent-Length: 4\r\n\r\nnew\n"
FAILED = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"
DONE = "HTTP/1.1 204 No Content\r\n\r\n"
CREATED = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
CREATES_NOTHING = "PUT creates no file that is not there"
UNDATED = "files are sent without a Last-Modified"


def tried(name: str, value: str) -> Step:
    """The PUT on condition."""
    return put("tried", SECOND, (name, value))


def _prevented(story: Story, lawful: Callable[[int], bool], what: str, section: str) -> Judgement:
    """Judge a story in which the PUT ``tried`` must not be performed, behind one that is ``made``."""
    if not story.done("made") or story.status("tried") in OVERLOADED:
        return unclear("PUT without a condition does not do what it says")
    after, status = story.reply("after"), story.status("tried")
    expected = f"412 ({section}), and the file as it was"
    if lawful is _client_error:
        expected = f"412 or another 4xx ({section}), and the file as it was"
    if after.ok and after.body == SECOND:
        message = f"A PUT is performed although {what}."
        return broken(story.exchange, message, expected=expected, observed=f"status {status}, the new content")
    if not lawful(status):
        message = f"A PUT is not refused although {what}."
        return broken(story.exchange, message, expected=expected, observed=f"status {status}")
    return passed(f"status {status}")


def _client_error(status: int) -> bool:
    return 400 <= status <= 499


def _exactly_412(status: int) -> bool:
    return status == 412


@check(
    "conditional.if-match-miss-not-performed",
    statement="PUT with a tag in If-Match that is not the current one changes nothing.",
    why="Somebody else has changed the file meanwhile; to overwrite it would lose his work.",
    hint="Judge If-Match before you open the file for writing, and answer 412 if no tag is equal.",
    example=(PUT.format('If-Match: "old"'), FAILED, DONE),
    needs=("http-1.1", "put"),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.24 knows one status, 412; RFC 9110 §13.1.1 only forbids to perform the PUT, so any 4xx is "
    "accepted. nginx performs a PUT under any condition; neither text excepts it.",
)
@writing((MADE, tried("If-Match", NEVER_ISSUED), AFTER))
def put_if_match(story: Story) -> Judgement:
    return _prevented(story, _client_error, "the tag in If-Match was never issued", "RFC 9110 §13.1.1")


@check(
    "conditional.if-match-star-missing",
    statement="PUT with If-Match: * creates nothing.",
    why="The client wants to change a file that is there; if somebody has deleted it, it is not to come back.",
    hint="Where the file does not exist, every If-Match is false: answer 412.",
    example=(PUT.format("If-Match: *"), FAILED, CREATED),
    needs=("put", "delete"),
    requires=("conditional.if-match-miss-not-performed",),
    risk=Risk.UNUSUAL,
)
@writing((REMOVED, MADE, GONE, tried("If-Match", "*"), AFTER))
def create_if_match(story: Story) -> Judgement:
    if not story.done("made") or not story.done("gone"):
        return absent(CREATES_NOTHING)
    return _prevented(story, _client_error, "If-Match: * asks for a file that is there already", "RFC 9110 §13.1.1")


@check(
    "conditional.inm-hit-not-performed",
    also=("conditional.inm-hit-other-method-412",),
    statement="PUT with If-None-Match: *, or with the current tag in it, draws 412 and changes nothing.",
    why="The client believes that there is no such file yet; to overwrite it would lose somebody's work.",
    hint="If the file exists and the value is * or holds its tag, answer 412; 304 is for GET and HEAD alone.",
    example=(PUT.format("If-None-Match: *"), FAILED, DONE),
    needs=("http-1.1", "put"),
    risk=Risk.UNUSUAL,
)
def put_if_none_match(evidence: Evidence) -> Judgement:
    judgement = _put_star(evidence)
    if judgement.finding:
        return judgement
    story = _with_current_tag(evidence)
    if story is None:
        return judgement
    return _prevented(story, _exactly_412, "If-None-Match has the current tag", "RFC 9110 §13.1.2")


@writing((MADE, tried("If-None-Match", "*"), AFTER))
def _put_star(story: Story) -> Judgement:
    return _prevented(story, _exactly_412, "If-None-Match: * forbids it", "RFC 9110 §13.1.2")


def _with_current_tag(evidence: Evidence, mark: str = "") -> Story | None:
    """A PUT that has the file's own tag in If-None-Match, behind ``mark``.

    None if the file has no strong tag, or gets another one when the same content is written again.
    """
    page, look = evidence.site.throwaway, Step("look")
    if page is None:
        return None
    try:
        tag = play(evidence, page, (MADE, look)).reply("look").value("etag") or ""
        if not tag.startswith('"'):
            return None
        story = play(evidence, page, (MADE, look, tried("If-None-Match", mark + tag), AFTER))
        return story if story.reply("look").value("etag") == tag and story.answered("after") else None
    except CutShort:
        return None


@check(
    "conditional.inm-strong-unless-get-head",
    statement="PUT with the current tag as a weak one in If-None-Match is refused by 412, or performed.",
    why="RFC 2616 compares strongly here and RFC 9110 weakly; but whatever the answer says must be what was done.",
    hint="Answer 412 and change nothing, as the tags are equal but for the W/; never answer 304 to a PUT.",
    example=(PUT.format('If-None-Match: W/"1"'), FAILED, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    needs=("put", "etag"),
    requires=("conditional.inm-hit-not-performed",),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.26 keeps the weak comparison to GET and HEAD, so the PUT is performed; by RFC 9110 §13.1.2 "
    "the tags match, and 412 comes. Both are accepted, if the file is then as the status says.",
)
def put_weak_tag(evidence: Evidence) -> Judgement:
    story = _with_current_tag(evidence, "W/")
    if story is None:
        return absent("the file has no strong tag that stays the same for the same content")
    status, after = story.status("tried"), story.reply("after")
    if not after.ok or status in OVERLOADED:
        return unclear("what has become of the file is not shown")
    if (status == 412 and after.body == FIRST) or (200 <= status <= 299 and after.body == SECOND):
        return passed("412: compared weakly" if status == 412 else f"status {status}: compared strongly")
    return broken(
        story.exchange,
        "A PUT under a weak tag in If-None-Match is neither refused nor performed.",
        expected="412 and the file as it was (RFC 9110 §13.1.2), or 2xx and the new content (RFC 2616 §14.26)",
        observed=f"status {status}, and the {'old' if after.body == FIRST else 'new'} content",
    )


@check(
    "conditional.inm-star-missing-performs",
    statement="PUT with If-None-Match: * creates a file that is not there.",
    why="This is how a client makes a new file without the risk of overwriting one.",
    hint="Where the file does not exist, If-None-Match is true: go on with the PUT.",
    example=(PUT.format("If-None-Match: *"), CREATED, FAILED),
    needs=("put", "delete"),
    risk=Risk.UNUSUAL,
)
@writing((REMOVED, MADE, GONE, tried("If-None-Match", "*")))
def create_if_none_match(story: Story) -> Judgement:
    plain, status = story.status("made"), story.status("tried")
    if not story.done("made") or not story.done("gone") or status in OVERLOADED:
        return absent(CREATES_NOTHING)
    if 200 <= status <= 299:
        return passed()
    message = "If-None-Match: * keeps a PUT from creating a file that is not there."
    expected = f"status {plain}, as without the condition"
    return broken(story.exchange, message, expected=expected, observed=f"status {status}")


@check(
    "conditional.ius-false-not-performed",
    statement="PUT with a date in If-Unmodified-Since that is before the last change changes nothing.",
    why="Somebody else has changed the file since the client looked at it; to overwrite it would lose his work.",
    hint="Judge If-Unmodified-Since before you open the file for writing, and answer 412 if the file is newer.",
    example=(PUT.format(f"If-Unmodified-Since: {LONG_AGO}"), FAILED, DONE),
    needs=("http-1.1", "put"),
    risk=Risk.UNUSUAL,
)
@writing((MADE, Step("look"), tried("If-Unmodified-Since", LONG_AGO), AFTER))
def put_unmodified_since(story: Story) -> Judgement:
    if story.reply("look").field("last-modified") is None:
        return absent(UNDATED)
    what = "the file was modified after the date in If-Unmodified-Since"
    return _prevented(story, _client_error, what, "RFC 9110 §13.1.4")


@check(
    "conditional.if-range-weak-date-no-match",
    statement="A date in If-Range does not count if the file has changed twice in that second.",
    why="The date is then the same for two versions, and the client would join parts of both.",
    hint="Send the whole file to a date in If-Range while the last change is no more than a moment ago.",
    example=(
        "GET /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\nRange: bytes=0-9\r\n"
        "If-Range: Sat, 29 Oct 2022 19:43:31 GMT\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nthe new file",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/12\r\nContent-Length: 10\r\n\r\nthe new fi",
    ),
    needs=("put", "ranges"),
    requires=("conditional.if-range-mismatch-full-reply", "conditional.if-range-date-exact"),
    risk=Risk.UNUSUAL,
    dispute="A date is strong only for a server that reliably knows of no second change in that second (RFC 9110 "
    "§8.8.2.2, RFC 2616 §13.3.3); hardly any keeps such a record. Never more than a warning.",
)
def date_of_two_versions(evidence: Evidence) -> Judgement:
    page = evidence.site.throwaway
    if page is None:
        return absent(NO_FILE)
    try:
        trials = (_two_versions(evidence, page, str(number)) for number in range(TRIALS))
        return next(filter(None, trials), absent("the two changes never fell in one moment"))
    except CutShort as cut:
        return unclear(str(cut))


def _two_versions(evidence: Evidence, page: Page, number: str) -> Judgement | None:
    """Change the file twice and ask for a part of it by the first date; None if that took too long to show anything."""
    older = play(evidence, page, (MADE, Step("dated", fields=(("X-Trial", number),))))
    date = older.reply("dated").value("last-modified")
    if date is None:
        return absent(UNDATED)
    part = Step("part", fields=(("Range", TEN), ("If-Range", date)))
    newer = play(evidence, page, (put("newer", SECOND, ("X-Trial", number)), Step("look"), part))
    reply = newer.reply("part")
    if reply.status != 206 or reply.body != SECOND[:10]:
        return passed()
    took = newer.exchange.began + newer.exchange.ended - older.exchange.began
    if took >= A_MOMENT or newer.reply("look").value("last-modified") != date:
        return None
    message = "A date in If-Range counts although it is that of two versions."
    return advised(newer.exchange, message, expected="200, the whole file", observed="a part of the newer version")
