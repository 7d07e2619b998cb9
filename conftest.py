"""Wires the suite's pytest plugin; where the user names no server, the reference server of this checkout is judged."""

from __future__ import annotations

import sys

import pytest

from fixtures import everything

# An installed suite has loaded its plugin already. Naming it once more would do nothing here, but pytest refuses to
# collect from a folder whose conftest names plugins when it was started in another one.
if "conformance.plugin" not in sys.modules:
    pytest_plugins = ["conformance.plugin"]


@pytest.hookimpl(optionalhook=True)
def pytest_conformance_target() -> dict[str, str]:
    """The embedded reference server with all that it can do, on a copy of the bundled document root."""
    return {
        "server_command": everything.command(),
        "credentials": ":".join(everything.CREDENTIALS),
        "virtual_host": everything.VIRTUAL_HOST,
    }
