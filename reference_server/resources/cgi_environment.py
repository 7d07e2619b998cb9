"""The meta-variables and arguments of one run of a program (RFC 3875 4.1, 4.4).

Pure: nothing is inherited from the server's environment but a few names a process needs to start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reference_server.http1.encode import SERVER
from reference_server.http1.messages import Request
from reference_server.semantics.targets import percent_decode

INHERITED = (b"PATH", b"LD_LIBRARY_PATH", b"TZ", b"TMPDIR")
_FIELD_NAME = re.compile(rb"[a-z0-9-]+")
_HOST_NAME = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_SEARCH_WORDS = re.compile(rb"(?:[A-Za-z0-9\-_.!~*'();/?:@&$,+]|%[0-9A-Fa-f]{2})++")
_SHELL_ACTIVE = re.compile(rb"([\t\n\"#$&'()*;<>?\[\\\]^`{|}~])")

# Credentials (4.1.18, 9.2), what other variables say, what concerns the connection alone (RFC 9110 7.6.1), and
# `Proxy`, which as HTTP_PROXY would steer the requests that a program itself makes.
WITHHELD = frozenset(
    b"authorization proxy-authorization content-length content-type connection keep-alive te trailer"
    b" transfer-encoding upgrade expect proxy proxy-connection".split()
)


def cgi_environment(
    request: Request, script_name: bytes, path_info: bytes, root: bytes, inherited: Mapping[bytes, bytes]
) -> dict[bytes, bytes]:
    """All variables of one run."""
    environment = {name: inherited[name] for name in INHERITED if name in inherited}
    environment[b"LANG"] = b"C.UTF-8"
    environment.update(field_variables(request))
    environment.update(request_variables(request))
    environment[b"SCRIPT_NAME"] = script_name
    if path_info:
        environment[b"PATH_INFO"] = path_info
        environment[b"PATH_TRANSLATED"] = root.rstrip(b"/") + path_info
    return environment


def request_variables(request: Request) -> dict[bytes, bytes]:
    """Everything but the HTTP_ variables and the parts of the path."""
    variables = {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"QUERY_STRING": request.query or b"",
        b"REMOTE_ADDR": request.client[0].encode("ascii"),
        b"REMOTE_HOST": request.client[0].encode("ascii"),
        b"REQUEST_METHOD": request.method.encode("ascii"),
        b"SERVER_NAME": server_name(request),
        b"SERVER_PORT": b"%d" % request.server[1],
        b"SERVER_PROTOCOL": b"HTTP/1.%d" % min(request.version[1], 1),
        b"SERVER_SOFTWARE": SERVER,
    }
    if has_body(request):
        # The length after the chunked coding was taken off (4.2).
        variables[b"CONTENT_LENGTH"] = b"%d" % len(request.body)
    if request.auth_scheme:
        # Only what was verified counts, never what a field claims (4.1.1, 4.1.11).
        variables[b"AUTH_TYPE"] = request.auth_scheme
        variables[b"REMOTE_USER"] = request.user
    content_type = request.field(b"content-type")
    if content_type is not None:
        variables[b"CONTENT_TYPE"] = content_type
    return variables


def has_body(request: Request) -> bool:
    """Whether a body came along, be it an empty one: either field announces it (4.1.2, RFC 9112 6)."""
    announced = any(request.field(name) is not None for name in (b"content-length", b"transfer-encoding"))
    return announced or bool(request.body)


def server_name(request: Request) -> bytes:
    """The host the request is for; the address it came in on, if that is no host name (4.1.14)."""
    host = request.host
    name = host[: host.index(b"]") + 1] if host.startswith(b"[") else host.partition(b":")[0]
    if _HOST_NAME.fullmatch(name):
        return name
    address = request.server[0].encode("ascii")
    return b"[" + address + b"]" if b":" in address else address


def field_variables(request: Request) -> dict[bytes, bytes]:
    """HTTP_ and the name, for each field that may be passed on (4.1.18).

    Names that hold anything but letters, digits and hyphens are dropped: X_A and X-A would become one
    variable.
    """
    nominated = {option.strip().lower() for option in (request.field(b"connection") or b"").split(b",")}
    variables: dict[bytes, bytes] = {}
    for name, value in request.fields:
        if name in WITHHELD or name in nominated or not _FIELD_NAME.fullmatch(name):
            continue
        variable = b"HTTP_" + name.upper().replace(b"-", b"_")
        separator = b"; " if name == b"cookie" else b", "
        earlier = variables.get(variable)
        variables[variable] = value if earlier is None else earlier + separator + value
    if b"HTTP_HOST" in variables:
        # A target that names its host outdoes the field (RFC 9112 3.2.2).
        variables[b"HTTP_HOST"] = request.host
    return variables


def command_line_words(request: Request) -> list[bytes]:
    """The arguments that an indexed query stands for: one without `=`, split at `+` (4.4).

    All or nothing: a word that cannot be an argument means no arguments.  Active characters are escaped as
    7.2 asks.
    """
    query = request.query
    if request.method not in ("GET", "HEAD") or not query or b"=" in query:
        return []
    if not _SEARCH_WORDS.fullmatch(query):
        return []
    words = [percent_decode(word) for word in query.split(b"+")]
    if any(b"\0" in word or not word for word in words):
        return []
    return [escape_shell_active(word) for word in words]


def escape_shell_active(word: bytes) -> bytes:
    return _SHELL_ACTIVE.sub(rb"\\\1", word)
