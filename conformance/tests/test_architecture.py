"""The arrows between the modules of the suite and the doors to the outside: tables, and the tests that hold.

Imports are read from the source, not observed at run time, so an import inside a function counts too.
A module that does not exist needs no row; a new one falls under the general rules until it gets its own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "conformance"
FOLDER = Path(__file__).resolve().parents[1]

# Each of these modules knows the ones beside it and no other module of the suite.
ALLOWED: dict[str, set[str]] = {
    # what is said of HTTP: frozen records
    "rule": set(),
    "probe": {"rule"},
    "response": set(),
    "exchange": {"probe", "reading", "response", "rule"},
    "verdict": {"exchange", "probe", "rule"},
    # what the bytes mean
    "grammar": set(),
    "reading": {"reading", "response"},
    "oracle": {"exchange"},
    # where bytes come from
    "wire": {"exchange", "probe", "reading", "response"},
    "line": {"exchange"},
    "process_table": set(),
    "child": {"process_table"},
    "launch": {"child", "process_table"},
    "webroot": set(),
}

# Pure judgement: functions of recorded exchanges, which can be run again years later without the server.
JUDGEMENT = {
    "check",
    "checks",
    "predicates",
    "exemplars",
    "capabilities",
    "milestones",
    "writing",
    "premises",
    "survey",
    "evidence",
    "judging",
    "ladder",
    "grade",
}
# The shell: whatever talks to a server, starts one, or drives a run.
SHELL = {
    "wire",
    "target",
    "opening",
    "launch",
    "child",
    "process_table",
    "session",
    "plugin",
    "cli",
    "grading",
}
# What reads the one must not know the other.
FORBIDDEN: dict[str, set[str]] = {
    **{module: SHELL | {"report"} for module in JUDGEMENT},
    "report": {*SHELL, "checks"},
}

# The only doors to the outside.  Everything else in the suite takes what it needs as an argument.
NETWORK = {"socket", "select", "selectors", "ssl", "asyncio", "socketserver", "http.client", "urllib.request"}
DOORS: dict[str, set[str]] = {
    # `launch` asks the kernel for a free port, and speaks HTTP only where there is no `/proc`
    **{name: {"wire", "line"} for name in NETWORK},
    "socket": {"wire", "line", "launch"},
    "http.client": {"launch"},
    # the second opinion stands alone, so that it can never become the first
    "h11": {"oracle", "fuzz.machines.follower"},
    "hypothesis": {"fuzz"},
    "pytest": {"plugin"},
}
SYSTEM = {
    "os",
    "time",
    "subprocess",
    "threading",
    "multiprocessing",
    "signal",
    "shutil",
    "tempfile",
    "random",
}
CLOSED: dict[str, set[str]] = {
    **dict.fromkeys(("rule", "probe", "response", "exchange", "verdict", "checks"), NETWORK | SYSTEM),
    **{module: NETWORK | SYSTEM | {"pathlib", "io"} for module in ("grammar", "reading")},
}
STDLIB_ONLY = {"rule", "probe", "response", "exchange", "verdict", "grammar", "reading"}


@dataclass(frozen=True)
class Import:
    """One imported module by its full name, and the function in which it is imported, if any."""

    name: str
    function: str | None = None
    at_run_time: bool = True

    def within(self, names: set[str]) -> bool:
        return any(is_within(self.name, name) for name in names)


def is_within(module: str, subject: str) -> bool:
    return module == subject or module.startswith(f"{subject}.")


def imports_of(source: str, module: str) -> Iterator[Import]:
    """Every import in the source of `module`, a full dotted name that relative imports start from."""
    yield from _imports(ast.parse(source), module, None, True)


def _imports(node: ast.AST, module: str, function: str | None, at_run_time: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (Import(alias.name, function, at_run_time) for alias in names)
            case ast.ImportFrom(module=origin, names=names, level=level):
                parents = module.split(".")[:-level] if level else []
                base = ".".join([*parents, *([origin] if origin else [])])
                yield from (Import(_target(base, alias.name), function, at_run_time) for alias in names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _imports(child, module, name, at_run_time)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _imports(child, module, function, False)
            case _:
                yield from _imports(child, module, function, at_run_time)


def _target(base: str, name: str) -> str:
    """`from base import name` names a module of ours, one of the doors, or something inside of `base`."""
    full = f"{base}.{name}"
    return full if full in MODULES or full in DOORS else base


def _module_name(path: Path) -> str:
    parts = (PACKAGE, *path.relative_to(FOLDER).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {_module_name(path): path for path in sorted(FOLDER.rglob("*.py")) if "_web" not in path.parts}
MODULES = {name for name in SOURCES if not is_within(name, f"{PACKAGE}.tests")}
IMPORTS = {
    name: list(imports_of(path.read_text("utf-8"), f"{name}.__init__" if path.stem == "__init__" else name))
    for name, path in SOURCES.items()
}

every_module = pytest.mark.parametrize("module", sorted(MODULES))


def rows(table: dict[str, set[str]], module: str) -> set[str] | None:
    """What the table says of `module`, by its name within the package or that of a package that holds it."""
    inner = module.removeprefix(f"{PACKAGE}.")
    return next((table[subject] for subject in table if is_within(inner, subject)), None)


def own(names: set[str]) -> set[str]:
    return {f"{PACKAGE}.{name}" for name in names}


def complaints(module: str, imports: list[Import]) -> list[str]:
    """Every import of `module` that a table forbids."""
    inner = module.removeprefix(f"{PACKAGE}.")
    allowed, forbidden, closed = (rows(table, module) for table in (ALLOWED, FORBIDDEN, CLOSED))
    found = []
    for item in imports:
        ours = item.within({PACKAGE})
        if ours and allowed is not None and not item.within(own(allowed)):
            found.append(f"{inner} may not know {item.name}")
        if ours and forbidden is not None and item.within(own(forbidden)):
            found.append(f"{inner} may not know {item.name}")
        if closed is not None and item.within(closed):
            found.append(f"{inner} touches the outside by {item.name}")
        for door, keepers in DOORS.items():
            if is_within(item.name, door) and not any(is_within(inner, keeper) for keeper in keepers):
                found.append(f"{item.name} is not for {inner}")
        stranger = not ours and item.name.split(".")[0] not in sys.stdlib_module_names
        if stranger and any(is_within(inner, name) for name in STDLIB_ONLY):
            found.append(f"{inner} needs more than the standard library: {item.name}")
    return found


@every_module
def test_a_module_imports_only_what_the_tables_allow(module: str) -> None:
    assert complaints(module, IMPORTS[module]) == []


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_the_suite_and_its_tests_know_nothing_of_the_server_they_judge(module: str) -> None:
    assert [item.name for item in IMPORTS[module] if item.within({"reference_server", "fixtures"})] == []


def test_launch_wants_a_socket_only_to_choose_a_free_port() -> None:
    functions = {item.function for item in IMPORTS["conformance.launch"] if item.name == "socket"}
    assert functions == {"free_port"}


def test_no_two_modules_need_each_other() -> None:
    arrows = {
        module: {item.name for item in IMPORTS[module] if item.name in MODULES and _when_loaded(item)}
        for module in MODULES
    }
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def _when_loaded(item: Import) -> bool:
    return item.function is None and item.at_run_time


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rule", "import h11"),
        ("rule", "from conformance.exchange import Exchange"),
        ("exchange", "import os.path"),
        ("reading", "from pathlib import Path"),
        ("grammar", "def f():\n    import socket"),
        ("checks.dates", "from time import sleep"),
        ("checks.dates", "import subprocess"),
        ("checks.dates", "from conformance import wire"),
        ("checks.dates", "from ..target import Target"),
        ("checks.dates", "import h11"),
        ("report.html", "from conformance.launch import Launched"),
        ("report.html", "if True:\n    from conformance import wire"),
        ("session", "import socket"),
        ("session", "from http import client"),
        ("session", "import pytest"),
        ("wire", "from conformance.launch import free_port"),
    ],
)
def test_the_tables_can_be_broken(module: str, line: str) -> None:
    name = f"{PACKAGE}.{module}"
    assert len(complaints(name, list(imports_of(line, name)))) >= 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("wire", "import socket\nfrom conformance.exchange import Exchange"),
        ("oracle", "import h11"),
        ("checks.dates", "from conformance.predicates import fails\nfrom .. import verdict\nimport re"),
        ("report.json", "from conformance.verdict import Verdict\nfrom .record import Report\nimport json"),
    ],
)
def test_the_tables_let_pass_what_they_should(module: str, line: str) -> None:
    name = f"{PACKAGE}.{module}"
    assert complaints(name, list(imports_of(line, name))) == []
