"""Protected folders: no way around the door, and Basic (RFC 9110 11, RFC 7617); all over sockets."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server import SiteSettings
from reference_server.config import ProtectedFolder, Scheme
from reference_server.tests import house
from reference_server.tests.conftest import StartServer
from reference_server.tests.house import ANN, EVE, challenges
from reference_server.tests.wire import Link, exchange, request


@pytest.fixture(scope="module")
def port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(house.build(tmp_path_factory.mktemp("house"))).port


PROTECTED_PATHS = [
    "/private/",
    "/private",
    "/private/file.txt",
    "/private/missing.txt",
    "/private/folder/missing/",
    "/private/.hidden",
    "/%70rivate/file.txt",
    "/./private/file.txt",
    "/public/../private/file.txt",
    "/public/%2e%2e/private/file.txt",
    "/../private/file.txt",
    "/private/../private/file.txt",
    "/private/x/%2E%2E/file.txt",
    "/private/echo.py",
    "/private/echo.py/more/../more",
    "/private/old.txt",
    "http://localhost/private/file.txt",
    "/private/file.txt?query",
    "/private/inner/file.txt",
]
PUBLIC_WAYS = [
    "/public/link.txt",
    "/public/door/file.txt",
    "/public/door/",
    "/public/door",
    "/public/door/echo.py",
    "/public/say.py?Location:+/private/file.txt%0A%0A",
    "/public/say.py?Location:+/public/%252e%252e/private/file.txt%0A%0A",
    "/public/say.py?Location:+/public/link.txt%0A%0A",
]


@pytest.mark.parametrize(
    ("target", "method"),
    [
        *(
            (target, method)
            for target in PROTECTED_PATHS
            for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE")
        ),
        *(("/private/file.txt", method) for method in ("TRACE", "PATCH")),
        *((target, method) for target in PUBLIC_WAYS for method in ("GET", "HEAD")),
    ],
)
def test_no_spelling_and_no_method_leads_around_a_door(port: int, target: str, method: str) -> None:
    reply = exchange(port, request(target, method), method)
    assert reply.status == 401
    assert challenges(reply) == [b'Basic realm="the house", charset="UTF-8"']
    assert b"from private" not in reply.body


@pytest.mark.parametrize("target", ["//private/file.txt", "/private%2Ffile.txt", "/PRIVATE/x", "/privat", "/private."])
def test_other_paths_are_no_secret(port: int, target: str) -> None:
    assert exchange(port, request(target)).status == 404


@pytest.mark.parametrize("target", ["/public/file.txt", "/public/x/../file.txt", "/private/../public/file.txt", "/"])
def test_what_is_not_protected_is_open(port: int, target: str) -> None:
    reply = exchange(port, request(target))
    assert reply.status == 200
    assert challenges(reply) == []


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (ANN, 200),
        (ANN.replace("Basic", "basic"), 200),
        (ANN.replace("Basic", "BASIC  "), 200),
        ("Authorization: Basic " + base64.b64encode("bj\u00f6rn:gr\u00fc\u00df:gott".encode()).decode(), 200),
        ("Authorization: Basic " + base64.b64encode("bjo\u0308rn:gr\u00fc\u00df:gott".encode()).decode(), 200),
        ("Authorization: Basic " + base64.b64encode("bj\u00f6rn:gr\u00fc\u00df:gott".encode("latin-1")).decode(), 401),
        ("Authorization: Basic " + base64.b64encode(b"ann:wrong").decode(), 401),
        ("Authorization: Basic " + base64.b64encode(b"ann:").decode(), 401),
        ("Authorization: Basic " + base64.b64encode(b"ann").decode(), 401),
        ("Authorization: Basic " + base64.b64encode(b"Ann:secret").decode(), 401),
        ("Authorization: Basic " + base64.b64encode(b"nobody:secret").decode(), 401),
        (ANN + "x", 401),
        ("Authorization: Basic", 401),
        ("Authorization: ", 401),
        ("Authorization: Bearer " + ANN.rpartition(" ")[2], 401),
        ('Authorization: Digest username="ann"', 401),
        ("Proxy-" + ANN, 401),
        ("From: ann", 401),
        (EVE, 403),
    ],
)
def test_credentials(port: int, line: str, status: int) -> None:
    reply = exchange(port, request("/private/file.txt", "GET", line))
    assert reply.status == status
    assert (b"from private" in reply.body) == (status == 200)
    assert bool(challenges(reply)) == (status == 401)


def test_two_sets_of_credentials_are_none(port: int) -> None:
    assert exchange(port, request("/private/file.txt", "GET", ANN, ANN)).status == 401


def test_the_innermost_door_decides(port: int) -> None:
    assert exchange(port, request("/private/inner/file.txt", "GET", EVE)).status == 200
    assert exchange(port, request("/private/inner/file.txt", "GET", ANN)).status == 403
    assert exchange(port, request("/private/inner/", "GET", ANN)).status == 403


def test_conditions_do_not_lead_around_a_door(port: int) -> None:
    for line in ("If-None-Match: *", 'If-Match: "x"', "If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT"):
        assert exchange(port, request("/private/file.txt", "GET", line)).status == 401


def test_with_credentials_everything_is_as_usual(port: int) -> None:
    assert exchange(port, request("/private/missing.txt", "GET", ANN)).status == 404
    assert exchange(port, request("/private", "GET", ANN)).get("Location") == b"/private/"
    assert exchange(port, request("/private/old.txt", "GET", ANN)).status == 301
    assert exchange(port, request("/private/new.txt", "PUT", ANN, body=b"x")).status == 201
    assert exchange(port, request("/private/new.txt", "DELETE", ANN)).status == 204
    tag = (exchange(port, request("/private/file.txt", "GET", ANN)).get("ETag") or b"").decode()
    assert exchange(port, request("/private/file.txt", "GET", ANN, f"If-None-Match: {tag}")).status == 304
    assert exchange(port, request("/public/link.txt", "GET", ANN)).body == b"from private"


def test_a_protected_folder_may_show_its_name(port: int) -> None:
    page = exchange(port, request("/")).body
    assert b'href="private/"' in page


def test_programs_are_told_who_asks(port: int) -> None:
    seen = json.loads(exchange(port, request("/private/echo.py", "GET", ANN)).body)["environment"]
    assert (seen["REMOTE_USER"], seen["AUTH_TYPE"]) == ("ann", "Basic")
    assert "HTTP_AUTHORIZATION" not in seen
    seen = json.loads(exchange(port, request("/public/echo.py", "GET", ANN)).body)["environment"]
    assert not {"REMOTE_USER", "AUTH_TYPE", "HTTP_AUTHORIZATION"} & set(seen)


def test_a_local_redirect_comes_to_the_door_as_the_client_does(port: int) -> None:
    target = "/public/say.py?Location:+/private/file.txt%0A%0A"
    assert exchange(port, request(target, "GET", ANN)).body == b"from private"


def test_a_body_is_not_asked_for_before_the_door(port: int) -> None:
    with Link(port) as link:
        link.send(request("/private/new.txt", "PUT", "Content-Length: 4", "Expect: 100-continue"))
        reply = link.reply()
        assert (reply.status, reply.interim) == (401, [])


def test_what_one_was_given_is_not_given_to_the_next(port: int) -> None:
    """Whoever asks without credentials right after somebody with them, on one connection or several."""
    inside, outside = request("/private/file.txt", "GET", ANN), request("/private/file.txt")
    with Link(port) as link:
        link.send(inside + inside + outside + inside)
        assert [link.reply().status for _ in range(4)] == [200, 200, 401, 200]
    assert exchange(port, outside).status == 401


def test_a_whole_site_can_be_protected(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("inside")
    door = ProtectedFolder("/", "all", Scheme.BASIC, (("ann", "secret"),))
    port = start_server(SiteSettings(str(tmp_path), protected=(door,))).port
    for target in ("/", "/file.txt", "/missing", "/the_time", "//", "/../x"):
        assert exchange(port, request(target)).status == 401
        assert exchange(port, request(target, "GET", ANN)).status in (200, 404)
    assert exchange(port, request("/file.txt", "GET", ANN)).body == b"inside"


@pytest.mark.parametrize("negotiate", [True, False])
def test_nobody_learns_through_a_link_what_is_missing_behind_a_door(
    start_server: StartServer, tmp_path: Path, negotiate: bool
) -> None:
    settings = replace(house.build(tmp_path / "house"), negotiate=negotiate)
    port = start_server(settings).port
    for path in (
        "door/missing.txt",
        "door/missing/",
        "door/missing/more.txt",
        "door/file.txt/more",
        "gate/missing.txt",
    ):
        assert exchange(port, request(f"/public/{path}")).status == 401, path
    assert exchange(port, request("/public/door/missing.txt", "GET", ANN)).status == 404
    assert exchange(port, request("/public/missing.txt")).status == 404
    assert exchange(port, request("/public/missing/more/")).status == 404
