"""What the command line says in the place of a configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server.config import SiteSettings
from reference_server.settings import Overrides
from reference_server.tests.configuration import ROOT, errors, read

FILE = """\
listen = ["0.0.0.0:80", "[::1]:8080"]
timeouts.grace = 0.5
[[sites]]
root = "web"
names = ["example.org"]
[[sites]]
root = "other"
names = ["b.example"]
"""


def test_options_override_the_file(tmp_path: Path) -> None:
    values = {"--workers": 9, "--idle-timeout": 2.0, "--max-body": 8, "--trace": True, "--index": ("x",)}
    service = read(tmp_path, FILE, Overrides(values=values))
    assert (service.workers, service.config.timeouts.idle, service.config.limits.body) == (9, 2.0, 8)
    assert service.config.timeouts.grace == 0.5
    assert [(site.trace, site.index) for site in service.sites] == [(True, ("x",))] * 2


@pytest.mark.parametrize(
    ("hosts", "port", "addresses"),
    [
        ((), None, [("0.0.0.0", 80), ("::1", 8080)]),
        ((), 0, [("0.0.0.0", 0), ("::1", 0)]),
        (("::", "b"), None, [("::", 80), ("b", 80)]),
        (("::", "::"), 5, [("::", 5)]),
    ],
)
def test_hosts_and_port(
    tmp_path: Path, hosts: tuple[str, ...], port: int | None, addresses: list[tuple[str, int]]
) -> None:
    service = read(tmp_path, FILE, Overrides(hosts=hosts, port=port))
    assert [(each.host, each.port) for each in service.listen] == addresses


def test_a_folder_takes_the_place_of_the_first_root(tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    service = read(tmp_path, FILE, Overrides(root=other))
    assert [site.root for site in service.sites] == [other] * 2
    assert service.sites[0].names == ("example.org",)
    assert read(tmp_path, "", Overrides(root=other)).sites == (SiteSettings(other),)
    assert read(tmp_path, "[[sites]]\ntrace = true", Overrides(root=other)).sites[0].trace


def test_wrong_options_are_named(tmp_path: Path) -> None:
    no = str(tmp_path / "no")
    told = errors(tmp_path, f"{ROOT}programs = 1", Overrides(root=no, values={"--access-log": f"{no}/log"}))
    assert told == [
        '--access-log: cannot open "no/log": there is no folder "no"',
        'FOLDER: there is no folder "no": make it, or name another',
        "server.toml:3: sites[0].programs: must be true or false, not 1",
    ]


def test_an_option_does_not_excuse_the_file(tmp_path: Path) -> None:
    (told,) = errors(tmp_path, f"workers = 0\n{ROOT}", Overrides(values={"--workers": 2}))
    assert told.startswith("server.toml:1: workers: ")
