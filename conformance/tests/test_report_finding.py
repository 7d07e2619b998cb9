from __future__ import annotations

import pytest

from conformance.exchange import Ending, Exchange
from conformance.probe import Abort, AwaitEnd, HalfClose, Pause, Receive, Send
from conformance.report.finding import Tone, explain, one_line, summarise
from conformance.rule import Level
from conformance.tests.canned import REPLY, REQUEST, URL, make_exchange, make_result
from conformance.verdict import Result, Verdict

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\r"


def block(result: Result, width: int = 80) -> list[str]:
    return list(explain(result, URL, width))


def broken(exchange: Exchange | None = None, span: tuple[int, int] | None = None) -> Result:
    return make_result("status-line.crlf", Verdict.FAIL, exchange=exchange, span=span)


def test_the_whole_block() -> None:
    assert block(broken(span=(15, 16))) == [
        "status-line.crlf (MUST)  RFC 2616 §6.1, RFC 9112 §4",
        "  status-line.crlf is broken.",
        "  sent      GET / HTTP/1.1\\r\\n",
        "            Host: localhost:50000\\r\\n",
        "            \\r\\n",
        "  received  HTTP/1.1 200 OK\\n",
        "                           ^^",
        "            Server: canned\\r\\n",
        "            Content-Type: text/html\\r\\n",
        "            ... 35 octets left out ...",
        "            (the server closed the connection)",
        "  expected  this",
        "  observed  that",
        "  to do     The hint of status-line.crlf.",
        r"  try it    { printf 'GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n'; sleep 1; } | nc localhost 50000",
    ]


def rows_received(*replies: bytes) -> list[str]:
    """The rows of what was received, where it is not said which octets are wrong."""
    requests = make_exchange(b"".join(replies), Send(REQUEST * len(replies)), Receive(len(replies)))
    lines = block(broken(requests))
    first = next(number for number, line in enumerate(lines) if line.startswith("  received"))
    return [line[12:] for line in lines[first:] if line[2:10].strip() in ("", "received")]


def test_of_several_replies_each_is_shown() -> None:
    short = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert rows_received(short, REPLY, short) == [
        "HTTP/1.1 204 No Content\\r\\n",
        "\\r\\n",
        "HTTP/1.1 200 OK\\n",
        "Server: canned\\r\\n",
        "... 45 octets left out ...",
        "\\r\\n",
        "<p>hello</p>\\n",
        "HTTP/1.1 204 No Content\\r\\n",
        "\\r\\n",
        "(the server closed the connection)",
    ]


@pytest.mark.parametrize(("more", "told"), [(1, "1 reply"), (3, "3 replies")])
def test_of_many_replies_the_first_and_the_last_ones_are_shown(more: int, told: str) -> None:
    replies = [f"HTTP/1.1 {400 + number} x\r\nContent-Length: 0\r\n\r\n".encode() for number in range(4 + more)]
    rows = rows_received(*replies)
    assert rows[3] == f"... {more * len(replies[0])} octets in {told} left out ..."
    assert [row[9:12] for row in rows if row.startswith("HTTP")] == [
        "400",
        *(str(401 + more + place) for place in range(3)),
    ]


@pytest.mark.parametrize(
    ("ending", "received", "told"),
    [
        (Ending.CLOSED, b"", "(nothing; the server closed the connection)"),
        (Ending.RESET, REPLY, "(the server reset the connection)"),
        (Ending.SILENT, b"", "(nothing within 2.0 s)"),
        (Ending.SILENT, REPLY, "(nothing more within 2.0 s)"),
        (Ending.FLOOD, REPLY, "(and so on without end)"),
        (Ending.REFUSED, b"", "(no connection: the server did not accept it)"),
        (Ending.OURS, b"", "(nothing)"),
    ],
)
def test_how_the_connection_ended_is_told(ending: Ending, received: bytes, told: str) -> None:
    assert any(
        line.strip().removeprefix("received").strip() == told
        for line in block(broken(make_exchange(received, ending=ending)))
    )


def test_an_end_of_our_own_is_not_mentioned() -> None:
    assert not any("(" in line and "MUST" not in line for line in block(broken(make_exchange(ending=Ending.OURS))))


def test_a_death_and_what_the_server_printed_are_shown() -> None:
    exchange = make_exchange(
        b"", killed=True, server_output="Traceback:\n" + "  frame\n" * 20 + "ValueError: x\x1b[0m\n"
    )
    lines = block(broken(exchange))
    assert any("dead or deaf" in line for line in lines)
    assert "  printed   ... 10 lines left out ..." in lines
    assert "            ValueError: x\\x1b[0m" in lines


def test_the_script_is_shown_in_order() -> None:
    script = (Send(b"GET"), Pause(1.5), Send(b" /\r\n"), Receive(1), HalfClose(), Send(b"x"), Abort())
    lines = block(broken(make_exchange(REPLY, *script)))
    begin = lines.index("  sent      GET")
    assert [line.strip() for line in lines[begin + 1 : begin + 7]] == [
        "(nothing for 1.5 s)",
        "/\\r\\n",
        "(waits for the reply)",
        "(ends its direction of the connection)",
        "x",
        "(breaks the connection off)",
    ]


def test_connect_and_close_is_told() -> None:
    exchange = Exchange(make_exchange().probe.__class__(()), (), Ending.CLOSED, 0.0, 0.1)
    assert "  sent      (nothing: the client connects and closes)" in block(broken(exchange))


@pytest.mark.parametrize("width", [20, 80, 120, 300])
def test_nothing_hostile_reaches_the_terminal(width: int) -> None:
    exchange = make_exchange(HOSTILE.encode(), Send(HOSTILE.encode()), AwaitEnd(), server_output=HOSTILE)
    result = make_result("x.y", Verdict.FAIL, exchange=exchange, span=(0, 3), message=HOSTILE)
    for line in [*block(result, width), *summarise(result, width), one_line(result)]:
        assert line.isprintable()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width_except_the_command(width: int) -> None:
    data = REPLY + bytes(range(256)) * 30
    result = make_result("x.y", Verdict.FAIL, exchange=make_exchange(data), span=(2000, 2400), message="word " * 60)
    assert all(len(line) <= width for line in block(result, width) if "try it" not in line)


def test_tones_are_painted_by_the_caller() -> None:
    lines = explain(broken(span=(15, 16)), URL, 80, lambda text, tone: f"<{tone.name}>{text}</>")
    shown = "\n".join(lines)
    assert f"<{Tone.BAD.name}>               ^^</>" in shown
    assert f"<{Tone.GOOD.name}>this</>" in shown


def test_a_result_without_a_finding_gives_its_reason() -> None:
    lines = block(make_result("x.y", Verdict.ERROR, reason="it broke"))
    assert lines[-1] == "  reason    it broke"


def test_the_short_form() -> None:
    result = make_result("x.y", Verdict.WARNING, level=Level.SHOULD)
    assert list(summarise(result, 80)) == [
        "x.y (SHOULD)  RFC 2616 §6.1, RFC 9112 §4",
        "  x.y is broken. (observed: that)",
        "  to do     The hint of x.y.",
    ]
    assert one_line(result) == "x.y: x.y is broken."
    assert one_line(make_result("x.y", Verdict.PASS)) == "x.y"


def test_a_long_script_is_cut() -> None:
    exchange = make_exchange(REPLY, Send(b"GET /" + b"a" * 9000 + REQUEST), Receive(1))
    lines = block(broken(exchange))
    assert len(lines) < 40
    assert any("octets left out" in line for line in lines)
