"""The command that plays a probe again by hand: ``printf`` into ``nc`` if that is enough, else Python.

Only words that every POSIX shell and every netcat know are used. The shell waits a second before it ends the
input, because some netcats end the connection with it and some servers then drop the reply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import urlsplit

from conformance.probe import Abort, Action, AwaitAny, AwaitEnd, HalfClose, Pause, Probe, Receive, Send
from conformance.verdict import Company

LONGEST_PRINTF = 2000
LONGEST = 4000
TIMEOUT = 5
BETWEEN = 0.1
READ_ON = '[print(d) for d in iter(lambda:s.recv(65536),b"")]'
PRINTF = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x25: "%%", 0x5C: "\\\\"}
RUN = re.compile(rb"(?s)(.)\1{39,}|((?:(?!(.)\3{39}).)+)")


def reproduce(probe: Probe, url: str, company: Company = ()) -> str:
    """One line for a POSIX shell that does on the wire what ``probe`` does, or what is done on all lines of
    ``company``, against the server at ``url``.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or 80
    if company:
        command = _together(company, host, port)
        return command if len(command) <= LONGEST else "# several connections take part, too much for one line"
    simple = _single_write(probe.told)
    if simple is not None and len(simple) <= LONGEST_PRINTF:
        return f"{{ printf '{_printf(simple)}'; sleep 1; }} | nc {host} {port}"
    command = _python(probe, host, port)
    if len(command) <= LONGEST:
        return command
    return f"# {len(probe.sent)} octets are too many for one line: send those that the report calls 'sent'"


def _single_write(actions: tuple[Action, ...]) -> bytes | None:
    """The octets, if the script is one write and then only reads."""
    match actions:
        case (Send(data), *rest) if data and all(isinstance(action, Receive | AwaitEnd) for action in rest):
            return data
        case _:
            return None


def _printf(data: bytes) -> str:
    """A format for printf, safe between single quotes; a hyphen in front would be taken for an option."""
    text = "".join(_format_octet(octet) for octet in data)
    return "\\055" + text[1:] if text.startswith("-") else text


def _format_octet(octet: int) -> str:
    if octet in PRINTF:
        return PRINTF[octet]
    return chr(octet) if 0x20 <= octet <= 0x7E and octet != 0x27 else f"\\{octet:03o}"


def _python(probe: Probe, host: str, port: int) -> str:
    script = list(probe.told)
    while script and isinstance(script[-1], Receive | AwaitEnd):
        script.pop()
    statements = [f's=socket.create_connection(("{host}",{port}),{TIMEOUT})', *map(_statement, script)]
    if script and not isinstance(script[-1], Abort):
        statements.append(READ_ON)
    return _program(statements)


def _together(company: Company, host: str, port: int) -> str:
    """Several connections; between two steps is a moment, since the network may hand them on in another order."""
    statements = []
    for name, action in company:
        if action == Send(b""):
            statements.append(f'{name}=socket.create_connection(("{host}",{port}),{TIMEOUT})')
        else:
            statements.append(_statement(action, name))
            statements.append(f"time.sleep({BETWEEN:g})")
    return _program(statements)


def _program(statements: Sequence[str]) -> str:
    body = ";".join(statements)
    modules = [name for name in ("socket", "struct", "time") if f"{name}." in body]
    return f"python3 -c 'import {','.join(modules)};{body}'"


def _statement(action: Action, line: str = "s") -> str:
    match action:
        case Send(data):
            return f"{line}.sendall({_literal(data)})"
        case Pause(seconds):
            return f"time.sleep({seconds:g})"
        case Receive() | AwaitAny():
            return f"print({line}.recv(65536))"
        case AwaitEnd():
            return READ_ON
        case HalfClose():
            return f"{line}.shutdown(socket.SHUT_WR)"
        case Abort():
            return f'{line}.setsockopt(socket.SOL_SOCKET,socket.SO_LINGER,struct.pack("ii",1,0));{line}.close()'
        case _:
            assert_never(action)


def _literal(data: bytes) -> str:
    """A Python expression for the octets without single quotes; a long run of one octet is a product."""
    terms = []
    for match in RUN.finditer(data):
        if match[1] is not None:
            terms.append(f"{_quoted(match[1])}*{len(match[0])}")
        else:
            terms.append(_quoted(match[0]))
    return "+".join(terms) or 'b""'


def _quoted(data: bytes) -> str:
    return 'b"' + "".join(_literal_octet(octet) for octet in data) + '"'


def _literal_octet(octet: int) -> str:
    if octet in (0x22, 0x5C):
        return "\\" + chr(octet)
    if octet in (0x0D, 0x0A, 0x09):
        return {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t"}[octet]
    return chr(octet) if 0x20 <= octet <= 0x7E and octet != 0x27 else f"\\x{octet:02x}"
