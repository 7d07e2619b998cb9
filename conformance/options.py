"""Options of a run, and the one table from which the command line and the pytest plugin make theirs.

Reading an option is pure: whether a folder exists or a server answers is found out by who uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from conformance.errors import UsageError
from conformance.rule import Level, Spec
from conformance.site import GUARDED

LONGEST_TIME = 86_400
FIRST_STEP = 2
LAST_STEP = 7
KEPT = ".conformance/fuzz-failures.json"
"""Where the command line and pytest keep what the fuzz found; a program that calls the suite keeps nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to judge, by what, and where to write it."""

    server_url: str | None = None
    server_command: str | None = None
    web_root: Path | None = None
    step: int | None = None
    level: Level = Level.MUST
    spec: Spec = Spec.BOTH
    rules: tuple[str, ...] = ()
    report: Path | None = None
    evidence: Path | None = None
    known_failures: Path | None = None
    assume: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    credentials: tuple[str, str] | None = None
    virtual_host: str | None = None
    patience: float = 5.0
    fuzz: int = 300
    fuzz_seed: str = "0"
    fuzz_time: float | None = None
    fuzz_failures: Path | None = None
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as a user writes it; ``read`` turns its text into the value or raises UsageError."""

    name: str
    metavar: str
    help: str
    read: Callable[[str], object]
    repeatable: bool = False

    @property
    def flag(self) -> str:
        """The option of the pytest plugin."""
        return "--" + self.name.replace("_", "-")

    @property
    def short_flag(self) -> str:
        """The option of ``python -m conformance``, where the word server is understood."""
        return "--" + self.name.removeprefix("server_").replace("_", "-")

    @property
    def words(self) -> str:
        """How messages call it, wherever it was set."""
        return self.name.replace("_", " ")

    @property
    def target(self) -> str:
        """The field of :class:`Options`."""
        return "rules" if self.name == "rule" else self.name


def server_address(text: str) -> str:
    """An ``http`` URL of nothing but host and port, in one spelling: ``http://host:port``."""
    url = text if "://" in text else f"http://{text}"
    remedy = "write it as http://host:port"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is no server URL ({error}): {remedy}") from None
    if parts.scheme != "http":
        raise UsageError(f"{text!r} is no plain HTTP URL: {remedy}")
    if not host or re.search(r"[^\w.:%~-]", host) or parts.username is not None:
        raise UsageError(f"{text!r} is no server URL: {remedy}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(f"{text!r} names more than a server; the suite chooses its own paths: {remedy}")
    return f"http://{f'[{host}]' if ':' in host else host}:{80 if port is None else port}"


def _command(text: str) -> str:
    if not text.strip():
        raise UsageError("the server command is empty")
    return text


def _path(text: str) -> Path:
    if not text.strip():
        raise UsageError("the path is empty")
    return Path(text).expanduser()


def _file_if_any(text: str) -> Path | None:
    return _path(text) if text else None


def _step(text: str) -> int:
    if text.strip().isdecimal() and FIRST_STEP <= int(text) <= LAST_STEP:
        return int(text)
    raise UsageError(f"{text!r} is no step of the course: give a number from {FIRST_STEP} to {LAST_STEP}")


def _level(text: str) -> Level:
    try:
        return Level(text.strip().upper())
    except ValueError:
        raise UsageError(f"{text!r} is no level: give must, should or may") from None


def _spec(text: str) -> Spec:
    try:
        return Spec(text.strip().lower())
    except ValueError:
        raise UsageError(f"{text!r} names no specifications: give 2616, 9110 or both") from None


def _rule(text: str) -> str:
    if not text.strip():
        raise UsageError("the rule is empty: give a rule id or a pattern such as 'status-line.*'")
    return text.strip()


def _capability(text: str) -> str:
    from conformance.capabilities import CAPABILITIES  # only here: options are read in every run of pytest

    if text in CAPABILITIES:
        return text
    raise UsageError(f"{text!r} is no capability: they are {', '.join(CAPABILITIES)}")


def _credentials(text: str) -> tuple[str, str]:
    user, colon, password = text.partition(":")
    if user and colon and text.isascii() and text.isprintable():
        return user, password
    raise UsageError(f"{text!r} are no credentials: write them as USER:PASSWORD, in printable ASCII")


def _host_name(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.-]+", text):
        return text
    raise UsageError(f"{text!r} is no host name: give a name such as second.example, without a port")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= LONGEST_TIME:
        return seconds
    raise UsageError(f"{text!r} is no time: give a number of seconds above 0, {LONGEST_TIME} at most")


def _count(text: str) -> int:
    if text.strip().isdecimal() and len(text.strip()) < 10:
        return int(text)
    raise UsageError(f"{text!r} is no number of requests: give 0 or more")


def _seed(text: str) -> str:
    if text.strip():
        return text.strip()
    raise UsageError("the seed is empty: give any word or number")


SETTINGS: tuple[Setting, ...] = (
    Setting("server_url", "URL", "judge the server at this address, http://host:port", server_address),
    Setting(
        "server_command",
        "CMD",
        "start the server by this command, in which {port} and {root} are filled in, and stop it afterwards",
        _command,
    ),
    Setting(
        "web_root",
        "DIR",
        "the folder that the server serves (default: the suite's own)",
        _path,
    ),
    Setting(
        "step",
        "N",
        f"only rules up to this step of the course, {FIRST_STEP} to {LAST_STEP}",
        _step,
    ),
    Setting("level", "must|should|may", "the lowest level that fails the run (default: must)", _level),
    Setting(
        "spec",
        "2616|9110|both",
        "the specifications to judge by (default: what either allows)",
        _spec,
    ),
    Setting("rule", "GLOB", "only rules whose id matches; may be repeated", _rule, repeatable=True),
    Setting("report", "DIR", "write DIR/report.json, and keep it up to date during the run", _path),
    Setting("evidence", "FILE", "write down all exchanges, to be judged again without the server", _path),
    Setting(
        "known_failures",
        "FILE",
        "rules known to be broken, one id a line and the reason after #: these fail the run only if they pass",
        _path,
    ),
    Setting("assume", "CAPABILITY", "take it as offered; may be repeated", _capability, repeatable=True),
    Setting("without", "CAPABILITY", "take it as not offered; may be repeated", _capability, repeatable=True),
    Setting("credentials", "USER:PASSWORD", f"what opens the pages below /{GUARDED}/", _credentials),
    Setting("virtual_host", "NAME", "the name of another site that the server has at the same address", _host_name),
    Setting("patience", "SECONDS", "the longest silence to wait for an answer (default: 5)", _seconds),
    Setting("fuzz", "N", "play N generated requests after the rules (default: 300; 0 for none)", _count),
    Setting("fuzz_seed", "SEED", "generate by this seed: the same seed, the same requests (default: 0)", _seed),
    Setting("fuzz_time", "SECONDS", "generate no more after this time (default: 10, more for a large N)", _seconds),
    Setting(
        "fuzz_failures",
        "FILE",
        f"keep what fails there, and play it first the next time (default: {KEPT}; '' for nowhere)",
        _file_if_any,
    ),
    Setting("against", "URL", "compare with the server at this address by the same generated requests", server_address),
)
BY_NAME: Mapping[str, Setting] = MappingProxyType({setting.name: setting for setting in SETTINGS})


def read_options(given: Mapping[str, str | Sequence[str]]) -> Options:
    """Options from texts by the name of the setting; a setting that is not given keeps its default.

    Raises UsageError, which names the setting, for a text that cannot be read, and for two that cannot go together.
    """
    values: dict[str, Any] = {}
    for name, text in given.items():
        setting = BY_NAME[name]
        if isinstance(text, str):
            values[setting.target] = _read(setting, text)
        else:
            values[setting.target] = tuple(_read(setting, one) for one in text)
    options = Options(**values)
    if options.against is not None and not options.fuzz:
        raise UsageError("against: generated requests are what two servers are compared by: leave out the 0 for fuzz")
    return options


def _read(setting: Setting, text: str) -> object:
    try:
        return setting.read(text)
    except UsageError as error:
        raise UsageError(f"{setting.words}: {error}") from None
