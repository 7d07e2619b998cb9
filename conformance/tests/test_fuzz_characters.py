"""The table of characters leaves no folder behind, and Hypothesis keeps what it has where its user wants it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLAY = """
from conformance.fuzz import dice
from hypothesis import given, settings, strategies
from hypothesis.configuration import set_hypothesis_home_dir
{before}
assert dice.simplest(strategies.integers(0)) == 0
assert dice.simplest(strategies.text("ab", min_size=2)) == "aa"
{after}
"""
# Hypothesis keeps nothing where it sees that it runs in CI, unless it is asked for its default profile.
OWN_TEST = """
@settings(settings.get_profile("default"))
@given(strategies.integers())
def own_test(number):
    assert number < 100
try:
    own_test()
except AssertionError:
    pass
"""


def played(folder: Path, before: str = "", after: str = "") -> set[str]:
    """What is in the folder after a program has run there."""
    program = PLAY.format(before=before, after=after)
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=folder, check=True, timeout=120)
    return {path.name for path in folder.iterdir()}


def test_nothing_is_left(tmp_path: Path) -> None:
    assert played(tmp_path) == set()


def test_a_folder_that_hypothesis_has_already_is_used(tmp_path: Path) -> None:
    (tmp_path / ".hypothesis").mkdir()
    assert played(tmp_path) == {".hypothesis"}
    assert list(tmp_path.glob(".hypothesis/unicode_data/*/charmap.json.gz"))


def test_what_a_users_own_tests_find_is_kept_where_it_always_is(tmp_path: Path) -> None:
    assert played(tmp_path, after=OWN_TEST) == {".hypothesis"}
    assert list(tmp_path.glob(".hypothesis/examples/*/*"))


@pytest.mark.parametrize("chosen", ["set_hypothesis_home_dir('own')", "import os\nos.environ[NAME] = 'own'"])
def test_what_a_users_own_tests_find_is_kept_where_he_has_chosen(tmp_path: Path, chosen: str) -> None:
    before = chosen.replace("NAME", "'HYPOTHESIS_STORAGE_DIRECTORY'")
    assert played(tmp_path, before, OWN_TEST) == {"own"}
    assert list(tmp_path.glob("own/examples/*/*"))
