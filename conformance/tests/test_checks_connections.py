"""Checks on connections, framing, chunks and HEAD, on replies made by hand: mostly the lawful ones that look wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance import checks
from conformance.chunks import ChunkFault, walk
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import AwaitEnd, Probe, Send
from conformance.rule import Spec
from conformance.site import MISSING, Page, Site
from conformance.verdict import Verdict

PASS, FAIL, ABSENT, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE
TEXT = b"first line\nsecond line\n"
ACCENTED = "\u00e9t\u00e9, caf\u00e9\n".encode()
SITE = Site(
    host="127.0.0.1",
    port=80,
    root_name="web",
    pages=(
        Page("a.txt", "text", TEXT),
        Page("b.html", "html", b"<p>" + ACCENTED),
        Page("run.py", "program", b"print()"),
    ),
    folders=(),
    outside=(),
)

Answer = Callable[[bytes, Probe], tuple[bytes, Ending]]


def always(octets: bytes, ending: Ending) -> Answer:
    """A server that does the same whatever is sent."""
    return lambda _first, _probe: (octets, ending)


def page(body: bytes, *fields: str, status: str = "200 OK", version: str = "HTTP/1.1") -> bytes:
    """A reply exactly as told."""
    head = "".join(f"{line}\r\n" for line in (f"{version} {status}", *fields, ""))
    return head.encode() + body


def sized(body: bytes, *fields: str, status: str = "200 OK", version: str = "HTTP/1.1") -> bytes:
    return page(body, f"Content-Length: {len(body)}", *fields, status=status, version=version)


def content(request: bytes) -> bytes | None:
    """What the request asks for, None if it is missing."""
    target = request.split(b" ", 2)[1]
    by_target = {p.target.encode(): p.content for p in SITE.pages}
    return TEXT if target == b"/" else by_target.get(target)


def closes(make: Callable[[bytes], bytes]) -> Answer:
    """A server that answers one request and closes."""
    return lambda first, _probe: (make(first), Ending.CLOSED)


def persists(make: Callable[[bytes], bytes]) -> Answer:
    """A server that answers each piece that is sent, and never closes."""

    def answer(_: bytes, probe: Probe) -> tuple[bytes, Ending]:
        sent = [action.data for action in probe.actions if isinstance(action, Send)]
        waits = any(isinstance(action, AwaitEnd) for action in probe.actions)
        return b"".join(map(make, sent)), Ending.SILENT if waits else Ending.OURS

    return answer


def good(request: bytes) -> bytes:
    body = content(request)
    return sized(b"missing", status="404 Not Found") if body is None else sized(body)


def verdict(rule: str, answer: Answer, spec: Spec = Spec.BOTH) -> Verdict:
    def play(probe: Probe) -> Exchange:
        first = next(action.data for action in probe.actions if isinstance(action, Send))
        octets, ending = answer(first, probe)
        chunks = (Chunk(0.0, octets),) if octets else ()
        return Exchange(probe, chunks, ending, 0.0, 0.1, waited=1.0 if ending is Ending.SILENT else 0.0)

    return checks.load()[rule].judge(Evidence(SITE, play, spec)).verdict


@pytest.mark.parametrize(
    ("reply", "ending", "expected"),
    [
        (page(TEXT), Ending.CLOSED, PASS),
        (page(TEXT), Ending.RESET, PASS),
        (page(TEXT), Ending.SILENT, FAIL),
        (page(b"x" * 9000), Ending.FLOOD, FAIL),
        (page(b"", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n", Ending.FLOOD, FAIL),
        (page(b"", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n", Ending.SILENT, PASS),  # chunked.last-chunk-sent
        (page(b"", status="204 No Content"), Ending.OURS, PASS),
        (page(TEXT, "Content-Length: None"), Ending.SILENT, PASS),  # framing.content-length-grammar
        (page(TEXT, "Content-Length: 99"), Ending.SILENT, PASS),  # framing.content-length-exact
        (page(TEXT, "Content-Length: 99"), Ending.FLOOD, FAIL),  # the premise: nothing ever ends
    ],
)
def test_the_end_of_a_reply_can_be_told(reply: bytes, ending: Ending, expected: Verdict) -> None:
    assert verdict("framing.length-or-close", always(reply, ending)) is expected


def test_one_drip_among_good_replies_has_a_length_of_its_own() -> None:
    def answer(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        slow = first.startswith(b"GET /a.txt")
        return (page(b"f", "Content-Length: 23"), Ending.FLOOD) if slow else (good(first), Ending.OURS)

    assert verdict("framing.length-or-close", answer) is PASS


@pytest.mark.parametrize(
    ("change", "blamed"),
    [
        (lambda body: sized(body), None),
        (lambda body: sized(body.strip()), None),  # what a template makes of a page is nobody's business here
        (lambda body: page(body, f"Content-Length: {len(body) - 1}"), "framing.content-length-exact"),
        (lambda body: page(body, f"Content-Length: {len(body) - 9}"), "framing.content-length-exact"),
        (lambda body: page(body, f"Content-Length: {len(body) + 1}"), "framing.content-length-exact"),
        (lambda body: sized(body) + b"\r\n", "framing.no-octets-outside-messages"),
        (lambda body: sized(body) + b"debug", "framing.no-octets-outside-messages"),
        (lambda body: page(body[:9], f"Content-Length: {len(body)}"), "connection.no-close-mid-response"),
        (lambda body: page(body, f"Content-Length: {len(body.decode())}"), "framing.content-length-counts-octets"),
    ],
)
def test_one_fault_in_the_length_is_blamed_on_one_rule(change: Callable[[bytes], bytes], blamed: str | None) -> None:
    def make(request: bytes) -> bytes:
        body = content(request)
        return sized(b"missing", status="404 Not Found") if body is None else change(body)

    rules = (
        "framing.content-length-exact",
        "framing.no-octets-outside-messages",
        "connection.no-close-mid-response",
        "framing.content-length-counts-octets",
    )
    failed = [rule for rule in rules if verdict(rule, closes(make)) in (FAIL, Verdict.WARNING)]
    assert failed == ([blamed] if blamed else [])


def test_a_page_without_its_last_blanks_was_not_broken_off() -> None:
    answer = closes(lambda request: page((content(request) or b"").strip()))
    assert verdict("connection.no-close-mid-response", answer) is PASS


def test_a_reset_may_have_eaten_the_end_of_an_unknown_page() -> None:
    def answer(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return (good(first), Ending.CLOSED) if content(first) else (page(b"mis", "Content-Length: 7"), Ending.RESET)

    assert verdict("framing.content-length-exact", answer) is PASS


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        ("chunked", Spec.BOTH, PASS),
        ("Chunked", Spec.BOTH, PASS),
        ("gzip, chunked", Spec.BOTH, PASS),
        ("identity", Spec.BOTH, PASS),
        ("", Spec.BOTH, PASS),
        ("", Spec.RFC2616, FAIL),
        ("8bit", Spec.BOTH, FAIL),
        ("none", Spec.BOTH, FAIL),
        ("chunked;;", Spec.BOTH, FAIL),
    ],
)
def test_names_of_transfer_codings(value: str, spec: Spec, expected: Verdict) -> None:
    answer = closes(lambda _: page(b"0\r\n\r\n", f"Transfer-Encoding: {value}"))
    assert verdict("framing.transfer-encoding-grammar", answer, spec) is expected


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", None),
        (b"5;name=value\r\nhello\r\n000\r\nTrailer: yes\r\n\r\n", None),
        (b"5 \r\nhello\r\n0\r\n\r\n", None),
        (b"0\r\n\r\n", None),
        (b"<html>\r\n</html>", ChunkFault.PLAIN),
        (b"hello", ChunkFault.PLAIN),
        (b"0x5\r\nhello\r\n0\r\n\r\n", ChunkFault.SIZE),
        (b"5\nhello\r\n0\r\n\r\n", ChunkFault.SIZE),
        (b"12\r\nhello, world\r\n0\r\n\r\n", ChunkFault.SIZE),
        (b"4\r\nhello\r\n0\r\n\r\n", ChunkFault.SIZE),
        (b"5\r\nhello\n0\r\n\r\n", ChunkFault.DATA_END),
        (b"5\r\nhello0\r\n\r\n", ChunkFault.DATA_END),
        (b"7\r\nhello\r\n0\r\n\r\n", ChunkFault.DATA_END),
        (b"5\r\nhello\r\n\r\n0\r\n\r\n", ChunkFault.DATA_END),
        (b"5\r\nhello\r\n", ChunkFault.LAST),
        (b"5\r\nhel", ChunkFault.LAST),
        (b"", ChunkFault.LAST),
        (b"5\r\nhello\r\n0", ChunkFault.LAST),
        (b"5\r\nhello\r\n0\r\n", ChunkFault.FINAL),
        (b"5\r\nhello\r\n0\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n", ChunkFault.FINAL),
    ],
)
def test_faults_in_chunks_are_told_apart(body: bytes, fault: ChunkFault | None) -> None:
    assert walk(b"head" + body, 4).fault is fault


def test_a_program_that_broke_off_once_is_asked_again() -> None:
    def answer(_: bytes, probe: Probe) -> tuple[bytes, Ending]:
        whole = b"2\r\nok\r\n0\r\n\r\n" if isinstance(probe.actions[-1], AwaitEnd) else b"2\r\nok\r\n"
        return page(whole, "Transfer-Encoding: chunked"), Ending.CLOSED

    assert verdict("chunked.last-chunk-sent", answer) is PASS
    cut = closes(lambda _: page(b"2\r\nok\r\n", "Transfer-Encoding: chunked"))
    assert verdict("chunked.last-chunk-sent", cut) is FAIL


def test_without_chunks_nothing_is_said_of_chunks() -> None:
    assert verdict("chunked.last-chunk-sent", closes(good)) is ABSENT
    assert verdict("framing.transfer-encoding-truthful", closes(good)) is ABSENT


@pytest.mark.parametrize(
    ("make", "says_so"),
    [
        (lambda body: sized(body, "Connection: close"), PASS),
        (lambda body: sized(body, "connection: foo, Close"), PASS),
        (lambda body: sized(body), FAIL),
        (lambda body: sized(body, "Connection: keep-alive"), FAIL),
        (lambda body: page(body, version="HTTP/1.0"), ABSENT),
    ],
)
def test_a_server_that_closes_says_so(make: Callable[[bytes], bytes], says_so: Verdict) -> None:
    answer = closes(lambda request: make(content(request) or b"missing"))
    assert verdict("connection.no-persistence-sends-close", answer) is says_so
    assert verdict("connection.persistence-supported", answer) is not FAIL


@pytest.mark.parametrize(("body", "expected"), [(TEXT[:10], PASS), (b"on and on ", FAIL)])
def test_a_known_page_that_comes_slowly_is_not_endless(body: bytes, expected: Verdict) -> None:
    def dripping(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        slow = first.startswith(b"GET /a.txt ")
        return (page(body), Ending.FLOOD) if slow else (good(first), Ending.OURS)

    assert verdict("framing.length-or-close", dripping) is expected


def test_persistence_shows_in_the_second_reply() -> None:
    assert verdict("connection.persistence-supported", persists(good)) is PASS

    def deaf(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return good(first), Ending.SILENT

    assert verdict("connection.persistence-supported", deaf) is FAIL

    def lingering(_first: bytes, _: Probe) -> tuple[bytes, Ending]:  # reads on for a while, as RFC 9112 §9.6 tells
        return sized(TEXT, "Connection: close"), Ending.SILENT

    assert verdict("connection.persistence-supported", lingering) is PASS

    def limited(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return good(first) + sized(b"", status="429 Too Many Requests"), Ending.OURS

    assert verdict("connection.persistence-supported", limited) is UNCLEAR


def test_methods_that_draw_no_reply_are_told_once() -> None:
    def hangs_up(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return (good(first), Ending.OURS) if first.startswith(b"GET ") else (b"", Ending.CLOSED)

    def only_foo(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return (b"", Ending.CLOSED) if first.startswith(b"FOO ") else (good(first), Ending.OURS)

    assert verdict("connection.answers-at-least-one", hangs_up) is Verdict.BLOCKED
    assert verdict("connection.answers-at-least-one", only_foo) is FAIL


@pytest.mark.parametrize(
    ("replies", "ending", "expected"),
    [
        (0, Ending.RESET, PASS),
        (0, Ending.CLOSED, PASS),
        (1, Ending.CLOSED, PASS),
        (1, Ending.RESET, PASS),
        (2, Ending.CLOSED, FAIL),
    ],
)
def test_requests_after_close(replies: int, ending: Ending, expected: Verdict) -> None:
    reply = sized(TEXT, "Connection: close")
    assert verdict("connection.nothing-after-close-request", always(reply * replies, ending)) is expected


@pytest.mark.parametrize(
    ("reply", "ending", "expected"),
    [
        (good(b"GET / "), Ending.CLOSED, PASS),
        (good(b"GET / "), Ending.SILENT, FAIL),
        (b"", Ending.CLOSED, UNCLEAR),
        (b"", Ending.SILENT, UNCLEAR),
    ],
)
def test_close_is_kept_after_a_reply(reply: bytes, ending: Ending, expected: Verdict) -> None:
    for rule in ("connection.close-request-honoured", "connection.http10-closes-by-default"):
        assert verdict(rule, always(reply, ending)) is expected


@pytest.mark.parametrize(
    ("after_body", "ending", "expected"),
    [
        (b"", Ending.CLOSED, PASS),
        (sized(b"no", status="405 Method Not Allowed"), Ending.CLOSED, PASS),
        (sized(b"no", status="405 Method Not Allowed"), Ending.RESET, PASS),
        (sized(b"no", status="405 Method Not Allowed") + sized(TEXT), Ending.OURS, PASS),
        (sized(b"no", status="405 Method Not Allowed") + sized(b"", status="400 Bad Request"), Ending.OURS, FAIL),
        (sized(b"no", status="405 Method Not Allowed") + sized(TEXT) * 2, Ending.OURS, FAIL),
        (sized(b"no", status="405 Method Not Allowed"), Ending.SILENT, FAIL),
    ],
)
def test_a_body_is_read_or_the_connection_closed(after_body: bytes, ending: Ending, expected: Verdict) -> None:
    def answer(first: bytes, probe: Probe) -> tuple[bytes, Ending]:
        return (after_body, ending) if b"Content-Length" in first else persists(good)(first, probe)

    assert verdict("framing.read-body-or-close", answer) is expected


@pytest.mark.parametrize(
    ("reply", "ending", "expected"),
    [
        (sized(b"", status="411 Length Required"), Ending.OURS, PASS),
        (b"", Ending.CLOSED, PASS),
        (b"", Ending.SILENT, FAIL),
    ],
)
def test_post_without_length(reply: bytes, ending: Ending, expected: Verdict) -> None:
    def answer(first: bytes, _: Probe) -> tuple[bytes, Ending]:
        return (reply, ending) if first.startswith(b"POST") else (good(first), Ending.OURS)

    assert verdict("framing.no-length-no-body", answer) is expected


def head_server(make: Callable[[bytes], bytes]) -> Answer:
    """A persistent server with an answer of its own for HEAD."""
    return persists(lambda request: make(request) if request.startswith(b"HEAD") else good(request))


def bodiless(request: bytes) -> bytes:
    return good(request).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def test_head_like_get() -> None:
    for rule in ("head.supported", "head.no-body", "head.same-status-as-get", "head.content-length-as-get"):
        assert verdict(rule, head_server(bodiless)) is PASS


def test_head_refused_by_a_server_that_has_get_only() -> None:
    answer = head_server(lambda _: page(b"", "Content-Length: 9", status="501 Not Implemented"))
    assert verdict("head.supported", answer) is FAIL
    assert verdict("head.no-body", answer) is PASS
    assert verdict("head.same-status-as-get", answer) is ABSENT
    assert verdict("head.content-length-as-get", answer) is ABSENT


def test_the_body_of_a_refusal_counts_too() -> None:
    answer = head_server(lambda _: sized(b"no HEAD here", status="501 Not Implemented"))
    assert verdict("head.no-body", answer) is FAIL


def test_fields_that_head_leaves_out() -> None:
    answer = head_server(lambda request: page(b"", status="404 Not Found" if MISSING.encode() in request else "200 OK"))
    assert verdict("head.content-length-as-get", answer) is ABSENT
    assert verdict("head.same-status-as-get", answer) is PASS


def test_a_constant_http10_is_no_downgrade() -> None:
    old = closes(lambda request: page(content(request) or b"", version="HTTP/1.0"))
    assert verdict("version.no-downgrade-without-cause", old) is ABSENT
    mixed = closes(lambda request: page(TEXT, version="HTTP/1.1" if content(request) else "HTTP/1.0"))
    assert verdict("version.no-downgrade-without-cause", mixed) is FAIL
    careful = closes(lambda request: page(TEXT, version="HTTP/1.1" if b"\r\nHost:" in request else "HTTP/1.0"))
    assert verdict("version.no-downgrade-without-cause", careful) is PASS
