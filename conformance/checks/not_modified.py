"""What a 304 looks like (RFC 9110 §8.6, §15.4.5; RFC 2616 §10.3.5, §14.25, §14.26); not when it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.check import check
from conformance.checks.conditional import PREMISES, REQUEST
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import by_language, coded, unsteady
from conformance.predicates import absent, advised, broken, first_of, passed, unclear
from conformance.probe import Fields
from conformance.response import DefectKind, Response, Span
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

ASKED = REQUEST.format('If-None-Match: "1"')
GOOD = 'HTTP/1.1 304 Not Modified\r\nDate: Sat, 29 Oct 2022 19:43:31 GMT\r\nETag: "1"\r\n\r\n'
NONE_SEEN = "no file draws a 304"
METADATA = ("content-type", "content-encoding", "content-language", "content-md5")
VALIDATORS = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))


@dataclass(frozen=True, slots=True)
class Unmodified:
    """A 304, the fields that drew it, and the 200 that it stands for."""

    exchange: Exchange
    response: Response
    condition: tuple[str, str]
    whole: Response
    target: str
    fields: Fields


def drawn(evidence: Evidence, target: str, fields: Fields = ()) -> Iterator[Unmodified]:
    """Each 304 that ``target`` gives to its own validators."""
    whole = evidence.get(target, fields).response
    if whole is None or whole.status != 200:
        return
    for name, validator in VALIDATORS:
        value = whole.value(validator)
        exchange = evidence.get(target, [*fields, (name, value)]) if value else None
        if value and exchange is not None and exchange.response is not None and exchange.status == 304:
            yield Unmodified(exchange, exchange.response, (name, value), whole, target, fields)


def of_document(evidence: Evidence) -> list[Unmodified]:
    """The 304 of the file that the other rules on conditions look at."""
    page = evidence.site.document
    return [] if page is None else list(drawn(evidence, page.target))


def of_all(evidence: Evidence) -> list[Unmodified]:
    """Those of the document, and of pages that come in several languages or codings."""
    found = of_document(evidence)
    language, coding = by_language(evidence), coded(evidence)
    if language:
        found += drawn(evidence, language, [("Accept-Language", "en")])
    if coding:
        found += drawn(evidence, coding, [("Accept-Encoding", "gzip")])
    return found


@check(
    "conditional.304-content-length-as-200",
    statement="Content-Length in a 304, if it is there, is that of the 200.",
    why="It tells how long the file is, not how long the reply is; with 0 the cache takes the file to be empty.",
    hint="Leave Content-Length out of a 304, or send the size of the file.",
    example=(ASKED, GOOD, "HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"),
    needs=("conditional",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §10.3.5 leaves Content-Length out of most 304; RFC 9110 §8.6 allows it, with the length of the "
    "200. Either is accepted, another length is not: 0 is what frameworks write that count the octets they send.",
)
def length_as_200(evidence: Evidence) -> Judgement:
    seen = of_document(evidence)
    return first_of(_same_length(reply) for reply in seen) if seen else absent(NONE_SEEN)


def _same_length(reply: Unmodified) -> Judgement:
    field = reply.response.field("content-length")
    length = len(reply.whole.body)
    if field is None or (field.value.isdecimal() and int(field.value) == length):
        return passed("no Content-Length" if field is None else "the length of the 200")
    return broken(
        reply.exchange,
        "The Content-Length of a 304 is not that of the file.",
        expected=f"no Content-Length, or {length} as in the 200 (RFC 9110 §8.6 allows both)",
        observed=f"Content-Length: {field.value}",
        span=field.span,
    )


@check(
    "conditional.304-has-no-body",
    statement="A 304 ends with its empty line.",
    why="The client reads what follows as the beginning of the next reply, and all that comes after it is lost.",
    hint="Send nothing after the head of a 304, neither the file nor a page that explains the status.",
    example=(ASKED, GOOD, GOOD + "Not Modified"),
    needs=("conditional",),
    requires=(*PREMISES, "status-line.first-octets", "status-line.first-octets"),
    risk=Risk.UNUSUAL,
)
def no_body(evidence: Evidence) -> Judgement:
    page, seen = evidence.site.document, of_document(evidence)
    if page is None or not seen:
        return absent(NONE_SEEN)
    plain = evidence.request(page.target)
    asked = [evidence.request(page.target, [reply.condition]) for reply in seen]
    return first_of(_ends_at_head(evidence.sequence(request, plain)) for request in asked)


def _ends_at_head(exchange: Exchange) -> Judgement:
    """Whether the next reply, or the end of the connection, follows on the 304."""
    if exchange.status != 304:
        return unclear("the 304 did not come again")
    stray = _after_first(exchange)
    if stray is None:
        return passed()
    return broken(
        exchange,
        "Octets follow on the head of a 304.",
        expected="the next reply, or the end of the connection, right after the empty line",
        observed=f"{stray[1] - stray[0]} octets that belong to no reply",
        span=stray,
    )


def _after_first(exchange: Exchange) -> Span | None:
    """The octets between the first reply and the next one, or the end, if there are any."""
    if len(exchange.responses) > 1:
        defect = exchange.responses[1].defect(DefectKind.OCTETS_BEFORE)
        return defect.span if defect else None
    begin, end = exchange.transcript.trailing
    return (begin, end) if begin < end else None


@check(
    "conditional.304-no-extra-fields",
    statement="A 304 does not describe the file once more.",
    why="The client knows type and coding from the reply that it keeps; saying them again is waste or worse.",
    hint="In a 304 send Date, ETag, Cache-Control, Expires, Vary and Content-Location, but no Content-Type.",
    example=(ASKED, GOOD, "HTTP/1.1 304 Not Modified\r\nContent-Type: text/html\r\n\r\n"),
    needs=("conditional",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §10.3.5 forbids other fields of the file if the validator is weak, and advises against them "
    "otherwise; RFC 9110 §15.4.5 only advises, and excuses what guides caches. A warning for Content-Type and the "
    "like; Last-Modified passes.",
)
def nothing_extra(evidence: Evidence) -> Judgement:
    seen = of_all(evidence)
    for reply in seen:
        extra = next((field for field in reply.response.fields if field.key in METADATA), None)
        if extra is not None:
            return advised(
                reply.exchange,
                f"A 304 carries {extra.name}.",
                expected="no field that describes the file, but for those that guide caches (RFC 9110 §15.4.5)",
                observed=f"{extra.name}: {extra.value}",
            )
    return passed() if seen else absent(NONE_SEEN)


@check(
    "conditional.304-repeats-200-fields",
    also=("conditional.304-has-etag",),
    statement="A 304 carries Date, and the tag, address and caching fields that the 200 would have.",
    why="The cache updates the copy that it keeps by them; without the tag it may not even know which copy is meant.",
    hint="Make the fields of the 200 first; for a 304 keep Date, ETag, Content-Location, Vary, Cache-Control, Expires.",
    example=(ASKED, GOOD, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    needs=("conditional",),
    requires=PREMISES,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §15.4.5 demands each of the six that the 200 has. RFC 2616 §10.3.5 may be read to be content "
    "with one of ETag and Content-Location, and wants the caching fields only if their values may differ: by default "
    "no more than that is asked.",
)
def fields_as_200(evidence: Evidence) -> Judgement:
    seen = of_all(evidence)
    return first_of(_repeats(evidence, reply) for reply in seen) if seen else absent(NONE_SEEN)


def _repeats(evidence: Evidence, reply: Unmodified) -> Judgement:
    spec = evidence.spec
    missing = [name for name in _owed(reply, spec) if reply.response.field(name) is None]
    if missing:
        return broken(
            reply.exchange,
            f"A 304 lacks {' and '.join(missing)}.",
            expected=f"{' and '.join(missing)} as in the 200",
            observed=f"{reply.condition[0]} draws a 304 without",
        )
    for name in ("ETag", "Content-Location", "Vary", "Cache-Control"):
        own, other = (_meaning(response, name) for response in (reply.response, reply.whole))
        fixed = spec is Spec.RFC9110 or name in ("ETag", "Content-Location")
        if fixed and own and other and own != other:
            if unsteady(evidence, reply.target, name, reply.fields):
                return unclear(f"{name} is another one in each reply")
            return broken(
                reply.exchange,
                f"The {name} of a 304 is not that of the 200.",
                expected=f"{name}: {reply.whole.value(name)}",
                observed=f"{name}: {reply.response.value(name)}",
            )
    return passed()


def _owed(reply: Unmodified, spec: Spec) -> list[str]:
    """The fields that the 304 cannot lack: by RFC 9110 all six that the 200 has.

    RFC 2616 lets values that never change be left out, and may be read to be content with one of ETag and
    Content-Location.
    """
    names = ["Date", "ETag", "Content-Location", "Vary", "Cache-Control", "Expires"]
    there = [name for name in names if reply.whole.field(name)]
    if spec is Spec.RFC9110:
        return there
    identity = [name for name in ("ETag", "Content-Location") if name in there]
    told = any(reply.response.field(name) for name in identity)
    return [name for name in there if name == "Date" or (name in identity and not told)]


def _meaning(response: Response, name: str) -> object:
    """What the value says: a tag without its W/, a list without order."""
    value = (response.value(name) or "").removeprefix("W/")
    return value if name in ("ETag", "Content-Location") else frozenset(response.tokens(name))
