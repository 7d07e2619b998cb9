"""Rules on OPTIONS, TRACE, CONNECT, Expect and Upgrade over canned answers: the lawful alternatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import AwaitAny, AwaitEnd, Probe, Receive, Send
from conformance.rule import Spec
from conformance.site import Page, Site
from conformance.verdict import Verdict

CATALOGUE = checks.load()
PAGE, OLD = b"An ordinary page.\n", b"What was there before.\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSED, SILENCE = b"closed", b""
NOTHING = Verdict.NOT_APPLICABLE

Answer = Callable[[bytes], bytes]


def reply(status: int, body: bytes = b"", *lines: str, version: str = "HTTP/1.1") -> bytes:
    head = [f"{version} {status} Reason", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def usual(sent: bytes) -> bytes:
    if sent == b"hello":
        return SILENCE
    method, path, _ = sent.split(b"\r\n")[0].split(b" ", 2)
    files = {b"/page.txt": PAGE, b"/throwaway.txt": OLD, b"/": b"root"}
    if method != b"GET":
        return reply(405, b"", "Allow: GET")
    return reply(200, files[path]) if path in files else reply(404)


def when(start: bytes, answer: bytes, part: bytes = b"", rest: Answer = usual) -> Answer:
    """Another answer to what begins so and holds ``part``."""
    return lambda sent: answer if sent.startswith(start) and part in sent else rest(sent)


def play(probe: Probe, answer: Answer) -> Exchange:
    """Each write is a request, but for the content that is held back; what is waited for in vain ends the script."""
    chunks: list[Chunk] = []
    awaited = False
    for action in probe.actions:
        if isinstance(action, Send):
            came = answer(action.data)
            awaited = came == SILENCE
            if came == CLOSED:
                return Exchange(probe, tuple(chunks), Ending.CLOSED, 0.0, 0.3)
            chunks += [Chunk(0.01, came)] if came else []
            if b"Connection: close" in came:
                return Exchange(probe, tuple(chunks), Ending.CLOSED, 0.0, 0.3)
        elif awaited and isinstance(action, Receive | AwaitEnd) and not isinstance(action, AwaitAny):
            return Exchange(probe, tuple(chunks), Ending.SILENT, 0.0, 0.3, waited=0.3)
    return Exchange(probe, tuple(chunks), Ending.OURS, 0.0, 0.3)


def judge(rule: str, answer: Answer, spec: Spec = Spec.BOTH, pages: Sequence[Page] = ()) -> Verdict:
    held = (Page("page.txt", "text", PAGE), Page("throwaway.txt", "text", OLD), *pages)
    site = Site("localhost", 50000, "web", held, (), ())
    return CATALOGUE[rule].judge(Evidence(site, lambda probe: play(probe, answer), spec)).verdict


# -- methods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(status), Verdict.PASS) for status in (400, 405, 414, 431, 501)),
        *((CLOSED, Verdict.PASS), (reply(200, PAGE), Verdict.FAIL), (reply(500), Verdict.FAIL)),
        (SILENCE, Verdict.FAIL),
    ],
)
def test_a_long_method(answer: bytes, expected: Verdict) -> None:
    assert judge("method.too-long-501", when(b"AAAA", answer)) is expected


@pytest.mark.parametrize("file", [b"/throwaway.txt", b"/throwaway.txt.missing"])
def test_a_file_that_changes_by_being_looked_at(file: bytes) -> None:
    changed = when(b"GET " + file, reply(200, b"Somebody was here.\n"), b"X-Look: last")
    assert judge("method.safe-read-only", changed) is Verdict.FAIL
    assert judge("method.safe-read-only", usual) is Verdict.PASS


def test_a_file_that_is_not_served_shows_nothing() -> None:
    assert judge("method.safe-read-only", when(b"GET /throwaway.txt", reply(403))) is NOTHING


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(status), Verdict.PASS) for status in (200, 204, 400, 403, 405, 501, 301)),
        *((CLOSED, Verdict.PASS), (reply(200, b"GET, HEAD"), Verdict.PASS), (reply(503), Verdict.PASS)),
        *((reply(404), Verdict.WARNING), (reply(200, b"root"), Verdict.FAIL), (reply(200, PAGE), Verdict.FAIL)),
        *((reply(500), Verdict.FAIL), (SILENCE, Verdict.FAIL)),
    ],
)
def test_options_asterisk(answer: bytes, expected: Verdict) -> None:
    assert judge("options.asterisk-server-wide", when(b"OPTIONS *", answer)) is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        *((("Allow: GET",), Verdict.PASS), (("Allow:",), Verdict.PASS), (("Accept-Ranges: none",), Verdict.PASS)),
        *((("Access-Control-Allow-Methods: GET",), Verdict.PASS), ((), Verdict.FAIL), (("Vary: *",), Verdict.FAIL)),
    ],
)
def test_options_tells_of_options(lines: tuple[str, ...], expected: Verdict) -> None:
    assert judge("options.feature-fields", when(b"OPTIONS /", reply(200, b"", *lines))) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Verdict.PASS),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Verdict.PASS),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Verdict.PASS),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", Verdict.PASS),
        (b"HTTP/1.1 200 OK\r\nAllow: GET\r\n\r\n", Verdict.FAIL),
        (reply(405), NOTHING),
    ],
)
def test_an_empty_answer_to_options(answer: bytes, expected: Verdict) -> None:
    assert judge("options.empty-content-length-0", when(b"OPTIONS /page", answer)) is expected


TRACED = b"TRACE /page.txt HTTP/1.1\r\nx-traced: 7f3a9c\r\n"
MESSAGE = "Content-Type: message/http"


@pytest.mark.parametrize(
    ("rule", "answer", "expected"),
    [
        *((f"trace.{rule}", reply(405), NOTHING) for rule in ("reflects-request", "message-http")),
        ("trace.reflects-request", reply(200, TRACED, MESSAGE), Verdict.PASS),
        ("trace.reflects-request", reply(200, TRACED), Verdict.PASS),
        ("trace.reflects-request", reply(200, PAGE), Verdict.FAIL),
        ("trace.reflects-request", reply(204), Verdict.FAIL),
        ("trace.message-http", reply(200, TRACED, MESSAGE + "; charset=utf-8"), Verdict.PASS),
        ("trace.message-http", reply(200, TRACED), Verdict.FAIL),
        ("trace.excludes-sensitive", reply(200, TRACED + b"Cookie: \r\n"), Verdict.PASS),
        ("trace.excludes-sensitive", reply(200, TRACED + b"cookie: session=9c7f3a\r\n"), Verdict.FAIL),
    ],
)
def test_trace(rule: str, answer: bytes, expected: Verdict) -> None:
    assert judge(rule, when(b"TRACE", answer)) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(501), NOTHING), (CLOSED, NOTHING), (reply(200), Verdict.FAIL)),
        *((b"HTTP/1.1 200 OK\r\n\r\n", Verdict.PASS), (b"HTTP/1.1 204 No Content\r\n\r\n", Verdict.PASS)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Verdict.FAIL),
    ],
)
def test_a_success_to_connect(answer: bytes, expected: Verdict) -> None:
    assert judge("connect.2xx-no-framing-fields", when(b"CONNECT", answer)) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((reply(status), Verdict.PASS) for status in (301, 400, 405, 501, 502)),
        *((CLOSED, Verdict.PASS), (b"HTTP/1.1 200 OK\r\n\r\n", Verdict.FAIL), (SILENCE, Verdict.FAIL)),
    ],
)
def test_connect_to_a_bad_port(answer: bytes, expected: Verdict) -> None:
    assert judge("connect.bad-port-rejected", when(b"CONNECT example.invalid:x", answer)) is expected


# -- Expect ----------------------------------------------------------------------------------------------------------

HELD = b"Content-Length: 5\r\n\r\n"


def held(answer: bytes, then: bytes = SILENCE, head: bytes = b"Expect") -> Answer:
    """An answer to a head whose content is held back, and another to the content when it comes."""

    def answered(sent: bytes) -> bytes:
        if sent == b"hello":
            return then
        return answer if sent.startswith(b"POST") and sent.endswith(HELD) and head in sent else usual(sent)

    return answered


@pytest.mark.parametrize(
    ("answer", "then", "expected"),
    [
        *((CONTINUE, reply(200), Verdict.PASS), (CONTINUE, SILENCE, Verdict.PASS)),
        *(
            (reply(405), SILENCE, Verdict.PASS),
            (reply(417), SILENCE, Verdict.PASS),
            (reply(200), SILENCE, Verdict.PASS),
        ),
        *((CLOSED, SILENCE, Verdict.PASS), (SILENCE, reply(200), Verdict.FAIL), (SILENCE, SILENCE, Verdict.FAIL)),
    ],
)
def test_a_client_that_waits(answer: bytes, then: bytes, expected: Verdict) -> None:
    assert judge("expect.100-or-final", held(answer, then)) is expected


def test_a_server_that_answers_no_post_is_not_accused_of_waiting() -> None:
    assert judge("expect.100-or-final", when(b"POST", SILENCE, rest=held(SILENCE))) is Verdict.INCONCLUSIVE


def test_a_server_of_http10_has_no_100() -> None:
    old = when(b"GET", reply(200, PAGE, version="HTTP/1.0"), rest=held(SILENCE))
    for rule in ("expect.100-or-final", "expect.value-case-insensitive", "expect.early-final-close-told"):
        assert judge(rule, old) is NOTHING


@pytest.mark.parametrize(
    ("usually", "oddly", "expected"),
    [
        *((CONTINUE, CONTINUE, Verdict.PASS), (reply(405), reply(405), Verdict.PASS)),
        *((reply(417), reply(417), Verdict.PASS), (CONTINUE, reply(417), Verdict.FAIL)),
        *((reply(405), reply(417), Verdict.FAIL), (CONTINUE, SILENCE, Verdict.FAIL)),
    ],
)
def test_an_expectation_in_capitals(usually: bytes, oddly: bytes, expected: Verdict) -> None:
    lower, upper = held(usually, reply(200)), held(oddly, reply(200))
    verdict = judge("expect.value-case-insensitive", lambda sent: (upper if b"100-Continue" in sent else lower)(sent))
    assert verdict is expected


@pytest.mark.parametrize(
    ("answer", "then", "expected"),
    [
        *((CONTINUE, reply(200), Verdict.PASS), (CONTINUE, CONTINUE + reply(200), Verdict.PASS)),
        *((CONTINUE, CLOSED, Verdict.PASS), (CONTINUE, SILENCE, Verdict.FAIL), (reply(405), SILENCE, NOTHING)),
    ],
)
def test_after_a_100(answer: bytes, then: bytes, expected: Verdict) -> None:
    assert judge("expect.final-after-100", held(answer, then)) is expected


@pytest.mark.parametrize(
    ("answer", "then", "expected"),
    [
        *((reply(405, b"", "Connection: close"), SILENCE, Verdict.PASS), (reply(405), SILENCE, Verdict.PASS)),
        *((reply(405), reply(400), Verdict.FAIL), (reply(405), CLOSED, Verdict.FAIL)),
        (CONTINUE, reply(200), NOTHING),
    ],
)
def test_an_early_answer(answer: bytes, then: bytes, expected: Verdict) -> None:
    assert judge("expect.early-final-close-told", held(answer, then)) is expected


def test_a_server_that_closes_after_each_reply_says_so_elsewhere() -> None:
    closing = when(b"GET", reply(200, PAGE, "Connection: close"), rest=held(reply(405), CLOSED))
    assert judge("expect.early-final-close-told", closing) is NOTHING


@pytest.mark.parametrize(
    ("rule", "head"), [("expect.no-100-to-http10", b"HTTP/1.0"), ("expect.ignored-in-http10", b"Expect")]
)
@pytest.mark.parametrize(
    ("answer", "expected"), [(CONTINUE, Verdict.FAIL), (reply(400), Verdict.PASS), (reply(405), Verdict.PASS)]
)
def test_an_old_client(rule: str, head: bytes, answer: bytes, expected: Verdict) -> None:
    assert judge(rule, held(answer, head=head)) is expected


def test_a_close_on_an_old_client_shows_something_only_beside_a_100_for_a_new_one() -> None:
    new = held(CONTINUE)
    assert judge("expect.ignored-in-http10", lambda sent: CLOSED if b"HTTP/1.0" in sent else new(sent)) is Verdict.PASS
    assert judge("expect.ignored-in-http10", held(CLOSED)) is NOTHING


# -- Upgrade ---------------------------------------------------------------------------------------------------------


def switch(name: str, *lines: str, after: bytes = b"") -> bytes:
    upgrade = [f"Upgrade: {name}"] if name else []
    return "\r\n".join(["HTTP/1.1 101 Switching Protocols", *upgrade, *lines, "", ""]).encode() + after


LISTED = "Connection: Upgrade"


@pytest.mark.parametrize(
    ("rule", "offer", "answer", "expected"),
    [
        ("101-names-protocol", b"websocket", switch("websocket", LISTED), Verdict.PASS),
        ("101-names-protocol", b"websocket", switch("", LISTED), Verdict.FAIL),
        ("101-names-protocol", b"websocket", reply(400), NOTHING),
        ("only-offered-protocol", b"foo/9", switch("foo/9", LISTED), Verdict.PASS),
        ("only-offered-protocol", b"foo/9", switch("FOO/9", LISTED), Verdict.PASS),
        ("only-offered-protocol", b"foo/9", reply(426, b"", "Upgrade: h2c", LISTED), Verdict.PASS),
        ("only-offered-protocol", b"foo/9", switch("h2c", LISTED), Verdict.FAIL),
        ("426-has-upgrade", b"foo/9", reply(426, b"", "Upgrade: h2c", LISTED), Verdict.PASS),
        ("426-has-upgrade", b"foo/9", reply(426), Verdict.FAIL),
        ("field-grammar", b"foo/9", reply(200, PAGE, "Upgrade: h2c, TLS/1.0,, IRC/6.9"), Verdict.PASS),
        ("field-grammar", b"foo/9", reply(200, PAGE, "Upgrade:"), Verdict.PASS),
        ("field-grammar", b"foo/9", reply(200, PAGE, "Upgrade: yes please!"), Verdict.FAIL),
        ("listed-in-connection", b"foo/9", reply(200, PAGE, "Upgrade: h2c", "connection: x, UPGRADE"), Verdict.PASS),
        ("listed-in-connection", b"foo/9", reply(200, PAGE, "Upgrade: h2c", "Connection: keep-alive"), Verdict.FAIL),
        ("ignored-in-http10", b"websocket", switch("websocket", LISTED), Verdict.FAIL),
        ("ignored-in-http10", b"websocket", reply(200, PAGE), NOTHING),
        ("names-case-insensitive", b"websocket", switch("websocket", LISTED), Verdict.FAIL),
        ("100-before-101", b"websocket", switch("websocket", LISTED), Verdict.FAIL),
        ("100-before-101", b"websocket", CONTINUE + switch("websocket", LISTED), Verdict.PASS),
        ("switch-at-empty-line", b"websocket", switch("websocket", LISTED, after=b"\x81\x05hello"), Verdict.PASS),
        ("switch-at-empty-line", b"websocket", switch("websocket", LISTED, after=reply(200)), Verdict.FAIL),
        ("switch-at-empty-line", b"websocket", switch("websocket", LISTED, after=b"<p>Hello"), Verdict.FAIL),
    ],
)
def test_upgrade(rule: str, offer: bytes, answer: bytes, expected: Verdict) -> None:
    assert judge(f"upgrade.{rule}", lambda sent: answer if b"Upgrade: " + offer in sent else usual(sent)) is expected
