"""The program as it is started: its options, its one line, its errors, its logs, its reload and its end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server import cli
from reference_server.config import Address, Config, SiteSettings, Timeouts
from reference_server.settings import Overrides, load, show
from reference_server.settings.table import OPTIONS
from reference_server.tests.service import wait_until
from reference_server.tests.wire import PATIENCE, exchange, raw, request

COMMAND = [sys.executable, "-m", "reference_server"]


@contextlib.contextmanager
def launched(*arguments: str, errors: int = subprocess.PIPE) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The program and the addresses it says it serves at, which must be as many as `--host` and one more."""
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(max(1, arguments.count("--host")))]
        yield process, lines
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def port_of(line: str, root: Path | str) -> int:
    match = re.fullmatch(rf"Serving {re.escape(str(root))} on http://127\.0\.0\.1:(\d+)/\n", line)
    assert match, line
    return int(match[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_on_a_signal(site_root: Path, number: signal.Signals) -> None:
    with launched(str(site_root), "--port", "0", "--access-log", "-") as (process, lines):
        assert exchange(port_of(lines[0], site_root), request("/file.txt")).body == b"0123456789"
        process.send_signal(number)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert '"GET /file.txt HTTP/1.1" 200 10 "-" "-"\n' in output


def test_a_relative_folder_is_named_as_given(site_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(cli.__file__).parent.parent))
    monkeypatch.chdir(site_root.parent)
    with launched(site_root.name, "--port", "0") as (_, lines):
        assert exchange(port_of(lines[0], site_root.name), request("/file.txt")).status == 200


# Errors


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["{root}/missing"], "FOLDER: there is no folder"),
        (["{root}/file.txt"], "FOLDER: there is no folder"),
        (["{root}", "--port", "{taken}"], "{taken}"),
        (["{root}", "--access-log", "{root}/missing/log", "--port", "0"], "--access-log: cannot open"),
        (["{root}", "--error-log", "{root}/file.txt/log", "--port", "0"], "--error-log: cannot open"),
        (["{root}", "--error-log", "{root}", "--port", "0"], "--error-log: "),
        (["{root}", "--host", "192.0.2.1", "--port", "0"], "192.0.2.1"),
        (["{root}", "--host", "name.invalid", "--port", "0"], "name.invalid"),
        (["--config", "{root}/missing.toml"], "missing.toml: No such file"),
        (["--config", "{root}/file.txt"], "file.txt:1: "),
        (["--config", "{root}/file.txt", "--print-config"], "file.txt:1: "),
    ],
)
def test_errors_are_one_line(
    capfd: pytest.CaptureFixture[str], site_root: Path, port: int, arguments: list[str], named: str
) -> None:
    status = cli.main([argument.format(root=site_root, taken=port) for argument in arguments])
    output = capfd.readouterr()
    assert status == 2
    assert output.out == ""
    assert output.err.startswith("reference_server: ")
    assert named.format(taken=port) in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    "option",
    [
        ["--port", "x"],
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "1" * 5000],
        ["--host", "256.0.0.1"],
        ["--host", "a b"],
        ["--head-timeout", "0"],
        ["--head-timeout", "nan"],
        ["--head-timeout", "x"],
        ["--max-body", "x"],
        ["--max-body", "0"],
        ["--workers", "0"],
        ["--access-log", ""],
        ["--writable", "in"],
        ["--index", "a/b"],
        ["--magic"],
    ],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], site_root: Path, option: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(site_root), *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_something_must_be_served(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--port", "0"])
    assert caught.value.code == 2
    assert "name a FOLDER to serve, or a file: --config FILE" in capsys.readouterr().err


# Options


def overrides(*arguments: str) -> Overrides:
    return cli.overrides_from(cli.build_parser().parse_args(arguments))


def test_without_options_the_defaults_hold(site_root: Path) -> None:
    service = load(None, overrides(str(site_root)))
    assert service.config == Config()
    assert (service.sites, service.listen) == ((SiteSettings(str(site_root)),), (Address(),))


def test_options_reach_the_settings(site_root: Path) -> None:
    given = [
        *("--idle-timeout", "1.5", "--max-body", "7", "--max-connections", "3", "--max-programs", "2"),
        *("--host", "::1", "--host", "[::]", "--host", "localhost", "--port", "8080", "--workers", "2"),
        *("--no-listing", "--trace", "--writable", "/in/", "--writable", "/out/", "--languages", "de"),
    ]
    service = load(None, overrides(str(site_root), *given))
    config = service.config
    assert (config.timeouts, config.limits.body, config.connections) == (Timeouts(idle=1.5), 7, 3)
    assert (config.programs, service.workers) == (2, 2)
    assert service.listen == tuple(Address(host, 8080) for host in ("::1", "::", "localhost"))
    site = SiteSettings(str(site_root), listing=False, trace=True, writable=("/in/", "/out/"), languages=("de",))
    assert service.sites == (site,)


def test_the_help_has_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    words = "".join(capsys.readouterr().out.split())
    for option, (section, setting) in OPTIONS.items():
        assert option in words
        default = section.default(setting)
        assert f"(default:{'not set' if default is None else setting.kind.show(default)})".replace(" ", "") in words


def test_the_configuration_is_printed(
    capfdbinary: pytest.CaptureFixture[bytes], site_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "given.toml").write_text(f'workers = 2\n[[sites]]\nroot = "{site_root}"\ntrace = true\n')
    given = ["--config", str(tmp_path / "given.toml"), "--workers", "3", "--port", "0"]
    assert cli.main([*given, "--print-config"]) == 0
    printed = capfdbinary.readouterr().out
    (tmp_path / "printed.toml").write_bytes(printed)
    again = load(str(tmp_path / "printed.toml"))
    assert again == load(str(tmp_path / "given.toml"), overrides(*given))
    assert (again.workers, again.listen, again.sites[0].trace) == (3, (Address(port=0),), True)
    assert printed.decode() == show(again)


def test_a_folder_whose_name_is_no_text_cannot_be_printed(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    assert cli.main([folder, "--print-config"]) == 2
    assert capfd.readouterr().err == "reference_server: cannot show a file name that is not UTF-8\n"


# A configuration file at work


def test_several_addresses(site_root: Path) -> None:
    if not has_ipv6_loopback():
        pytest.skip("this machine has no IPv6 loopback")
    with launched(str(site_root), "--port", "0", "--host", "127.0.0.1", "--host", "::1") as (_, lines):
        assert exchange(port_of(lines[0], site_root), request("/file.txt")).status == 200
        match = re.fullmatch(rf"Serving {re.escape(str(site_root))} on http://\[::1\]:(\d+)/\n", lines[1])
        assert match
        with socket.create_connection(("::1", int(match[1])), PATIENCE) as sock:
            sock.sendall(request("/file.txt"))
            assert sock.recv(12) == b"HTTP/1.1 200"


def has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_file_is_read_again_on_reload(site_root: Path, tmp_path: Path) -> None:
    file, log = tmp_path / "server.toml", tmp_path / "errors"
    text = f'listen = ["127.0.0.1:0"]\nerror_log = "errors"\n[[sites]]\nroot = "{site_root}"\n'
    rule = '[[sites.redirects]]\nsource = "/here"\ntarget = "/there"\n'
    file.write_text(text)
    with launched("--config", str(file)) as (process, lines):
        port = port_of(lines[0], site_root)
        assert exchange(port, request("/here")).status == 404

        def reload(new: str, said: str) -> None:
            file.write_text(new)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: said in log.read_text(), log.read_text)

        reload(text + rule, "was read again")
        reply = exchange(port, request("/here"))
        assert (reply.status, reply.get("location")) == (301, b"/there")
        reload(f"workres = 1\n{text}", f"{file}:1: workres: is no setting; did you mean workers?")
        assert exchange(port, request("/here")).status == 301
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_users_are_read_again_on_reload(site_root: Path, tmp_path: Path) -> None:
    users, log = tmp_path / "users", tmp_path / "errors"
    users.write_text("ann:one\n")
    (tmp_path / "server.toml").write_text(
        f'error_log = "errors"\n[[sites]]\nroot = "{site_root}"\n[[sites.protected]]\n'
        'path = "/folder/"\nrealm = "r"\nscheme = "basic"\nusers_file = "users"\n'
    )
    ann_two = request("/folder/inner.txt", "GET", "Authorization: Basic YW5uOnR3bw==")
    with launched("--config", str(tmp_path / "server.toml"), "--port", "0") as (process, lines):
        port = port_of(lines[0], site_root)
        assert exchange(port, ann_two).status == 401
        users.write_text("ann:two\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "was read again" in log.read_text(), log.read_text)
        assert exchange(port, ann_two).status == 200


def test_options_stay_in_force_on_reload(site_root: Path, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("workers = 1\n")
    load_again = overrides(str(site_root), "--workers", "2")
    before = load(str(file), load_again)
    file.write_text("workers = 3\ntimeouts.idle = 1\n")
    after = load(str(file), load_again)
    assert after == replace(before, config=Config(timeouts=Timeouts(idle=1.0)))


def test_a_configured_limit_is_kept(site_root: Path) -> None:
    with launched(str(site_root), "--port", "0", "--max-request-line", "100", "--no-listing") as (_, lines):
        port = port_of(lines[0], site_root)
        assert exchange(port, request("/" + "a" * 100)).status == 414
        assert raw(port, request("/")).startswith(b"HTTP/1.1 40")
