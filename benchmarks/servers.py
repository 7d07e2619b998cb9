"""How each server is started on a free port of the loopback interface, and stopped; who is who, and in which version.

Each serves the same folder by one process and writes an access log to a file where it has one.  nginx is as its
packages set it up (sendfile, no cache of open files), apart from `keepalive_requests`, which would make it close each
connection after a thousand requests.  `nginx, tuned` shows what a cache of open files and a buffered log give it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).with_name("peers")
PEER_PYTHON = Path(os.environ.get("BENCH_VENV", PROJECT / ".venv-bench"), "bin", "python")
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server works: the folder it serves, the port it takes, a folder for what it writes."""

    root: Path
    port: int
    scratch: Path

    @property
    def log(self) -> Path:
        return self.scratch / "access.log"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started; `package` is what its version is asked of."""

    name: str
    command: Callable[[Place], list[str]]
    package: str = ""
    environment: Callable[[Place], dict[str, str]] = field(default=lambda _: {})


@dataclass(frozen=True, slots=True)
class Running:
    """A started server."""

    server: Server
    pid: int
    port: int


def reference(place: Place, *options: str) -> list[str]:
    own = [sys.executable, "-m", "reference_server", str(place.root), "--port", str(place.port)]
    return [*own, "--access-log", str(place.log), *options]


NGINX = """
daemon off; worker_processes 1; pid {scratch}/nginx.pid; error_log {scratch}/error.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    sendfile on; tcp_nopush on; keepalive_timeout 65; keepalive_requests 100000000;
    default_type application/octet-stream; types {{ text/html html; text/plain txt; }}
    access_log {scratch}/access.log combined{buffer}; {cache}
    client_body_temp_path {scratch}/body; proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi; scgi_temp_path {scratch}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=1024; root {root}; location / {{ autoindex on; }} }}
}}
"""


def nginx(place: Place, buffer: str = "", cache: str = "") -> list[str]:
    text = NGINX.format(root=place.root, port=place.port, scratch=place.scratch, buffer=buffer, cache=cache)
    if os.geteuid() == 0:
        text = f"user {getpass.getuser()};" + text
    path = place.scratch / "nginx.conf"
    path.write_text(text)
    return ["nginx", "-e", str(place.scratch / "error.log"), "-c", str(path)]


def nginx_tuned(place: Place) -> list[str]:
    cache = "open_file_cache max=4096 inactive=60s; open_file_cache_errors on;"
    return nginx(place, " buffer=64k flush=1s", cache)


def peer(*words: str) -> Callable[[Place], list[str]]:
    """A command of the peers' interpreter; `{root}` and the like in `words` are filled in."""

    def command(place: Place) -> list[str]:
        told = {"root": place.root, "port": place.port, "log": place.log, "peers": PEERS}
        return [str(PEER_PYTHON), *(word.format(**told) for word in words)]

    return command


def beside_peers(place: Place) -> dict[str, str]:
    return {"PYTHONPATH": str(PEERS), "BENCHMARK_FOLDER": str(place.root)}


PLAIN = ("-m", "http.server", "--bind", "127.0.0.1", "--directory", "{root}", "{port}")
TWIST = ("-m", "twisted", "web", "--listen", "tcp:{port}:interface=127.0.0.1", "--path", "{root}", "--logfile", "{log}")
UVICORN = ("-m", "uvicorn", "starlette_static:app", "--host", "127.0.0.1", "--port", "{port}")
GRANIAN = ("-m", "granian", "--host", "127.0.0.1", "--port", "{port}", "--access-log", "--interface", "wsgi")
GRANIAN_FILES = ("--static-path-route", "", "--static-path-mount", "{root}", "granian_empty:app")

OURS = Server("reference server", reference)
NGINX_SERVER = Server("nginx", nginx)
OTHERS = (
    Server("nginx, tuned", nginx_tuned),
    Server("granian", peer(*GRANIAN, *GRANIAN_FILES), "granian", beside_peers),
    Server("aiohttp", peer("{peers}/aiohttp_static.py", "{root}", "{port}"), "aiohttp"),
    Server("waitress + WhiteNoise", peer("{peers}/waitress_static.py", "{root}", "{port}"), "waitress"),
    Server("uvicorn + Starlette", peer(*UVICORN), "uvicorn", beside_peers),
    Server("twisted.web", peer(*TWIST), "twisted"),
    Server("http.server 1.1", peer(*PLAIN, "--protocol", "HTTP/1.1")),
    Server("http.server 1.0", peer(*PLAIN)),
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(server: Server, root: Path, scratch: Path, core: int | None) -> Iterator[Running]:
    """Start `server`, bound to `core` unless None, and stop it and all that it started at the end."""
    folder = scratch / server.name.replace(" ", "-").replace(",", "")
    folder.mkdir()
    place = Place(root, free_port(), folder)
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    environment = os.environ | server.environment(place)
    with open(folder / "output.txt", "w") as output:
        process = subprocess.Popen(
            [*pinned, *server.command(place)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        await_port(process, place, server.name)
        yield Running(server, process.pid, place.port)
    finally:
        stop(process)


def await_port(process: subprocess.Popen[bytes], place: Place, name: str) -> None:
    """Until it answers; a server that ends instead, or never does, says why in its output."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", place.port), 1):
            return
        time.sleep(0.05)
    output = (place.scratch / "output.txt").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{name} does not listen:\n{output}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask, then insist: the group is the server's own, so nothing else can be hit."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def version(server: Server) -> str:
    """The version that is measured, in the words of whoever made it."""
    if server.command in (nginx, nginx_tuned):
        text = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
        return text.rpartition("/")[2].strip()
    if not server.package:
        return f"Python {platform.python_version()}"
    program = f"from importlib.metadata import version; print(version({server.package!r}))"
    return subprocess.run([PEER_PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def available() -> tuple[Server, ...]:
    """The others that can be started here: those in Python need their environment."""
    return OTHERS if shutil.which(PEER_PYTHON) else (OTHERS[0],)
