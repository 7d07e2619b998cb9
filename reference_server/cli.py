"""The command line: options to a `Config`, errors in one line, a clean end on SIGINT and SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from reference_server.config import Config, Timeouts
from reference_server.drivers.server import Server
from reference_server.http1.connection import Limits

USAGE_ERROR = 2

WAITS = {
    "idle": "close a connection on which no request begins",
    "head": "answer 408 if a request's head is not complete after so long",
    "body": "answer 408 if so long nothing of a body arrives",
    "write": "drop a client that so long takes nothing of its reply",
    "linger": "after a last reply, wait so long for the client to close",
    "program": "kill a program that runs longer",
    "grace": "at the end, let replies under way go on for so long",
}


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text!r}")
    return value


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("reference_server", description="An HTTP/1.1 server for one folder.")
    parser.add_argument("root", help="the folder to serve")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=whole_number(0, 65535), default=50000, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--access-log", metavar="FILE", help="one line per reply; - is standard output")
    limits, timeouts, config = Limits(), Timeouts(), Config()
    size = whole_number(1, 2**40)
    for name, meaning in WAITS.items():
        text = f"{meaning} (default: %(default)s)"
        default = getattr(timeouts, name)
        parser.add_argument(f"--{name}-timeout", type=seconds, default=default, metavar="SECONDS", help=text)
    for name, (status, default) in {
        "request-line": (414, limits.request_line),
        "head": (431, limits.head),
        "fields": (431, limits.fields),
        "body": (413, limits.body),
    }.items():
        text = f"more is answered {status} (default: %(default)s)"
        parser.add_argument(f"--max-{name}", type=size, default=default, metavar="N", help=text)
    text = "more have to wait (default: %(default)s)"
    parser.add_argument("--max-connections", type=size, default=config.connections, metavar="N", help=text)
    programs = whole_number(1, 256)
    parser.add_argument("--max-programs", type=programs, default=config.programs, metavar="N", help=text)
    return parser


def config_from(options: argparse.Namespace) -> Config:
    timeouts = Timeouts(**{name: getattr(options, f"{name}_timeout") for name in WAITS})
    limits = Limits(options.max_request_line, options.max_head, options.max_fields, options.max_body)
    return Config(limits, timeouts, options.max_connections, options.max_programs)


def fail(message: str) -> int:
    print(f"reference_server: {message}", file=sys.stderr)
    return USAGE_ERROR


@contextlib.contextmanager
def opened_log(name: str | None) -> Iterator[TextIO | None]:
    if name is None:
        yield None
    elif name == "-":
        yield sys.stdout
    else:
        with open(name, "a", encoding="ascii") as stream:
            yield stream


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    if not os.path.isdir(options.root):
        return fail(f"there is no folder {options.root!r}")
    try:
        with opened_log(options.access_log) as log:
            return serve_until_stopped(options, log)
    except OSError as error:
        return fail(f"cannot open {error.filename!r}: {error.strerror}")


def serve_until_stopped(options: argparse.Namespace, log: TextIO | None) -> int:
    try:
        server = Server(options.root, options.host, options.port, config_from(options), log)
    except (OSError, socket.gaierror, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return fail(f"cannot serve {options.root!r} on {options.host}:{options.port}: {reason}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: server.stop())
    host = f"[{server.host}]" if ":" in server.host else server.host
    print(f"Serving {options.root} on http://{host}:{server.port}/", flush=True)
    server.run()
    return 0
