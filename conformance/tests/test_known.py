from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.known import parse_known, read_known

IDS = ("status-line.crlf", "date.present", "date.form")


def test_ids_reasons_and_comments() -> None:
    text = "# about this server\n\nstatus-line.crlf  # ticket #17\r\n  date.present#why\ndate.form\n"
    assert parse_known(text, "known.txt", IDS) == {
        "status-line.crlf": "ticket #17",
        "date.present": "why",
        "date.form": "",
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing is broken\n"])
def test_nothing_may_be_declared(text: str) -> None:
    assert parse_known(text, "known.txt", IDS) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "date.form\nstatus-line.crfl # typo\n",
            "known.txt:2: no rule 'status-line.crfl'; did you mean status-line.crlf",
        ),
        ("status-line.*\n", "known.txt:1: no rule 'status-line.*'; did you mean status-line.crlf"),
        ("Date.Form\n", "known.txt:1: no rule 'Date.Form'; did you mean date.form"),
        ("zzz\n", "known.txt:1: no rule 'zzz'; `python -m conformance rules` lists them all"),
        ("date.form\n#\ndate.form # again\n", "known.txt:3: date.form is named already in line 1"),
        ("date.form date.present\n", "known.txt:1: 'date.form date.present' is more than a rule id"),
        ("date.form no Date at all\n", "is more than a rule id: one rule a line, and the reason after #"),
        ("\x1b[2J\n", r"known.txt:1: no rule '\\x1b[2J'"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        parse_known(text, "known.txt", IDS)
    assert str(error.value).startswith("known failures: ")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_bytes("\ufeffdate.form  # größer\n".encode())
    assert read_known(file, IDS) == {"date.form": "größer"}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"date.form # gr\xf6\xdfer\n")
    for name in ("latin.txt", "none.txt", "."):
        with pytest.raises(UsageError, match=r"^known failures: .*(cannot be read|no text in UTF-8)"):
            read_known(tmp_path / name, IDS)
