"""Running the clients of others: each test names the tool that it needs, and is skipped where that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reference_server import SiteSettings
from reference_server.config import ProtectedFolder, Scheme
from reference_server.tests.conftest import ECHO

# Only a fault makes a tool take so long.
PATIENCE = 120.0
LARGE = "".join(f"line {number} of a text that compresses well\n" for number in range(4000)).encode()
USERS = (("reader", "secret"),)


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(tool: str, *arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """The tool's outcome; no proxy, and no settings of the user who runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [tool, *arguments], input=stdin, capture_output=True, timeout=PATIENCE, check=False, cwd=cwd, env=environment
    )


def make_site(parent: Path) -> SiteSettings:
    root = parent / "site"
    for folder in ("folder", "up", "basic", "digest"):
        (root / folder).mkdir(parents=True)
    (parent / "secret.txt").write_bytes(b"outside of the root")
    for name in ("file.txt", "basic/file.txt", "digest/file.txt", "folder/a b.txt", "folder/two.txt"):
        (root / name).write_bytes(b"0123456789")
    (root / "large.txt").write_bytes(LARGE)
    (root / "echo.py").write_text(ECHO)
    return SiteSettings(
        str(root),
        writable=("/up/",),
        protected=(
            ProtectedFolder("/basic/", "by basic", Scheme.BASIC, USERS),
            ProtectedFolder("/digest/", "by digest", Scheme.DIGEST, USERS),
        ),
    )
