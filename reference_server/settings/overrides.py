"""What the command line says in the place of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reference_server.config import Address
from reference_server.settings.kinds import Path
from reference_server.settings.problems import Problems
from reference_server.settings.setting import Section
from reference_server.settings.table import OPTIONS, SERVER, SITES

ROOT: Path = (SITES.key, 0, "root")


@dataclass(frozen=True, slots=True)
class Overrides:
    """`values` by option, for sites all of them.

    `root` takes the place of the first site's root; `hosts` and `port` that of the addresses to listen on.
    """

    root: str | None = None
    hosts: tuple[str, ...] = ()
    port: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, tables: dict[str, Any], problems: Problems) -> None:
        """Put them into the tables that were read, and note where they come from."""
        sites = tables[SITES.key]
        if self.root is not None:
            sites[:1] = [{**(sites[0] if sites else {}), "root": self.root}]
            problems.options[ROOT] = "FOLDER"
        for option, value in self.values.items():
            section, setting = OPTIONS[option]
            for path, table in tables_of(section, tables):
                table[setting.key] = value
                problems.options[*path, setting.key] = option
        if self.hosts or self.port is not None:
            tables["listen"] = self.addresses(tables.get("listen", SERVER.model.listen))

    def addresses(self, listen: tuple[Address, ...]) -> tuple[Address, ...]:
        """Hosts that are given stand for those of the file, and so does the port; each may be given alone."""
        port = self.port
        if self.hosts:
            shared = listen[0].port if port is None else port
            return tuple(dict.fromkeys(Address(host, shared) for host in self.hosts))
        return tuple(dict.fromkeys(each if port is None else replace(each, port=port) for each in listen))


def tables_of(section: Section, tables: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    if section is SERVER:
        return [((), tables)]
    if section is SITES:
        return [((SITES.key, index), site) for index, site in enumerate(tables[SITES.key])]
    return [((section.key,), tables.setdefault(section.key, {}))]
