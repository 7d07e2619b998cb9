"""The line of every key, in documents that do their best to mislead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.settings.kinds import Path, quoted
from reference_server.settings.positions import positions

# Each number is the line on which it stands.
TRICKY = """\
one = 1  # [sites] x = 9
"two.parts" = 2
'three' . "fo\\u0075r"."" = 3

text = \"\"\"
[table]
key = 9 \\"\"\" still
\"\"\"\"\"
after = 9
literal = '''
[[table]]
[still]
'key' = 9'''''
then = 14
list = [ 15, # ] ,
  16,
  [[17], {a = 17, "b]" = [17,
  18], c.d = 18 }, "]",
  19 , ]
]
empty = [ ] # nothing
quotes = [ "'", '"', "\\\\", "#", 22, ''
, 23]
when = 1979-05-27 07:32:00 # = 9
[ a . "b" ] # [c]
x = 26
[a]
x = 28
[[sites]]
n = 30
[[ sites . rules ]]
n = 32
[[sites.rules]]
n = 34
[sites.rules.more]
n = 36
[[sites]]
n = 38
[[sites.rules]]
n = 40
pair = { inner = 41, deep = { n = 41 } }"""


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every path, with what is there."""
    yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in parts:
        yield from leaves(below, (*path, key))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_nothing_misleads(end: str) -> None:
    document = tomllib.loads(TRICKY)
    lines = positions(TRICKY.replace("\n", end))
    assert set(lines) == {path for path, _ in leaves(document)}
    numbers = {path: value for path, value in leaves(document) if type(value) is int}
    assert {path: lines[path] for path in numbers} == numbers
    assert len(numbers) == 25


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("three", "four"), 3),
        (("text",), 5),
        (("list", 2), 17),
        (("a", "b"), 25),
        (("a",), 27),
        (("sites",), 29),
        (("sites", 0), 29),
        (("sites", 0, "rules", 1), 33),
        (("sites", 0, "rules", 1, "more"), 35),
        (("sites", 1), 37),
        (("sites", 1, "rules"), 39),
    ],
)
def test_where_tables_stand(path: Path, line: int) -> None:
    assert positions(TRICKY)[path] == line


KEYS = st.text(st.sampled_from("ab.\"'#=[]{} \n\\ü"), max_size=4)
PIECES = st.sampled_from(["", '"', '""', "'", "''", "a", "#=", "[", "]", "{", "}", ",", "\n", "\\", " "])
STRINGS = st.lists(PIECES, min_size=1, max_size=5).map("".join)
NUMBERS = st.just(0)
VALUES = st.recursive(
    NUMBERS | STRINGS | STRINGS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)
TABLES: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=3),
    lambda below: st.dictionaries(KEYS, VALUES | below | st.lists(below, min_size=1, max_size=3), max_size=3),
    max_leaves=6,
)


class Writer:
    """Writes a document in drawn spellings; every number becomes the line on which it is written."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw
        self.text = ""

    def choose(self, *choices: str) -> str:
        return self.draw.draw(st.sampled_from(choices))

    def key(self, key: str) -> str:
        plain = all(c.isalnum() and c.isascii() for c in key) and key
        literal = not set(key) & {"'", "\n"}
        return self.choose(quoted(key), f"'{key}'" if literal else quoted(key), key if plain else quoted(key))

    def table(self, table: dict[str, Any], path: tuple[str, ...] = ()) -> None:
        """Simple pairs first; tables and arrays of tables may follow under headers."""
        below: list[tuple[str, Any]] = []
        for key, value in table.items():
            headed = is_table_like(value) and self.choose("header", "inline") == "header"
            if headed:
                below.append((key, value))
                continue
            self.text += self.choose("", "\n", "# [x] y = 1\n", "  ") + self.key(key) + self.choose("=", " =\t")
            self.value(value)
            self.text += self.choose("\n", " # \"''' = {[\n", "\n\n")
        for key, value in below:
            for each in value if isinstance(value, list) else [value]:
                brackets = "[[ ]]" if isinstance(value, list) else "[ ]"
                left, right = brackets.split()
                name = self.choose(".", " . ").join(map(self.key, (*path, key)))
                self.text += f"{left}{name} {right}\n"
                self.table(each, (*path, key))

    def value(self, value: object) -> None:
        if isinstance(value, str):
            self.text += self.string(value)
        elif isinstance(value, list):
            self.sequence("[", value, "]")
        elif isinstance(value, dict):
            self.text += "{"
            for index, (key, below) in enumerate(value.items()):
                self.text += ", " * (index > 0) + self.key(key) + " = "
                self.value(below)
            self.text += "}"
        else:
            self.text += str(self.text.count("\n") + 1)

    def sequence(self, left: str, values: list[Any], right: str) -> None:
        self.text += left
        for index, each in enumerate(values):
            self.text += "," * (index > 0) + self.choose("", "\n", " # ],\n")
            self.value(each)
        self.text += self.choose("", "\n") + right

    def string(self, text: str) -> str:
        """In every spelling that can say it, with as many bare quotes as are allowed."""
        spellings = [quoted(text)]
        bare = quoted(text)[1:-1].replace("\\n", "\n").replace('\\"', '"')
        if '"""' not in bare:
            spellings.append(f'"""\n{bare}"""')
        if "'''" not in text:
            spellings.append(f"'''\n{text}'''")
        return self.choose(*spellings)


def is_table_like(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
    )


@given(st.data(), TABLES)
@settings(max_examples=150, deadline=None)
def test_any_document(data: st.DataObject, table: dict[str, Any]) -> None:
    writer = Writer(data)
    writer.table(table)
    document = tomllib.loads(writer.text)
    lines = positions(writer.text)
    assert set(lines) == {path for path, _ in leaves(document)}
    for path, value in leaves(document):
        if type(value) is int:
            assert lines[path] == value
