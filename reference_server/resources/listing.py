"""Folders as HTML pages of links.

Names are octets, and may hold anything but a slash and NUL: the link carries them percent-encoded, the text
shows them as UTF-8 as far as they are that.  Hidden names are left out.
"""

from __future__ import annotations

import html
import os
import stat

from reference_server.http1.messages import Refusal, Response
from reference_server.resources import pages, paths
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site
from reference_server.semantics import etags, targets


def folder_response(site: Site, folder: Resolved, segments: list[bytes]) -> Response:
    """The whole page; its tag is made of its octets, so the page is its own validator."""
    title = "Index of " + display_name(b"/" + b"/".join(segments))
    rows = [listing_row(name) for name in visible_names(site, folder)]
    if len(segments) > 1:
        rows.insert(0, '<li><a href="../">../</a></li>')
    page = pages.html_page(title, "<ul>\n" + "\n".join(rows) + "\n</ul>")
    return pages.html_response(200, page, [(b"ETag", etags.compute_etag(page))])


def visible_names(site: Site, folder: Resolved) -> list[bytes]:
    """Files and folders in order of their octets; a folder's name ends in a slash."""
    names = []
    for name in map(os.fsencode, os.listdir(folder.fd)):
        if not name.startswith(b"."):
            kind = kind_of(site, folder, name)
            if kind is not None:
                names.append(name + b"/" if kind is Kind.FOLDER else name)
    return sorted(names)


def kind_of(site: Site, folder: Resolved, name: bytes) -> Kind | None:
    """None for what a click on the link would not find."""
    try:
        mode = os.lstat(name, dir_fd=folder.fd).st_mode
        if stat.S_ISLNK(mode):
            with paths.resolve_in_root(site.root, site.root_fd, [*folder.names, name]) as found:
                return found.kind
    except (OSError, Refusal):
        return None
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_ISREG(mode) else None


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
