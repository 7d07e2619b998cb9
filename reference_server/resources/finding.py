"""What is at a path for the one who asks: past no protection, and no program that may not run (see `paths`)."""

from __future__ import annotations

from reference_server.http1.messages import Refusal, Request
from reference_server.resources import cgi, paths
from reference_server.resources.paths import Kind, Resolved
from reference_server.resources.site import Site


def find(site: Site, request: Request, segments: list[bytes]) -> Resolved:
    """What is there: a link leads past no protection, and a program that may not run is not shown either."""
    try:
        found = paths.resolve_in_root(site.root, site.root_fd, segments, cgi.is_program_name, site.settings.links)
    except Refusal:
        if site.access is not None:
            admit_on_the_way(site, request, segments)
        raise
    try:
        if site.access is not None:
            site.access.admit_behind(request, segments, found.names, site.clock())
        if not site.settings.programs and is_program(found, segments):
            raise paths.not_found()
    except Refusal:
        found.close()
        raise
    return found


def admit_on_the_way(site: Site, request: Request, segments: list[bytes]) -> None:
    """Whoever may not enter a folder is not told either that something is missing there."""
    for end in range(1, len(segments)):
        try:
            found = paths.resolve_in_root(site.root, site.root_fd, [*segments[:end], b""], links=site.settings.links)
        except Refusal:
            return
        with found:
            if site.access is not None:
                site.access.admit_behind(request, segments, found.names, site.clock())


def is_program(found: Resolved, segments: list[bytes]) -> bool:
    """By the name asked for and by the name behind a link: neither may show a program's source."""
    if found.kind is Kind.FOLDER:
        return False
    asked, real = segments[-1 - len(found.rest)], found.names[-1]
    return cgi.is_program_name(real) or (asked != real and cgi.is_program_name(asked))
