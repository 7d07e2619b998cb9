"""Fields about the connection itself are named in Connection (RFC 9110 §7.6.1, RFC 2616 §13.5.1).

Transfer-Encoding is about the message and needs no naming; Upgrade has a rule among those on upgrades.
"""

from __future__ import annotations

from conformance.check import check
from conformance.connections import document, is_http10
from conformance.evidence import Answer, Evidence
from conformance.predicates import absent, found, passed
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\nConnection: keep-alive\r\n\r\n"
NAMED = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n…"
UNNAMED = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\n…"


def _answers(evidence: Evidence) -> list[Answer]:
    """Replies of HTTP/1.1, also to clients that ask for a connection that lasts: servers tell them how long."""
    target = document(evidence)
    asked = [
        evidence.get(target, [("Connection", "keep-alive")]),
        evidence.get(target, [("Connection", "keep-alive")], version="HTTP/1.0"),
    ]
    answers = [*evidence.answers, *((x, x.response) for x in asked if x.response is not None)]
    return [(x, response) for x, response in answers if not is_http10(response)]


def _judged(evidence: Evidence, name: str, expected: str) -> Finding | Judgement:
    """The first field of this name that Connection does not list, or that there is none such, or none at all."""
    carried = [(x, response) for x, response in _answers(evidence) if response.field(name)]
    for exchange, response in carried:
        field, connection = response.field(name), response.value("connection")
        if name.lower() not in response.tokens("connection"):
            return found(
                exchange,
                f"{name} is about the connection, and Connection does not name it.",
                expected=expected,
                observed="no Connection field" if connection is None else f"Connection: {connection}",
                span=field.span if field else None,
            )
    return passed() if carried else absent(f"no reply has a {name} field")


@check(
    "connection.lists-own-control-fields",
    statement="A reply with a Keep-Alive field names it in Connection.",
    why="A proxy in between hands on every field that Connection does not name, and the client takes the server's "
    "promise for the proxy's.",
    hint='Send "Connection: keep-alive" together with Keep-Alive, or leave Keep-Alive out.',
    example=(REQUEST, NAMED, UNNAMED),
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 9110 §7.6.1 wants every field of the connection named. RFC 2616 §13.5.1 lists Keep-Alive among "
    "those that are known for it, so that by RFC 2616 it may go unnamed.",
)
def keep_alive_listed(evidence: Evidence) -> Judgement:
    result = _judged(evidence, "Keep-Alive", "Connection: keep-alive")
    return Judgement(Verdict.FAIL, finding=result) if isinstance(result, Finding) else result


@check(
    "connection.hop-by-hop-fields-listed",
    statement="A field of the connection that HTTP does not know itself, such as Proxy-Connection, is named in "
    "Connection.",
    why="Nobody on the way can tell otherwise that it is not meant for the client at the far end.",
    hint="Leave Proxy-Connection out: no server needs it.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n…", "HTTP/1.1 200 OK\r\nProxy-Connection: keep-alive\r\n…"),
    risk=Risk.UNUSUAL,
)
def others_listed(evidence: Evidence) -> Judgement:
    result = _judged(evidence, "Proxy-Connection", "its name in Connection (RFC 9110 §7.6.1), or no such field")
    return Judgement(Verdict.WARNING, finding=result) if isinstance(result, Finding) else result
