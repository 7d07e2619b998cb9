"""All settings, each once: file keys, options, their help and the comments of a shown configuration come from here."""

from __future__ import annotations

from reference_server.settings.server_table import LIMITS, RATES, SERVER, TIMEOUTS, WORKER
from reference_server.settings.site_table import SITES

TABLES = (WORKER, LIMITS, TIMEOUTS, RATES)
SECTIONS = (SERVER, *TABLES, SITES)

OPTIONS = {setting.option: (section, setting) for section in SECTIONS for setting in section.settings if setting.option}
"""The settings that the command line can say, by option."""

ALL = (*SECTIONS, *SITES.parts)

__all__ = ["ALL", "LIMITS", "OPTIONS", "RATES", "SECTIONS", "SERVER", "SITES", "TABLES", "TIMEOUTS", "WORKER"]
