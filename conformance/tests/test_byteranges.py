"""Content-Range and multipart/byteranges, right and wrong, as the tolerant reader understands them."""

from __future__ import annotations

import pytest

from conformance.byteranges import Place, boundary_of, is_multipart, read_multipart, read_place

HEAD = b"Content-Type: text/plain\r\nContent-Range: bytes 0-1/9\r\n\r\n"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("bytes 0-9/100", Place(0, 9, 100)),
        ("Bytes 0-9/*", Place(0, 9, None)),
        ("bytes 007-9/100", Place(7, 9, 100)),
        ("bytes */100", None),
        ("bytes=0-9/100", None),
        ("bytes 0-9", None),
        ("bytes -9/100", None),
        ("bytes 0-1,5-6/100", None),
        ("", None),
        (None, None),
    ],
)
def test_a_place_is_read_from_both_positions(value: str | None, place: Place | None) -> None:
    assert read_place(value) == place


@pytest.mark.parametrize(
    ("place", "valid"),
    [(Place(0, 0, 1), True), (Place(0, 9, None), True), (Place(1, 0, 9), False), (Place(0, 9, 9), False)],
)
def test_a_place_must_exist(place: Place, valid: bool) -> None:
    assert place.valid is valid


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        ("multipart/byteranges; boundary=x", "x"),
        ('Multipart/ByteRanges;Boundary="a b"', "a b"),
        (r'multipart/byteranges; charset=x; boundary="a\"b"', 'a"b'),
        ("multipart/byteranges; boundary=a=b;q=1", "a=b"),
        ("multipart/byteranges", ""),
    ],
)
def test_the_boundary_may_be_quoted(value: str, boundary: str) -> None:
    assert boundary_of(value) == boundary
    assert is_multipart(value)
    assert not is_multipart("multipart/x-byteranges; boundary=x")
    assert not is_multipart(None)


def test_a_multipart_is_taken_apart() -> None:
    found = read_multipart(b"\r\n--x\r\n" + HEAD + b"he\r\n--x  \r\n" + HEAD + b"l\n\r\n\r\n--x--\r\n", "x")
    assert [part.content for part in found.parts] == [b"he", b"l\n\r\n"]
    assert [part.value("content-range") for part in found.parts] == ["bytes 0-1/9"] * 2
    assert all(part.headed and part.stray is None for part in found.parts)
    assert found.closed
    assert found.epilogue == b""
    assert found.bare is None


def test_parts_without_fields_or_content_are_parts() -> None:
    found = read_multipart(b"--x\r\n\r\n\r\n--x\r\n\r\n--x--", "x")
    assert found.parts[0].content == b""
    assert found.parts[0].fields == ()
    assert len(found.parts) == 2
    assert found.closed


@pytest.mark.parametrize(
    ("body", "bare"),
    [
        (b"--x\n" + HEAD + b"he\r\n--x--\r\n", b"--x"),
        (b"--x\r\n" + HEAD.replace(b"\r\n\r\n", b"\n\n") + b"he\r\n--x--", b"Content-Range: bytes 0-1/9"),
        (b"--x\r\n" + HEAD + b"he\n--x--", b"--x--"),
        (b"--x\r\n" + HEAD + b"h\ne\r\n--x--\n", None),  # what follows the last boundary is no line of its own
    ],
)
def test_lines_that_end_in_lf_are_noted(body: bytes, bare: bytes | None) -> None:
    found = read_multipart(body, "x")
    assert found.bare == bare
    assert found.closed
    assert len(found.parts) == 1


def test_what_is_damaged_is_read_as_far_as_it_goes() -> None:
    found = read_multipart(b"--x\r\nPART\r\n" + HEAD + b"he\r\n--x\r\nContent-Type: text/plain", "x")
    assert [part.stray for part in found.parts] == [b"PART", None]
    assert [part.headed for part in found.parts] == [True, False]
    assert not found.closed
    assert read_multipart(b"hello", "x").parts == ()
    assert read_multipart(b"--x--\r\nThat was all.\r\n", "x").epilogue == b"That was all.\r\n"
