"""Whatever well-formed requests say, the server never fails by itself: no 500, no end without a reply, no leak.

Every capability is on, and the values of the fields that somebody interprets are put together from pieces of sense.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_server import SiteSettings
from reference_server.config import CachingRule, ProtectedFolder, Redirect, Scheme
from reference_server.tests.conftest import StartServer
from reference_server.tests.streams import pieces_of, streams
from reference_server.tests.vectors import AFTER, make_root, replies
from reference_server.tests.wire import Link

METHODS = st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
SEGMENTS = st.sampled_from(
    [
        *(
            "",
            ".",
            "..",
            "%2e%2e",
            "file.txt",
            "folder",
            "inner.txt",
            "empty.txt",
            "up",
            "basic",
            "digest",
            "old",
            "none",
        ),
        *("a%20b.txt", "%2541.txt", "%41.txt", "%00", "%ff", "%2f", ";", "*", "a" * 300, "new.txt", "back%5cslash.txt"),
        *("file", "file.txt.gz", "file.txt.de", ".hidden", "the-time", "time", "secret.txt", "%e2%82%ac", "~", "CON"),
    ]
)
NAMES = st.sampled_from(
    [
        *(
            "Range",
            "If-Range",
            "If-Match",
            "If-None-Match",
            "If-Modified-Since",
            "If-Unmodified-Since",
            "Authorization",
        ),
        *("Accept", "Accept-Encoding", "Accept-Language", "Accept-Charset", "Content-Type", "Content-Encoding"),
        *("Content-Range", "Content-Language", "Content-Location", "TE", "Trailer", "Max-Forwards", "Cache-Control"),
        *(
            "Content-Digest",
            "Repr-Digest",
            "Digest",
            "Want-Content-Digest",
            "Cookie",
            "Upgrade",
            "Connection",
            "Via",
            "Date",
        ),
    ]
)
PIECES = st.sampled_from(
    [
        *(
            "bytes=",
            "0-0",
            "-",
            "5-2",
            "9" * 30,
            ",",
            ";",
            "=",
            " ",
            "*",
            "/",
            '"',
            '"x"',
            "W/",
            '"\\"',
            "'",
            "(",
            "%zz",
        ),
        *(
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "0",
            "-1",
        ),
        *(
            "Basic ",
            "cmVhZGVyOnNlY3JldA==",
            "Basic =",
            "Digest ",
            'username="reader"',
            "nc=00000001",
            'nonce=""',
            "qop=auth",
        ),
        *(
            'response="',
            'uri="/"',
            "algorithm=SHA-256",
            "realm=x",
            "cnonce=a",
            "userhash=true",
            "text/html",
            "*/*",
            ";q=0",
        ),
        *(
            "gzip",
            "identity",
            "br",
            "de",
            "en-US",
            "q=1.0001",
            "utf-8",
            "\xe9",
            "\xff",
            "sha-256=:",
            "AAAA",
            ":",
            "chunked",
        ),
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """The method, and the octets; the body, if there is one, is told by its length."""
    method = draw(METHODS)
    target = "/" + "/".join(draw(st.lists(SEGMENTS, max_size=4))) + draw(st.sampled_from(["", "", "?", "?a=b&%00"]))
    lines = [f"{method} {target} HTTP/1.1", "Host: h"]
    for name in draw(st.lists(NAMES, max_size=4)):
        lines.append(f"{name}: {''.join(draw(st.lists(PIECES, max_size=6)))}")
    body = draw(st.sampled_from([b"", b"", b"hello"]))
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return method, "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@pytest.fixture(scope="module")
def port_with_everything(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    root = make_root(tmp_path_factory.mktemp("generated"))
    make_more(root)
    users = (("reader", "secret"),)
    everything = SiteSettings(
        str(root),
        writable=("/up/",),
        trace=True,
        languages=("de", "en"),
        redirects=(Redirect("/old/*", "/folder/*"), Redirect("/old", "http://elsewhere.example/", 307)),
        caching=(CachingRule("/*.txt", "max-age=60", 60),),
        protected=(
            ProtectedFolder("/basic/", "b", Scheme.BASIC, users),
            ProtectedFolder("/digest/", "d", Scheme.DIGEST, users),
        ),
    )
    return start_server(everything).port


def make_more(root: Path) -> None:
    (root / "echo.py").unlink()
    for folder in ("up", "basic", "digest"):
        (root / folder).mkdir()
        (root / folder / "file.txt").write_bytes(b"0123456789" * 100)
    (root / "file.txt.de").write_bytes(b"null bis neun")
    (root / "file.txt.gz").write_bytes(b"not really packed")


@given(st.lists(requests(), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_server_never_fails_by_itself(port_with_everything: int, asked: list[tuple[str, bytes]]) -> None:
    with Link(port_with_everything) as link:
        link.send(b"".join([octets for _, octets in asked]) + AFTER)
        answers = list(replies(link, tuple(method for method, _ in asked)))
    assert answers[-1].body == b"AFTER" or answers[-1].get("Connection") == b"close"
    for answer in answers:
        assert answer.status != 500, asked
        assert b"LEAKED" not in answer.body, asked


def all_that_comes(port: int, pieces: list[bytes]) -> bytes:
    """Without what the clock says."""
    with Link(port) as link:
        link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            link.send(piece)
        link.sock.shutdown(socket.SHUT_WR)
        return re.sub(rb"\r\n(Date|Expires): [^\r]+", b"", link.read_all())


@given(streams(), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_pieces_nor_repetition_matter(port_with_everything: int, stream: bytes, data: st.DataObject) -> None:
    """The stream whole, in pieces, and once more when its replies may be remembered; behind other requests too."""
    whole = all_that_comes(port_with_everything, [stream])
    assert all_that_comes(port_with_everything, data.draw(pieces_of(stream))) == whole
    assert all_that_comes(port_with_everything, [stream]) == whole
    before = AFTER.replace(b"close", b"keep-alive")
    together = all_that_comes(port_with_everything, [before * 3 + stream])
    assert together == all_that_comes(port_with_everything, [before]) * 3 + whole
