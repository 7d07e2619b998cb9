"""Opening a target: from the options to a server that can be played against, started where the suite is to start it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from conformance.errors import UnreachableError, UsageError
from conformance.launch import Launched, LaunchError
from conformance.options import Options
from conformance.site import Site, read_site
from conformance.target import Target
from conformance.webroot import bundled, prepare
from conformance.wire import Patience


def open_target(options: Options, stack: ExitStack) -> tuple[str, Site, Target]:
    """URL, site and target; what was started ends with ``stack``. Raises UsageError and UnreachableError."""
    root = options.web_root or bundled()
    if not root.is_dir():
        raise UsageError(f"no folder {root}: give the folder that the server serves with --web-root")
    process = own_root = None
    if options.server_command is not None:
        process, root = _launch(options, options.server_command, root, stack)
        own_root = root if "{root}" in options.server_command else None
    if options.server_url is not None:
        host, port = _address(options.server_url)
        url = options.server_url
    elif process is not None:
        host, port = process.host, process.port
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    else:
        raise UsageError("no server: give its URL, or a command that starts it")
    site = read_site(root, host, port, options.credentials, options.virtual_host)
    return url, site, Target(host, port, site.authority, Patience(options.patience), process, own_root)


def _launch(options: Options, command: str, root: Path, stack: ExitStack) -> tuple[Launched, Path]:
    """The running server, and the folder that it serves: a completed copy of ``root`` if the command asks for one."""
    if "{root}" in command:
        root = prepare(root, Path(stack.enter_context(TemporaryDirectory(prefix="conformance-"))))
    port = _address(options.server_url)[1] if options.server_url is not None else None
    if port is None and "{port}" not in command:
        raise UsageError(f"the command {command!r} has no {{port}}: write one, or give the URL where it listens")
    try:
        process = Launched(command, port=port, root=root)
        process.start()
    except LaunchError as error:
        raise UnreachableError(f"the server could not be started: {error}") from error
    stack.callback(process.stop)
    return process, root


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80
