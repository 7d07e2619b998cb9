"""PUT of a part: Content-Range in a PUT (RFC 9110 §14.4 and §14.5, RFC 2616 §9.6 and §14.16)."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.put import STORED, STORES
from conformance.predicates import broken, passed, status_span, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import Step, Story, put, writing

WHOLE, PART, INVALID = b"0123456789", b"abcd", b"wxyz"
PATCHED = PART + WHOLE[len(PART) :]
RANGED = (
    put("whole", WHOLE),
    Step("then whole"),
    put("part", PART, ("Content-Range", "bytes 0-3/10")),
    Step("then part"),
)
SENSELESS = (
    put("whole", WHOLE),
    put("invalid", INVALID, ("Content-Range", "bytes 9-5/10")),
    Step("then invalid"),
)

HEAD = "PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 4\r\n"
REFUSED = "HTTP/1.1 400 Bad Request\r\n…"


@check(
    "put.content-range-rejected",
    also=("put.content-fields-not-ignored",),
    statement="A PUT with Content-Range is refused, or replaces that part of the file alone.",
    why="A client that sends four octets of a large file would otherwise lose the rest of it.",
    hint="Answer 400 to every PUT that has a Content-Range field.",
    example=(HEAD + "Content-Range: bytes 0-3/10\r\n\r\nabcd", REFUSED, STORED + " (and the file is abcd)"),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.6 asks for 501 where the field is not understood, RFC 9110 §14.5 for 400: both are accepted, "
    "as is a server that really replaces the part. RFC 9110 §14.5 notes that others replace the whole; it advises "
    "against.",
)
@writing(RANGED)
def part_refused(story: Story) -> Judgement:
    reply = story.reply("part")
    if not story.done("whole"):
        return unclear("the PUT before it was not answered with success")
    if not reply.ok or reply.status == 202:
        return passed(f"status {reply.status}")
    then = story.reply("then part")
    if then.body != PART:
        return passed("the part was replaced" if then.body == PATCHED else "the file was not replaced by the part")
    return broken(
        story.exchange,
        "A PUT of a part has replaced the whole file.",
        expected=f"400 (RFC 9110 §14.5), 501 (RFC 2616 §9.6) or another refusal; or the part alone replaced, and "
        f"{PATCHED.decode()} by a GET then (RFC 9110 §14.5)",
        observed=f"status {reply.status}, and a GET then gives {PART.decode()}",
        span=status_span(reply),
    )


@check(
    "put.invalid-content-range-not-applied",
    statement="A PUT with a Content-Range that makes no sense changes nothing.",
    why="Nobody can tell where the octets belong.",
    hint="Answer 400 to every PUT that has a Content-Range field, whatever it says.",
    example=(HEAD + "Content-Range: bytes 9-5/10\r\n\r\nwxyz", REFUSED, STORED + " (and the file is wxyz)"),
    needs=("persistent",),
    requires=(STORES, "put.content-range-rejected"),
    risk=Risk.UNUSUAL,
)
@writing(SENSELESS)
def invalid_range(story: Story) -> Judgement:
    if not story.done("whole"):
        return unclear("the PUT before it was not answered with success")
    if not story.reply("invalid").ok and not story.answered("then invalid"):
        return passed(f"status {story.status('invalid')}, and the end of the connection")
    if INVALID not in story.reply("then invalid").body:
        return passed()
    return broken(
        story.exchange,
        "The content of a PUT with an invalid Content-Range was stored.",
        expected=f"400 or another refusal (RFC 9110 §14.5), and {WHOLE.decode()} by a GET then (RFC 2616 §14.16)",
        observed=f"status {story.status('invalid')}, and a GET then gives {INVALID.decode()}",
        span=story.reply("then invalid").span,
    )
