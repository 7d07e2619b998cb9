"""Validators in replies (RFC 9110 §8.8, §15.3.1; RFC 2616 §3.11, §13.3.3, §13.3.4, §14.29): sent, and worth their name.

Their form is judged with the other fields; what is made of them in conditions, in the rules on conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import by_language, by_type, coded
from conformance.grammar import parse_date
from conformance.predicates import absent, broken, passed, served, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import Step, Story, put, writing

FUTURE_NAME = "next_year.txt"
NO_FILE = "the document root holds no file with a plain name"
NO_EFFECT = "PUT does not do what it says"
VERSIONS = tuple(
    step
    for n in range(3)
    for step in (put(f"written {n}", b"Version %d of this file%s\n" % (n, b"." * n)), Step(f"read {n}"))
)
"""Three contents of one file, of three lengths, each read after it is written."""

REQUEST = "GET /notes.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
BARE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
DATED = "HTTP/1.1 200 OK\r\nLast-Modified: Sat, 29 Oct 2022 19:43:31 GMT\r\nContent-Length: 5\r\n\r\nhello"
TAGGED = 'HTTP/1.1 200 OK\r\nETag: "{}"\r\nContent-Length: 5\r\n\r\nhello'
OTHER = 'HTTP/1.1 200 OK\r\nETag: "{}"\r\nContent-Length: 5\r\n\r\nhowdy'


@check(
    "validator.last-modified-sent",
    also=("validator.available-sent",),
    statement="A file is sent with Last-Modified.",
    why="With it a browser can ask whether its copy is still good, instead of loading everything anew.",
    hint="Take the time of the file from os.stat and write it as a date in GMT.",
    example=(REQUEST, DATED, BARE),
    needs=("static-files",),
)
def last_modified_sent(evidence: Evidence) -> Judgement:
    return _sent(evidence, "Last-Modified")


@check(
    "validator.etag-sent",
    statement="A file is sent with an entity tag.",
    why="It tells versions apart that a date of whole seconds does not, so that no old page is taken for the new one.",
    hint="Make a tag of the file's octets, or of its size and its time with all digits, and put it in quotes.",
    example=(REQUEST, TAGGED.format("1"), BARE),
    needs=("http-1.1", "static-files"),
)
def etag_sent(evidence: Evidence) -> Judgement:
    return _sent(evidence, "ETag")


def _sent(evidence: Evidence, name: str) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent(NO_FILE)
    control = evidence.get(page.target)
    if control.response is None or not served(control):
        return unclear("the file was not served")
    if control.response.field(name):
        return passed()
    return broken(control, f"A file is sent without {name}.", expected=name, observed=f"no {name}")


@check(
    "validator.last-modified-future-replaced",
    statement="A file whose time lies in the future is sent with the time of the reply.",
    why="A date that is not yet there would make browsers keep their copies however often the file changes.",
    hint="Send the earlier one of the file's time and now.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nDate: Sat, 29 Oct 2022 19:43:31 GMT\r\n"
        "Last-Modified: Sat, 29 Oct 2022 19:43:31 GMT\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nDate: Sat, 29 Oct 2022 19:43:31 GMT\r\n"
        "Last-Modified: Sun, 29 Oct 2023 19:43:31 GMT\r\nContent-Length: 5\r\n\r\nhello",
    ),
    needs=("static-files",),
    requires=("date.is-now", "validator.last-modified-not-after-date"),
    dispute="Nearly all servers send the file's time as it is (nginx, lighttpd, Caddy, Node's send, Starlette); Apache "
    "does not. Both generations name this very case (RFC 9110 §8.8.2.1, RFC 2616 §14.29), so it is told.",
)
def future_replaced(evidence: Evidence) -> Judgement:
    page = evidence.site.page(None, lambda page: page.name == FUTURE_NAME)
    if page is None:
        return absent("the document root holds no file whose time is known to lie in the future")
    exchange = evidence.get(page.target)
    response = exchange.response
    if response is None or not response.ok:
        return unclear("the file was not served")
    field = response.field("last-modified")
    date, changed = (parse_date(response.value(name) or "") for name in ("date", "last-modified"))
    if field is None or date is None or changed is None:
        return absent("the file is sent without Last-Modified, or without Date")
    if changed <= date + 1:
        return passed()
    message = "A file from the future is sent with a Last-Modified that is still to come."
    return broken(
        exchange, message, expected="the time of the reply, or no Last-Modified", observed=field.value, span=field.span
    )


@check(
    "validator.strong-tag-changes-with-data",
    statement="A file that is written anew gets another tag, unless the tag is marked as weak.",
    why="With the old tag a browser keeps the old text, and joins old and new parts of a download.",
    hint="Make the tag of the octets, or of size and time of the file, not of its name or its number.",
    example=(REQUEST, OTHER.format("2"), OTHER.format("1")),
    needs=("put",),
    risk=Risk.UNUSUAL,
)
@writing(VERSIONS)
def tag_changes(story: Story) -> Judgement:
    return _of_versions(story, weak=False)


@check(
    "validator.weak-tag-changes-with-meaning",
    statement="Also a weak tag changes if the file is replaced by quite another text.",
    why="With the old tag the browser is told that its copy is as good as the new text.",
    hint="Make the tag of something that changes with the file, such as its time.",
    example=(REQUEST, OTHER.format("2").replace('"2"', 'W/"2"'), OTHER.format("1").replace('"1"', 'W/"1"')),
    needs=("put",),
    risk=Risk.UNUSUAL,
)
@writing(VERSIONS)
def weak_tag_changes(story: Story) -> Judgement:
    return _of_versions(story, weak=True)


def _of_versions(story: Story, *, weak: bool) -> Judgement:
    versions = [reply for n in range(len(VERSIONS) // 2) if (reply := story.reply(f"read {n}")).ok]
    if len({reply.body for reply in versions}) < len(VERSIONS) // 2:
        return unclear(NO_EFFECT)
    return _distinct(story.exchange, versions, weak=weak)


def _distinct(exchange: Exchange, versions: Iterable[Response], *, weak: bool) -> Judgement:
    """Judge whether no two that differ share a tag, of those whose tags are of this strength."""
    tagged = [r for r in versions if r.field("etag") and (r.value("etag") or "").startswith("W/") is weak]
    if len(tagged) < 2:
        return absent(f"less than two of them carry a {'weak' if weak else 'strong'} tag")
    for one, other in combinations(tagged, 2):
        if one.body != other.body and one.value("etag") == other.value("etag"):
            return broken(
                exchange,
                "Two contents of one resource have the same tag.",
                expected="another tag" if weak else "another tag, or one that begins with W/ (RFC 9110 §8.8.3)",
                observed=f"ETag: {one.value('etag')} twice",
            )
    return passed()


@check(
    "validator.changing-page-tag",
    rows=("2616-13.3.3-etag-strong-unless-marked", "9110-8.8.3-etag-weak-marked"),
    statement="A page that differs each time does not keep its tag, unless the tag is marked as weak.",
    why="A tag without W/ promises the same octets; a cache that has other ones would mix them.",
    hint="Make the tag of the finished page and not of the template or the program, or put W/ before it.",
    example=(REQUEST.replace("notes.txt", "clock.py"), TAGGED.format("2"), TAGGED.format("1")),
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
def changing_page(evidence: Evidence) -> Judgement:
    page = evidence.site.page("program", lambda page: page.plain and page.name == "environment.py")
    if page is None:
        return absent("the document root holds no program that shows its environment")
    both = evidence.get(page.target), evidence.get(page.target, [("Accept", "*/*")])
    return _distinct(both[1], [x.response for x in both if x.response and served(x)], weak=False)


@check(
    "validator.tag-unique-across-versions",
    statement="Two languages or types of one page do not share a tag that is not marked as weak.",
    why="A cache that is asked for the one would be told that its copy of the other is current.",
    hint="Make the tag of the file that is sent, or add to it which one was chosen.",
    example=(REQUEST, OTHER.format("2"), OTHER.format("1")),
    needs=("language-variants",),
    risk=Risk.UNUSUAL,
)
def variants_differ(evidence: Evidence) -> Judgement:
    language, kind = by_language(evidence), by_type(evidence)
    asked = [(language, "Accept-Language", value) for value in ("en", "de")]
    asked += [(kind, "Accept", value) for value in ("text/plain", "text/html")]
    exchanges = [evidence.get(target, [(name, value)]) for target, name, value in asked if target]
    judged = [
        _distinct(pair[1], [x.response for x in pair if x.response and served(x)], weak=False)
        for pair in zip(exchanges[::2], exchanges[1::2], strict=True)
    ]
    return next((judgement for judgement in judged if judgement.finding), judged[0])


@check(
    "validator.strong-tag-per-coding",
    statement="The compressed form of a file does not share a tag with the plain one, unless it is marked as weak.",
    why="A client that goes on with a broken download would join compressed and plain octets.",
    hint="Add something to the tag when you compress, such as -gzip before its last quote, or put W/ before it.",
    example=(
        REQUEST.replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n"),
        'HTTP/1.1 200 OK\r\nETag: "1-gzip"\r\nContent-Encoding: gzip\r\n…',
        'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Encoding: gzip\r\n…',
    ),
    needs=("content-coding",),
    risk=Risk.UNUSUAL,
    dispute="Some servers keep the plain file's tag when they compress (WhiteNoise). By RFC 9110 §8.8.3.3 the coded "
    "form needs a tag of its own; W/ before a shared one is accepted.",
)
def tag_per_coding(evidence: Evidence) -> Judgement:
    target = coded(evidence)
    if target is None:
        return absent("no text comes compressed")
    both = evidence.get(target), evidence.get(target, [("Accept-Encoding", "gzip")])
    return _distinct(both[1], [x.response for x in both if x.response and served(x)], weak=False)
