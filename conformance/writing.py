"""Writing: all that is ever changed on a target, which is the file ``throwaway.txt``, and it is put back as it was.

A :class:`Script` of changes is played on one connection and ends by putting the old content back; where that did not
help (the connection ended early, or the server stores wrongly), it is done again on other connections. The
:class:`Story` is what came. No rule is declared here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Exchange
from conformance.predicates import absent, describe, refused, served, unclear
from conformance.response import Response
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement

NEW = b"conformance suite: new content\n"
NO_FILE = "the document root has no throwaway.txt, and nothing else may be written to"
FRESH = ([("Cache-Control", "no-cache")], [("Cache-Control", "no-cache"), ("Pragma", "no-cache")])
BACK, LAST = "put back", "looked at last"


@dataclass(frozen=True, slots=True)
class Trial:
    """A PUT on the throwaway file, and what two GETs gave then; none where the PUT was refused."""

    page: Page
    put: Exchange
    later: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a script, by a name; ``beside`` is appended to the target, for what is next to the file."""

    name: str
    method: str = "GET"
    content: bytes | None = None
    fields: tuple[tuple[str, str], ...] = ()
    beside: str = ""
    elsewhere: str = ""

    def request(self, evidence: Evidence, page: Page) -> bytes:
        """Its octets; content comes with its type, unless the fields name one, and with its length."""
        typed = self.content is None or any(name == "Content-Type" for name, _ in self.fields)
        fields = [*self.fields] if typed else [("Content-Type", "text/plain"), *self.fields]
        if self.content is not None:
            fields.append(("Content-Length", str(len(self.content))))
        target = self.elsewhere or page.target + self.beside
        return evidence.request(target, fields, method=self.method, body=self.content or b"")


def put(name: str, content: bytes, *fields: tuple[str, str], beside: str = "") -> Step:
    """A step that writes."""
    return Step(name, "PUT", content, fields, beside)


Script: TypeAlias = tuple[Step, ...]


class CutShort(NoEvidence):
    """An answer that was asked for did not come."""


@dataclass(frozen=True, slots=True)
class Story:
    """A script that was played; an answer that did not come cuts the judgement short, as unclear."""

    exchange: Exchange
    page: Page
    steps: Script

    def answered(self, name: str) -> bool:
        """Whether a whole answer to the step of this name came."""
        position = self._position(name)
        return len(self.exchange.responses) > position and self.exchange.responses[position].complete

    def reply(self, name: str) -> Response:
        """That answer."""
        position = self._position(name)
        if not self.answered(name):
            raise CutShort(f"the connection ended before the answer to {self.steps[position].method} came")
        return self.exchange.responses[position]

    def _position(self, name: str) -> int:
        return next(n for n, step in enumerate(self.steps) if step.name == name)

    def status(self, name: str) -> int:
        """The status of that answer."""
        status = self.reply(name).status
        if status is None:
            raise CutShort("a status that cannot be read")
        return status

    def done(self, name: str) -> bool:
        """Whether that step was answered with success, and at once."""
        return self.reply(name).ok and self.status(name) != 202


def trial(evidence: Evidence) -> Trial | None:
    """PUT on the file made for it, and what became of it; None where the folder has no ``throwaway.txt``."""
    page = evidence.site.throwaway
    if page is None:
        return None
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(NEW)))]
    exchange = evidence.get(page.target, fields, method="PUT", body=NEW)
    if refused(exchange):
        return Trial(page, exchange, ())
    later = tuple(evidence.get(page.target, fields) for fields in FRESH)
    if not all(holds(look, page.content) for look in later):
        restore(evidence, page, "trial")
    return Trial(page, exchange, later)


def throwaway_put(evidence: Evidence) -> Exchange | None:
    """The PUT of :func:`trial`."""
    tried = trial(evidence)
    return tried.put if tried is not None else None


def may_delete(evidence: Evidence) -> bool:
    """Whether PUT has shown that it can bring the file back; otherwise nothing may be deleted."""
    tried = trial(evidence)
    return tried is not None and any(holds(look, NEW) for look in tried.later)


def holds(exchange: Exchange, content: bytes) -> bool:
    """Whether this content came."""
    return exchange.response is not None and exchange.response.body == content


def restore(evidence: Evidence, page: Page, after: str, *others: bytes) -> None:
    """Put the old content back, on connections of their own: a second time behind a DELETE if a GET gives another.

    ``others`` are requests to be sent first. ``after`` tells one restoration from another, since equal probes are
    played once.
    """
    mark = ("X-Restored-After", after)
    old = Step(BACK, "PUT", page.content, (mark,)).request(evidence, page)
    look = evidence.request(page.target, [mark])
    for first in (*others, old):
        evidence.raw(first, risk=Risk.UNUSUAL)
    if not holds(evidence.raw(look, risk=Risk.UNUSUAL), page.content):
        again = ("X-Restored-Again", after)
        evidence.get(page.target, [again], method="DELETE")
        evidence.raw(Step(BACK, "PUT", page.content, (again,)).request(evidence, page), risk=Risk.UNUSUAL)


def play(evidence: Evidence, page: Page, script: Script) -> Story:
    """The script on one connection, then the old content put back and looked at."""
    steps = (*script, put(BACK, page.content), Step(LAST))
    requests = [step.request(evidence, page) for step in steps]
    exchange = evidence.sequence(*requests, methods=[step.method for step in steps])
    story = Story(exchange, page, steps)
    made = any(step.beside and reply.ok for step, reply in zip(steps, exchange.responses, strict=False))
    if made or len(exchange.responses) < len(steps) or exchange.responses[-1].body != page.content:
        restore(evidence, page, " ".join(step.name for step in script).replace("\n", " "), *_removals(evidence, story))
    return story


def _removals(evidence: Evidence, story: Story) -> list[bytes]:
    """Requests that delete what has been made beside the file."""
    beside = {step.beside for step in story.steps if step.beside}
    return [Step("", "DELETE", beside=name).request(evidence, story.page) for name in sorted(beside)]


def writing(script: Script) -> Callable[[Callable[[Story], Judgement]], Callable[[Evidence], Judgement]]:
    """Make a judge of one that judges the story of ``script``; not applicable where nothing can be put."""

    def made(judge: Callable[[Story], Judgement]) -> Callable[[Evidence], Judgement]:
        @functools.wraps(judge)
        def judged(evidence: Evidence) -> Judgement:
            tried = trial(evidence)
            if tried is None:
                return absent(NO_FILE)
            if not served(tried.put) or tried.put.status == 202:
                return absent(f"PUT changes nothing here: {describe(tried.put)}")
            if any(step.method == "DELETE" for step in script) and not may_delete(evidence):
                return absent("PUT stores nothing, so that what is deleted could not be brought back")
            try:
                return judge(play(evidence, tried.page, script))
            except CutShort as cut:
                return unclear(str(cut))

        return judged

    return made
