"""Configuration files for the tests: written, read, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server.config import ConfigError, Service
from reference_server.settings import Overrides, load

ROOT = '[[sites]]\nroot = "web"\n'
STAFF = b"# who\ncarl:x y\r\n\ndora:#1:2\n"


def read(folder: Path, text: str, overrides: Overrides | None = None) -> Service:
    """What a file of that text says; beside it are folders `web` and `other`, and a file of users `staff.txt`."""
    for name in ("web", "other"):
        (folder / name).mkdir(exist_ok=True)
    if not (folder / "staff.txt").exists():
        (folder / "staff.txt").write_bytes(STAFF)
    file = folder / "server.toml"
    file.write_text(text, "utf-8")
    return load(str(file), overrides)


def errors(folder: Path, text: str, overrides: Overrides | None = None) -> list[str]:
    """The messages, without the names of folders that only this test has."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text, overrides)
    lines = str(caught.value).replace(f"{folder}/", "").split("\n")
    assert (lines[0] == f"the configuration has {len(lines) - 1} errors:") == (len(lines) > 1)
    return lines[1:] or lines
