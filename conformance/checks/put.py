"""PUT (RFC 9110 §9.3.4, RFC 2616 §9.6): what it makes of a file, and with which status it says so.

Only ``throwaway.txt`` is written to. That success means that something was stored is the business of
``method.standard-semantics-kept``, without which nothing here is judged; what the fields of a PUT mean is in
:mod:`conformance.checks.put_fields`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.predicates import absent, broken, passed, status_span, unclear
from conformance.response import Field
from conformance.rule import Risk
from conformance.verdict import Judgement
from conformance.writing import Step, Story, put, writing

STORES = "method.standard-semantics-kept"
LONG = b"The first content: it is the longer one of the two, and its end must not outlive it.\n"
SHORT = b"The second content.\n"
GONE = (404, 410)
REFUSED = "409 or another error (RFC 2616 §9.6, RFC 9110 §15.5.10), or a redirect (RFC 9110 §9.3.4)"

REPLACED = (
    Step("before"),
    put("long", LONG),
    Step("then long"),
    put("short", SHORT),
    Step("then short"),
    put("short again", SHORT),
    Step("then short again"),
)
REMOVED = (
    put("long", LONG),
    Step("delete", "DELETE"),
    Step("then gone"),
    Step("delete again", "DELETE"),
    Step("then still gone"),
    put("new", SHORT),
    Step("then new"),
)
BELOW = (put("below", SHORT, beside="/below.txt"), Step("then below", beside="/below.txt"))

PUT = "PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\nnew"
STORED = "HTTP/1.1 204 No Content\r\n\r\n"
CREATED = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@check(
    "put.created-201",
    statement="A PUT that makes a new page is answered with 201.",
    why="An author learns that there was nothing of this name before.",
    hint="Look whether the file exists before you write it: 201 if it did not, 204 if it did.",
    example=(PUT + " (where nothing is of that name)", CREATED, STORED),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(REMOVED)
def created(story: Story) -> Judgement:
    if not story.done("delete") or story.status("then still gone") not in GONE:
        return absent("nothing can be deleted here, so that nothing can be made anew")
    status = story.status("new")
    if not story.reply("new").ok or status in (201, 202):
        return passed(f"status {status}")
    return broken(
        story.exchange,
        "A PUT that made a new file says that it has changed one.",
        expected="201 (RFC 9110 §9.3.4); or 202 (RFC 9110 §15.3.3), a redirect or a refusal",
        observed=f"status {status}, where a GET before had found nothing",
        span=status_span(story.reply("new")),
    )


@check(
    "put.modified-200-204",
    statement="A PUT that replaces what is there is answered with 200 or 204.",
    why="201 tells an author that the name was free, and that nobody's work was overwritten.",
    hint="Look whether the file exists before you write it: 204 if it did, 201 if it did not.",
    example=(PUT, STORED, CREATED),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(REPLACED)
def modified(story: Story) -> Judgement:
    if not story.reply("then long").ok:
        return unclear("a GET did not find what had been put")
    for name in ("short", "short again"):
        reply = story.reply(name)
        if reply.ok and reply.status not in (200, 202, 204):
            return broken(
                story.exchange,
                "A PUT that replaced a file does not say so.",
                expected="200 or 204 (RFC 9110 §9.3.4); or 202 (RFC 9110 §15.3.3), a redirect or a refusal",
                observed=f"status {reply.status}, where a GET before had found the file",
                span=status_span(reply),
            )
    return passed()


@check(
    "put.replaces-existing",
    statement="What is put takes the place of all that was there.",
    why="A shorter page with the end of the longer one behind it is neither of the two.",
    hint='Open the file with mode "wb", which empties it first; "r+b" and "ab" do not.',
    example=(
        PUT + " (and then GET /throwaway.txt)",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew",
        "newer content",
    ),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(REPLACED)
def replaces(story: Story) -> Judgement:
    then = story.reply("then short")
    if not story.done("short") or not then.ok:
        return unclear("the second PUT was not answered with success, or a GET then finds nothing")
    left = LONG.removeprefix(LONG[: len(SHORT)])
    if SHORT in then.body and (left in then.body or LONG in then.body):
        return broken(
            story.exchange,
            "What was there before is still there behind the new content.",
            expected="the new content (RFC 2616 §9.6), or what the server makes of it (RFC 9110 §9.3.4)",
            observed=f"{len(then.body)} octets, where {len(SHORT)} were put",
            span=(then.head_end, then.span[1]),
        )
    return passed() if then.body == SHORT else passed("a GET gives what the server made of the content")


@check(
    "put.not-applied-elsewhere",
    also=("put.elsewhere-redirect",),
    statement="A PUT changes the page that it names, or is answered with a redirect to another; it changes no other.",
    why="An author who writes to one page must not overwrite another one unawares.",
    hint="Write to the file that GET of the same target reads; send 301 with Location if it should be another.",
    example=(PUT, "HTTP/1.1 301 Moved Permanently\r\nLocation: /page.txt\r\n\r\n", STORED + " (and /page.txt is new)"),
    needs=("persistent",),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §9.6 asks for 301 by number, RFC 9110 §9.3.4 for any fitting 3xx: any redirect is accepted.",
)
def nothing_else(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return unclear("there is no other file to look at")
    script = (put("long", LONG), Step("neighbour", elsewhere=page.target))

    def judge(story: Story) -> Judgement:
        if not story.done("long"):
            return unclear("the PUT was not answered with success")
        if story.reply("neighbour").body != LONG:
            return passed()
        return broken(
            story.exchange,
            "A PUT has changed another file than the one it named.",
            expected=f"{page.target} as it was, or a 3xx to the PUT (RFC 9110 §9.3.4)",
            observed=f"a GET of {page.target} gives what was put to {story.page.target}",
            span=story.reply("neighbour").span,
        )

    return writing(script)(judge)(evidence)


@check(
    "put.no-validator-if-transformed",
    statement="A tag or date of change in the answer to a PUT is that of the very octets that were sent.",
    why="The author keeps his copy under that tag, and takes it for what the server has.",
    hint="Leave ETag and Last-Modified out of the answer to PUT, or take them from the file as it is now.",
    example=(
        PUT,
        'HTTP/1.1 204 No Content\r\nETag: "of-the-new"\r\n\r\n',
        'HTTP/1.1 204 No Content\r\nETag: "old"\r\n\r\n',
    ),
    needs=("persistent",),
    requires=(STORES, "put.replaces-existing"),
    risk=Risk.UNUSUAL,
)
@writing(REPLACED)
def validators(story: Story) -> Judgement:
    said, then = story.reply("short"), story.reply("then short")
    if not story.done("short") or not then.ok:
        return unclear("the PUT was not answered with success, or a GET then finds nothing")
    fields = [field for name in ("ETag", "Last-Modified") if (field := said.field(name))]
    if not fields:
        return absent("the answer to PUT carries no validator")
    for field in fields:
        now = then.value(field.name)
        if then.body != SHORT:
            return _untrue(story, field, "the content is not what was put")
        stale = now is not None and _tag(now) != _tag(field.value)
        if stale:
            return _untrue(story, field, f"a GET then has {field.name}: {now}")
    return passed()


def _tag(value: str) -> str:
    """Without the mark of weakness, which a server may take off when a file has settled."""
    return value.removeprefix("W/")


def _untrue(story: Story, field: Field, observed: str) -> Judgement:
    return broken(
        story.exchange,
        f"The answer to PUT has {'an' if field.key == 'etag' else 'a'} {field.name} that is not of what was put.",
        expected="no validator, or the one that a GET then gives with the very octets that were put (RFC 9110 §9.3.4)",
        observed=f"{field.name}: {field.value}, and {observed}",
        span=field.span,
    )


@check(
    "put.failure-error-status",
    statement="A PUT that cannot be carried out is answered with an error that says so.",
    why="An author whose page was not saved must hear of it.",
    hint="Catch OSError round open() and write(), and answer 409 or 403 there.",
    example=(
        "PUT /throwaway.txt/below.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 409 Conflict\r\n…",
        "(the connection closes without an answer)",
    ),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
)
@writing(BELOW)
def failure_told(story: Story) -> Judgement:
    if not story.exchange.responses:
        return broken(story.exchange, "A PUT below a file draws no answer.", expected=REFUSED)
    reply = story.reply("below")
    if not reply.ok or reply.status == 202:
        return passed(f"status {reply.status}")
    if SHORT in story.reply("then below").body:
        return passed("it was stored")
    return broken(
        story.exchange,
        "A PUT below a file, where no folder is, is answered with success, and nothing is stored.",
        expected=f"{REFUSED}; or success, and a GET then gives the content (RFC 9110 §9.3.4)",
        observed=f"status {reply.status}, and a GET then gives status {story.status('then below')}",
        span=status_span(reply),
    )
