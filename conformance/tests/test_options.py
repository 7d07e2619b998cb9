from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from conformance.errors import UnreachableError, UsageError
from conformance.options import SETTINGS, Options, read_options, server_address
from conformance.rule import Level, Spec


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:50000", "http://localhost:50000"),
        ("http://localhost:50000/", "http://localhost:50000"),
        ("localhost:50000", "http://localhost:50000"),
        ("http://example.org", "http://example.org:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTP://Localhost:1", "http://localhost:1"),
    ],
)
def test_a_server_address_has_one_spelling(text: str, url: str) -> None:
    assert server_address(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "https://localhost",
        "http://localhost:x",
        "http://localhost:70000",
        "http://[::1",
        "http://a b",
        "http://localhost/web/",
        "http://localhost/?q",
        "http://u@localhost",
        "http://a;b:1",
        "ftp://localhost",
    ],
)
def test_what_is_no_server_address_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError, match="write it as http://host:port"):
        server_address(text)


def test_all_settings_are_read() -> None:
    options = read_options(
        {
            "server_url": "localhost:8000",
            "server_command": "run {port}",
            "web_root": "www",
            "step": "4",
            "level": "Should",
            "spec": "2616",
            "rule": ["status-line.*", "date.*"],
            "report": "out",
            "evidence": "run.json",
            "known_failures": "known.txt",
            "patience": "2.5",
            "fuzz": "5000",
            "fuzz_seed": " week 3 ",
            "fuzz_time": "60",
            "fuzz_failures": "kept.json",
            "against": "localhost:8001",
        }
    )
    assert options == Options(
        server_url="http://localhost:8000",
        server_command="run {port}",
        web_root=Path("www"),
        step=4,
        level=Level.SHOULD,
        spec=Spec.RFC2616,
        rules=("status-line.*", "date.*"),
        report=Path("out"),
        evidence=Path("run.json"),
        known_failures=Path("known.txt"),
        patience=2.5,
        fuzz=5000,
        fuzz_seed="week 3",
        fuzz_time=60.0,
        fuzz_failures=Path("kept.json"),
        against="http://localhost:8001",
    )


def test_what_is_not_given_keeps_its_default() -> None:
    assert read_options({}) == Options()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("server_command", " "),
        ("web_root", ""),
        ("step", "1"),
        ("step", "8"),
        ("step", "two"),
        ("level", "shall"),
        ("spec", "7230"),
        ("patience", "0"),
        ("patience", "-1"),
        ("patience", "nan"),
        ("patience", "soon"),
        ("report", ""),
        ("fuzz", "-1"),
        ("fuzz", "abc"),
        ("fuzz", "1e6"),
        ("fuzz", "10000000000"),
        ("fuzz_seed", " "),
        ("fuzz_time", "0"),
        ("fuzz_time", "long"),
        ("fuzz_failures", " "),
        ("against", "https://localhost"),
        ("against", "http://localhost:x"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=rf"^{name.replace('_', ' ')}: "):
        read_options({name: text})


def test_an_empty_place_for_failures_is_nowhere() -> None:
    assert read_options({"fuzz_failures": ""}).fuzz_failures is None


def test_an_empty_rule_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^rule: "):
        read_options({"rule": ["status-line.*", " "]})


def test_every_option_has_a_setting() -> None:
    assert {setting.target for setting in SETTINGS} == {field.name for field in fields(Options)}


def test_the_command_line_leaves_out_the_word_server() -> None:
    flags = {setting.name: (setting.flag, setting.short_flag) for setting in SETTINGS}
    assert flags["server_command"] == ("--server-command", "--command")
    assert flags["web_root"] == ("--web-root", "--web-root")


def test_errors_have_their_exit_codes() -> None:
    assert (UsageError.exit_code, UnreachableError.exit_code) == (2, 3)
