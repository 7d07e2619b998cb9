"""Fixtures: a document root, and servers that run in threads of the test process."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reference_server import Config, Server, SiteSettings
from reference_server.tests.wire import PATIENCE

StartServer = Callable[..., Server]

ECHO = """
import json, os, sys
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
seen = {"environment": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd()}
seen["body"] = body.decode("latin-1")
print("Content-Type: application/json\\n")
print(json.dumps(seen))
"""

# Prints what the query says, percent-decoded and without a last equals sign: all of the output, head included.
SAY = """
import os, sys, urllib.parse
sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(os.environ["QUERY_STRING"].removesuffix("=").replace("+", " ")))
"""


@pytest.fixture(scope="session")
def site_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that no test may change."""
    root = tmp_path_factory.mktemp("site")
    (root / "file.txt").write_bytes(b"0123456789")
    (root / "page.html").write_text("<!DOCTYPE html><title>\u00fc</title>\n", "utf-8")
    (root / "latin.txt").write_bytes(b"caf\xe9\n")
    (root / "empty.txt").write_bytes(b"")
    (root / "all.bin").write_bytes(bytes(range(256)) * 3)
    (root / "large.bin").write_bytes(bytes(range(251)) * 12_000)
    (root / "large.txt").write_bytes("gr\u00fc\u00df\n".encode() * 20_000)
    (root / "image.PNG").write_bytes(b"\x89PNG\r\n\x1a\n")
    (root / ".hidden").write_bytes(b"hidden")
    (root / "folder").mkdir()
    (root / "folder" / "inner.txt").write_bytes(b"inner\n")
    (root / "with space").mkdir()
    (root / "echo.py").write_text(ECHO)
    (root / "say.py").write_text(SAY)
    (root / "folder" / "echo.py").write_text(ECHO)
    return root


@pytest.fixture(scope="session")
def start_server() -> Iterator[StartServer]:
    """Start a server in a thread; all are stopped at the end, and have to stop."""
    started: list[tuple[Server, threading.Thread]] = []

    def start(
        root: Path | SiteSettings | list[SiteSettings], config: Config | None = None, log: io.BytesIO | None = None
    ) -> Server:
        sites = str(root) if isinstance(root, Path) else root if isinstance(root, list) else [root]
        server = Server(sites, config=config, access_log=log)
        thread = threading.Thread(target=server.run)
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, _ in started:
        server.stop()
    for _, thread in started:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def server(start_server: StartServer, site_root: Path) -> Server:
    """A server with default settings."""
    return start_server(site_root)


@pytest.fixture(scope="session")
def port(server: Server) -> int:
    return server.port
