"""A real browser shows a listing and a page with a picture, and asks again only whether a file has changed."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reference_server.http1.messages import Request, Response
from reference_server.resources import application
from reference_server.tests.conftest import StartServer
from reference_server.tests.tools import run

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PAGE = """<!DOCTYPE html>
<html lang="en"><title>page</title><link rel="stylesheet" href="style.css"><link rel="icon" href="picture.png">
<img id="picture" src="picture.png" alt=""><iframe id="listing" src="folder/"></iframe><p id="told"></p>
<script>
addEventListener("load", async () => {
  const told = {};
  told.width = document.getElementById("picture").naturalWidth;
  told.color = getComputedStyle(document.body).color;
  told.links = [...document.getElementById("listing").contentDocument.links].map((link) => link.textContent);
  const inner = [...document.getElementById("listing").contentDocument.links].find((l) => l.href.includes("%20"));
  told.inner = await (await fetch(inner.href)).text();
  for (const step of ["first", "second"]) {
    const reply = await fetch("data.txt", { cache: "no-cache" });
    told[step] = [reply.status, await reply.text()];
  }
  const part = await fetch("data.txt", { cache: "no-store", headers: { Range: "bytes=1-2" } });
  told.part = [part.status, await part.text()];
  told.posted = (await fetch("data.txt", { method: "POST", body: "x" })).status;
  document.getElementById("told").textContent = JSON.stringify(told);
});
</script></html>
"""


def picture(width: int) -> bytes:
    """A PNG of one row of black."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    row = zlib.compress(b"\0" * (width + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def make_root(root: Path) -> Path:
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "a b.txt").write_text("inner")
    (root / "folder" / "caf\u00e9.txt").write_text("x")
    (root / "page.html").write_text(PAGE)
    (root / "style.css").write_text("body { color: rgb(1, 2, 3); }\n")
    (root / "picture.png").write_bytes(picture(7))
    (root / "data.txt").write_text("data")
    return root


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser(start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: Counter[tuple[bytes, int]] = Counter()
    original = application.respond

    def recording(site: Any, asked: Request) -> Response:
        response = original(site, asked)
        answered[asked.path, response.status] += 1
        return response

    monkeypatch.setattr(application, "respond", recording)
    port = start_server(make_root(tmp_path / "site")).port
    told = look_at(f"http://127.0.0.1:{port}/page.html", tmp_path / "profile")
    assert told["width"] == 7
    assert told["color"] == "rgb(1, 2, 3)"
    assert {"a b.txt", "caf\u00e9.txt"} <= set(told["links"])
    assert told["inner"] == "inner"
    assert told["first"] == told["second"] == [200, "data"]
    assert told["part"] == [206, "at"]
    assert told["posted"] == 405
    assert answered[b"/data.txt", 200] == 1
    assert answered[b"/data.txt", 304] == 1


def look_at(address: str, profile: Path) -> dict[str, Any]:
    """What the page tells of itself."""
    outcome = run(
        BROWSER or "",
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"),
        *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
        *(f"--user-data-dir={profile}", "--virtual-time-budget=60000", "--dump-dom", address),
    )
    found = re.search(r'<p id="told">(.+?)</p>', outcome.stdout.decode())
    assert found is not None, outcome.stderr.decode()[-3000:]
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told
