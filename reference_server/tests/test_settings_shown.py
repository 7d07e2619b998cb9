"""What is shown of a configuration: all of it, with reasons, readable again, and without passwords."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

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
from reference_server.settings import load, show
from reference_server.settings.kinds import HIDDEN, quoted
from reference_server.settings.positions import positions
from reference_server.settings.table import ALL

STAFF = (("carl", "hunter2 of carl"), ("dora", "hunter2:#"))

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*/"), min_size=1, max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=":"), min_size=1, max_size=5)
HOSTS = st.sampled_from(["127.0.0.1", "::1", "fe80::1%lo", "localhost", "Example.org", "0.0.0.0"])
COUNTS = st.integers(1, 256)
SECONDS = st.floats(0, 86400, exclude_min=True)
FLAGS = st.booleans()
PATHS = st.lists(TEXT.filter(lambda text: text not in (".", "..")), max_size=2).map(
    lambda parts: "/" + "".join(f"{part}/" for part in parts)
)
FILES = TEXT.filter(lambda text: not text.startswith("."))
SERVER_NAMES = st.from_regex(r"[a-z0-9]{1,4}(\.[a-z]{1,3})?", fullmatch=True) | st.just("[::1]")


def some(each: st.SearchStrategy[Any], key: Callable[[Any], Any] | None = None, least: int = 0) -> Any:
    return st.lists(each, unique_by=key or (lambda value: value), min_size=least, max_size=3).map(tuple)


REDIRECTS = st.builds(
    Redirect,
    st.tuples(PATHS, TEXT, st.sampled_from(["", "*"])).map("".join),
    st.sampled_from(["/new", "/%C3%BC?a=b&c#d", "https://example.org:8443/x", "http://[::1]/"]),
    st.sampled_from([301, 302, 303, 307, 308]),
)
CONTROLS = st.sampled_from(["no-cache", 'public, x="a \\" b"', "max-age=1,private"])
RULES = st.builds(CachingRule, TEXT.map(lambda text: f"/{text.replace('[', '')}*"), CONTROLS, st.integers(0, 1000))
PARTIAL_RULES = st.builds(CachingRule, st.just("*.css"), CONTROLS) | st.just(CachingRule("[a]?", None, 7))
PASSWORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5).map(lambda text: f"hunter2{text}")
USERS = some(st.tuples(NAMES, PASSWORDS), lambda pair: pair[0], 1)
REALMS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), min_size=2)


def protected(staff: str) -> st.SearchStrategy[ProtectedFolder]:
    users = st.tuples(USERS, st.none()) | st.just((STAFF, staff))
    return st.builds(
        lambda path, realm, scheme, pair: ProtectedFolder(path, realm, scheme, *pair),
        PATHS, REALMS, st.sampled_from(Scheme), users,
    )  # fmt: skip


def sites(folder: Path) -> st.SearchStrategy[SiteSettings]:
    return st.builds(
        SiteSettings,
        root=st.sampled_from([str(folder / "web"), str(folder / 'a "b"\\\u00fc')]),
        index=some(FILES),
        listing=FLAGS, the_time=FLAGS, programs=FLAGS, links=FLAGS, compress=FLAGS, negotiate=FLAGS, trace=FLAGS,
        languages=some(st.sampled_from(["en", "de-CH", "fr"])),
        writable=some(PATHS),
        redirects=some(REDIRECTS, lambda redirect: redirect.source),
        caching=some(RULES | PARTIAL_RULES),
        protected=some(protected(str(folder / "staff.txt")), lambda each: each.path),
    )  # fmt: skip


@st.composite
def services(draw: st.DrawFn, folder: Path) -> Service:
    names = iter(draw(some(SERVER_NAMES, least=3)))
    first, *others = draw(st.lists(sites(folder), min_size=1, max_size=3))
    named = [replace_names(site, next(names)) for site in others]
    log = st.sampled_from([None, "-", str(folder / "log \u00fc"), "/dev/null"])
    addresses = some(st.builds(Address, HOSTS, st.integers(0, 65535)), least=1)
    return Service((first, *named), draw(addresses), draw(COUNTS), draw(log), draw(log), draw(configs()))


def replace_names(site: SiteSettings, *names: str) -> SiteSettings:
    values = {name: getattr(site, name) for name in SiteSettings.__slots__}
    return SiteSettings(**{**values, "names": names})


def configs() -> st.SearchStrategy[Config]:
    return st.builds(
        Config,
        st.builds(Limits, *[COUNTS] * 5),
        st.builds(Timeouts, *[SECONDS] * 7),
        *[COUNTS] * 6,
        rates=st.builds(Rates, COUNTS, COUNTS),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    for name in ("web", 'a "b"\\\u00fc'):
        (folder / name).mkdir()
    (folder / "staff.txt").write_text("".join(f"{name}:{password}\n" for name, password in STAFF), "utf-8")
    return folder


def with_passwords(text: str, service: Service) -> str:
    """Put the passwords where the shown text leaves them out."""
    passwords = (
        quoted(password)
        for site in service.sites
        for each in site.protected
        if each.users_file is None
        for _, password in each.users
    )
    return re.sub(f'(?<= = )"{HIDDEN}"', lambda _: next(passwords), text)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_shown_reads_back(folder: Path, data: st.DataObject) -> None:
    service = data.draw(services(folder))
    text = show(service)
    assert "hunter2" not in text
    file = folder / "shown.toml"
    file.write_text(with_passwords(text, service), "utf-8")
    try:
        again = load(str(file))
    except ConfigError as error:
        assume(not re.search("circles|the same realm", str(error)))
        raise
    assert again == service


def test_hidden_passwords_do_not_become_passwords(folder: Path) -> None:
    site = SiteSettings(str(folder / "web"), protected=(ProtectedFolder("/", "r", Scheme.BASIC, (("ann", "x"),)),))
    file = folder / "shown.toml"
    file.write_text(show(Service((site,))), "utf-8")
    with pytest.raises(ConfigError, match=r"users\.ann: … only stands for a password that is not shown"):
        load(str(file))


def test_every_setting_has_its_meaning_and_reason(folder: Path) -> None:
    text = show(Service((SiteSettings(str(folder / "web")),)))
    words = " ".join(text.replace("#", " ").split())
    for section in ALL:
        assert section.meaning in words
        for setting in section.settings:
            assert f"{setting.meaning} " in words
            assert setting.required or f"({setting.reason}). " in words
            assert re.search(rf"^(# )?{setting.key} = ", text, re.MULTILINE)
    assert all(len(line) <= 112 for line in text.splitlines())


def test_the_examples_of_what_is_not_set_are_good(folder: Path) -> None:
    """Whoever takes the # away gets a configuration that works."""
    (folder / "members.txt").write_text("ann:secret\n")
    text = show(Service((SiteSettings(str(folder / "web")),)))
    text = re.sub(r"^# (\[\[sites\.|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^users = .*\n", "", text, flags=re.MULTILINE)
    file = folder / "examples.toml"
    file.write_text(text, "utf-8")
    service = load(str(file))
    assert (service.access_log, service.error_log) == (str(folder / "access.log"), str(folder / "error.log"))
    (site,) = service.sites
    assert site.redirects == (Redirect("/old/*", "https://example.org/new/*"),)
    assert site.caching == (CachingRule("/images/*", "public, max-age=3600", 3600),)
    assert site.protected[0].users == (("ann", "secret"),)


def test_only_the_first_site_is_explained(folder: Path) -> None:
    redirects = (Redirect("/a", "/b"), Redirect("/c", "/d"))
    site = SiteSettings(str(folder / "web"), redirects=redirects)
    text = show(Service((site, replace_names(site, "b"))))
    assert text.count("# A path, not percent-encoded") == 1
    rest = text[positions_offset(text, "sites", 1) :]
    assert "#" not in rest
    assert len(tomllib.loads(text)["sites"][1]["redirects"]) == 2


def positions_offset(text: str, *path: str | int) -> int:
    lines = text.splitlines(keepends=True)
    return len("".join(lines[: positions(text)[path] - 1]))
