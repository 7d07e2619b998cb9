"""What the generated requests of a run have shown, as lines of text. Pure.

The broken rules themselves are explained where all others are; here stands what they were found by.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from conformance.report.finding import Painter, Tone, label, sent, wrapped
from conformance.report.record import Caught, Fuzz
from conformance.report.reproduce import reproduce
from conformance.report.visible import safe


def fuzz_lines(fuzz: Fuzz, url: str, width: int, paint: Painter) -> Iterator[str]:
    """One line on the run, then what was caught, by which change to a good request of the server at ``url``."""
    proved = [caught for caught in fuzz.caught if caught.proved]
    once = [caught for caught in fuzz.caught if not caught.proved]
    nothing = "nothing found" if fuzz.played else "nothing was tried"
    outcome = f"{len(proved)} rule{'' if len(proved) == 1 else 's'} broken" if proved else nothing
    heading = f"Fuzz: {fuzz.played:,} generated requests in {fuzz.seconds:.1f} s: "
    again = safe(f"(--fuzz {fuzz.examples} --fuzz-seed {shlex.quote(fuzz.seed)})")
    line = paint(heading, Tone.STRONG) + paint(
        outcome, Tone.BAD if proved else Tone.GOOD if fuzz.played else Tone.WARNING
    )
    if len(f"{heading}{outcome} {again}") <= width:
        yield f"{line} {again}"
    else:
        yield line
        yield from wrapped("", again, width)
    for caught in proved:
        yield from _caught(caught, url, width, paint)
    for caught in once:
        tried = caught.plays > 1
        told = "seen once and not again" if tried else "seen once, and time was up before it could be tried again"
        why = "It proves nothing: the server is not steady, or was slow." if tried else "It proves nothing yet."
        seen = f"{told}: {caught.message} {why}"
        yield from wrapped("", safe(seen), width, lambda text: paint(text, Tone.WARNING))
        yield from _repeated(caught, url, width)
    if fuzz.note:
        yield from wrapped("", safe(fuzz.note), width, lambda text: paint(text, Tone.WARNING))
    yield ""


def _caught(caught: Caught, url: str, width: int, paint: Painter) -> Iterator[str]:
    unsteady = "" if caught.failures == caught.plays else f" (unsteady: {caught.failures} of {caught.plays} times)"
    yield paint(caught.rule, Tone.BAD) + safe(f", shown by: {caught.change}{unsteady}")
    yield from wrapped("", safe(caught.message), width)
    yield from _repeated(caught, url, width)


def _repeated(caught: Caught, url: str, width: int) -> Iterator[str]:
    yield from sent(caught.probe, width)
    yield label("try it") + reproduce(caught.probe, url, caught.company)
