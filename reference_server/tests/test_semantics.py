"""Dates, entity tags, preconditions, media types and paths, as pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.http1.messages import Refusal, Request
from reference_server.semantics import conditional, dates, etags, media_types, targets
from reference_server.semantics.conditional import Precondition, Validators
from reference_server.semantics.etags import Wildcard

NOW = 1_700_000_000
THEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


def asking(method: str = "GET", **fields: str) -> Request:
    lines = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items()]
    return Request(method, b"/", (1, 1), lines)


# -- dates


def test_the_date_that_is_written() -> None:
    assert dates.format_http_date(THEN) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert dates.format_http_date(0) == b"Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    "value", [b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994"]
)
def test_the_three_dates_that_are_read(value: bytes) -> None:
    assert dates.parse_http_date(value, NOW) == THEN


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"not-a-date",
        b"Sun, 06 Nov 1994 08:49:37 +0330",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun, 31 Feb 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 24:49:37 GMT",
        b"Sun, 06 Nov 1994 08:60:37 GMT",
        b"sun, 06 nov 1994 08:49:37 gmt",
        b"784111777",
        b"Sun, 06 Nov 1994 08:49:37 GMT, x",
        b"\xff",
    ],
)
def test_what_is_no_date(value: bytes) -> None:
    assert dates.parse_http_date(value, NOW) is None


@given(st.integers(0, 4_000_000_000))
def test_written_dates_are_read_back(moment: int) -> None:
    assert dates.parse_http_date(dates.format_http_date(moment), NOW) == moment


def test_years_of_two_digits() -> None:
    assert dates.full_year(94, 2026) == 1994
    assert dates.full_year(76, 2026) == 2076
    assert dates.full_year(77, 2026) == 1977
    assert dates.full_year(0, 2026) == 2000


def test_a_leap_second_is_read() -> None:
    assert dates.parse_http_date(b"Sat, 31 Dec 2016 23:59:60 GMT", NOW) is not None


# -- entity tags


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"*", Wildcard.ANY),
        (b' "a"', [b'"a"']),
        (b'W/"a", "b"', [b'W/"a"', b'"b"']),
        (b',"a",,"b",', [b'"a"', b'"b"']),
        (b'"a,b"', [b'"a,b"']),
        (b'""', [b'""']),
        (b"", []),
        (b"a", None),
        (b'"a" "b"', None),
        (b'w/"a"', None),
        (b'"a', None),
        (b'*, "a"', None),
        (b" " * 50_000 + b"x", None),
    ],
)
def test_lists_of_tags(value: bytes, expected: object) -> None:
    assert etags.parse_tag_list(value) == expected


def test_comparison_of_tags() -> None:
    assert etags.strong_match(b'"a"', b'"a"')
    assert not etags.strong_match(b'W/"a"', b'W/"a"')
    assert not etags.strong_match(b'"a"', b'"A"')
    assert etags.weak_match(b'W/"a"', b'"a"')
    assert not etags.weak_match(b'"a"', b'"b"')


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_tags_tell_contents_apart(one: bytes, other: bytes) -> None:
    tags = etags.compute_etag(one), etags.compute_etag(other)
    assert (tags[0] == tags[1]) == (one == other)
    assert etags.ENTITY_TAG.fullmatch(tags[0])


# -- preconditions

CURRENT = Validators(b'"now"', THEN)
LATER, SAME, EARLIER = (dates.format_http_date(THEN + delta).decode() for delta in (60, 0, -60))
FUTURE = dates.format_http_date(NOW + 86400).decode()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "SEND"),
        ({"if_match": '"now"'}, "SEND"),
        ({"if_match": '"x", "now"'}, "SEND"),
        ({"if_match": "*"}, "SEND"),
        ({"if_match": '"x"'}, "PRECONDITION_FAILED"),
        ({"if_match": 'W/"now"'}, "PRECONDITION_FAILED"),
        ({"if_match": "garbage"}, "PRECONDITION_FAILED"),
        ({"if_match": "*", "if_unmodified_since": EARLIER}, "SEND"),
        ({"if_match": '"x"', "if_none_match": '"now"'}, "PRECONDITION_FAILED"),
        ({"if_unmodified_since": EARLIER}, "PRECONDITION_FAILED"),
        ({"if_unmodified_since": SAME}, "SEND"),
        ({"if_unmodified_since": "not-a-date"}, "SEND"),
        ({"if_none_match": '"now"'}, "NOT_MODIFIED"),
        ({"if_none_match": 'W/"now"'}, "NOT_MODIFIED"),
        ({"if_none_match": '"a", "now", "b"'}, "NOT_MODIFIED"),
        ({"if_none_match": "*"}, "NOT_MODIFIED"),
        ({"if_none_match": '"x"'}, "SEND"),
        ({"if_none_match": '"x,now"'}, "SEND"),
        ({"if_none_match": '"x"', "if_modified_since": SAME}, "SEND"),
        ({"if_none_match": '"now"', "if_modified_since": EARLIER}, "NOT_MODIFIED"),
        ({"if_modified_since": SAME}, "NOT_MODIFIED"),
        ({"if_modified_since": LATER}, "NOT_MODIFIED"),
        ({"if_modified_since": EARLIER}, "SEND"),
        ({"if_modified_since": FUTURE}, "SEND"),
        ({"if_modified_since": "not-a-date"}, "SEND"),
        ({"if_modified_since": f"{SAME}, {SAME}"}, "SEND"),
    ],
)
def test_preconditions(fields: dict[str, str], expected: str) -> None:
    for method in ("GET", "HEAD"):
        outcome = conditional.evaluate_preconditions(asking(method, **fields), CURRENT, NOW)
        assert outcome is Precondition[expected]


def test_preconditions_of_other_methods() -> None:
    def judge(**fields: str) -> Precondition:
        return conditional.evaluate_preconditions(asking("PUT", **fields), CURRENT, NOW)

    assert judge(if_none_match="*") is Precondition.PRECONDITION_FAILED
    assert judge(if_modified_since=SAME) is Precondition.SEND


def test_preconditions_without_validators() -> None:
    def judge(**fields: str) -> Precondition:
        return conditional.evaluate_preconditions(asking(**fields), Validators(), NOW)

    assert judge(if_modified_since=SAME) is Precondition.SEND
    assert judge(if_unmodified_since=EARLIER) is Precondition.SEND
    assert judge(if_match='"x"') is Precondition.PRECONDITION_FAILED
    assert judge(if_none_match='"x"') is Precondition.SEND


def test_preconditions_where_there_is_nothing_yet() -> None:
    def judge(**fields: str) -> Precondition:
        return conditional.evaluate_preconditions(asking("PUT", **fields), None, NOW)

    assert judge(if_match="*") is Precondition.PRECONDITION_FAILED
    assert judge(if_match='"now"') is Precondition.PRECONDITION_FAILED
    assert judge(if_none_match="*") is Precondition.SEND
    assert judge(if_none_match='"now"') is Precondition.SEND
    assert judge(if_unmodified_since=EARLIER) is Precondition.SEND


# -- media types and paths


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"a.html", b"text/html"),
        (b"a.JPG", b"image/jpeg"),
        (b"a.tar.gz", b"application/gzip"),
        (b"a.js", b"text/javascript"),
        (b"a", media_types.UNKNOWN),
        (b"a.", media_types.UNKNOWN),
        (b".html", media_types.UNKNOWN),
        (b"a.xyzzy", media_types.UNKNOWN),
    ],
)
def test_media_types(name: bytes, expected: bytes) -> None:
    assert media_types.choose_media_type(name) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/", [b""]),
        (b"/a", [b"a"]),
        (b"/a/", [b"a", b""]),
        (b"/a/b", [b"a", b"b"]),
        (b"//a", [b"", b"a"]),
        (b"/a%20b", [b"a b"]),
        (b"/%2541", [b"%41"]),
        (b"/a+b", [b"a+b"]),
        (b"/%3F%23", [b"?#"]),
        (b"/.", [b""]),
        (b"/..", [b""]),
        (b"/../../a", [b"a"]),
        (b"/a/../b", [b"b"]),
        (b"/a/./b", [b"a", b"b"]),
        (b"/a/..", [b""]),
        (b"/a/.", [b"a", b""]),
        (b"/%2e%2E/a", [b"a"]),
        (b"/a/%2e%2e/b", [b"b"]),
        (b"/...", [b"..."]),
        (b"/a/b/../..", [b""]),
        (b"/%ff", [b"\xff"]),
    ],
)
def test_decoded_paths(path: bytes, expected: list[bytes]) -> None:
    assert targets.decode_target_path(path) == expected


@pytest.mark.parametrize(
    ("path", "status"), [(b"/a%00", 400), (b"/%2f", 404), (b"/..%2f..%2fetc", 404), (b"/a%2Fb", 404)]
)
def test_refused_paths(path: bytes, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        targets.decode_target_path(path)
    assert caught.value.status == status


NAMES = st.binary(min_size=1, max_size=8).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_encoded_paths_are_decoded_back(names: list[bytes]) -> None:
    encoded = targets.encode_target_path(names)
    assert targets.decode_target_path(encoded) == names
    assert encoded.isascii()


def test_the_encoding_of_paths() -> None:
    assert targets.percent_encode(b"~a-b_c.txt") == b"~a-b_c.txt"
    assert targets.percent_encode("a b?#%:\u00e9".encode()) == b"a%20b%3F%23%25%3A%C3%A9"
