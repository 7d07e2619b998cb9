"""An application that has nothing: granian wants one, though it serves the folder itself and before asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def app(_environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return ()
