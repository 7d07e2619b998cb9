"""Digest (RFC 7616) over sockets, with a client made for the purpose and with other people's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from reference_server.resources.nonces import Nonces
from reference_server.semantics import authentication
from reference_server.tests import house
from reference_server.tests.conftest import StartServer
from reference_server.tests.house import REALM, USERS, DigestClient, challenges
from reference_server.tests.wire import Link, exchange, request


@pytest.fixture(scope="module")
def port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(house.build(tmp_path_factory.mktemp("house"))).port


def test_challenges_are_two_on_two_lines_the_stronger_first(port: int) -> None:
    found = challenges(exchange(port, request("/digest/file.txt")))
    grammar = rb'Digest realm="the house", qop="auth", algorithm=(\S+), nonce="[0-9a-f]+", charset=UTF-8'
    matches = [re.fullmatch(grammar, challenge) for challenge in found]
    assert [match and match[1] for match in matches] == [b"SHA-256", b"MD5"]
    again = challenges(exchange(port, request("/digest/file.txt")))
    assert again[0] != found[0], "no two clients count on one nonce"


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_an_answer_is_accepted_once(port: int, algorithm: str) -> None:
    client = DigestClient(port, algorithm=algorithm)
    line = client.line()
    reply = client.ask(line)
    assert (reply.status, reply.body) == (200, b"from digest")
    repeated = client.ask(line)
    assert repeated.status == 401
    assert all(challenge.endswith(b", stale=true") for challenge in challenges(repeated))
    assert client.ask().status == 200


def test_the_server_proves_that_it_knows_the_password_too(port: int) -> None:
    client = DigestClient(port)
    reply = client.ask()
    secret = client.hashed("ann", REALM, "secret")
    proof = client.hashed(secret, client.nonce, "00000001", 'a "c" \\ nonce', "auth", client.hashed("", client.uri))
    told = authentication.parse_parameters(reply.get("Authentication-Info") or b"")
    assert told == {b"rspauth": proof.encode(), b"qop": b"auth", b"cnonce": b'a "c" \\ nonce', b"nc": b"00000001"}


@pytest.mark.parametrize("target", ["/digest/missing.txt", "/digest", "/digest/"])
def test_every_reply_behind_the_door_proves_it(port: int, target: str) -> None:
    assert DigestClient(port, target).ask().get("Authentication-Info") is not None


def without(*names: str) -> Callable[[dict[str, str]], object]:
    return lambda given: [given.pop(name) for name in names]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (without(), 200),
        (without("algorithm"), 401),
        (without("qop"), 401),
        (without("nc"), 401),
        (without("cnonce"), 401),
        (without("username"), 401),
        (without("nonce"), 401),
        (without("response"), 401),
        (lambda given: given.update(algorithm='"SHA-256"'), 200),
        (lambda given: given.update(algorithm="sha-256"), 200),
        (lambda given: given.update(qop='"auth"'), 200),
        (lambda given: given.update(qop="auth-int"), 401),
        (lambda given: given.update(algorithm="SHA-256-sess"), 401),
        (lambda given: given.update(algorithm="SHA-512-256"), 401),
        (lambda given: given.update(realm='"another house"'), 401),
        (lambda given: given.update(username='"bob"'), 401),
        (lambda given: given.update(nc="1"), 401),
        (lambda given: given.update(nc="00000002"), 401),
        (lambda given: given.update(cnonce='"other"'), 401),
        (lambda given: given.update(userhash="true"), 401),
        (lambda given: given.update(userhash="false"), 200),
        (lambda given: given.update(response='""'), 401),
        (lambda given: given.update(response='"\xff"'), 401),
        (lambda given: given.update(response=given["response"].upper()), 200),
        (lambda given: given.update(extra="1", opaque='"x"'), 200),
        (lambda given: given.update(USERNAME="ann"), 401),
    ],
)
def test_answers(port: int, change: Callable[[dict[str, str]], object], status: int) -> None:
    client = DigestClient(port)
    given = client.parameters()
    change(given)
    reply = client.ask(client.line(given))
    assert reply.status == status
    assert bool(challenges(reply)) == (status == 401)
    assert not any(b"stale" in challenge for challenge in challenges(reply))


def test_a_wrong_password_is_wrong(port: int) -> None:
    client = DigestClient(port)
    client.password = "guess"
    assert client.ask().status == 401


def test_an_answer_is_for_one_address_and_one_method(port: int) -> None:
    client = DigestClient(port)
    client.uri = "/digest/echo.py"
    assert client.ask().status == 400
    client.uri = client.target
    line = client.line()
    assert exchange(port, request("/digest/echo.py", "GET", line)).status == 400
    assert exchange(port, request("/digest/file.txt", "DELETE", line)).status == 401
    client.uri = "http://localhost/digest/file.txt"
    assert client.ask().status == 200


def test_a_forged_or_outlived_nonce_is_stale_only_for_those_who_know_the_password(port: int) -> None:
    client = DigestClient(port)
    client.nonce = Nonces().issue(REALM.encode(), 1_000_000_000).decode()
    assert all(challenge.endswith(b", stale=true") for challenge in challenges(client.ask()))
    client.password = "guess"
    reply = client.ask()
    assert reply.status == 401
    assert not any(b"stale" in challenge for challenge in challenges(reply))


def test_a_nonce_is_for_its_realm(port: int) -> None:
    client = DigestClient(port, "/other/file.txt")
    client.password = "different"
    client.nonce = DigestClient(port).nonce
    reply = client.ask(client.line(client.parameters("another house")))
    assert reply.status == 401
    client.nonce = client.new_nonce()
    assert client.ask(client.line(client.parameters("another house"))).status == 200


def test_a_put_with_expectation_uses_its_count_once(port: int) -> None:
    client = DigestClient(port, "/digest/new.txt", "PUT")
    with Link(port) as link:
        link.send(request(client.target, "PUT", client.line(), "Content-Length: 1", "Expect: 100-continue"))
        assert link.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        link.send(b"x")
        reply = link.reply()
    assert reply.status == 201
    assert reply.get("Authentication-Info") is not None
    client.method = "DELETE"
    assert client.ask().status == 204


def test_programs_are_told_who_asks_by_digest(port: int) -> None:
    seen = json.loads(DigestClient(port, "/digest/echo.py").ask().body)["environment"]
    assert (seen["REMOTE_USER"], seen["AUTH_TYPE"]) == ("ann", "Digest")


@pytest.mark.parametrize("folder", ["public", "digest"])
def test_a_local_redirect_is_covered_by_the_answer_to_the_request(port: int, folder: str) -> None:
    client = DigestClient(port)
    client.target = client.uri = f"/{folder}/say.py?Location:+/digest/file.txt%0A%0A"
    line = client.line()
    assert client.ask(line).body == b"from digest"
    assert client.ask(line).status == 401


@pytest.mark.parametrize("name", ["ann", "bj\u00f6rn"])
def test_an_extended_user_name(port: int, name: str) -> None:
    client = DigestClient(port)
    client.user, client.password = name, dict(USERS)[name]
    given = client.parameters()
    del given["username"]
    given["username*"] = "UTF-8''" + "".join(f"%{octet:02X}" for octet in name.encode())
    assert client.ask(client.line(given)).status == 200


# -- other people's clients


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("option", "target", "expected"),
    [
        ("--basic", "/private/file.txt", "200 from private"),
        ("--anyauth", "/private/file.txt", "200 from private"),
        ("--anyauth", "/digest/file.txt", "200 from digest"),
        ("--digest", "/digest/file.txt", "200 from digest"),
        ("--digest", "/private/file.txt", "401 "),
        ("--basic", "/digest/file.txt", "401 "),
    ],
)
def test_curl(port: int, option: str, target: str, expected: str) -> None:
    url = f"http://127.0.0.1:{port}{target}"
    command = ["curl", "-q", "-s", option, "-u", "ann:secret", "-w", "%{stderr}%{http_code} ", "--noproxy", "*", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stderr + (done.stdout if done.stderr == "200 " else "")) == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_asks_several_times_with_one_nonce(port: int) -> None:
    url = f"http://127.0.0.1:{port}/digest/file.txt?[1-4]"
    command = [
        "curl",
        "-q",
        "-s",
        "--digest",
        "-u",
        "ann:secret",
        "-w",
        "%{stderr}%{http_code} ",
        "--noproxy",
        "*",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "200 200 200 200 "
    assert done.stdout == "from digest" * 4


# In a process of its own: the library leaves the sockets of refused requests to the garbage collector.
URLLIB = """
import hashlib, sys, urllib.error, urllib.request

class Handler(urllib.request.HTTPDigestAuthHandler):
    # The library knows MD5 and SHA-1 only (before Python 3.14); the rest of it is as it is.
    def get_algorithm_impls(self, algorithm):
        def hashed(text):
            return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()
        return hashed, lambda secret, data: hashed(f"{secret}:{data}")

url, realm = sys.argv[1:]
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(realm, url, "ann", "secret")
handlers = Handler(passwords), urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.ProxyHandler({})
opener = urllib.request.build_opener(*handlers)
for target in ("/digest/file.txt", "/digest/", "/digest/file.txt", "/private/file.txt", "/private/inner/file.txt"):
    try:
        print(opener.open(url + target, timeout=60).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def test_urllib(port: int) -> None:
    command = [sys.executable, "-c", URLLIB, f"http://127.0.0.1:{port}", REALM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["200", "200", "200", "200", "403"]


@pytest.mark.parametrize("name", ["file.txt", "", "echo.py", "missing.txt"])
def test_a_link_is_no_way_to_use_an_answer_twice(port: int, name: str) -> None:
    client = DigestClient(port, f"/public/gate/{name}")
    first, second = client.line(), client.line()
    assert [client.ask(line).status == 401 for line in (first, first, second, second)] == [False, True, False, True]
