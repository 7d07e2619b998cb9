"""Checks on statuses, redirects and pipelines, on replies made by hand: mostly the lawful ones that look wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe, Send
from conformance.site import MISSING, Page, Site
from conformance.verdict import Verdict

PASS, FAIL, WARNING = Verdict.PASS, Verdict.FAIL, Verdict.WARNING
ABSENT, UNCLEAR = Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE
SITE = Site(
    host="127.0.0.1",
    port=8080,
    root_name="web",
    pages=(
        Page("a.txt", "text", b"the text\n"),
        Page("b.html", "html", b"<p>the page</p>\n"),
        Page("c.png", "png", b"\x89PNG the picture"),
        Page("images/d.jpg", "jpeg", b"\xff\xd8 the photo"),
        Page("cgi/reply.py", "program", b"print()"),
        Page("cgi/echo_body.py", "program", b"print()"),
    ),
    folders=("cgi", "images"),
    outside=(),
)

Server = Callable[[list[bytes]], tuple[bytes, Ending]]


def reply(status: int, body: bytes = b"", *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status} x", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def bare(status: int, *fields: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} x", *fields, "", ""]).encode()


def page(request: bytes) -> bytes:
    """What a good server answers."""
    target = request.split(b" ", 2)[1].decode()
    body = next((p.content for p in SITE.pages if p.target == target), None)
    if target == "/":
        body = b"home"
    return reply(404, b"There is no such page.") if body is None else reply(200, body)


def verdict(rule: str, server: Server) -> Verdict:
    def play(probe: Probe) -> Exchange:
        sent = b"".join(action.data for action in probe.actions if isinstance(action, Send))
        octets, ending = server([part for part in sent.split(b"\r\n\r\n") if b" HTTP/1." in part])
        chunks = (Chunk(0.0, octets),) if octets else ()
        return Exchange(probe, chunks, ending, 0.0, 0.1, waited=1.0 if ending is Ending.SILENT else 0.0)

    return checks.load()[rule].judge(Evidence(SITE, play)).verdict


def answering(**by_target: bytes) -> Server:
    """A good server but for some targets, whose octets are given by the last word of the target."""

    def server(requests: list[bytes]) -> tuple[bytes, Ending]:
        octets = [
            next((o for word, o in by_target.items() if word.encode() in r.split(b" ", 2)[1]), None) or page(r)
            for r in requests
        ]
        return b"".join(octets), Ending.OURS

    return server


def together(change: Callable[[list[bytes]], tuple[list[bytes], Ending]]) -> Server:
    """A good server whose answers to requests that come together are changed."""

    def server(requests: list[bytes]) -> tuple[bytes, Ending]:
        replies = [page(request) for request in requests]
        if len(replies) < 3:
            return b"".join(replies), Ending.OURS
        changed, ending = change(replies)
        return b"".join(changed), ending

    return server


@pytest.mark.parametrize(
    ("change", "order", "loss"),
    [
        (lambda r: (r, Ending.OURS), PASS, PASS),
        (lambda r: (r[:2], Ending.CLOSED), PASS, PASS),
        (lambda r: (r[:1], Ending.CLOSED), ABSENT, PASS),
        (lambda r: (r[:1], Ending.RESET), ABSENT, PASS),
        (lambda r: ([r[0], reply(503), r[2]], Ending.OURS), UNCLEAR, PASS),
        (lambda r: ([r[0], reply(400)], Ending.CLOSED), UNCLEAR, PASS),
        (lambda r: ([r[1], r[0], r[2]], Ending.OURS), FAIL, PASS),
        (lambda r: ([r[0], reply(200, b"the tpageext")], Ending.CLOSED), FAIL, PASS),
        (lambda r: (r[:1], Ending.SILENT), ABSENT, FAIL),
        (lambda r: (r[:2], Ending.SILENT), PASS, FAIL),
        (lambda r: (r[:0], Ending.SILENT), ABSENT, UNCLEAR),
    ],
)
def test_requests_that_come_together(
    change: Callable[[list[bytes]], tuple[list[bytes], Ending]], order: Verdict, loss: Verdict
) -> None:
    assert verdict("pipelining.responses-in-order", together(change)) is order
    assert verdict("pipelining.requests-not-lost", together(change)) is loss


@pytest.mark.parametrize(
    ("location", "broken"),
    [
        ("/images/", None),
        ("images/", None),
        ("http://127.0.0.1:8080/images/", None),
        ("http://[::1]:8080/images/", None),
        ("HTTP://Example.ORG/images/", None),
        ("http://example.org:/images/", None),
        ("http://example.org", None),
        ("https://example.org/images/", None),
        ("//example.org/images/", None),
        ("http:/images/", "redirect.location-absolute-http-syntax"),
        ("http:images/", "redirect.location-absolute-http-syntax"),
        ("http://localhost:8080images/", "redirect.location-absolute-http-syntax"),
        ("http:///images/", "redirect.location-host-not-empty"),
        ("http://:8080/images/", "redirect.location-host-not-empty"),
        ("https:///images/", "redirect.location-host-not-empty"),
        ("http://u:p@example.org/images/", "redirect.location-no-userinfo"),
        ("https://u@example.org/images/", "redirect.location-no-userinfo"),
        ("http://my host/images/", None),  # redirect.location-uri-syntax
    ],
)
def test_addresses_in_location(location: str, broken: str | None) -> None:
    moved = reply(301, b"", f"Location: {location}")
    for rule in ("location-absolute-http-syntax", "location-host-not-empty", "location-no-userinfo"):
        expected = FAIL if broken == f"redirect.{rule}" else PASS
        assert verdict(f"redirect.{rule}", answering(images=moved)) is expected, rule


@pytest.mark.parametrize("refusal", [reply(400), reply(404), reply(200, b"a listing"), b""])
def test_who_does_not_redirect_names_no_host(refusal: bytes) -> None:
    for rule in ("location-host-not-empty", "location-no-userinfo", "location-host-not-ip"):
        assert verdict(f"redirect.{rule}", answering(images=refusal)) is PASS


@pytest.mark.parametrize(
    ("location", "expected"),
    [("/images/", PASS), ("http://localhost:8080/images/", PASS), ("http://127.0.0.1:8080/images/", FAIL)],
)
def test_a_name_that_becomes_an_address(location: str, expected: Verdict) -> None:
    moved = reply(301, b"", f"Location: {location}")
    assert verdict("redirect.location-host-not-ip", answering(images=moved)) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'<a href="/images/">here</a>', PASS),
        (b"<A HREF='http://127.0.0.1:8080/images/'>here</A>", PASS),
        (b"<a href=images/>here</a>", PASS),
        (b"<h1>Moved</h1>", FAIL),
        (b"", FAIL),
        (b'<a href="/">home</a>', FAIL),
    ],
)
def test_the_note_of_a_redirect(body: bytes, expected: Verdict) -> None:
    moved = reply(301, body, "Location: http://127.0.0.1:8080/images/")
    assert verdict("redirect.hypertext-note", answering(images=moved)) is expected


@pytest.mark.parametrize(
    ("empty", "expected"),
    [
        (bare(204), PASS),
        (bare(204, "Content-Length: 0"), PASS),  # framing.no-content-length-in-1xx-204
        (bare(204, "Content-Length: 7"), PASS),
        (bare(204) + b"\r\n", PASS),  # framing.no-octets-outside-messages
        (bare(204, "Transfer-Encoding: chunked") + b"0\r\n\r\n", FAIL),
        (bare(204) + b"<p>nothing</p>", FAIL),
        (reply(200, b"text"), ABSENT),
    ],
)
def test_204(empty: bytes, expected: Verdict) -> None:
    assert verdict("status.204-no-body", answering(reply=empty)) is expected


@pytest.mark.parametrize(
    ("reset", "ending", "expected"),
    [
        (reply(205), Ending.OURS, PASS),
        (bare(205, "Transfer-Encoding: chunked") + b"0\r\n\r\n", Ending.OURS, PASS),
        (bare(205), Ending.CLOSED, PASS),
        (bare(205), Ending.SILENT, FAIL),
        (reply(205, b"body"), Ending.OURS, FAIL),
        (bare(205) + b"body", Ending.CLOSED, FAIL),
        (reply(200, b"body"), Ending.OURS, ABSENT),
    ],
)
def test_205(reset: bytes, ending: Ending, expected: Verdict) -> None:
    def server(requests: list[bytes]) -> tuple[bytes, Ending]:
        asked = b"reply.py" in requests[0]
        return (reset, ending) if asked else (b"".join(map(page, requests)), Ending.OURS)

    assert verdict("status.205-no-content", server) is expected


@pytest.mark.parametrize(
    ("interim", "expected"),
    [
        (bare(100), PASS),
        (bare(100, "X-Note: any field"), PASS),
        (bare(100) + bare(103), PASS),
        (bare(100) + b"go on", FAIL),
        (bare(100, "Content-Length: 5") + b"go on", FAIL),
        (b"", ABSENT),
    ],
)
def test_interim_replies(interim: bytes, expected: Verdict) -> None:
    assert verdict("status.1xx-no-body", answering(echo=interim + reply(200, b"{}"))) is expected


@pytest.mark.parametrize("status", [404, 403, 401, 421, 301, 200, 500])
def test_what_is_not_410(status: int) -> None:
    assert verdict("error.410-only-if-permanent", answering(surely=reply(status))) is PASS
    assert verdict("error.410-only-if-permanent", answering(surely=reply(410))) is FAIL
    assert MISSING.startswith("/surely")


@pytest.mark.parametrize(
    ("refusal", "expected"), [(reply(405), PASS), (reply(501), PASS), (reply(413), PASS), (reply(411), FAIL)]
)
def test_a_length_that_is_there(refusal: bytes, expected: Verdict) -> None:
    def server(requests: list[bytes]) -> tuple[bytes, Ending]:
        return (refusal, Ending.CLOSED) if requests[0].startswith(b"POST") else (page(requests[0]), Ending.OURS)

    assert verdict("error.411-only-without-length", server) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("Connection: keep-alive", "Keep-Alive: timeout=5"), PASS),
        (("Connection: Upgrade, Keep-Alive", "Keep-Alive: timeout=5"), PASS),
        (("Connection: keep-alive",), ABSENT),
        (("Keep-Alive: timeout=5",), FAIL),
        (("Connection: close", "Keep-Alive: timeout=5"), FAIL),
    ],
)
def test_keep_alive_is_named(fields: tuple[str, ...], expected: Verdict) -> None:
    answer = answering(txt=reply(200, b"the text\n", *fields))
    assert verdict("connection.lists-own-control-fields", answer) is expected


def test_proxy_connection_is_worth_a_warning() -> None:
    rule = "connection.hop-by-hop-fields-listed"
    assert verdict(rule, answering(txt=reply(200, b"", "Proxy-Connection: keep-alive"))) is WARNING
    assert verdict(rule, answering()) is ABSENT
