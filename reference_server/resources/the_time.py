"""`/the_time`: the page of the course that is computed for each request."""

from __future__ import annotations

from datetime import UTC, datetime

from reference_server.http1.messages import Response
from reference_server.resources import pages

PATH = [b"the_time"]
FIELDS = ((b"Cache-Control", b"no-store"),)


def time_response(now: int) -> Response:
    """A page with the current second; caches are told not to keep it (RFC 9111 5.2.2.5)."""
    at = datetime.fromtimestamp(now, UTC)
    content = f'<p>It is <time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M:%S} UTC</time>.</p>'
    return pages.html_response(200, pages.html_page("The time", content), list(FIELDS))
