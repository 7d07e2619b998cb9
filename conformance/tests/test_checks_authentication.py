"""The lawful alternatives of the rules on authentication that are easy to get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest

from conformance import checks
from conformance.checks import challenges
from conformance.checks.challenges import Challenge, digest, read_challenges
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.site import GUARDED, Page, Site
from conformance.verdict import Verdict

Fields: TypeAlias = Mapping[str, str]
Server: TypeAlias = Callable[[str, Fields], bytes]

CATALOGUE = checks.load()
PASS, FAIL, UNCLEAR, ABSENT = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE
SECRET = f"/{GUARDED}/page.txt"
BASIC = 'Basic realm="Notes"'
RIGHT = "Basic c3R1ZGVudDpsZXQgbWUgaW4="
DIGEST = 'Digest realm="Notes", nonce="n1", qop="auth", algorithm=MD5'


def reply(status: int, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def asking(*values: str) -> bytes:
    return reply(401, *(f"WWW-Authenticate: {value}" for value in values))


def guard(challenge: str, opens: Callable[[str], bool], refused: bytes | None = None) -> Server:
    """A server that challenges whoever sends nothing, and lets in who sends what ``opens`` takes."""

    def server(target: str, fields: Fields) -> bytes:
        given = fields.get("authorization")
        if not target.startswith(f"/{GUARDED}/"):
            return reply(200, body=b"Come in.")
        if given is None:
            return asking(challenge)
        return reply(200, body=b"Welcome.") if opens(given) else refused or asking(challenge)

    return server


def judged(id: str, server: Server, *more: Page) -> Verdict:
    pages = (Page("notes.txt", "text", b"Come in."), *(page for page in more if page.kind == "program"))
    guarded = (Page(SECRET[1:], "text", b"Welcome."), *(page for page in more if page.kind != "program"))
    site = Site("localhost", 50000, "web", pages, (), (), guarded, ("student", "let me in"))

    def player(probe: Probe) -> Exchange:
        line, *rest = probe.sent.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        received = server(line.split(" ")[1], fields)
        return Exchange(probe, (Chunk(0.01, received),), Ending.OURS, 0.0, 0.1, waited=2.0)

    return CATALOGUE[id].judge(Evidence(site, player)).verdict


def nobody(_: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (BASIC, PASS),
        ('Basic realm="a, b", charset="UTF-8"', PASS),
        ('basic realm = "Notes"', PASS),
        ("Negotiate", PASS),
        ("NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAA==", PASS),
        ('Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"', PASS),
        (f"Negotiate, {BASIC}", PASS),
        (f", {BASIC}", PASS),
        ('Basic: realm="Notes"', FAIL),
        ('realm="Notes"', FAIL),
        ('Basic realm="Notes" charset="UTF-8"', FAIL),
        ('Basic realm="Notes', FAIL),
        ('Negotiate, realm="Notes"', FAIL),
        (",", FAIL),
    ],
)
def test_a_challenge_is_a_scheme_and_what_belongs_to_it(value: str, verdict: Verdict) -> None:
    assert judged("auth.challenge-grammar", guard(value, nobody)) is verdict


def test_an_empty_field_is_told_once() -> None:
    assert judged("auth.401-has-challenge", guard("", nobody)) is FAIL
    assert judged("auth.challenge-grammar", guard("", nobody)) is PASS


@pytest.mark.parametrize(
    ("value", "once", "quoted"),
    [
        ('Basic realm="a", Basic realm="b"', PASS, PASS),
        ('Digest realm="a", algorithm=MD5, nonce="x"', PASS, PASS),
        ('Digest realm="a", nonce="x", NONCE="y"', FAIL, PASS),
        ("Basic REALM=a", PASS, FAIL),
        ("Negotiate", PASS, PASS),
    ],
)
def test_parameters_are_looked_at_within_their_challenge(value: str, once: Verdict, quoted: Verdict) -> None:
    assert judged("auth.param-once-per-challenge", guard(value, nobody)) is once
    assert judged("auth.realm-quoted", guard(value, nobody)) is quoted


def test_a_401_that_a_program_writes_is_the_programs() -> None:
    def server(target: str, _: Fields) -> bytes:
        return reply(401) if target.endswith(".py") else reply(200, body=b"Come in.")

    assert judged("auth.401-has-challenge", server, Page("login.py", "program", b"print()")) is ABSENT


@pytest.mark.parametrize(
    ("refused", "verdict"),
    [(asking(BASIC), PASS), (reply(404), PASS), (reply(429), UNCLEAR), (reply(403), FAIL), (reply(500), FAIL)],
)
def test_bad_credentials(refused: bytes, verdict: Verdict) -> None:
    assert judged("auth.bad-credentials-401", guard(BASIC, nobody, refused)) is verdict


@pytest.mark.parametrize(("unreadable", "wrong", "verdict"), [(400, 401, PASS), (401, 400, FAIL), (500, 401, FAIL)])
def test_what_cannot_be_decoded_may_be_called_malformed(unreadable: int, wrong: int, verdict: Verdict) -> None:
    def server(target: str, fields: Fields) -> bytes:
        plain, status = guard(BASIC, nobody), unreadable if fields.get("authorization") == "Basic A" else wrong
        return plain(target, fields) if status == 401 or "authorization" not in fields else reply(status)

    assert judged("auth.bad-credentials-401", server) is verdict


@pytest.mark.parametrize(
    ("challenge", "opens", "verdict"),
    [
        (BASIC, RIGHT.__eq__, PASS),
        (DIGEST, lambda given: given.startswith("Digest "), PASS),
        (DIGEST, RIGHT.__eq__, FAIL),
        (f"{DIGEST}, {BASIC}", RIGHT.__eq__, PASS),
        (DIGEST, nobody, UNCLEAR),  # the operator may have given a wrong password
        (BASIC, nobody, UNCLEAR),
        ("Negotiate", RIGHT.__eq__, ABSENT),
        (DIGEST.replace("MD5", "SHA-512-256"), RIGHT.__eq__, ABSENT),
    ],
)
def test_a_challenge_fits_if_it_can_be_answered(challenge: str, opens: Callable[[str], bool], verdict: Verdict) -> None:
    assert judged("auth.401-challenge-applicable", guard(challenge, opens)) is verdict


def test_a_nonce_may_grow_stale() -> None:
    def server(target: str, fields: Fields) -> bytes:
        if not target.startswith(f"/{GUARDED}/"):
            return reply(200, body=b"Come in.")
        if 'nonce="n2"' in fields.get("authorization", ""):
            return reply(200, body=b"Welcome.")
        return asking(DIGEST.replace("n1", "n2") + ", stale=true") if "authorization" in fields else asking(DIGEST)

    assert judged("auth.401-challenge-applicable", server) is PASS


def test_pages_of_a_realm() -> None:
    other = Page(f"{GUARDED}/other.txt", "text", b"Another one.")

    def server(realm: str, status: int) -> Server:
        def answer(target: str, fields: Fields) -> bytes:
            value = BASIC if target == SECRET else f'Basic realm="{realm}"'
            if fields.get("authorization") == RIGHT:
                return reply(200, body=b"Welcome.") if target == SECRET else reply(status, f"WWW-Authenticate: {value}")
            return asking(value)

        return answer

    id = "auth.credentials-valid-in-realm"
    assert judged(id, server("Notes", 401), other) is FAIL
    assert judged(id, server("Notes", 403), other) is PASS
    assert judged(id, server("Letters", 401), other) is ABSENT
    assert judged(id, server("Notes", 401)) is ABSENT


def test_the_example_of_rfc_7616(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenges, "CNONCE", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    value = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    challenge = read_challenges(value).read[0]
    field = digest("Mufasa", "Circle of Life", "/dir/index.html", challenge)
    assert field is not None
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in field[1]
    assert digest("Mufasa", "Circle of Life", "/", Challenge("digest", ())) is None
