"""What the target serves: the document root as the suite reads it, and the exemplars that probes ask for.

The folder is somebody else's: nothing is written into it. Exemplars are found by kind, not by name, so that any
course's folder will do; what a folder does not hold makes rules not applicable, never failed.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from conformance.errors import UsageError

KINDS = {
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".gif": "gif",
    ".css": "css",
    ".js": "script",
    ".json": "json",
    ".svg": "svg",
    ".pdf": "pdf",
    ".py": "program",
}
MEDIA_TYPES = {"html": "text/html", "text": "text/plain", "png": "image/png", "jpeg": "image/jpeg"}
"""The media type of a kind, of those that the course asks for."""
FILE_LIMIT = 600
SIZE_LIMIT = 8 * 1024 * 1024
GUARDED = "guarded"
"""The folder that a server may keep for those who prove who they are; elsewhere it is a folder like any other."""
MARK_LENGTH = 24
MISSING = "/surely-not-existing-7f3a"


@cache
def _encoded(path: str) -> str:
    """Remembered, as every probe asks."""
    return quote(path, safe="/")


@dataclass(frozen=True, slots=True)
class Page:
    """A file in the document root: path relative to it (``/`` between its parts), kind and octets."""

    path: str
    kind: str
    content: bytes

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def target(self) -> str:
        """Its origin-form target, percent-encoded as RFC 3986 §3.3 has it."""
        return "/" + _encoded(self.path)

    @property
    def plain(self) -> bool:
        """Whether the path reads the same encoded and not, so that no rule on encodings is touched."""
        return _encoded(self.path) == self.path


@dataclass(frozen=True, slots=True)
class Outside:
    """A file beside the document root that nobody may get, and a mark by which it is known."""

    path: str
    mark: bytes


@dataclass(frozen=True)
class Site:
    """The served folder and the address it is served at.

    ``guarded`` holds the pages that the server may keep for those with ``credentials`` (user and password), and are not
    among ``pages``. ``virtual_host`` is the name of another site at the same address.
    """

    host: str
    port: int
    root_name: str
    pages: tuple[Page, ...]
    folders: tuple[str, ...]
    outside: tuple[Outside, ...]
    guarded: tuple[Page, ...] = ()
    credentials: tuple[str, str] | None = None
    virtual_host: str | None = None

    @property
    def authority(self) -> str:
        """Host and port as a Host field carries them; the port is always there, as real clients send it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def page(self, kind: str | None = None, where: Callable[[Page], bool] = lambda _: True) -> Page | None:
        """The first non-empty exemplar of ``kind``: plain name first, then shallow, then small; never the throwaway."""
        return next((p for p in self._exemplars if (kind is None or p.kind == kind) and where(p)), None)

    @cached_property
    def _exemplars(self) -> tuple[Page, ...]:
        """All pages that may be one, the best first: looked through at every other probe, so sorted once."""
        found = [page for page in self.pages if page.content and page != self.throwaway]
        return tuple(sorted(found, key=lambda p: (not p.plain, p.path.count("/"), len(p.content), p.path)))

    @cached_property
    def throwaway(self) -> Page | None:
        """The file that is made to be written to; nothing else ever is."""
        return next((page for page in self.pages if page.name == "throwaway.txt"), None)

    @cached_property
    def document(self) -> Page | None:
        """A static page with a plain name: text or HTML if there is one. Most probes ask for it."""
        for kind in ("text", "html", "png", "jpeg"):
            page = self.page(kind, lambda p: p.plain)
            if page is not None:
                return page
        return self.page(None, lambda p: p.plain and p.kind != "program")

    @cached_property
    def folder(self) -> str | None:
        """A folder with a plain name that holds files and no programs, as a path without slashes at its ends."""
        programs = {page.path.rpartition("/")[0] for page in self.pages if page.kind == "program"}
        held = [f for f in self.folders if quote(f, safe="/") == f and f not in programs and any(self.entries(f))]
        return min(
            held,
            key=lambda f: (f.count("/"), all(f"{f}/{n}" in self.folders for n in self.entries(f)), f),
            default=None,
        )

    def entries(self, folder: str) -> Iterator[str]:
        """Names directly inside ``folder`` ("" for the root)."""
        prefix = f"{folder}/" if folder else ""
        for path in (*self.folders, *(page.path for page in self.pages)):
            if path.startswith(prefix) and path != folder and "/" not in path[len(prefix) :]:
                yield path[len(prefix) :]

    def record(self) -> dict[str, Any]:
        """A JSON-ready form; :func:`replay_site` is its inverse."""
        return {
            "host": self.host,
            "port": self.port,
            "root_name": self.root_name,
            "pages": [[p.path, p.kind, b64encode(p.content).decode()] for p in self.pages],
            "folders": list(self.folders),
            "outside": [[o.path, b64encode(o.mark).decode()] for o in self.outside],
            "guarded": [[p.path, p.kind, b64encode(p.content).decode()] for p in self.guarded],
            "credentials": list(self.credentials) if self.credentials else None,
            "virtual_host": self.virtual_host,
        }


def replay_site(record: dict[str, Any]) -> Site:
    """The site that was written down."""
    user_and_password = record.get("credentials")
    return Site(
        host=record["host"],
        port=record["port"],
        root_name=record["root_name"],
        pages=_replay_pages(record["pages"]),
        folders=tuple(record["folders"]),
        outside=tuple(Outside(path, b64decode(mark)) for path, mark in record["outside"]),
        guarded=_replay_pages(record.get("guarded", [])),
        credentials=tuple(user_and_password) if user_and_password else None,
        virtual_host=record.get("virtual_host"),
    )


def _replay_pages(record: list[list[str]]) -> tuple[Page, ...]:
    return tuple(Page(path, kind, b64decode(content)) for path, kind, content in record)


def read_site(
    root: Path, host: str, port: int, credentials: tuple[str, str] | None = None, virtual_host: str | None = None
) -> Site:
    """Read the document root; raises UsageError if it is no readable folder or holds no file."""
    if not root.is_dir():
        raise UsageError(f"no folder {root}: give the folder that the server serves with --web-root")
    pages: list[Page] = []
    folders: list[str] = []
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith((".", "__pycache__")))
        inside = Path(directory).relative_to(root).as_posix()
        if inside != ".":
            folders.append(inside)
        for name in sorted(files):
            path = Path(directory, name)
            if (
                not name.startswith(".")
                and path.is_file()
                and path.stat().st_size <= SIZE_LIMIT
                and len(pages) < FILE_LIMIT
            ):
                kind = KINDS.get(path.suffix.lower(), "other")
                pages.append(Page(path.relative_to(root).as_posix(), kind, path.read_bytes()))
    if not pages:
        raise UsageError(f"{root} holds no file: give the folder that the server serves with --web-root")
    guarded = tuple(page for page in pages if page.path.startswith(f"{GUARDED}/"))
    return Site(
        host,
        port,
        root.resolve().name,
        tuple(page for page in pages if page not in guarded),
        tuple(folders),
        tuple(_outside(root.resolve(), pages)),
        guarded,
        credentials,
        virtual_host,
    )


def _outside(root: Path, pages: list[Page]) -> Iterator[Outside]:
    """Files beside the root, and in folders beside it whose names begin like its own, each with a unique mark."""
    inside = b"\n".join(page.content for page in pages)
    for path in sorted(root.parent.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            yield from _marked(path, path.name, inside)
        elif path.is_dir() and path != root and path.name.startswith(root.name):
            for child in sorted(path.iterdir()):
                if child.is_file():
                    yield from _marked(child, f"{path.name}/{child.name}", inside)


def _marked(path: Path, name: str, inside: bytes) -> Iterator[Outside]:
    try:
        content = path.read_bytes() if path.stat().st_size <= SIZE_LIMIT else b""
    except OSError:
        return  # what the suite cannot read it cannot recognise
    for line in content.splitlines():
        if len(line.strip()) >= MARK_LENGTH and line.strip() not in inside:
            yield Outside(name, line.strip())
            return
