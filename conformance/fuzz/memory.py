"""The memory: failing examples are kept in a file, to be played first the next time.

The file is JSON that people can read: under each target, the mutation and the pieces of every request, octets as the
characters of ISO-8859-1. The server's address stands in it as ``{authority}``, because the port may be another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request

PLACE = "{authority}"
PIECES = {kind.__name__: kind for kind in (Request, FieldLine, Chunked, Chunk)}


class Memory:
    """The failing examples of one target in ``file``; others in it are left as they are. Raises UsageError."""

    def __init__(self, file: Path, target: str) -> None:
        self.file = file
        self.target = target
        self._all = _read(file)

    def recall(self, ground: Ground, mutations: Mapping[str, Mutation]) -> list[Example]:
        """The examples that failed last time, for the server as it is now; unknown mutations are passed over."""
        kept = self._all.get(self.target, [])
        try:
            known = [entry for entry in kept if entry["mutation"] in mutations]
            return [_example(entry, ground, mutations[entry["mutation"]]) for entry in known]
        except (KeyError, TypeError) as error:
            raise UsageError(f"{self.file} is damaged ({error!r}): remove it or name another") from error

    def keep(self, examples: Iterable[Example], ground: Ground) -> None:
        """Write down ``examples`` as all that fails now; nothing is written where nothing is to be changed."""
        entries = [_entry(example, ground) for example in examples]
        if entries == self._all.get(self.target, []):
            return
        self._all.pop(self.target, None)
        if entries:
            self._all[self.target] = entries
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(json.dumps(self._all, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise UsageError(f"the fuzz's failures cannot be kept in {self.file}: {error.strerror}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} does not hold failures of the fuzz ({error}): remove it or name another") from error
    if not isinstance(found, dict) or not all(isinstance(entries, list) for entries in found.values()):
        raise UsageError(f"{file} does not hold failures of the fuzz: remove it or name another")
    return found


def _entry(example: Example, ground: Ground) -> dict[str, Any]:
    authority = ground.authority.decode("latin-1")
    return {
        "mutation": example.mutation.name,
        "rule": example.mutation.rule,
        "request": _written(example.request, authority),
        "plain": _written(example.plain, authority),
        "before": _written(example.before, authority),
        "after": _written(example.after, authority),
        "cuts": list(example.cuts),
        "pauses": example.pauses,
    }


def _example(entry: Mapping[str, Any], ground: Ground, mutation: Mutation) -> Example:
    authority = ground.authority.decode("latin-1")
    request, plain, before, after = (_made(entry[key], authority) for key in ("request", "plain", "before", "after"))
    return Example(mutation, request, plain, before, after, tuple(entry["cuts"]), entry["pauses"])


def _written(piece: Any, authority: str) -> Any:
    if isinstance(piece, bytes):
        return piece.decode("latin-1").replace(authority, PLACE)
    if isinstance(piece, tuple):
        return [_written(each, authority) for each in piece]
    written = {field.name: _written(getattr(piece, field.name), authority) for field in fields(piece)}
    return {"is": type(piece).__name__} | written


def _made(written: Any, authority: str) -> Any:
    if isinstance(written, str):
        return written.replace(PLACE, authority).encode("latin-1")
    if isinstance(written, list):
        return tuple(_made(each, authority) for each in written)
    if isinstance(written, dict):
        kind = PIECES[written["is"]]
        return kind(**{name: _made(value, authority) for name, value in written.items() if name != "is"})
    return written
