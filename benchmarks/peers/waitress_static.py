"""WhiteNoise under waitress, which sends files by its own `wsgi.file_wrapper`: `python waitress_static.py FOLDER PORT`.

Waitress has no access log.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from whitenoise import WhiteNoise


def nothing(
    _environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return ()


if __name__ == "__main__":
    app = WhiteNoise(nothing, root=sys.argv[1])
    # Its default, select(), cannot watch the descriptors above 1023 that a thousand connections need.
    many = {"connection_limit": 2000, "asyncore_use_poll": True}
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[2]), **many)
