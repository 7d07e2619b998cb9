"""The command line: a folder or a configuration file, and options that override what stands there.

Options come from the table of settings (`settings.table`), as the file's keys do.  Everything else is the supervisor's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from reference_server import settings
from reference_server.config import Address, ConfigError
from reference_server.drivers import logs, supervisor
from reference_server.settings import Overrides, texts
from reference_server.settings.kinds import Flag, Kind, ListOf, Text, Unfit, Whole
from reference_server.settings.setting import Section, Setting
from reference_server.settings.table import OPTIONS, SITES

USAGE_ERROR = 2


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "reference_server",
        description="An HTTP/1.1 server for one folder, or for whatever a configuration file says.",
        epilog="SIGHUP reads files again, SIGTERM and SIGINT stop. Exit status: 0 after a stop, 2 for wrong settings.",
    )
    parser.add_argument("root", nargs="?", metavar="FOLDER", help="the folder to serve; instead of the file's first")
    parser.add_argument("--config", metavar="FILE", help="a configuration file; options override what it says")
    parser.add_argument("--print-config", action="store_true", help="print all settings, with reasons, and end")
    default = Address()
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        type=typed(Text(texts.listen_host), lambda text: text.strip("[]")),
        help=f"address to listen on, IPv4 or IPv6; may be repeated (default: {default.host})",
    )
    parser.add_argument(
        "--port", type=typed(Whole(0, 65535)), metavar="N", help=f"0 takes a free one (default: {default.port})"
    )
    for option, (section, setting) in OPTIONS.items():
        add_option(parser, option, section, setting)
    return parser


def add_option(parser: argparse.ArgumentParser, option: str, section: Section, setting: Setting) -> None:
    """An option of a site holds for all sites; a list is made by repeating it."""
    kind = setting.kind
    common: dict[str, Any] = {"dest": option, "help": explained(section, setting), "default": argparse.SUPPRESS}
    if isinstance(kind, Flag):
        parser.add_argument(option, action=argparse.BooleanOptionalAction, **common)
    elif isinstance(kind, ListOf):
        parser.add_argument(option, action="append", type=typed(kind.item), metavar=kind.item.word, **common)
    else:
        parser.add_argument(option, type=typed(kind), metavar=kind.word, **common)


def explained(section: Section, setting: Setting) -> str:
    default = section.default(setting)
    shown = "not set" if default is None else setting.kind.show(default)
    text = f"{setting.meaning[0].lower()}{setting.meaning[1:].rstrip('.')} (default: {shown})"
    return ("for every site: " if section is SITES else "") + text.replace("%", "%%")


def typed(kind: Kind, prepare: Callable[[str], str] = str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return kind.parse(prepare(text))
        except Unfit as unfit:
            raise argparse.ArgumentTypeError(str(unfit)) from None

    return parse


def overrides_from(options: argparse.Namespace) -> Overrides:
    given = {option: value for option, value in vars(options).items() if option in OPTIONS}
    values = {option: tuple(dict.fromkeys(value)) if isinstance(value, list) else value
              for option, value in given.items()}  # fmt: skip
    return Overrides(options.root, tuple(options.host), options.port, values)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.root is None and options.config is None:
        parser.error("name a FOLDER to serve, or a file: --config FILE")
    load = partial(settings.load, options.config, overrides_from(options))
    if options.print_config:
        return print_config(load)
    return supervisor.run(load)


def print_config(load: Callable[[], Any]) -> int:
    try:
        # TOML is UTF-8, whatever the terminal would like.
        octets = settings.show(load()).encode("utf-8")
    except (ConfigError, UnicodeEncodeError) as error:
        unshown = "cannot show a file name that is not UTF-8"
        logs.say(str(error) if isinstance(error, ConfigError) else unshown)
        return USAGE_ERROR
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()
    return 0
