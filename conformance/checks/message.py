"""Messages (RFC 9112 §2, RFC 2616 §4.1): that an answer comes, what it is made of, and how its lines end."""

from __future__ import annotations

from conformance.check import check
from conformance.evidence import Evidence
from conformance.exchange import Ending, Exchange
from conformance.predicates import answered, broken, each, found, passed, unclear
from conformance.response import DefectKind, Response
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
NOTHING = "no answer had a head"


@check(
    "message.response-given",
    statement="A valid GET for a resource that is served draws a response.",
    why="A server that closes or stays silent has not answered; a browser shows an error page of its own.",
    hint="After accept(), read until the blank line, send the whole reply with sendall(), then close. Look for an "
    "exception in the server's output.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "(the connection closes)"),
)
def response_given(evidence: Evidence) -> Judgement:
    tried = evidence.baseline
    fatal = [x for x in evidence.exchanges.values() if x.killed and x.probe.risk <= Risk.UNUSUAL]
    if fatal:
        return broken(
            fatal[0], "The server stopped answering after a valid request.", expected="an answer to it and to the next"
        )
    if any(answered(exchange) and exchange.ending is not Ending.FLOOD for exchange in tried):
        return passed()
    return broken(
        tried[0],
        "None of three plain GET requests was answered.",
        expected="a status line, fields, an empty line and perhaps a body (RFC 9112 §2.1)",
    )


@check(
    "message.response-structure",
    also=("message.grammar-conformance",),
    statement="A response is a status line, field lines, an empty line and then the body.",
    why="Without a status line there is no HTTP: a client cannot tell what it has got.",
    hint='Begin the reply with a status line such as "HTTP/1.1 200 OK\\r\\n"; then come fields, "\\r\\n" and the page.',
    example=(REQUEST, "HTTP/1.1 200 OK\r\n\r\n<html>…", "<html>…"),
)
def response_structure(evidence: Evidence) -> Judgement:
    for exchange in (*evidence.ordinary, *evidence.refusals):
        for response in exchange.responses:
            defect = response.defect(DefectKind.NO_STATUS_LINE)
            if defect is not None:
                return broken(
                    exchange,
                    "The reply has no status line.",
                    expected="a reply that begins with HTTP/1.1 and a status code",
                    observed="other octets from the start",
                    span=defect.span,
                )
    return passed() if evidence.answers else unclear("no answer came")


@check(
    "message.empty-line-ends-header-section",
    statement="An empty line, CRLF alone, ends the header section, even if there are no fields or no body.",
    why="Without it the client reads the page as field lines and shows nothing, or waits for ever.",
    hint='After the last field line send "\\r\\n" once more, before the page.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n<html>…",
        "HTTP/1.1 200 OK\r\nServer: mine\r\n<html>…",
    ),
)
def empty_line(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        defect = response.defect(DefectKind.NO_EMPTY_LINE, DefectKind.BLANKS_IN_EMPTY_LINE)
        if defect is None:
            return None
        blanks = defect.kind is DefectKind.BLANKS_IN_EMPTY_LINE
        return found(
            exchange,
            "The line that ends the fields is not empty." if blanks else "No empty line ends the fields.",
            expected="\\r\\n\\r\\n between the fields and the body",
            observed="a line with blanks" if blanks else "the body, or the end, right after the fields",
            span=defect.span,
        )

    return each(evidence.answers, test, NOTHING)


@check(
    "message.role-elements-only",
    statement="An origin server does not ask for the password of a proxy.",
    why="Proxy-Authenticate is what proxies send; a client would give the proxy's password to the wrong party.",
    hint="An origin server that wants a password sends WWW-Authenticate with status 401.",
    example=(
        REQUEST,
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
        'HTTP/1.1 401 Unauthorized\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
    ),
    requires=("status.407-only-from-proxy",),
)
def role_elements(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        field = response.field("proxy-authenticate")
        if field is None:
            return None
        return found(
            exchange,
            "The reply has a field that only proxies send.",
            expected="WWW-Authenticate, if a password is wanted",
            observed=f"{field.name}: {field.value}",
            span=field.span,
        )

    return each(evidence.answers, test, NOTHING)
