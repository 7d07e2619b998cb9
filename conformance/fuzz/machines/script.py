"""Scripts: what a machine does, as data, and the Hypothesis machine that writes them.

A script is written without looking at the answers, and played as a whole when it is complete: so the same choices are
always the same script, whatever the server does, and a failure can be shrunk and played again by hand.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from conformance.fuzz.machines.changing import KINDS, changed_how
from conformance.fuzz.machines.repertoire import Manners, Repertoire

NAMES = "ABC"
NEW = "N"
WHOLE_PIPELINE = 4


class Verb(StrEnum):
    """What can be done on a line."""

    OPEN = "open"
    SEND = "send"
    BEGIN = "begin"
    GO_ON = "go on"
    FINISH = "finish"
    EXPECT = "expect"
    READ = "read"
    HALF_CLOSE = "half-close"
    ABORT = "abort"
    CLOSE = "close"
    VISIT = "visit"
    CHANGE = "change"


ASKING = (Verb.SEND, Verb.BEGIN, Verb.EXPECT, Verb.VISIT, Verb.CHANGE)
"""What is done with requests."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done on one line; ``pieces`` are indices into the repertoire, ``cut`` says how much is sent."""

    verb: Verb
    line: str = ""
    pieces: tuple[int, ...] = ()
    cut: int = 0


Script: TypeAlias = tuple[Step, ...]


def suits(script: Script, manners: Manners) -> bool:
    """Whether a server of these manners need play along, as with all that :class:`Writer` writes for it."""
    lines = {step.line for step in script} - {"", NEW}
    asked: Counter[str] = Counter()
    most = 0
    for step in script:
        asked[step.line] = 0 if step.verb is Verb.OPEN else asked[step.line] + len(step.pieces)
        most = max(most, asked[step.line] if step.line in lines else 0)
    return len(lines) <= manners.lines and (most <= 1 or manners.persistent)


def text(script: Script, repertoire: Repertoire) -> str:
    """The script in words."""
    return "; ".join(_words(step, repertoire) for step in script)


def _words(step: Step, repertoire: Repertoire) -> str:
    names = " and ".join(repertoire.pieces[index].name for index in step.pieces)
    together = " in one piece" if len(step.pieces) > 1 else ""
    match step.verb:
        case Verb.SEND:
            return f"send {names}{together} on {step.line}"
        case Verb.BEGIN:
            return f"send {step.cut} octets of {names} on {step.line}"
        case Verb.GO_ON:
            return f"send {step.cut} more on {step.line}"
        case Verb.FINISH:
            return f"send the rest on {step.line}"
        case Verb.EXPECT:
            return f"send {names} on {step.line}, the content after 100{', in two pieces' if step.cut else ''}"
        case Verb.CHANGE:
            return f"{changed_how(step.cut)} {names.removeprefix('GET ')}"
        case Verb.VISIT:
            return f"open a new line; send {names} and read"
        case _:
            return f"{step.verb} {step.line}"


@dataclass
class Draft:
    """What the writer knows of a line: whether it is open, how much is on its way, and whether it has to end."""

    open: bool = False
    asked: int = 0
    left: int = 0
    ending: bool = False


class Writer(RuleBasedStateMachine):
    """Writes a script rule by rule, and has it played at the end. Subclasses say what it is written for."""

    repertoire: Repertoire
    perform: Callable[[Script], None]

    def __init__(self) -> None:
        super().__init__()
        self.script: list[Step] = []
        self.drafts = {name: Draft() for name in NAMES[: self.repertoire.manners.lines]}

    def teardown(self) -> None:
        """Read what is owed on every line, ask once more, and let the script be played."""
        if sys.exc_info()[0] is not None:
            return  # Hypothesis has cut the script short: it is not going to be played
        for name, draft in self.drafts.items():
            if draft.open:
                self._end(name, draft)
        self.script.append(Step(Verb.VISIT, NEW, (0,)))
        type(self).perform(tuple(self.script))

    @rule(choice=st.integers(0, 2**16))
    def ask(self, choice: int) -> None:
        """A whole request."""
        name, piece = self._whose(choice)
        self._ready(name)
        self._sent(name, Step(Verb.SEND, name, (piece,)))

    @rule(choice=st.integers(0, 2**16), more=st.lists(st.integers(0, 2**10), min_size=1, max_size=WHOLE_PIPELINE))
    def ask_together(self, choice: int, more: list[int]) -> None:
        """Several requests in one piece; one alone where connections do not persist."""
        name, piece = self._whose(choice)
        self._ready(name)
        together = (piece, *map(self._drawn, more)) if self.repertoire.manners.persistent else (piece,)
        self._sent(name, Step(Verb.SEND, name, together))

    @rule(choice=st.integers(0, 2**16), cut=st.integers(1, 2**10))
    def begin(self, choice: int, cut: int) -> None:
        """A part of a request."""
        name, piece = self._whose(choice)
        self._ready(name)
        size = len(self.repertoire.pieces[piece].request.data)
        cut = 1 + (cut - 1) % (size - 1)
        self._sent(name, Step(Verb.BEGIN, name, (piece,), cut))
        self.drafts[name].left = size - cut

    @rule(choice=st.integers(0, 2**16), cut=st.integers(1, 2**10))
    def go_on(self, choice: int, cut: int) -> None:
        """Some more of it."""
        name, _ = self._whose(choice)
        draft = self.drafts[name]
        if draft.left > 1:
            cut = 1 + (cut - 1) % (draft.left - 1)
            draft.left -= cut
            self.script.append(Step(Verb.GO_ON, name, cut=cut))

    @rule(choice=st.integers(0, 2**16))
    def finish(self, choice: int) -> None:
        """The rest of it."""
        name, _ = self._whose(choice)
        self._finish(name)

    @rule(choice=st.integers(0, 2**16))
    def expect(self, choice: int) -> None:
        """A request whose content waits for a 100."""
        taking = self.repertoire.taking
        if taking:
            name, _ = self._whose(choice)
            self._ready(name)
            piece = taking[choice // len(self.drafts) % len(taking)]
            self._sent(name, Step(Verb.EXPECT, name, (piece,), choice >> 15))  # now and then in two pieces

    @rule(choice=st.integers(0, 2**16), kind=st.integers(0, KINDS - 1))
    def change(self, choice: int, kind: int) -> None:
        """Another content for the page that may be changed, and a look at it."""
        page = self.repertoire.changing
        if page is not None:
            name, _ = self._whose(choice)
            self.script.append(Step(Verb.CHANGE, pieces=(page,), cut=kind))
            self._ready(name)
            self._sent(name, Step(Verb.SEND, name, (page,)))

    @rule(choice=st.integers(0, 2**16))
    def read(self, choice: int) -> None:
        """All that is owed on a line."""
        name, _ = self._whose(choice)
        if self.drafts[name].open:
            self.script.append(Step(Verb.READ, name))

    @rule(choice=st.integers(0, 2**16), leaving=st.sampled_from((Verb.ABORT, Verb.CLOSE, Verb.HALF_CLOSE)))
    def leave(self, choice: int, leaving: Verb) -> None:
        """A reset, an orderly end or half of one, whatever is under way; and a look whether others are served."""
        name, _ = self._whose(choice)
        self._opened(name)
        self._forget(name, *((leaving, Verb.READ, Verb.CLOSE) if leaving is Verb.HALF_CLOSE else (leaving,)))
        self.script.append(Step(Verb.VISIT, NEW, (0,)))

    def _whose(self, choice: int) -> tuple[str, int]:
        """A line and a piece; the simplest of both for zero."""
        names = tuple(self.drafts)
        return names[choice % len(names)], self._drawn(choice // len(names))

    def _drawn(self, choice: int) -> int:
        lots = self.repertoire.lots
        return lots[choice % len(lots)]

    def _opened(self, name: str) -> Draft:
        draft = self.drafts[name]
        if not draft.open:
            self.script.append(Step(Verb.OPEN, name))
            draft.open = True
        return draft

    def _ready(self, name: str) -> None:
        """See to it that a line is open and another request may be sent on it."""
        self._finish(name)
        draft = self.drafts[name]
        if draft.open and (draft.ending or (draft.asked and not self.repertoire.manners.persistent)):
            self.script.append(Step(Verb.READ, name))
            self._forget(name, Verb.CLOSE)
        self._opened(name)

    def _sent(self, name: str, step: Step) -> None:
        draft = self.drafts[name]
        draft.asked += len(step.pieces)
        draft.ending = any(self.repertoire.pieces[index].last for index in step.pieces)
        self.script.append(step)

    def _finish(self, name: str) -> None:
        if self.drafts[name].left:
            self.drafts[name].left = 0
            self.script.append(Step(Verb.FINISH, name))

    def _forget(self, name: str, *verbs: Verb) -> None:
        self.script += [Step(verb, name) for verb in verbs]
        self.drafts[name] = Draft()

    def _end(self, name: str, draft: Draft) -> None:
        self._finish(name)
        self.script.append(Step(Verb.READ, name))
        if not draft.ending and self.repertoire.manners.persistent:
            self.script += [Step(Verb.SEND, name, (0,)), Step(Verb.READ, name)]
        self._forget(name, Verb.CLOSE)
