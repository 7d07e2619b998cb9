"""What programs write to their standard error: lines in the server's log, never in a reply, and never too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server import Config, Timeouts
from reference_server.resources.program_errors import LINE_LIMIT, RUN_LIMIT, ErrorLines
from reference_server.tests.conftest import StartServer
from reference_server.tests.programs import wait_until, write_programs
from reference_server.tests.wire import exchange, raw, request

CHATTY = """
import sys
sys.stderr.write("to whom it may concern\\n\\x1b[31mred\\n")
print("Content-Type: text/plain\\n\\nbody", flush=True)
sys.stderr.write("the end")
"""
FLOOD = """
import sys
sys.stderr.write("x" * 5_000_000)
print("Content-Type: text/plain\\n\\n" + "y" * 300_000, flush=True)
sys.stderr.write("z" * 5_000_000)
"""
PROGRAMS = {
    "chatty.py": CHATTY,
    "flood.py": FLOOD,
    "crash.py": "raise RuntimeError('on purpose')",
    "mute.py": "print('no head')",
    "nph-chatty.py": CHATTY.replace("Content-Type: text/plain", "HTTP/1.1 200 OK\\n"),
}


class Log:
    """The lines of the error log so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def lines(self) -> list[str]:
        self._text += self._capsys.readouterr().err
        return self._text.splitlines()


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


@pytest.mark.parametrize("name", ["chatty.py", "nph-chatty.py"])
def test_each_line_is_logged_with_the_programs_name(
    start_server: StartServer, tmp_path: Path, log: Log, name: str
) -> None:
    write_programs(tmp_path, PROGRAMS)
    assert b"concern" not in raw(start_server(tmp_path).port, request("/" + name))
    said = ["to whom it may concern", "\\x1b[31mred", "the end"]
    wait_until(lambda: log.lines() == [f"program /{name}: {line}" for line in said], "the log says something else")


def test_a_flood_stops_neither_the_program_nor_the_log(start_server: StartServer, tmp_path: Path, log: Log) -> None:
    write_programs(tmp_path, PROGRAMS)
    assert exchange(start_server(tmp_path).port, request("/flood.py")).body == b"y" * 300_000 + b"\n"
    wait_until(lambda: any("not kept" in line for line in log.lines()), "the log does not tell what it leaves out")
    said = [line.partition(": ")[2] for line in log.lines()]
    octets = sum(len(line) for line in said if set(line) == {"x"})
    assert octets == RUN_LIMIT
    assert sum("not kept" in line for line in said) == 1


def test_failures_are_logged(start_server: StartServer, tmp_path: Path, log: Log) -> None:
    write_programs(tmp_path, PROGRAMS)
    port = start_server(tmp_path).port
    reply = exchange(port, request("/crash.py/extra"))
    assert reply.status == 500
    assert b"on purpose" not in reply.body
    assert any(line == "program /crash.py: RuntimeError: on purpose" for line in log.lines())
    assert exchange(port, request("/mute.py")).status == 500
    assert any(line.startswith("program /mute.py: its output does not begin with a head") for line in log.lines())


def test_how_a_program_ended_is_logged(start_server: StartServer, tmp_path: Path, log: Log) -> None:
    sources = {
        "stuck.py": "import time\ntime.sleep(600)",
        "struck.py": "import os\nprint('Content-Type: text/plain\\n', flush=True)\nos.kill(os.getpid(), 9)",
    }
    write_programs(tmp_path, sources)
    assert raw(start_server(tmp_path).port, request("/struck.py"))
    wait_until(lambda: log.lines() == ["program /struck.py: it was ended by signal 9"], "the signal is not logged")
    hasty = start_server(tmp_path, Config(timeouts=Timeouts(program=0.2)))
    assert exchange(hasty.port, request("/stuck.py")).status == 504
    wait_until(lambda: "stuck.py: it was stopped" in log.lines()[-1], "the stop is not logged")


def test_lines_in_pieces() -> None:
    lines: list[str] = []
    errors = ErrorLines(b"/a\nb", lines.append)
    for piece in (b"one", b" line\nand", b" another\n\n", b"\xff\t\x00 caf\xc3\xa9"):
        errors.feed(piece)
    errors.close()
    errors.close()
    assert "".join(lines) == "".join(
        f"program /a\\nb: {line}\n" for line in ("one line", "and another", "", "\\xff\t\\x00 caf\u00e9")
    )


def test_a_long_line_is_several() -> None:
    lines: list[str] = []
    errors = ErrorLines(b"/a", lines.append)
    errors.feed(b"x" * (2 * LINE_LIMIT + 1))
    assert [line.count("x") for line in "".join(lines).splitlines()] == [LINE_LIMIT, LINE_LIMIT, 1]
