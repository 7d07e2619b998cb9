"""Cache-Control and Expires by configuration (RFC 9111 5.2.2, 5.3), on every reply that has to repeat them."""

from __future__ import annotations

import time

import pytest

from reference_server import Server, SiteSettings
from reference_server.config import CachingRule
from reference_server.semantics import dates
from reference_server.tests.conftest import StartServer
from reference_server.tests.wire import Reply, exchange, request

RULES = (
    CachingRule("/private/*", "private, no-cache"),
    CachingRule("*.css", "max-age=3600, must-revalidate", 3600),
    CachingRule("*.[gj]?[fg]", None, 86400),
    CachingRule("/old.*", None, -10),
    CachingRule("*.html.en", "max-age=60"),
)


@pytest.fixture(scope="module")
def caching(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    root = tmp_path_factory.mktemp("caching")
    (root / "private").mkdir()
    for name in ("style.css", "photo.jpg", "old.css", "old.txt", "plain.txt", "page.html.en", "private/style.css"):
        (root / name).write_text("content" * 500)
    return start_server(SiteSettings(str(root), caching=RULES))


def get(server: Server, target: str, *lines: str) -> Reply:
    return exchange(server.port, request(target, "GET", *lines))


def lifetime(reply: Reply) -> int | None:
    """Seconds from Date to Expires."""
    if (expires := reply.get("Expires")) is None:
        return None
    moments = [dates.parse_http_date(value, int(time.time())) for value in (expires, reply.get("Date") or b"")]
    assert moments[0] is not None
    assert moments[1] is not None
    return moments[0] - moments[1]


@pytest.mark.parametrize(
    ("target", "control", "seconds"),
    [
        ("/style.css", b"max-age=3600, must-revalidate", 3600),
        ("/private/style.css", b"private, no-cache", None),
        ("/photo.jpg", None, 86400),
        ("/old.css", b"max-age=3600, must-revalidate", 3600),
        ("/old.txt", None, -10),
        ("/plain.txt", None, None),
        ("/page.html", b"max-age=60", None),
        ("/", None, None),
        ("/missing.css", None, None),
    ],
)
def test_the_first_rule_that_fits_counts(
    caching: Server, target: str, control: bytes | None, seconds: int | None
) -> None:
    reply = get(caching, target)
    assert reply.get("Cache-Control") == control
    # The clock may go on by a second between the two fields.
    assert lifetime(reply) in ((None,) if seconds is None else (seconds, seconds + 1))


@pytest.mark.parametrize("target", ["/style.css", "/photo.jpg", "/page.html", "/private/style.css"])
@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_parts_and_304_repeat_them(caching: Server, target: str, accept: str) -> None:
    coding = f"Accept-Encoding: {accept}"
    whole = get(caching, target, coding)
    tag = (whole.get("ETag") or b"").decode()
    replies = [
        get(caching, target, coding, *lines)
        for lines in (
            [f"If-None-Match: {tag}"],
            ["Range: bytes=0-4"],
            ["Range: bytes=0-4", f"If-Range: {tag}"],
            ["Range: bytes=0-1,5-9"],
        )
    ]
    assert [reply.status for reply in replies] == [304, 206, 206, 206]
    for reply in replies:
        for name in ("Cache-Control", "Vary", "Content-Location", "ETag"):
            assert reply.get(name) == whole.get(name)
        assert (lifetime(reply) is None) == (lifetime(whole) is None)


def test_other_replies_do_not_have_them(caching: Server) -> None:
    for line in ('If-Match: "x"', "Range: bytes=99999-"):
        reply = get(caching, "/style.css", line)
        assert reply.status in (412, 416)
        assert reply.get("Cache-Control") is None
        assert reply.get("Expires") is None
