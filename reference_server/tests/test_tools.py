"""Clients of many makers get along with the server: Python's own, wget, Node.js, ApacheBench and wrk."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference_server.tests.conftest import StartServer
from reference_server.tests.tools import LARGE, PATIENCE, USERS, make_site, needs, run


@pytest.fixture(scope="module")
def port(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    return start_server(make_site(tmp_path_factory.mktemp("tools"))).port


@pytest.fixture
def link(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.auto_open = 0
    connection.connect()
    yield connection
    connection.close()


def ask(link: http.client.HTTPConnection, method: str, path: str, **more: Any) -> tuple[int, bytes]:
    link.request(method, path, **more)
    with link.getresponse() as response:
        return response.status, response.read()


def test_the_connection_of_the_library_stays_open(link: http.client.HTTPConnection) -> None:
    """It may not open another one, so each request is on the first."""
    assert ask(link, "GET", "/file.txt") == (200, b"0123456789")
    assert ask(link, "HEAD", "/large.txt") == (200, b"")
    assert ask(link, "GET", "/none")[0] == 404
    assert ask(link, "GET", "/file.txt", headers={"Range": "bytes=2-3"}) == (206, b"23")
    assert ask(link, "OPTIONS", "/file.txt")[0] in (200, 204)
    assert ask(link, "PUT", "/up/a.txt", body=b"put")[0] == 201
    assert ask(link, "GET", "/up/a.txt") == (200, b"put")
    assert ask(link, "DELETE", "/up/a.txt") == (204, b"")
    assert ask(link, "GET", "/large.txt") == (200, LARGE)


def test_the_library_sends_bodies(link: http.client.HTTPConnection) -> None:
    pieces = iter([b"a" * 10, b"", b"b" * 70_000])
    status, answer = ask(link, "POST", "/echo.py", body=pieces, encode_chunked=True)
    assert status == 200
    assert json.loads(answer)["body"] == "a" * 10 + "b" * 70_000
    assert json.loads(ask(link, "POST", "/echo.py", body=b"c" * 70_000)[1])["body"] == "c" * 70_000


def test_the_library_follows_and_complains(port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base}/folder", timeout=PATIENCE) as response:
        assert response.url == f"{base}/folder/"
        assert "text/html" in response.headers["Content-Type"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(f"{base}/none", timeout=PATIENCE)
    with caught.value as error:
        assert error.code == 404


def test_the_library_knows_a_password(port: int) -> None:
    """Of Digest it knows but the algorithms of old."""
    known = urllib.request.HTTPBasicAuthHandler()
    known.add_password("by basic", f"http://127.0.0.1:{port}", *USERS[0])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), known)
    with opener.open(f"http://127.0.0.1:{port}/basic/file.txt", timeout=PATIENCE) as response:
        assert response.read() == b"0123456789"


@needs("wget")
def test_wget_mirrors_a_folder(port: int, tmp_path: Path) -> None:
    arguments = ("--no-config", "-nv", "-e", "robots=off", "-r", "-np", "-nH", "-N")
    for _ in range(2):
        outcome = run("wget", *arguments, f"http://127.0.0.1:{port}/folder/", cwd=tmp_path)
        assert outcome.returncode == 0, outcome.stderr.decode()
    assert (tmp_path / "folder" / "a b.txt").read_bytes() == b"0123456789"
    assert (tmp_path / "folder" / "two.txt").read_bytes() == b"0123456789"


@needs("wget")
def test_wget_continues(port: int, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(LARGE[:1000])
    outcome = run("wget", "--no-config", "-nv", "-c", f"http://127.0.0.1:{port}/large.txt", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr.decode()
    assert (tmp_path / "large.txt").read_bytes() == LARGE


NODE = """
const http = require("http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const port = Number(process.argv[1]);
const sockets = new Set();
let asked = false;
function ask(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, path, headers, agent }, (response) => {
      let text = "";
      response.on("data", (piece) => { text += piece; });
      response.on("end", () => resolve([response.statusCode, text]));
    });
    request.on("socket", (socket) => sockets.add(socket));
    request.on("error", reject);
    if (headers.Expect) request.on("continue", () => { asked = true; request.end(body); });
    else request.end(body);
    if (headers.Expect) request.flushHeaders();
  });
}
(async () => {
  const seen = [];
  seen.push(await ask("GET", "/file.txt", {}));
  seen.push(await ask("HEAD", "/file.txt", {}));
  seen.push(await ask("POST", "/echo.py", { "Transfer-Encoding": "chunked" }, "chunked"));
  seen.push(await ask("POST", "/echo.py", { "Content-Length": 6, Expect: "100-continue" }, "waited"));
  const fetched = await fetch(`http://127.0.0.1:${port}/large.txt`);
  console.log(JSON.stringify({ seen, sockets: sockets.size, asked, fetched: (await fetched.text()).length }));
  agent.destroy();
})();
"""


@needs("node")
def test_node_keeps_one_connection_and_waits_for_permission(port: int) -> None:
    outcome = run("node", "-e", NODE, str(port))
    assert outcome.returncode == 0, outcome.stderr.decode()
    told = json.loads(outcome.stdout)
    assert [status for status, _ in told["seen"]] == [200] * 4
    assert [json.loads(text)["body"] for _, text in told["seen"][2:]] == ["chunked", "waited"]
    assert (told["sockets"], told["asked"], told["fetched"]) == (1, True, len(LARGE))


@needs("ab")
@pytest.mark.parametrize(
    "options", [(), ("-k",), ("-i",), ("-k", "-i"), ("-k", "-H", "Accept-Encoding: gzip")], ids=" ".join
)
@pytest.mark.parametrize("path", ["/file.txt", "/folder/"])
def test_benches_by_apache(port: int, options: tuple[str, ...], path: str) -> None:
    outcome = run("ab", "-q", "-n", "200", "-c", "5", *options, f"http://127.0.0.1:{port}{path}")
    assert outcome.returncode == 0, outcome.stderr.decode()
    told = dict(re.findall(r"^([A-Za-z0-9 -]+): +([0-9]+)", outcome.stdout.decode(), re.MULTILINE))
    assert told["Complete requests"] == "200"
    assert told["Failed requests"] == "0"
    assert "Non-2xx responses" not in told
    assert told.get("Keep-Alive requests", "0") == ("200" if "-k" in options else "0")


@needs("ab")
def test_benches_by_apache_with_bodies(port: int, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"a=b")
    outcome = run("ab", "-q", "-n", "6", "-c", "2", "-p", str(tmp_path / "body"), f"http://127.0.0.1:{port}/echo.py")
    assert outcome.returncode == 0, outcome.stderr.decode()
    assert re.search(rb"Complete requests: +6\n", outcome.stdout)
    assert b"Non-2xx" not in outcome.stdout


PIPELINE = """
init = function(args)
  local requests = {}
  for i = 1, 16 do requests[i] = wrk.format("GET", i % 4 == 0 and "/none" or "/file.txt") end
  pipeline = table.concat(requests)
end
request = function() return pipeline end
"""


@needs("wrk")
def test_wrk_finds_no_fault(port: int) -> None:
    outcome = run("wrk", "-t", "1", "-c", "8", "-d", "1s", f"http://127.0.0.1:{port}/large.txt")
    assert outcome.returncode == 0, outcome.stderr.decode()
    assert b"Socket errors" not in outcome.stdout
    assert b"Non-2xx" not in outcome.stdout


@needs("wrk")
def test_wrk_finds_no_fault_in_pipelines(port: int, tmp_path: Path) -> None:
    (tmp_path / "pipeline.lua").write_text(PIPELINE)
    script = str(tmp_path / "pipeline.lua")
    outcome = run("wrk", "-t", "1", "-c", "4", "-d", "1s", "-s", script, f"http://127.0.0.1:{port}")
    assert outcome.returncode == 0, outcome.stderr.decode()
    assert b"Socket errors" not in outcome.stdout
    total, missing = (re.search(pattern, outcome.stdout) for pattern in (rb"(\d+) requests in", rb"responses: (\d+)"))
    assert total is not None
    assert missing is not None
    assert 0 < int(missing[1]) < int(total[1])
