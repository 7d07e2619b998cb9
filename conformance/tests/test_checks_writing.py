"""Rules on PUT and DELETE over a small server by hand: lawful alternatives, and that the file is put back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe, Send
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Verdict

CATALOGUE = checks.load()
PAGE, OLD = b"An ordinary page.\n", b"What was there before.\n"
TEXT = "Content-Type: text/plain"
SILENCE = b""
PUT_RULES = (
    *("put.created-201", "put.modified-200-204", "put.replaces-existing", "method.idempotent-put-delete"),
    *("put.not-applied-elsewhere", "put.no-validator-if-transformed", "put.content-location-no-effect"),
    *("put.content-location-not-stored", "put.unknown-fields-not-stored", "put.content-fields-501"),
    *("put.content-range-rejected", "put.invalid-content-range-not-applied", "put.inconsistent-handled"),
)
RULES = (*PUT_RULES, "delete.target-gone", "delete.success-status-choice", "delete.content-no-meaning")


def reply(status: int, body: bytes = b"", *lines: str) -> bytes:
    length = [] if status == 204 else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status} Reason", *length, *lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Asked:
    """One request, and whom it was sent to."""

    server: Server
    method: str
    path: str
    head: str
    content: bytes

    def usual(self) -> bytes:
        return self.server.usual(self.method, self.path, self.head, self.content)

    def store(self, content: bytes) -> bytes:
        self.server.files[self.path] = content
        return reply(204)


@dataclass
class Server:
    """A server that stores what is put; ``odd`` may answer a request by itself."""

    odd: Callable[[Asked], bytes | None] = lambda _: None
    files: dict[str, bytes] = field(default_factory=lambda: {"/page.txt": PAGE, "/throwaway.txt": OLD, "/": b"root"})
    closes: bool = False
    """Whether it closes the connection after each reply, without a word."""

    def __call__(self, probe: Probe) -> Exchange:
        chunks: list[Chunk] = []
        for action in probe.actions:
            if isinstance(action, Send):
                answer = self.answer(action.data)
                if not answer:
                    return Exchange(probe, tuple(chunks), Ending.SILENT, 0.0, 0.3, waited=0.3)
                chunks.append(Chunk(0.01, answer))
                if self.closes or b"Connection: close" in answer:
                    return Exchange(probe, tuple(chunks), Ending.CLOSED, 0.0, 0.3)
        return Exchange(probe, tuple(chunks), Ending.OURS, 0.0, 0.3)

    def answer(self, sent: bytes) -> bytes:
        head, _, content = sent.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split()
        answer = self.odd(Asked(self, method, path, head.decode(), content))
        return self.usual(method, path, head.decode(), content) if answer is None else answer

    def usual(self, method: str, path: str, head: str, content: bytes) -> bytes:
        there = path in self.files
        if method == "PUT" and re.search("Content-(Range|Encoding)|image/png", head):
            return reply(400)
        if method == "PUT" and path.endswith("/below.txt"):
            return reply(409)
        if method == "PUT":
            self.files[path] = content
            return reply(204 if there else 201)
        if method == "DELETE":
            return reply(204 if self.files.pop(path, None) is not None else 404)
        if method == "GET":
            return reply(200, self.files[path], TEXT) if there else reply(404)
        return reply(405)


def judge(rule: str, server: Server, spec: Spec = Spec.BOTH) -> Verdict:
    """The verdict; whatever the server does, the file must be as it was in the end."""
    pages = (Page("page.txt", "text", PAGE), Page("throwaway.txt", "text", OLD))
    evidence = Evidence(Site("localhost", 50000, "web", pages, (), ()), server, spec)
    verdict = CATALOGUE[rule].judge(evidence).verdict
    assert server.files == {"/page.txt": PAGE, "/throwaway.txt": OLD, "/": b"root"}
    return verdict


def when(method: str, part: bytes, answer: Callable[[Asked], bytes]) -> Server:
    """Another answer to requests of this method that hold these octets."""

    def odd(asked: Asked) -> bytes | None:
        met = asked.method == method and part in asked.head.encode() + asked.content
        return answer(asked) if met else None

    return Server(odd)


def instead(method: str, part: bytes, answer: bytes) -> Server:
    """Another answer, and nothing is done."""
    return when(method, part, lambda _: answer)


@pytest.mark.parametrize("rule", RULES)
def test_a_server_that_stores_passes(rule: str) -> None:
    lawful = {Verdict.PASS, Verdict.NOT_APPLICABLE} if "validator" in rule else {Verdict.PASS}
    assert judge(rule, Server()) in lawful


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("status", [400, 403, 405, 501, 503, 301, 202])
def test_where_nothing_can_be_put_nothing_is_judged(rule: str, status: int) -> None:
    assert judge(rule, instead("PUT", b"", reply(status))) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("rule", RULES)
def test_a_server_that_closes_after_each_reply_accuses_itself_of_nothing(rule: str) -> None:
    assert judge(rule, Server(closes=True)) in (Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE)


def test_what_was_appended_is_deleted_and_put_again() -> None:
    def appends(asked: Asked) -> bytes:
        return asked.store(asked.server.files.get(asked.path, b"") + asked.content)

    assert judge("put.replaces-existing", when("PUT", b"", appends)) is Verdict.FAIL


@pytest.mark.parametrize(
    ("status", "expected"),
    [(201, Verdict.PASS), (202, Verdict.PASS), (303, Verdict.PASS), (200, Verdict.FAIL), (204, Verdict.FAIL)],
)
def test_status_of_a_put_that_makes_a_file(status: int, expected: Verdict) -> None:
    def made(asked: Asked) -> bytes:
        usual = asked.usual()
        return reply(status) if b" 201 " in usual else usual

    assert judge("put.created-201", when("PUT", b"", made)) is expected


@pytest.mark.parametrize("answer", [reply(405), reply(404)])
def test_without_delete_nothing_is_made_anew(answer: bytes) -> None:
    assert judge("put.created-201", instead("DELETE", b"", answer)) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("status", "expected"),
    [*((s, Verdict.PASS) for s in (200, 202, 204, 301, 409)), (201, Verdict.FAIL), (206, Verdict.FAIL)],
)
def test_status_of_a_put_that_replaces(status: int, expected: Verdict) -> None:
    server = when("PUT", b"The second", lambda _: reply(status))
    assert judge("put.modified-200-204", server) is expected


@pytest.mark.parametrize(
    ("tag", "later", "expected"),
    [
        ('"1"', '"1"', Verdict.PASS),
        ('W/"1"', '"1"', Verdict.PASS),
        ('"1"', '"2"', Verdict.FAIL),
    ],
)
def test_the_tag_in_the_answer_to_put(tag: str, later: str, expected: Verdict) -> None:
    def odd(asked: Asked) -> bytes:
        field = f"\r\nETag: {tag if asked.method == 'PUT' else later}\r\n\r\n".encode()
        return asked.usual().replace(b"\r\n\r\n", field, 1)

    assert judge("put.no-validator-if-transformed", Server(odd)) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(status), Verdict.PASS) for status in (301, 403, 404, 409, 500)),
        *((reply(204), Verdict.FAIL), (SILENCE, Verdict.FAIL)),
    ],
)
def test_a_put_that_cannot_be(answer: bytes, expected: Verdict) -> None:
    assert judge("put.failure-error-status", instead("PUT", b"/below.txt", answer)) is expected


def test_a_put_below_a_file_may_be_stored_and_is_deleted() -> None:
    stored = when("PUT", b"/below.txt", lambda asked: asked.store(asked.content))
    assert judge("put.failure-error-status", stored) is Verdict.PASS


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda asked: asked.store(b"abcd456789"), Verdict.PASS),
        (lambda asked: asked.store(b"abcd"), Verdict.FAIL),
        (lambda _: reply(204), Verdict.PASS),
        (lambda _: reply(501), Verdict.PASS),
        (lambda _: reply(400, b"", "Connection: close"), Verdict.PASS),
    ],
)
def test_a_put_of_a_part(act: Callable[[Asked], bytes], expected: Verdict) -> None:
    assert judge("put.content-range-rejected", when("PUT", b"bytes 0-3", act)) is expected


def test_a_senseless_range_may_end_the_connection() -> None:
    closing = when("PUT", b"bytes 9-5", lambda _: reply(400, b"", "Connection: close"))
    assert judge("put.invalid-content-range-not-applied", closing) is Verdict.PASS


def stored_as(*lines: str) -> Server:
    """Everything is stored and comes back with these lines."""

    def odd(asked: Asked) -> bytes | None:
        if asked.method == "PUT":
            return asked.store(asked.content)
        there = asked.server.files.get(asked.path)
        return reply(200, there, *lines) if asked.method == "GET" and there is not None else None

    return Server(odd)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        *(((), Verdict.PASS), (("Content-Type: image/png",), Verdict.PASS)),
        *((("Content-Type: application/octet-stream",), Verdict.PASS), ((TEXT,), Verdict.FAIL)),
    ],
)
def test_an_image_put_as_text(lines: tuple[str, ...], expected: Verdict) -> None:
    assert judge("put.inconsistent-handled", stored_as(*lines)) is expected


def test_an_unknown_coding_may_be_kept() -> None:
    assert judge("put.content-fields-501", stored_as("Content-Encoding: x-unheard-of")) is Verdict.PASS
    assert judge("put.content-fields-501", stored_as(TEXT)) is Verdict.FAIL


def test_fields_that_come_back() -> None:
    assert judge("put.unknown-fields-not-stored", stored_as("X-Unheard-Of: 7f3a")) is Verdict.FAIL
    located = "Content-Location: throwaway.txt"
    assert judge("put.content-location-not-stored", stored_as(located)) is Verdict.PASS
    assert judge("put.content-location-not-stored", stored_as(f"{located}.elsewhere")) is Verdict.FAIL


@pytest.mark.parametrize("status", [404, 410, 301, 403])
def test_after_a_delete_anything_but_the_page_may_come(status: int) -> None:
    def gone(asked: Asked) -> bytes:
        return asked.usual() if asked.path in asked.server.files else reply(status)

    assert judge("delete.target-gone", when("GET", b"", gone)) is Verdict.PASS


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(reply(204), Verdict.FAIL), (reply(202), Verdict.NOT_APPLICABLE), (reply(405), Verdict.NOT_APPLICABLE)],
)
def test_a_delete_that_deletes_nothing(answer: bytes, expected: Verdict) -> None:
    assert judge("delete.target-gone", instead("DELETE", b"", answer)) is expected


@pytest.mark.parametrize("status", [404, 204, 410, 200])
def test_a_second_delete_may_be_answered_in_many_ways(status: int) -> None:
    def second(asked: Asked) -> bytes:
        usual = asked.usual()
        return reply(status) if b" 404 " in usual else usual

    assert judge("method.idempotent-put-delete", when("DELETE", b"", second)) is Verdict.PASS


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(400, b"", "Connection: close"), Verdict.PASS),
        (reply(415), Verdict.PASS),
        (reply(204), Verdict.FAIL),
        (reply(405) + reply(501), Verdict.FAIL),
    ],
)
def test_a_delete_with_content(answer: bytes, expected: Verdict) -> None:
    assert judge("delete.content-no-meaning", instead("DELETE", b"hello", answer)) is expected


@pytest.mark.parametrize("part", [b"?do=delete", b"?_method=DELETE", b"X-HTTP-Method-Override"])
def test_a_get_that_deletes(part: bytes) -> None:
    def deletes(asked: Asked) -> bytes:
        asked.server.files.pop("/throwaway.txt", None)
        return reply(200)

    assert judge("method.unsafe-action-not-by-get", when("GET", part, deletes)) is Verdict.FAIL
    assert judge("method.unsafe-action-not-by-get", Server()) is Verdict.PASS
    assert judge("method.unsafe-action-not-by-get", instead("PUT", b"", reply(405))) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    "rule", [*RULES, "method.allow-lists-supported", "error.405-has-allow", "method.allow-grammar"]
)
@pytest.mark.parametrize("answer", [reply(204), reply(405, b"", "Allow: GET, DELETE")])
def test_nothing_is_deleted_where_put_cannot_bring_it_back(rule: str, answer: bytes) -> None:
    server = instead("PUT", b"", answer)
    judge(rule, server)
    assert server.files["/throwaway.txt"] == OLD
