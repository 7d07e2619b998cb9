"""Ranges: which parts are sent (a pure function), and how they are sent, asked for over sockets (RFC 9110 14)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server import Server
from reference_server.http1.messages import Request
from reference_server.semantics import dates, ranges
from reference_server.semantics.conditional import Validators
from reference_server.semantics.ranges import Selection, Whole
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Link, Reply, exchange, request

NOW = 1_700_000_000
THEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
CURRENT = Validators(b'"now"', THEN)
LATER, SAME, EARLIER = (dates.format_http_date(THEN + delta).decode() for delta in (60, 0, -60))


def asking(value: str, method: str = "GET", if_range: str | None = None) -> Request:
    fields = [(b"range", value.encode())]
    if if_range is not None:
        fields.append((b"if-range", if_range.encode()))
    return Request(method, b"/", (1, 1), fields)


def select(value: str, size: int = 1000) -> list[tuple[int, int]] | Whole:
    """(first, last) of each part."""
    outcome = ranges.select_ranges(asking(value), CURRENT, size, NOW)
    return outcome if isinstance(outcome, Whole) else [(part.first, part.end - 1) for part in outcome]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", [(0, 0)]),
        ("bytes=1-3", [(1, 3)]),
        ("Bytes=1-3", [(1, 3)]),
        ("bytes=995-", [(995, 999)]),
        ("bytes=995-9999", [(995, 999)]),
        ("bytes=-3", [(997, 999)]),
        ("bytes=-9999", [(0, 999)]),
        ("bytes=0-18446744073709551620", [(0, 999)]),
        ("bytes=0-" + "9" * 5000, [(0, 999)]),
        ("bytes=" + "0" * 5000 + "1-3", [(1, 3)]),
        ("bytes= 1-3 ,", [(1, 3)]),
        ("bytes=,,1-3", [(1, 3)]),
        ("bytes=0-1,5-6", [(0, 1), (5, 6)]),
        ("bytes=0-1 ,\t5-6", [(0, 1), (5, 6)]),
        ("bytes=5-6,0-1", [(5, 6), (0, 1)]),
        ("bytes=0-0,-1", [(0, 0), (999, 999)]),
        ("bytes=0-1,1010-1020", [(0, 1)]),
        ("bytes=500-600,601-999", [(500, 600), (601, 999)]),
        ("bytes=500-700,601-999", [(500, 999)]),
        ("bytes=601-999,500-700", [(500, 999)]),
        ("bytes=500-700,0-1,601-999", [(500, 999), (0, 1)]),
        ("bytes=0-,0-", [(0, 999)]),
        ("bytes=0-5,0-0", [(0, 5)]),
    ],
)
def test_parts(value: str, expected: list[tuple[int, int]]) -> None:
    assert select(value) == expected
    assert ranges.select_ranges(asking(value, "HEAD"), CURRENT, 1000, NOW) is Whole.ALL


@pytest.mark.parametrize(
    ("value", "size", "expected"),
    [
        ("bytes=1000-", 1000, Whole.UNSATISFIABLE),
        ("bytes=-0", 1000, Whole.UNSATISFIABLE),
        ("bytes=2000-,-0", 1000, Whole.UNSATISFIABLE),
        ("bytes=18446744073709551616-18446744073709551620", 1000, Whole.UNSATISFIABLE),
        ("bytes=0-0", 0, Whole.UNSATISFIABLE),
        ("bytes=0-", 0, Whole.UNSATISFIABLE),
        ("bytes=-0", 0, Whole.UNSATISFIABLE),
        ("bytes=-1", 0, Whole.ALL),
        ("bytes=5-2", 1000, Whole.ALL),
        ("bytes=0-1,9-5", 1000, Whole.ALL),
        ("bytes=0-1,a", 1000, Whole.ALL),
        ("bytes=0-1 5-6", 1000, Whole.ALL),
        ("bytes=", 1000, Whole.ALL),
        ("bytes=,", 1000, Whole.ALL),
        ("bytes=-", 1000, Whole.ALL),
        ("bytes=--1", 1000, Whole.ALL),
        ("bytes=a-b", 1000, Whole.ALL),
        ("x=1-2", 1000, Whole.ALL),
        ("bytes 0-1", 1000, Whole.ALL),
        ("bytes=1-2-3", 1000, Whole.ALL),
        ("bytes=+1-2", 1000, Whole.ALL),
        ("bytes=1-2;", 1000, Whole.ALL),
        ("bytes=0-9,5-14,8-20", 1000, Whole.ALL),
        ("bytes=0-9,20-29,5-25", 1000, Whole.ALL),
        ("bytes=" + ",".join(["0-"] * 100), 1000, Whole.ALL),
        ("bytes=" + ",".join([f"{n}-{n}" for n in range(0, 1000, 2)]), 1000, Whole.ALL),
        ("bytes=" + ",".join([f"{n}-{n}" for n in range(98, 0, -2)]), 1000, Whole.ALL),
    ],
)
def test_no_parts(value: str, size: int, expected: Whole) -> None:
    assert select(value, size) is expected


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8))
def test_parts_never_overlap_and_cover_what_was_asked(pairs: list[tuple[int, int]]) -> None:
    pairs = [(min(pair), max(pair)) for pair in pairs]
    outcome = select("bytes=" + ",".join([f"{first}-{last}" for first, last in pairs]), 50)
    asked = {at for first, last in pairs for at in range(first, min(last, 49) + 1)}
    if outcome is Whole.UNSATISFIABLE:
        assert not asked
    elif not isinstance(outcome, Whole):
        sent = [at for first, last in outcome for at in range(first, last + 1)]
        assert sorted(sent) == sorted(asked)


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ('"now"', True), ('W/"now"', False), ('"x"', False), ('"now", "x"', False), ("*", False),
        (SAME, True), (LATER, False), (EARLIER, False), ("x", False), ("", False),
    ],
)  # fmt: skip
def test_if_range(value: str, holds: bool) -> None:
    outcome = ranges.select_ranges(asking("bytes=0-1", if_range=value), CURRENT, 10, NOW)
    assert outcome == ([Selection(0, 2)] if holds else Whole.ALL)


def test_a_fresh_date_is_no_strong_validator() -> None:
    asked = asking("bytes=0-1", if_range=SAME)
    assert ranges.select_ranges(asked, CURRENT, 10, THEN + 30) is Whole.ALL


# -- over sockets


def parts_of(reply: Reply) -> list[tuple[dict[bytes, bytes], bytes]]:
    """The parts of a multipart body, read by the letter of RFC 2046: (fields, octets) of each."""
    match = re.fullmatch(rb"multipart/byteranges; boundary=([0-9a-f]{1,70})", reply.get("Content-Type") or b"")
    assert match
    delimiter = b"\r\n--" + match[1]
    preamble, *encapsulated, epilogue = (b"\r\n" + reply.body).split(delimiter)
    assert preamble == b""
    assert epilogue == b"--\r\n"
    parts = []
    for part in encapsulated:
        assert part.startswith(b"\r\n")
        head, _, octets = part[2:].partition(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")]
        parts.append(({name: value for name, _, value in lines}, octets))
    return parts


@pytest.mark.parametrize("name", ["all.bin", "large.bin", "large.txt"])
@pytest.mark.parametrize("asked", [[(0, 9), (500, 509)], [(500, 509), (0, 9)], [(0, 0), (2, 2), (4, 700)]])
def test_several_parts(port: int, site_root: Path, name: str, asked: list[tuple[int, int]]) -> None:
    content = (site_root / name).read_bytes()
    value = ",".join([f"{first}-{last}" for first, last in asked])
    plain = exchange(port, request("/" + name))
    reply = exchange(port, request("/" + name, "GET", "Range: bytes=" + value))
    assert reply.status == 206
    assert reply.get("Content-Range") is None
    assert reply.get("Content-Length") == str(len(reply.body)).encode()
    parts = parts_of(reply)
    assert [octets for _, octets in parts] == [content[first : last + 1] for first, last in asked]
    for (first, last), (fields, _) in zip(asked, parts, strict=True):
        assert fields == {
            b"Content-Type": plain.get("Content-Type"),
            b"Content-Range": b"bytes %d-%d/%d" % (first, last, len(content)),
        }
    for field in ("ETag", "Last-Modified", "Vary", "Accept-Ranges"):
        assert reply.get(field) == plain.get(field)


@pytest.mark.parametrize("name", ["all.bin", "large.bin"])
def test_several_parts_end_where_the_next_reply_begins(port: int, site_root: Path, name: str) -> None:
    with Link(port) as link:
        link.send(request("/" + name, "GET", "Range: bytes=0-1,10-11") * 3 + request("/file.txt"))
        for _ in range(3):
            assert [octets for _, octets in parts_of(link.reply())] == [
                (site_root / name).read_bytes()[at : at + 2] for at in (0, 10)
            ]
        assert link.reply().body == b"0123456789"


def test_large_parts(port: int, site_root: Path) -> None:
    content = (site_root / "large.bin").read_bytes()
    parts = parts_of(exchange(port, request("/large.bin", "GET", "Range: bytes=0-1499999,-1000000")))
    assert [octets for _, octets in parts] == [content[:1_500_000], content[-1_000_000:]]


def test_boundaries_cannot_be_foreseen(port: int) -> None:
    seen = {
        exchange(port, request("/file.txt", "GET", "Range: bytes=0-0,5-5", f"X-Number: {number}")).get("Content-Type")
        for number in range(4)
    }
    assert len(seen) == 4


def test_one_part_of_several_that_remains_is_no_multipart(port: int) -> None:
    for value in ("0-1,100-200", "0-0,0-1", "0-1,"):
        reply = exchange(port, request("/file.txt", "GET", "Range: bytes=" + value))
        assert (reply.status, reply.body) == (206, b"01")
        assert reply.get("Content-Range") == b"bytes 0-1/10"
        assert reply.get("Content-Type") == b"text/plain; charset=utf-8"


def test_a_flood_of_ranges_gets_the_file_once(port: int, site_root: Path) -> None:
    content = (site_root / "large.bin").read_bytes()
    for value in (",".join(["0-"] * 100), ",".join([f"{n}-{n}" for n in range(0, 2000, 2)])):
        reply = exchange(port, request("/large.bin", "GET", "Range: bytes=" + value))
        assert (reply.status, reply.body) == (200, content)


def test_two_range_lines_are_not_honoured(port: int) -> None:
    reply = exchange(port, request("/file.txt", "GET", "Range: bytes=0-1", "Range: bytes=5-6"))
    assert (reply.status, reply.body) == (200, b"0123456789")


def test_unsatisfiable_ranges(port: int) -> None:
    for value in ("10-", "11-20", "11-12,15-16", "-0"):
        reply = exchange(port, request("/file.txt", "GET", "Range: bytes=" + value))
        assert (reply.status, reply.get("Content-Range")) == (416, b"bytes */10")
        assert reply.get("Content-Type") == b"text/html; charset=utf-8"
    assert exchange(port, request("/empty.txt", "GET", "Range: bytes=0-")).status == 416
    assert exchange(port, request("/empty.txt", "GET", "Range: bytes=-5")).status == 200


@pytest.mark.parametrize("value", ["bytes=2-3", "bytes=0-0,5-5", "bytes=99-"])
def test_range_matters_to_get_alone(port: int, value: str) -> None:
    plain = exchange(port, request("/file.txt", "HEAD"), "HEAD")
    head = exchange(port, request("/file.txt", "HEAD", "Range: " + value), "HEAD")
    assert head.status == 200
    assert [pair for pair in head.fields if pair[0] != b"date"] == [pair for pair in plain.fields if pair[0] != b"date"]


def test_preconditions_come_before_ranges(port: int) -> None:
    tag = (exchange(port, request("/file.txt")).get("ETag") or b"").decode()
    for value in ("bytes=0-1", "bytes=0-0,5-5", "bytes=99-"):
        assert exchange(port, request("/file.txt", "GET", "Range: " + value, f"If-None-Match: {tag}")).status == 304
        assert exchange(port, request("/file.txt", "GET", "Range: " + value, 'If-Match: "nope"')).status == 412
    reply = exchange(port, request("/file.txt", "GET", "Range: bytes=0-1", f"If-Match: {tag}"))
    assert (reply.status, reply.body) == (206, b"01")


def test_a_part_under_a_condition_repeats_no_metadata(port: int) -> None:
    tag = (exchange(port, request("/all.bin")).get("ETag") or b"").decode()
    common = {b"date", b"server", b"etag", b"content-length"}
    reply = exchange(port, request("/all.bin", "GET", "Range: bytes=2-3", f"If-Range: {tag}"))
    assert (reply.status, reply.body) == (206, b"\x02\x03")
    assert {name for name, _ in reply.fields} == common | {b"content-range"}
    reply = exchange(port, request("/all.bin", "GET", "Range: bytes=2-3,5-6", f"If-Range: {tag}"))
    assert [octets for _, octets in parts_of(reply)] == [b"\x02\x03", b"\x05\x06"]
    assert {name for name, _ in reply.fields} == common | {b"content-type"}
    for value in ('"nope"', f"W/{tag}", "Sun, 06 Nov 1994 08:49:37 GMT"):
        reply = exchange(port, request("/all.bin", "GET", "Range: bytes=2-3", f"If-Range: {value}"))
        assert (reply.status, len(reply.body)) == (200, 768)


@pytest.fixture(scope="module")
def sparse(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A file of more than 4 GiB that takes no room on the disk."""
    root = tmp_path_factory.mktemp("sparse")
    with open(root / "huge.bin", "wb") as file:
        file.truncate(5 * 2**30)
        file.seek(2**32 + 10)
        file.write(b"far out")
    return start_server(root)


def test_parts_of_a_huge_file(sparse: Server) -> None:
    size, at = 5 * 2**30, 2**32 + 10
    head = exchange(sparse.port, request("/huge.bin", "HEAD"), "HEAD")
    assert head.get("Content-Length") == str(size).encode()
    reply = exchange(sparse.port, request("/huge.bin", "GET", f"Range: bytes={at}-{at + 6}"))
    assert (reply.status, reply.body) == (206, b"far out")
    assert reply.get("Content-Range") == b"bytes %d-%d/%d" % (at, at + 6, size)
    reply = exchange(sparse.port, request("/huge.bin", "GET", f"Range: bytes=0-1,{at}-{at + 6},-1"))
    assert [octets for _, octets in parts_of(reply)] == [b"\0\0", b"far out", b"\0"]


def test_descriptors_are_closed(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(300_000))
    port = start_server(tmp_path).port
    asked = request("/large.bin", "GET", "Range: bytes=0-99999,150000-299999")

    def open_files() -> int:
        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        return [os.path.realpath(link) for link in links].count(str(tmp_path / "large.bin"))

    with Link(port) as link:
        for _ in range(5):
            link.send(asked)
            assert len(parts_of(link.reply())) == 2
        link.send(request("/large.bin", "HEAD"))
        link.reply("HEAD")
    assert open_files() == 0
