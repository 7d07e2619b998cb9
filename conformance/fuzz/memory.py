"""The memory: failing examples and scripts are kept in a file, to be played first the next time.

The file is JSON that people can read: under each target, the mutation and the pieces of every request, octets as the
characters of ISO-8859-1. The server's address stands in it as ``{authority}``, because the port may be another one.
Of a script, the steps stand there with the names of their requests, which depend on the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.fuzz.example import Example, Ground, Mutation
from conformance.fuzz.machines.repertoire import Repertoire
from conformance.fuzz.machines.scene import Scene
from conformance.fuzz.machines.script import ASKING, Script, Step, Verb
from conformance.fuzz.message import Chunk, Chunked, FieldLine, Request
from conformance.options import KEPT

PLACE = "{authority}"
PIECES = {kind.__name__: kind for kind in (Request, FieldLine, Chunked, Chunk)}


class Memory:
    """What failed of one target, in ``file``; that of others is left as it is. Raises UsageError."""

    def __init__(self, file: Path, target: str) -> None:
        self.file = file
        self.target = target
        self._all = _read(file)

    @property
    def _kept(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = self._all.get(self.target, [])
        return kept

    @property
    def has_scripts(self) -> bool:
        """Whether there are any scripts among it."""
        return any("script" in entry for entry in self._kept)

    def recall(self, ground: Ground, mutations: Mapping[str, Mutation]) -> list[Example]:
        """The examples that failed last time, for the server as it is now; unknown mutations are passed over."""
        known = [entry for entry in self._kept if entry.get("mutation") in mutations]
        with self._undamaged():
            return [_example(entry, ground, mutations[entry["mutation"]]) for entry in known]

    def scripts(self, repertoire: Repertoire) -> list[tuple[str, Script]]:
        """The scripts that failed last time, with their rules; those of requests that are unknown are passed over."""
        numbers = {piece.name: number for number, piece in enumerate(repertoire.pieces)}
        with self._undamaged():
            kept = [(entry["rule"], entry["script"]) for entry in self._kept if "script" in entry]
            known = [(rule, steps) for rule, steps in kept if numbers.keys() >= _names(steps)]
            return [(rule, tuple(_step(step, numbers) for step in steps)) for rule, steps in known]

    def keep(
        self,
        caught: Iterable[tuple[str, Example]],
        ground: Ground,
        tried: Callable[[str], bool] = lambda _: True,
        scenes: Iterable[Scene] = (),
        replayed: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Write down what was ``caught``, each example under the rule that it breaks, as all that fails now.

        What broke a rule that was not ``tried`` this time stays, and so does a script whose rule was not ``replayed``.
        Where nothing changes, nothing is written.
        """
        entries = [_entry(rule, example, ground) for rule, example in caught]
        entries += [_scene(scene) for scene in scenes]
        before = self._kept
        over = {True: replayed, False: tried}
        stays = (entry for entry in before if not over["script" in entry](entry["rule"]))
        entries += [entry for entry in stays if entry not in entries]
        if entries == before:
            return
        self._all = {target: kept for target, kept in _read(self.file).items() if target != self.target}
        if entries:
            self._all[self.target] = entries
        self._write()

    def _write(self) -> None:
        try:
            _make_folder(self.file.parent)
            part = self.file.with_name(f"{self.file.name}.part")
            part.write_text(json.dumps(self._all, indent=1) + "\n", "utf-8")
            part.replace(self.file)
        except OSError as error:
            raise UsageError(f"the fuzz's failures cannot be kept in {self.file}: {error.strerror}") from error

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """What cannot be read is the file's fault."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"fuzz failures: {self.file} is damaged ({error!r}): remove it") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"fuzz failures: {file} cannot be read ({error.strerror}): name a file") from error
    except ValueError as error:
        raise UsageError(f"fuzz failures: {file} does not hold any ({error}): remove it or name another") from error
    if not isinstance(found, dict) or not all(map(_sound, found.values())):
        raise UsageError(f"fuzz failures: {file} does not hold any: remove it or name another")
    return found


def _sound(entries: object) -> bool:
    """Whether these may be the failures of a target, as far as can be told without its server."""
    return isinstance(entries, list) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("rule"), str)
        and (isinstance(entry.get("mutation"), str) or isinstance(entry.get("script"), list))
        for entry in entries
    )


def _make_folder(folder: Path) -> None:
    """Our own folder is kept out of version control, as pytest keeps its cache; another one is the user's."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if new and folder.name == Path(KEPT).parent.name:
        (folder / ".gitignore").write_text("# made by the conformance suite\n*\n", "utf-8")


def _entry(rule: str, example: Example, ground: Ground) -> dict[str, Any]:
    authority = ground.authority.decode("latin-1")
    return {
        "mutation": example.mutation.name,
        "rule": rule,
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


def _scene(scene: Scene) -> dict[str, Any]:
    pieces = scene.repertoire.pieces
    script = []
    for step in scene.script:
        whole = {"line": step.line, "pieces": [pieces[number].name for number in step.pieces], "cut": step.cut}
        script.append({"verb": str(step.verb)} | {name: value for name, value in whole.items() if value})
    return {"rule": scene.breach.rule, "script": script}


def _names(steps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Those of all requests that are made."""
    return {name for step in steps for name in step.get("pieces", ())}


def _step(written: Mapping[str, Any], numbers: Mapping[str, int]) -> Step:
    verb, pieces = Verb(written["verb"]), tuple(numbers[name] for name in written.get("pieces", ()))
    if verb in ASKING and not pieces:
        raise ValueError(f"{verb} what?")
    return Step(verb, str(written.get("line", "")), pieces, int(written.get("cut", 0)))


def _written(piece: Any, authority: str) -> Any:
    if isinstance(piece, bytes):
        return piece.decode("latin-1").replace(authority, PLACE)
    if piece is None:  # a chunk whose size is the true one
        return None
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
