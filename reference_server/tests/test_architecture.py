"""The arrows of the design hold: drivers -> resources -> semantics -> http1, and the core does no I/O."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import reference_server

PACKAGE = Path(reference_server.__file__).parent
LAYERS = ["http1", "semantics", "resources", "drivers"]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "tests" not in path.parts)
IMPURE = {"socket", "asyncio", "os", "time", "selectors", "select", "threading", "subprocess", "io", "pathlib"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer_of(name: str) -> int | None:
    parts = name.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 and parts[0] == PACKAGE.name and parts[1] in LAYERS else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_lower_layers_only(path: Path) -> None:
    own = layer_of(".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)))
    if own is None:
        return
    for name in imports(path):
        layer = layer_of(name)
        assert layer is None or layer <= own, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_but_the_standard_library_is_imported(path: Path) -> None:
    for name in imports(path):
        top = name.partition(".")[0]
        assert top == PACKAGE.name or top in sys.stdlib_module_names


@pytest.mark.parametrize("layer", ["http1", "semantics"])
def test_the_pure_layers_do_no_input_or_output(layer: str) -> None:
    for path in (PACKAGE / layer).glob("*.py"):
        tops = {name.partition(".")[0] for name in imports(path)}
        assert not tops & IMPURE, f"{path.name} imports {tops & IMPURE}"


def test_drivers_are_reached_by_nobody_but_the_shell() -> None:
    users = {path.name for path in MODULES if any(".drivers" in name for name in imports(path))}
    assert users <= {path.name for path in (PACKAGE / "drivers").glob("*.py")} | {"cli.py", "__init__.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_explains_itself(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
