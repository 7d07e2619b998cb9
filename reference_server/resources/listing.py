"""Folders: their index file, else an HTML page of links.

Names are octets, and may hold anything but a slash and NUL: the link carries them percent-encoded, the text
shows them as UTF-8 as far as they are that.  Hidden names are left out, and so is what a click would not find.

An index file is a file like any other: programs are not run for a folder's address.
"""

from __future__ import annotations

import html
import os
import stat

from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import cgi, conditions, pages, paths
from reference_server.resources.basis import FileState, is_settled, signature_of
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, targets
from reference_server.semantics.conditional import Validators


def index_of(site: Site, folder: Resolved) -> bytes | None:
    """The first of the index names that a file in the folder has."""
    for name in index_names(site):
        try:
            mode = os.lstat(name, dir_fd=folder.fd).st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) or (stat.S_ISLNK(mode) and site.settings.links):
            return name
    return None


def index_names(site: Site) -> list[bytes]:
    names = map(os.fsencode, site.settings.index)
    return [name for name in names if not cgi.is_program_name(name)]


def folder_response(site: Site, request: Request, folder: Resolved, segments: list[bytes]) -> Response:
    """The page of links; its tag is made of its octets, so the page is its own validator."""
    if not site.settings.listing:
        raise Refusal(403, "This folder has no page.")
    names, linked = visible_names(site, folder)
    page = listing_page(names, segments)
    fields = [(b"ETag", etags.compute_etag(page))]
    current = Validators(fields[0][1])
    response = conditions.evaluated(request, current, site.clock(), fields) or pages.html_response(200, page, fields)
    if not linked and tuple(segments[:-1]) == folder.names and is_settled(folder.status, site.clock()):
        response.basis = FileState(site.root_fd, b"/".join(folder.names) or b".", signature_of(folder.status))
    return response


def listing_page(names: list[bytes], segments: list[bytes]) -> bytes:
    title = "Index of " + display_name(b"/" + b"/".join(segments))
    rows = [listing_row(name) for name in names]
    if len(segments) > 1:
        rows.insert(0, '<li><a href="../">../</a></li>')
    return pages.html_page(title, "<ul>\n" + "\n".join(rows) + "\n</ul>")


def visible_names(site: Site, folder: Resolved) -> tuple[list[bytes], bool]:
    """Files and folders in order of their octets, a folder's name with a slash; and whether links are among them."""
    names, linked = [], False
    with os.scandir(folder.fd) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            linked = linked or entry.is_symlink()
            name = os.fsencode(entry.name)
            kind = kind_of(site, folder, entry, name)
            if kind is not None:
                names.append(name + b"/" if kind is Kind.FOLDER else name)
    return sorted(names), linked


def kind_of(site: Site, folder: Resolved, entry: os.DirEntry[str], name: bytes) -> Kind | None:
    """None for what a click on the link would not find."""
    try:
        if entry.is_symlink():
            return kind_behind(site, [*folder.names, name])
        if entry.is_dir(follow_symlinks=False):
            return Kind.FOLDER
        shown = entry.is_file(follow_symlinks=False) and (site.settings.programs or not cgi.is_program_name(name))
    except OSError:
        return None
    return Kind.FILE if shown else None


def kind_behind(site: Site, names: list[bytes]) -> Kind | None:
    try:
        with paths.resolve_in_root(site.root, site.root_fd, names, links=site.settings.links) as found:
            if found.kind is Kind.FOLDER:
                return Kind.FOLDER
            named, real = cgi.is_program_name(names[-1]), cgi.is_program_name(found.names[-1])
            # A program is run under its own kind of name only.
            hidden = real and not named if site.settings.programs else real or named
            return None if hidden else Kind.FILE
    except Refusal:
        return None


def listing_row(name: bytes) -> str:
    return f'<li><a href="{listing_link(name)}">{html.escape(display_name(name))}</a></li>'


def listing_link(name: bytes) -> str:
    """A relative reference; as `:` is encoded too, no name can be taken for a scheme (RFC 3986 4.2)."""
    slash = b"/" if name.endswith(b"/") else b""
    return (targets.percent_encode(name.removesuffix(b"/")) + slash).decode("ascii")


def display_name(name: bytes) -> str:
    """Readable text: what is no UTF-8 and what controls a terminal is shown as a replacement mark."""
    text = name.decode("utf-8", "replace")
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)
