"""The report on disk during a run: a valid file from the first moment, whatever becomes of the run.

This is the only module of the reports that writes. Each version replaces the former in one step, so that a
reader never sees half a file.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from conformance.errors import UsageError
from conformance.options import Options
from conformance.report.document import document
from conformance.report.record import Report

FILE_NAME = "report.json"
INTERVAL = 0.5


class LiveReport:
    """``report.json`` in the folder that the options name; does nothing if they name none.

    ``take`` gives the report as far as it is known. The first version is written at once.
    """

    def __init__(self, options: Options, take: Callable[[], Report]) -> None:
        self._options = options
        self._take = take
        self._written = 0.0
        self._last = take()
        if options.report is not None:
            _make_folder(options.report)
        self._write(None)

    def update(self) -> None:
        """Write what is known by now, unless that was done a moment ago."""
        if self._options.report is not None and time.monotonic() - self._written >= INTERVAL:
            self._last = self._take()
            self._write(None)

    def finish(self, code: int, report: Report | None = None) -> None:
        """Write the last version, with the exit code of the run.

        Without ``report`` the run has broken off, and what was known last is what there is.
        """
        self._last = report or self._last
        self._write(code)

    def _write(self, code: int | None) -> None:
        folder = self._options.report
        if folder is None:
            return
        text = json.dumps(document(self._last, self._options, code), indent=1)
        try:
            _replace(folder / FILE_NAME, text + "\n")
        except OSError as error:
            raise UsageError(f"the report cannot be written to {folder}: {error.strerror}") from error
        self._written = time.monotonic()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"report: {folder}: no folder can be made there ({error.strerror})") from error


def _replace(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's own, which can only be asked for by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
