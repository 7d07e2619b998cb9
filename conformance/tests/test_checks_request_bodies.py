"""Checks on the bodies of requests, on replies made by hand: mostly the lawful ones that look wrong."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from conformance import checks
from conformance.chunks import ChunkFault, size_lines, walk
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.rule import Spec
from conformance.site import MISSING, Page, Site
from conformance.verdict import Judgement, Verdict

PASS, FAIL, ABSENT, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE
WARNING, BLOCKED = Verdict.WARNING, Verdict.BLOCKED
PAGES = (
    Page("a.txt", "text", b"text\n"),
    *(Page(f"{name}.py", "program", b"print()") for name in ("echo_body", "environment", "reply")),
)
STATIC = Site("127.0.0.1", 80, "web", PAGES[:1], (), ())
CGI = Site("127.0.0.1", 80, "web", PAGES, (), ())
Answer = Callable[[str], tuple[bytes, Ending]]


def reply(status: int, body: bytes = b"", *fields: str, version: str = "1.1") -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/{version} {status} X", *fields, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


PAGE = reply(200, b"text\n")
BAD, GONE, UNKNOWN = reply(400), reply(404), reply(501)
TWO = (PAGE + PAGE, Ending.OURS)
CLOSED = (PAGE, Ending.CLOSED)
REFUSED = (BAD, Ending.CLOSED)


def server(answers: dict[str, tuple[bytes, Ending]], others: tuple[bytes, Ending] = TWO) -> Answer:
    """A server that answers by what a request has in it, in this order; one request at a time gets one page."""

    def answer(sent: str) -> tuple[bytes, Ending]:
        for part, given in answers.items():
            if part in sent:
                return given
        if sent.startswith(f"GET {MISSING}"):
            return GONE, Ending.OURS
        return others if sent.count(" HTTP/1.") > 1 else (PAGE, Ending.OURS)

    return answer


def closes(sent: str) -> tuple[bytes, Ending]:
    """A server that reads no field, answers one request and closes."""
    return (GONE if sent.startswith(f"GET {MISSING}") else PAGE), Ending.CLOSED


def verdict(rule: str, answer: Answer, site: Site = STATIC, spec: Spec = Spec.BOTH) -> Verdict:
    return judgement(rule, answer, site, spec).verdict


def judgement(rule: str, answer: Answer, site: Site = STATIC, spec: Spec = Spec.BOTH) -> Judgement:
    def play(probe: Probe) -> Exchange:
        octets, ending = answer(probe.sent.decode("latin-1"))
        waited = 1.0 if ending is Ending.SILENT else 0.0
        return Exchange(probe, (Chunk(0.0, octets),) if octets else (), ending, 0.0, 0.1, waited=waited)

    return checks.load()[rule].judge(Evidence(site, play, spec))


FORMS = (
    "chunked.coding-name-case-insensitive",
    "chunked.size-forms-accepted",
    "chunked.extensions-ignored",
    "chunked.extension-bad-whitespace-accepted",
    "chunked.request-trailer-read",
    "chunked.invalid-size-400",
    "chunked.missing-data-crlf-400",
    "chunked.large-size-no-overflow",
    "chunked.parameters-are-error",
    "framing.unknown-transfer-coding-501",
)


@pytest.mark.parametrize("rule", FORMS)
@pytest.mark.parametrize(
    "answer",
    [
        closes,
        server({"chunked": (reply(411), Ending.CLOSED)}),
        server({"chunked": (reply(411) + PAGE, Ending.OURS)}),  # reads the body, and wants none
        server({"chunked": (PAGE, Ending.SILENT)}),
    ],
)
def test_forms_of_chunks_are_nothing_to_who_takes_none(rule: str, answer: Answer) -> None:
    assert verdict(rule, answer) is ABSENT


@pytest.mark.parametrize("rule", FORMS[:5])
def test_a_page_may_be_followed_by_a_close(rule: str) -> None:
    plain = "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert verdict(rule, server({plain: TWO, "hunked": CLOSED, "CHUNKED": CLOSED})) is PASS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (TWO, PASS),
        ((reply(413), Ending.CLOSED), UNCLEAR),
        ((reply(500), Ending.CLOSED), FAIL),
        ((PAGE + BAD, Ending.CLOSED), FAIL),
        ((b"", Ending.CLOSED), FAIL),
        ((b"", Ending.SILENT), FAIL),
    ],
)
def test_extensions_of_chunks(given: tuple[bytes, Ending], expected: Verdict) -> None:
    assert verdict("chunked.extensions-ignored", server({"5;a=b": given})) is expected


def test_who_says_nothing_has_not_taken_it_for_anything() -> None:
    said = judgement("chunked.missing-data-crlf-400", server({"helloXX": (b"", Ending.SILENT)}))
    assert said.finding is not None
    assert said.finding.message == "A request whose framing is broken is neither answered nor ended by a close."


def test_blanks_in_extensions_are_a_note_only() -> None:
    assert verdict("chunked.extension-bad-whitespace-accepted", server({"5 ; a": REFUSED})) is WARNING


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (REFUSED, PASS),
        (CLOSED, PASS),
        ((PAGE + BAD, Ending.CLOSED), PASS),  # the page was sent before the chunks were looked at
        ((b"", Ending.RESET), PASS),
        ((BAD, Ending.SILENT), PASS),  # error.malformed-request-close
        (TWO, FAIL),
        ((PAGE, Ending.SILENT), FAIL),
        ((b"", Ending.SILENT), FAIL),
    ],
)
def test_sizes_that_are_no_numbers(given: tuple[bytes, Ending], expected: Verdict) -> None:
    sizes = {f"\r\n\r\n{size}\r\nhello": REFUSED for size in ("+5", "-5", "5_0", "5 5", "", "g")}
    assert verdict("chunked.invalid-size-400", server({"\r\n0x5\r\n": given, **sizes})) is expected


@pytest.mark.parametrize("given", [(b"", Ending.SILENT), (PAGE, Ending.SILENT), (reply(413) + BAD, Ending.CLOSED)])
def test_a_huge_chunk_may_be_waited_for(given: tuple[bytes, Ending]) -> None:
    assert verdict("chunked.large-size-no-overflow", server({"00000005\r\n": given})) is PASS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (REFUSED, PASS),
        ((reply(413), Ending.CLOSED), PASS),
        ((b"", Ending.CLOSED), PASS),
        ((b"", Ending.SILENT), FAIL),
        ((reply(500), Ending.CLOSED), FAIL),
        (CLOSED, FAIL),
    ],
)
def test_lengths_that_are_no_numbers(given: tuple[bytes, Ending], expected: Verdict) -> None:
    answer = server({"Content-Length: +5": given, "Content-Length: ": REFUSED})
    assert verdict("framing.invalid-content-length-400", answer) is expected


def test_an_empty_length_is_a_note_only() -> None:
    answer = server({"Content-Length: \r\n": CLOSED, "Content-Length: ": REFUSED})
    assert verdict("framing.invalid-content-length-400", answer) is WARNING


@pytest.mark.parametrize(
    "rule",
    [
        "framing.invalid-content-length-400",
        "framing.conflicting-content-lengths-400",
        "framing.te-not-chunked-last-400",
        "framing.unknown-length-400-or-411",
        "framing.short-body-incomplete",
        "chunked.request-decoded",
    ],
)
def test_servers_of_http_10_owe_less(rule: str) -> None:
    assert "http-1.1" in checks.load()[rule].rule.needs


def test_who_looks_at_no_length_is_blamed_once() -> None:
    assert verdict("framing.invalid-content-length-400", closes) is FAIL
    assert verdict("framing.conflicting-content-lengths-400", closes) is BLOCKED
    assert verdict("framing.invalid-content-length-close", closes) is ABSENT


BOTH = {"Content-Length: 4\r\n": (PAGE, Ending.CLOSED), "Content-Length: 100": (PAGE, Ending.CLOSED)}


@pytest.mark.parametrize(
    ("short", "overrides", "close"),
    [
        (REFUSED, PASS, PASS),
        ((PAGE, Ending.RESET), PASS, PASS),
        ((b"", Ending.CLOSED), PASS, PASS),
        (TWO, PASS, FAIL),  # read by its chunks, and the connection goes on
        ((PAGE + GONE + BAD, Ending.CLOSED), FAIL, FAIL),  # requires blocks the second one
        ((PAGE, Ending.SILENT), PASS, FAIL),
    ],
)
def test_both_framings_at_once(short: tuple[bytes, Ending], overrides: Verdict, close: Verdict) -> None:
    answer = server({**BOTH, "Content-Length: 4\r\n": short})
    assert verdict("framing.te-overrides-cl-in-request", answer) is overrides
    assert verdict("framing.te-and-cl-close", answer) is close


@pytest.mark.parametrize(
    ("given", "expected"), [(REFUSED, PASS), ((UNKNOWN, Ending.CLOSED), PASS), (CLOSED, FAIL), (TWO, FAIL)]
)
def test_codings_that_do_not_end_in_chunks(given: tuple[bytes, Ending], expected: Verdict) -> None:
    refused = dict.fromkeys(("Content-Length: abc", "chunked, gzip", "xchunked"), REFUSED)
    answer = server({"Encoding: gzip": given, **refused})
    assert verdict("framing.te-not-chunked-last-400", answer) is expected
    assert verdict("framing.te-not-chunked-last-400", closes) is BLOCKED  # looks for no body at all


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((UNKNOWN, Ending.CLOSED), PASS),
        ((UNKNOWN + PAGE, Ending.OURS), PASS),  # the chunks tell where it ends (RFC 9112 6.3)
        ((UNKNOWN + BAD, Ending.CLOSED), FAIL),
        ((UNKNOWN, Ending.SILENT), FAIL),
        (TWO, ABSENT),
    ],
)
def test_what_follows_an_unknown_coding(given: tuple[bytes, Ending], expected: Verdict) -> None:
    assert verdict("framing.unknown-transfer-coding-close", server({"foo, chunked": given})) is expected


def report(body: str, length: str | None) -> bytes:
    said = {"marker": "computed-42", "content_length": length, "body_text": body, "body_base64": ""}
    if body:
        said["body_base64"] = {"hello": "aGVsbG8=", "hello you": "aGVsbG8geW91", "hell": "aGVsbA=="}[body]
    return reply(200, json.dumps(said).encode())


def gateway(answers: dict[str, tuple[bytes, Ending]]) -> Answer:
    """A server with CGI, whose programs read bodies that have a length."""
    variables = {"GATEWAY_INTERFACE": "CGI/1.1"}
    told = reply(200, json.dumps({"marker": "computed-42", "environment": variables, "argv": [""]}).encode())
    ran = {"Content-Length: 5": (report("hello", "5"), Ending.CLOSED), "GET /environment.py": (told, Ending.CLOSED)}
    return server({**answers, **ran})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((report("hello you", "9"), Ending.CLOSED), PASS),
        ((reply(411), Ending.CLOSED), PASS),
        ((UNKNOWN, Ending.CLOSED), PASS),
        ((b"", Ending.CLOSED), PASS),
        ((reply(503), Ending.CLOSED), UNCLEAR),
        ((report("", None), Ending.CLOSED), FAIL),
        ((report("hello", "5"), Ending.CLOSED), FAIL),
        ((BAD, Ending.CLOSED), FAIL),
        ((b"", Ending.SILENT), FAIL),
    ],
)
def test_a_program_gets_all_that_was_in_the_chunks_or_is_not_run(
    given: tuple[bytes, Ending], expected: Verdict
) -> None:
    assert verdict("chunked.request-decoded", gateway({"chunked": given}), CGI) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (REFUSED, PASS),
        ((b"", Ending.CLOSED), PASS),
        ((b"", Ending.SILENT), PASS),  # framing.short-body-close
        ((reply(200, b"half"), Ending.CLOSED), PASS),  # no report: the program did not run
        ((report("hell", "10"), Ending.CLOSED), FAIL),
    ],
)
def test_half_a_body(given: tuple[bytes, Ending], expected: Verdict) -> None:
    answer = gateway({"Content-Length: 4": (report("hell", "4"), Ending.CLOSED), "Content-Length: 10": given})
    assert verdict("framing.short-body-incomplete", answer, CGI) is expected


TEN = b"0123456789"
LONG = reply(200, TEN).replace(b"Length: 10", b"Length: 30")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((reply(200, TEN) + PAGE, Ending.OURS), PASS),
        ((reply(200, TEN), Ending.CLOSED), PASS),
        ((reply(502), Ending.CLOSED), PASS),
        ((LONG, Ending.CLOSED), PASS),  # no second reply that it could swallow
        ((LONG, Ending.SILENT), FAIL),
        ((LONG + PAGE, Ending.SILENT), FAIL),
    ],
)
def test_a_program_that_announces_too_much(given: tuple[bytes, Ending], expected: Verdict) -> None:
    printed = (reply(200, b"mark-7f3a", "Content-Type: text/x-probe", "Content-Language: tlh"), Ending.CLOSED)
    answer = gateway({"Content-Length%3A%2030": given, "/reply.py": printed})
    assert verdict("framing.script-length-checked", answer, CGI) is expected


def test_who_never_notices_the_end_of_a_client_proves_nothing() -> None:
    silent = server({"Content-Length": (PAGE, Ending.SILENT)})
    assert verdict("framing.short-body-close", silent) is UNCLEAR


def chunked(data: bytes, *fields: str) -> tuple[bytes, Ending]:
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 X", *fields, "Transfer-Encoding: chunked"))
    return head.encode() + b"\r\n" + data, Ending.OURS


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        ("trailer.announced", chunked(b"0\r\nX-Sum: 1\r\n\r\n", "Trailer: x-sum"), PASS),
        ("trailer.announced", chunked(b"0\r\n\r\n", "Trailer: X-Sum"), ABSENT),
        ("trailer.announced", chunked(b"0\r\nX-Sum: 1\r\n\r\n", "Trailer: X-Time"), FAIL),
        ("trailer.field-grammar", chunked(b"0\r\n\r\n", "Trailer: X-Sum,, X-Time"), PASS),
        ("trailer.field-grammar", chunked(b"0\r\n\r\n", "Trailer: "), PASS),
        ("trailer.field-grammar", chunked(b"0\r\n\r\n", "Trailer: X-Sum=1"), FAIL),
        ("trailer.field-line-grammar-sent", chunked(b"0\r\n\r\n"), ABSENT),
        ("trailer.field-line-grammar-sent", chunked(b"0\r\nX-Sum:\r\n\r\n"), PASS),
        ("trailer.field-line-grammar-sent", chunked(b"0\r\nthe end\r\n\r\n"), FAIL),
        ("trailer.only-fields-permitted", chunked(b'0\r\nETag: "a"\r\n\r\n'), PASS),
        ("trailer.only-fields-permitted", chunked(b"0\r\nContent-Type: a/b\r\n\r\n"), FAIL),
        ("chunked.extension-grammar-sent", chunked(b'5;a;b=c;d="e, f"\r\nhello\r\n0;z\r\n\r\n'), PASS),
        ("chunked.extension-grammar-sent", chunked(b"5 ; a = b\r\nhello\r\n0\r\n\r\n"), PASS),  # RFC 2616 2.1
        ("chunked.extension-grammar-sent", chunked(b"5;=b\r\nhello\r\n0\r\n\r\n"), FAIL),
        ("chunked.extension-grammar-sent", chunked(b"5\r\nhello\r\n0;\r\n\r\n"), FAIL),
        ("chunked.applied-once", chunked(b"0\r\n\r\n"), PASS),
        ("chunked.applied-once", chunked(b"0\r\n\r\n", "Transfer-Encoding: chunked"), FAIL),
        ("framing.coded-reply-chunked-or-close", chunked(b"0\r\n\r\n", "Transfer-Encoding: gzip"), PASS),
    ],
)
def test_what_stands_round_the_chunks_of_a_reply(rule: str, given: tuple[bytes, Ending], expected: Verdict) -> None:
    assert verdict(rule, server({"GET /a.txt": given})) is expected


def test_a_type_in_the_trailer_is_lawful_for_who_asked_for_trailers() -> None:
    answer = server({"TE: trailers": chunked(b"0\r\nContent-Type: a/b\r\n\r\n"), "GET /a.txt": chunked(b"0\r\n\r\n")})
    assert verdict("trailer.only-fields-permitted", answer) is PASS


@pytest.mark.parametrize(("ending", "expected"), [(Ending.CLOSED, PASS), (Ending.RESET, PASS), (Ending.SILENT, FAIL)])
def test_another_coding_may_end_with_the_connection(ending: Ending, expected: Verdict) -> None:
    coded = b"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip\r\n\r\n..."
    assert verdict("framing.coded-reply-chunked-or-close", server({"TE: gzip\r\n": (coded, ending)})) is expected


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"0\r\nX: 1\r\n\r\n", None),
        (b"0\r\nX: 1\n\r\n\r\n", ChunkFault.TRAILER),
        (b"0\r\nfree text\r\n\r\n", ChunkFault.TRAILER),
        (b"0\r\nfree text", ChunkFault.FINAL),
        (b"0\r\n<p>\r\nHTTP/1.1 200 X\r\n\r\n", ChunkFault.FINAL),
    ],
)
def test_a_walk_behind_the_last_chunk(octets: bytes, fault: ChunkFault | None) -> None:
    assert walk(octets).fault is fault


def test_the_lines_of_chunk_sizes() -> None:
    octets = b"5;a\r\nhello\r\n0\r\n\r\nHTTP/1.1"
    assert [octets[begin:end] for begin, end in size_lines(octets)] == [b"5;a", b"0"]
