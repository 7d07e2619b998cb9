"""On which line of a TOML document each key and each element of an array stands.

Not a parser: `tomllib` has accepted the document before, so that here every value may be skipped by its outline.  What
could mislead a search for names is followed exactly: strings of all four kinds, arrays and inline tables over several
lines, comments, dotted and quoted keys, and the tables that a header stands for.
"""

from __future__ import annotations

import re
import tomllib

from reference_server.settings.kinds import Path

Lines = dict[Path, int]

BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
KEY_PART = re.compile(r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'''
    r"""|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}"""
    r"""|"(?:[^"\\]|\\.)*"|'[^']*'""",
    re.DOTALL,
)
BARE = re.compile(r"[^,\]}#\n]*")


def positions(text: str) -> Lines:
    """The line, counted from 1, of each path in a document that is known to be good."""
    finder = Finder(text.replace("\r\n", "\n"))
    finder.document()
    return finder.lines


class Finder:
    """Walks through the text once; `at` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: Lines = {(): 1}
        self._counted = (0, 1)
        self._elements: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.skip(BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(BLANK)

    def header(self) -> Path:
        """`[a.b]`, or `[[a.b]]`, which begins another element; on the way each array stands for its last element."""
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        line = self.line()
        self.at += brackets
        *outer, last = self.key()
        self.at += brackets
        path: Path = ()
        for part in outer:
            path = self.last_element((*path, part))
            self.lines.setdefault(path, line)
        path = (*path, last)
        if brackets == 2:
            self._elements[path] = self._elements.get(path, -1) + 1
            self.lines.setdefault(path, line)
            path = self.last_element(path)
        self.lines[path] = line
        return path

    def last_element(self, path: Path) -> Path:
        return (*path, self._elements[path]) if path in self._elements else path

    def pair(self, table: Path) -> None:
        line = self.line()
        path = table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.at += 1
        self.skip(BLANK)
        self.value(path)

    def key(self) -> list[str]:
        """Dotted parts, quoted ones in the words of tomllib."""
        parts: list[str] = []
        while not parts or self.text[self.at] == ".":
            self.at += bool(parts)
            found = KEY_PART.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            parts.append(next(iter(tomllib.loads(f"{found[1]} = 0"))))
        return parts

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        else:
            self.skip(STRING if first in "\"'" else BARE)

    def array(self, path: Path) -> None:
        self.at += 1
        self.skip(BLANK)
        index = 0
        while self.text[self.at] != "]":
            self.lines[(*path, index)] = self.line()
            self.value((*path, index))
            self.next_item()
            index += 1
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self.next_item()
        self.at += 1

    def next_item(self) -> None:
        self.skip(BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(BLANK)

    def skip(self, outline: re.Pattern[str]) -> None:
        found = outline.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def line(self) -> int:
        """The line of the next character; counts on from the last one asked for."""
        at, line = self._counted
        self._counted = (self.at, line + self.text.count("\n", at, self.at))
        return self._counted[1]
