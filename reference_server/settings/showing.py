"""From a `Service` to a configuration file in which every setting has its meaning and the reason of its default.

Reading it gives the same `Service` again, but for passwords: these are not shown.  What is not set stands there as a
comment that shows how it would be.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from reference_server.config import Service
from reference_server.settings.kinds import Folder, LogFile, UsersFile
from reference_server.settings.setting import Section, Setting
from reference_server.settings.table import LIMITS, RATES, SERVER, SITES, TIMEOUTS, WORKER

WIDTH = 110


def show(service: Service) -> str:
    """The text of a file; paths on disk are absolute in it, so that the file may stand anywhere."""
    config = service.config
    records = ((WORKER, config), (LIMITS, config.limits), (TIMEOUTS, config.timeouts), (RATES, config.rates))
    lines = list(comment(SERVER.meaning))
    lines += settings(SERVER, service)
    for section, record in records:
        lines += ["", *comment(section.meaning), section.header, *settings(section, record)]
    for index, site in enumerate(service.sites):
        lines += site_lines(site, first=index == 0)
    return "\n".join(lines) + "\n"


def site_lines(site: Any, first: bool) -> Iterator[str]:
    """Comments and examples are for the first one."""
    yield ""
    if first:
        yield from comment(SITES.meaning)
    yield SITES.header
    yield from settings(SITES, site, first)
    for part in SITES.parts:
        records = getattr(site, part.key)
        if first:
            yield from ("", *comment(part.meaning))
        if first and not records:
            yield from commented_out([part.header, *settings(part, part.model)])
        for index, record in enumerate(records):
            if index > 0 or not first:
                yield ""
            yield part.header
            yield from settings(part, record, first and index == 0)


def settings(section: Section, record: Any, explained: bool = True) -> Iterator[str]:
    for setting in section.settings:
        if explained:
            yield ""
            yield from comment(setting.meaning)
            yield from comment(because(section, setting))
        yield from value(section, setting, record)


def because(section: Section, setting: Setting) -> str:
    """The default and its reason; nothing for what has to be said."""
    if setting.required:
        return ""
    default = section.default(setting)
    shown = "not set" if default is None or setting.key == "users" else setting.kind.show(default)
    return f"Default: {shown} ({setting.reason})."


def value(section: Section, setting: Setting, record: Any) -> Iterator[str]:
    """One line; users that come from a file are that file's business."""
    held = getattr(record, setting.key)
    hidden = setting.key == "users" and (record.users_file is not None or not held)
    if record is section.model and setting.required:
        yield f"{setting.key} = {setting.example}"
    elif held is None or hidden:
        yield f"# {setting.key} = {setting.example}"
    else:
        yield f"{setting.key} = {setting.kind.show(absolute(setting, held))}"


def absolute(setting: Setting, held: Any) -> Any:
    if isinstance(setting.kind, Folder | LogFile | UsersFile) and held != "-":
        return os.path.abspath(held)
    return held


def comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH)]


def commented_out(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.startswith("#") else f"# {line}".rstrip()
