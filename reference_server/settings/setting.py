"""What a setting is: the record from which file keys, options, help and comments are made.

The defaults themselves stand in `config`; a setting tells what its value means and why the default is what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reference_server.http1.connection import Limits
from reference_server.settings.kinds import Kind


@dataclass(frozen=True, slots=True)
class Setting:
    """`example` is shown, as a comment, where nothing is set; a `required` setting has no default."""

    key: str
    kind: Kind
    meaning: str
    reason: str
    option: str | None = None
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the file, or an array of tables: `model` is a record with all the defaults."""

    key: str
    model: Any
    meaning: str
    settings: tuple[Setting, ...]
    parts: tuple[Section, ...] = ()
    many: bool = False
    within: str = ""

    def record(self, values: Mapping[str, Any]) -> Any:
        """The defaults, but for these values."""
        if isinstance(self.model, Limits):
            return self.model._replace(**values)
        return replace(self.model, **values)

    def default(self, setting: Setting) -> Any:
        return getattr(self.model, setting.key)

    @property
    def keys(self) -> list[str]:
        return [setting.key for setting in self.settings] + [part.key for part in self.parts]

    @property
    def header(self) -> str:
        """As it stands in a file."""
        name = f"{self.within}.{self.key}" if self.within else self.key
        return f"[[{name}]]" if self.many else f"[{name}]"

    @property
    def place(self) -> str:
        """Where its settings stand."""
        return f"below {self.header}" if self.key else "at the top of the file, above the first [header]"
