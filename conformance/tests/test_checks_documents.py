"""The rules on what is made of the documents that programs print, on hand-made replies."""

from __future__ import annotations

import pytest

from conformance.tests.gateway import Gateway, judge, reply
from conformance.verdict import Verdict

PASS, FAIL, ABSENT = Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE


def printing(part: str, answer: bytes) -> Gateway:
    """A server that gives this answer to what holds ``part``."""
    return Gateway(answers={part: answer})


@pytest.mark.parametrize(
    ("page", "picture", "verdict"),
    [
        (reply(200, b"x"), b"", PASS),
        (reply(500, b"x"), b"", PASS),
        (reply(200, b"x", "Content-Type: text/plain"), b"", PASS),
        (reply(200, b"x", "Content-Type: text/html"), reply(200, b"x", "Content-Type: text/html"), PASS),
        (reply(200, b"x", "Content-Type: text/html"), reply(200, b"x", "Content-Type: image/png"), FAIL),
        (reply(200, b"x", "Content-Type: text/x-python"), b"", FAIL),
    ],
)
def test_a_fixed_default_is_no_guess(page: bytes, picture: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"body=%3C%21DOCTYPE": page, "body=%89PNG": picture})
    assert judge("cgi-output.missing-type-not-guessed", gateway).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nmark-7f3a", PASS),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nmar" + reply(200, b"sample\n"), PASS),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nmark-7f3a" + reply(200, b"sample\n"), FAIL),
        (reply(502, b"bad length") + reply(200, b"sample\n"), PASS),
        (b"", PASS),
    ],
)
def test_a_wrong_length_may_be_cut_mended_refused_or_end_the_connection(answer: bytes, verdict: Verdict) -> None:
    gateway = printing("Content-Length%3A%203", answer)
    assert judge("cgi-output.wrong-content-length-not-sent", gateway).verdict is verdict


def test_conflicting_fields_may_be_refused_or_settled_either_way() -> None:
    rule, part = "cgi-output.field-conflicts-resolved", "header=Date"
    assert judge(rule, printing(part, reply(500, b""))).verdict is ABSENT
    assert judge(rule, printing(part, reply(200, b"", "Server: program/1", "Date: x"))).verdict is PASS
    assert judge(rule, printing(part, reply(200, b"", "Server: a", "Server: b"))).verdict is FAIL


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ('text/x-probe;P="Q r"; charset=utf-8', PASS),
        ('TEXT/x-probe ; p="Q r"', PASS),
        ("text/x-probe", FAIL),
        ('text/html; p="Q r"', FAIL),
    ],
)
def test_a_type_may_gain_a_charset_and_lose_nothing(value: str, verdict: Verdict) -> None:
    gateway = printing("p%3D%22Q%20r%22", reply(200, b"mark-7f3a", f"Content-Type: {value}"))
    assert judge("cgi-output.content-type-unmodified", gateway).verdict is verdict


def test_a_server_that_writes_its_own_head_knows_no_program_without_parsed_head() -> None:
    own = b"HTTP/1.1 203 Non-Authoritative Information\r\nContent-Length: 33\r\n\r\n42 octets and the request body: \n"
    assert judge("cgi-output.nph-unmodified", printing("nph-reply.py", own)).verdict is ABSENT
    chunked = b"HTTP/1.1 203 Said by the program itself\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert judge("cgi-output.nph-unmodified", printing("nph-reply.py", chunked)).verdict is FAIL
