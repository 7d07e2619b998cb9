"""Which requests run a program, and which never do: names, methods, links, access (RFC 3875 3.1, 3.2, 4.3.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server import SiteSettings
from reference_server.config import ProtectedFolder, Scheme
from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import write_programs
from reference_server.tests.wire import exchange, request

SOURCE_MARK = b"import"
TELL = """
import os, pathlib
pathlib.Path("ran").touch()
names = ("AUTH_TYPE", "REMOTE_USER", "HTTP_AUTHORIZATION")
print("Content-Type: text/plain\\n")
print(*map(os.environ.get, names))
"""


@pytest.mark.parametrize(
    "target",
    [
        "/echo.py",
        "/echo.py/",
        "/echo%2epy",
        "/%65cho.py",
        "/echo.py?",
        "/echo.py/x",
        "/echo.PY",
        "/echo.py%00",
        "/echo.py.",
        "/echo.py%20",
        "//echo.py",
        "/ECHO.py",
        "/echo.py%2f",
        "/./echo.py",
        "/echo.py%00.txt",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_source_is_never_sent(port: int, target: str, method: str) -> None:
    assert SOURCE_MARK not in exchange(port, request(target, method)).body


def test_nothing_runs_before_access_is_granted(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    write_programs(tmp_path, {"go.py": "print('Location: /private/tell.py/x\\n')"})
    write_programs(tmp_path / "private", {"tell.py": TELL})
    folder = ProtectedFolder("/private/", "staff", Scheme.BASIC, (("ann", "secret"),))
    port = start_server(SiteSettings(str(tmp_path), protected=(folder,))).port
    for target in ("/private/tell.py", "/go.py", "/%70rivate/tell.py"):
        for line in ("X: y", "Authorization: Basic YW5uOndyb25n"):
            assert exchange(port, request(target, "GET", line)).status == 401
    assert not (tmp_path / "private" / "ran").exists()
    for target in ("/private/tell.py", "/go.py"):
        reply = exchange(port, request(target, "GET", "Authorization: Basic YW5uOnNlY3JldA=="))
        assert reply.body.lower() == b"basic ann none\n"


def test_what_does_not_exist_runs_nothing(port: int) -> None:
    assert exchange(port, request("/missing.py")).status == 404
    assert exchange(port, request("/missing.py/x", "POST", body=b"x")).status == 404
    assert exchange(port, request("/echo.py/.hidden")).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_methods_that_programs_are_not_asked(port: int, method: str) -> None:
    reply = exchange(port, request("/echo.py", method))
    assert (reply.status, reply.get("Allow")) == (405, b"GET, HEAD, POST, OPTIONS")


def test_a_folder_may_be_called_like_a_program(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "folder.py" / "file.txt").write_bytes(b"file")
    (tmp_path / "innocent.txt").symlink_to("real.py")
    (tmp_path / "real.py").write_text("print('Content-Type: text/plain\\n\\nrun')")
    (tmp_path / "named.py").symlink_to("folder.py/file.txt")
    port = start_server(tmp_path).port
    assert exchange(port, request("/folder.py/file.txt")).body == b"file"
    assert exchange(port, request("/folder.py")).status == 301
    assert exchange(port, request("/innocent.txt")).status == 404, "neither run, which takes time, nor shown"
    assert exchange(port, request("/named.py")).status == 500
