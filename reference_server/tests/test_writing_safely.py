"""Changes under conditions, at the same time, and on a disk that fails: all or nothing, and nothing is lost."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from reference_server import SiteSettings
from reference_server.resources import storing, writing
from reference_server.tests.changes import delete, get, put
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Link, Reply, exchange, request


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("safely")
    (root / "up" / "folder").mkdir(parents=True)
    (root / "kept").mkdir()
    (root / "kept" / "file.txt").write_bytes(b"kept")
    return root


@pytest.fixture(scope="module")
def port(start_server: StartServer, root: Path) -> int:
    return start_server(SiteSettings(str(root), writable=("/up/",))).port


# -- preconditions


def test_preconditions_on_a_name_that_is_free(port: int) -> None:
    assert put(port, "/up/cond.txt", b"x", "If-Match: *").status == 412
    assert put(port, "/up/cond.txt", b"x", 'If-Match: "any"').status == 412
    assert get(port, "/up/cond.txt").status == 404
    assert delete(port, "/up/cond.txt", "If-Match: *").status == 404
    assert put(port, "/up/cond.txt", b"x", "If-None-Match: *").status == 201
    assert delete(port, "/up/cond.txt").status == 204
    assert put(port, "/up/cond.txt", b"x", 'If-None-Match: "any"').status == 201
    assert delete(port, "/up/cond.txt").status == 204
    assert put(port, "/up/cond.txt", b"x", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT").status == 201
    assert delete(port, "/up/cond.txt").status == 204


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "line",
    [
        'If-Match: "other"',
        "If-Match: W/{tag}",
        "If-None-Match: *",
        "If-None-Match: {tag}",
        "If-None-Match: W/{tag}",
        'If-None-Match: "other", {tag}',
        "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_preconditions_that_fail(port: int, method: str, line: str) -> None:
    put(port, "/up/cond.txt", b"old")
    tag = (get(port, "/up/cond.txt").get("ETag") or b"").decode()
    reply = exchange(port, request("/up/cond.txt", method, line.replace("{tag}", tag), body=b"new"))
    assert reply.status == 412
    assert get(port, "/up/cond.txt").body == b"old"


@pytest.mark.parametrize(
    "line",
    [
        "If-Match: {tag}",
        "If-Match: *",
        'If-Match: "other", {tag}',
        'If-None-Match: "other"',
        "If-Unmodified-Since: {modified}",
        "If-Modified-Since: {modified}",
        "If-Unmodified-Since: nonsense",
    ],
)
def test_preconditions_that_hold(port: int, line: str) -> None:
    put(port, "/up/cond.txt", b"old")
    before = get(port, "/up/cond.txt")
    for mark, name in (("{tag}", "ETag"), ("{modified}", "Last-Modified")):
        line = line.replace(mark, (before.get(name) or b"").decode())
    assert put(port, "/up/cond.txt", b"new", line).status == 204
    assert get(port, "/up/cond.txt").body == b"new"


def test_other_refusals_come_before_preconditions(port: int) -> None:
    assert put(port, "/kept/file.txt", b"x", 'If-Match: "other"').status == 405
    assert put(port, "/up/folder", b"x", 'If-Match: "other"').status == 409
    assert put(port, "/up/x.txt", b"x", "If-Match: *", "Content-Range: bytes 0-0/1").status == 400


def test_the_tag_of_a_compressed_form_is_good_too(port: int) -> None:
    content = b"text that can be compressed well\n" * 200
    put(port, "/up/long.txt", content)
    for accepted in ("gzip", "identity"):
        tag = (get(port, "/up/long.txt", f"Accept-Encoding: {accepted}").get("ETag") or b"").decode()
        reply = put(port, "/up/long.txt", content, f"Accept-Encoding: {accepted}", f"If-Match: {tag}")
        assert reply.status == 204
        assert reply.get("ETag") in (None, tag.encode())
    delete(port, "/up/long.txt")


def test_no_update_is_lost(port: int) -> None:
    """Each of several clients adds a line to what it has read, and tries again when it was too late."""
    put(port, "/up/shared.txt", b"")

    def add(number: int) -> None:
        while True:
            before = get(port, "/up/shared.txt")
            tag = (before.get("ETag") or b"").decode()
            reply = put(port, "/up/shared.txt", before.body + b"%d\n" % number, f"If-Match: {tag}")
            if reply.status != 412:
                assert reply.status == 204
                return

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, get(port, "/up/shared.txt").body.split())) == list(range(8))
    delete(port, "/up/shared.txt")


def test_one_of_many_creates(port: int) -> None:
    statuses: list[int] = []

    def create() -> None:
        statuses.append(put(port, "/up/once.txt", b"x", "If-None-Match: *").status)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [412] * 7
    delete(port, "/up/once.txt")


def test_a_folder_that_another_program_keeps_locked(monkeypatch: pytest.MonkeyPatch, port: int, root: Path) -> None:
    fd = os.open(root / "up" / "folder", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    monkeypatch.setattr(writing, "LOCK_SECONDS", 0.02)
    refused = put(port, "/up/folder/x.txt", b"x")
    assert (refused.status, refused.get("Retry-After")) == (503, b"10")
    with Link(port) as link:  # what need not wait does not
        link.send(request("/up/folder/x.txt", "PUT", "If-Match: *", "Content-Length: 1", "Expect: 100-continue"))
        assert link.reply().status == 412
    monkeypatch.undo()
    threading.Timer(0.05, os.close, (fd,)).start()
    assert put(port, "/up/folder/x.txt", b"x").status == 201
    delete(port, "/up/folder/x.txt")


# -- Expect: 100-continue


@pytest.mark.parametrize(
    ("target", "line", "status"),
    [
        ("/kept/file.txt", "X-Nothing: 1", 405),
        ("/up/new.py", "X-Nothing: 1", 403),
        ("/up/missing/new.txt", "X-Nothing: 1", 409),
        ("/up/new.txt", "If-Match: *", 412),
        ("/up/new.txt", "Content-Range: bytes 0-3/4", 400),
        ("/up/new.txt", "Content-Encoding: gzip", 415),
    ],
)
def test_a_refusal_does_not_wait_for_the_body(port: int, target: str, line: str, status: int) -> None:
    with Link(port) as link:
        link.send(request(target, "PUT", line, "Content-Length: 4", "Expect: 100-continue"))
        reply = link.reply()
        assert (reply.status, reply.interim, reply.get("Connection")) == (status, [], b"close")


def test_the_body_is_asked_for_where_it_is_wanted(port: int) -> None:
    with Link(port) as link:
        link.send(request("/up/expected.txt", "PUT", "Content-Length: 4", "Expect: 100-Continue"))
        assert link.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        link.send(b"body")
        assert link.reply().status == 201
    assert get(port, "/up/expected.txt").body == b"body"
    delete(port, "/up/expected.txt")


# -- the disk


def test_permissions_outlive_a_replacement(port: int, root: Path) -> None:
    put(port, "/up/mode.txt", b"old")
    path = root / "up" / "mode.txt"
    path.chmod(0o640)
    put(port, "/up/mode.txt", b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o4755)
    put(port, "/up/mode.txt", b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    delete(port, "/up/mode.txt")


def test_other_names_of_a_file_keep_the_old_octets(port: int, root: Path) -> None:
    """A file is replaced, never written into: whoever reads the old one goes on reading it."""
    put(port, "/up/linked.txt", b"old")
    os.link(root / "up" / "linked.txt", root / "up" / "second.txt")
    put(port, "/up/linked.txt", b"new")
    assert (root / "up" / "second.txt").read_bytes() == b"old"
    for name in ("linked.txt", "second.txt"):
        delete(port, "/up/" + name)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.ENOSPC, 507),
        (errno.EDQUOT, 507),
        (errno.EFBIG, 507),
        (errno.EROFS, 403),
        (errno.EACCES, 403),
        (errno.EMFILE, 503),
        (errno.EIO, 500),
    ],
)
@pytest.mark.parametrize("step", ["write_all", "fsync", "rename"])
def test_a_disk_that_refuses_leaves_the_old_file(
    monkeypatch: pytest.MonkeyPatch, port: int, root: Path, number: int, status: int, step: str
) -> None:
    put(port, "/up/full.txt", b"old")

    def failing(*_given: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(storing if step == "write_all" else os, step, failing)
    replies = [put(port, "/up/full.txt", b"new"), put(port, "/up/fresh.txt", b"new")]
    monkeypatch.undo()
    assert [reply.status for reply in replies] == [status, status]
    assert get(port, "/up/full.txt").body == b"old"
    assert get(port, "/up/fresh.txt").status == 404
    assert not [name for name in os.listdir(root / "up") if name.startswith(".put-")]
    delete(port, "/up/full.txt")


def test_a_file_on_its_way_is_not_there_yet(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    put(port, "/up/slow.txt", b"old")
    seen: list[Reply] = []
    original = storing.write_all

    def curious(fd: int, content: bytes) -> None:
        original(fd, content[:1])
        seen.extend([get(port, "/up/slow.txt"), get(port, "/up/")])
        original(fd, content[1:])

    monkeypatch.setattr(storing, "write_all", curious)
    assert put(port, "/up/slow.txt", b"new").status == 204
    assert seen[0].body == b"old"
    assert b".put-" not in seen[1].body
    assert get(port, "/up/slow.txt").body == b"new"
    delete(port, "/up/slow.txt")
