"""The fields of a PUT (RFC 9110 §8.7 and §9.3.4, RFC 2616 §9.6 and §14.7).

What they say of the content is heeded, or the PUT is refused; and they are stored only where they are understood.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.put import LONG, PUT, SHORT, STORED, STORES
from conformance.predicates import absent, broken, passed, status_span
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement
from conformance.writing import Step, Story, put, writing

PNG = b"\x89PNG\r\n\x1a\n"
ELSEWHERE = ".elsewhere"
UNKNOWN = ("X-Unheard-Of", "7f3a")
CODING = ("Content-Encoding", "x-unheard-of")

LOCATED = (
    put("long", LONG),
    Step("elsewhere before", beside=ELSEWHERE),
    put("short", SHORT, ("Content-Location", f"throwaway.txt{ELSEWHERE}"), UNKNOWN, ("Allow", "GET, FOO")),
    Step("then short"),
    Step("elsewhere", beside=ELSEWHERE),
)
CODED = (put("coded", SHORT, CODING), Step("then coded"))
TYPED = (put("image", PNG, ("Content-Type", "image/png")), Step("then image"))


@check(
    "put.content-location-no-effect",
    statement="Content-Location in a PUT tells where the content came from; it is not written there.",
    why="The request would otherwise change a page that it does not name.",
    hint="Do not look at Content-Location in requests: the target alone says what is written.",
    example=(PUT.replace("\r\n\r\n", "\r\nContent-Location: /other.txt\r\n\r\n"), STORED, STORED + " (to /other.txt)"),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(LOCATED)
def location_without_effect(story: Story) -> Judgement:
    if not story.reply("short").ok:
        return absent("a PUT with Content-Location is not carried out")
    then = story.reply("elsewhere")
    if SHORT not in then.body or story.reply("elsewhere before").body == then.body:
        return passed()
    return broken(
        story.exchange,
        "The content of a PUT was stored at its Content-Location.",
        expected=f"nothing new at {story.page.target}{ELSEWHERE} (RFC 9110 §8.7), or a refusal",
        observed="the content that was put",
        span=then.span,
    )


@check(
    "put.content-location-not-stored",
    statement="Content-Location of a PUT is not kept and sent with the page.",
    why="It tells where the author once got his copy, which is nothing to those who read the page.",
    hint="Keep no fields of a PUT beside the file but those that describe the content, such as Content-Type.",
    example=(
        PUT.replace("\r\n\r\n", "\r\nContent-Location: /other.txt\r\n\r\n") + " (and then GET /throwaway.txt)",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 200 OK\r\nContent-Location: /other.txt\r\nContent-Length: 3\r\n\r\nnew",
    ),
    needs=("persistent",),
    requires=(STORES, "put.unknown-fields-not-stored"),
    risk=Risk.UNUSUAL,
)
@writing(LOCATED)
def location_not_stored(story: Story) -> Judgement:
    return _not_stored(story, "Content-Location", ELSEWHERE, "RFC 9110 §8.7")


@check(
    "put.unknown-fields-not-stored",
    statement="Fields of a PUT that the server does not know are not kept and sent with the page.",
    why="Nobody can tell what they would mean in a reply; an author could make the server send any field at all.",
    hint="Keep no fields of a PUT beside the file but those that describe the content, such as Content-Type.",
    example=(
        PUT.replace("\r\n\r\n", "\r\nX-Foo: 1\r\n\r\n") + " (and then GET /throwaway.txt)",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 200 OK\r\nX-Foo: 1\r\nContent-Length: 3\r\n\r\nnew",
    ),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(LOCATED)
def unknown_not_stored(story: Story) -> Judgement:
    return _not_stored(story, *UNKNOWN, "RFC 9110 §9.3.4")


def _not_stored(story: Story, name: str, part: str, section: str) -> Judgement:
    if not story.reply("short").ok:
        return absent("such a PUT is not carried out")
    field = story.reply("then short").field(name)
    if field is None or part not in field.value:
        return passed()
    return broken(
        story.exchange,
        f"The field {name} of a PUT comes back with the page.",
        expected=f"no {name} from the PUT ({section})",
        observed=f"{field.name}: {field.value}",
        span=field.span,
    )


@check(
    "put.allow-answered",
    statement="A PUT that recommends methods in Allow is answered with the Allow of the page.",
    why="The author learns which of the methods that he wished for the page really has.",
    hint="Add Allow to the answer to PUT.",
    example=(
        PUT.replace("\r\n\r\n", "\r\nAllow: GET, FOO\r\n\r\n"),
        "HTTP/1.1 204 No Content\r\nAllow: GET, PUT\r\n\r\n",
        STORED,
    ),
    needs=("persistent",),
    requires=(STORES,),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.7 asks for it; RFC 9110 §10.2.1 knows Allow in replies alone. So a breach counts by RFC 2616 "
    "alone.",
)
@writing(LOCATED)
def allow_answered(story: Story) -> Judgement:
    reply = story.reply("short")
    if not reply.ok:
        return absent("a PUT with Allow is not carried out")
    if reply.field("allow") is not None:
        return passed()
    return broken(
        story.exchange,
        "The answer to a PUT with Allow has none.",
        expected="an Allow field with the methods of the page (RFC 2616 §14.7)",
        observed=f"status {reply.status} without Allow",
        span=status_span(reply),
    )


@check(
    "put.content-fields-501",
    statement="A PUT whose content has a coding that the server does not know is refused, or the coding is kept.",
    why="The octets are of no use to anybody who is not told how they are coded.",
    hint="Answer 501 or 415 to a PUT with a Content-Encoding.",
    example=(
        PUT.replace("\r\n\r\n", "\r\nContent-Encoding: x-odd\r\n\r\n"),
        "HTTP/1.1 501 Not Implemented\r\n…",
        STORED,
    ),
    needs=("persistent",),
    requires=(STORES,),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.6 forbids to ignore any Content-* field that is not understood; RFC 9110 §9.3.4 has dropped "
    "that, so that a breach counts by RFC 2616 alone. 415 is accepted beside the 501 that it names.",
)
@writing(CODED)
def coding_not_ignored(story: Story) -> Judgement:
    reply = story.reply("coded")
    if not reply.ok or reply.status == 202:
        return passed(f"status {reply.status}")
    then = story.reply("then coded")
    if CODING[1] in then.tokens("content-encoding") or then.body != SHORT:
        return passed("the coding is kept")
    return broken(
        story.exchange,
        "A content coding that the server does not know is passed over in a PUT.",
        expected="501 (RFC 2616 §9.6), 415 (RFC 9110 §15.5.16) or another refusal; or Content-Encoding in the answer "
        "to a GET then (RFC 9110 §9.3.4)",
        observed=f"status {reply.status}, and a GET then gives the octets without Content-Encoding",
        span=status_span(reply),
    )


@check(
    "put.inconsistent-handled",
    also=("put.entity-fields-stored",),
    statement="A PUT whose Content-Type is not that of the page is refused, or gives the page that type.",
    why="An image that is later sent as text is shown to nobody.",
    hint="Compare the Content-Type of a PUT with the type that you send for the name; answer 415 if they differ.",
    example=(
        PUT.replace("\r\n\r\n", "\r\nContent-Type: image/png\r\n\r\n"),
        "HTTP/1.1 415 Unsupported Media Type\r\n…",
        STORED + " (and a GET then has Content-Type: text/plain)",
    ),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
    dispute="Servers that take the type from the name of the file, as WebDAV modules do, let any content be put. RFC "
    "9110 §9.3.4 speaks of just that case, but as advice; so this is a warning.",
)
@writing(TYPED)
def type_agrees(story: Story) -> Judgement:
    reply = story.reply("image")
    if not reply.ok or reply.status == 202:
        return passed(f"status {reply.status}")
    then = story.reply("then image")
    sent = (then.value("content-type") or "").partition(";")[0].strip().lower()
    if not then.ok or then.body != PNG or sent in ("", "application/octet-stream", "image/png"):
        return passed("type and content agree, or the content was changed")
    return broken(
        story.exchange,
        "A PUT of an image is accepted, and the page is sent as something else.",
        expected="409, 415 or another refusal; or image/png, or changed content, by a GET then (RFC 9110 §9.3.4)",
        observed=f"status {reply.status}, and a GET then has Content-Type: {sent}",
        span=status_span(reply),
    )
