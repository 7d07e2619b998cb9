"""What is wrong with a configuration, and where: collected, so that its author learns everything at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reference_server.config import ConfigError
from reference_server.settings.kinds import Path, quoted
from reference_server.settings.positions import Lines


def shown_path(path: Path) -> str:
    """`sites[0].programs`."""
    parts = (f"[{part}]" if isinstance(part, int) else "." + shown_key(part) for part in path)
    return "".join(parts).removeprefix(".")


def shown_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else quoted(key)


@dataclass(slots=True)
class Problems:
    """`file` is the name of the configuration file; `options` are the values that came from the command line."""

    file: str = ""
    lines: Lines = field(default_factory=dict)
    options: dict[Path, str] = field(default_factory=dict)
    paths: set[Path] = field(default_factory=set)
    messages: list[tuple[int, str]] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        self.paths.add(path)
        self.messages.append((self.line_of(path), f"{self.where(path)}: {message}"))

    def add_line(self, file: str, line: int, message: str) -> None:
        """A problem in another file than the configuration itself."""
        self.elsewhere.append(f"{file}:{line}: {message}")

    def spoil(self, *paths: Path) -> bool:
        """Whether something is wrong at one of these paths, or below: what is there means nothing then."""
        return any(wrong[: len(path)] == path for wrong in self.paths for path in paths)

    def raise_if_any(self) -> None:
        texts = [message for _, message in sorted(self.messages, key=lambda each: each[0])] + self.elsewhere
        if len(texts) > 1:
            texts.insert(0, f"the configuration has {len(texts)} errors:")
        if texts:
            raise ConfigError("\n".join(texts))

    def where(self, path: Path) -> str:
        """The option, or file, line and key."""
        option = self.option_of(path)
        if option is not None:
            return option
        place = f"{self.file}:{self.line_of(path)}" if self.file else "command line"
        return f"{place}: {shown_path(path)}" if path else place

    def option_of(self, path: Path) -> str | None:
        return next((self.options[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.options), None)

    def line_of(self, path: Path) -> int:
        """Its own line, or that of what it is missing in; options come first."""
        if self.option_of(path) is not None:
            return 0
        return next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), 1)
