"""What replies to writing owe the author (RFC 9110 §15.3.2, §15.5.10; RFC 2616 §10.2.2, §10.4.10, §14.30): 201 and 409.

What PUT and DELETE do is judged in ``put`` and ``delete``, whose requests these rules look at again.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from conformance.check import check
from conformance.checks.put import BELOW, GONE, REMOVED, STORES
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import echo
from conformance.predicates import absent, broken, describe, first_of, passed
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.verdict import Judgement
from conformance.writing import Story, writing

PUT = "PUT /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\nnew"
CREATED = 'HTTP/1.1 201 Created\r\nLocation: /throwaway.txt\r\n…\r\n\r\n<a href="/throwaway.txt">Your page</a>'
EMPTY = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
BELOW_FILE = PUT.replace("throwaway.txt", "throwaway.txt/below.txt")
POSTED = [("Content-Type", "text/plain"), ("Content-Length", "5")]
NOTHING_MADE = "nothing was answered with 201"


@check(
    "status.201-resource-exists",
    also=("status.201-location-is-new-resource",),
    statement="What a 201 says was made is there: at the address in its Location, or else at that of the request.",
    why="The author goes on to what he has just made, and finds an error instead.",
    hint="Write and close the file before you answer 201, and put the path by which GET finds it into Location.",
    example=(PUT + " (and then GET /throwaway.txt)", CREATED + " (then 200)", CREATED + " (then 404)"),
    requires=(STORES,),
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §9.3.4 gives no guarantee that a GET shows the new state. Only 404 and 410 at once are held "
    "against the 201.",
)
def created_is_there(evidence: Evidence) -> Judgement:
    trials = [writing(REMOVED)(lambda story: _put_is_there(evidence, story))(evidence)]
    target = echo(evidence)
    if target is not None:
        posted = evidence.get(target, POSTED, method="POST", body=b"hello")
        if posted.status == 201:
            trials.append(_location_leads(evidence, posted, posted.responses[0], target))
    return first_of(trials)


def _put_is_there(evidence: Evidence, story: Story) -> Judgement:
    made = story.reply("new")
    if made.status != 201:
        return absent(NOTHING_MADE)
    if story.status("then new") in GONE:
        return broken(
            story.exchange,
            "A PUT was answered with 201, and a GET right behind it finds nothing.",
            expected="200, or any status but 404 and 410 (RFC 9110 §15.3.2)",
            observed=f"status {story.status('then new')}",
            span=story.reply("then new").span,
        )
    return _location_leads(evidence, story.exchange, made, story.page.target)


def _location_leads(evidence: Evidence, exchange: Exchange, made: Response, target: str) -> Judgement:
    """Whether something is at the address in Location, as far as that is on this server."""
    field = made.field("location")
    if field is None:
        return passed("the 201 has no Location")
    try:
        goal = urlsplit(urljoin(f"http://{evidence.site.authority}{target}", field.value))
    except ValueError:
        return passed(f"Location cannot be followed: {field.value}")
    path = (goal.path or "/") + (f"?{goal.query}" if goal.query else "")
    if goal.netloc.lower() != evidence.site.authority.lower() or path == target:
        return passed()
    reached = evidence.get(path)
    if reached.status not in GONE:
        return passed(f"Location leads to {describe(reached)}")
    return broken(
        exchange,
        "The Location of a 201 leads to nothing.",
        expected="the address of what was made",
        observed=f"Location: {field.value}, where a GET draws status {reached.status}",
        span=field.span,
    )


@check(
    "status.201-body-lists-locations",
    statement="A 201 to a PUT has a body that says what was made and where it is.",
    why="Somebody who looks at the reply himself learns the address.",
    hint="Send a line of HTML with a link to what was made.",
    example=(PUT, CREATED, EMPTY),
    needs=("persistent",),
    requires=(STORES,),
    permitted_by=Spec.RFC9110,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §10.2.2 wants a list of addresses in the body; RFC 9110 §15.3.2 says what is typical. It is "
    "reported by RFC 2616 alone.",
)
@writing(REMOVED)
def created_described(story: Story) -> Judgement:
    made = story.reply("new")
    if made.status != 201:
        return absent(NOTHING_MADE)
    if made.body.strip():
        return passed()
    return broken(story.exchange, "The 201 has no body.", expected="a body with the address", observed="an empty body")


@check(
    "error.409-tells-conflict",
    statement="A 409 has a body that tells what is in the way.",
    why="The author can mend the conflict only if he learns what it is.",
    hint="Say in the body of the 409 what stands in the way, such as a file where a folder is needed.",
    example=(
        BELOW_FILE,
        "HTTP/1.1 409 Conflict\r\n…\r\n\r\nThere is a file where a folder is needed.",
        "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n",
    ),
    requires=("put.failure-error-status",),
    risk=Risk.UNUSUAL,
    dispute="No request forces a 409; other refusals are as lawful. Only the body of a 409 that came is judged.",
)
@writing(BELOW)
def conflict_told(story: Story) -> Judgement:
    reply = story.reply("below")
    if reply.status != 409:
        return absent("a PUT below a file does not draw 409")
    if reply.body.strip():
        return passed()
    message = "A 409 does not say what the conflict is."
    return broken(story.exchange, message, expected="a body that tells", observed="an empty body", span=reply.span)
