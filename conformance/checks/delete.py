"""DELETE (RFC 9110 §9.3.5, RFC 2616 §9.7), and what comes of a DELETE or PUT that is sent twice (RFC 9110 §9.2.2).

Only ``throwaway.txt`` is deleted, and it is put back afterwards.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.put import GONE, LONG, REMOVED, REPLACED, SHORT, STORES
from conformance.evidence import Evidence
from conformance.exchange import Ending
from conformance.predicates import absent, broken, passed, status_span, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import Step, Story, put, writing

HELLO = b"hello"
WITH_CONTENT = (
    put("long", LONG),
    Step("delete", "DELETE", HELLO),
    Step("then"),
    put("short", SHORT),
    Step("then short"),
)

REQUEST = "DELETE /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
DELETED = "HTTP/1.1 204 No Content\r\n\r\n"


@check(
    "delete.target-gone",
    also=("delete.success-only-if-intended",),
    statement="What was deleted with success is no longer served.",
    why="Who takes a page down must be able to rely on the answer.",
    hint="Remove the file before you answer 204; answer 405 if you do not delete.",
    example=(REQUEST, DELETED + " (and 404 to a GET then)", DELETED + " (and the page to a GET then)"),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.7 says that nobody can rely on a success, RFC 9110 §9.3.5 that the storage need not be freed. "
    "Both want the page out of reach, as advice: whatever else a GET gives then is accepted.",
)
@writing(REMOVED)
def gone(story: Story) -> Judgement:
    if not story.reply("delete").ok:
        return absent(f"DELETE is refused: status {story.status('delete')}")
    if not story.done("delete"):
        return absent("the server may delete later: status 202")
    then = story.reply("then gone")
    if not then.ok or then.body != LONG:
        return passed(f"status {then.status} by a GET then")
    return broken(
        story.exchange,
        "DELETE is answered with success, and the page is still there.",
        expected="404, 410, a redirect or another page by a GET then (RFC 9110 §9.3.5); 202 (RFC 9110 §15.3.3) or a "
        "refusal of the DELETE",
        observed=f"status {story.status('delete')}, and a GET then gives the page",
        span=status_span(story.reply("delete")),
    )


@check(
    "delete.success-status-choice",
    statement="A DELETE that succeeds is answered with 200, 202 or 204.",
    why="Other statuses of success speak of a page that was made or of a part of it.",
    hint="Answer 204 to a DELETE that you have carried out.",
    example=(REQUEST, DELETED, "HTTP/1.1 201 Created\r\n…"),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(REMOVED)
def success_status(story: Story) -> Judgement:
    reply = story.reply("delete")
    if not reply.ok:
        return absent(f"DELETE is refused: status {reply.status}")
    if reply.status in (200, 202, 204):
        return passed(f"status {reply.status}")
    return broken(
        story.exchange,
        "The status of success does not fit a DELETE.",
        expected="200, 202 or 204 (RFC 9110 §9.3.5)",
        observed=f"status {reply.status}",
        span=status_span(reply),
    )


@check(
    "delete.content-no-meaning",
    statement="Content in a DELETE changes neither what it means nor where the next request begins.",
    why="Who leaves it unread takes it for a request, which somebody else has written.",
    hint="Read as many octets as Content-Length says, whatever the method is, and throw them away.",
    example=(
        REQUEST.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"),
        DELETED,
        DELETED + "HTTP/1.1 501 Not Implemented\r\n… (to helloGET)",
    ),
    needs=("persistent",),
    requires=(STORES, "delete.target-gone"),
    risk=Risk.UNUSUAL,
    dispute="Some servers refuse every DELETE with content for fear of smuggling. RFC 9110 §9.3.5 knows that and lets "
    "them; a refusal, with or without a close, is accepted.",
)
@writing(WITH_CONTENT)
def content_without_meaning(story: Story) -> Judgement:
    if not story.reply("long").ok:
        return unclear("the PUT before it was not answered with success")
    deleted = story.reply("delete")
    if not deleted.ok and not story.answered("then") and story.exchange.ending is Ending.CLOSED:
        return passed(f"status {deleted.status}, and the end of the connection")
    then = story.reply("then")
    if then.status in (400, 405, 501):
        return broken(
            story.exchange,
            "After a DELETE with content the next request is not understood.",
            expected="an answer to the GET (RFC 9112 §9.3), or a refusal and the end of the connection (RFC 9110 "
            "§9.3.5)",
            observed=f"status {then.status} to a plain GET",
            span=then.span,
        )
    if deleted.ok and deleted.status != 202 and then.ok and then.body == LONG:
        return broken(
            story.exchange,
            "A DELETE with content is answered with success, and deletes nothing.",
            expected="a refusal, or success and 404 or 410 by a GET then (RFC 9110 §9.3.5)",
            observed=f"status {deleted.status}, and a GET then gives the page",
            span=status_span(deleted),
        )
    return passed(f"status {deleted.status}")


@check(
    "method.idempotent-put-delete",
    statement="The same PUT or DELETE sent twice has the effect of one.",
    why="A client that lost the answer sends its request again, and must not do damage by that.",
    hint="Let PUT replace what is there and never add to it; let DELETE of nothing change nothing.",
    example=(
        "PUT /throwaway.txt HTTP/1.1\r\n… (twice)",
        "new (and not newnew, by a GET then)",
        "newnew (by a GET then)",
    ),
    needs=("persistent",),
    requires=(STORES, "put.replaces-existing"),
    risk=Risk.UNUSUAL,
)
def idempotent(evidence: Evidence) -> Judgement:
    once = writing(REPLACED)(_put_twice)(evidence)
    return once if once.finding is not None else _worse(once, writing(REMOVED)(_deleted_twice)(evidence))


def _worse(one: Judgement, other: Judgement) -> Judgement:
    return other if other.finding is not None else one


def _put_twice(story: Story) -> Judgement:
    first, second = story.reply("then short"), story.reply("then short again")
    if not (story.done("short") and story.done("short again") and first.ok):
        return unclear("one of two equal PUTs was not answered with success")
    if first.body == second.body:
        return passed()
    return broken(
        story.exchange,
        "After a second PUT of the same content a GET gives another.",
        expected="what a GET gave after the first PUT (RFC 9110 §9.2.2)",
        observed=f"status {second.status} with {len(second.body)} octets, not {len(first.body)}",
        span=second.span,
    )


def _deleted_twice(story: Story) -> Judgement:
    if not story.done("delete") or story.status("then gone") not in GONE or story.status("then still gone") in GONE:
        return passed()
    return broken(
        story.exchange,
        "After a second DELETE there is a file again.",
        expected="404 or 410, as after the first DELETE (RFC 9110 §9.2.2)",
        observed=f"status {story.status('then still gone')}",
        span=story.reply("then still gone").span,
    )
