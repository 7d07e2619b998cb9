"""A TOML file as tables, with the line of each key; whatever keeps it from being read is told with file and line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from reference_server.config import ConfigError
from reference_server.settings.positions import Lines, positions


def read(file: str) -> tuple[dict[str, Any], Lines]:
    text = decoded(file)
    try:
        return tomllib.loads(text), positions(text)
    except RecursionError:
        raise ConfigError(f"{file}:1: is nested too deeply") from None
    except ValueError as error:
        message, line = located(str(error), text)
        raise ConfigError(f"{file}:{line}: {message}") from None


def content(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None


def decoded(file: str) -> str:
    octets = content(file)
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: must be UTF-8") from None


def located(message: str, text: str) -> tuple[str, int]:
    """tomllib's message and its line, which it tells in words only."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    if found is None:
        return message, 1
    if found[2] is None:
        return f"{found[1]} at the end of the file", text.rstrip("\n").count("\n") + 1
    return f"{found[1]} at column {found[3]}", int(found[2])
