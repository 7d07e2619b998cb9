"""The mutations, by what they are made to; :func:`load` gives them all.

Each is one function in the module of its area, under :func:`mutation`: from a good request it makes a strategy for
requests with one named change, and says which rule they obey or break.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache

from conformance.fuzz.example import Base, Fate, Make, Mutation

_table: dict[str, Mutation] = {}


def mutation(
    name: str,
    rule: str,
    fate: Fate,
    *,
    base: Base = Base.PLAIN,
    finished: bool = True,
    needs: tuple[str, ...] = (),
    alone: bool = False,
) -> Callable[[Make], Make]:
    """Declare the decorated function as a mutation; see :class:`~conformance.fuzz.example.Mutation`."""

    def register(make: Make) -> Make:
        if name in _table:
            raise ValueError(f"two mutations are called {name!r}")
        _table[name] = Mutation(name, rule, fate, make, base, finished, needs, alone)
        return make

    return register


@cache
def load() -> Mapping[str, Mutation]:
    """All mutations by name: what must be served first, what may be either last."""
    for area in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{area.name}")
    fates = list(Fate)
    return dict(sorted(_table.items(), key=lambda item: fates.index(item[1].fate)))
