"""CGI meta-variables about the two ends of the connection (RFC 3875 §4.1.1, §4.1.8, §4.1.9, §4.1.14 to §4.1.17).

Names and ports that a server is configured with, or that a port mapping in front of it changes, are lawful: what is
judged is presence and form.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from conformance.check import check
from conformance.checks.cgi_programs import CREDENTIALS, REFUSED, of_gateways, run, wrong
from conformance.evidence import Evidence
from conformance.predicates import absent, passed, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
# Underscores and leading digits are seen in host names; a configured one may be any registered name.
SERVER_NAME = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\]")
HOST = "a host name, an IPv4 address or [an IPv6 address] (RFC 3875 §4.1.14), or a refusal (RFC 9110 §7.4)"
HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PROTOCOL = re.compile(rf"{TOKEN}(/\d+\.\d+)?")
PROTOCOLS = "HTTP/1.1, HTTP/1.0, INCLUDED, or the name and version of another protocol (all RFC 3875 §4.1.16)"
SOFTWARE = re.compile(rf"({TOKEN}(/{TOKEN})?|\(([^()]|\([^()]*\))*\)|[ \t])+")


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and not ip_address(text).is_unspecified
    except ValueError:
        return False


@check(
    "cgi-env.auth-type-only-if-authenticated",
    statement="AUTH_TYPE is empty or unset unless the server itself has verified who the client is.",
    why="A program takes AUTH_TYPE as proof that the password was checked; from unchecked fields anybody gets in.",
    hint="Do not copy the word in the Authorization field into AUTH_TYPE; leave it out if you check no passwords.",
    example=(
        "GET /cgi/environment.py HTTP/1.1\r\nHost: localhost:50000\r\nAuthorization: Basic eDp5\r\n\r\n",
        "AUTH_TYPE is not set",
        'AUTH_TYPE is "Basic"',
    ),
    dispute="http.server and mini_httpd copy the scheme of unchecked credentials. RFC 3875 §4.1.1 has no key word "
    "against it, but defines the variable as what the server has authenticated the user by.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def auth_type(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    for told in (plain, run(evidence, fields=CREDENTIALS)):
        if told.environment.get("AUTH_TYPE"):
            message = "AUTH_TYPE is set although nobody has verified the client."
            return wrong(told, "AUTH_TYPE", message, expected=f"empty or unset (RFC 3875 §4.1.1), or {REFUSED}")
    return passed()


@check(
    "cgi-env.remote-addr-set",
    also=("cgi-env.remote-addr-syntax",),
    statement="REMOTE_ADDR is the network address of the client, without port and without brackets.",
    why="Programs log it and decide by it; the printed form of a Python tuple is no address.",
    hint="accept() gives a pair: set REMOTE_ADDR to its first part, address[0].",
    example=(REQUEST, 'REMOTE_ADDR is "127.0.0.1"', "REMOTE_ADDR is \"('127.0.0.1', 54321)\""),
    needs=("cgi",),
)
@of_gateways
def remote_addr(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if _is_address(plain.environment.get("REMOTE_ADDR", "")):
        return passed()
    message = "REMOTE_ADDR is not the address of a client."
    return wrong(plain, "REMOTE_ADDR", message, expected="an IPv4 or IPv6 address such as 127.0.0.1")


@check(
    "cgi-env.remote-host-syntax",
    statement="REMOTE_HOST is the client's host name or address, or it is empty or unset.",
    why="Programs compare it with names; a port or a bracket in it defeats the comparison.",
    hint="Leave REMOTE_HOST out, or set it to the client's address alone.",
    example=(REQUEST, 'REMOTE_HOST is "client.example"', 'REMOTE_HOST is "127.0.0.1:54321"'),
    needs=("cgi",),
)
@of_gateways
def remote_host(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    host = plain.environment.get("REMOTE_HOST", "")
    if not host or HOST_NAME.fullmatch(host) or _is_address(host):
        return passed()
    message = "REMOTE_HOST is neither a host name nor an address."
    return wrong(plain, "REMOTE_HOST", message, expected="a host name, an address, or nothing (all RFC 3875 §4.1.9)")


@check(
    "cgi-env.server-name-set",
    also=("cgi-env.server-name-syntax",),
    statement="SERVER_NAME is the host that the request is for: a name, an IPv4 address or an IPv6 address in "
    "brackets, never with a port.",
    why="Programs build addresses from SERVER_NAME and SERVER_PORT; with the port in the name it comes twice.",
    hint="Set SERVER_NAME to the Host field without its port (mind the brackets of IPv6), or to a configured name.",
    example=(REQUEST, 'SERVER_NAME is "localhost"', 'SERVER_NAME is "localhost:50000"'),
    dispute="A configured name is as lawful as the one in Host (RFC 3875 §4.1.14). lighttpd without a configured "
    "name gives nothing to HTTP/1.0 clients that send no Host, which is no host name.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def server_name(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    port = evidence.site.port
    trials = (plain, run(evidence, host=f"[::1]:{port}"), run(evidence, version="HTTP/1.0", host=None))
    for told in trials:
        if told.ran and not SERVER_NAME.fullmatch(told.environment.get("SERVER_NAME", "")):
            message = "SERVER_NAME is not a host."
            return wrong(told, "SERVER_NAME", message, expected=HOST)
    return passed()


@check(
    "cgi-env.server-name-by-host-field",
    statement="Where several sites share an address, SERVER_NAME is the name of the site that the Host field chooses.",
    why="A program that serves several sites tells them apart by it.",
    hint="Find the site by the Host field first, then set SERVER_NAME to the name of that site.",
    example=(
        REQUEST.replace("localhost", "second.example"),
        'SERVER_NAME is "second.example"',
        'SERVER_NAME is "localhost", the name of the first site',
    ),
    needs=("cgi", "virtual-hosts"),
    requires=("cgi-env.server-name-set",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def server_name_by_host(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    other = run(evidence, host=evidence.site.virtual_host)
    if not other.ran:
        return absent("the second site does not run the program")
    name = other.environment.get("SERVER_NAME", "")
    if name.lower() != plain.environment.get("SERVER_NAME", "").lower():
        return passed()
    message = "Two sites give their programs the same SERVER_NAME."
    return wrong(
        other, "SERVER_NAME", message, expected=f'"{evidence.site.virtual_host}", or another name of that site alone'
    )


@check(
    "cgi-env.server-port-set",
    also=("cgi-env.server-port-digits",),
    statement="SERVER_PORT is the TCP port that the request came in on, in digits.",
    why="Without it a program cannot name its own address on a server that is not on port 80.",
    hint="Set SERVER_PORT to str(port) of the port that you listen on, also if that is 80.",
    example=(REQUEST, 'SERVER_PORT is "50000"', "SERVER_PORT is not set"),
    dispute="Apache shows the port of the Host field; RFC 3875 §4.1.15 wants the one that the request came in on. "
    "As a port mapping may lie between, another number is left open, not failed.",
    needs=("cgi",),
)
@of_gateways
def server_port(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    port = plain.environment.get("SERVER_PORT", "")
    if not re.fullmatch(r"[0-9]+", port) or not 0 < int(port) < 65536:
        expected = f'"{evidence.site.port}"'
        return wrong(plain, "SERVER_PORT", "SERVER_PORT is not the number of a port.", expected=expected)
    if int(port) != evidence.site.port:
        asked = evidence.site.port
        return unclear(f"SERVER_PORT is {port}, the request went to {asked}: a port mapping cannot be excluded")
    return passed()


@check(
    "cgi-env.server-protocol-set",
    also=("cgi-env.server-protocol-syntax",),
    statement="SERVER_PROTOCOL is the name and version of the protocol of the request, such as HTTP/1.1.",
    why="Programs decide by it which features of HTTP they may use.",
    hint='Set SERVER_PROTOCOL to "HTTP/1.1", or to the version in the request line.',
    example=(REQUEST, 'SERVER_PROTOCOL is "HTTP/1.1"', 'SERVER_PROTOCOL is "HTTP 1.1"'),
    dispute="The version may differ from the client's (RFC 3875 §4.1.16), so a constant HTTP/1.0 is accepted, and "
    "so is any protocol in any case.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def server_protocol(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    for told in (plain, run(evidence, version="HTTP/1.0", host=None)):
        if told.ran and not PROTOCOL.fullmatch(told.environment.get("SERVER_PROTOCOL", "")):
            message = "SERVER_PROTOCOL is not the name and version of a protocol."
            return wrong(told, "SERVER_PROTOCOL", message, expected=PROTOCOLS)
    return passed()


@check(
    "cgi-env.server-software-set",
    also=("cgi-env.server-software-syntax",),
    statement="SERVER_SOFTWARE is the name of the server's software, in the form of the Server field.",
    why="Programs use it to work around the habits of a server.",
    hint='Set SERVER_SOFTWARE to a name such as "MyServer/0.7": no blanks, colons or commas in it.',
    example=(REQUEST, 'SERVER_SOFTWARE is "MyServer/0.7"', "SERVER_SOFTWARE is not set"),
    dispute="The grammar of RFC 3875 §4.1.17 shows no blank between the parts, yet all servers write one, as in the "
    "Server field (RFC 9110 §10.2.4). Both are accepted.",
    needs=("cgi",),
)
@of_gateways
def server_software(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    if SOFTWARE.fullmatch(plain.environment.get("SERVER_SOFTWARE", "").strip()):
        return passed()
    message = "SERVER_SOFTWARE does not name the server's software."
    return wrong(plain, "SERVER_SOFTWARE", message, expected="product/version, and perhaps (comments)")


@check(
    "cgi-env.server-software-equals-server",
    statement="SERVER_SOFTWARE is what the Server field tells the client.",
    why="One server is one product; two names for it send whoever looks for a fault the wrong way.",
    hint="Keep the name in one constant, and use it for the Server field and for SERVER_SOFTWARE.",
    example=(REQUEST, 'Server: MyServer/0.7\r\n… SERVER_SOFTWARE is "MyServer/0.7"', 'Server: B/2\r\n… "A/1"'),
    needs=("cgi",),
    requires=(
        "cgi-env.server-software-set",
        "field.rws-single-space",
        "server-info.server-grammar",
        "server-info.comment-balanced",
    ),
)
@of_gateways
def software_equals_server(evidence: Evidence) -> Judgement:
    plain = run(evidence)
    named = plain.exchange.response.value("server") if plain.exchange.response else None
    if named is None:
        return absent("the reply has no Server field")
    if plain.environment.get("SERVER_SOFTWARE", "").strip() == named:
        return passed()
    message = "SERVER_SOFTWARE and the Server field name different software."
    return wrong(plain, "SERVER_SOFTWARE", message, expected=f'"{named}", as in the Server field')
