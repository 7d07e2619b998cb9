"""What fits by itself but not together, and files of users."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server.tests.configuration import ROOT, errors, read

SITE_B = '[[sites]]\nroot = "other"\n'
MEMBERS = '[[sites.protected]]\npath = "/m/"\nrealm = "r"\nscheme = "digest"\n'
OTHER = '[[sites.protected]]\npath = "/o/"\nrealm = "r"\n'


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            f'{ROOT}names = ["a"]\n{SITE_B}names = ["b",\n"a"]',
            ['server.toml:7: sites[1].names[1]: "a" is a name of sites[0] already'],
        ),
        (f"{ROOT}{SITE_B}", ["server.toml:3: sites[1]: is never chosen: every site but the first needs names"]),
        (
            f'{ROOT}redirects = [{{ source = "/a", target = "/b" }},\n{{ source = "/a", target = "/c" }}]',
            ['server.toml:4: sites[0].redirects[1].source: "/a" stands already in sites[0].redirects[0]'],
        ),
        (
            f'{ROOT}[[sites.redirects]]\nsource = "/a"\ntarget = "/b/*"',
            [
                "server.toml:5: sites[0].redirects[0].target: "
                "ends in *, but its source does not: there is nothing to repeat"
            ],
        ),
        *(
            (
                f'{ROOT}[[sites.redirects]]\nsource = "{source}"\ntarget = "{target}"',
                [
                    f'server.toml:5: sites[0].redirects[0].target: "{target}" '
                    "fits its own source: clients would go in circles"
                ],
            )
            for source, target in [
                ("/a", "/a"), ("/a", "/a?b"), ("/a b", "/a%20b#c"), ("/a/*", "/a/b"), ("/a/*", "/a/b/*"), ("/*", "/"),
            ]
        ),
        (
            f'{ROOT}[[sites.caching]]\npattern = "/a"',
            ["server.toml:3: sites[0].caching[0]: says nothing: needs control or expires, or both"],
        ),
        (
            f"{ROOT}{MEMBERS}",
            [
                'server.toml:3: sites[0].protected[0]: lets nobody in: needs users = { name = "password" }, '
                'or users_file = "\u2026"'
            ],
        ),
        (
            f'{ROOT}{MEMBERS}users = {{ a = "b" }}\nusers_file = "staff.txt"',
            ["server.toml:8: sites[0].protected[0].users_file: cannot stand beside users: keep one of them"],
        ),
        (
            f'{ROOT}{MEMBERS}users.a = "b"\n{MEMBERS}users.a = "b"',
            ['server.toml:9: sites[0].protected[1].path: "/m/" stands already in sites[0].protected[0]'],
        ),
        (
            f'{ROOT}{MEMBERS}users = {{ carl = "x", dora = "y" }}\n{OTHER}scheme = "digest"\nusers_file = "staff.txt"',
            [
                "server.toml:8: sites[0].protected[1]: "
"gives carl another password than sites[0].protected[0] with the same realm",
                "server.toml:8: sites[0].protected[1]: "
"gives dora another password than sites[0].protected[0] with the same realm",
            ],
        ),
        (
            f'{ROOT}{MEMBERS}users_file = "no"',
            ["server.toml:7: sites[0].protected[0].users_file: cannot read no: No such file or directory"],
        ),
        (
            f"{ROOT}[[sites.redirects]]\n[[sites.protected]]\nusers = 1",
            [
                'server.toml:3: sites[0].redirects[0]: needs source, for example source = "/old/*"',
                'server.toml:3: sites[0].redirects[0]: needs target, for example target = "https://example.org/new/*"',
                'server.toml:4: sites[0].protected[0]: needs path, for example path = "/members/"',
                'server.toml:4: sites[0].protected[0]: needs realm, for example realm = "Members"',
                'server.toml:4: sites[0].protected[0]: needs scheme, for example scheme = "digest"',
                'server.toml:5: sites[0].protected[0].users: must be a table like { ann = "password" }',
            ],
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(tmp_path: Path, text: str, messages: list[str]) -> None:
    assert errors(tmp_path, text) == messages


def test_a_longer_source_breaks_the_circle(tmp_path: Path) -> None:
    for source in ("/a/b", "/a/b*"):
        rules = f'redirects = [{{source = "/a/*", target = "/a/b"}}, {{source = "{source}", target = "/c"}}]'
        assert len(read(tmp_path, ROOT + rules).sites[0].redirects) == 2


@pytest.mark.parametrize(
    ("octets", "messages"),
    [
        (b"", ["staff.txt:1: must hold at least one line name:password"]),
        (b"#x:y\n\n", ["staff.txt:1: must hold at least one line name:password"]),
        (b"a:b\nhunter2\n\n:hunter2\r\nc:\n", [
            "staff.txt:2: must be name:password",
            "staff.txt:4: a user's name must not be empty",
            "staff.txt:5: a password must not be empty",
        ]),
        (b"a:b\n\xff:hunter2\n", ["staff.txt:2: must be UTF-8"]),
        (b"a:b\nb:hunter2\x00\n", ["staff.txt:2: a password must not hold control characters"]),
        (b"a:b\na:hunter2\n", ["staff.txt:2: the name a has a line already"]),
    ],
)  # fmt: skip
def test_files_of_users(tmp_path: Path, octets: bytes, messages: list[str]) -> None:
    (tmp_path / "staff.txt").write_bytes(octets)
    assert errors(tmp_path, f'{ROOT}{MEMBERS}users_file = "staff.txt"') == messages


def test_files_of_users_are_read_again(tmp_path: Path) -> None:
    text = f'{ROOT}{MEMBERS}users_file = "staff.txt"'
    assert [name for name, _ in read(tmp_path, text).sites[0].protected[0].users] == ["carl", "dora"]
    (tmp_path / "staff.txt").write_text("emil:hunter2")
    service = read(tmp_path, text)
    assert service.sites[0].protected[0].users == (("emil", "hunter2"),)
    assert "hunter2" not in repr(service)


SHOWN = "to everybody: move one of them, or give the file a name with a dot in front"


def test_the_servers_own_files_are_not_in_the_folder_that_is_served(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "staff.txt").write_text("carl:hunter2")
    (tmp_path / "behind").symlink_to("web")
    text = f'access_log = "behind/access.log"\nerror_log = "-"\n{ROOT}{MEMBERS}users_file = "web/staff.txt"'
    assert errors(tmp_path, text) == [
        f'server.toml:4: sites[0].root: would show "{name}" {SHOWN}' for name in ("behind/access.log", "web/staff.txt")
    ]
    assert errors(tmp_path, '[[sites]]\nroot = "."') == [
        f'server.toml:2: sites[0].root: would show "server.toml" {SHOWN}'
    ]


def test_hidden_and_neighbouring_files_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "web" / ".own").mkdir(parents=True)
    (tmp_path / "web" / ".own" / "staff.txt").write_text("carl:hunter2")
    (tmp_path / "web2").mkdir()
    logs = 'access_log = "web/.access.log"\nerror_log = "web2/error.log"'
    assert read(tmp_path, f'{logs}\n{ROOT}{MEMBERS}users_file = "web/.own/staff.txt"').sites[0].protected
