"""A conformance suite for HTTP/1.1 origin servers (RFC 2616, 9110, 9112, 3875).

The path of a run, one direction: a :mod:`rule <conformance.rule>` asks through its :mod:`check <conformance.check>` for
:mod:`probes <conformance.probe>`; the :mod:`wire <conformance.wire>` plays each once and writes down an
:mod:`exchange <conformance.exchange>`; the :mod:`reader <conformance.reading>` recovers what was meant; the check
returns a judgement; the :mod:`session <conformance.session>` turns judgements into results and a report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.report.record import Report
    from conformance.verdict import Result

__all__ = ["__version__", "run"]
__version__ = "0.1.0"


def run(
    server_url: str | None = None,
    *,
    server_command: str | None = None,
    web_root: str | Path | None = None,
    step: int | None = None,
    level: str = "must",
    spec: str = "both",
    rules: Sequence[str] = (),
    report: str | Path | None = None,
    evidence: str | Path | None = None,
    known_failures: str | Path | None = None,
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    credentials: tuple[str, str] | None = None,
    virtual_host: str | None = None,
    patience: float = 5.0,
    fuzz: int = 300,
    fuzz_seed: str = "0",
    fuzz_time: float | None = None,
    fuzz_failures: str | Path | None = None,
    on_result: Callable[[Result], None] | None = None,
) -> Report:
    """Judge the server at ``server_url``, or the one that ``server_command`` starts, and return the report.

    The parameters are the options of the command line; ``patience`` is in seconds, ``report`` a folder, ``evidence``
    and ``known_failures`` are files, ``credentials`` user and password. ``on_result`` is called after each rule, and
    again if one of the ``fuzz`` generated requests shows it to be broken after all. Raises
    :class:`conformance.errors.UsageError` and :class:`conformance.errors.UnreachableError`.
    """
    from conformance.options import Options, server_address
    from conformance.report.live import LiveReport
    from conformance.report.record import exit_code
    from conformance.rule import Level, Spec
    from conformance.session import Session

    options = Options(
        server_url=server_address(server_url) if server_url is not None else None,
        server_command=server_command,
        web_root=Path(web_root) if web_root is not None else None,
        step=step,
        level=Level(level.upper()),
        spec=Spec(spec),
        rules=tuple(rules),
        report=Path(report) if report is not None else None,
        evidence=Path(evidence) if evidence is not None else None,
        known_failures=Path(known_failures) if known_failures is not None else None,
        assume=tuple(assume),
        without=tuple(without),
        credentials=credentials,
        virtual_host=virtual_host,
        patience=patience,
        fuzz=fuzz,
        fuzz_seed=str(fuzz_seed),
        fuzz_time=fuzz_time,
        fuzz_failures=Path(fuzz_failures) if fuzz_failures is not None else None,
    )
    session = Session(options)
    live = LiveReport(options, session.report)
    with session:
        for result in chain(map(session.judge, session.checks), session.fuzz()):
            live.update()
            if on_result is not None:
                on_result(result)
        final = session.report()
    live.finish(exit_code(final), final)
    return final
