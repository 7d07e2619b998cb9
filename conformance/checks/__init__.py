"""The checks, one module per area in the order of the RFCs. A new area: add its module's name to ``AREAS``."""

from __future__ import annotations

from importlib import import_module

from conformance.check import CATALOGUE, Check

AREAS = (
    "message",
    "status_line",
)


def load() -> dict[str, Check]:
    """All checks by the id of their rule, in catalogue order."""
    for area in AREAS:
        import_module(f"{__name__}.{area}")
    return CATALOGUE
