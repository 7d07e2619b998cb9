"""The other fields of a 206 (RFC 9110 §15.3.7, RFC 2616 §10.2.7): those of the 200, and those that are too many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance import exemplars
from conformance.byteranges import is_multipart
from conformance.check import check
from conformance.checks.partial import (
    IGNORED,
    REQUEST,
    SINGLE,
    TEN,
    Asked,
    ask,
    document,
    part_reply,
    same_type,
    seen,
    single,
)
from conformance.evidence import Evidence
from conformance.grammar import ENTITY_TAG
from conformance.predicates import absent, broken, passed, status_span
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement

GOOD = part_reply("bytes 0-4/12", "hello")
MULTIPART = GOOD.replace("Content-Range: bytes 0-4/12", "Content-Type: multipart/byteranges; boundary=x")
DESCRIBING = ("Content-Type", "Last-Modified", "Content-Encoding", "Content-Language")
REPEATED = ("Date", "ETag", "Content-Location", "Expires", "Cache-Control", "Vary")
OPTIONAL_IN_2616 = ("Expires", "Cache-Control", "Vary")  # owed there only if their values change
ONE_OF = {"ETag": "Content-Location", "Content-Location": "ETag"}  # RFC 2616 joins them by and/or
MOVING = ("Date", "Expires")
NEEDLESS = (*DESCRIBING, "Content-MD5", "Allow")


@check(
    "range.206-repeats-200-fields",
    statement="A 206 has the Date, ETag, Cache-Control, Expires, Content-Location and Vary that the 200 would have.",
    why="By the ETag the client knows that its parts are of one file; caches need the others as much as in a 200.",
    hint="Build the fields once for the file, and only then decide between 200 and 206.",
    example=(
        REQUEST.format("bytes=0-4"),
        GOOD.replace("Content-Range", 'ETag: "1"\r\nContent-Range'),
        f"{GOOD} (where the 200 has an ETag)",
    ),
    needs=("ranges",),
    requires=SINGLE,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §15.3.7 wants each of the six that the 200 has. RFC 2616 §10.2.7 joins ETag and "
    "Content-Location by and/or, and wants Expires, Cache-Control and Vary only if their values may differ "
    "from earlier ones: by it alone one of the two will do, and the three may be missing.",
)
def repeated_fields(evidence: Evidence) -> Judgement:
    judged = False
    for asked in _described(evidence):
        judged = True
        for name in REPEATED:
            owed = evidence.spec is not Spec.RFC2616 or _owed_in_2616(asked, name)
            lost = _lost(asked, name) if owed and not _unstable(evidence, name) else None
            if lost is not None:
                return lost
    return passed() if judged else absent(IGNORED)


def _owed_in_2616(asked: Asked, name: str) -> bool:
    """Whether RFC 2616 §10.2.7 leaves no doubt that the field of the 200 is owed in a 206."""
    return name not in OPTIONAL_IN_2616 and (name not in ONE_OF or asked.response.field(ONE_OF[name]) is None)


def _described(evidence: Evidence) -> Iterator[Asked]:
    """Parts of the usual file, and of a page that is chosen by language if there is one."""
    usual = single(evidence)
    if isinstance(usual, Asked):
        yield usual
    target = exemplars.by_language(evidence)
    if target is not None:
        control, exchange = evidence.get(target), evidence.get(target, [("Range", TEN)])
        if control.response is not None and control.status == 200 and exchange.response and exchange.status == 206:
            yield Asked(exchange, exchange.response, control.response.body, control.response)


def _unstable(evidence: Evidence, name: str) -> bool:
    """Whether a validator differs from one reply to the next, so that nothing can be said of it."""
    page = document(evidence)
    return name in ("ETag", "Last-Modified") and page is not None and exemplars.unsteady(evidence, page.target, name)


def _lost(asked: Asked, name: str) -> Judgement | None:
    """The finding about a field of the 200 that the 206 lacks, or has with another value; None if all is well."""
    wanted, given = asked.control.field(name), asked.response.field(name)
    if wanted is None or (given is not None and _same(name, wanted.value, given.value)):
        return None
    return broken(
        asked.exchange,
        f"A 206 {'lacks the' if given is None else 'has another'} {name} field {'that' if given is None else 'than'} "
        "the 200 has.",
        expected=f"{name}: {'a date' if name in MOVING else wanted.value}",
        observed=f"no {name} field" if given is None else f"{name}: {given.value}",
        span=given.span if given is not None else status_span(asked.response),
    )


def _same(name: str, wanted: str, given: str) -> bool:
    """Whether the values agree, but for what the clock moves (ages too) and for blanks, case and order of lists."""
    if name in MOVING:
        return True
    if name == "Content-Type":
        return same_type(given, wanted)
    if name == "Cache-Control":
        wanted, given = re.sub(r"[0-9]+", "0", wanted), re.sub(r"[0-9]+", "0", given)
    if name in ("Cache-Control", "Vary"):
        return sorted(re.split(r"[\s,]+", wanted.lower())) == sorted(re.split(r"[\s,]+", given.lower()))
    return wanted == given


@check(
    "range.206-all-representation-fields",
    statement="A 206 describes the file as the 200 would: by its type, date of change, coding and language.",
    why="A client that asked without If-Range may have nothing of the file yet, so the part has to say what it is of.",
    hint="Send the same Content-Type and Last-Modified with 206 as with 200; only Content-Length differs.",
    example=(
        REQUEST.format("bytes=0-4"),
        GOOD.replace("Content-Range", "Content-Type: text/plain\r\nContent-Range"),
        f"{GOOD} (where the 200 has a Content-Type)",
    ),
    needs=("ranges",),
    requires=SINGLE,
    risk=Risk.UNUSUAL,
)
def all_fields(evidence: Evidence) -> Judgement:
    judged = False
    for asked in _described(evidence):
        judged = True
        for name in DESCRIBING:
            lost = _lost(asked, name)
            if lost is not None and not _unstable(evidence, name):
                return lost
    return passed() if judged else absent(IGNORED)


@check(
    "range.if-range-206-no-extra-fields",
    statement="A 206 to If-Range leaves out the description of the file, which the client has already.",
    why="It saves octets, and keeps a client from mixing the descriptions of two states of the file.",
    hint="With If-Range send Date, ETag, Cache-Control, Expires, Content-Location, Vary, Content-Range and the length.",
    example=(
        REQUEST.format('bytes=0-4\r\nIf-Range: "1"'),
        GOOD,
        GOOD.replace("Content-Range", "Content-Type: text/plain\r\nContent-Range"),
    ),
    needs=("ranges",),
    requires=(*SINGLE, "range.206-all-representation-fields"),
    risk=Risk.UNUSUAL,
    dispute="Both editions advise against the other fields (RFC 9110 §15.3.7, RFC 2616 §10.2.7), yet most servers "
    "send them. It is never more than a warning.",
)
def no_extra_fields(evidence: Evidence) -> Judgement:
    usual = single(evidence)
    tag = usual.control.value("etag") if isinstance(usual, Asked) else None
    if tag is None or not ENTITY_TAG.fullmatch(tag) or tag.startswith("W/"):
        return absent("the file has no strong ETag")
    asked = ask(evidence, document(evidence), TEN, (("If-Range", tag),))
    if isinstance(asked, Judgement):
        return asked
    extra = next((field for name in NEEDLESS if (field := asked.response.field(name)) is not None), None)
    if extra is None or is_multipart(asked.response.value("content-type")):
        return passed(seen(asked))
    return broken(
        asked.exchange,
        f"A 206 to If-Range repeats {extra.name}, which the client has already.",
        expected=f"none of {', '.join(NEEDLESS)} (RFC 9110 §15.3.7, RFC 2616 §10.2.7)",
        observed=f"{extra.name}: {extra.value}",
        span=extra.span,
    )
