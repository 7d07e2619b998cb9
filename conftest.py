"""Wires the suite's pytest plugin; where the user names no server, the reference server of this checkout is judged."""

from __future__ import annotations

import shlex
import sys

import pytest

pytest_plugins = ["conformance.plugin"]


@pytest.hookimpl(optionalhook=True)
def pytest_conformance_target() -> dict[str, str]:
    """The embedded reference server, on a copy of the bundled document root with everything in it."""
    python = shlex.quote(sys.executable)
    return {"server_command": f"{python} -m reference_server {{root}} --port {{port}}"}
