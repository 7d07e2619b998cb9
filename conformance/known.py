"""Known failures: the file in which a user declares which rules the server breaks, so that only news fails a run.

One rule id a line; what follows ``#`` is the reason, and a line of nothing but that is a comment::

    status-line.crlf    # ends lines in LF; ticket 17
    date.present

It is read strictly, because a line that is not understood would excuse nothing and tell nobody. Ids are exact: a
pattern would excuse rules that nobody has looked at. What a declaration does to a result is said in
:mod:`conformance.verdict`, what it does to the exit code in :mod:`conformance.report.record`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from conformance.errors import UsageError
from conformance.report.catalogue import near
from conformance.report.visible import safe


def read_known(file: Path, ids: Collection[str]) -> Mapping[str, str]:
    """The declared rules with their reasons, which may be empty; ``ids`` are all rules that there are.

    Raises UsageError, which names file and line.
    """
    return parse_known(_text(file), str(file), ids)


def parse_known(text: str, name: str, ids: Collection[str]) -> Mapping[str, str]:
    """The same for the text of a file that is called ``name``."""
    reasons: dict[str, str] = {}
    first: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        id, _, reason = (part.strip() for part in line.partition("#"))
        if not id:
            continue
        complaint = _complaint(id, ids, first)
        if complaint:
            raise UsageError(f"known failures: {safe(name)}:{number}: {complaint}")
        first[id] = number
        reasons[id] = reason
    return reasons


def _complaint(id: str, ids: Collection[str], first: Mapping[str, int]) -> str:
    """What is wrong with a line; empty if nothing is."""
    if id in first:
        return f"{id} is named already in line {first[id]}"
    if id in ids:
        return ""
    if len(id.split()) > 1:
        return f"{safe(id)!r} is more than a rule id: one rule a line, and the reason after #"
    similar = near(id, ids)
    meant = f"did you mean {', '.join(similar)}?" if similar else "`python -m conformance rules` lists them all"
    return f"no rule {safe(id)!r}; {meant}"


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"known failures: {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"known failures: {file} is no text in UTF-8") from error
