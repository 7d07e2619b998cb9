"""curl, with many of its options, gets from the server what it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.tools import LARGE, make_site, needs, run

pytestmark = needs("curl")

CODE = "%{http_code}"


@pytest.fixture(scope="module")
def base(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    port = start_server(make_site(tmp_path_factory.mktemp("curl"))).port
    return f"http://127.0.0.1:{port}"


def curl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What it prints; it has to succeed."""
    outcome = run("curl", "-q", "-sS", *arguments, stdin=stdin)
    assert outcome.returncode == 0, outcome.stderr.decode()
    return outcome.stdout


def code(*arguments: str, stdin: bytes = b"") -> str:
    """The status, and that of the interim replies are not counted."""
    return curl("-o", "/dev/null", "-w", CODE, *arguments, stdin=stdin).decode()


def test_a_file_by_each_version(base: str) -> None:
    for option in ("--http1.1", "--http1.0", "--http2"):
        seen = curl(option, "-w", "|%{http_code}|%{http_version}", f"{base}/file.txt")
        assert seen == b"0123456789|200|1.1"


def test_head(base: str) -> None:
    head = curl("-I", f"{base}/large.txt")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: %d\r\n" % len(LARGE) in head
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("asked", "got"), [("2-4", b"234"), ("-3", b"789"), ("7-", b"789"), ("0-0", b"0")])
def test_a_range(base: str, asked: str, got: bytes) -> None:
    assert curl("-r", asked, "-w", CODE, f"{base}/file.txt") == got + b"206"


def test_ranges(base: str) -> None:
    parts = curl("-r", "0-1,8-9", f"{base}/file.txt")
    assert b"\r\n\r\n01\r\n--" in parts
    assert b"\r\n\r\n89\r\n--" in parts


def test_a_range_beyond_the_end(base: str) -> None:
    assert code("-r", "10-", f"{base}/file.txt") == "416"


def test_a_download_is_resumed(base: str, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(LARGE[:50_000])
    curl("-C", "-", "-o", str(tmp_path / "large.txt"), f"{base}/large.txt")
    assert (tmp_path / "large.txt").read_bytes() == LARGE


def test_only_if_newer(base: str, tmp_path: Path) -> None:
    assert code("-z", "Fri, 01 Jan 2038 00:00:00 GMT", f"{base}/file.txt") in ("200", "304")
    assert code("-z", "Sun, 06 Nov 1994 08:49:37 GMT", f"{base}/file.txt") == "200"
    assert code("-z", "-Sun, 06 Nov 1994 08:49:37 GMT", f"{base}/file.txt") == "412"
    copy = tmp_path / "copy.txt"
    curl("-R", "-o", str(copy), f"{base}/file.txt")
    assert curl("-z", str(copy), "-w", CODE, f"{base}/file.txt") == b"304"


def test_only_if_changed(base: str, tmp_path: Path) -> None:
    tag = str(tmp_path / "tag")
    assert curl("--etag-save", tag, f"{base}/file.txt") == b"0123456789"
    assert curl("--etag-compare", tag, "-w", CODE, f"{base}/file.txt") == b"304"


def test_compressed(base: str) -> None:
    plain, packed = f"{base}/large.txt", ("--compressed", f"{base}/large.txt")
    assert curl(plain) == curl(*packed) == LARGE
    sizes = [int(curl("-o", "/dev/null", "-w", "%{size_download}", *arguments)) for arguments in ((plain,), packed)]
    assert sizes[0] == len(LARGE)
    assert sizes[1] < len(LARGE)


def test_transfer_codings_are_not_forced_on_anybody(base: str) -> None:
    assert curl("--tr-encoding", f"{base}/large.txt") == LARGE


def test_a_form(base: str) -> None:
    seen = json.loads(curl("-d", "a=b", "--data-urlencode", "c=d e", f"{base}/echo.py"))
    assert seen["body"] == "a=b&c=d+e"
    assert seen["environment"]["CONTENT_TYPE"] == "application/x-www-form-urlencoded"


def test_a_form_of_parts(base: str) -> None:
    seen = json.loads(curl("-F", "name=value", f"{base}/echo.py"))
    assert 'name="name"\r\n\r\nvalue\r\n' in seen["body"]


def test_a_chunked_body(base: str) -> None:
    seen = json.loads(
        curl("-X", "POST", "-H", "Transfer-Encoding: chunked", "-d", "@-", f"{base}/echo.py", stdin=b"hello")
    )
    assert seen["body"] == "hello"
    assert seen["environment"]["CONTENT_LENGTH"] == "5"


def test_a_body_that_waits_for_permission(base: str) -> None:
    outcome = run(
        "curl", "-q", "-v", "--data-binary", "@-", "-H", "Expect: 100-continue", f"{base}/echo.py", stdin=LARGE
    )
    assert outcome.returncode == 0, outcome.stderr.decode()
    assert b"< HTTP/1.1 100 Continue" in outcome.stderr
    assert json.loads(outcome.stdout)["body"].encode() == LARGE


def test_a_body_that_nobody_wants_is_not_sent(base: str) -> None:
    seen = curl(
        *(
            "-o",
            "/dev/null",
            "-w",
            f"{CODE} %{{size_upload}}",
            "-H",
            "Expect: 100-continue",
            "--expect100-timeout",
            "60",
        ),
        *("--data-binary", "@-", f"{base}/file.txt"),
        stdin=LARGE,
    )
    assert seen == b"405 0"


def test_a_body_that_is_too_large(base: str) -> None:
    assert code("--data-binary", "@-", f"{base}/echo.py", stdin=bytes(10 * 1024 * 1024 + 1)) == "413"
    chunked = ("-H", "Transfer-Encoding: chunked", "-H", "Expect:", "--data-binary", "@-")
    assert code(*chunked, f"{base}/echo.py", stdin=bytes(10 * 1024 * 1024 + 1)) == "413"


def test_paths_as_they_are(base: str) -> None:
    seen = curl("--path-as-is", "-w", CODE, f"{base}/../secret.txt")
    assert b"outside" not in seen
    assert seen.endswith((b"400", b"404"))
    assert curl("--path-as-is", f"{base}/folder/../file.txt") == b"0123456789"


def test_redirects_are_followed(base: str) -> None:
    seen = curl("-L", "-w", "%{num_redirects} %{url_effective}", "-o", "/dev/null", f"{base}/folder")
    assert seen.decode() == f"1 {base}/folder/"


def test_one_connection_is_enough(base: str) -> None:
    targets = [f"{base}/file.txt", f"{base}/none", f"{base}/large.txt", f"{base}/folder/", f"{base}/echo.py"]
    outputs = [argument for _ in targets for argument in ("-o", "/dev/null")]
    assert curl(*outputs, "-w", "%{num_connects}", *targets) == b"10000"


def test_many_at_once(base: str) -> None:
    seen = curl("-Z", "--parallel-max", "20", "-o", "/dev/null", "-w", f"{CODE} ", f"{base}/large.txt?[1-60]")
    assert seen.split() == [b"200"] * 60


def test_files_are_put_and_deleted(base: str) -> None:
    place = f"{base}/up/new.txt"
    assert code("-T", "-", place, stdin=b"first") == "201"
    assert curl(place) == b"first"
    assert code("-X", "PUT", "-H", "Content-Type: text/plain", "--data-binary", "@-", place, stdin=LARGE) == "204"
    assert curl("--compressed", place) == LARGE
    assert code("-T", "-", "-H", "If-None-Match: *", place, stdin=b"x") == "412"
    assert code("-X", "DELETE", place) == "204"
    assert code(place) == "404"
    assert code("-T", "-", f"{base}/folder/new.txt", stdin=b"x") in ("404", "405")


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_passwords(base: str, scheme: str) -> None:
    place = f"{base}/{scheme}/file.txt"
    assert code(place) == "401"
    assert code(f"--{scheme}", "-u", "reader:wrong", place) == "401"
    assert curl(f"--{scheme}", "-u", "reader:secret", place, place) == b"0123456789" * 2
    assert curl("--anyauth", "-u", "reader:secret", place) == b"0123456789"


def test_options_of_the_whole_server(base: str) -> None:
    head = curl("-i", "-X", "OPTIONS", "--request-target", "*", base)
    assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 204 "))


def test_as_if_it_were_a_proxy(base: str) -> None:
    assert curl("-x", base, "http://somewhere.example/file.txt") == b"0123456789"
    outcome = run("curl", "-q", "-sS", "-p", "-x", base, "-w", "%{http_connect}", "http://somewhere.example/file.txt")
    assert outcome.returncode != 0
    assert outcome.stdout in (b"400", b"405", b"501")


def test_what_is_too_long(base: str) -> None:
    assert code(f"{base}/" + "a" * 20_000) == "414"
    assert code("-H", "X: " + "a" * 70_000, f"{base}/file.txt") == "431"


@pytest.mark.parametrize(
    "header", ["Host:", "Host: a b", "Content-Length: x", "X : y", "Transfer-Encoding: gzip", "X: a\x01b"]
)
def test_bad_fields(base: str, header: str) -> None:
    assert code("-H", header, f"{base}/file.txt") == "400"


def test_a_line_for_a_proxy_in_front(base: str) -> None:
    assert code("--haproxy-protocol", f"{base}/file.txt") == "400"
