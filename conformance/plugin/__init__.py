"""The pytest plugin: options, which server is judged, and whether only the checks run. It judges nothing itself.

With a server named by option or ini file, only the checks run. Otherwise they run beside a project's own tests if
a conftest names a server by :class:`TargetHook`, and are not collected at all if none does.

This module is loaded into every pytest run on a machine where the suite is installed, so it imports little; what
judging needs (:mod:`conformance.plugin.run`) is imported once a run asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.errors import UsageError
from conformance.options import KEPT, SETTINGS, Setting, read_options

if TYPE_CHECKING:
    from conformance.plugin.run import RuleRun

CHECKS_FILE = Path(__file__).parents[1] / "checks" / "test_rules.py"
NODE_ID = "conformance/checks/test_rules.py"
"""The same wherever the suite is installed."""
CHECKS_MODULES = ("conformance.checks", "conformance.checks.test_rules")
PATHS = ("web_root", "report", "evidence", "known_failures", "fuzz_failures")
SERVER = ("server_url", "server_command")


class TargetHook:
    """The hook that this plugin adds."""

    @pytest.hookspec(firstresult=True)
    def pytest_conformance_target(self, config: pytest.Config) -> Mapping[str, str] | None:
        """The server to judge where the user names none: texts by the ini names of the options.

        A project that ships a server implements it in its conftest.py, usually with a ``server_command``.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hook known."""
    pluginmanager.add_hookspecs(TargetHook)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add each setting as an option and as its ini twin."""
    group = parser.getgroup("conformance", "conformance of an HTTP server")
    for setting in SETTINGS:
        action = "append" if setting.repeatable else "store"
        kind: Any = "linelist" if setting.repeatable else "string"
        group.addoption(setting.flag, dest=_dest(setting), action=action, metavar=setting.metavar, help=setting.help)
        parser.addini(setting.name, f"conformance: {setting.help}", type=kind, default=None)


def _dest(setting: Setting) -> str:
    """Where the option's value is kept, out of the way of other plugins' options."""
    return f"conformance_{setting.name}"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Find out what is to be judged before pytest begins: a mistake is told in one line, with our exit code."""
    try:
        run = _run(config)
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return error.exit_code
    if run is not None:
        config.pluginmanager.register(run, "conformance-rules")
    return None


def _run(config: pytest.Config) -> RuleRun | None:
    """The run that judges rules; None where no server is known. Raises UsageError."""
    given = _given(config)
    only = not given.keys().isdisjoint(SERVER)
    config.args[:] = _arguments(config, only=only)
    if not only:
        given = {**(config.hook.pytest_conformance_target(config=config) or {}), **given}
    if not given.keys().isdisjoint(SERVER):
        from conformance.plugin.items import RUN
        from conformance.plugin.run import RuleRun

        given.setdefault("fuzz_failures", str(config.rootpath / KEPT))
        config.stash[RUN] = RuleRun(read_options(given), only=only)
        return config.stash[RUN]
    if str(CHECKS_FILE) in config.args:
        from conformance.plugin.items import NO_SERVER

        raise UsageError(NO_SERVER)
    return None


def _given(config: pytest.Config) -> dict[str, str | Sequence[str]]:
    """Texts by setting; the command line wins over the ini file."""
    found = {setting.name: _text(config, setting) for setting in SETTINGS}
    return {name: text for name, text in found.items() if text is not None}


def _text(config: pytest.Config, setting: Setting) -> str | Sequence[str] | None:
    text: str | list[str] | None = config.getoption(_dest(setting))
    if text is not None:
        return text
    text = config.getini(setting.name) or None
    return str(_beside_ini(config, text)) if setting.name in PATHS and isinstance(text, str) else text


def _beside_ini(config: pytest.Config, text: str) -> Path:
    """A path of the ini file is relative to that file."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    return folder / Path(text).expanduser()


def _arguments(config: pytest.Config, *, only: bool) -> list[str]:
    """What pytest is to collect: the checks where the user named a server and nothing else.

    The checks as a module name become a path, because a project's ``python_files`` may not match their file.
    """
    if only and config.args_source is not config.ArgsSource.ARGS:
        return [str(CHECKS_FILE)]
    modules = CHECKS_MODULES if config.option.pyargs else ()
    return [str(CHECKS_FILE) if argument in modules else argument for argument in config.args]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the checks' file by a collector of our own."""
    if module_path.name != CHECKS_FILE.name or module_path.resolve() != CHECKS_FILE.resolve():
        return None
    from conformance.plugin.items import RuleFile

    collector: pytest.Collector = RuleFile.from_parent(parent, path=module_path, nodeid=NODE_ID)
    return collector
