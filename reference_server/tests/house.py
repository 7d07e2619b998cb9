"""A house with doors, for the tests of access: its folders, its settings, and a client of its own for Digest."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from reference_server import SiteSettings
from reference_server.config import ProtectedFolder, Redirect, Scheme
from reference_server.tests.conftest import ECHO, SAY
from reference_server.tests.wire import Reply, exchange, request

REALM = "the house"
USERS = (("ann", "secret"), ("bj\u00f6rn", "gr\u00fc\u00df:gott"))
ANN = "Authorization: Basic " + base64.b64encode(b"ann:secret").decode()
EVE = "Authorization: Basic " + base64.b64encode(b"eve:apple").decode()


def build(root: Path) -> SiteSettings:
    """Four protected folders and a public one, with links and programs that try to lead around the doors."""
    for folder in ("private", "private/inner", "digest", "other", "public"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file.txt").write_bytes(b"from " + folder.encode())
        (root / folder / "echo.py").write_text(ECHO)
        (root / folder / "say.py").write_text(SAY)
    (root / "public" / "link.txt").symlink_to("../private/file.txt")
    (root / "public" / "door").symlink_to("../private")
    (root / "public" / "gate").symlink_to("../digest")
    protected = (
        ProtectedFolder("/private/", REALM, Scheme.BASIC, USERS),
        ProtectedFolder("/private/inner/", REALM, Scheme.BASIC, (("eve", "apple"),)),
        ProtectedFolder("/digest/", REALM, Scheme.DIGEST, USERS),
        ProtectedFolder("/other/", "another house", Scheme.DIGEST, (("ann", "different"),)),
    )
    return SiteSettings(
        str(root),
        protected=protected,
        redirects=(Redirect("/private/old.txt", "/public/file.txt"),),
        writable=("/private/", "/digest/"),
        trace=True,
    )


def challenges(reply: Reply) -> list[bytes]:
    return [value for name, value in reply.fields if name == b"www-authenticate"]


class DigestClient:
    """Answers challenges with `hashlib` alone, and can be told to answer wrongly."""

    def __init__(self, port: int, target: str = "/digest/file.txt", method: str = "GET", algorithm: str = "SHA-256"):
        self.port, self.target, self.method, self.algorithm = port, target, method, algorithm
        self.user, self.password, self.uri = "ann", "secret", target
        self.count = 0
        self.nonce = self.new_nonce()

    def new_nonce(self) -> str:
        reply = exchange(self.port, request(self.target, self.method), self.method)
        found = [value for value in challenges(reply) if f"algorithm={self.algorithm},".encode() in value]
        match = re.search(rb'nonce="([^"]+)"', found[0])
        assert match is not None
        return match[1].decode()

    def hashed(self, *parts: str) -> str:
        name = self.algorithm.replace("-", "").lower()
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    def parameters(self, realm: str = REALM) -> dict[str, str]:
        self.count += 1
        nc, cnonce = f"{self.count:08x}", 'a "c" \\ nonce'
        secret = self.hashed(self.user, realm, self.password)
        response = self.hashed(secret, self.nonce, nc, cnonce, "auth", self.hashed(self.method, self.uri))
        return {
            "username": f'"{self.user}"', "realm": f'"{realm}"', "uri": f'"{self.uri}"', "nonce": f'"{self.nonce}"',
            "algorithm": self.algorithm, "nc": nc, "cnonce": '"a \\"c\\" \\\\ nonce"', "qop": "auth",
            "response": f'"{response}"',
        }  # fmt: skip

    def line(self, parameters: dict[str, str] | None = None) -> str:
        pairs = (self.parameters() if parameters is None else parameters).items()
        return "Authorization: Digest " + ", ".join(f"{name}={value}" for name, value in pairs)

    def ask(self, line: str | None = None, *more: str, body: bytes = b"") -> Reply:
        line = self.line() if line is None else line
        return exchange(self.port, request(self.target, self.method, line, *more, body=body), self.method)
