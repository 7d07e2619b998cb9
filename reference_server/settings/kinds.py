"""The kinds of values that settings have: read from TOML, parsed from an option's text, shown as TOML.

A value that does not fit raises `Unfit`, which says in the words of the file's author what it must be; where it
stands is the reader's business.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from reference_server.config import Address
from reference_server.settings import texts

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value in a document: keys of tables, indices of arrays."""

HIDDEN = "…"
"""Stands for a password where settings are shown."""

LONGEST_SHOWN = 60


class Unfit(ValueError):
    """Where (below the value) and how it does not fit."""

    def __init__(self, message: str, *faults: tuple[Path, str]) -> None:
        self.faults = faults or (((), message),)
        super().__init__(message)


def quoted(text: str) -> str:
    """As a basic string of TOML; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def seen(value: object) -> str:
    """What somebody wrote, for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if not isinstance(value, str):
        return str(value)
    return quoted(value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…")


class Kind(ABC):
    """`word` is what stands for the value where options are explained."""

    word = "VALUE"

    @abstractmethod
    def read(self, value: object) -> Any:
        """The value that was meant; raises Unfit with what is wrong with it."""

    def parse(self, text: str) -> Any:
        return self.read(text)

    def show(self, value: Any) -> str:
        return quoted(value)


class Flag(Kind):
    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit(f"must be true or false, not {seen(value)}")
        return value

    def show(self, value: bool) -> str:
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number of a range."""

    least: int
    most: int
    word = "N"

    def read(self, value: object) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise Unfit(f"must be a whole number from {self.least} to {self.most}, not {seen(value)}")
        return value

    def parse(self, text: str) -> int:
        return self.read(int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else text)

    def show(self, value: int) -> str:
        return str(value)


class Seconds(Kind):
    word = "SECONDS"
    most = 86_400

    def read(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= self.most:
            raise Unfit(f"must be a number of seconds above 0 and up to {self.most}, not {seen(value)}")
        return float(value)

    def parse(self, text: str) -> float:
        try:
            return self.read(float(text))
        except ValueError:
            raise Unfit(f"must be a number of seconds above 0 and up to {self.most}, not {seen(text)}") from None

    def show(self, value: float) -> str:
        return repr(value)


@dataclass(frozen=True, slots=True)
class Text(Kind):
    rule: texts.Rule
    word: str = "TEXT"

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise Unfit(f"must be a text in quotes, not {seen(value)}")
        wrong = self.rule(value)
        if wrong is not None:
            raise Unfit(f"{wrong}, not {seen(value)}" if wrong.startswith("must be") else f"{seen(value)} {wrong}")
        return value


class Folder(Text):
    """A folder that exists.  What is a path on disk is relative to the file that names it."""


class LogFile(Text):
    """A file that can be made, or `-`."""


class UsersFile(Text):
    """A file of names and passwords."""


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few values, by what is written for it."""

    values: Mapping[str | int, object]
    word = "CHOICE"

    def read(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in self.values:
            raise Unfit(f"must be {' or '.join(map(seen, self.values))}, not {seen(value)}")
        return self.values[value]

    def show(self, value: object) -> str:
        return seen(next(written for written, meant in self.values.items() if meant == value))


class ListenAddress(Kind):
    """`host:port`, an IPv6 address in brackets."""

    word = "HOST:PORT"
    port = Whole(0, 65535)

    def read(self, value: object) -> Address:
        host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
        if not colon or (":" in host) != (host[:1] + host[-1:] == "[]"):
            raise Unfit(f'must be "host:port" or "[IPv6 address]:port", not {seen(value)}')
        host = host.strip("[]")
        wrong = texts.listen_host(host)
        if wrong is not None:
            raise Unfit(f"its host {wrong}, not {seen(host)}")
        try:
            return Address(host, self.port.parse(port))
        except Unfit as fault:
            raise Unfit(f"its port {fault}") from None

    def show(self, value: Address) -> str:
        return quoted(f"[{value.host}]:{value.port}" if ":" in value.host else f"{value.host}:{value.port}")


@dataclass(frozen=True, slots=True)
class ListOf(Kind):
    """Several different values of one kind."""

    item: Kind
    least: int = 0

    def read(self, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Unfit(f"must be a list in brackets, not {seen(value)}")
        if len(value) < self.least:
            raise Unfit("must not be an empty list")
        read: list[Any] = []
        faults: list[tuple[Path, str]] = []
        for index, each in enumerate(value):
            try:
                fitting = self.item.read(each)
            except Unfit as fault:
                faults += [((index, *path), message) for path, message in fault.faults]
                continue
            if fitting in read:
                faults.append(((index,), f"{seen(each)} is in the list already"))
            read.append(fitting)
        if faults:
            raise Unfit("", *faults)
        return tuple(read)

    def show(self, value: Sequence[Any]) -> str:
        return f"[{', '.join(map(self.item.show, value))}]"


class Users(Kind):
    """A table from names to passwords.  No message and no output holds a password."""

    def read(self, value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            raise Unfit('must be a table like { ann = "password" }')
        faults = [((name,), wrong) for name, password in value.items() if (wrong := wrong_user(name, password))]
        if faults:
            raise Unfit("", *faults)
        return tuple(value.items())

    def show(self, value: Sequence[tuple[str, str]]) -> str:
        return f"{{ {', '.join(f'{quoted(name)} = {quoted(HIDDEN)}' for name, _ in value)} }}"


def wrong_user(name: str, password: object) -> str | None:
    """What is wrong with a name and its password, without the password's text."""
    wrong = texts.user_name(name)
    if wrong is not None:
        return f"a user's name {wrong}"
    if password == HIDDEN:
        return f"{HIDDEN} only stands for a password that is not shown; write the password, or name a users_file"
    wrong = texts.plain(password) if isinstance(password, str) else "must be a text in quotes"
    return None if wrong is None else f"a password {wrong}"
