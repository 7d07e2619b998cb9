"""Configuration files: what they set, and how each mistake in them is told."""

from __future__ import annotations

import os
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from reference_server.config import (
    Address,
    CachingRule,
    Config,
    ConfigError,
    ProtectedFolder,
    Rates,
    Redirect,
    Scheme,
    Service,
    SiteSettings,
    Timeouts,
)
from reference_server.http1.connection import Limits
from reference_server.settings import load
from reference_server.settings.table import ALL, OPTIONS
from reference_server.tests.configuration import ROOT, errors, read

COMPLETE = """\
listen = ["0.0.0.0:80", "[::1]:8080"]
workers = 2
access_log = "access.log"
error_log = "../error.log"
worker = { connections = 5, cached_replies = 0 }
limits.body = 7
[timeouts]
idle = 1
grace = 0.5
[rates]
write = 0
[[sites]]
root = "web"
names = ["example.org", "[::1]"]
index = []
listing = false
languages = ["de-CH", "en"]
writable = ["/in/", "/"]
[[sites.redirects]]
source = "/old/*"
target = "https://example.org/new/*"
status = 308
[[sites.redirects]]
source = "/gr\u00fc\u00df"
target = "/hi?to=all#top"
[[sites.caching]]
pattern = "*.css"
control = 'no-store, x="a, b"'
[[sites.caching]]
pattern = "/i/[a-z]*"
expires = 0
[[sites.protected]]
path = "/members/"
realm = "Members only"
scheme = "basic"
users = { ann = "a:b", "b b" = "\u00fc" }
[[sites.protected]]
path = "/staff/"
realm = "Staff"
scheme = "digest"
users_file = "staff.txt"
[[sites]]
root = "other"
names = ["b.example"]
"""


def test_every_setting_reaches_its_place(tmp_path: Path) -> None:
    redirects = (Redirect("/old/*", "https://example.org/new/*", 308), Redirect("/gr\u00fc\u00df", "/hi?to=all#top"))
    caching = (CachingRule("*.css", 'no-store, x="a, b"'), CachingRule("/i/[a-z]*", None, 0))
    staff = str(tmp_path / "staff.txt")
    protected = (
        ProtectedFolder("/members/", "Members only", Scheme.BASIC, (("ann", "a:b"), ("b b", "\u00fc"))),
        ProtectedFolder("/staff/", "Staff", Scheme.DIGEST, (("carl", "x y"), ("dora", "#1:2")), staff),
    )
    first = SiteSettings(
        str(tmp_path / "web"), ("example.org", "[::1]"), (), False, languages=("de-CH", "en"), writable=("/in/", "/"),
        redirects=redirects, caching=caching, protected=protected,
    )  # fmt: skip
    assert read(tmp_path, COMPLETE) == Service(
        (first, SiteSettings(str(tmp_path / "other"), ("b.example",))),
        (Address("0.0.0.0", 80), Address("::1", 8080)),
        2,
        str(tmp_path / "access.log"),
        str(tmp_path.parent / "error.log"),
        Config(Limits(body=7), Timeouts(idle=1.0, grace=0.5), connections=5, cached_replies=0, rates=Rates(write=0)),
    )


def test_nothing_said_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, '[[sites]]\nroot = "web"') == Service((SiteSettings(str(tmp_path / "web")),))


def test_the_documented_example_is_good(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "reference-server.md"
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for name in ("logs", "www", "docs"):
        (tmp_path / name).mkdir()
    (tmp_path / "users.txt").write_text("ben:secret\n")
    service = read(tmp_path, example)
    assert [site.names[0] for site in service.sites] == ["www.example.org", "docs.example.org"]
    assert [each.users[0][0] for each in service.sites[0].protected] == ["ben", "ann"]
    assert (service.workers, service.config.connections, service.config.timeouts.idle) == (2, 20_000, 10.0)


def test_paths_are_relative_to_the_file(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert read(tmp_path, '[[sites]]\nroot = "web"').sites[0].root == str(tmp_path / "web")
    elsewhere = os.getcwd()
    assert read(tmp_path, f'[[sites]]\nroot = "{elsewhere}"\n').sites[0].root == elsewhere
    assert read(tmp_path, 'access_log = "-"\n[[sites]]\nroot = "web"').access_log == "-"


def test_the_table_has_every_field_of_the_records() -> None:
    for section in ALL:
        model = section.model
        names = [each.name for each in fields(model)] if is_dataclass(model) else list(model._fields)
        nested = {"sites", "config"} if section.key == "" else {"limits", "timeouts", "rates"}
        assert section.keys == [name for name in names if name not in nested or section.key not in ("", "worker")]
        for setting in section.settings:
            assert setting.required != bool(setting.reason)
            if not setting.required and (default := section.default(setting)) not in (None, ()):
                assert setting.kind.show(default)
    assert len(OPTIONS) == sum(setting.option is not None for section in ALL for setting in section.settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Keys that mean nothing
        (f"workres = 2\n{ROOT}", "server.toml:1: workres: is no setting; did you mean workers?"),
        (f"{ROOT}lisitng = true", "server.toml:3: sites[0].lisitng: is no setting; did you mean listing?"),
        (f"[rates]\nxyz = 1\n{ROOT}", "server.toml:2: rates.xyz: is no setting; there are body, write"),
        (f"[rates]\n'a\tb' = 1\n{ROOT}", 'server.toml:2: rates."a\\tb": is no setting; there are body, write'),
        (
            f"[rates]\nworkers = 1\n{ROOT}",
            "server.toml:2: rates.workers: does not belong here: "
            "write it at the top of the file, above the first [header]",
        ),
        (f"trace = true\n{ROOT}", "server.toml:1: trace: does not belong here: write it below [[sites]]"),
        (
            f"[[caching]]\nx = 1\n{ROOT}",
            "server.toml:1: caching: does not belong here: write it as [[sites.caching]]",
        ),
        # Tables
        (f"limits = 3\n{ROOT}", "server.toml:1: limits: must be a table: write [limits], and below it its settings"),
        (
            '[sites]\nroot = "web"',
            "server.toml:1: sites: must be a table: write [[sites]], and below it its settings",
        ),
        (
            f"{ROOT}redirects = [1]",
            "server.toml:3: sites[0].redirects: must be a table: write [[sites.redirects]], and below it its settings",
        ),
        (
            "",
            'server.toml:1: there is no folder to serve: write [[sites]] and below it root = "\u2026", or give FOLDER',
        ),
        # Types and ranges
        (f'{ROOT}programs = "yes"', 'server.toml:3: sites[0].programs: must be true or false, not "yes"'),
        (f"{ROOT}programs = 1", "server.toml:3: sites[0].programs: must be true or false, not 1"),
        (f"workers = 0\n{ROOT}", "server.toml:1: workers: must be a whole number from 1 to 256, not 0"),
        (f"workers = 1.0\n{ROOT}", "server.toml:1: workers: must be a whole number from 1 to 256, not 1.0"),
        (f"workers = true\n{ROOT}", "server.toml:1: workers: must be a whole number from 1 to 256, not true"),
        (f"rates = {{ body = -1 }}\n{ROOT}",
         "server.toml:1: rates.body: must be a whole number from 0 to 1073741824, not -1"),
        (f"workers = 07:32:00\n{ROOT}", "server.toml:1: workers: must be a whole number from 1 to 256, not 07:32:00"),
        *(
            (
                f"timeouts.idle = {wrong}\n{ROOT}",
                f"server.toml:1: timeouts.idle: must be a number of seconds above 0 and up to 86400, not {shown}",
            )
            for wrong, shown in [("0", "0"), ("-1", "-1"), ("nan", "nan"), ("inf", "inf"), ("86401", "86401"),
                                 ("true", "true"), ("'1'", '"1"'), ("[]", "a list"), ("{}", "a table")]
        ),
        (f"access_log = 1\n{ROOT}", "server.toml:1: access_log: must be a text in quotes, not 1"),
        (f'{ROOT}names = "a"', 'server.toml:3: sites[0].names: must be a list in brackets, not "a"'),
        (f"listen = []\n{ROOT}", "server.toml:1: listen: must not be an empty list"),
        (f'{ROOT}index = ["a",\n\n"b", "a"]', 'server.toml:5: sites[0].index[2]: "a" is in the list already'),
        (f'access_log = "{"a" * 100}\\u0000"\n{ROOT}', f'server.toml:1: access_log: must be a path, not "{"a" * 60}…"'),
        # What is on disk
        ('[[sites]]\nroot = "no"', 'server.toml:2: sites[0].root: there is no folder "no": make it, or name another'),
        (
            '[[sites]]\nroot = "staff.txt"',
            'server.toml:2: sites[0].root: there is no folder "staff.txt": make it, or name another',
        ),
        ("[[sites]]\nlisting = true", 'server.toml:1: sites[0]: needs root, for example root = "web"'),
        (f'error_log = "web"\n{ROOT}', 'server.toml:1: error_log: "web" is a folder: name a file in it'),
        (
            f'access_log = "no/log"\n{ROOT}',
            'server.toml:1: access_log: cannot open "no/log": there is no folder "no"',
        ),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    assert errors(tmp_path, text) == [message]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("workers = \n", 1),
        ("workers = 1\n[[sites]\n", 2),
        ('a = 1\n\nb = """x\n\n', 3),
        ("a = 1\nb = 2\na = 3\n", 3),
        ("a = " + "[" * 5000, 1),
        ("\ufeffworkers = 1\n", 1),
        (f"workers = {'1' * 5000}\n", 1),
    ],
)
def test_what_is_no_toml(tmp_path: Path, text: str, line: int) -> None:
    (told,) = errors(tmp_path, text)
    assert told.startswith(f"server.toml:{line}: ")


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = 'workers = 0\n[[sites]]\nroot = "web"\ntrace = 1\n[limits]\nbody = "x"\nhaed = 1\n[[sites]]\nroot = "no"\n'
    told = errors(tmp_path, text)
    assert [line.split(": ")[:2] for line in told] == [
        ["server.toml:1", "workers"],
        ["server.toml:4", "sites[0].trace"],
        ["server.toml:6", "limits.body"],
        ["server.toml:7", "limits.haed"],
        ["server.toml:8", "sites[1]"],
        ["server.toml:9", "sites[1].root"],
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for name, reason in [("missing.toml", "No such file or directory"), ("", "Is a directory")]:
        with pytest.raises(ConfigError) as caught:
            load(str(tmp_path / name))
        assert str(caught.value) == f"cannot read {tmp_path / name}: {reason}"


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"workers = 1\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: must be UTF-8$"):
        load(str(tmp_path / "latin.toml"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("80", 'must be "host:port" or "[IPv6 address]:port"'),
        ("::1:80", 'must be "host:port" or "[IPv6 address]:port"'),
        ("[a]:80", 'must be "host:port" or "[IPv6 address]:port"'),
        ("[:]:80", "its host must be an IPv6 address"),
        ("256.0.0.1:80", "its host must be an IPv4 address"),
        (":80", "its host must be a host name or an address"),
        ("a b:80", "its host must be a host name or an address"),
        ("a:65536", "its port must be a whole number from 0 to 65535"),
        ("a:", "its port must be a whole number from 0 to 65535"),
        ("a:+1", "its port must be a whole number from 0 to 65535"),
    ],
)
def test_addresses(tmp_path: Path, address: str, said: str) -> None:
    (told,) = errors(tmp_path, f'listen = ["a:1",\n"{address}"]\n{ROOT}')
    assert told.startswith(f"server.toml:2: listen[1]: {said}, not ")
