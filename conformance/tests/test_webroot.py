"""The document root: where it is found, what is added to the copy, and what is laid beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import webroot


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "images").mkdir(parents=True)
    (folder / "sample.txt").write_bytes(b"A sample.\r\n\x00\xff")
    (folder / "images" / "picture.png").write_bytes(b"\x89PNG")
    os.utime(folder / "sample.txt", (1_000_000_000, 1_000_000_000))
    program = folder / "make_time.py"
    program.write_text("print('now')\n")
    program.chmod(0o755)
    (folder / "__pycache__").mkdir()
    return folder


@pytest.fixture
def root(source: Path, tmp_path: Path) -> Path:
    return webroot.prepare(source, tmp_path / "prepared")


def files_under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_the_copy_keeps_content_time_and_mode(root: Path) -> None:
    assert root.name == "web"
    assert (root / "sample.txt").read_bytes() == b"A sample.\r\n\x00\xff"
    assert (root / "sample.txt").stat().st_mtime == 1_000_000_000
    assert (root / "images" / "picture.png").read_bytes() == b"\x89PNG"
    assert os.access(root / "make_time.py", os.X_OK)
    assert not (root / "__pycache__").exists()


def test_the_empty_folder_is_empty(root: Path) -> None:
    assert list((root / webroot.EMPTY_FOLDER).iterdir()) == []


@pytest.mark.parametrize("path", webroot.ADDED)
def test_every_added_file_that_the_file_system_takes_has_its_own_line(root: Path, path: str) -> None:
    if path not in webroot.added(root):
        pytest.skip("this file system refuses the name")
    assert (root / path).read_bytes() == webroot.ADDED[path]


def test_no_two_added_files_are_alike() -> None:
    assert len(set(webroot.ADDED.values())) == len(webroot.ADDED)


def test_the_long_name_is_200_characters_and_the_deep_file_20_folders_down() -> None:
    assert max(map(len, webroot.AWKWARD_NAMES)) == 200
    assert webroot.DEEP_FILE.count("/level_") == 20


def test_a_refused_name_is_left_out(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = {
        "names/a\0b.txt": b"impossible",
        f"names/{'y' * 5000}": b"too long",
        "names/fine.txt": b"fine",
    }
    monkeypatch.setattr(webroot, "ADDED", impossible)
    root = webroot.prepare(source, tmp_path / "prepared")
    assert webroot.added(root) == {"names/fine.txt": b"fine"}


def test_a_file_of_the_source_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    (source / "names").mkdir()
    (source / "names" / "a b.txt").write_bytes(b"the source's own")
    root = webroot.prepare(source, tmp_path / "prepared")
    assert (root / "names" / "a b.txt").read_bytes() == b"the source's own"
    assert "names/a b.txt" not in webroot.added(root)


def test_the_sentinels_lie_beside_the_root_and_no_mark_inside(root: Path) -> None:
    for path, content in webroot.SENTINELS.items():
        assert (root.parent / path).read_bytes() == content
    inside = b"".join(path.read_bytes() for path in files_under(root))
    assert not [mark for mark in webroot.MARKS if mark in inside]


def test_each_mark_tells_one_sentinel_from_the_others() -> None:
    for mark in (webroot.OUTSIDE_MARK, webroot.SECRET_MARK, webroot.SOURCE_MARK):
        assert sum(mark in content for content in webroot.SENTINELS.values()) == 1
    assert not any(webroot.RUN_MARK in content for content in webroot.SENTINELS.values())


def test_the_program_outside_prints_its_mark(root: Path) -> None:
    run = subprocess.run([sys.executable, root.parent / "outside.py"], capture_output=True, check=True)
    assert webroot.RUN_MARK in run.stdout
    assert webroot.SOURCE_MARK not in run.stdout


def test_a_used_destination_is_refused(source: Path, root: Path) -> None:
    with pytest.raises(FileExistsError):
        webroot.prepare(source, root.parent)


def test_the_bundled_root_is_that_of_the_checkout() -> None:
    assert webroot.bundled() == Path(webroot.__file__).resolve().parents[1] / "web"


def test_the_packaged_root_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conformance" / "_web").mkdir(parents=True)
    (tmp_path / "web").mkdir()  # somebody else's, in the same site-packages
    monkeypatch.setattr(webroot, "__file__", str(tmp_path / "conformance" / "webroot.py"))
    assert webroot.bundled() == (tmp_path / "conformance" / "_web").resolve()


def test_a_missing_root_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webroot, "__file__", str(tmp_path / "conformance" / "webroot.py"))
    with pytest.raises(FileNotFoundError, match="incomplete"):
        webroot.bundled()


def test_the_bundled_root_can_be_prepared(tmp_path: Path) -> None:
    root = webroot.prepare(webroot.bundled(), tmp_path)
    assert (root / "names").is_dir()
    assert webroot.added(root)
