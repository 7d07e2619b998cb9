"""Starts a server from a command, knows when it listens and whether it lives, starts it again, and stops it.

This module speaks no HTTP (but for systems without `/proc`, see `_answers`), judges nothing, and carries no
part of an RFC.  Most student servers are run this way, so a server that dies at once, never listens, or finds
its port in use is an everyday case with a message of its own.
"""

from __future__ import annotations

import enum
import os
import re
import shlex
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance import process_table
from conformance.child import PAUSE, Child, Tail, ending

QUOTED_OUTPUT = 2000  # characters of the server's output that an error message repeats
STRANGER = 1.0  # seconds for which a listener that is not the child's own is doubted


class Failure(enum.Enum):
    """Why a server could not be started."""

    BAD_COMMAND = "bad command"
    PORT_TAKEN = "port taken"
    EXITED = "exited"
    NEVER_LISTENED = "never listened"


class LaunchError(Exception):
    """The server did not come up; the message says why in a line, and then what the server itself said."""

    def __init__(self, failure: Failure, message: str, output: str = "") -> None:
        said = f"\nIts last output:\n{output[-QUOTED_OUTPUT:].rstrip()}" if output.strip() else ""
        busy = failure is Failure.EXITED and "in use" in output
        hint = "\nHint: set SO_REUSEADDR on the listening socket before bind()." if busy else ""
        super().__init__(message + said + hint)
        self.failure = failure
        self.output = output
        self.port_busy = busy or failure is Failure.PORT_TAKEN


class Launched:
    """A server started by a command, such as `python3 server.py {port}`; `{root}` is the document root.

    A command without `{port}` has its port written in the program; `port` says which one that is.
    Read `host` and `port` anew after every start: a server whose old port is still busy gets another one,
    where the choice is ours.
    """

    def __init__(
        self,
        command: str,
        *,
        port: int | None = None,
        root: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        start_timeout: float = 10.0,
        stop_timeout: float = 2.0,
    ) -> None:
        if port is None and "{port}" not in command:
            raise LaunchError(Failure.BAD_COMMAND, f"no {{port}} in the command and no port given: {command}")
        self._command = command
        self._root = root
        self._cwd = cwd
        self._env = {**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"}
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._port_is_ours = port is None
        self.port = free_port() if port is None else port
        self.host = "127.0.0.1"
        self._tail = Tail()
        self._child: Child | None = None
        self._detached = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process that the command became, if it was started and not stopped since."""
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """What that process ended with, a negative number for a signal; `None` while it runs."""
        return self._child.exit_code if self._child else None

    def start(self) -> None:
        """Run the command and return when the server listens; if it does not, leave nothing behind."""
        if self._child is not None:
            raise RuntimeError("the server is already started")
        try:
            self._start()
        except LaunchError as error:
            # Somebody took the port since it was chosen; or it was used before, by a server that does not set
            # SO_REUSEADDR, and stays busy for a minute.
            if not (self._port_is_ours and error.port_busy):
                raise
            self.port = free_port()
            self._start()

    def alive(self) -> bool:
        """Whether the server still runs; this says nothing of whether it answers."""
        if self._child is None:
            return False
        return self._child.exit_code is None or (self._detached and self._listens(self._child))

    def restart(self) -> None:
        """Stop the server, dead or alive, and start it again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """End the server and whatever it started, by force if need be.  Does nothing the second time."""
        child, self._child = self._child, None
        if child is not None:
            child.end(self._stop_timeout)
        self._detached = False

    def output_mark(self) -> int:
        """A mark for `output_since`: this moment in the server's output."""
        return self._tail.total

    def output(self) -> str:
        """The last part of everything the server has printed, over all its starts."""
        return self._tail.since(0)

    def output_since(self, mark: int) -> str:
        """What the server printed after `mark` was taken, as far as it is still kept."""
        return self._tail.since(mark)

    def _start(self) -> None:
        if process_table.listeners(self.port):
            message = f"port {self.port} is taken by another program; stop that one first"
            raise LaunchError(Failure.PORT_TAKEN, message)
        words = command_words(self._command, self.port, self._root)
        mark = self.output_mark()
        try:
            self._child = Child(words, cwd=self._cwd, env=self._env, tail=self._tail)
        except OSError as error:
            message = f"cannot run {words[0]!r}: {error.strerror} ({error.filename})"
            raise LaunchError(Failure.BAD_COMMAND, message) from error
        try:
            self._await_listening(self._child, mark)
        except BaseException:
            self.stop()
            raise

    def _await_listening(self, child: Child, mark: int) -> None:
        begin = time.monotonic()
        while not (self._listens(child) and self._is_own(child, begin)):
            code = child.exit_code
            # A daemon's first process ends in peace and leaves another one at work.
            if code is not None and (code != 0 or not child.family()):
                child.drain()
                raise LaunchError(Failure.EXITED, f"the server {ending(code)} at once", self.output_since(mark))
            if time.monotonic() - begin > self._start_timeout:
                message = f"the server did not listen on port {self.port} within {self._start_timeout:g} s"
                raise LaunchError(Failure.NEVER_LISTENED, message, self.output_since(mark))
            time.sleep(PAUSE)
        self._detached = child.exit_code is not None

    def _listens(self, child: Child) -> bool:
        """Whether the port is listened on; notes the address to connect to."""
        found = process_table.listeners(self.port)
        if found is None:
            return child.exit_code is None and _answers(self.host, self.port)
        hosts = [process_table.reachable(listener.address) for listener in found]
        self.host = "127.0.0.1" if "127.0.0.1" in hosts or not hosts else hosts[0]
        return bool(hosts)

    def _is_own(self, child: Child, begin: float) -> bool:
        """Whether it is our server that listens, and not one that took the port a moment before it."""
        found = process_table.listeners(self.port)
        if found is None or any(child.holds(listener.inode) for listener in found):
            return True
        # A container's port is held by its engine.  A child that lost the port would have died by now.
        return child.exit_code is None and time.monotonic() - begin > STRANGER


def command_words(command: str, port: int, root: Path | None) -> list[str]:
    """The words of a command, split as a shell splits them, with `{port}` and `{root}` filled in.

    No shell runs it, and other braces stay as they are.
    """
    values = {"{port}": str(port), "{root}": "{root}" if root is None else str(root)}
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise LaunchError(Failure.BAD_COMMAND, f"cannot read the command {command!r}: {error}") from error
    if not words:
        raise LaunchError(Failure.BAD_COMMAND, "the command is empty")
    return [re.sub(r"\{(?:port|root)\}", lambda found: values[found[0]], word) for word in words]


def free_port() -> int:
    """A port that nobody uses now; the one thing that a socket is wanted for here."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(host: str, port: int) -> bool:
    """The way without `/proc`: one whole request, since connecting and closing may end the server."""
    connection = HTTPConnection(host, port, timeout=2.0)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        connection.getresponse().read(65536)
    except (ConnectionRefusedError, ConnectionAbortedError):
        return False
    except (OSError, HTTPException):
        return True  # it answers badly or slowly, but somebody is there
    finally:
        connection.close()
    return True
