"""The report at the end of a run in a terminal: target, ladder, then every broken rule, root causes first.

Pure: it yields lines. How wide the terminal is and how a tone is painted is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from conformance.check import CATALOGUE
from conformance.ladder import Rung
from conformance.options import Options
from conformance.report import differences
from conformance.report.finding import Painter, Tone, explain, one_line, plain, summarise, wrapped
from conformance.report.fuzzed import fuzz_lines
from conformance.report.record import Compared, Report, counts, deviations, roots
from conformance.report.visible import safe
from conformance.verdict import Deviation, Result, Verdict

BAR = 20
NAMED = 6

WORDS = {
    Verdict.PASS: ("passed", Tone.GOOD),
    Verdict.FAIL: ("failed", Tone.BAD),
    Verdict.ERROR: ("in error", Tone.BAD),
    Verdict.WARNING: ("warned", Tone.WARNING),
    Verdict.BLOCKED: ("blocked", Tone.WARNING),
    Verdict.INCONCLUSIVE: ("inconclusive", Tone.WARNING),
    Verdict.NOT_APPLICABLE: ("not applicable", Tone.FAINT),
    Verdict.NOT_RUN: ("not run", Tone.FAINT),
}
DECLARED = {
    Deviation.KNOWN: ("known failure", "known failures", Tone.WARNING),
    Deviation.GONE: ("unexpected pass", "unexpected passes", Tone.BAD),
    Deviation.UNCONFIRMED: ("not confirmed", "not confirmed", Tone.WARNING),
}


def end_report(report: Report, options: Options, width: int, paint: Painter = plain) -> Iterator[str]:
    """All lines, without line ends. The ladder is left out where the user picked rules: it would tell nothing."""
    yield from _target(report, width, paint)
    yield ""
    if not options.rules:
        yield from _ladder(report.ladder, width, paint)
    for part in (_failures, _warnings, _inconclusive, _errors):
        yield from part(report, width, paint)
    yield from _declared(report, options, width, paint)
    if report.fuzz is not None:
        yield from fuzz_lines(report.fuzz, report.target.url, width, paint)
    if report.compared is not None:
        yield from _compared(report, report.compared, width, paint)
    yield tally(report, paint)


def tally(report: Report, paint: Painter = plain) -> str:
    """The number of rules by verdict, on one line."""
    seen = counts(report)
    parts = [paint(f"{seen[verdict]} {word}", tone) for verdict, (word, tone) in WORDS.items() if seen[verdict]]
    became = deviations(report)
    declared = [
        paint(f"{became[one]} {word if became[one] == 1 else words}", tone)
        for one, (word, words, tone) in DECLARED.items()
        if became[one]
    ]
    return f"{_rules(report)}: {', '.join(parts)}" + (f" (declared: {', '.join(declared)})" if declared else "")


def out_of_date(options: Options) -> str:
    """What to do about a declared failure that is none."""
    file = safe(str(options.known_failures)) if options.known_failures is not None else "the known failures"
    return f"unexpected pass: the rule is kept, remove its line from {file}"


def _rules(report: Report) -> str:
    return f"{len(report.results)} rule{'' if len(report.results) == 1 else 's'}"


def _target(report: Report, width: int, paint: Painter) -> Iterator[str]:
    target = report.target
    called = f" ({safe(target.server)[:60]})" if target.server else ""
    step = "" if report.step is None else f", up to step {report.step}"
    spec = "RFC 2616 or 9110" if report.spec.value == "both" else f"RFC {report.spec.value}"
    judged = f"{_rules(report)} by {spec}{step}, in {report.duration:.1f} s"
    yield f"{paint(safe(target.url) or 'no server', Tone.STRONG)}{called}: {judged}"
    for words, there in (("offered", True), ("not offered, so not judged", False)):
        names = [name for name, reason in target.capabilities.items() if (reason == "present") is there]
        if names:
            yield from wrapped("", f"{words}: {', '.join(names)}", width, indent=0)


def climbed(rungs: Iterable[Rung]) -> str:
    """How far the ladder is climbed, as ``step 4 complete; step 5: 6 of 8``."""
    reached = ""
    for rung in rungs:
        if not rung.complete:
            lacking = "; something is missing" if rung.passed == rung.applicable else ""
            return f"{reached}step {rung.step}: {rung.passed} of {rung.applicable}{lacking}"
        reached = f"step {rung.step} complete; "
    return reached.rstrip("; ")


def _ladder(rungs: tuple[Rung, ...], width: int, paint: Painter) -> Iterator[str]:
    if not rungs:
        return
    yield paint(f"Ladder: {climbed(rungs)}", Tone.STRONG)
    for rung in rungs:
        filled = BAR * rung.passed // rung.applicable if rung.applicable else 0
        tone = Tone.GOOD if rung.complete else Tone.WARNING
        bar = paint("#" * filled, tone) + paint("." * (BAR - filled), Tone.FAINT)
        state = "complete" if rung.complete else f"{rung.passed} of {rung.applicable}"
        yield f"  step {rung.step}  [{bar}] {state}"
        if rung.missing:
            yield from wrapped("", f"not seen yet: {safe(', '.join(rung.missing))}", width, indent=10)
    yield ""


def _having(report: Report, verdict: Verdict) -> list[Result]:
    """The results with this verdict that were not declared: those have a part of their own."""
    return [result for result in report.results if result.verdict is verdict and result.deviation is None]


def _failures(report: Report, width: int, paint: Painter) -> Iterator[str]:
    """Broken rules, those that block most first; then what is blocked by a rule that is not among them."""
    blocked = roots(report)
    failed = _having(report, Verdict.FAIL)
    failed.sort(key=lambda result: -len(blocked.get(result.rule.id, ())))
    if failed and report.target.command:
        port = urlsplit(report.target.url).port
        note = f"The server that was started for this run is stopped. To try the commands, start it on port {port}."
        yield from wrapped("", note, width, lambda text: paint(text, Tone.FAINT), indent=0)
        yield ""
    for number, result in enumerate(failed, 1):
        yield _heading(f"failed {number} of {len(failed)}", width, paint, Tone.BAD)
        yield from explain(result, report.target.url, width, paint)
        yield from _consequences(blocked.pop(result.rule.id, []), "because of this", width)
        yield ""
    if blocked:
        yield _heading("not judged", width, paint, Tone.WARNING)
        for root, results in blocked.items():
            cause = f"because of {root}: {results[0].reason}" if root else f"because {results[0].reason}"
            yield from _consequences(results, cause, width, "rule")
        yield ""


def _consequences(results: list[Result], cause: str, width: int, noun: str = "more rule") -> Iterator[str]:
    if not results:
        return
    names = ", ".join(result.rule.id for result in results[:NAMED])
    more = len(results) - NAMED
    others = f" and {more} other{'' if more == 1 else 's'}" if more > 0 else ""
    rules = f"{len(results)} {noun}{'' if len(results) == 1 else 's'}"
    yield from wrapped("", f"{rules} could not be judged {safe(cause)} ({names}{others})", width)


def _warnings(report: Report, width: int, paint: Painter) -> Iterator[str]:
    warned = _having(report, Verdict.WARNING)
    if warned:
        yield _heading("warnings: advice of the RFCs that is not followed", width, paint, Tone.WARNING)
    for result in warned:
        if result.finding is not None and result.finding.exchange.killed:  # what kills a server has to be seen
            yield from explain(result, report.target.url, width, paint)
        else:
            yield from summarise(result, width, paint)
    if warned:
        yield ""


def _inconclusive(report: Report, width: int, paint: Painter) -> Iterator[str]:
    unclear: dict[str, list[Result]] = {}
    for result in _having(report, Verdict.INCONCLUSIVE):
        unclear.setdefault(result.reason, []).append(result)
    if unclear:
        yield _heading("inconclusive: what came proves nothing either way", width, paint, Tone.WARNING)
    for reason, results in unclear.items():
        if len(results) <= NAMED:
            for result in results:
                yield from wrapped("", one_line(result), width)
        else:  # many with one cause are told once
            names = ", ".join(result.rule.id for result in results[:NAMED])
            text = f"{len(results)} rules: {safe(reason)} ({names} and {len(results) - NAMED} others)"
            yield from wrapped("", text, width)
    if unclear:
        yield ""


def _errors(report: Report, width: int, paint: Painter) -> Iterator[str]:
    errors = [result for result in report.results if result.verdict is Verdict.ERROR]
    if errors:
        yield _heading("ERRORS OF THE SUITE: not the server's fault, please report them", width, paint, Tone.BAD)
    for result in errors:
        yield paint(result.rule.id, Tone.BAD)
        yield from (f"  {safe(line)}" for line in result.reason.splitlines())
    if errors:
        yield ""


def _declared(report: Report, options: Options, width: int, paint: Painter) -> Iterator[str]:
    """Declared failures in brief, what is wrong with the declaration last, where it is seen."""
    headings = {
        Deviation.KNOWN: ("known failures: broken, as declared", Tone.WARNING),
        Deviation.UNCONFIRMED: ("known failures that could not be confirmed", Tone.WARNING),
        Deviation.GONE: ("UNEXPECTED PASSES: declared as broken, but kept", Tone.BAD),
    }
    for deviation, (heading, tone) in headings.items():
        results = [result for result in report.results if result.deviation is deviation]
        if results:
            yield _heading(heading, width, paint, tone)
            for result in results:
                yield from wrapped("", _declaration(result, options), width)
            yield ""


def _declaration(result: Result, options: Options) -> str:
    why = f" (declared: {safe(result.declared)})" if result.declared else ""
    match result.deviation:
        case Deviation.KNOWN:
            return one_line(result) + why
        case Deviation.GONE:
            return f"{result.rule.id}: {out_of_date(options)}{why}"
        case _:
            reason = f": {safe(result.reason)}" if result.reason else ""
            return f"{result.rule.id}: {result.verdict}{reason}{why}"


def _compared(report: Report, compared: Compared, width: int, paint: Painter) -> Iterator[str]:
    """Where the target and another server differ; whether one of them is wrong is told of each difference."""
    yield paint(f"Compared by {compared.played:,} generated requests in {compared.seconds:.1f} s", Tone.STRONG)
    every = {id: check.rule for id, check in CATALOGUE.items()}  # generated requests break rules that were not picked
    rules = every | {result.rule.id: result.rule for result in report.results}
    yield from differences.report(compared, report.target.url, rules, width, paint)
    yield ""


def _heading(text: str, width: int, paint: Painter, tone: Tone) -> str:
    return paint(f"--- {text} ".ljust(min(width, 100), "-"), tone)
