"""From a configuration file and the options beside it to a `Service`, or to everything that is wrong with them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reference_server.config import ConfigError, Service
from reference_server.settings import conflicts, document, users
from reference_server.settings.kinds import Folder, LogFile, Path, Unfit, UsersFile
from reference_server.settings.overrides import ROOT, Overrides
from reference_server.settings.problems import Problems
from reference_server.settings.setting import Section, Setting
from reference_server.settings.table import ALL, LIMITS, RATES, SECTIONS, SERVER, SITES, TABLES, TIMEOUTS, WORKER

Values = dict[str, Any]


def load(file: str | None = None, overrides: Overrides | None = None) -> Service:
    """The settings of `file`, as far as the command line says nothing else.  Raises `ConfigError`."""
    overrides = overrides or Overrides()
    problems = Problems(file or "")
    tables: Values = {SITES.key: []}
    if file is not None:
        given = () if overrides.root is None else (ROOT,)
        tables |= read_file(file, problems, given)
    overrides.apply(tables, problems)
    for index, site in enumerate(tables[SITES.key]):
        finish_site(site, (SITES.key, index), problems)
    service = service_from(tables)
    conflicts.find(service, problems)
    problems.raise_if_any()
    return service


def read_file(file: str, problems: Problems, given: Collection[Path]) -> Values:
    """What fits; paths on disk are relative to the file."""
    tables, problems.lines = document.read(file)
    reader = Reader(problems, os.path.dirname(os.path.abspath(file)), given)
    return reader.table(replace(SERVER, parts=SECTIONS[1:]), tables, ())


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes from tables what fits and complains about the rest; what is `given` elsewhere need not be there."""

    problems: Problems
    folder: str
    given: Collection[Path] = ()

    def table(self, section: Section, found: Mapping[str, object], path: Path) -> Values:
        settings = {setting.key: setting for setting in section.settings}
        parts = {part.key: part for part in section.parts}
        values: Values = {}
        for key, raw in found.items():
            if key in settings:
                self.read(settings[key], raw, (*path, key), values)
            elif key in parts:
                values[key] = self.part(parts[key], raw, (*path, key))
            else:
                self.problems.add((*path, key), unknown(key, section))
        for setting in section.settings:
            if setting.required and setting.key not in found and (*path, setting.key) not in self.given:
                self.problems.add(path, f"needs {setting.key}, for example {setting.key} = {setting.example}")
        return values

    def part(self, section: Section, found: object, path: Path) -> Any:
        """A table, or an array of them."""
        if not section.many and isinstance(found, dict):
            return self.table(section, found, path)
        if section.many and isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return [self.table(section, each, (*path, index)) for index, each in enumerate(found)]
        self.problems.add(path, f"must be a table: write {section.header}, and below it its settings")
        return [] if section.many else {}

    def read(self, setting: Setting, raw: object, path: Path, values: Values) -> None:
        try:
            value = setting.kind.read(raw)
        except Unfit as unfit:
            for below, message in unfit.faults:
                self.problems.add((*path, *below), message)
            return
        if isinstance(setting.kind, Folder | LogFile | UsersFile) and value != "-":
            value = os.path.normpath(os.path.join(self.folder, value))
        values[setting.key] = value


def unknown(key: str, section: Section) -> str:
    """That a key means nothing here, and what may have been meant."""
    homes = [each.place for each in ALL if any(key == own.key for own in each.settings)]
    homes += [f"as {each.header}" for each in ALL if each.key == key]
    if homes:
        return f"does not belong here: write it {' or '.join(homes)}"
    close = difflib.get_close_matches(key, section.keys, 1)
    return (
        f"is no setting; did you mean {close[0]}?" if close else f"is no setting; there are {', '.join(section.keys)}"
    )


def finish_site(site: Values, path: Path, problems: Problems) -> None:
    """Read what the settings name, and make records of the tables in it."""
    for index, table in enumerate(site.get("protected", [])):
        finish_users(table, (*path, "protected", index), problems)
    for part in SITES.parts:
        site[part.key] = tuple(map(part.record, site.get(part.key, [])))


def finish_users(table: Values, path: Path, problems: Problems) -> None:
    file = table.get("users_file")
    if file is None:
        return
    if "users" in table:
        problems.add((*path, "users_file"), "cannot stand beside users: keep one of them")
        return
    try:
        table["users"], faults = users.read_users(document.content(file))
    except ConfigError as error:
        problems.add((*path, "users_file"), str(error))
        return
    for line, message in faults:
        problems.add_line(file, line, message)


def service_from(tables: Values) -> Service:
    """Defaults stand where nothing is set, and where what is set does not fit."""
    records = {section.key: section.record(tables.get(section.key, {})) for section in TABLES}
    config = replace(
        records[WORKER.key], limits=records[LIMITS.key], timeouts=records[TIMEOUTS.key], rates=records[RATES.key]
    )
    own = {setting.key: tables[setting.key] for setting in SERVER.settings if setting.key in tables}
    service: Service = SERVER.record({**own, "sites": tuple(map(SITES.record, tables[SITES.key])), "config": config})
    return service
