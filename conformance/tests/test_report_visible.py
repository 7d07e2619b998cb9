from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.visible import Row, excerpt, safe, visible

PRINTABLE = set(string.printable) - set("\t\n\r\x0b\x0c")


def test_octets_are_spelled_out() -> None:
    assert visible(b'A\r\n\t\x00\x1b\xff\\"') == "\\".join(["A", "r", "n", "t", "x00", "x1b", "xff", "", '"'])


@given(st.binary(max_size=300))
def test_nothing_but_printable_ascii_is_shown_and_every_octet_can_be_told(data: bytes) -> None:
    shown = visible(data)
    assert set(shown) <= PRINTABLE
    assert shown.encode().decode("unicode_escape").encode("latin-1") == data


@given(st.text(max_size=100))
def test_foreign_text_has_no_controls(text: str) -> None:
    assert all(char.isprintable() for char in safe(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\xe9 §", "caf\xe9 §"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb", "a\\nb"),
        ("\udc80", "\\udc80"),
        ("\U000e0001", "\\U000e0001"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_characters_that_do_not_print_are_spelled_out(text: str, shown: str) -> None:
    assert safe(text) == shown


def rows(data: bytes, span: tuple[int, int] | None, width: int = 40) -> list[Row]:
    return list(excerpt(data, span, width))


def marked(data: bytes, span: tuple[int, int], width: int = 40) -> list[tuple[str, str]]:
    return [(row.text, row.marks) for row in rows(data, span, width) if row.marks]


def test_lines_break_after_the_line_feed() -> None:
    assert [row.text for row in rows(b"one\r\ntwo\n\nend", None)] == ["one\\r\\n", "two\\n", "\\n", "end"]


def test_carets_stand_under_the_span_as_it_is_spelled() -> None:
    assert marked(b"ab\x00\x01cd\r\n", (2, 4)) == [("ab\\x00\\x01cd\\r\\n", "  ^^^^^^^^")]


def test_a_span_over_two_lines_is_marked_on_both() -> None:
    assert marked(b"abc\ndef", (2, 5)) == [("abc\\n", "  ^^^"), ("def", "^")]


@pytest.mark.parametrize(
    ("data", "at", "expected"),
    [
        (b"abc", 1, [("abc", " ^")]),
        (b"abc", 3, [("abc", "   ^")]),
        (b"abc\r\n", 5, [("", "^")]),
        (b"", 0, [("", "^")]),
    ],
)
def test_an_empty_span_is_a_place(data: bytes, at: int, expected: list[tuple[str, str]]) -> None:
    assert marked(data, (at, at)) == expected


def test_what_is_left_out_is_counted() -> None:
    data = b"HTTP/1.1 200 OK\r\n" + b"x" * 5000 + b"!" + b"y" * 5000
    shown = rows(data, (5017, 5018))
    assert shown[0].text == "HTTP/1.1 200 OK\\r\\n"
    left_out = sum(int(row.text.split()[1]) for row in shown if row.gap)
    assert left_out + sum(len(row.text) for row in shown if not row.gap) - len("\\r\\n") + 2 == len(data)
    assert [row.marks.count("^") for row in shown if row.marks] == [1]


def test_without_a_span_beginning_and_end_are_shown() -> None:
    data = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    shown = rows(data, None)
    assert shown[0].text.startswith("GET /aaa")
    assert [row.text for row in shown[-2:]] == ["Host: x\\r\\n", "\\r\\n"]
    assert any(row.gap for row in shown)
    assert len(shown) < 10


@given(st.binary(max_size=12_000), st.data(), st.integers(min_value=8, max_value=100))
def test_an_excerpt_is_short_and_accounts_for_every_octet(data: bytes, choice: st.DataObject, width: int) -> None:
    start = choice.draw(st.integers(min_value=0, max_value=len(data)))
    end = choice.draw(st.integers(min_value=start, max_value=len(data)))
    for span in (None, (start, end)):
        shown = rows(data, span, width)
        octets = sum(int(row.text.split()[1]) for row in shown if row.gap)
        octets += sum(len(row.text.encode().decode("unicode_escape")) for row in shown if not row.gap)
        assert octets == len(data)
        assert len(shown) <= 20
        assert all(len(row.text) <= max(width, 40) + 4 for row in shown)
        assert span is None or any(row.marks for row in shown)


@given(st.binary(max_size=400), st.binary(min_size=1, max_size=8), st.binary(max_size=400))
def test_the_marked_text_is_the_span(before: bytes, fault: bytes, after: bytes) -> None:
    span = (len(before), len(before) + len(fault))
    text = "".join(
        row.text[row.marks.count(" ") : len(row.marks)] for row in rows(before + fault + after, span, 60) if row.marks
    )
    assert text == visible(fault)
