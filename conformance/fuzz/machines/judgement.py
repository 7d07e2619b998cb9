"""What is wrong with the answers on a line, and which rule that breaks; nothing is judged twice.

A connection that ends is lawful at any time (RFC 9112 §9.5), so an answer that never comes counts only while the
connection stays open. What follows a half-close is up to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from conformance.connections import says_close
from conformance.fuzz.dialogue import Asked, Dialogue
from conformance.fuzz.machines.blame import cut_short, desynchronised, overstepped, surplus, unended, waits_for_length
from conformance.fuzz.machines.changing import Changing
from conformance.fuzz.machines.follower import Follower
from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.properties import Breach
from conformance.fuzz.properties.agreement import blame
from conformance.predicates import OVERLOADED, found
from conformance.response import Response

TIMEOUT = 408
LOST = "pipelining.requests-not-lost"
ABORT = "connection.survives-client-abort"
CLOSING = "the answer, or the end of the connection (RFC 9112 §9.5)"


class Judge:
    """Judges lines against a repertoire; ``again`` asks for the answer to a piece once more."""

    def __init__(
        self, repertoire: Repertoire, again: Callable[[int], Response | None], changing: Changing | None = None
    ) -> None:
        self.pieces = repertoire.pieces
        self.again = again
        self.changing = changing
        self.followers: WeakKeyDictionary[Dialogue, Follower] = WeakKeyDictionary()

    def come(self, dialogue: Dialogue) -> Iterator[Breach]:
        """Judge what has come since the last time."""
        transcript = dialogue.transcript
        yield from self._interim(dialogue)
        while dialogue.judged < len(transcript.responses) and not dialogue.over:
            response = transcript.responses[dialogue.judged]
            if not response.complete:
                yield from cut_short(dialogue, response)
                return
            dialogue.judged += 1
            yield from self._final(dialogue, dialogue.judged - 1, response)
        yield from surplus(dialogue)

    def silence(self, dialogue: Dialogue, waited: float) -> Iterator[Breach]:
        """Judge that nothing came for so long, though the connection is open and something is owed."""
        exchange = dialogue.exchange(silent=waited)
        responses = dialogue.transcript.responses
        index = dialogue.transcript.complete
        if len(responses) > index:
            if index < dialogue.owed and not dialogue.half_closed:
                yield from unended(exchange, responses[index])
            return
        if index < dialogue.owed:
            asked = dialogue.asked[index]
            if not dialogue.half_closed:
                message = "A request is not answered, and the connection stays open."
                yield Breach(self._missing(dialogue, index, asked), found(exchange, message, expected=CLOSING))
        elif dialogue.last is not None and dialogue.last < len(responses):
            last, asked = responses[dialogue.last], dialogue.asked[dialogue.last]
            if not (says_close(last) or asked.closes or asked.old):
                return  # it has but the older version, by which it is the client who lets go
            rule = "connection.http10-closes-by-default" if asked.old else "connection.close-request-honoured"
            rule = "connection.own-close-honoured" if says_close(last) else rule
            message = "The connection stays open after the last answer on it."
            yield Breach(rule, found(exchange, message, expected="the end of the connection"))
        elif (short := dialogue.pending) is not None and dialogue.half_closed and waits_for_length(short):
            message = "The connection stays open, though the rest of the body will never come."
            yield Breach("framing.short-body-close", found(exchange, message, expected="the end of the connection"))

    def _interim(self, dialogue: Dialogue) -> Iterator[Breach]:
        transcript = dialogue.transcript
        groups = [final.interim for final in transcript.responses[dialogue.judged :]] + [transcript.interim]
        for index, group in enumerate(groups, dialogue.judged):
            asked = dialogue.asked[index] if index < len(dialogue.asked) else None
            told = next((each for each in group if each.status == 100), None)
            if told is not None and (asked is None or not asked.expects):
                yield Breach(
                    "expect.no-100-without-expectation",
                    found(dialogue.exchange(), "A 100 comes that nobody asked for.", expected="no 100", span=told.span),
                )

    def _final(self, dialogue: Dialogue, index: int, response: Response) -> Iterator[Breach]:
        asked = dialogue.asked[index] if index < len(dialogue.asked) else None
        if response.status in OVERLOADED:
            dialogue.over = True
        elif dialogue.last is not None and index > dialogue.last:
            before = dialogue.transcript.responses[dialogue.last]
            rule = overstepped(before, dialogue.asked[dialogue.last])
            dialogue.over = True
            if rule is not None:
                yield self._wrong(dialogue, rule, "An answer comes after the last one.", "the end", response)
        elif asked is None:
            if response.status == TIMEOUT:
                dialogue.over = True  # who closes an idle connection may say why (RFC 9110 §15.5.9)
                return
            rule = desynchronised(self._before(dialogue, index)) or "message.one-final-reply-per-request"
            yield self._wrong(dialogue, rule, "More answers come than requests were sent.", "nothing", response)
        elif asked.rest:
            yield from self._early(dialogue, asked, response)
        else:
            yield from self._whole(dialogue, index, asked, response)

    def _early(self, dialogue: Dialogue, asked: Asked, response: Response) -> Iterator[Breach]:
        """An answer to a request that is not complete: the client goes no further."""
        dialogue.over = True
        if response.ok and not asked.head_sent:
            message = "A request is served before its head has come."
            yield self._wrong(
                dialogue, "message.no-reply-before-head-complete", message, "no answer, or an error", response
            )

    def _whole(self, dialogue: Dialogue, index: int, asked: Asked, response: Response) -> Iterator[Breach]:
        yield from self._followed(dialogue, index, asked, response)
        if dialogue.half_closed and dialogue.pending is not None:
            return  # who takes that for a client that is gone may throw away what came with the unfinished request
        piece = self.pieces[asked.number]
        if piece.changing and self.changing is not None:
            yield from self._version(dialogue, index, asked, response, self.changing)
            return
        early = asked.expects and not any(each.status == 100 for each in response.interim)
        refused = early or (not piece.control.ok and bool(asked.request.body))
        lawful = response.status is not None and (response.status >= 400 or early)
        if piece.agrees(response) or (refused and lawful):
            return
        if dialogue.overrun or not self._stands(asked.number):
            dialogue.over = True
            return
        other = next(
            (
                each
                for each in dialogue.asked[:index] + dialogue.asked[index + 1 :]
                if each.number != asked.number and self._is(each, response)
            ),
            None,
        )
        if other is not None and self._distinct(asked, other):
            if self._skipped(dialogue, index, response):
                message = f"{piece.name} is passed over."
                rule = desynchronised(self._before(dialogue, index)) or LOST
                yield self._wrong(dialogue, rule, message, self._expected(asked), response)
                return
            message = f"{piece.name} draws the answer to {self.pieces[other.number].name}."
            yield self._wrong(dialogue, "pipelining.responses-in-order", message, self._expected(asked), response)
            return
        message = f"{piece.name} is not answered as it is when it comes alone."
        rule = self._differs(dialogue, index, asked, response)
        yield self._wrong(dialogue, rule, message, self._expected(asked), response)

    def _skipped(self, dialogue: Dialogue, index: int, response: Response) -> bool:
        """Whether fewer answers come than are owed, and this is one to a request behind."""
        later = any(self._is(each, response) for each in dialogue.asked[index + 1 :])
        return later and dialogue.transcript.complete < dialogue.owed

    def _version(
        self, dialogue: Dialogue, index: int, asked: Asked, response: Response, changing: Changing
    ) -> Iterator[Breach]:
        """The answer to the page that changes: one whole version of it, under a tag of its own."""
        piece = self.pieces[asked.number]
        if response.status != piece.control.status:
            alone = self.again(asked.number)
            if alone is None or alone.status != piece.control.status or dialogue.overrun:
                dialogue.over = True
                return
            rule = self._differs(dialogue, index, asked, response)
            message = f"{piece.name} is not answered as it is when it comes alone."
            yield self._wrong(dialogue, rule, message, f"status {piece.control.status}", response)
        elif not changing.shows(response.body, asked.version):
            old = any(response.body == version.content for version in changing.versions)
            message = (
                "What was there before a PUT is shown after it."
                if old
                else f"{piece.name} shows what was never there as a whole."
            )
            rule = "put.replaces-existing" if old else "get.returns-target-representation"
            yield self._wrong(dialogue, rule, message, "the content that was written last", response)
        elif tag := changing.same_tag(response, asked.version):
            message = f"The tag {tag} is that of another content too."
            expected = "another tag, or one that is marked as weak"
            yield self._wrong(dialogue, "validator.strong-tag-changes-with-data", message, expected, response)

    def _expected(self, asked: Asked) -> str:
        control = self.pieces[asked.number].control
        return f"status {control.status} and {len(control.body)} octets, as alone"

    def _is(self, asked: Asked, response: Response) -> bool:
        return self.pieces[asked.number].agrees(response) and self.pieces[asked.number].steady

    def _distinct(self, asked: Asked, other: Asked) -> bool:
        return not self.pieces[asked.number].agrees(self.pieces[other.number].control)

    def _stands(self, number: int) -> bool:
        """Whether the piece still draws the same answer alone: pages change, and that is lawful."""
        answer = self.again(number)
        return answer is not None and self.pieces[number].agrees(answer)

    def _followed(self, dialogue: Dialogue, index: int, asked: Asked, response: Response) -> Iterator[Breach]:
        """What h11 says, which goes along on each connection."""
        follower = self.followers.setdefault(dialogue, Follower())
        spans = [*(interim.span for interim in response.interim), response.span]
        octets = b"".join(bytes(dialogue.line.received[start:stop]) for start, stop in spans)
        complaint = follower.follow(asked.request, octets, response, last=dialogue.last == index)
        blamed = blame(response) if complaint and not response.defects else None
        if blamed is not None:
            yield Breach(
                blamed[0],
                found(
                    dialogue.exchange(),
                    "h11 reads the reply otherwise.",
                    expected="a response in good form",
                    observed=complaint,
                    span=response.span,
                ),
            )

    def _wrong(self, dialogue: Dialogue, rule: str, message: str, expected: str, response: Response) -> Breach:
        dialogue.over = True
        observed = f"status {response.status} and {len(response.body)} octets"
        return Breach(
            rule, found(dialogue.exchange(), message, expected=expected, observed=observed, span=response.span)
        )

    def _before(self, dialogue: Dialogue, index: int) -> tuple[Asked, bool] | None:
        """The request before this one, and whether it was served."""
        if not 0 < index <= len(dialogue.asked):
            return None
        asked = dialogue.asked[index - 1]
        answer = dialogue.answer(index - 1)
        return asked, answer is not None and answer.ok

    def _differs(self, dialogue: Dialogue, index: int, asked: Asked, response: Response) -> str:
        if (rule := desynchronised(self._before(dialogue, index))) is not None:
            return rule
        if asked.expects:
            return "expect.final-after-100"
        if asked.pieces > 1:
            return "message.request-in-segments"
        if response.status == 400:
            return "error.400-only-for-bad-requests"
        return "connection.persistence-supported" if index else "message.response-given"

    def _missing(self, dialogue: Dialogue, index: int, asked: Asked) -> str:
        if asked.expects:
            return "expect.final-after-100"
        if (rule := desynchronised(self._before(dialogue, index))) is not None:
            return rule
        if asked.pieces > 1:
            return "message.request-in-segments"
        if asked.joined:
            return "pipelining.requests-not-lost"
        return "connection.persistence-supported" if index else "message.response-given"
